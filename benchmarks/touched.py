"""What one more statement about a youth touches, beside few other youths and beside many.

Rules. The product's own fold, one transaction per statement, the same youths and facts in both step logs by turns.
Rows and buffers are the server's own counts over all tables and indexes of the schema; a buffer that is looked at
twice counts twice, as `explain (buffers)` counts.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import asyncpg
import orjson

from benchmarks.million import Life
from benchmarks.results import Result
from services.indicators.app import IndicatorsProcessor
from youthcare.runtime.processing import Record
from youthcare.runtime.topics import TRAJECTORY_FACTS, youth_key
from youthcare.wire import to_wire
from youthcare.youthfacts import YouthFacts

FACTS_AT_ONCE = 200
_COUNTS = """
select sum(n_tup_ins + n_tup_upd + n_tup_del)::bigint as written,
       sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::bigint as read,
       sum(coalesce(heap_blks_hit, 0) + coalesce(heap_blks_read, 0) + coalesce(idx_blks_hit, 0)
           + coalesce(idx_blks_read, 0) + coalesce(toast_blks_hit, 0) + coalesce(toast_blks_read, 0)
           + coalesce(tidx_blks_hit, 0) + coalesce(tidx_blks_read, 0))::bigint as buffers
from pg_stat_user_tables join pg_statio_user_tables using (relid, schemaname, relname)
where schemaname = current_schema()
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """What a statement cost."""

    written: int
    read: int
    buffers: int
    milliseconds: float


async def touched_by_turns(
    few: asyncpg.Connection, many: asyncpg.Connection, lived: Sequence[Life], municipality: str
) -> tuple[list[Touched], list[Touched]]:
    """The cost of the last facts of each youth in both logs; the order changes from youth to youth."""
    found: dict[asyncpg.Connection, list[Touched]] = {few: [], many: []}
    for number, life in enumerate(lived):
        facts = _named(life.facts, municipality, f"touched-{number}")
        turns = (few, many) if number % 2 else (many, few)
        for connection in turns:
            await fold(connection, facts[:-1])
        for connection in turns:
            found[connection].append(await _touched(connection, facts[-1]))
    return found[few], found[many]


async def _touched(connection: asyncpg.Connection, facts: YouthFacts) -> Touched:
    before = await _counts(connection)
    began = time.perf_counter()
    await fold(connection, [facts])
    milliseconds = (time.perf_counter() - began) * 1000
    after = await _counts(connection)
    return Touched(**{name: after[name] - before[name] for name in after}, milliseconds=milliseconds)


async def _counts(connection: asyncpg.Connection) -> Mapping[str, int]:
    # Counts are kept back for a second unless asked for, and read once per transaction unless forgotten.
    await connection.execute("select pg_stat_force_next_flush()")
    await connection.execute("select pg_stat_clear_snapshot()")
    return dict(await connection.fetchrow(_COUNTS) or {})


async def fold(connection: asyncpg.Connection, told: Sequence[YouthFacts]) -> None:
    """Fold facts in one transaction, as the engine does."""
    batch = [
        Record(
            topic=TRAJECTORY_FACTS.name,
            partition=0,
            offset=0,
            key=youth_key(facts.municipality, facts.youth),
            value=orjson.dumps(to_wire(facts)),
            timestamp_ms=0,
        )
        for facts in told
    ]
    async with connection.transaction():
        await IndicatorsProcessor().fold(connection, batch)


def _named(told: Sequence[YouthFacts], municipality: str, youth: str) -> list[YouthFacts]:
    return [replace(facts, municipality=municipality, youth=youth) for facts in told]


def told_of(few: Sequence[Touched], many: Sequence[Touched], names: tuple[str, str]) -> list[Result]:
    """The rows of both, those of many beside those of few; ratios are of medians, of times the median of ratios."""
    rows: list[Result] = []
    for field, name, unit in _TOLD:
        runs = [[float(getattr(each, field)) for each in cost] for cost in (few, many)]
        peer = Result(name=f"{name} per statement, {names[0]}", unit=unit, runs=runs[0])
        rows += [peer, Result(name=f"{name} per statement, {names[1]}", unit=unit, runs=runs[1], peer=peer.value)]
    pairs = [each.milliseconds / other.milliseconds for each, other in zip(many, few, strict=True)]
    return [*rows, Result(name="time beside few, statement by statement", unit="ratio", runs=pairs)]


_TOLD = (
    ("written", "rows written", "rows"),
    ("read", "rows read", "rows"),
    ("buffers", "buffers touched", "buffers"),
    ("milliseconds", "time", "ms"),
)


async def facts_per_second(connection: asyncpg.Connection, lived: Sequence[Life], municipality: str) -> list[Result]:
    """Facts per second through the fold, a batch per run, and the processor time of this process per fact."""
    told = [
        facts for number, life in enumerate(lived) for facts in _named(life.facts, municipality, f"folded-{number}")
    ]
    rates, cpu = [], []
    for start in range(0, len(told), FACTS_AT_ONCE):
        part = told[start : start + FACTS_AT_ONCE]
        began, used = time.perf_counter(), time.process_time()
        await fold(connection, part)
        rates.append(len(part) / (time.perf_counter() - began))
        cpu.append((time.process_time() - used) * 1000 / len(part))
    return [
        Result(name=f"facts folded, {FACTS_AT_ONCE} at once", unit="facts/s", runs=rates),
        Result(name="processor time of the fold", unit="ms/fact", runs=cpu),
    ]
