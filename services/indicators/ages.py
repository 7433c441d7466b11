"""Ages: who counts as 0-17, who as 18-22, and in which age band a youth is on a day (domain.md §6).

Born on 29 February, one is a year older on 1 March. The birth date is that of the newest registration: a date of
birth is true of all days, also of those before it was registered. A youth without one counts as 0-17.
"""

from collections.abc import Iterable
from datetime import date

from youthcare.period import FAR, Period
from youthcare.youthfacts import YouthFacts

ADULT_YEARS, EXTENDED_END_YEARS = 18, 23
BANDS = ((0, "0-3"), (4, "4-11"), (12, "12-17"), (ADULT_YEARS, "18-22"), (EXTENDED_END_YEARS, "23+"))
"""Age bands by their first age in years."""
UNKNOWN_BAND = "unknown"


def find_birth_date(facts: YouthFacts) -> date | None:
    """The birth date as last registered."""
    return facts.registrations[-1].birth_date if facts.registrations else None


def birthday(birth_date: date, years: int) -> date:
    """The day on which one who was born on a date is so many years old."""
    try:
        return birth_date.replace(year=birth_date.year + years)
    except ValueError:
        return date(birth_date.year + years, 3, 1)


def band_on(birth_date: date | None, day: date) -> str:
    """The age band of a day; a day before the birth is in the first."""
    if birth_date is None:
        return UNKNOWN_BAND
    reached = [name for years, name in BANDS if years == 0 or birthday(birth_date, years) <= day]
    return reached[-1]


def band_changes(birth_date: date | None) -> tuple[date, ...]:
    """The birthdays on which the age band changes."""
    return () if birth_date is None else tuple(birthday(birth_date, years) for years, _ in BANDS if years > 0)


def minor_days(periods: Iterable[Period], birth_date: date | None) -> tuple[Period, ...]:
    """The days on which one is under 18, or has no known birth date."""
    end = FAR if birth_date is None else birthday(birth_date, ADULT_YEARS)
    return _clipped(periods, date.min, end)


def extended_days(periods: Iterable[Period], birth_date: date | None) -> tuple[Period, ...]:
    """The days on which one is 18 to 22 ("verlengde jeugdhulp")."""
    if birth_date is None:
        return ()
    return _clipped(periods, birthday(birth_date, ADULT_YEARS), birthday(birth_date, EXTENDED_END_YEARS))


def _clipped(periods: Iterable[Period], start: date, end: date) -> tuple[Period, ...]:
    parts = (period.clipped(start, end) for period in periods)
    return tuple(part for part in parts if part is not None)
