"""Building blocks of steps: what a youth adds to the figure of a period, up to a day.

`in_period` turns "so much by this day of the period" into steps; it starts again in each period. `day_steps` counts
days: such a series goes on growing between its steps, and its sum up to a day is amount + days since `EPOCH` x slope.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date

from services.indicators.definitions import UNDER_ANY, Per
from services.indicators.placements import Scope, last_groups
from services.indicators.spans import first_day_of, next_first_day, turns
from services.indicators.steps import (
    NOTHING,
    Amount,
    Cell,
    Definitions,
    Groups,
    SharedKey,
    SharedSteps,
    State,
    changes,
    minus,
    once,
    state_of,
    summed,
    together,
)
from youthcare.period import FAR, ONE_DAY, Period, days_within

EPOCH = date(2015, 1, 1).toordinal()
"""Day 0 of the series that count days: the Youth Act came into force. Any day would do; a near one keeps sums small."""

Amounts = Mapping[str, Amount]
"""What is added to each of some series."""

Event = tuple[date, Amounts]
"""The day on which something happened, and what it adds."""

AmountOn = Callable[[date, date], Amount]
"""What is added by a day, given the first day of its period and the day."""

GroupsOn = Callable[[date, date], Groups | None]
"""The groups by a day when the period has no care day up to it, given the first day of the period and the day."""


def has_day(days: Sequence[Period], first_day: date, on: date) -> bool:
    """Whether sorted disjoint periods have a day from a first day up to a day."""
    # They are few: to look from the last is quicker than to halve.
    for period in reversed(days):
        if period.start <= on:
            return period.end > first_day
    return False


def nowhere(_first_day: date, _on: date) -> None:
    """No group without a care day."""
    return


def in_period(
    series: str,
    per: Per,
    scope: Scope,
    days: Iterable[date],
    amount_on: AmountOn,
    *,
    definitions: Definitions = UNDER_ANY,
    otherwise: GroupsOn = nowhere,
) -> SharedSteps:
    """The steps of an amount that changes on none but the days given and those on which care does."""

    def amounts_on(first_day: date, on: date) -> Amounts:
        return {series: amount_on(first_day, on)}

    return all_in_period(per, scope, days, amounts_on, definitions=definitions, otherwise=otherwise)


def all_in_period(
    per: Per,
    scope: Scope,
    days: Iterable[date],
    amounts_on: Callable[[date, date], Amounts],
    *,
    definitions: Definitions = UNDER_ANY,
    otherwise: GroupsOn = nowhere,
) -> SharedSteps:
    """The same of several series whose amounts are known together."""

    def state_on(on: date) -> State:
        first_day = first_day_of(per, on)
        amounts = {series: amount for series, amount in amounts_on(first_day, on).items() if amount != NOTHING}
        groups = (last_groups(scope.care, first_day, on) or otherwise(first_day, on)) if amounts else None
        return {Cell(series, "", groups): amount for series, amount in amounts.items()} if groups else {}

    return changes(definitions, (*days, *scope.care_turns[per]), state_on)


def present(series: str, per: Per, scope: Scope, amount: Amount, *needed: Sequence[Period]) -> SharedSteps:
    """The steps of a youth that adds an amount to each period in which it has a day of each of the sets given."""
    if not all(needed):
        return {}
    days = (day for each in needed for day in turns(each, per))

    def amount_on(first_day: date, on: date) -> Amount:
        return amount if all(has_day(each, first_day, on) for each in needed) else NOTHING

    return in_period(series, per, scope, days, amount_on)


def events(
    per: Per, scope: Scope, happened: Sequence[Event], *, definitions: Definitions = UNDER_ANY, shift: int = 0
) -> SharedSteps:
    """The steps of what happened in a period so far; without a care day in it, each in the group of its own day.

    With a shift the group is that of so many days later: what ends on a day was of the group of the day before.
    """
    if not happened:
        return {}

    def state_on(on: date) -> State:
        first_day = first_day_of(per, on)
        groups = last_groups(scope.care, first_day, on)
        return together(
            state_of(series, "", groups or scope.placing.on(day + shift * ONE_DAY), amount)
            for day, amounts in happened
            if first_day <= day <= on
            for series, amount in amounts.items()
        )

    days = [turn for day, _ in happened for turn in (day, next_first_day(per, day))]
    return changes(definitions, (*days, *scope.care_turns[per]), state_on)


def day_steps(series: str, per: Per, scope: Scope, days: Sequence[Period]) -> SharedSteps:
    """The steps of a count of days, which are days of care; a period's days go to the group of its last care day."""
    return summed((*_counted_days(series, scope, days), *_handed_over(series, per, scope, days)))


def _counted_days(series: str, scope: Scope, days: Sequence[Period]) -> Iterator[SharedSteps]:
    for placement in scope.care:
        parts = (period.clipped(placement.days.start, placement.days.end) for period in days)
        for part in parts:
            if part is not None:
                yield _growing(series, placement.groups, part.start, 1)
                if part.end < FAR:
                    yield _growing(series, placement.groups, part.end, -1)


def _growing(series: str, groups: Groups, day: date, slope: int) -> SharedSteps:
    """From a day on, that day included, so many more a day; the second number of such a series is the slope."""
    amount = slope * (1 - (day.toordinal() - EPOCH)), slope, 0
    return once(UNDER_ANY, state_of(series, "", groups, amount), day)


def days_counted(amount: Amount, until: date) -> Amount:
    """The days of a summed series that counts days, up to and including a day."""
    return amount[0] + amount[1] * (until.toordinal() - EPOCH), 0, 0


def _handed_over(series: str, per: Per, scope: Scope, days: Sequence[Period]) -> Iterator[SharedSteps]:
    """When the groups change within a period, the days counted so far go along."""
    for before, after in zip(scope.care, scope.care[1:], strict=False):
        day = after.days.start
        first_day = first_day_of(per, day)
        so_far = days_within(days, first_day, day)
        if so_far and before.groups != after.groups and before.days.end > first_day:
            yield _moved(series, before.groups, after.groups, day, (so_far, 0, 0))


def _moved(series: str, before: Groups, after: Groups, day: date, amount: Amount) -> dict[SharedKey, Amount]:
    left = tuple(group for group in before if group not in after)
    entered = tuple(group for group in after if group not in before)
    return {
        **once(UNDER_ANY, state_of(series, "", left, minus(NOTHING, amount)), day),
        **once(UNDER_ANY, state_of(series, "", entered, amount), day),
    }


def last_day_of(periods: Iterable[Period], first_day: date, on: date) -> date | None:
    """The last day of periods from a first day up to a day; None when they have none."""
    parts = (period.clipped(first_day, on + ONE_DAY) for period in periods)
    return max((part.end - ONE_DAY for part in parts if part is not None), default=None)
