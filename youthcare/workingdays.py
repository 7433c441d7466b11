"""Working days in the Netherlands: Monday to Friday but the days of the Algemene termijnenwet (domain.md §6).

Article 3 of that law names New Year's Day, Easter Monday, Whit Monday, both Christmas days, Ascension Day, the day on
which the King's birthday is celebrated and 5 May (every year, not only in lustrum years); Good Friday is put on a
level with them. Days that are decreed to be so too are dated decisions of the government and are given by the caller.
"""

from collections.abc import Set
from datetime import date, timedelta
from functools import cache

from youthcare.period import FAR, ONE_DAY

NONE_DECREED: frozenset[date] = frozenset()
_SATURDAY, _SUNDAY = 5, 6


def is_working_day(day: date, decreed: Set[date] = NONE_DECREED) -> bool:
    """Whether a day is a working day ("werkdag"); `decreed` are further days put on a level with a holiday."""
    return day.weekday() < _SATURDAY and day not in holidays_of(day.year) and day not in decreed


def add_working_days(day: date, number: int, decreed: Set[date] = NONE_DECREED) -> date:
    """The number-th working day after a day, which itself does not count; never past `FAR`."""
    assert number >= 1, "at least one working day on"
    for _ in range(number):
        day = _next_working_day(day, decreed)
    return day


def count_working_days(after: date, until: date, decreed: Set[date] = NONE_DECREED) -> int:
    """How many working days lie after a day up to and including another; 0 when the other is not later."""
    days = (after + timedelta(days=number) for number in range(1, (until - after).days + 1))
    return sum(is_working_day(day, decreed) for day in days)


def _next_working_day(day: date, decreed: Set[date]) -> date:
    while day < FAR:
        day += ONE_DAY
        if is_working_day(day, decreed):
            return day
    return FAR


@cache
def holidays_of(year: int) -> frozenset[date]:
    """The holidays of a year ("algemeen erkende feestdagen" and Good Friday)."""
    easter = _easter(year)
    movable = {easter + timedelta(days=days) for days in (-2, 1, 39, 50)}  # Good Friday, Easter Monday, Ascension, Whit
    fixed = {date(year, month, day) for month, day in ((1, 1), (5, 5), (12, 25), (12, 26))}
    return frozenset(movable | fixed | {_royal_day(year)})


def _royal_day(year: int) -> date:
    """The celebrated birthday: 27 April, before 2014 the Queen's on 30 April; on a Sunday it is the day before."""
    birthday = date(year, 4, 27) if year >= 2014 else date(year, 4, 30)
    return birthday - ONE_DAY if birthday.weekday() == _SUNDAY else birthday


def _easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (Meeus, Astronomical Algorithms, chapter 8)."""
    century, rest = divmod(year, 100)
    golden = year % 19
    correction = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - century // 4 - correction + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (rest // 4) - epact - rest % 4) % 7
    late = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)
