"""The flow balance: who began, opened, moved, left and stayed in a month (domain.md §6, `flow_balance`).

Care periods are counted, not youths. The stock is a state that runs; openings, moves and exits are single steps in
the month of their day. A care period is handed over on the first day of its new team or age band, so that
start + openings + moved in - moved out - exits = end holds for every group.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import pairwise

from services.indicators.placements import Placement, Scope
from services.indicators.steps import Definitions, Groups, SharedSteps, lasting, once, state_of, summed
from youthcare.period import FAR, month_of
from youthcare.youthfacts import CarePeriod

STOCK = "flow_balance.end"


def flow_steps(scope: Scope, periods: Iterable[CarePeriod], definitions: Definitions) -> SharedSteps:
    """All steps of the flow balance of a youth in the groups of a scope."""
    return summed(steps for row in periods for steps in _flows(row, scope.placing.placed((row.period,)), definitions))


def _flows(row: CarePeriod, placed: Sequence[Placement], definitions: Definitions) -> Iterator[SharedSteps]:
    yield _single(f"flow_balance.{row.opening.value}", definitions, placed[0].groups, row.period.start)
    for before, after in pairwise(placed):
        yield from _move(before.groups, after.groups, after.days.start, definitions)
    for placement in placed:
        yield lasting(definitions, state_of(STOCK, "", placement.groups, (1, 1, 0)), placement.days)
    if row.period.end < FAR:
        yield _single("flow_balance.exits", definitions, placed[-1].groups, row.period.end)


def _move(before: Groups, after: Groups, day: date, definitions: Definitions) -> Iterator[SharedSteps]:
    """A move between teams is none of the municipality's: it stays within it."""
    left = tuple(group for group in before if group not in after)
    entered = tuple(group for group in after if group not in before)
    yield _single("flow_balance.moved_out", definitions, left, day)
    yield _single("flow_balance.moved_in", definitions, entered, day)


def _single(series: str, definitions: Definitions, groups: Groups, day: date) -> SharedSteps:
    return once(definitions, state_of(series, month_of(day), groups, (1, 1, 0)), day)
