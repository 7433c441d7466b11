"""Statements of made-up youths for the crash tests, and the judge of what the workers made of them.

Rules: everything comes from one seeded random, so a run can be told again; the judge compares with replay, which
shares the pure functions and none of the machinery that the crashes hit.
"""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TypeVar

import asyncpg
import orjson
from confluent_kafka import Producer

from services.trajectory.app import shipped_rules
from services.trajectory.ledger import known_on
from services.trajectory.store import statement_body
from tests import builders
from tests.chaos.trajectory_worker import Plan
from tests.chaos.workers import read_all
from youthcare.cli_replay import facts_of
from youthcare.events import Statement
from youthcare.period import civil_day
from youthcare.runtime.brokers import Inspector
from youthcare.runtime.topic_creation import create_topics
from youthcare.runtime.topics import partition_of, statement_key
from youthcare.wire import from_wire, statement_from_wire
from youthcare.youthfacts import YouthFacts

ON = date(2024, 12, 31)
BLOCK_YOUTHS = 60
RECEIVED = ("2024-03-04T10:00:00Z", "2024-06-30T22:30:00Z", "2024-07-01T09:00:00Z", "2024-11-05T12:00:00Z")
PRODUCTS = ("45A04", "43A02", "46A02", "42A03", "54A01")
REASONS = ("31", "31", "20", "37")


