"""The trajectory service on a real Postgres and broker: statements in, the facts that replay gives out."""

from __future__ import annotations

import asyncio
import itertools
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.trajectory.app import TrajectoryProcessor, shipped_rules
from services.trajectory.store import statement_body
from tests import builders, strategies
from tests.builders import OTHER_YOUTH, YOUTH
from tests.chaos.trajectories import differing, facts_table, make_topics, told_layers
from tests.chaos.trajectory_pair import working
from tests.chaos.trajectory_worker import Plan
from tests.stack import new_municipality
from youthcare.cli_replay import facts_lines, facts_of
from youthcare.events import Statement
from youthcare.runtime.batch import apply_batch
from youthcare.runtime.brokers import Inspector
from youthcare.runtime.kafka import prepare
from youthcare.runtime.local.stack import Stack
from youthcare.runtime.postgres import Pool, as_municipality, open_pool
from youthcare.runtime.processing import Batch, Outgoing, Record, TopicIdentity
from youthcare.runtime.producing import Publisher
from youthcare.runtime.topics import marker_key, partition_of, statement_key
from youthcare.wire import from_wire, statement_from_wire
from youthcare.youthfacts import RULES_REVISION, YouthFacts

ON = date(2024, 12, 31)
YOUTHS = tuple(f"youth{letter}" for letter in "abcde")
_offsets = itertools.count()


@dataclass(slots=True)
class Shop:
    """A processor with its tables, topics and connection, and the loop that they live in."""

    runner: asyncio.Runner
    plan: Plan
    pool: Pool
    processor: TrajectoryProcessor
    publisher: Publisher
    identity: TopicIdentity

    def apply(self, statements: Sequence[Statement], size: int = 1000) -> None:
        """Apply statements as the engine does, in batches of a size."""
        records = [record_of(row) for row in statements]
        for start in range(0, len(records), size):
            batch = Batch(identity=self.identity, records=records[start : start + size])
            self.runner.run(apply_batch(self.pool, self.publisher, self.processor, batch))

    def tell(self, *told: builders.Statement) -> list[YouthFacts]:
        """Fold statements as one batch and return the facts to be told, in their order."""
        return [facts_in(each) for each in self.fold([record_of(statement_from_wire(row)) for row in told])]

    def fold(self, batch: Sequence[Record]) -> Sequence[Outgoing]:
        """Fold records as one batch, commit, and return what is to be published."""
        return self.runner.run(self._fold(batch))

    async def _fold(self, batch: Sequence[Record]) -> Sequence[Outgoing]:
        async with self.pool.acquire() as connection, connection.transaction():
            return await self.processor.fold(connection, batch)

    def table(self, municipality: str) -> dict[str, YouthFacts]:
        """What the table holds of each youth of a municipality."""
        return facts_table(self.plan, municipality)

    def seen_by(self, municipality: str, table: str) -> int:
        """How many rows of a table the session of an API sees that serves a municipality."""
        return self.runner.run(self._seen_by(municipality, table))

    async def _seen_by(self, municipality: str, table: str) -> int:
        pool = await open_pool(self.plan.worker_settings().database, "test-api")
        async with pool.acquire() as connection, as_municipality(connection, municipality):
            seen = int(await connection.fetchval(f"select count(*) from {table}"))
        await pool.close()
        return seen


@pytest.fixture(scope="module")
def shop(stack: Stack) -> Iterator[Shop]:
    plan = Plan(bootstrap_servers=stack.bootstrap_servers, dsn=stack.dsn("trajectory"), run=uuid.uuid4().hex[:8])
    make_topics(plan)
    with asyncio.Runner() as runner:
        pool = runner.run(open_pool(plan.worker_settings().database, "test", all_municipalities=True))
        processor = plan.processor()
        broker = plan.worker_settings().broker
        identity = runner.run(prepare(processor, pool, Inspector(broker)))
        yield Shop(runner, plan, pool, processor, Publisher(broker), identity)
        runner.run(pool.close())


def record_of(row: Statement) -> Record:
    """A statement as the broker holds it."""
    return record(row.municipality, row.youth, statement_key(row.municipality, row.youth, row.source, row.id), row)


def record(municipality: str, youth: str, key: bytes, value: Statement | bytes) -> Record:
    """A record of a youth's partition."""
    return Record(
        topic="indication-events",
        partition=partition_of(municipality, youth),
        offset=next(_offsets),
        key=key,
        value=value if isinstance(value, bytes) else statement_body(value),
        timestamp_ms=0,
    )


def facts_in(message: Outgoing) -> YouthFacts:
    """The facts that a message tells."""
    return from_wire(YouthFacts, orjson.loads(message.value or b""))


