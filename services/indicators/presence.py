"""Who is in care in a month, quarter or year, and who came and went between years (domain.md §6).

A youth counts once in a period, from the first day in it that makes it so to the period's end; the steps of a state
that goes on into the next period are nought.
"""

from collections.abc import Iterator
from datetime import date

from services.indicators.ages import extended_days, minor_days
from services.indicators.counting import day_steps, has_day, in_period, present
from services.indicators.definitions import UNDER_ANY, Per
from services.indicators.placements import Scope, last_groups, shown
from services.indicators.spans import first_day_of, next_first_day, previous_first_day, turns
from services.indicators.steps import NOTHING, Amount, SharedSteps, State, changes, lasting, state_of
from youthcare.period import ONE_DAY


def presence_steps(scope: Scope) -> Iterator[SharedSteps]:
    """The steps of all figures that ask for a care day."""
    care, birth_date = scope.care_days, scope.birth_date
    for placement in scope.care:
        yield lasting(UNDER_ANY, state_of("in_care_today", "", shown(placement.groups), (1, 1, 0)), placement.days)
    yield present("in_care", Per.MONTH, scope, (1, 1, 0), care)
    yield present("in_care_rate", Per.QUARTER, scope, (1, 0, 0), minor_days(care, birth_date))
    yield present("extended_care", Per.YEAR, scope, (1, 0, 0), extended_days(care, birth_date))
    yield present("year_users", Per.YEAR, scope, (0, 1, 0), care)
    yield day_steps("care_days", Per.YEAR, scope, care)
    yield _newcomers(scope)
    yield _stayed(scope)


def _newcomers(scope: Scope) -> SharedSteps:
    """Youths with care in the year and none in the year before ("instroom van het jaar")."""
    care = scope.care_days

    def amount_on(first_day: date, on: date) -> Amount:
        before = previous_first_day(Per.YEAR, first_day)
        is_new = has_day(care, first_day, on) and not has_day(care, before, first_day - ONE_DAY)
        return (1, 0, 0) if is_new else NOTHING

    return in_period("year_newcomers", Per.YEAR, scope, _new_years(scope), amount_on)


def _new_years(scope: Scope) -> Iterator[date]:
    """The first days of years in whose year before care began."""
    return (next_first_day(Per.YEAR, period.start) for period in scope.care_days)


def _stayed(scope: Scope) -> SharedSteps:
    """Youths with care in the year who had care in the year before, in the group of that year's last care day."""

    def state_on(on: date) -> State:
        first_day = first_day_of(Per.YEAR, on)
        groups = last_groups(scope.care, previous_first_day(Per.YEAR, on), first_day - ONE_DAY)
        if groups is None or not has_day(scope.care_days, first_day, on):
            return {}
        return state_of("year_stayed", "", groups, (0, 1, 0))

    days = (*turns(scope.care_days, Per.YEAR), *_new_years(scope))
    return changes(UNDER_ANY, days, state_on)
