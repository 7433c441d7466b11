"""Placements: runs of days under one team, and which team a figure belongs to (domain.md §6).

The team of a period figure is the team on the last care day in the period, up to the day asked. A youth without
a known team is in the group `unknown`.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from youthcare.period import ONE_DAY, Period, joined
from youthcare.youthfacts import YouthFacts, team_on

UNKNOWN_TEAM = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Days on end under one team."""

    days: Period
    team: str


def care_days(facts: YouthFacts) -> tuple[Period, ...]:
    """The runs of care days: those of care forms that count."""
    return joined(period for row in facts.indications if row.counts_as_care for period in row.care)


def placements(facts: YouthFacts, periods: Iterable[Period]) -> tuple[Placement, ...]:
    """The days of disjoint periods, cut where the team changes; sorted."""
    cuts = sorted(_days_of_change(facts))
    return tuple(placement for period in periods for placement in _placed(facts, period, cuts))


def _placed(facts: YouthFacts, period: Period, cuts: Sequence[date]) -> Iterator[Placement]:
    start, team = period.start, team_of(facts, period.start)
    for cut in (cut for cut in cuts if period.start < cut < period.end):
        other = team_of(facts, cut)
        if other != team:
            yield Placement(days=Period(start, cut), team=team)
            start, team = cut, other
    yield Placement(days=Period(start, period.end), team=team)


def _days_of_change(facts: YouthFacts) -> Iterator[date]:
    """Every day on which the team may differ from the day before."""
    yield from (row.valid_from for row in facts.registrations)
    for row in facts.indications:
        if row.team is not None:
            yield from (day for period in (*row.care, *row.running) for day in (period.start, period.end))


def team_of(facts: YouthFacts, day: date) -> str:
    """The team on a day as a group of figures."""
    return team_on(facts, day) or UNKNOWN_TEAM


def last_team(care: Sequence[Placement], first_day: date, on: date) -> str | None:
    """The team on the last care day from a first day up to a day; None without a care day."""
    index = bisect_right(care, on, key=lambda placement: placement.days.start) - 1
    if index < 0 or min(care[index].days.end - ONE_DAY, on) < first_day:
        return None
    return care[index].team


def first_care_day(care: Sequence[Placement], first_day: date, on: date) -> date | None:
    """The first care day from a first day up to a day; None without one."""
    days = (max(placement.days.start, first_day) for placement in care if placement.days.end > first_day)
    return next((day for day in days if day <= on), None)
