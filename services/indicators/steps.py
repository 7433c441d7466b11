"""Steps: the days on which a youth changes a figure, and by how much (design.md §1, "difference arrays").

A figure is the sum of the steps up to a day. A state that goes on emits nothing: there are steps only on days on
which the state differs from the day before. Amounts are numerator, denominator and pending, in this order.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import NamedTuple

from youthcare.period import FAR, Period

Amount = tuple[int, int, int]
"""Numerator, denominator and pending."""

NOTHING: Amount = (0, 0, 0)

Group = tuple[str, str]
"""Kind and name: `municipality` and its code, `team` and its id, and so on (domain.md §6)."""

Groups = tuple[Group, ...]
"""The groups that something counts in."""


class Cell(NamedTuple):
    """A figure of a group; `period` is empty for a running indicator.

    A named tuple, as it is hashed and sorted for every step of every youth.
    """

    indicator: str
    period: str
    group_kind: str
    group: str


class StepKey(NamedTuple):
    """Where a step stands; municipality and known day are added when it is stored."""

    indicator: str
    definition: str
    period: str
    group_kind: str
    group: str
    effective_day: date


Steps = Mapping[StepKey, Amount]
"""Net steps: every amount differs from nothing."""

State = Mapping[Cell, Amount]
"""What a youth adds to each figure on a day; a cell that is absent adds nothing."""


def plus(one: Amount, other: Amount) -> Amount:
    """The sum of two amounts."""
    return one[0] + other[0], one[1] + other[1], one[2] + other[2]


def minus(one: Amount, other: Amount) -> Amount:
    """The difference of two amounts."""
    return one[0] - other[0], one[1] - other[1], one[2] - other[2]


def summed(many: Iterable[Steps]) -> dict[StepKey, Amount]:
    """The net sum of sets of steps."""
    totals: dict[StepKey, Amount] = {}
    for steps in many:
        for key, amount in steps.items():
            before = totals.get(key)
            totals[key] = amount if before is None else plus(before, amount)
    return {key: amount for key, amount in totals.items() if amount != NOTHING}


def negated(steps: Steps) -> dict[StepKey, Amount]:
    """The steps that take these back."""
    return {key: minus(NOTHING, amount) for key, amount in steps.items()}


def state_of(indicator: str, period: str, groups: Groups, amount: Amount) -> State:
    """An amount in every group that it counts in."""
    if amount == NOTHING:
        return {}
    return {Cell(indicator, period, kind, group): amount for kind, group in groups}


def together(states: Iterable[State]) -> State:
    """What several states add, cell by cell."""
    total: dict[Cell, Amount] = {}
    for state in states:
        for cell, amount in state.items():
            total[cell] = plus(total.get(cell, NOTHING), amount)
    return total


def lasting(definition: str, state: State, days: Period) -> dict[StepKey, Amount]:
    """The steps of a state that holds on the days of a period and on no other."""
    found = once(definition, state, days.start)
    if days.end < FAR:
        found |= {_key(definition, cell, days.end): minus(NOTHING, amount) for cell, amount in state.items()}
    return found


def once(definition: str, state: State, day: date) -> dict[StepKey, Amount]:
    """The steps of a state that begins on a day and does not end."""
    return {_key(definition, cell, day): amount for cell, amount in state.items()}


def _key(definition: str, cell: Cell, day: date) -> StepKey:
    return StepKey(cell.indicator, definition, cell.period, cell.group_kind, cell.group, day)


def changes(definition: str, days: Iterable[date], state_on: Callable[[date], State]) -> dict[StepKey, Amount]:
    """The steps of a state that changes on none but the days given; before the first of them it is empty."""
    found: dict[StepKey, Amount] = {}
    before: State = {}
    for day in sorted({day for day in days if day < FAR}):
        now = state_on(day)
        if now == before:
            continue
        for cell in {*before, *now}:
            change = minus(now.get(cell, NOTHING), before.get(cell, NOTHING))
            if change != NOTHING:
                found[_key(definition, cell, day)] = change
        before = now
    return found
