"""`shopping`: a request is refused, and the same care form is granted through another referrer soon after.

Source: care is stacked through different referrers unseen (domain.md, source of the questions).

Two rules. Each refused request is looked at by itself, with what it asked new or changed. A referrer that nobody
stated is not another one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from services.alerts.concerned import counting, evidence_of, finding_of
from services.alerts.finding import Finding, Level, Rule, Terms
from services.alerts.norms import Norms, Opened, in_force, opened
from services.alerts.provisions import days_after
from services.alerts.rules.spec import Spec
from services.alerts.sentences import care_nl, day_nl, months_nl, referrer_nl, valid_nl
from youthcare.codes import RequestAnswer
from youthcare.period import FAR, Period, add_months, civil_day
from youthcare.youthfacts import IndicationFacts, RequestFacts, YouthFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class ShoppingTerms(Terms):
    """What was granted through whom, and which request for it was refused when, and who referred then."""

    care_form: str
    provider: str | None = None
    referrer: str
    refused_provider: str
    refused_referrer: str
    refused_on: date
    norm_months: int


def shopping(facts: YouthFacts, norms: Norms) -> Iterator[Finding]:
    """One finding per indication and refused request, by the day of refusal."""
    for refused_on, request in sorted(_refused(facts), key=lambda each: (each[0], each[1].request)):
        for row in counting(facts):
            granted = _granted(facts, norms, row, refused_on) if _is_elsewhere(row, request) else None
            if granted is not None:
                yield _finding(facts, row, request, refused_on, granted)


def _refused(facts: YouthFacts) -> Iterator[tuple[date, RequestFacts]]:
    for request in facts.requests:
        if request.answer == RequestAnswer.REJECTED and request.answered is not None:
            yield civil_day(request.answered), request


def _is_elsewhere(row: IndicationFacts, request: RequestFacts) -> bool:
    """Whether an indication gives what a request asked, through another referrer and not on that request."""
    differs = None not in (row.referrer, request.referrer) and row.referrer != request.referrer
    granted = bool(row.grants) and row.grants[0].request != request.request
    return differs and granted and row.care_form in request.care_forms


def _granted(facts: YouthFacts, norms: Norms, row: IndicationFacts, refused_on: date) -> Opened | None:
    stretches = in_force(facts, norms, Rule.SHOPPING, Level.SIGNAL, row.care_form)
    return opened(stretches, lambda norm: _after(row, refused_on, norm.number))


def _after(row: IndicationFacts, refused_on: date, months: int) -> list[Period]:
    """The days from the first grant on, when it was made soon after the refusal."""
    granted_on, granted_until = row.grants[0].granted_at.date(), row.grants[-1].last_day
    end = FAR if granted_until is None else days_after(granted_until, 1)
    if row.running:
        end = row.running[-1].end
    is_soon = refused_on < granted_on <= add_months(refused_on, months)
    return [Period(granted_on, end)] if is_soon and granted_on < end else []


def _finding(
    facts: YouthFacts, row: IndicationFacts, request: RequestFacts, refused_on: date, granted: Opened
) -> Finding:
    assert row.referrer is not None, "both referrers are known"
    assert request.referrer is not None, "both referrers are known"
    return finding_of(
        facts,
        Rule.SHOPPING,
        Level.SIGNAL,
        granted,
        anchor=row.indication,
        evidence=tuple(sorted({*request.evidence, *evidence_of([row])})),
        terms=ShoppingTerms(
            care_form=row.care_form,
            provider=row.provider,
            referrer=row.referrer,
            refused_provider=request.provider,
            refused_referrer=request.referrer,
            refused_on=refused_on,
            norm_months=granted.norm.number,
        ),
        closes_on=granted.days.last_day,
    )


def sentence(finding: Finding) -> str:
    """What was granted through whom, and which request was refused before."""
    terms = finding.terms
    assert isinstance(terms, ShoppingTerms)
    return (
        f"Op {day_nl(finding.opens_on)} is {care_nl(terms.care_form, terms.provider)} toegewezen, verwezen door "
        f"{referrer_nl(terms.referrer)}, nadat op {day_nl(terms.refused_on)} een verzoek van aanbieder "
        f"{terms.refused_provider} om dezelfde zorgvorm, verwezen door {referrer_nl(terms.refused_referrer)}, was "
        f"afgewezen; de termijn is {months_nl(terms.norm_months)} {valid_nl(finding.norm)}."
    )


SPEC = Spec(
    rule=Rule.SHOPPING,
    find=shopping,
    sentence=sentence,
    label_nl="Toegewezen na afwijzing",
    ends_nl="Vervalt als deze zorg eindigt.",
    source="Zorg wordt ongezien gestapeld via verschillende verwijzers.",
    to_team=True,
)
