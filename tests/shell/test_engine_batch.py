"""One batch, one transaction, against a real Postgres and a real broker."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # public, but not listed as such
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)

from tests.chaos.empty_processor import EmptyProcessor, Plan
from tests.chaos.workers import make_topics
from youthcare.runtime import progress
from youthcare.runtime.batch import apply_batch, patiently
from youthcare.runtime.brokers import Inspector, client_config
from youthcare.runtime.bulk import run_bulk
from youthcare.runtime.gap_guard import GapGuard
from youthcare.runtime.kafka import prepare
from youthcare.runtime.local.stack import Stack
from youthcare.runtime.postgres import (
    Connection,
    Pool,
    apply_schema,
    as_municipality,
    municipality_policy,
    open_pool,
    unavailable_as_such,
)
from youthcare.runtime.processing import (
    POINTS,
    Batch,
    Broken,
    Outgoing,
    Point,
    Record,
    Skipped,
    TopicIdentity,
    Unavailable,
    WrongTopic,
)
from youthcare.runtime.producing import Publisher


@pytest.fixture
def plan(stack: Stack) -> Plan:
    made = Plan(bootstrap_servers=stack.bootstrap_servers, dsn=stack.dsn("trajectory"), run=uuid.uuid4().hex[:8])
    make_topics(made)
    return made


@pytest.fixture
async def pool(plan: Plan) -> AsyncIterator[Pool]:
    opened = await open_pool(plan.worker_settings().database, "test", all_municipalities=True)
    yield opened
    await opened.close()


@pytest.fixture
async def identity(plan: Plan, pool: Pool) -> TopicIdentity:
    return await prepare(EmptyProcessor(plan), pool, Inspector(plan.worker_settings().broker))


def batch(identity: TopicIdentity, *places: tuple[int, int]) -> Batch:
    """Records at (partition, offset), each with an id of its own."""
    records = [
        Record(
            topic=identity.name,
            partition=partition,
            offset=offset,
            key=None,
            value=f"{partition}-{offset}".encode(),
            timestamp_ms=0,
        )
        for partition, offset in places
    ]
    return Batch(identity=identity, records=records)


async def state(pool: Pool, plan: Plan, identity: TopicIdentity) -> tuple[set[str], dict[int, int]]:
    """The ids in the table and the positions that are not at the start."""
    async with pool.acquire() as connection:
        ids = {row["id"] for row in await connection.fetch(f"select id from {plan.table()}")}
        found = await progress.read_positions(connection, plan.processor_name(), identity)
    return ids, {each: found[each].next_offset for each in found if found[each].next_offset > 0}


async def test_state_and_position_move_together(plan: Plan, pool: Pool, identity: TopicIdentity) -> None:
    """After a batch both are there, and each named point was passed in its order."""
    passed: list[Point] = []

    await apply_batch(
        pool,
        Publisher(plan.worker_settings().broker),
        EmptyProcessor(plan),
        batch(identity, (0, 0), (3, 0), (3, 1)),
        passed.append,
    )

    assert await state(pool, plan, identity) == ({"0-0", "3-0", "3-1"}, {0: 1, 3: 2})
    assert tuple(passed) == POINTS[:4]


async def test_a_position_never_goes_back(plan: Plan, pool: Pool, identity: TopicIdentity) -> None:
    """Records that come again are folded again and change nothing."""
    publisher, processor = Publisher(plan.worker_settings().broker), EmptyProcessor(plan)

    await apply_batch(pool, publisher, processor, batch(identity, (0, 0), (0, 1), (0, 2)))
    await apply_batch(pool, publisher, processor, batch(identity, (0, 0)))

    assert await state(pool, plan, identity) == ({"0-0", "0-1", "0-2"}, {0: 3})


class Once(EmptyProcessor):
    """Keeps what a later record may take away; notes what it is given."""

    folds_repeats = False

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self.given: list[int] = []

    async def fold(self, connection: Connection, batch: Sequence[Record]) -> Sequence[Outgoing]:
        """Note the offsets."""
        self.given += [record.offset for record in batch]
        return await super().fold(connection, batch)


async def test_who_can_take_back_is_not_given_again_what_lies_below_its_position(
    plan: Plan, pool: Pool, identity: TopicIdentity
) -> None:
    """A reader that comes back to before an erasure would have the erased again."""
    publisher, processor = Publisher(plan.worker_settings().broker), Once(plan)

    await apply_batch(pool, publisher, processor, batch(identity, (0, 0), (0, 1)))
    await apply_batch(pool, publisher, processor, batch(identity, (0, 0), (0, 1), (0, 2)))

    assert processor.given == [0, 1, 2]


class Failing(EmptyProcessor):
    """Writes and then raises."""

    async def fold(self, connection: Connection, batch: Sequence[Record]) -> Sequence[Outgoing]:
        """Write, then raise."""
        await super().fold(connection, batch)
        raise LookupError("a bug")


async def test_a_fold_that_raises_leaves_nothing(plan: Plan, pool: Pool, identity: TopicIdentity) -> None:
    """The transaction takes state and position back together."""
    with pytest.raises(LookupError):
        await apply_batch(pool, Publisher(plan.worker_settings().broker), Failing(plan), batch(identity, (0, 0)))

    assert await state(pool, plan, identity) == (set(), {})


class ToNowhere(EmptyProcessor):
    """Publishes to a topic that is not there."""

    async def fold(self, connection: Connection, batch: Sequence[Record]) -> Sequence[Outgoing]:
        """Write, and publish where nothing can be published."""
        published = await super().fold(connection, batch)
        return [replace(each, topic="no-such-topic") for each in published]


async def test_what_cannot_be_published_is_not_kept(plan: Plan, pool: Pool, identity: TopicIdentity) -> None:
    """A delivery that fails is `Unavailable`, and state and position stay as they were."""
    with pytest.raises(Unavailable):
        await apply_batch(pool, Publisher(plan.worker_settings().broker), ToNowhere(plan), batch(identity, (0, 0)))

    assert await state(pool, plan, identity) == (set(), {})


@pytest.mark.parametrize("changed", [{"topic_id": "another"}, {"partition_count": 6}])
async def test_another_topic_of_the_same_name_stops_with_an_instruction(
    plan: Plan, pool: Pool, identity: TopicIdentity, changed: dict[str, str]
) -> None:
    """An empty new Kafka under old tables is not read as if it were the old one."""
    other = replace(identity, **changed)  # type: ignore[arg-type]

    with pytest.raises(WrongTopic, match="topics accept"):
        await apply_batch(pool, Publisher(plan.worker_settings().broker), EmptyProcessor(plan), batch(other, (0, 0)))


async def test_a_second_worker_waits_for_the_lock_of_a_partition(
    plan: Plan, pool: Pool, identity: TopicIdentity
) -> None:
    """Two batches of one partition are one after the other; of other partitions they are not."""
    publisher, processor = Publisher(plan.worker_settings().broker), EmptyProcessor(plan)
    async with pool.acquire() as connection, connection.transaction():
        await progress.lock_positions(connection, processor.name, batch(identity, (0, 0)))
        waiting = asyncio.create_task(apply_batch(pool, publisher, processor, batch(identity, (0, 0))))
        await apply_batch(pool, publisher, processor, batch(identity, (1, 0)))

        assert not waiting.done()
    await asyncio.wait_for(waiting, 10)

    assert (await state(pool, plan, identity))[1] == {0: 1, 1: 1}


async def test_offsets_that_our_reader_skipped_are_noticed(plan: Plan, pool: Pool, identity: TopicIdentity) -> None:
    """The broker holds what did not come: the batch is not applied, and the restart reads from the position."""
    broker = plan.worker_settings().broker
    publisher, processor = Publisher(broker), EmptyProcessor(plan)
    await publisher.publish([Outgoing(topic=identity.name, key=b"k", value=b"v", partition=0) for _ in range(3)])
    now_ms = 4_000_000_000_000
    skipping = [replace(each, timestamp_ms=now_ms) for each in batch(identity, (0, 2)).records]

    with pytest.raises(Skipped):
        await apply_batch(
            pool,
            publisher,
            processor,
            Batch(identity=identity, records=skipping),
            guard=GapGuard(processor, Inspector(broker)),
        )
    assert await state(pool, plan, identity) == (set(), {})


async def test_what_the_broker_may_have_compacted_is_no_loss(plan: Plan, pool: Pool, identity: TopicIdentity) -> None:
    """Two minutes behind: a loss where the broker leaves records for a day, and its cleaning where it does for one."""
    broker = plan.worker_settings().broker
    publisher, processor, admin = Publisher(broker), EmptyProcessor(plan), AdminClient(client_config(broker))
    await publisher.publish([Outgoing(topic=identity.name, key=b"k", value=b"v", partition=0) for _ in range(3)])
    guard = GapGuard(processor, Inspector(broker))
    first, _, last = batch(identity, (0, 0), (0, 1), (0, 2)).records
    now_ms = time.time_ns() // 1_000_000
    before = Batch(identity=identity, records=[replace(first, timestamp_ms=now_ms - 120_000)])
    after = Batch(identity=identity, records=[replace(last, timestamp_ms=now_ms)])
    await apply_batch(pool, publisher, processor, before, guard=guard)
    admin.delete_records([TopicPartition(identity.name, 0, 2)])[TopicPartition(identity.name, 0, 2)].result(10)

    compacted_after(admin, identity.name, 86_400_000)
    with pytest.raises(Broken):
        await apply_batch(pool, publisher, processor, after, guard=guard)
    compacted_after(admin, identity.name, 60_000)
    await apply_batch(pool, publisher, processor, after, guard=guard)

    assert (await state(pool, plan, identity))[1] == {0: 3}


def compacted_after(admin: AdminClient, topic: str, milliseconds: int) -> None:
    """Let the broker compact a topic, and leave what is younger."""
    settings = {"cleanup.policy": "compact,delete", "min.compaction.lag.ms": str(milliseconds)}
    entries = [
        ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET) for name, value in settings.items()
    ]
    wanted = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=entries)
    admin.incremental_alter_configs([wanted])[wanted].result(10)


async def test_bulk_reads_all_that_was_there_and_may_be_repeated(
    plan: Plan, pool: Pool, identity: TopicIdentity
) -> None:
    """The same step as live: a second run from the start changes nothing, one that goes on reads nothing."""
    sent = {f"id-{number}" for number in range(2500)}
    publisher = Publisher(plan.worker_settings().broker)
    await publisher.publish([Outgoing(topic=identity.name, key=each.encode(), value=each.encode()) for each in sent])
    told: list[tuple[int, int]] = []

    counts = [
        await run_bulk(EmptyProcessor(plan), plan.worker_settings(), tell=lambda *args: told.append(args)),
        await run_bulk(EmptyProcessor(plan), plan.worker_settings()),
        await run_bulk(EmptyProcessor(plan), plan.worker_settings(), from_start=False),
    ]

    ids, positions = await state(pool, plan, identity)
    assert counts == [2500, 2500, 0]
    assert ids == sent
    assert sum(positions.values()) == 2500
    assert told[-1] == (2500, 2500)


async def test_a_municipality_sees_and_writes_its_own_rows_only(pool: Pool, plan: Plan) -> None:
    """Row-level security binds the owner too; a session that names no municipality sees nothing (design.md §4)."""
    table = f"rows_{plan.run.translate(str.maketrans('0123456789', 'ghijklmnop'))}"
    await apply_schema(
        pool,
        f"create table if not exists {table} (municipality text, youth text);" + municipality_policy(table),
    )
    bare = await open_pool(plan.worker_settings().database, "api")
    async with pool.acquire() as worker, bare.acquire() as api:
        await worker.execute(f"insert into {table} values ('0153', 'y'), ('0141', 'y')")
        seen = {"worker": await worker.fetch(f"select municipality from {table}")}
        seen["nobody"] = await api.fetch(f"select municipality from {table}")
        async with as_municipality(api, "0153"):
            seen["0153"] = await api.fetch(f"select municipality from {table}")
            changed = await api.execute(f"update {table} set youth = 'z' where municipality = '0141'")
        after = await api.fetch(f"select municipality from {table}")
        with pytest.raises(Exception, match="row-level security"):
            async with as_municipality(api, "0153"):
                await api.execute(f"insert into {table} values ('0141', 'mine')")
    await bare.close()

    assert {name: sorted(row[0] for row in rows) for name, rows in seen.items()} == {
        "worker": ["0141", "0153"],
        "nobody": [],
        "0153": ["0153"],
    }
    assert changed == "UPDATE 0"
    assert list(after) == []


@pytest.mark.parametrize("municipality", ["*", "", "153", "0153'", "٠١٥٣"])
async def test_the_workers_wildcard_is_no_municipality(pool: Pool, municipality: str) -> None:
    """An API cannot be talked into seeing all."""
    async with pool.acquire() as connection:
        with pytest.raises(ValueError, match="four digits"):
            async with as_municipality(connection, municipality):
                raise AssertionError("went in")


async def test_tables_made_by_many_processes_at_once_are_made_once(pool: Pool, plan: Plan) -> None:
    """`create table if not exists` alone fails in a race; the advisory lock orders them."""
    ddl = f"create table if not exists at_once_{plan.run} (id text primary key)"

    await asyncio.gather(*(apply_schema(pool, ddl) for _ in range(8)))

    async with pool.acquire() as connection:
        assert await connection.fetchval(f"select count(*) from at_once_{plan.run}") == 0


async def test_a_session_that_the_server_ended_is_unavailable(pool: Pool) -> None:
    """A restart of Postgres is waited for, not died of."""

    async def cut() -> None:
        async with pool.acquire() as connection:
            await connection.execute("select pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(Unavailable), unavailable_as_such():
        await cut()


async def test_a_session_that_was_ended_while_it_was_idle_is_unavailable(pool: Pool, plan: Plan) -> None:
    """As after a freeze: the server's last word is read when the next statement is sent."""
    observer = await open_pool(plan.worker_settings().database, "observer")

    async def woken() -> None:
        async with pool.acquire() as connection, connection.transaction():
            process = await connection.fetchval("select pg_backend_pid()")
            await observer.execute("select pg_terminate_backend($1)", process)
            ended = "select count(*) from pg_stat_activity where pid = $1"
            while await observer.fetchval(ended, process):
                pass
            await connection.execute("select 1")

    for _ in range(5):
        with pytest.raises(Unavailable), unavailable_as_such():
            await woken()
    await observer.close()


async def test_patience_waits_out_an_outage_and_ends(pool: Pool) -> None:
    """Tried again until it works, and for no longer than the set time; each failure is told."""
    heard: list[bool] = []
    failures = [Unavailable("away")] * 2

    async def step() -> None:
        if failures:
            raise failures.pop()

    async def never() -> None:
        raise Unavailable("away")

    await patiently(step, 10, lambda away: heard.append(away is not None))
    assert heard == [True, True, False]

    with pytest.raises(Unavailable):
        await patiently(never, 0.5, lambda _away: None)
