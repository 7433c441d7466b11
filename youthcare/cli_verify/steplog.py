"""The step log against the youths' layers: every cell, in one snapshot of the indicators' tables.

Two rules. First one number is compared (`verifying/fingerprint.py`); only when it differs the cells are looked up, one
set of figures after the other. A youth that has moved on since it was worked out counts with its layers as they stand
in the snapshot: whether these are right is compared per youth.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.indicators.processor import Mark
from services.indicators.steps import NOTHING, Amount, spread
from services.indicators.store.layers import read_deltas, read_layers
from services.trajectory.processor import YouthKey
from youthcare.cli_verify.expecting import Layers, layers_print
from youthcare.cli_verify.tables import CURSOR_ROWS, mark_of, snapshot
from youthcare.runtime.postgres import Connection, Pool
from youthcare.verifying.fingerprint import Cell, Fingerprinter, plus
from youthcare.verifying.report import CELLS_SHOWN_MAX, Difference, What

_STATES = """
select municipality, youth, version_rules, version_count, known_day from youth_state
where $1::text is null or municipality = $1
"""
_STEPS = """
select municipality, indicator, definition, period, group_kind, group_name, effective_day, known_day,
       numerator, denominator, pending
from step where $1::text is null or municipality = $1
"""
_DELTAS = "select municipality, known_day, deltas from youth_layer where $1::text is null or municipality = $1"
Bucket = tuple[object, ...]
"""Municipality, indicator, definition and kind of group: cells that are looked up together."""
BUCKET_PARTS = 4
YOUTHS_AT_ONCE = 200


@dataclass(slots=True)
class Ledger:
    """What was worked out of each youth: what was applied last, and the fingerprint of its steps."""

    by_youth: dict[YouthKey, tuple[Mark, int]] = field(default_factory=dict)
    apart: set[YouthKey] = field(default_factory=set)
    """Youths that are not as they must be, or of whom the log holds less: they count as the tables have them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepLogFound:
    """How many cells there are, and in what they differ from the youths' layers."""

    cells: int
    differences: tuple[Difference, ...] = ()


async def compare_step_log(pool: Pool, municipality: str | None, ledger: Ledger, prints: Fingerprinter) -> StepLogFound:
    """Compare the step log with the layers of all youths; raises `Unavailable`."""
    async with snapshot(pool) as connection:
        wanted = await _layers_print(connection, municipality, ledger, prints)
        cells, held = 0, 0
        async for part in _parts(connection, _STEPS, municipality):
            cells += len(part)
            held = plus(held, prints.of(map(_step_of, part)))
        if held == wanted:
            return StepLogFound(cells=cells)
        return StepLogFound(cells=cells, differences=tuple(await _looked_up(connection, municipality, prints)))


async def _parts(
    connection: Connection, query: str, municipality: str | None, size: int = CURSOR_ROWS
) -> AsyncIterator[Sequence[Any]]:
    cursor = await connection.cursor(query, municipality)
    while rows := await cursor.fetch(size):
        yield rows


def _step_of(row: Sequence[Any]) -> tuple[Cell, Amount]:
    return tuple(row[:8]), tuple(row[8:])


async def _layers_print(connection: Connection, municipality: str | None, ledger: Ledger, prints: Fingerprinter) -> int:
    total, moved = 0, list[YouthKey]()
    async for part in _parts(connection, _STATES, municipality):
        for row in part:
            key = (row["municipality"], row["youth"])
            mark, own = ledger.by_youth.get(key, (None, 0))
            if mark == mark_of(row) and key not in ledger.apart:
                total = plus(total, own)
            else:
                moved.append(key)
    for start in range(0, len(moved), YOUTHS_AT_ONCE):
        held = await read_layers(connection, moved[start : start + YOUTHS_AT_ONCE])
        for key, layers in held.items():
            total = plus(total, layers_print(key[0], layers.layers, prints))
    return total


async def _looked_up(connection: Connection, municipality: str | None, prints: Fingerprinter) -> list[Difference]:
    """The differing cells by municipality, found in two passes: which buckets differ, then which cells of these."""
    totals: defaultdict[Bucket, int] = defaultdict(int)
    async for cell, amount, sign in _signed(connection, municipality):
        totals[cell[:BUCKET_PARTS]] += sign * prints.of([(cell, amount)])
    differing = {bucket for bucket, total in totals.items() if plus(total, 0)}
    return _differences(await _cells_of(connection, municipality, differing))


async def _signed(connection: Connection, municipality: str | None) -> AsyncIterator[tuple[Cell, Amount, int]]:
    """All steps of the log, and with the opposite sign all those of the layers."""
    async for part in _parts(connection, _STEPS, municipality):
        for row in part:
            yield *_step_of(row), 1
    async for part in _parts(connection, _DELTAS, municipality, YOUTHS_AT_ONCE):
        for row in part:
            for key, amount in spread(read_deltas(row["deltas"])).items():
                yield (row["municipality"], *key, row["known_day"]), amount, -1


async def _cells_of(
    connection: Connection, municipality: str | None, buckets: Collection[Bucket]
) -> dict[Cell, tuple[Amount, Amount]]:
    log: dict[Cell, Amount] = {}
    layers: dict[Cell, Amount] = {}
    async for cell, amount, sign in _signed(connection, municipality):
        if cell[:BUCKET_PARTS] in buckets:
            side = log if sign == 1 else layers
            side[cell] = tuple(map(int.__add__, side.get(cell, NOTHING), amount))  # type: ignore[assignment]
    cells = {cell: (log.get(cell, NOTHING), layers.get(cell, NOTHING)) for cell in {**log, **layers}}
    return {cell: sides for cell, sides in cells.items() if sides[0] != sides[1]}


def _differences(cells: Mapping[Cell, tuple[Amount, Amount]]) -> list[Difference]:
    by_municipality: dict[str, list[Cell]] = defaultdict(list)
    for cell in sorted(cells, key=lambda cell: tuple(map(str, cell))):
        by_municipality[str(cell[0])].append(cell)
    return [
        Difference(
            municipality=municipality,
            what=What.CELLS,
            count=len(own),
            cells=tuple(cell_text(cell, *cells[cell]) for cell in own[:CELLS_SHOWN_MAX]),
        )
        for municipality, own in by_municipality.items()
    ]


def youth_cells(municipality: str, held: Layers, wanted: Layers) -> tuple[str, ...]:
    """The first cells in which the layers of one youth differ from those that the log gives."""
    told: list[str] = []
    for known_day in sorted(held.keys() | wanted.keys()):
        table, log = spread(held.get(known_day, {})), spread(wanted.get(known_day, {}))
        for key in sorted(table.keys() | log.keys()):
            amounts = table.get(key, NOTHING), log.get(key, NOTHING)
            if amounts[0] != amounts[1] and len(told) < CELLS_SHOWN_MAX:
                told.append(cell_text((municipality, *key, known_day), *amounts))
    return tuple(told)


def cell_text(cell: Cell, held: Iterable[int], wanted: Iterable[int]) -> str:
    """A cell and what stands there, as numerator/denominator/pending."""
    _, indicator, definition, period, kind, group, day, known_day = cell
    place = " ".join(str(part) for part in (indicator, definition, period, kind, group) if part)
    return f"{place} from {day} known {known_day}: table {_amount(held)}, log {_amount(wanted)}"


def _amount(amount: Iterable[int]) -> str:
    return "/".join(map(str, amount))
