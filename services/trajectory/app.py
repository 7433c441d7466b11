"""The trajectory worker: folds `indication-events` into ledgers and tells the facts of each youth it touched.

The engine (`youthcare/runtime`) gives it batches inside one transaction. It adds every statement whatever its
offset, derives from the whole ledger read under the lock, and tells the facts also of repeated statements: what a
crash took away is told again. Who is forgotten is erased when the log is wiped of it, and stays so.
"""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path

import orjson
import structlog
import yaml
from pydantic import ValidationError

from schemas.models import canonical_statement
from services.trajectory import store
from services.trajectory.facts import Rules
from services.trajectory.processor import YouthKey, joined_to, layers, named, only_named, touches
from services.trajectory.store import forgotten
from services.trajectory.store.groups import keep_facts, ledgers_of, ledgers_touched
from youthcare.codes import care_forms_from
from youthcare.events import Statement
from youthcare.outcome import Reason
from youthcare.period import civil_day
from youthcare.runtime import metrics
from youthcare.runtime.bulk import run_bulk
from youthcare.runtime.kafka import run_worker
from youthcare.runtime.logs import configure_logging
from youthcare.runtime.postgres import Connection, Pool, apply_schema, open_pool, unavailable_as_such
from youthcare.runtime.processing import Broken, Outgoing, Probe, Record, silent
from youthcare.runtime.progress import PROGRESS_TABLE, forget_positions
from youthcare.runtime.settings import Settings, WorkerSettings, shipped
from youthcare.runtime.topics import INDICATION_EVENTS, TRAJECTORY_FACTS, Topic, is_marker, marker_key, youth_key
from youthcare.youthfacts import RULES_REVISION, YouthFacts


def shipped_rules(care_forms_file: str | None = None) -> Rules:
    """The definition sets that the product ships, with its care forms or those of another file."""
    path = Path(care_forms_file) if care_forms_file else shipped("care-forms.yml")
    return Rules(care_forms=care_forms_from(yaml.safe_load(path.read_text(encoding="utf-8"))))


def shipped_coverage() -> dict[str, date | None]:
    """The first day of complete coverage per municipality, as shipped."""
    content: dict[str, dict[str, date | None]] = yaml.safe_load(shipped("municipalities.yml").read_text())
    return {municipality: row.get("coverage_start") for municipality, row in content.items()}


Told = tuple[YouthKey, YouthFacts | None]
"""A youth and its facts, or None when it was erased."""


