"""Indications as agreements: how many run, are extended and end in a quarter (domain.md §6, oversight of providers).

An extension ("verlenging") is a grant after the first that says so (reason 04), or that lasts longer than the grant
before it. An indication ends on the day after its last running day, as a care period does.
"""

from collections.abc import Iterator
from datetime import date
from itertools import pairwise

from services.indicators.counting import events, has_day, in_period, last_day_of
from services.indicators.definitions import Per
from services.indicators.placements import Scope
from services.indicators.spans import turns
from services.indicators.steps import NOTHING, Amount, Groups, SharedSteps
from youthcare.codes import ChangeReason
from youthcare.period import FAR
from youthcare.youthfacts import Grant, IndicationFacts


def agreement_steps(scope: Scope) -> Iterator[SharedSteps]:
    """The steps of indications running, extended and ended."""
    extended = [(day, {"renewal_rate": (1, 0, 0)}) for row in scope.rows for day in extension_days(row)]
    ended = [
        (row.running[-1].end, {"exit_rate": (1, 0, 0)})
        for row in scope.rows
        if row.running and row.running[-1].end < FAR
    ]
    yield events(Per.QUARTER, scope, extended)
    yield events(Per.QUARTER, scope, ended, shift=-1)
    yield _running(scope)


def extension_days(row: IndicationFacts) -> Iterator[date]:
    """The civil days on which an indication was extended."""
    return (after.granted_at.date() for before, after in pairwise(row.grants) if _is_extension(before, after))


def _is_extension(before: Grant, after: Grant) -> bool:
    return after.change_reason == ChangeReason.EXTENDED or (after.last_day or FAR) > (before.last_day or FAR)


def _running(scope: Scope) -> SharedSteps:
    running = [row.running for row in scope.rows if row.running]

    def amount_on(first_day: date, on: date) -> Amount:
        count = sum(has_day(periods, first_day, on) for periods in running)
        return (0, count, 0) if count else NOTHING

    def otherwise(first_day: date, on: date) -> Groups | None:
        day = last_day_of((period for periods in running for period in periods), first_day, on)
        return None if day is None else scope.placing.on(day)

    days = [day for periods in running for day in turns(periods, Per.QUARTER)]
    # Without a care day in the quarter the group is that of the last running day, which moves on with the days.
    days += [day for day in scope.placing.changes if day > date.min]
    return in_period("indications_running", Per.QUARTER, scope, days, amount_on, otherwise=otherwise)
