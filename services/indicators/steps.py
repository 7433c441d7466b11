"""Steps: the days on which a youth changes a figure, and by how much (design.md §1, "difference arrays").

A figure is the sum of the steps up to a day. A state that goes on emits nothing: there are steps only on days on
which the state differs from the day before. Amounts are numerator, denominator and pending, in this order.

What a youth adds to a figure it adds to several groups at once, and mostly under every definition set alike. Until
they are written, such steps are one *shared* step; `spread` says which steps of the log they are.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from itertools import product
from typing import NamedTuple, TypeVar

from youthcare.period import FAR, Period

Amount = tuple[int, int, int]
"""Numerator, denominator and pending."""

NOTHING: Amount = (0, 0, 0)

Group = tuple[str, str]
"""Kind and name: `municipality` and its code, `team` and its id, and so on (domain.md §6)."""

Groups = tuple[Group, ...]
"""The groups that something counts in."""


Definitions = tuple[str, ...]
"""The definition sets under which something is the same."""


class Cell(NamedTuple):
    """A figure of some groups; `period` is empty for a running indicator.

    A named tuple, as it is hashed for every step of every youth.
    """

    indicator: str
    period: str
    groups: Groups


class StepKey(NamedTuple):
    """Where a step stands; municipality and known day are added when it is stored."""

    indicator: str
    definition: str
    period: str
    group_kind: str
    group: str
    effective_day: date


class SharedKey(NamedTuple):
    """Where a step stands that is the same in several groups and under several definition sets."""

    indicator: str
    definitions: Definitions
    period: str
    groups: Groups
    effective_day: date


Steps = Mapping[StepKey, Amount]
"""Net steps: every amount differs from nothing."""

SharedSteps = Mapping[SharedKey, Amount]
"""Shared steps, none of nothing; two of them may cancel in a group that they have in common."""

Place = TypeVar("Place", StepKey, SharedKey)

State = Mapping[Cell, Amount]
"""What a youth adds to each figure on a day; a cell that is absent adds nothing."""


def plus(one: Amount, other: Amount) -> Amount:
    """The sum of two amounts."""
    return one[0] + other[0], one[1] + other[1], one[2] + other[2]


def minus(one: Amount, other: Amount) -> Amount:
    """The difference of two amounts."""
    return one[0] - other[0], one[1] - other[1], one[2] - other[2]


def summed(many: Iterable[Mapping[Place, Amount]]) -> dict[Place, Amount]:
    """The net sum of sets of steps."""
    totals: dict[Place, Amount] = {}
    for steps in many:
        for key, amount in steps.items():
            before = totals.get(key)
            totals[key] = amount if before is None else plus(before, amount)
    return {key: amount for key, amount in totals.items() if amount != NOTHING}


def negated(steps: Mapping[Place, Amount]) -> dict[Place, Amount]:
    """The steps that take these back."""
    return {key: minus(NOTHING, amount) for key, amount in steps.items()}


def spread(steps: SharedSteps) -> dict[StepKey, Amount]:
    """The net steps of every group under every definition set that shared steps stand for."""
    totals: dict[StepKey, Amount] = {}
    for shared, amount in steps.items():
        for key in places(shared):
            before = totals.get(key)
            totals[key] = amount if before is None else plus(before, amount)
    return {key: amount for key, amount in totals.items() if amount != NOTHING}


def places(shared: SharedKey) -> Iterator[StepKey]:
    """Every place in which a shared step stands."""
    indicator, definitions, period, groups, day = shared
    for definition, (kind, group) in product(definitions, groups):
        yield StepKey(indicator, definition, period, kind, group, day)


def state_of(indicator: str, period: str, groups: Groups, amount: Amount) -> State:
    """An amount in every group that it counts in."""
    return {Cell(indicator, period, groups): amount} if groups and amount != NOTHING else {}


def together(states: Iterable[State]) -> State:
    """What several states add, cell by cell."""
    total: dict[Cell, Amount] = {}
    for state in states:
        for cell, amount in state.items():
            total[cell] = plus(total.get(cell, NOTHING), amount)
    return total


def lasting(definitions: Definitions, state: State, days: Period) -> dict[SharedKey, Amount]:
    """The steps of a state that holds on the days of a period and on no other."""
    found = once(definitions, state, days.start)
    if days.end < FAR:
        found |= {_key(definitions, cell, days.end): minus(NOTHING, amount) for cell, amount in state.items()}
    return found


def once(definitions: Definitions, state: State, day: date) -> dict[SharedKey, Amount]:
    """The steps of a state that begins on a day and does not end."""
    return {_key(definitions, cell, day): amount for cell, amount in state.items()}


def _key(definitions: Definitions, cell: Cell, day: date) -> SharedKey:
    return SharedKey(cell.indicator, definitions, cell.period, cell.groups, day)


def changes(
    definitions: Definitions, days: Iterable[date], state_on: Callable[[date], State]
) -> dict[SharedKey, Amount]:
    """The steps of a state that changes on none but the days given; before the first of them it is empty."""
    found: dict[SharedKey, Amount] = {}
    before: State = {}
    for day in sorted({day for day in days if day < FAR}):
        now = state_on(day)
        if now == before:
            continue
        for cell in before.keys() | now.keys():
            change = minus(now.get(cell, NOTHING), before.get(cell, NOTHING))
            if change != NOTHING:
                found[_key(definitions, cell, day)] = change
        before = now
    return found
