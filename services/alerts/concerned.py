"""Which indications a finding is about, what they rest on, and whose team it is.

One rule: only care forms that count are looked at (domain.md §3).
"""

from collections.abc import Iterable
from datetime import date

from services.alerts.finding import UNKNOWN_TEAM, Finding, Level, Rule, Terms
from services.alerts.norms import Opened
from youthcare.period import Period
from youthcare.youthfacts import IndicationFacts, YouthFacts, team_on


def counting(facts: YouthFacts) -> tuple[IndicationFacts, ...]:
    """The indications of care forms that count as care, by id."""
    return tuple(row for row in facts.indications if row.counts_as_care)


def run_on(periods: Iterable[Period], day: date) -> Period | None:
    """The run of days that holds a day."""
    return next((period for period in periods if period.covers(day)), None)


def evidence_of(rows: Iterable[IndicationFacts]) -> tuple[str, ...]:
    """The statements that indications rest on, sorted, each once."""
    return tuple(sorted({statement for row in rows for statement in row.evidence}))


def team_of(facts: YouthFacts, day: date) -> str:
    """The team on a day; `unknown` when nobody said."""
    return team_on(facts, day) or UNKNOWN_TEAM


def finding_of(
    facts: YouthFacts,
    rule: Rule,
    level: Level,
    opened: Opened,
    *,
    anchor: str,
    evidence: tuple[str, ...],
    terms: Terms,
    closes_on: date | None,
) -> Finding:
    """The finding that opens on a day under a norm, with the team of that day."""
    return Finding(
        rule=rule,
        level=level,
        anchor=anchor,
        opens_on=opened.day,
        closes_on=closes_on,
        team=team_of(facts, opened.day),
        evidence=evidence,
        terms=terms,
        norm=opened.norm,
    )
