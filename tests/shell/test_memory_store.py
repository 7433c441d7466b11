"""The tables in memory of the fault simulation keep the contract of PostgreSQL: the same cases on both.

Rules. The same batches, sweeps and acts leave the same rows in every table and tell the same; transactions, locks and
ended sessions behave alike. So what the simulation finds on tables in memory holds on PostgreSQL.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from services.alerts import outbox
from services.alerts.acts import Acknowledge, Act, Assign, Close, Note, Outcome, Snooze
from services.alerts.app import AlertsProcessor, sweep
from services.alerts.store.acting import ActRefused, NoSuchAlert, act
from services.alerts.store.judging import judge_again
from services.alerts.store.reading import lock_municipalities
from services.alerts.store.sweep_days import accept_day
from services.indicators.app import IndicatorsProcessor
from services.trajectory.app import TrajectoryProcessor
from services.trajectory.store import statement_body
from tests import builders
from tests.alert_norms import only
from tests.simulation.feed import POISON, statements_of
from tests.simulation.tables import Database, MemoryPool
from tests.simulation.town import norms, rules
from youthcare.events import Statement
from youthcare.runtime import progress
from youthcare.runtime.batch import apply_batch
from youthcare.runtime.local.stack import Stack
from youthcare.runtime.postgres import apply_schema, open_pool, unavailable_as_such
from youthcare.runtime.processing import Batch, Outgoing, Processor, Record, TopicIdentity, Unavailable
from youthcare.runtime.progress import PROGRESS_TABLE
from youthcare.runtime.settings import DatabaseSettings
from youthcare.runtime.topics import INDICATION_EVENTS, TRAJECTORY_FACTS, marker_key, statement_key
from youthcare.wire import statement_from_wire

NOON = datetime(2024, 11, 4, 12, tzinfo=UTC)
TABLES = {
    "trajectory": ("youth", "statement", "refused_record", "forgotten"),
    "alerts": (
        "youth_state", "alert", "alert_step", "alert_event", "forgotten_event", "last_number", "sender_day",
        "sweep_day", "refused_record", "norms_revision",
    ),
    "indicators": ("youth_state", "youth_layer", "step", "refused_record", "erasure"),
}  # fmt: skip


@dataclass(slots=True)
class Published:
    """A publisher that keeps what it was given."""

    messages: list[Outgoing]

    async def produce(self, messages: Sequence[Outgoing]) -> None:
        """Keep it."""
        self.messages += messages

    async def flush(self, _delivery: None) -> None:
        """It is kept."""

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        """Keep it."""
        self.messages += messages


@dataclass(slots=True)
class Side:
    """One of the two: a pool, and how a session of it is ended from outside."""

    pool: Any
    end: Callable[[Any], Awaitable[None]]


async def postgres(stack: Stack, service: str) -> Side:
    """The real one."""
    pool = await open_pool(DatabaseSettings(dsn=stack.dsn(service)), "contract", all_municipalities=True)

    async def end(connection: Any) -> None:
        number = await connection.fetchval("select pg_backend_pid()")
        async with pool.acquire() as other:
            await other.execute("select pg_terminate_backend($1)", number)

    return Side(pool, end)


def memory() -> Side:
    """The one of the simulation."""

    async def end(connection: Any) -> None:
        connection.session.end()

    return Side(MemoryPool(Database()), end)


async def rows_of(side: Side, table: str, municipality: str) -> list[str]:
    """The rows of a table about one municipality, in an order that depends on nothing but them."""
    if isinstance(side.pool, MemoryPool):
        found = [row for row in side.pool.database.tables[table].values() if row["municipality"] == municipality]
    else:
        found = [
            dict(row) for row in await side.pool.fetch(f"select * from {table} where municipality = $1", municipality)
        ]
    # Sorted at every depth: jsonb has an order of keys of its own.
    return sorted(orjson.dumps(row, default=repr, option=orjson.OPT_SORT_KEYS).decode() for row in found)


async def require_same(one: Side, other: Side, service: str, municipality: str) -> None:
    """Every table holds the same rows on both sides."""
    for table in TABLES[service]:
        rows, others = await rows_of(one, table, municipality), await rows_of(other, table, municipality)
        differing = sorted(set(rows) ^ set(others))
        assert not differing, "\n".join([table, *differing])
        assert len(rows) == len(others), table


def told_of(dice: random.Random, municipality: str) -> list[tuple[bytes, bytes | None]]:
    """Keys and values in any order: statements, repeats, poison, a wish, tombstones, what comes late, a marker."""
    youths = [f"{name}{municipality}" for name in ("anna", "bram", "coen")]
    rows = [
        row
        for youth in youths
        for row in statements_of(dice, youth, [each for each in youths if each != youth], municipality)
    ]
    rows += dice.sample(rows, len(rows) // 3)
    dice.shuffle(rows)
    gone, then, left = youths
    told: list[tuple[bytes, bytes | None]] = [(_key(row), statement_body(row)) for row in rows]
    told += _forgotten(rows, gone, then, municipality)
    if dice.random() < 0.5:
        told += _forgotten(rows, then, left, municipality)
    told += [(f"{municipality}/x/y/z".encode(), each) for each in POISON]
    late = [(_key(row), statement_body(row)) for row in dice.sample(rows, 4)]
    return [*told, *late, (statement_key(municipality, gone, "forgotten", "again"), None), (marker_key(0), None)]


def _forgotten(
    rows: Sequence[Statement], gone: str, into: str, municipality: str
) -> Iterator[tuple[bytes, bytes | None]]:
    """A merge and a wish, and then tombstones for all of the youth."""
    merge = builders.merged(into=into, youth=gone, municipality=municipality, id=f"m-{gone}")
    wish = builders.forgotten(youth=gone, municipality=municipality, id=f"w-{gone}")
    last = [statement_from_wire(each) for each in (merge, wish)]
    yield from ((_key(row), statement_body(row)) for row in last)
    yield from ((_key(row), None) for row in (*rows, *last) if row.youth == gone)


def _key(row: Statement) -> bytes:
    return statement_key(row.municipality, row.youth, row.source, row.id)


def batches(dice: random.Random, topic: str, told: Sequence[tuple[bytes, bytes | None]]) -> list[Batch]:
    """Records in batches of one to six, each batch now and then twice."""
    identity = TopicIdentity(name=topic, topic_id="1", partition_count=12)
    records = [
        Record(topic=topic, partition=0, offset=offset, key=key, value=value, timestamp_ms=offset)
        for offset, (key, value) in enumerate(told)
    ]
    made = []
    while records:
        size = dice.randint(1, 6)
        made += [Batch(identity=identity, records=records[:size])] * dice.choice((1, 1, 1, 2))
        records = records[size:]
    return made


async def apply(side: Side, processor: Processor, batch: Batch) -> list[Outgoing]:
    """One batch by the engine; what was told."""
    published = Published([])
    await apply_batch(side.pool, published, processor, batch)  # type: ignore[arg-type]
    return sorted(published.messages, key=lambda each: (each.key, each.value or b""))


async def facts_told(dice: random.Random, municipality: str) -> list[tuple[bytes, bytes | None]]:
    """What the trajectory service tells in such a case."""
    side = memory()
    processor = TrajectoryProcessor(rules())
    told: list[Outgoing] = []
    for batch in batches(dice, INDICATION_EVENTS.name, told_of(dice, municipality)):
        told += await apply(side, processor, batch)
    return [(each.key, each.value) for each in told]


@pytest.fixture
async def sides(stack: Stack, request: pytest.FixtureRequest) -> AsyncIterator[tuple[Side, Side]]:
    """Both, for the service that the test names."""
    real = await postgres(stack, request.param)
    yield real, memory()
    await real.pool.close()


def named(service: str) -> pytest.MarkDecorator:
    """Which service a test is about."""
    return pytest.mark.parametrize("sides", [service], indirect=True)


@named("trajectory")
@pytest.mark.parametrize("seed", range(6))
async def test_the_same_statements_leave_the_same_ledgers(
    sides: tuple[Side, Side], municipality: str, seed: int
) -> None:
    """Ledgers, facts, refusals and who is forgotten, after every batch; and the same is told."""
    dice = random.Random(seed)
    processor = TrajectoryProcessor(rules(), name=f"trajectory-{municipality}")
    for side in sides:
        await apply_schema(side.pool, PROGRESS_TABLE)
        await processor.prepare(side.pool)

    for batch in batches(dice, INDICATION_EVENTS.name, told_of(dice, municipality)):
        one, other = [await apply(side, processor, batch) for side in sides]

        assert one == other
        await require_same(*sides, "trajectory", municipality)


@named("indicators")
@pytest.mark.parametrize("seed", range(3))
async def test_the_same_facts_leave_the_same_figures(sides: tuple[Side, Side], municipality: str, seed: int) -> None:
    """Layers, sums, refusals and the count of the erased, after every batch."""
    dice = random.Random(seed)
    processor = IndicatorsProcessor(name=f"indicators-{municipality}")
    for side in sides:
        await apply_schema(side.pool, PROGRESS_TABLE)
        await processor.prepare(side.pool)

    for batch in batches(dice, TRAJECTORY_FACTS.name, await facts_told(dice, municipality)):
        for side in sides:
            await apply(side, processor, batch)

        await require_same(*sides, "indicators", municipality)


@named("alerts")
@pytest.mark.parametrize("seed", range(4))
async def test_the_same_facts_days_and_acts_leave_the_same_alerts(
    sides: tuple[Side, Side], municipality: str, seed: int
) -> None:
    """Alerts, their history, what is told and published, after every batch, sweep, judging and act."""
    dice = random.Random(seed)
    now = [NOON]
    processor = AlertsProcessor(norms(), clock=lambda: now[0], name=f"alerts-{municipality}")
    for side in sides:
        await apply_schema(side.pool, PROGRESS_TABLE)
        await processor.prepare(side.pool)

    async with only(sides[0].pool, norms()):
        for batch in batches(dice, TRAJECTORY_FACTS.name, await facts_told(dice, municipality)):
            for side in sides:
                await apply(side, processor, batch)
            await require_same(*sides, "alerts", municipality)
            now[0] += timedelta(days=dice.choice((0, 1, 3, 9, 40)))
            await _beside(sides, dice, municipality, now[0])
            await require_same(*sides, "alerts", municipality)


async def _beside(sides: Sequence[Side], dice: random.Random, municipality: str, now: datetime) -> None:
    """What runs beside the stream and what people do, on both sides alike."""
    accepts, number = dice.random() < 0.5, dice.randint(1, 12)
    acts: tuple[Act, ...] = (
        Acknowledge(), Snooze(until=now.date() + timedelta(days=2)), Snooze(), Assign(to="A. de Vries"),
        Note(text="gebeld"), Close(outcome=Outcome.ACTED),
    )  # fmt: skip
    chosen = dice.choice(acts)
    for side in sides:
        async with side.pool.acquire() as connection:
            if accepts:
                await accept_day(connection, now.date(), municipality)
            await sweep(connection, now)
            await judge_again(connection, now)
            try:
                async with connection.transaction():
                    await act(connection, municipality, number, chosen, "wijkteam", now)
            except (ActRefused, NoSuchAlert):
                pass
        while await outbox.publish_pending(side.pool, Published([]), lambda: now):  # type: ignore[arg-type]
            pass


# Transactions, locks and sessions: each case on one side, then on the other.

BOTH = pytest.mark.parametrize("kind", ["postgres", "memory"])


@pytest.fixture
async def side(stack: Stack, kind: str) -> AsyncIterator[Side]:
    """One of the two."""
    made = memory() if kind == "memory" else await postgres(stack, "alerts")
    await apply_schema(made.pool, PROGRESS_TABLE)
    await AlertsProcessor(norms()).prepare(made.pool)
    yield made
    await made.pool.close()


def at(municipality: str, *offsets: int) -> Batch:
    """A batch of one partition of a topic of the test's own."""
    identity = TopicIdentity(name=f"topic-{municipality}", topic_id="1", partition_count=12)
    records = [
        Record(topic=identity.name, partition=0, offset=each, key=None, value=None, timestamp_ms=1) for each in offsets
    ]
    return Batch(identity=identity, records=records)


