"""The flow balance: who began, opened, moved, left and stayed in a month (domain.md §6, `flow_balance`).

Care periods are counted, not youths. The stock is a state that runs; openings, moves and exits are single steps in
the month of their day. By team a care period is handed over on the first day of its new team, so that
start + openings + moved in - moved out - exits = end holds for every group.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import pairwise

from services.indicators.placements import Placement, placements
from services.indicators.steps import Amount, Cell, StepKey, Steps, lasting, state_of, summed
from youthcare.period import FAR, month_of
from youthcare.youthfacts import CarePeriod, YouthFacts

STOCK = "flow_balance.end"


def flow_steps(facts: YouthFacts, periods: Iterable[CarePeriod], definition: str) -> dict[StepKey, Amount]:
    """All steps of the flow balance of a youth."""
    return summed(
        steps
        for row in periods
        for steps in _flows(row, placements(facts, (row.period,)), facts.municipality, definition)
    )


def _flows(row: CarePeriod, placed: Sequence[Placement], municipality: str, definition: str) -> Iterator[Steps]:
    first, last = placed[0], placed[-1]
    opened = f"flow_balance.{row.opening.value}"
    yield _both(opened, definition, municipality, first.team, row.period.start)
    for before, after in pairwise(placed):
        yield from _move(before, after, definition)
    yield from _stock(placed, municipality, definition)
    if row.period.end < FAR:
        yield _both("flow_balance.exits", definition, municipality, last.team, row.period.end)


def _move(before: Placement, after: Placement, definition: str) -> Iterator[Steps]:
    """A move between teams is none of the municipality's: it stays within it."""
    day = after.days.start
    yield {StepKey("flow_balance.moved_out", definition, month_of(day), "team", before.team, day): (1, 1, 0)}
    yield {StepKey("flow_balance.moved_in", definition, month_of(day), "team", after.team, day): (1, 1, 0)}


def _stock(placed: Sequence[Placement], municipality: str, definition: str) -> Iterator[Steps]:
    for placement in placed:
        yield lasting(definition, state_of(STOCK, "", municipality, placement.team, (1, 1, 0)), placement.days)


def _both(indicator: str, definition: str, municipality: str, team: str, day: date) -> Steps:
    state = state_of(indicator, month_of(day), municipality, team, (1, 1, 0))
    return {_key(cell, definition, day): amount for cell, amount in state.items()}


def _key(cell: Cell, definition: str, day: date) -> StepKey:
    return StepKey(cell.indicator, definition, cell.period, cell.group_kind, cell.group, day)
