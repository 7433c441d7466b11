"""Starts, kills and watches real workers, and tells whether what they left is exact."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import asyncpg
import httpx
from confluent_kafka import Consumer, Producer, TopicPartition

from tests.chaos.empty_processor import Plan
from youthcare.runtime.brokers import Inspector
from youthcare.runtime.settings import Settings
from youthcare.runtime.topic_creation import create_topics

ROOT = Path(__file__).resolve().parents[2]


def make_topics(plan: Plan) -> None:
    """Make the two topics of a run."""
    create_topics(plan.worker_settings().broker, [plan.topic_in(), plan.topic_out()])


def start_worker(plan: Plan, log: Path) -> subprocess.Popen[bytes]:
    """Start one worker as a process of its own; its lines go to ``log``."""
    with log.open("ab") as lines:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.empty_processor", plan.argument()],
            cwd=ROOT,
            stdout=lines,
            stderr=lines,
        )


@contextmanager
def working(plan: Plan, folder: Path, name: str = "worker") -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A worker with a health page; ended at the end if it still runs."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = start_worker(replace(plan, metrics_port=port), folder / f"{name}.log")
    try:
        yield process, f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def until(holds: Callable[[], bool], what: str, seconds: float = 30) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not in time: {what}"
        time.sleep(0.1)  # the pace of looking; the deadline decides


def ready(address: str) -> bool:
    """Whether the worker says that it is ready."""
    try:
        return httpx.get(f"{address}/health/ready").status_code == 200
    except httpx.TransportError:
        return False


@dataclass(slots=True)
class Sender(threading.Thread):
    """Sends numbered ids for as long as it is not told to stop, and remembers those that Kafka acknowledged."""

    plan: Plan
    at_least: int
    per_second: int = 250
    sent: set[str] = field(default_factory=set)
    _stop_asked: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        threading.Thread.__init__(self, daemon=True)

    def __hash__(self) -> int:
        return id(self)

    def run(self) -> None:
        """Send in small bursts."""
        producer = Producer({"bootstrap.servers": self.plan.bootstrap_servers, "acks": "all"})
        while not (self._stop_asked.is_set() and len(self.sent) >= self.at_least):
            for number in range(len(self.sent), len(self.sent) + self.per_second // 10):
                producer.produce(self.plan.topic_in().name, key=str(number), value=f"id-{number}")
                self.sent.add(f"id-{number}")
            assert producer.flush(60) == 0, "the broker did not take what the test sent"
            # The pace of the feed; nothing waits for it.
            self._stop_asked.wait(0.1)

    def finish(self) -> set[str]:
        """Stop sending and return all ids sent."""
        self._stop_asked.set()
        self.join(60)
        return self.sent


@dataclass(slots=True)
class Pair:
    """Two workers, each started again when it dies as planned, until the plans are used up."""

    plan: Plan
    points: list[str]
    folder: Path
    dice: random.Random
    deaths: list[str] = field(default_factory=list)
    _running: dict[int, tuple[subprocess.Popen[bytes], str | None]] = field(default_factory=dict)

    def start(self) -> None:
        """Start both."""
        for slot in (0, 1):
            self._next(slot)

    def tend(self, deadline_seconds: float) -> None:
        """Start dead workers again until every planned death has happened."""
        planned = len(self.points) + sum(1 for _process, point in self._running.values() if point)
        until = time.monotonic() + deadline_seconds
        while len(self.deaths) < planned:
            assert time.monotonic() < until, f"only these deaths happened: {self.deaths}"
            for slot, (process, point) in list(self._running.items()):
                self._look(slot, process, point)
            time.sleep(0.05)  # the pace of looking; the deadline decides

    def stop(self) -> None:
        """Ask both to stop and end what does not."""
        for process, _point in self._running.values():
            process.terminate()
        for process, _point in self._running.values():
            # The signal itself is the end of one that was started a moment ago and has no handler yet.
            assert process.wait(30) in (0, -signal.SIGTERM), "a worker did not stop cleanly"

    def end(self) -> None:
        """End both at once; for the end of a test that failed."""
        for process, _point in self._running.values():
            process.kill()
            process.wait()

    def _look(self, slot: int, process: subprocess.Popen[bytes], point: str | None) -> None:
        if point == "random" and process.poll() is None and self.dice.random() < 0.01:
            os.kill(process.pid, signal.SIGKILL)
        code = process.poll()
        if code is None:
            return
        assert code == -signal.SIGKILL, f"a worker ended by itself with code {code}"
        assert point is not None, "a worker died that should have lived"
        self.deaths.append(point)
        self._next(slot)

    def _next(self, slot: int) -> None:
        point = self.points.pop(0) if self.points else None
        plan = replace(self.plan, kill_point=point, kill_at_hit=self.dice.randint(1, 4))
        self._running[slot] = (start_worker(plan, self.folder / f"worker-{slot}.log"), point)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is wrong after a run; all empty when the engine is exact."""

    not_in_table: set[str]
    not_sent: set[str]
    not_published: set[str]
    positions_wrong: dict[int, tuple[int, int]]

    def exact(self) -> bool:
        """Whether the tables, the positions and the topic tell exactly what was sent."""
        return not (self.not_in_table or self.not_sent or self.not_published or self.positions_wrong)