async def position(side: Side, municipality: str) -> int:
    """The committed position of that partition; 0 without one."""
    async with side.pool.acquire() as connection:
        found = await progress.read_positions(connection, "contract", at(municipality, 0).identity)
    return found[0].next_offset if found else 0


async def moved(side: Side, municipality: str, offset: int) -> None:
    """Lock the position and move past an offset."""
    async with side.pool.acquire() as connection, connection.transaction():
        await progress.lock_positions(connection, "contract", at(municipality, offset))
        await progress.advance(connection, "contract", at(municipality, offset))


async def is_waiting(task: asyncio.Task[Any]) -> bool:
    """Whether it still waits after it had the time to do otherwise."""
    await asyncio.wait({task}, timeout=0.3)
    return not task.done()


@BOTH
async def test_what_is_not_committed_nobody_else_sees(side: Side, municipality: str) -> None:
    """And a transaction that is taken back leaves nothing."""
    seen = []

    async def taken_back() -> None:
        async with side.pool.acquire() as connection, connection.transaction():
            await progress.lock_positions(connection, "contract", at(municipality, 4))
            await progress.advance(connection, "contract", at(municipality, 4))
            seen.append(await position(side, municipality))
            raise LookupError

    with pytest.raises(LookupError):
        await taken_back()

    assert seen == [0]
    assert await position(side, municipality) == 0


