"""What the fault simulation found in production, each as a story of its own that fails without its mending."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson

from services.alerts.app import AlertsProcessor
from services.trajectory.app import TrajectoryProcessor
from services.trajectory.store import statement_body
from tests import builders
from tests.simulation.tables import Database, MemoryPool
from tests.simulation.town import norms, rules
from youthcare.runtime.batch import apply_batch
from youthcare.runtime.processing import Batch, Outgoing, Processor, Record, TopicIdentity
from youthcare.runtime.topics import statement_key, youth_key
from youthcare.wire import statement_from_wire

ANNA, BRAM, COEN = "anna", "bram", "coen"
Line = tuple[bytes, bytes | None]


@dataclass(slots=True)
class Published:
    """A publisher that keeps what it was given."""

    messages: list[Outgoing]

    async def produce(self, messages: Sequence[Outgoing]) -> None:
        """Keep it."""
        self.messages += messages

    async def flush(self, _delivery: None) -> None:
        """It is kept."""


def told(event: builders.Statement) -> Line:
    """A statement as it stands on the topic."""
    row = statement_from_wire(event)
    return statement_key(row.municipality, row.youth, row.source, row.id), statement_body(row)


def wiped(line: Line) -> Line:
    """Its tombstone."""
    return line[0], None


async def apply(database: Database, processor: Processor, lines: Sequence[Line], first_offset: int) -> list[Outgoing]:
    """One batch, its first record at an offset; what was told."""
    published = Published([])
    records = [
        Record(topic="t", partition=0, offset=first_offset + place, key=key, value=value, timestamp_ms=1)
        for place, (key, value) in enumerate(lines)
    ]
    identity = TopicIdentity(name="t", topic_id="1", partition_count=1)
    batch = Batch(identity=identity, records=records)
    await apply_batch(MemoryPool(database), published, processor, batch)  # type: ignore[arg-type]
    return published.messages


async def test_who_was_merged_into_somebody_erased_leaves_no_name_of_them() -> None:
    """Both are forgotten, the head first: no row names it again, and nothing more is told of it."""
    database, processor = Database(), TrajectoryProcessor(rules())
    joined = told(builders.merged(into=ANNA, youth=BRAM, id="m"))
    started = {each: told(builders.started(youth=each, id=f"{each[0]}-s")) for each in (ANNA, BRAM)}
    wishes = {each: told(builders.forgotten(youth=each, id=f"{each[0]}-w")) for each in (ANNA, BRAM)}
    late = told(builders.ended(youth=BRAM, id="b-e"))
    await apply(database, processor, [started[ANNA], joined, started[BRAM], wishes[ANNA], wishes[BRAM]], 0)

    erased = await apply(database, processor, [wiped(started[ANNA]), wiped(wishes[ANNA])], 5)
    after = await apply(database, processor, [late], 7)
    await apply(database, processor, [wiped(each) for each in (joined, started[BRAM], late, wishes[BRAM])], 8)

    assert {each.key: each.value for each in erased}[youth_key("0153", ANNA)] is None
    assert youth_key("0153", ANNA) not in {each.key for each in after}
    rows = [row for table in database.tables.values() for row in table.values()]
    assert [row for row in rows if ANNA in repr(row) or BRAM in repr(row)] == []


async def test_a_survivor_of_a_chain_of_merges_is_told_ever_newer_facts() -> None:
    """Of three merged youths the one in the middle is forgotten: what the survivor has lost stays in its version."""
    database, processor = Database(), TrajectoryProcessor(rules())
    first = told(builders.started(youth=BRAM, id="b-s"))
    joined = [
        told(builders.merged(into=COEN, youth=BRAM, id="b-m")),
        told(builders.merged(into=ANNA, youth=COEN, id="c-m")),
    ]
    own = told(builders.started(youth=ANNA, id="a-s"))
    wish = told(builders.forgotten(youth=COEN, id="c-w"))
    later = told(builders.ended(youth=ANNA, id="a-e"))

    facts = await apply(database, processor, [first, *joined, own, wish], 0)
    facts += await apply(database, processor, [wiped(joined[1]), wiped(wish)], 5)
    facts += await apply(database, processor, [later], 7)

    bodies = [each.value for each in facts if each.key == youth_key("0153", ANNA) and each.value is not None]
    versions = [orjson.loads(body)["version"] for body in bodies]
    assert len(versions) > 2
    assert versions == sorted(versions)
    assert versions[-1] > versions[-2]


async def test_what_was_lost_before_a_merge_stays_in_the_version_of_who_is_left() -> None:
    """One is erased, then the one it was merged into is merged with a third, and erased too."""
    database, processor = Database(), TrajectoryProcessor(rules())
    first = [told(builders.started(youth=COEN, id=f"c-{each}", indication=f"c{each}")) for each in range(3)]
    joined = told(builders.merged(into=BRAM, youth=COEN, id="c-m"))
    own = [told(builders.started(youth=each, id=f"{each[0]}-s")) for each in (BRAM, ANNA)]
    wishes = [told(builders.forgotten(youth=each, id=f"{each[0]}-w")) for each in (COEN, BRAM)]
    later = told(builders.merged(into=ANNA, youth=BRAM, id="b-m"))

    facts = await apply(database, processor, [*first, joined, *own, wishes[0]], 0)
    facts += await apply(database, processor, [wiped(joined), wiped(wishes[0])], 7)
    facts += await apply(database, processor, [later, wishes[1]], 9)
    facts += await apply(database, processor, [wiped(later), wiped(wishes[1])], 11)

    bodies = [each.value for each in facts if each.key == youth_key("0153", ANNA) and each.value is not None]
    versions = [orjson.loads(body)["version"] for body in bodies]
    assert len(versions) > 2
    assert versions == sorted(versions)


async def test_who_reads_before_an_erasure_again_does_not_have_the_erased_again() -> None:
    """A group that acknowledged less than the tables hold brings facts again that a tombstone has followed since."""
    facts = await apply(Database(), TrajectoryProcessor(rules()), [told(builders.started(youth=ANNA, id="s"))], 0)
    lines = [(each.key, each.value) for each in facts]
    database, now = Database(), datetime(2024, 11, 4, 12, tzinfo=UTC)
    processor = AlertsProcessor(norms(), clock=lambda: now)
    await processor.prepare(MemoryPool(database))
    await apply(database, processor, [*lines, (youth_key("0153", ANNA), None)], 0)

    await apply(database, processor, lines, 0)

    assert database.tables["youth_state"] == {}
    assert database.tables["alert"] == {}
