"""Starts and ends of the last months as they were reported, with what they will become: beside each other, never added.

What is withheld is decided here. The report also tells how many starts and ends of a month there are together, as that
is what timeliness divides by (decision 0016). So a month shows both counts or neither: neither when one is small, when
one would follow from the other, or when its timeliness is withheld. A quarter shows its counts when its months do.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import dropwhile

from services.indicators.completeness import HISTORY_DAYS, History, estimate, history_of
from services.indicators.definitions import Per
from services.indicators.delays import TIMELINESS, Event
from services.indicators.report.model import MUNICIPALITY, Band, RecentCount, ReportCell
from services.indicators.report.periods import days_of, list_until
from services.indicators.smallness import is_small_number
from youthcare.period import ONE_DAY, Period

RECENT_MONTHS = 6
"""How many months are told: those of the quarter and of the one before it."""

Counted = Mapping[tuple[date, int], int]
"""How many events by the day they were on and the days after which they were reported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """The days of a period as far as they count, and how many events of each kind were reported of them."""

    period: str
    days: Period
    counts: Mapping[Event, int]


def first_day_read(quarter: str, known_on: date) -> date:
    """The first day of which the reports are needed."""
    return min(days_of(_months(quarter)[0]).start, known_on - timedelta(days=HISTORY_DAYS))


def recent_counts(
    counted: Mapping[Event, Counted], cells: Iterable[ReportCell], quarter: str, as_of: date, known_on: date
) -> tuple[RecentCount, ...]:
    """The starts and ends of the last months, oldest first, and then of the quarter, as known on a day.

    `cells` are those of the report, already suppressed. Months before the first that has any are left out.
    """
    end = min(as_of, known_on) + ONE_DAY
    months = tuple(dropwhile(lambda row: not any(row.counts.values()), _asked(counted, _months(quarter), end)))
    hidden = _withheld(months, cells, quarter)
    histories = {event: history_of(rows) for event, rows in counted.items()}
    return tuple(
        _recent_count(row, event, histories[event], known_on, is_withheld=row.period in hidden)
        for row in (*months, *(_asked(counted, [quarter], end) if months else ()))
        for event in Event
    )


def _months(quarter: str) -> tuple[str, ...]:
    return list_until(quarter, Per.MONTH, RECENT_MONTHS)


def _asked(counted: Mapping[Event, Counted], periods: Iterable[str], end: date) -> Iterator[_Asked]:
    """The periods that have begun before a day."""
    for period in periods:
        days = days_of(period).clipped(date.min, end)
        if days is not None:
            counts = {event: _count(counted.get(event, {}), days) for event in Event}
            yield _Asked(period=period, days=days, counts=counts)


def _count(counted: Counted, days: Period) -> int:
    return sum(number for (day, _), number in counted.items() if days.covers(day))


def _withheld(months: Sequence[_Asked], cells: Iterable[ReportCell], quarter: str) -> set[str]:
    """The months that are not shown, and with any of its own the quarter, which would tell their sum."""
    told = {row.period: row for row in cells if (row.indicator, row.group_kind) == (TIMELINESS, MUNICIPALITY)}
    hidden = {row.period for row in months if _is_withheld(row, told.get(row.period))}
    days = days_of(quarter)
    return hidden | {quarter for row in months if row.period in hidden and days.covers(row.days.start)}


def _is_withheld(month: _Asked, timeliness: ReportCell | None) -> bool:
    if timeliness is not None and timeliness.denominator is None:
        return True
    together = 0 if timeliness is None else timeliness.denominator or 0
    numbers = (*month.counts.values(), sum(month.counts.values()) - together)
    return any(is_small_number(number) for number in numbers)


def _recent_count(row: _Asked, event: Event, history: History, known_on: date, *, is_withheld: bool) -> RecentCount:
    count = row.counts[event]
    return RecentCount(
        event=event,
        period=row.period,
        last_day=row.days.end - ONE_DAY,
        count=None if is_withheld else count,
        band=None if is_withheld else _band(history, row.days, known_on, count),
        is_withheld=is_withheld,
    )


def _band(history: History, days: Period, known_on: date, count: int) -> Band | None:
    """The estimate; None when too little is known, also of the days themselves."""
    found = estimate(history, days, known_on)
    return None if found is None or found.lower < count else Band(low=found.lower, high=found.upper)
