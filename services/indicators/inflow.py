"""The quarter's inflow of youths aged 0-17 (domain.md §6, `inflow_rate`).

A youth counts as 0-17 in a quarter when under 18 on a care day in it, up to the day asked; without a birth date it
counts as 0-17. The birth date is that of the newest registration: a date of birth is true of all days, also of
those before it was registered. An opening that nobody can know is pending, not inflow.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from services.indicators.definitions import Per
from services.indicators.placements import Placement, first_care_day, last_team
from services.indicators.spans import first_day_of, next_first_day
from services.indicators.steps import State, state_of
from youthcare.youthfacts import CarePeriod, Opening, YouthFacts

ADULT_AGE_YEARS = 18
Openings = Sequence[tuple[date, Opening]]


def openings(periods: Iterable[CarePeriod]) -> Openings:
    """First day and kind of the openings that count here; a return is neither."""
    return [(row.period.start, row.opening) for row in periods if row.opening is not Opening.RETURN]


def find_birth_date(facts: YouthFacts) -> date | None:
    """The birth date as last registered."""
    return facts.registrations[-1].birth_date if facts.registrations else None


def is_minor(birth_date: date | None, day: date) -> bool:
    """Whether a youth is under 18 on a day; born on 29 February, one is a year older on 1 March."""
    if birth_date is None:
        return True
    had_birthday = (day.month, day.day) >= (birth_date.month, birth_date.day)
    return day.year - birth_date.year - (not had_birthday) < ADULT_AGE_YEARS


def inflow_on(
    opened: Openings, birth_date: date | None, care: Sequence[Placement], municipality: str, on: date
) -> State:
    """Whether the youth flowed in during the quarter of a day, up to that day ("instroom")."""
    first = first_day_of(Per.QUARTER, on)
    kinds = [kind for day, kind in opened if first <= day <= on]
    youngest_day = first_care_day(care, first, on)
    team = last_team(care, first, on)
    if not kinds or youngest_day is None or team is None or not is_minor(birth_date, youngest_day):
        return {}
    amount = int(Opening.INFLOW in kinds), 0, kinds.count(Opening.UNKNOWN)
    return state_of("inflow_rate", "", municipality, team, amount)


def days_of_change(opened: Openings, care: Sequence[Placement]) -> Iterator[date]:
    """Openings, the quarters after them, and the first days of care in between."""
    for day, _ in opened:
        after = next_first_day(Per.QUARTER, day)
        yield day
        yield after
        yield from (each.days.start for each in care if day < each.days.start < after)