@BOTH
async def test_who_comes_second_waits_and_sees_the_newer_row(side: Side, municipality: str) -> None:
    """A position that is locked is waited for, and then stands where the first has left it."""
    await moved(side, municipality, 0)
    async with side.pool.acquire() as connection, connection.transaction():
        await progress.lock_positions(connection, "contract", at(municipality, 5))
        second = asyncio.create_task(moved(side, municipality, 3))
        assert await is_waiting(second)
        await progress.advance(connection, "contract", at(municipality, 5))

    await asyncio.wait_for(second, 10)
    assert await position(side, municipality) == 6


@BOTH
async def test_a_row_that_another_makes_is_waited_for(side: Side, municipality: str) -> None:
    """`on conflict do nothing` waits until it is known whether there is a conflict."""
    async with side.pool.acquire() as connection, connection.transaction():
        await progress.register_partitions(connection, "contract", at(municipality, 0).identity, {0: 7})
        second = asyncio.create_task(moved(side, municipality, 3))
        assert await is_waiting(second)

    await asyncio.wait_for(second, 10)
    assert await position(side, municipality) == 7


@BOTH
async def test_a_lock_of_a_municipality_is_held_until_the_transaction_ends(side: Side, municipality: str) -> None:
    """Two that change alerts of one municipality are one after the other."""

    async def lock() -> None:
        async with side.pool.acquire() as connection, connection.transaction():
            await lock_municipalities(connection, [municipality])

    async with side.pool.acquire() as connection, connection.transaction():
        await lock_municipalities(connection, [municipality])
        second = asyncio.create_task(lock())
        assert await is_waiting(second)

    await asyncio.wait_for(second, 10)


