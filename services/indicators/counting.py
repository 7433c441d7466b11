"""Building blocks of steps: what a youth adds to the figure of a period, up to a day.

`in_period` turns "so much by this day of the period" into steps; it starts again in each period. `day_steps` counts
days: such a series goes on growing between its steps, and its sum up to a day is amount + days since `EPOCH` x slope.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date

from services.indicators.definitions import ANY_DEFINITION, Per
from services.indicators.placements import Scope, last_groups
from services.indicators.spans import first_day_of, next_first_day
from services.indicators.steps import (
    NOTHING,
    Amount,
    Groups,
    State,
    StepKey,
    Steps,
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

Event = tuple[date, Amount]
"""The day on which something happened, and what it adds."""

AmountOn = Callable[[date, date], Amount]
"""What is added by a day, given the first day of its period and the day."""

GroupsOn = Callable[[date, date], Groups | None]
"""The groups by a day when the period has no care day up to it, given the first day of the period and the day."""


def has_day(days: Sequence[Period], first_day: date, on: date) -> bool:
    """Whether sorted disjoint periods have a day from a first day up to a day."""
    index = bisect_right(days, on, key=lambda period: period.start) - 1
    return index >= 0 and days[index].end > first_day


def turns(days: Iterable[Period], per: Per) -> Iterator[date]:
    """The days on which having a day in the calendar period may change: first days, and the turn after a last."""
    for period in days:
        yield period.start
        if period.last_day is not None:
            yield next_first_day(per, period.last_day)


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
    definition: str = ANY_DEFINITION,
    otherwise: GroupsOn = nowhere,
) -> Steps:
    """The steps of an amount that changes on none but the days given and those on which care does."""

    def state_on(on: date) -> State:
        first_day = first_day_of(per, on)
        amount = amount_on(first_day, on)
        if amount == NOTHING:
            return {}
        groups = last_groups(scope.care, first_day, on) or otherwise(first_day, on)
        return state_of(series, "", groups, amount) if groups else {}

    return changes(definition, (*days, *turns(scope.care_days, per)), state_on)


def present(series: str, per: Per, scope: Scope, amount: Amount, *needed: Sequence[Period]) -> Steps:
    """The steps of a youth that adds an amount to each period in which it has a day of each of the sets given."""
    days = (day for each in needed for day in turns(each, per))

    def amount_on(first_day: date, on: date) -> Amount:
        return amount if all(has_day(each, first_day, on) for each in needed) else NOTHING

    return in_period(series, per, scope, days, amount_on)


def events(
    series: str, per: Per, scope: Scope, happened: Sequence[Event], *, definition: str = ANY_DEFINITION, shift: int = 0
) -> Steps:
    """The steps of what happened in a period so far; without a care day in it, each in the group of its own day.

    With a shift the group is that of so many days later: what ends on a day was of the group of the day before.
    """
    if all(amount == NOTHING for _, amount in happened):
        return {}

    def state_on(on: date) -> State:
        first_day = first_day_of(per, on)
        groups = last_groups(scope.care, first_day, on)
        return together(
            state_of(series, "", groups or scope.placing.on(day + shift * ONE_DAY), amount)
            for day, amount in happened
            if first_day <= day <= on
        )

    days = [turn for day, _ in happened for turn in (day, next_first_day(per, day))]
    return changes(definition, (*days, *turns(scope.care_days, per)), state_on)


def day_steps(series: str, per: Per, scope: Scope, days: Sequence[Period]) -> Steps:
    """The steps of a count of days, which are days of care; a period's days go to the group of its last care day."""
    return summed((*_counted_days(series, scope, days), *_handed_over(series, per, scope, days)))


def _counted_days(series: str, scope: Scope, days: Sequence[Period]) -> Iterator[Steps]:
    for placement in scope.care:
        parts = (period.clipped(placement.days.start, placement.days.end) for period in days)
        for part in parts:
            if part is not None:
                yield _growing(series, placement.groups, part.start, 1)
                if part.end < FAR:
                    yield _growing(series, placement.groups, part.end, -1)


def _growing(series: str, groups: Groups, day: date, slope: int) -> Steps:
    """From a day on, that day included, so many more a day; the second number of such a series is the slope."""
    amount = slope * (1 - (day.toordinal() - EPOCH)), slope, 0
    return once(ANY_DEFINITION, state_of(series, "", groups, amount), day)


def days_counted(amount: Amount, until: date) -> Amount:
    """The days of a summed series that counts days, up to and including a day."""
    return amount[0] + amount[1] * (until.toordinal() - EPOCH), 0, 0


def _handed_over(series: str, per: Per, scope: Scope, days: Sequence[Period]) -> Iterator[Steps]:
    """When the groups change within a period, the days counted so far go along."""
    for before, after in zip(scope.care, scope.care[1:], strict=False):
        day = after.days.start
        first_day = first_day_of(per, day)
        so_far = days_within(days, first_day, day)
        if so_far and before.groups != after.groups and before.days.end > first_day:
            yield _moved(series, before.groups, after.groups, day, (so_far, 0, 0))


def _moved(series: str, before: Groups, after: Groups, day: date, amount: Amount) -> dict[StepKey, Amount]:
    left = tuple(group for group in before if group not in after)
    entered = tuple(group for group in after if group not in before)
    return {
        **once(ANY_DEFINITION, state_of(series, "", left, minus(NOTHING, amount)), day),
        **once(ANY_DEFINITION, state_of(series, "", entered, amount), day),
    }


def last_day_of(periods: Iterable[Period], first_day: date, on: date) -> date | None:
    """The last day of periods from a first day up to a day; None when they have none."""
    parts = (period.clipped(first_day, on + ONE_DAY) for period in periods)
    return max((part.end - ONE_DAY for part in parts if part is not None), default=None)
