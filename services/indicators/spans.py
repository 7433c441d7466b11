"""Calendar periods of figures: `2024-03-30` is a day, `2024-03` a month, `2024Q3` a quarter, `2024` a year."""

import re
from collections.abc import Iterable, Iterator
from datetime import date

from services.indicators.definitions import Per
from youthcare.period import FAR, ONE_DAY, Period, month_of, quarter_of

_NAMES = {
    Per.DAY: re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})"),
    Per.MONTH: re.compile(r"([0-9]{4})-([0-9]{2})"),
    Per.QUARTER: re.compile(r"([0-9]{4})Q([1-4])"),
    Per.YEAR: re.compile(r"([0-9]{4})"),
}
_MONTHS = {Per.MONTH: 1, Per.QUARTER: 3, Per.YEAR: 12}


def first_day_of(per: Per, day: date) -> date:
    """The first day of the calendar period that holds a day."""
    if per is Per.DAY:
        return day
    months = _MONTHS[per]
    return date(day.year, (day.month - 1) // months * months + 1, 1)


def next_first_day(per: Per, day: date) -> date:
    """The first day of the calendar period after the one that holds a day; `FAR` when there is none."""
    if per is Per.DAY:
        return min(day, FAR - ONE_DAY) + ONE_DAY
    months = _MONTHS[per]
    # The number of the month that follows, counted from the year 0; asked for every step of every youth.
    index = (day.year * 12 + day.month - 1) // months * months + months
    return date(index // 12, index % 12 + 1, 1) if index // 12 <= FAR.year else FAR


def turns(days: Iterable[Period], per: Per) -> Iterator[date]:
    """The days on which having a day in the calendar period may change: first days, and the turn after a last."""
    for period in days:
        yield period.start
        if period.last_day is not None:
            yield next_first_day(per, period.last_day)


def name_of(per: Per, day: date) -> str:
    """The name of the calendar period that holds a day."""
    return {Per.DAY: date.isoformat, Per.MONTH: month_of, Per.QUARTER: quarter_of, Per.YEAR: _year_of}[per](day)


def _year_of(day: date) -> str:
    return f"{day.year:04d}"


def previous_first_day(per: Per, day: date) -> date:
    """The first day of the calendar period before the one that holds a day."""
    return first_day_of(per, first_day_of(per, day) - ONE_DAY)


def per_of(name: str) -> Per | None:
    """The kind of calendar period that a name is of; None when it is none."""
    return next((per for per in Per if find_days_of(per, name) is not None), None)


def find_days_of(per: Per, name: str) -> Period | None:
    """The days of a named calendar period; None when there is no such period."""
    match = _NAMES[per].fullmatch(name)
    if match is None:
        return None
    year = int(match[1])
    number = 1 if per is Per.YEAR else int(match[2])
    day = int(match[3]) if per is Per.DAY else 1
    try:
        first = date(year, (number - 1) * _MONTHS.get(per, 1) + 1, day)
    except ValueError:
        return None
    end = next_first_day(per, first)
    return Period(first, end) if end < FAR else None


def list_names(per: Per, first: date, last: date) -> Iterator[str]:
    """The calendar periods from the one that holds the first day to the one that holds the last."""
    day = first_day_of(per, first)
    while day <= last:
        yield name_of(per, day)
        day = next_first_day(per, day)


def is_month_end(day: date) -> bool:
    """Whether a day is the last of its month."""
    return (day + ONE_DAY).day == 1


def last_month_end(on: date) -> date:
    """The latest last day of a month that is not after a day."""
    return on if is_month_end(on) else on.replace(day=1) - ONE_DAY