def in_municipality(told: Sequence[builders.Statement], municipality: str) -> list[Statement]:
    """The same statements about youths of another municipality."""
    return [statement_from_wire({**row, "municipality": municipality}) for row in told]


def assert_equals_replay(shop: Shop, told: Sequence[Statement]) -> None:
    """The table holds the facts that replay gives, and the lines of `facts.jsonl` are the same."""
    replayed = facts_of(told, shipped_rules(), ON)
    # Whether something was mended belongs to a day of reception; replay tells of none.
    table = shop.table(told[0].municipality).values()
    kept = [replace(row, known_day=ON, corrects=False) for row in table if not row.gone]

    assert {row.youth: row for row in kept} == {row.youth: row for row in replayed}
    assert list(facts_lines(kept, ON)) == list(facts_lines(replayed, ON))


@given(data=st.data(), size=st.sampled_from((1, 2, 3, 7, 1000)))
@settings(max_examples=25)
def test_any_order_repetition_and_batch_size_leaves_what_replay_says(
    shop: Shop, data: st.DataObject, size: int
) -> None:
    """The live tables are a function of the set of statements (design.md §1)."""
    ledger = data.draw(strategies.ledgers())
    told = in_municipality(data.draw(strategies.shuffled(ledger)), new_municipality())

    shop.apply(told, size)

    assert_equals_replay(shop, told)


def merges() -> st.SearchStrategy[list[builders.Statement]]:
    """Something known of some of five youths, and up to five merges among them, chains and circles included."""
    names = st.sampled_from(YOUTHS)
    known = st.lists(names.map(lambda youth: builders.started(youth=youth, indication=f"of-{youth}", id=youth)))
    merged = st.lists(st.tuples(names, names, st.sampled_from(strategies.INSTANTS)), min_size=1, max_size=5)
    pairs = merged.map(
        lambda rows: [
            builders.merged(youth=youth, into=into, received=received, id=f"{youth}-into-{into}-{received}")
            for youth, into, received in rows
        ]
    )
    return st.tuples(known, pairs).flatmap(lambda parts: st.permutations([*parts[0], *parts[1]]))


@given(told=merges(), size=st.sampled_from((1, 2, 1000)))
@settings(max_examples=25)
def test_youths_merged_in_any_order_share_one_ledger(shop: Shop, told: list[builders.Statement], size: int) -> None:
    """Who belongs together follows from all merges, whichever batch brought them and whoever was head before."""
    statements = in_municipality(told, new_municipality())

    shop.apply(statements, size)

    assert_equals_replay(shop, statements)


@given(told=merges())
@settings(max_examples=25)
def test_what_is_told_of_a_youth_gets_a_higher_version_each_time(shop: Shop, told: list[builders.Statement]) -> None:
    """A reader that takes only newer versions never misses a change (design.md §4)."""
    newest: dict[str, tuple[int, int]] = {}
    known: dict[tuple[str, date], YouthFacts] = {}
    for row in in_municipality(told, new_municipality()):
        spoken = [facts_in(message) for message in shop.fold([record_of(row)])]
        for facts in spoken:
            before = known.get((facts.youth, facts.known_day), facts)
            changed = replace(facts, version=(0, 0)) != replace(before, version=(0, 0))
            assert facts.version >= newest.get(facts.youth, (0, 0))
            assert facts.version > before.version or not changed
            known[facts.youth, facts.known_day] = facts
        newest |= {facts.youth: facts.version for facts in spoken}


def test_a_late_statement_is_told_from_its_day_of_reception_on(shop: Shop, municipality: str) -> None:
    """Layers from that day on are told again, oldest first, and no earlier one (design.md §4)."""
    received = [
        builders.Envelope(municipality=municipality, received=f"2024-{day}T10:00:00Z")
        for day in ("02-01", "03-05", "03-20", "07-02")
    ]
    start = builders.started(**received[0])
    other = builders.started(indication="0153-2", first_day="2024-03-01", **received[1])
    late = builders.registered(**received[2])
    end = builders.ended(**received[3])

    first, second = shop.tell(start, other, end), shop.tell(late)

    days = [date(2024, 2, 1), date(2024, 3, 5), date(2024, 3, 20), date(2024, 7, 2)]
    assert [(facts.known_day, facts.version) for facts in first] == [
        (day, (RULES_REVISION, 3)) for day in (days[0], days[1], days[3])
    ]
    assert [(facts.known_day, facts.version) for facts in second] == [(day, (RULES_REVISION, 4)) for day in days[2:]]
    assert [len(facts.indications) for facts in first] == [1, 2, 2]
    assert all(facts.registrations for facts in second)