@BOTH
async def test_of_two_that_wait_for_each_other_one_is_unavailable(side: Side, municipality: str) -> None:
    """The other goes on."""
    other_one = str(int(municipality) + 5000)
    met = asyncio.Barrier(2)

    async def lock(first: str, second: str) -> None:
        with unavailable_as_such():
            async with side.pool.acquire() as connection, connection.transaction():
                await lock_municipalities(connection, [first])
                await met.wait()
                await lock_municipalities(connection, [second])

    ends = await asyncio.gather(lock(municipality, other_one), lock(other_one, municipality), return_exceptions=True)

    assert [type(each) for each in ends if each is not None] == [Unavailable]


@BOTH
async def test_an_ended_session_keeps_nothing_and_lets_go(side: Side, municipality: str) -> None:
    """What it wrote is gone, its locks are free, and it says that it has ended."""

    async def ended() -> None:
        with unavailable_as_such():
            async with side.pool.acquire() as connection, connection.transaction():
                await progress.lock_positions(connection, "contract", at(municipality, 4))
                await progress.advance(connection, "contract", at(municipality, 4))
                await side.end(connection)
                await asyncio.wait_for(moved(side, municipality, 1), 10)
                await progress.advance(connection, "contract", at(municipality, 4))

    with pytest.raises(Unavailable):
        await ended()

    assert await position(side, municipality) == 2
