"""Waiting: from the granted first day of an indication to its first start (domain.md §6, `waiting_days_median`).

Three counted distributions name the granted first day as their period: `waiting.granted` from that day on,
`waiting.started` from the day of the first start (never before the granted first day), and `waiting.lapsed` from the
day after the granted last day when there was no start by then. So on any day it is known how many of those granted on
a day have started, when, and how many still wait. The median is read from them by Kaplan and Meier's estimate, in
whole fractions.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from services.indicators.definitions import UNDER_ANY
from services.indicators.placements import Scope, granted_groups
from services.indicators.steps import SharedSteps, once, state_of
from youthcare.period import FAR, ONE_DAY
from youthcare.youthfacts import IndicationFacts

GRANTED, STARTED, LAPSED = "waiting.granted", "waiting.started", "waiting.lapsed"

Dated = Mapping[tuple[int, int], int]
"""How many, by the day that their steps name and the day of the step; days are numbers (`date.toordinal`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """How long indications waited, in days: until a start, or until nobody looked any more (censored)."""

    started: Mapping[int, int]
    censored: Mapping[int, int]
    still_waiting: int

    @property
    def count(self) -> int:
        """How many indications were granted."""
        return sum(self.started.values()) + sum(self.censored.values())


def waiting_steps(scope: Scope) -> Iterator[SharedSteps]:
    """The steps of every grant of the scope; a deleted indication is not among its rows."""
    for row in scope.rows:
        if row.grants:
            yield from _steps(scope, row)


def _steps(scope: Scope, row: IndicationFacts) -> Iterator[SharedSteps]:
    grant = row.grants[-1]
    first_day, name = grant.first_day, grant.first_day.isoformat()
    groups = granted_groups(scope, row, first_day)
    yield once(UNDER_ANY, state_of(GRANTED, name, groups, (1, 0, 0)), first_day)
    lapsed = FAR if grant.last_day is None else max(grant.last_day, first_day) + ONE_DAY
    # A start after the granted last day ends no wait: nobody was waiting under this grant any more.
    if row.first_start is not None and row.first_start <= (grant.last_day or FAR):
        yield once(UNDER_ANY, state_of(STARTED, name, groups, (1, 0, 0)), max(row.first_start, first_day))
    elif lapsed < FAR:
        yield once(UNDER_ANY, state_of(LAPSED, name, groups, (1, 0, 0)), lapsed)


def waits(granted: Dated, started: Dated, lapsed: Dated, on: date) -> Waits:
    """The waits of the indications granted on some days, as seen on a day; given are the steps up to that day."""
    begun: Counter[int] = Counter()
    censored: Counter[int] = Counter()
    for (first_day, day), count in started.items():
        begun[day - first_day] += count
    for (first_day, day), count in lapsed.items():
        censored[day - 1 - first_day] += count
    left: Counter[int] = Counter()
    for rows, sign in ((granted, 1), (started, -1), (lapsed, -1)):
        for (first_day, _), count in rows.items():
            left[on.toordinal() - first_day] += sign * count
    return waits_of(begun, censored, left)


def waits_of(begun: Mapping[int, int], lapsed: Mapping[int, int], left: Mapping[int, int]) -> Waits:
    """The waits of indications that began, lapsed and still wait, each by how many days they waited."""
    censored = Counter(lapsed)
    censored.update(left)
    kept = {days: count for days, count in censored.items() if count}
    return Waits(started=dict(begun), censored=kept, still_waiting=sum(left.values()))


def median_days(found: Waits) -> int | None:
    """The least number of days after which the estimate says that at most half still wait; None when it says none.

    Kaplan and Meier: at each number of days the share that goes on is multiplied by those who did not start among
    those who were still waiting; who was censored on that number of days was waiting on it.
    """
    left = found.count
    # A fraction of two whole numbers that is never reduced: what is asked of it is one comparison, and the greatest
    # common divisor of long numbers would cost more than all the rest.
    share, whole = 1, 1
    for days in sorted({*found.started, *found.censored}):
        starts = found.started.get(days, 0)
        if starts:
            share, whole = share * (left - starts), whole * left
            if 2 * share <= whole:
                return days
        left -= starts + found.censored.get(days, 0)
    return None