def settle(plan: Plan, deadline_seconds: float) -> None:
    """Wait until every position has reached the end of its partition."""
    until = time.monotonic() + deadline_seconds
    while _positions_wrong(plan):
        assert time.monotonic() < until, f"positions did not reach the end: {_positions_wrong(plan)}"
        time.sleep(0.2)  # the pace of looking; the deadline decides


def judge(plan: Plan, sent: set[str]) -> Verdict:
    """Compare what was sent with the table, the positions and the topic."""
    rows = asyncio.run(_rows(plan, f"select id from {plan.table()}"))
    seen = {str(row[0]) for row in rows}
    return Verdict(
        not_in_table=sent - seen,
        not_sent=seen - sent,
        not_published=sent - _published(plan),
        positions_wrong=_positions_wrong(plan),
    )


def _positions_wrong(plan: Plan) -> dict[int, tuple[int, int]]:
    inspector = Inspector(plan.worker_settings().broker)
    ends = inspector.end_offsets(inspector.identity(plan.topic_in().name))
    query = f"select partition, next_offset from progress where processor = '{plan.processor_name()}'"
    # The first worker of a stack makes the table; before that no position is right.
    made = asyncio.run(_rows(plan, "select 1 where to_regclass('progress') is not null"))
    reached = {row[0]: row[1] for row in asyncio.run(_rows(plan, query))} if made else {}
    return {each: (reached.get(each, 0), end) for each, end in ends.items() if reached.get(each, 0) != end}


async def _rows(plan: Plan, query: str) -> Sequence[asyncpg.Record]:
    connection = await asyncpg.connect(plan.dsn)
    try:
        return list(await connection.fetch(query))
    finally:
        await connection.close()


def _published(plan: Plan) -> set[str]:
    records = read_all(plan.bootstrap_servers, plan.topic_out().name)
    return {(value or b"").decode() for _key, value, _partition in records}


def read_all(bootstrap_servers: str, topic: str) -> list[tuple[bytes | None, bytes | None, int]]:
    """All records of a topic without gaps, as key, value and partition."""
    settings = Settings.from_env({"KAFKA_BOOTSTRAP_SERVERS": bootstrap_servers}).broker()
    ends = Inspector(settings).end_offsets(Inspector(settings).identity(topic))
    consumer = Consumer({"bootstrap.servers": bootstrap_servers, "group.id": "test-reader"})
    consumer.assign([TopicPartition(topic, partition, 0) for partition in ends])
    found: list[tuple[bytes | None, bytes | None, int]] = []
    deadline = time.monotonic() + 30
    while len(found) < sum(ends.values()):
        assert time.monotonic() < deadline, "the broker did not give what it holds"
        messages = consumer.consume(1000, 0.5)
        found.extend((each.key(), each.value(), each.partition() or 0) for each in messages)
    consumer.close()
    return found
