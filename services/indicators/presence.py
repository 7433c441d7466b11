"""Who is in care and who is stacked: the month figures that count care days (domain.md §5 and §6).

A youth counts once in a month, from the first day in it that makes it so to the month's end; the steps of a state
that goes on into the next month are nought. The team is that of the last care day in the month.
"""

from collections.abc import Iterator, Sequence
from datetime import date

from services.indicators.definitions import Per
from services.indicators.placements import Placement, last_team
from services.indicators.spans import first_day_of, next_first_day
from services.indicators.steps import State, state_of
from youthcare.period import ONE_DAY, Period
from youthcare.youthfacts import ProvisionDays

STACKED_MIN = 2


def in_care_on(care: Sequence[Placement], municipality: str, on: date) -> State:
    """One youth with a care day in the month of a day, up to that day ("jeugdige met jeugdhulp")."""
    team = last_team(care, first_day_of(Per.MONTH, on), on)
    return {} if team is None else state_of("in_care", "", municipality, team, (1, 1, 0))


def in_care_today_on(care: Sequence[Placement], municipality: str, on: date) -> State:
    """One youth with care on the day itself."""
    team = last_team(care, on, on)
    return {} if team is None else state_of("in_care_today", "", municipality, team, (1, 1, 0))


def stacking_on(provisions: Sequence[ProvisionDays], care: Sequence[Placement], municipality: str, on: date) -> State:
    """The provisions that count in the month of a day, up to that day ("zorgstapeling", Programmabureau)."""
    first = first_day_of(Per.MONTH, on)
    count = sum(_counts(provision, first, on) for provision in provisions)
    team = last_team(care, first, on)
    if count == 0 or team is None:
        return {}
    stacked = count >= STACKED_MIN
    return {
        **state_of("stacking_mean", "", municipality, team, (count, 1, 0) if stacked else (0, 0, 0)),
        **state_of("stacking_share", "", municipality, team, (int(stacked), 1, 0)),
    }


def _counts(provision: ProvisionDays, first_day: date, on: date) -> bool:
    return any(period.clipped(first_day, on + ONE_DAY) is not None for period in provision.days)


def days_of_change(periods: Sequence[Period], per: Per) -> Iterator[date]:
    """The days on which having a day in the calendar period may change: first days, and the turn after a last."""
    for period in periods:
        yield period.start
        if period.last_day is not None:
            yield next_first_day(per, period.last_day)