@dataclass(slots=True)
class TrajectoryProcessor:
    """What the engine runs: statements in, facts out."""

    rules: Rules
    coverage: dict[str, date | None] = field(default_factory=dict)
    name: str = "trajectory"
    topic: Topic = INDICATION_EVENTS
    facts_topic: Topic = TRAJECTORY_FACTS
    folds_repeats: bool = True

    async def prepare(self, pool: Pool) -> None:
        """Make the tables, enter first settings, and refuse to write under an older revision of the rules."""
        await apply_schema(pool, store.TABLES)
        async with pool.acquire() as connection, connection.transaction():
            revision = await store.raise_revision(connection, RULES_REVISION)
            if revision > RULES_REVISION:
                # Said here: of what ends the process only the place is told.
                instruction = "Start a worker of the newer release: these tables hold facts of a later rules revision."
                structlog.get_logger().error("rules_outdated", revision=revision, instruction=instruction)
                raise Broken(f"facts here are of rules revision {revision}, this worker has {RULES_REVISION}")
            await store.enter_settings(connection, shipped_coverage())
            self.coverage = await store.coverage_starts(connection)

    async def fold(self, connection: Connection, batch: Sequence[Record]) -> Sequence[Outgoing]:
        """Add the batch to the ledgers and tell the facts of every youth it touched; erase whom it wipes."""
        statements, refused = read(batch)
        await store.note_refused(connection, refused)
        wiped = wiped_youths(batch)
        passed = await forgotten.forgotten_among(connection, named(statements) | wiped)
        statements = [row for row in statements if not touches(row, passed)]
        told = await self._added(connection, statements)
        told += await self._erased(connection, wiped - passed)
        topic = self.facts_topic.name
        return [*_outgoing(topic, told, statements), *_wiping(topic, wiped & passed), *_rolling(topic, batch)]

    async def _added(self, connection: Connection, statements: Sequence[Statement]) -> list[Told]:
        if not statements:
            return []
        locked = await store.lock_groups(connection, named(statements))
        new = await store.add_statements(connection, statements)
        ledgers = await ledgers_touched(connection, locked, statements)
        told = await self._kept(connection, ledgers, _first_received(statements))
        _measure([row for row in statements if (row.municipality, row.source, row.id) in new])
        return told

    async def _kept(
        self, connection: Connection, ledgers: Sequence[list[Statement]], since: Mapping[YouthKey, date]
    ) -> list[Told]:
        told: list[Told] = []
        # A long silence would end our session: whoever computes long writes in between (postgres.py, rule 1).
        for part in _in_parts(ledgers):
            lost = await forgotten.lost_statements(connection, {key for rows in part for key in named(rows)})
            # A merge into somebody who was erased since names them still: nothing is told or kept of them.
            passed = await forgotten.forgotten_among(connection, only_named(part))
            derived = [facts for rows in part for facts in self._told(rows, since, lost)]
            derived = [facts for facts in derived if (facts.municipality, facts.youth) not in passed]
            await keep_facts(connection, derived, part, passed)
            told += [((facts.municipality, facts.youth), facts) for facts in derived]
        return told

    def _told(
        self, rows: Sequence[Statement], since: Mapping[YouthKey, date], lost: Mapping[YouthKey, int]
    ) -> Iterable[YouthFacts]:
        """The layers that the batch may have changed in one ledger; from its start when the batch is not about it."""
        members = named(rows)
        first = min((since[key] for key in members if key in since), default=date.min)
        municipality = rows[0].municipality
        rules = replace(self.rules, coverage_start=self.coverage.get(municipality))
        return layers(rows, rules, first, sum(lost.get(key, 0) for key in members))

    async def _erased(self, connection: Connection, wiped: Set[YouthKey]) -> list[Told]:
        """Erase those who are to be forgotten; what is told of them is nothing, of those they were merged with anew."""
        gone = await forgotten.asked_to_forget(connection, wiped)
        if not gone:
            return []
        locked = await store.lock_groups(connection, gone)
        # Whoever was merged into them is forgotten with them, by a wish that may still be under way: left behind, its
        # statements would count in the version of a survivor now and no more afterwards, and a version never goes back.
        gone = joined_to(await store.read_statements(connection, sorted(locked)), gone)
        await forgotten.erase(connection, {key: locked[key] for key in gone})
        staying = {key: head for key, head in locked.items() if key not in gone and (key[0], head) not in gone}
        rest = await ledgers_of(connection, staying, staying.keys())
        return [*((key, None) for key in sorted(gone)), *await self._kept(connection, rest, {})]


def _first_received(batch: Iterable[Statement]) -> dict[YouthKey, date]:
    """Per youth the earliest civil day on which a statement of the batch was received."""
    since: dict[YouthKey, date] = {}
    for row in batch:
        day = civil_day(row.received)
        key = (row.municipality, row.youth)
        since[key] = min(since.get(key, day), day)
    return since


def wiped_youths(batch: Sequence[Record]) -> set[YouthKey]:
    """Of whom a record was wiped from the log; markers wipe nothing."""
    keys = [record.key or b"" for record in batch if record.value is None and not is_marker(record.key)]
    parts = [key.decode(errors="replace").split("/", 2) for key in keys]
    return {(part[0], part[1]) for part in parts if len(part) == 3}