def youths(seed: int, municipality: str) -> Iterator[list[Statement]]:
    """Blocks of youths without end: the statements of each in any order, a fifth of them twice."""
    dice = random.Random(seed)
    number = 0
    while True:
        names = [f"{municipality}{number + each:06d}" for each in range(BLOCK_YOUTHS)]
        number += BLOCK_YOUTHS
        told = [statement_from_wire(row) for name in names for row in _about(dice, municipality, name, names)]
        told += dice.sample(told, len(told) // 5)
        dice.shuffle(told)
        yield told


Enveloping = Callable[[str], builders.Envelope]


def _about(dice: random.Random, municipality: str, youth: str, others: Sequence[str]) -> Iterator[builders.Statement]:
    """A registration, one to three indications, and now and then a merge, a rejection or an erasure."""

    def envelope(name: str) -> builders.Envelope:
        return {
            "youth": youth,
            "municipality": municipality,
            "id": f"{youth}-{name}",
            "received": dice.choice(RECEIVED),
        }

    yield builders.registered(team=dice.choice(("noord", "zuid")), **envelope("registered"))
    for number in range(dice.choice((1, 2, 2, 3))):
        yield from _indication(dice, f"{youth}-{number}", envelope)
    if dice.random() < 0.08:
        yield builders.merged(into=dice.choice(others), **envelope("merged"))
    if dice.random() < 0.03:
        yield builders.forgotten(**envelope("forgotten"))


def _indication(dice: random.Random, name: str, envelope: Enveloping) -> Iterator[builders.Statement]:
    first = date(2024, 1, 1) + timedelta(days=dice.randrange(200))
    last = first + timedelta(days=dice.randrange(-5, 150))
    begun, stopped = first.isoformat(), last.isoformat()
    end = {"indication": name, "first_day": begun, "last_day": stopped, "reason": dice.choice(REASONS)}
    product = dice.choice(PRODUCTS)
    yield builders.granted(indication=name, first_day=begun, product=product, **envelope(f"{name}-granted"))
    yield builders.started(indication=name, first_day=begun, product=product, **envelope(f"{name}-started"))
    if dice.random() < 0.6:
        yield builders.ended(**end, **envelope(f"{name}-ended"))
    if dice.random() < 0.1:
        yield builders.ended_retracted(**end, **envelope(f"{name}-ended-retracted"))
    if dice.random() < 0.05:
        yield builders.started_retracted(indication=name, first_day=begun, **envelope(f"{name}-unstarted"))


def make_topics(plan: Plan) -> None:
    """Make the two topics of a run."""
    create_topics(plan.worker_settings().broker, [plan.events(), plan.facts()])


@dataclass(slots=True)
class Feed(threading.Thread):
    """Sends blocks of youths until it is told to stop, at least so many, and remembers what Kafka acknowledged."""

    plan: Plan
    municipality: str
    seed: int
    youths_min: int = 300
    per_second: int = 150
    sent: list[Statement] = field(default_factory=list)
    _stop_asked: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        threading.Thread.__init__(self, daemon=True)

    def __hash__(self) -> int:
        return id(self)

    def run(self) -> None:
        """Send in ten bursts a second."""
        producer = Producer({"bootstrap.servers": self.plan.bootstrap_servers, "acks": "all", "linger.ms": 5})
        blocks = youths(self.seed, self.municipality)
        done = 0
        while not (self._stop_asked.is_set() and done >= self.youths_min):
            self._send_block(producer, next(blocks))
            done += BLOCK_YOUTHS

    def _send_block(self, producer: Producer, block: Sequence[Statement]) -> None:
        size = max(1, self.per_second // 10)
        for start in range(0, len(block), size):
            send(producer, self.plan, block[start : start + size])
            self.sent += block[start : start + size]
            time.sleep(0.1)  # the pace of the feed; nothing waits for it

    def finish(self) -> list[Statement]:
        """Stop sending at the end of a block and return all that was sent."""
        self._stop_asked.set()
        self.join(120)
        assert not self.is_alive(), "the feed did not end"
        return self.sent


def send(producer: Producer, plan: Plan, statements: Sequence[Statement]) -> None:
    """Produce statements as the indication service does, and wait for the broker."""
    for row in statements:
        producer.produce(
            plan.events().name,
            key=statement_key(row.municipality, row.youth, row.source, row.id),
            value=statement_body(row),
            partition=partition_of(row.municipality, row.youth),
        )
    assert producer.flush(60) == 0, "the broker did not take what the test sent"


Answers = Mapping[tuple[str, date], YouthFacts]
"""What is known of a youth on a day; youths of whom nothing is known, or nothing any more, are left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is wrong after a run; all empty when the service is exact."""

    facts_wrong: set[str]
    newest_record_wrong: set[str]
    known_on_wrong: set[tuple[str, date]]
    positions_wrong: dict[int, tuple[int, int]]

    def exact(self) -> bool:
        """Whether tables, topic and positions say what replay says."""
        return not (self.facts_wrong or self.newest_record_wrong or self.known_on_wrong or self.positions_wrong)


def judge(plan: Plan, sent: Sequence[Statement]) -> Verdict:
    """Tables against replay, what a reader of the topic ends with against both, positions against the log."""
    municipality = sent[0].municipality
    table = facts_table(plan, municipality)
    told = told_layers(plan, municipality)
    newest = {youth: told[youth, day] for youth, day in sorted(told)}
    # Whether something was mended belongs to a day of reception; replay tells of none.
    kept = {row.youth: replace(row, known_day=ON, corrects=False) for row in table.values() if not row.gone}
    return Verdict(
        facts_wrong=differing({row.youth: row for row in facts_of(sent, shipped_rules(), ON)}, kept),
        newest_record_wrong=differing(table, newest),
        known_on_wrong=differing(_replayed_answers(sent), _read_answers(told)),
        positions_wrong=positions_wrong(plan),
    )


Key = TypeVar("Key")


def differing(one: Mapping[Key, YouthFacts], other: Mapping[Key, YouthFacts]) -> set[Key]:
    """The keys under which two mappings do not hold the same."""
    return {key for key in one.keys() | other.keys() if one.get(key) != other.get(key)}


def facts_table(plan: Plan, municipality: str) -> dict[str, YouthFacts]:
    """What the table holds of each youth that was told of."""
    query = f"select youth, facts from youth where municipality = '{municipality}' and facts is not null"
    return {row["youth"]: _facts(row["facts"]) for row in asyncio.run(rows_of(plan, query))}


def told_layers(plan: Plan, municipality: str) -> dict[tuple[str, date], YouthFacts]:
    """What a reader that applies the version guard ends with, per youth and known day."""
    read: dict[tuple[str, date], YouthFacts] = {}
    for _key, value, _partition in read_all(plan.bootstrap_servers, plan.facts().name):
        facts = _facts(value or b"")
        place = (facts.youth, facts.known_day)
        if facts.municipality == municipality and (place not in read or facts.version > read[place].version):
            read[place] = facts
    return read


def _facts(body: bytes) -> YouthFacts:
    return from_wire(YouthFacts, orjson.loads(body))


def _replayed_answers(sent: Sequence[Statement]) -> Answers:
    """What replay says was known on each day of reception."""
    days = sorted({civil_day(row.received) for row in sent})
    return {
        (facts.youth, day): replace(facts, version=(0, 0))
        for day in days
        for facts in facts_of(known_on(sent, day), shipped_rules(), day)
    }


def _read_answers(told: Answers) -> Answers:
    """The same from what was told: the newest layer on or before each day."""
    answers: dict[tuple[str, date], YouthFacts] = {}
    for day in sorted({day for _, day in told}):
        newest = {youth: told[youth, known] for youth, known in sorted(told) if known <= day}
        kept = (facts for facts in newest.values() if not facts.gone)
        answers |= {(facts.youth, day): replace(facts, version=(0, 0), known_day=day, corrects=False) for facts in kept}
    return answers


def positions_wrong(plan: Plan) -> dict[int, tuple[int, int]]:
    """Partitions whose position is not the end of the log, with both."""
    inspector = Inspector(plan.worker_settings().broker)
    ends = inspector.end_offsets(inspector.identity(plan.events().name))
    query = f"select partition, next_offset from progress where processor = '{plan.processor_name()}'"
    # The first worker of a stack makes the table; before that no position is right.
    made = asyncio.run(rows_of(plan, "select 1 where to_regclass('progress') is not null"))
    reached = {row[0]: row[1] for row in asyncio.run(rows_of(plan, query))} if made else {}
    return {each: (reached.get(each, 0), end) for each, end in ends.items() if reached.get(each, 0) != end}


def settle(plan: Plan, seconds: float = 60) -> None:
    """Wait until every position has reached the end of its partition, as long as any moves within the seconds."""
    wrong, moved_at = positions_wrong(plan), time.monotonic()
    while wrong:
        assert time.monotonic() - moved_at < seconds, f"positions do not move: {wrong}"
        time.sleep(0.2)  # the pace of looking; the deadline decides
        now = positions_wrong(plan)
        moved_at = time.monotonic() if now != wrong else moved_at
        wrong = now


async def rows_of(plan: Plan, query: str) -> list[asyncpg.Record]:
    """The rows of a query by the service's role, which as a worker sees all municipalities."""
    connection = await asyncpg.connect(plan.dsn, server_settings={"app.municipality": "*"})
    try:
        return list(await connection.fetch(query))
    finally:
        await connection.close()
