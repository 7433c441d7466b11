"""Statements per second: the trajectory worker, and its bulk step, beside a bare reader of the same statements.

Rules. The peer reads with confluent `consume(1000)` and `json.loads` and keeps nothing. The worker is the product's
own command; a statement counts when its facts are committed and published. Start-up is left out: the clock starts at
the first commit seen. The bulk step is timed whole. Each round starts from empty tables and the same full topic.
"""

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import asyncpg
from confluent_kafka import Consumer, TopicPartition

from benchmarks.ground import MUNICIPALITY, Ground, open_ground, product_command
from benchmarks.results import Result, counts, show
from benchmarks.statements import statements
from services.trajectory import store
from services.trajectory.app import TrajectoryProcessor, shipped_rules
from youthcare.runtime.brokers import Inspector, client_config
from youthcare.runtime.bulk import run_bulk
from youthcare.runtime.postgres import apply_schema, open_pool
from youthcare.runtime.processing import Outgoing, Unavailable
from youthcare.runtime.producing import Publisher
from youthcare.runtime.progress import PROGRESS_TABLE
from youthcare.runtime.topics import INDICATION_EVENTS, TRAJECTORY_FACTS

STATEMENTS, YOUTHS, ROUNDS = 20_000, 1_500, 3
PATIENCE_SECONDS = 600.0
_PACE_SECONDS = 0.02
_REACHED = "select coalesce(sum(next_offset), 0)::int from progress where processor = 'trajectory'"


@dataclass(slots=True)
class _Rounds:
    """Statements per second of each way, round by round; processor time in microseconds per statement."""

    reader: list[float] = field(default_factory=list)
    worker: list[float] = field(default_factory=list)
    worker_cpu: list[float] = field(default_factory=list)
    bulk: list[float] = field(default_factory=list)
    facts: list[float] = field(default_factory=list)


def measure(ground: Ground, made: Sequence[Outgoing], rounds: int = ROUNDS) -> list[Result]:
    """Put the statements on the topic, then let each way go over all of them, round after round."""
    asyncio.run(Publisher(ground.settings().broker()).publish(made))
    count = sum(_ends(ground).values())
    runs = _Rounds()
    for _ in range(rounds):
        runs.reader.append(count / _read_all(ground))
        told = _facts_told(ground)
        rate, cpu = _work_all(ground, count)
        runs.worker.append(rate)
        runs.worker_cpu.append(cpu * 1e6)
        runs.facts.append((_facts_told(ground) - told) / count)
        runs.bulk.append(count / _bulk_all(ground))
    return _results(runs)


def _results(runs: _Rounds) -> list[Result]:
    peer = Result(name="peer: confluent consume(1000) + json.loads", unit="statements/s", runs=runs.reader)
    return [
        peer,
        Result(name="trajectory worker, one", unit="statements/s", runs=runs.worker, peer=peer.value),
        Result(name="the same by run_bulk", unit="statements/s", runs=runs.bulk, peer=peer.value),
        Result(name="processor time of the worker", unit="µs/statement", runs=runs.worker_cpu),
        Result(name="facts published by the worker", unit="facts/statement", runs=runs.facts),
    ]


def _ends(ground: Ground, topic: str = INDICATION_EVENTS.name) -> dict[int, int]:
    inspector = Inspector(ground.settings().broker())
    return {each: end for each, end in inspector.end_offsets(inspector.identity(topic)).items() if end}


def _facts_told(ground: Ground) -> int:
    return sum(_ends(ground, TRAJECTORY_FACTS.name).values())


def _read_all(ground: Ground) -> float:
    """The seconds from asking for the first record to having decoded the last."""
    left = _ends(ground)
    consumer = Consumer(client_config(ground.settings().broker()) | {"group.id": "peer", "enable.auto.commit": False})
    # The connection is no part of reading.
    consumer.list_topics(INDICATION_EVENTS.name, timeout=PATIENCE_SECONDS)
    began = time.monotonic()
    consumer.assign([TopicPartition(INDICATION_EVENTS.name, each, 0) for each in left])
    while left:
        for message in consumer.consume(1000, 1.0):
            json.loads(message.value() or b"null")
            if (message.offset() or 0) + 1 >= left.get(message.partition() or 0, 0):
                left.pop(message.partition() or 0, None)
        _look_after(began)
    seconds = time.monotonic() - began
    consumer.close()
    return seconds


def _work_all(ground: Ground, count: int) -> tuple[float, float]:
    """Statements per second of the worker process, and its processor seconds per statement."""
    asyncio.run(_empty(ground))
    with ground.running("trajectory-worker", *product_command("trajectory", "worker")) as worker:
        ready, idle = time.monotonic(), worker.cpu_seconds()
        rate = asyncio.run(_watch(ground.stack.dsn("trajectory"), count, ready))
        return rate, (worker.cpu_seconds() - idle) / count


async def _watch(dsn: str, count: int, ready: float) -> float:
    """The rate from the first commit seen to the last; from readiness when one commit did it all."""
    connection = await asyncpg.connect(dsn)
    try:
        since, done = ready, 0
        while (reached := await connection.fetchval(_REACHED)) < count:
            if reached and not done:
                since, done = time.monotonic(), reached
            _look_after(ready)
            await asyncio.sleep(_PACE_SECONDS)
        return float((count - done) / (time.monotonic() - since))
    finally:
        await connection.close()


def _bulk_all(ground: Ground) -> float:
    """The seconds of the whole bulk step."""
    asyncio.run(_empty(ground))
    began = time.monotonic()
    asyncio.run(run_bulk(TrajectoryProcessor(shipped_rules()), ground.settings().worker("trajectory")))
    return time.monotonic() - began


async def _empty(ground: Ground) -> None:
    """No ledgers, no facts, no positions: the worker reads the topic from its start."""
    pool = await open_pool(ground.settings().database("trajectory"), "benchmark", all_municipalities=True)
    for command in (store.TABLES, PROGRESS_TABLE, store.EMPTIED, "delete from progress where processor = 'trajectory'"):
        await apply_schema(pool, command)
    await pool.close()


def _look_after(began: float) -> None:
    if time.monotonic() - began > PATIENCE_SECONDS:
        raise Unavailable("the statements are not read to their end")


def main() -> None:
    """Measure on a stack of its own and show."""
    asked = counts(__doc__, statements=STATEMENTS, youths=YOUTHS, rounds=ROUNDS)
    made = statements(MUNICIPALITY, asked.youths, asked.statements)
    with open_ground() as ground:
        show(f"Throughput over {len(made)} statements of a simulated year", measure(ground, made, asked.rounds))


if __name__ == "__main__":
    main()