def test_a_repeated_statement_is_told_again_with_the_same_version(shop: Shop, municipality: str) -> None:
    """What a crash took away before it was published is told again (engine.md §1.3)."""
    start = builders.started(municipality=municipality)

    assert shop.tell(start) == shop.tell(start)


def test_a_youth_that_only_merges_name_is_told_as_gone_when_it_is_head_no_more(shop: Shop, municipality: str) -> None:
    """It was told as the head of a ledger; when that ledger moves on, nothing of it may stay behind."""
    shop.tell(
        builders.started(municipality=municipality, youth="youthc"),
        builders.merged(municipality=municipality, youth="youthc", into="youthb"),
    )
    assert not shop.table(municipality)["youthb"].gone

    shop.tell(builders.merged(municipality=municipality, youth="youthc", into="youtha"))

    assert {youth: facts.gone for youth, facts in shop.table(municipality).items()} == {
        "youtha": False,
        "youthb": True,
        "youthc": True,
    }


def test_what_is_no_statement_is_noted_by_its_place_and_the_rest_goes_on(shop: Shop, municipality: str) -> None:
    """Poison never blocks its partition; neither log nor table repeats its content."""
    start = statement_from_wire(builders.started(municipality=municipality))
    key = f"{municipality}/someone/source/1".encode()
    poison = [record(municipality, "x", key, value) for value in (b"{", b"[]", b"{}", b"\xff", b"null", b'{"id": 1}')]

    shop.fold([*poison, record_of(start)])

    assert list(shop.table(municipality)) == [start.youth]
    refused = shop.runner.run(
        shop.pool.fetch("select record_offset from refused_record where municipality = $1", municipality)
    )
    assert sorted(row[0] for row in refused) == [each.offset for each in poison]


def test_a_tombstone_is_passed_over(shop: Shop, municipality: str) -> None:
    """A record without a value takes nothing away: what erases is the statement `youth.forgotten`."""
    shop.tell(builders.started(municipality=municipality))
    before = shop.table(municipality)
    tombstone = replace(record(municipality, YOUTH, b"key", b""), value=None)

    assert shop.fold([tombstone]) == []
    assert shop.table(municipality) == before


def test_a_forgotten_youth_is_told_as_gone(shop: Shop, municipality: str) -> None:
    """After an erasure nothing is told of the youth but that it is gone (domain.md §2)."""
    shop.tell(builders.started(municipality=municipality))

    (facts,) = shop.tell(builders.forgotten(municipality=municipality, received="2024-08-01T10:00:00Z"))

    assert facts.gone
    assert not facts.indications
    assert shop.table(municipality)[YOUTH].gone


def wiping(row: builders.Statement) -> Record:
    """The record that wipes a statement from the log."""
    return replace(record_of(statement_from_wire(row)), value=None)


def rows_of(shop: Shop, municipality: str) -> list[int]:
    """How many youths and statements the tables hold of a municipality."""
    return [shop.seen_by(municipality, table) for table in ("youth", "statement")]


def test_a_youth_that_is_wiped_from_the_log_is_erased_and_does_not_come_back(shop: Shop, municipality: str) -> None:
    """Nothing stays but a digest; what is told of it late, the wish to be forgotten too, is passed over."""
    start = builders.started(municipality=municipality, received="2024-03-05T10:00:00Z")
    forget = builders.forgotten(municipality=municipality, received="2024-08-01T10:00:00Z")
    shop.tell(start, forget)

    (told,) = shop.fold([wiping(start)])

    assert (told.key.decode(), told.value) == (f"{municipality}/{YOUTH}", None)
    assert rows_of(shop, municipality) == [0, 0]
    assert shop.tell(start, forget, builders.ended(municipality=municipality)) == []
    assert shop.tell(builders.merged(municipality=municipality, youth=OTHER_YOUTH, into=YOUTH)) == []
    assert rows_of(shop, municipality) == [0, 0]
    assert [each.value for each in shop.fold([wiping(forget)])] == [None]
    held = shop.runner.run(
        shop.pool.fetch("select t::text as line from forgotten t where municipality = $1", municipality)
    )
    assert len(held) == 1
    assert YOUTH not in held[0]["line"]


def test_what_is_wiped_before_the_wish_is_heard_erases_nobody_yet(shop: Shop, municipality: str) -> None:
    """The last record to be wiped is the wish itself, so that one always comes after it."""
    start, forget = builders.started(municipality=municipality), builders.forgotten(municipality=municipality)
    shop.tell(start)

    assert shop.fold([wiping(start)]) == []
    shop.tell(forget)
    assert rows_of(shop, municipality) == [1, 2]
    assert [each.value for each in shop.fold([wiping(forget)])] == [None]
    assert rows_of(shop, municipality) == [0, 0]