def read(batch: Sequence[Record]) -> tuple[list[Statement], list[store.RefusedRecord]]:
    """The statements of a batch; a record that is none is refused by its place, never by its content."""
    statements: list[Statement] = []
    refused: list[store.RefusedRecord] = []
    for record in batch:
        try:
            if record.value is not None:
                statements.append(canonical_statement(orjson.loads(record.value)))
        except (ValidationError, orjson.JSONDecodeError):
            refused.append(_refused(record))
    return statements, refused


def _refused(record: Record) -> store.RefusedRecord:
    reason = Reason.SCHEMA_INVALID
    metrics.REFUSALS.labels(reason.value).inc()
    structlog.get_logger().warning(
        "record_refused", topic=record.topic, partition=record.partition, offset=record.offset, reason=reason.value
    )
    municipality = (record.key or b"").decode(errors="replace").split("/")[0][:4]
    return store.RefusedRecord(
        municipality=municipality,
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        reason=reason.value,
    )


LEDGERS_AT_ONCE = 200


def _in_parts(ledgers: Sequence[list[Statement]]) -> Iterator[Sequence[list[Statement]]]:
    for start in range(0, len(ledgers), LEDGERS_AT_ONCE):
        yield ledgers[start : start + LEDGERS_AT_ONCE]


def _outgoing(topic: str, told: Sequence[Told], batch: Sequence[Statement]) -> list[Outgoing]:
    headers = (("received-at", store.received_header(batch)),) if batch else ()
    return [
        Outgoing(topic=topic, key=youth_key(*key), value=store.facts_body(facts) if facts else None, headers=headers)
        for key, facts in told
    ]


def _wiping(topic: str, passed: Iterable[YouthKey]) -> list[Outgoing]:
    """Wiped again, for readers that a late record of theirs escaped: who asks again is answered again."""
    return [Outgoing(topic=topic, key=youth_key(*key), value=None) for key in sorted(passed)]


def _rolling(topic: str, batch: Sequence[Record]) -> list[Outgoing]:
    """A marker goes on to the same partition of the facts."""
    partitions = sorted({record.partition for record in batch if is_marker(record.key)})
    return [Outgoing(topic=topic, key=marker_key(each), value=None, partition=each) for each in partitions]


def _measure(statements: Iterable[Statement]) -> None:
    now = datetime.now(UTC)
    for row in statements:
        metrics.EVENT_TO_FACTS.observe(max(0.0, (now - row.received).total_seconds()))


def worker(settings: Settings, probe: Probe = silent) -> None:
    """Run the trajectory worker until it is stopped."""
    configure_logging("trajectory", settings.log_level)
    run_worker(TrajectoryProcessor(shipped_rules(settings.care_forms_file)), settings.worker("trajectory"), probe)


def rebuild(settings: Settings) -> None:
    """Drop the ledgers and facts and make them again from the whole topic, in large batches."""
    configure_logging("trajectory", settings.log_level)
    processor = TrajectoryProcessor(shipped_rules(settings.care_forms_file))
    asyncio.run(rebuild_from_topic(processor, settings.worker("trajectory")))


async def rebuild_from_topic(processor: TrajectoryProcessor, settings: WorkerSettings) -> int:
    """The same for any processor; returns how many records it read. Cut short, a worker's start finishes it."""
    pool = await open_pool(settings.database, "trajectory-rebuild", all_municipalities=True)
    await empty(processor, pool)
    await pool.close()
    return await run_bulk(processor, settings, from_start=True)


async def empty(processor: TrajectoryProcessor, pool: Pool) -> None:
    """Drop ledgers, facts and the positions that stand for them, all or none of them."""
    await apply_schema(pool, PROGRESS_TABLE)
    await apply_schema(pool, store.TABLES)
    with unavailable_as_such():
        async with pool.acquire() as connection, connection.transaction():
            # Positions that stayed would tell a worker that the empty tables hold everything.
            await forget_positions(connection, processor.name)
            await connection.execute(store.EMPTIED)
