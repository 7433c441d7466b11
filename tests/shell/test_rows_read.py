"""No statement reads or writes more than the rows of the youth that it is about and its steps (issue 3).

Rules. Rows are the server's own counts inside the transaction of the fold; a table that is read whole counts whole.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from services.indicators.app import IndicatorsProcessor
from services.indicators.processor import YouthKey, YouthLayers, layers_after, step_changes
from tests.indicators import TABLE, fold, indicators_pool, indicators_settings, record, records, village
from tests.naive_indicators import told_layers
from tests.stack import new_municipality
from youthcare.runtime.postgres import Connection, Pool
from youthcare.runtime.processing import Record
from youthcare.runtime.topics import youth_key
from youthcare.youthfacts import YouthFacts

__all__ = ["indicators_pool", "indicators_settings"]

OTHERS, TIMES = 30, 100
_COUNTS = """
select case when relname like 'step%' then 'step' else relname end as name,
       sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::integer as read,
       sum(n_tup_ins + n_tup_upd + n_tup_del)::integer as written
from pg_stat_xact_user_tables where schemaname = current_schema() group by name
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """How many rows of a table were read and written."""

    read: int = 0
    written: int = 0


async def counts(connection: Connection) -> dict[str, Rows]:
    """What the session counted so far, table by table."""
    found = await connection.fetch(_COUNTS)
    return {row["name"]: Rows(read=row["read"], written=row["written"]) for row in found}


async def rows_of(pool: Pool, batch: Sequence[Record]) -> dict[str, Rows]:
    """The rows that a fold reads and writes, of each table that it does something with."""
    async with pool.acquire() as connection, connection.transaction():
        before = await counts(connection)
        await IndicatorsProcessor().fold(connection, batch)
        after = await counts(connection)
    found = {
        name: Rows(
            read=rows.read - before.get(name, Rows()).read, written=rows.written - before.get(name, Rows()).written
        )
        for name, rows in after.items()
    }
    return {name: rows for name, rows in found.items() if rows != Rows()}


async def live_beside(pool: Pool, municipality: str, times: int) -> list[YouthFacts]:
    """Fill the tables with other youths, so many times thirty; what was told of a youth of whom nothing is kept."""
    told = told_layers(village(municipality, OTHERS + 1), TABLE, None)
    touched = [facts for facts in told if facts.youth == "noord000"]
    await fold(pool, records(facts for facts in told if facts.youth != "noord000"))
    async with pool.acquire() as connection:
        for copy in range(1, times):
            for command in (_MORE_STATES, _MORE_LAYERS, _MORE_STEPS):
                await connection.execute(command, municipality, copy)
        await connection.execute("analyze youth_state; analyze youth_layer; analyze step")
    return touched


_MORE_STATES = """
insert into youth_state select municipality, youth || '-' || $2::integer, version_rules, version_count,
    known_day, differs
from youth_state where municipality = $1 and youth !~ '-'
"""
_MORE_LAYERS = """
insert into youth_layer select municipality, youth || '-' || $2::integer, known_day, corrects, deltas
from youth_layer where municipality = $1 and youth !~ '-'
"""
_MORE_STEPS = """
insert into step select municipality, indicator, definition, period, group_kind, group_name, effective_day,
    known_day + 1000 * $2::integer, numerator, denominator, pending
from step where municipality = $1 and known_day < '2025-01-01'
"""


def changed(told: Sequence[YouthFacts]) -> tuple[YouthLayers, int]:
    """The layers before what was told last, and how many steps of the log that changes."""
    key: YouthKey = told[0].municipality, told[0].youth
    before = layers_after({}, [(key, facts) for facts in told[:-1]])[key][1]
    gained = step_changes(layers_after({key: before}, [(key, told[-1])]))
    return before, sum(map(len, gained.values()))


@pytest.mark.parametrize("times", [1, TIMES])
async def test_a_statement_touches_its_youth_and_its_steps_and_no_other_row(
    pool: Pool, municipality: str, times: int
) -> None:
    """Beside thirty youths and beside three thousand: the layers and the state of one, and a row per step."""
    told = await live_beside(pool, municipality, times)
    before, steps = changed(told)
    await fold(pool, records(told[:-1]))

    rows = await rows_of(pool, records(told[-1:]))

    assert rows.keys() == {"youth_state", "youth_layer", "step"}
    assert rows["youth_layer"] == Rows(read=len(before.layers), written=1)
    assert rows["youth_state"] == Rows(read=2, written=1)
    assert rows["step"].written == steps
    assert rows["step"].read <= steps


async def test_the_rows_of_a_statement_are_as_many_beside_thirty_youths_as_beside_three_thousand(
    pool: Pool, municipality: str
) -> None:
    """First facts, later facts, facts told again and the erasure: row for row the same, table by table."""
    beside_few = await live_beside(pool, municipality, 1)
    beside_many = await live_beside(pool, new_municipality(), TIMES)

    few: list[dict[str, Rows]] = []
    many: list[dict[str, Rows]] = []
    for told, found in ((beside_few, few), (beside_many, many)):
        erased = record(youth_key(told[0].municipality, told[0].youth), None)
        batches = [*([row] for row in records(told)), records(told), [erased]]
        found += [await rows_of(pool, batch) for batch in batches]

    assert few == many
    assert all(few)


async def test_a_batch_reads_what_its_youths_have_and_no_more(pool: Pool, municipality: str) -> None:
    """Ten youths at once beside thirty and beside three thousand: no table is read whole for the sake of a batch."""
    few, many = [
        await _last_of_ten(pool, each, times) for each, times in ((municipality, 1), (new_municipality(), TIMES))
    ]

    assert few == many
    assert few["youth_layer"].read <= 2 * 10


async def _last_of_ten(pool: Pool, municipality: str, times: int) -> dict[str, Rows]:
    await live_beside(pool, municipality, times)
    told = told_layers(village(municipality, 10, "zuid"), TABLE, None)
    last = {facts.youth: facts for facts in told}
    await fold(pool, records(facts for facts in told if facts is not last[facts.youth]))
    return await rows_of(pool, records(last.values()))
