"""The processes of a fault simulation: the real worker on a broker and a database in memory.

What runs is production's: `StreamWorker`, `apply_batch`, `patiently`, `Publisher`, `Keeper`, `GapGuard`, `prepare`,
the processors and every line of their stores but the statements themselves. What stands in for Faust is `Stream`: it
brings batches, seeks on assignment as `PositionedConsumer` does, and acknowledges what Faust would, also when the
agent failed.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from types import SimpleNamespace
from typing import Any, NoReturn, cast

import asyncpg

from services.alerts.app import AlertsProcessor
from services.indicators.app import IndicatorsProcessor
from services.trajectory.app import TrajectoryProcessor
from tests.simulation.log import Group, Log, MemoryInspector, MemoryProducer, Reader
from tests.simulation.stage import Actor, Process, Stage, acting, gate
from tests.simulation.tables import Database, MemoryPool
from youthcare.runtime import progress
from youthcare.runtime.batch import Guard
from youthcare.runtime.faust_app import Keeper
from youthcare.runtime.gap_guard import GapGuard
from youthcare.runtime.kafka import StreamWorker, prepare
from youthcare.runtime.processing import Processor, Unavailable
from youthcare.runtime.producing import Delivery, Publisher
from youthcare.runtime.settings import Settings, WorkerSettings
from youthcare.runtime.topics import Topic
from youthcare.runtime.vitals import Vitals

BATCH_RECORDS = (1, 2, 3, 5, 8, 13)
_FIRST_DAY = datetime(2024, 11, 4, 9, tzinfo=UTC)


class ProcessEnded(BaseException):
    """A worker ended its own process; no handler of production may catch it, as none survives `os._exit`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """The parts of production that a run takes; a broken engine has another part in one place."""

    trajectory: Callable[..., Any] = TrajectoryProcessor
    alerts: Callable[..., Any] = AlertsProcessor
    indicators: Callable[..., Any] = IndicatorsProcessor
    keeper: Callable[..., Keeper] = Keeper
    worker: Callable[..., StreamWorker] = StreamWorker
    has_locks: bool = True
    ends_idle_sessions: bool = True


@dataclass(slots=True, eq=False)
class Service:
    """One service: its tables, its consumer group and its processes."""

    name: str
    group: Group
    processor: Callable[[Callable[[], datetime]], Processor]
    database: Database
    processes: list[WorkerProcess] = field(default_factory=list)
    snapshot: Any = None

    @property
    def topic(self) -> Topic:
        """What it reads."""
        return self.group.topic

    @property
    def running(self) -> list[WorkerProcess]:
        """Those that are alive, frozen ones too."""
        return [each for each in self.processes if not each.process.is_dead]

    def reached(self) -> dict[int, int]:
        """The committed positions, by partition."""
        rows = self.database.tables["progress"].values()
        return {row["partition"]: row["next_offset"] for row in rows if row["processor"] == self.name}


class SimulatedPublisher(Publisher):
    """The real one, over a producer in memory, with a gate where a process can be frozen or killed."""

    def __init__(self, producer: MemoryProducer) -> None:
        self._producer = cast(Any, producer)

    async def flush(self, delivery: Delivery) -> None:
        """Rest between produce and flush, where what is in the buffer may land by itself."""
        if delivery.expected:
            await gate("flush")
            actor = acting()
            fault = actor.take_fault("part", "silence") if actor is not None else None
            producer = cast(MemoryProducer, self._producer)
            producer.landing = fault if fault is not None else producer.landing
        await super().flush(delivery)


@dataclass(slots=True, eq=False)
class WorkerProcess:
    """One worker process, what it holds, and how its clock is wrong."""

    process: Process
    service: Service
    producer: MemoryProducer
    publisher: SimulatedPublisher
    reader: Reader
    patience_seconds: float
    clock: Callable[[], datetime]
    ended_by: BaseException | None = None
    skew: timedelta = timedelta(0)
    stream: Actor | None = None

    @property
    def pool(self) -> MemoryPool:
        """Sessions at the service's database."""
        return MemoryPool(self.service.database)

    def has_work(self, log: Log) -> bool:
        """Whether its stream has anything to seek, to read or to have acknowledged."""
        reader, name = self.reader, self.service.topic.name
        unread = any(log.read(name, each, offset, 1) for each, offset in reader.positions.items())
        return reader.must_seek or unread or bool(reader.acknowledged)

    def now(self) -> datetime:
        """What its clock shows."""
        return self.clock() + self.skew


