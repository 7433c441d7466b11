"""`waiting-long`: granted, and not started after the norm of its care form (domain.md §3.1 and §7).

Source: the waiting time is a figure of this product; the municipality's report names no observation on it.

One rule: the newest grant decides from when and until when an indication may wait.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from services.alerts.concerned import counting, evidence_of, finding_of
from services.alerts.finding import Finding, Level, Rule, Terms
from services.alerts.norms import Norms, Opened, in_force, opened
from services.alerts.provisions import days_after
from services.alerts.rules.spec import Spec
from services.alerts.sentences import care_nl, day_nl, days_nl, valid_nl
from youthcare.period import FAR, Period
from youthcare.youthfacts import Grant, IndicationFacts, YouthFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingTerms(Terms):
    """An indication granted from a day on, and how many days later it has not started."""

    care_form: str
    provider: str | None = None
    granted_from: date
    waiting_days: int
    norm_days: int


def waiting_long(facts: YouthFacts, norms: Norms) -> Iterator[Finding]:
    """One finding per indication, by id."""
    for row in counting(facts):
        waiting = _waiting(facts, norms, row) if row.grants else None
        if waiting is not None:
            yield _finding(facts, row, row.grants[-1], waiting)


def _waiting(facts: YouthFacts, norms: Norms, row: IndicationFacts) -> Opened | None:
    stretches = in_force(facts, norms, Rule.WAITING_LONG, Level.SIGNAL, row.care_form)
    return opened(stretches, lambda norm: _waiting_after(row, norm.number))


def _waiting_after(row: IndicationFacts, count: int) -> list[Period]:
    """The days from so many days after the granted first day on which an indication still waits."""
    grant = row.grants[-1]
    first_day = days_after(grant.first_day, count)
    end = min(row.first_start or FAR, FAR if grant.last_day is None else days_after(grant.last_day, 1))
    return [Period(first_day, end)] if first_day < end else []


def _finding(facts: YouthFacts, row: IndicationFacts, grant: Grant, waiting: Opened) -> Finding:
    return finding_of(
        facts,
        Rule.WAITING_LONG,
        Level.SIGNAL,
        waiting,
        anchor=row.indication,
        evidence=evidence_of([row]),
        terms=WaitingTerms(
            care_form=row.care_form,
            provider=row.provider,
            granted_from=grant.first_day,
            waiting_days=(waiting.day - grant.first_day).days,
            norm_days=waiting.norm.number,
        ),
        closes_on=waiting.days.last_day,
    )


def sentence(finding: Finding) -> str:
    """What has not started, and how long after the granted first day."""
    terms = finding.terms
    assert isinstance(terms, WaitingTerms)
    return (
        f"Op {day_nl(finding.opens_on)} is {care_nl(terms.care_form, terms.provider)} nog niet begonnen, "
        f"{days_nl(terms.waiting_days)} na de toegewezen eerste dag ({day_nl(terms.granted_from)}); de norm is "
        f"{days_nl(terms.norm_days)} {valid_nl(finding.norm)}."
    )


SPEC = Spec(
    rule=Rule.WAITING_LONG,
    find=waiting_long,
    sentence=sentence,
    label_nl="Lang wachtend",
    ends_nl="Vervalt als de zorg begint of de toewijzing is afgelopen.",
    source="Geen waarneming uit het rapport: deze regel hoort bij het cijfer over de wachttijd.",
    to_team=True,
)
