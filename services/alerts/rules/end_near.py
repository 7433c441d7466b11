"""`end-near`: six weeks before the granted last day no follow-up is known (domain.md §7).

Source: renewals get no second pair of eyes, and growth comes from lagging outflow: what comes next is decided in time
or not at all (domain.md, source of the questions).

Two rules. The newest grant says what the last day is. A follow-up is known from the earlier of its first grant and
its first running day (`provisions.py`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from services.alerts.concerned import counting, evidence_of, finding_of, run_on
from services.alerts.finding import Finding, Level, Rule, Terms
from services.alerts.norms import Norms, Opened, in_force, opened
from services.alerts.provisions import days_after, follow_up_known_on
from services.alerts.rules.spec import Spec
from services.alerts.sentences import care_nl, day_nl, days_nl, valid_nl
from youthcare.period import FAR, Period
from youthcare.youthfacts import IndicationFacts, YouthFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class EndNearTerms(Terms):
    """An indication that is granted until a day."""

    care_form: str
    provider: str | None = None
    last_day: date
    norm_days: int


def end_near(facts: YouthFacts, norms: Norms) -> Iterator[Finding]:
    """One finding per indication, by id."""
    for row in counting(facts):
        last_day = row.grants[-1].last_day if row.grants else None
        if last_day is not None and row.running:
            yield from _of(facts, norms, row, last_day)


def _of(facts: YouthFacts, norms: Norms, row: IndicationFacts, last_day: date) -> Iterator[Finding]:
    known = follow_up_known_on(facts, row, last_day)
    stretches = in_force(facts, norms, Rule.END_NEAR, Level.SIGNAL, row.care_form)
    near = opened(stretches, lambda norm: _without_follow_up(row, last_day, known, norm.number))
    if near is not None:
        yield _finding(facts, row, last_day, near)


def _without_follow_up(row: IndicationFacts, last_day: date, known: date | None, count: int) -> list[Period]:
    """The days near the end on which nothing is known to follow; the day on which that becomes known is the last."""
    first_day = max(last_day - timedelta(days=count), row.running[0].start)
    if run_on(row.running, first_day) is None or (known is not None and known <= first_day):
        return []
    end = min(days_after(last_day, 1), row.running[-1].end, FAR if known is None else days_after(known, 1))
    return [Period(first_day, end)] if first_day < end else []


def _finding(facts: YouthFacts, row: IndicationFacts, last_day: date, near: Opened) -> Finding:
    return finding_of(
        facts,
        Rule.END_NEAR,
        Level.SIGNAL,
        near,
        anchor=row.indication,
        evidence=evidence_of([row]),
        terms=EndNearTerms(
            care_form=row.care_form, provider=row.provider, last_day=last_day, norm_days=near.norm.number
        ),
        closes_on=near.days.last_day,
    )


def sentence(finding: Finding) -> str:
    """What is granted until when, and how long before that a follow-up should be known."""
    terms = finding.terms
    assert isinstance(terms, EndNearTerms)
    return (
        f"De toewijzing van {care_nl(terms.care_form, terms.provider)} loopt tot en met {day_nl(terms.last_day)} en op "
        f"{day_nl(finding.opens_on)} is geen vervolg bekend; de norm is {days_nl(terms.norm_days)} van tevoren "
        f"{valid_nl(finding.norm)}."
    )


SPEC = Spec(
    rule=Rule.END_NEAR,
    find=end_near,
    sentence=sentence,
    label_nl="Toewijzing loopt af",
    ends_nl="Vervalt als een vervolg is toegewezen of begonnen, of als de toewijzing is afgelopen.",
    source="De groei komt mede door achterblijvende uitstroom, en verlengingen krijgen geen tweede paar ogen.",
    to_team=True,
)