@dataclass(slots=True, eq=False)
class Stream:
    """What Faust is to the agent, and to the broker on its behalf."""

    log: Log
    reader: Reader
    keeper: Keeper
    dice: random.Random
    in_hand: list[Any] = field(default_factory=list)

    async def take_events(self, _records_max: int, within: float) -> AsyncIterator[list[Any]]:
        """Batches as they come; a batch is acknowledged when the next is asked for."""
        assert within > 0
        while True:
            await gate("idle")
            self.reader.group.acknowledge(self.reader, self.reader.acknowledged)
            self.reader.acknowledged.clear()
            if self.reader.must_seek:
                await self._seek()
                continue
            self.in_hand = [SimpleNamespace(message=each) for each in self._fetched()]
            if self.in_hand:
                yield self.in_hand
                await gate("acknowledge")
                self.acknowledge()

    def acknowledge(self) -> None:
        """Note what the keeper lets pass, to be committed at the next turn."""
        for event in self.in_hand:
            message = event.message
            if self.keeper.holds(message.partition, message.offset):
                self.reader.acknowledged[message.partition] = message.offset + 1
        self.in_hand = []

    async def _seek(self) -> None:
        reader, generation = self.reader, self.reader.generation
        held = {number: min(place.held, default=place.end) for number, place in self.log.of(reader.group.topic.name)}
        committed: Mapping[int, int | None] = {each: reader.group.committed.get(each) for each in reader.assigned}
        starts = {each: held[each] if offset is None else offset for each, offset in committed.items()}
        starts |= self.keeper.earlier(await self.keeper.refresh(), committed)
        if generation == reader.generation:
            reader.positions, reader.must_seek = starts, False

    def _fetched(self) -> list[Any]:
        left = self.dice.choice(BATCH_RECORDS)
        partitions = sorted(self.reader.positions)
        self.dice.shuffle(partitions)
        found = []
        for partition in partitions:
            records = self.log.read(self.reader.group.topic.name, partition, self.reader.positions[partition], left)
            for record in records:
                found.append(
                    SimpleNamespace(
                        topic=record.topic,
                        partition=partition,
                        offset=record.offset,
                        key=record.key,
                        value=record.value,
                        timestamp=record.timestamp_ms / 1000,
                        headers=list(record.headers),
                    )
                )
                self.reader.positions[partition] = record.offset + 1
            left -= len(records)
        return found


@dataclass(slots=True, eq=False)
class Machine:
    """Starts processes: the broker, the clock and the dice that all of them share."""

    stage: Stage
    log: Log
    dice: random.Random
    engine: Engine
    now: datetime = _FIRST_DAY
    started: int = 0

    def clock(self) -> datetime:
        """What a right clock shows."""
        return self.now

    async def start(self, service: Service, patience_seconds: float) -> WorkerProcess:
        """A new worker process of a service, which joins its group."""
        self.started += 1
        producer = MemoryProducer(self.log, self.dice)
        made = WorkerProcess(
            process=Process(f"{service.name}-{self.started}"),
            service=service,
            producer=producer,
            publisher=SimulatedPublisher(producer),
            reader=Reader(service.group),
            patience_seconds=patience_seconds,
            clock=self.clock,
        )
        made.process.at_death.append(producer.purge)
        service.processes.append(made)
        service.group.members.append(made.reader)
        service.group.rebalance(self.dice)
        made.stream = await self.stage.start(made.process, "stream", self._live(made), gated=False)
        return made

    async def kill(self, worker: WorkerProcess) -> None:
        """SIGKILL; its group hands out what it had."""
        await self.stage.kill(worker.process)
        self.leave(worker)
        worker.service.processes.remove(worker)

    def leave(self, worker: WorkerProcess) -> None:
        """The group goes on without it."""
        group = worker.service.group
        if worker.reader in group.members:
            group.members.remove(worker.reader)
            group.rebalance(self.dice)

    async def _live(self, worker: WorkerProcess) -> None:
        try:
            await self._consume(worker)
        except ProcessEnded:
            pass
        except Exception as error:
            worker.ended_by = error
        # The stream is the process: with it all its other work ends.
        worker.process.is_dead = True

    async def _consume(self, worker: WorkerProcess) -> None:
        service, inspector = worker.service, cast(Any, MemoryInspector(self.log))
        processor, pool = service.processor(worker.now), cast(Any, worker.pool)
        identity = await prepare(processor, pool, inspector)

        async def next_offsets() -> dict[int, int]:
            async with pool.acquire() as connection:
                positions = await progress.read_positions(connection, processor.name, identity)
            return {partition: position.next_offset for partition, position in positions.items()}

        keeper = self.engine.keeper(topic=service.topic.name, read=next_offsets)
        stream = Stream(self.log, worker.reader, keeper, self.dice)
        guard: Guard = GapGuard(processor, inspector, self.clock)
        made = self.engine.worker(
            processor=processor,
            settings=_settings(worker.patience_seconds),
            probe=lambda _point: None,
            vitals=Vitals(),
            pool=pool,
            publisher=worker.publisher,
            inspector=inspector,
            identity=identity,
            guard=guard,
            keeper=keeper,
            end=lambda _service, error: _end(worker, stream, error),
        )
        actor = acting()
        assert actor is not None
        actor.is_gated = True
        await made.consume(stream)


def _end(worker: WorkerProcess, stream: Stream, error: BaseException) -> NoReturn:
    """What `os._exit` does; Faust may have acknowledged the batch just before."""
    worker.ended_by = error
    stream.acknowledge()
    worker.reader.group.acknowledge(worker.reader, worker.reader.acknowledged)
    raise ProcessEnded


@cache
def _settings(patience_seconds: float) -> WorkerSettings:
    nowhere = {"KAFKA_BOOTSTRAP_SERVERS": "memory:1", "TRAJECTORY_DSN": "postgresql://memory/", "METRICS_PORT": "0"}
    changes = {"patience_seconds": patience_seconds, "batch_records_max": max(BATCH_RECORDS)}
    return Settings.from_env(nowhere).worker("trajectory").model_copy(update=changes)


def is_expected(error: BaseException | None) -> bool:
    """Whether a process may have ended by this: an outage that it did not wait out."""
    return error is None or isinstance(error, Unavailable | asyncpg.PostgresConnectionError)