def test_whoever_a_forgotten_youth_had_joined_is_told_anew_under_a_newer_version(shop: Shop, municipality: str) -> None:
    """The ledger of the survivor gets shorter; its version never goes back, or readers would pass it over."""
    own = builders.started(municipality=municipality, youth=OTHER_YOUTH, id="own", received="2024-03-01T10:00:00Z")
    joined = builders.started(
        municipality=municipality, indication="0153-2", first_day="2024-05-01", received="2024-06-01T10:00:00Z"
    )
    merge = builders.merged(municipality=municipality, into=OTHER_YOUTH, received="2024-06-02T10:00:00Z")
    forget = builders.forgotten(municipality=municipality, received="2024-08-01T10:00:00Z")
    before = shop.tell(own, joined, merge, forget)[-1]

    told = shop.fold([wiping(each) for each in (joined, merge, forget)])

    (erased, *anew) = told
    assert (erased.key.decode(), erased.value) == (f"{municipality}/{YOUTH}", None)
    assert {facts_in(each).youth for each in anew} == {OTHER_YOUTH}
    assert facts_in(anew[-1]).version > before.version
    assert [row.indication for row in facts_in(anew[-1]).indications] == [own["data"]["indication"]]
    (later,) = shop.tell(builders.ended(municipality=municipality, youth=OTHER_YOUTH, received="2024-09-01T10:00:00Z"))
    assert later.version > facts_in(anew[-1]).version
    assert rows_of(shop, municipality) == [1, 2]


def test_a_marker_goes_on_to_the_same_partition_and_says_nothing(shop: Shop, municipality: str) -> None:
    """It makes the broker roll a segment of each topic in turn (decision 0020)."""
    shop.tell(builders.started(municipality=municipality))
    marker = replace(record(municipality, YOUTH, marker_key(7), b""), value=None, partition=7)

    (passed_on,) = shop.fold([marker])

    assert (passed_on.partition, passed_on.key, passed_on.value) == (7, marker_key(7), None)
    assert rows_of(shop, municipality) == [1, 1]


def test_two_municipalities_with_the_same_youths_do_not_touch_each_other(shop: Shop) -> None:
    """Same youths, sources, ids and indications: each keeps its own, and no session sees the other's rows."""
    one, other, stranger = (new_municipality() for _ in range(3))
    told = [builders.started(id="1"), builders.merged(id="2"), builders.started(id="3", youth=OTHER_YOUTH)]
    shop.apply(in_municipality(told, one))
    before = shop.table(one)

    shop.apply(in_municipality([builders.started(id="1", first_day="2024-05-01")], other))

    assert shop.table(one) == before
    assert_equals_replay(shop, in_municipality(told, one))
    assert [shop.seen_by(one, table) for table in ("youth", "statement")] == [2, 3]
    assert [shop.seen_by(other, table) for table in ("youth", "statement")] == [1, 1]
    assert [shop.seen_by(stranger, table) for table in ("youth", "statement", "refused_record")] == [0, 0, 0]


def test_what_is_published_is_what_the_table_holds(shop: Shop) -> None:
    """The newest record of each key is the row, and its key is the youth's."""
    one = new_municipality()
    told = in_municipality([builders.started(), builders.ended(received="2024-07-02T10:00:00Z")], one)
    shop.apply(told, 1)

    layers = told_layers(shop.plan, one)

    assert sorted(day for _, day in layers) == [date(2024, 1, 2), date(2024, 7, 2)]
    assert not differing(shop.table(one), {YOUTH: layers[YOUTH, date(2024, 7, 2)]})


def test_a_worker_below_the_stored_rules_revision_stops(shop: Shop, tmp_path: Path) -> None:
    """An older program must not overwrite the facts of a newer one: it ends and says why (design.md §4)."""
    raise_to = "update rules_revision set revision = $1"
    shop.runner.run(shop.pool.execute(raise_to, RULES_REVISION + 1))
    try:
        with working(shop.plan, tmp_path) as (worker, _):
            assert worker.wait(60) == 70
    finally:
        shop.runner.run(shop.pool.execute(raise_to, RULES_REVISION))
    assert "later rules revision" in (tmp_path / "worker.log").read_text()


def test_what_stands_under_another_youth_changes_nothing_and_stops_nothing(shop: Shop, municipality: str) -> None:
    """The same identity of another youth, as after a restored dump, is no reason to stop (design.md §3)."""
    told = builders.started(youth=YOUTH, municipality=municipality)
    shop.tell(told)
    before = shop.table(municipality)

    assert shop.tell({**told, "subject": OTHER_YOUTH}) == []

    assert shop.table(municipality) == before
