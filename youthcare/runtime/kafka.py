"""The stream worker: Faust brings records, :func:`apply_batch` applies them, and what goes wrong ends the process.

1. This is the one place that catches everything. An outage is waited for, for a limited time, while readiness says
   no; anything else ends the process at once. Nothing is acknowledged that is not committed.
2. A worker can be killed at any moment by anyone; starting it again is always right.
3. Its own watchdog ends it when it hangs, when records wait and none is applied, and when it does not stop.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NoReturn

import structlog
import uvloop

from youthcare.runtime import metrics, progress
from youthcare.runtime.batch import Guard, apply_batch, patiently
from youthcare.runtime.brokers import Inspector
from youthcare.runtime.ending import ExitCode, end_process
from youthcare.runtime.faust_app import Keeper, StreamApp, stream_app
from youthcare.runtime.gap_guard import GapGuard
from youthcare.runtime.health import health_server
from youthcare.runtime.logs import flush_output
from youthcare.runtime.metering import Meter
from youthcare.runtime.postgres import Pool, apply_schema, open_pool, unavailable_as_such
from youthcare.runtime.processing import (
    Batch,
    Companion,
    Probe,
    Processor,
    Record,
    Skipped,
    TopicIdentity,
    Unavailable,
    WrongTopic,
    silent,
)
from youthcare.runtime.producing import Publisher
from youthcare.runtime.settings import WorkerSettings
from youthcare.runtime.vitals import Vitals, Watchdog

HANG_SECONDS = 60.0


def run_worker(
    processor: Processor,
    settings: WorkerSettings,
    probe: Probe = silent,
    companions: Sequence[Companion] = (),
) -> NoReturn:
    """Run until SIGTERM or SIGINT (exit code 0) or until something ends the process (``ExitCode``).

    ``companions`` run beside the stream, such as the sweep of an outbox. Logging must be configured already.
    """
    # The policy and not only this loop: Faust's consumer runs a second loop in a thread of its own.
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    asyncio.run(_run(processor, settings, probe, companions))
    flush_output()
    # Not a return: threads of Faust may still be waiting for a broker that is away.
    os._exit(0)


async def _run(processor: Processor, settings: WorkerSettings, probe: Probe, companions: Sequence[Companion]) -> None:
    vitals = Vitals()
    watchdog = _watchdog(processor.name, vitals, settings)
    stop = _stop_on_signal(vitals)
    server = health_server(settings.metrics_host, settings.metrics_port, vitals.current_problems, settings.pair)
    serving = asyncio.create_task(server.serve())
    beating = asyncio.create_task(_beat(vitals))
    try:
        worker = await _started(processor, settings, probe, vitals)
        await worker.run(stop, companions)
    except Exception as error:
        _end(processor.name, error)
    server.should_exit = True
    await asyncio.wait([serving], timeout=5)
    beating.cancel()
    watchdog.dismiss()


def _watchdog(service: str, vitals: Vitals, settings: WorkerSettings) -> Watchdog:
    def end(reason: str) -> None:
        end_process(service, ExitCode.UNAVAILABLE, reason=reason)

    watchdog = Watchdog(vitals, HANG_SECONDS, settings.stop_seconds, end)
    watchdog.start()
    return watchdog


def _stop_on_signal(vitals: Vitals) -> asyncio.Event:
    stop = asyncio.Event()

    def ask() -> None:
        vitals.stop_requested_at = vitals.stop_requested_at or time.monotonic()
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ask)
    return stop


async def _beat(vitals: Vitals) -> None:
    while True:
        vitals.heart_beat_at = time.monotonic()
        await asyncio.sleep(1)


def _end(service: str, error: BaseException) -> NoReturn:
    if isinstance(error, WrongTopic):
        end_process(service, ExitCode.WRONG_TOPIC, error)
    if isinstance(error, Unavailable):
        end_process(service, ExitCode.UNAVAILABLE, error)
    if isinstance(error, Skipped):
        end_process(service, ExitCode.UNAVAILABLE, error, "skipped")
    end_process(service, ExitCode.BROKEN, error)


@dataclass(slots=True, kw_only=True)
class StreamWorker:
    """One worker with all it needs; ``end`` is told of what goes wrong in the stream and never returns."""

    processor: Processor
    settings: WorkerSettings
    probe: Probe
    vitals: Vitals
    pool: Pool
    publisher: Publisher
    inspector: Inspector
    identity: TopicIdentity
    guard: Guard
    keeper: Keeper
    end: Callable[[str, BaseException], NoReturn] = _end

    async def run(self, stop: asyncio.Event, companions: Sequence[Companion]) -> None:
        """Consume until asked to stop; raises when the stream or anything beside it ends by itself."""
        app = stream_app(self.processor.name, self.settings.broker, self.settings.session_seconds, self.keeper)
        app.agent(app.topic(self.processor.topic.name), name=self.processor.name)(self.consume)
        meter = Meter(
            processor=self.processor,
            identity=self.identity,
            inspector=self.inspector,
            pool=self.pool,
            vitals=self.vitals,
            keeper=self.keeper,
            app=app,
            stalled_seconds=self.settings.stalled_seconds,
        )
        beside: list[asyncio.Future[None]] = [
            asyncio.create_task(_streaming(app)),
            asyncio.create_task(meter.run()),
            *(asyncio.ensure_future(each(self.pool, self.publisher)) for each in companions),
        ]
        await _until_stopped(stop, beside)
        await app.stop()
        for task in beside:
            task.cancel()
        await asyncio.wait_for(self.pool.close(), timeout=5)
        structlog.get_logger().info("worker_stopped", processor=self.processor.name)

    async def consume(self, stream: Any) -> None:
        """The agent: batches as they come, each applied before the next is taken."""
        within = self.settings.batch_within_seconds
        async for events in stream.take_events(self.settings.batch_records_max, within=within):
            try:
                await self._applied([_record(event.message) for event in events])
            except Exception as error:
                # Not raised: Faust would acknowledge the batch.
                self.end(self.processor.name, error)

    async def _applied(self, records: Sequence[Record]) -> None:
        batch = Batch(identity=self.identity, records=records)
        step = partial(
            apply_batch, self.pool, self.publisher, self.processor, batch, probe=self.probe, guard=self.guard
        )
        with metrics.BATCH_SECONDS.labels(self.processor.name).time():
            await patiently(step, self.settings.patience_seconds, self._tell)
        metrics.RECORDS_APPLIED.labels(self.processor.name).inc(len(records))
        self.keeper.note_applied({each: last.offset + 1 for each, last in batch.last_by_partition().items()})
        self.probe("before-acknowledge")

    def _tell(self, away: Unavailable | None) -> None:
        self.vitals.failing = away is not None
        if away is None:
            return
        metrics.BATCHES_RETRIED.labels(self.processor.name).inc()
        structlog.get_logger().warning("batch_postponed", processor=self.processor.name, reason=str(away))


async def _started(processor: Processor, settings: WorkerSettings, probe: Probe, vitals: Vitals) -> StreamWorker:
    """Everything that a worker needs, waited for as long as an outage may last."""
    made: list[StreamWorker] = []

    async def make() -> None:
        made.append(await _make(processor, settings, probe, vitals))

    def tell(away: Unavailable | None) -> None:
        if away is not None:
            structlog.get_logger().warning("start_postponed", processor=processor.name, reason=str(away))

    await patiently(make, settings.patience_seconds, tell)
    return made[0]


async def _make(processor: Processor, settings: WorkerSettings, probe: Probe, vitals: Vitals) -> StreamWorker:
    metrics.start_at_zero(processor.name)
    pool = await open_pool(settings.database, processor.name, all_municipalities=True)
    inspector = Inspector(settings.broker)
    identity = await prepare(processor, pool, inspector)

    async def next_offsets() -> dict[int, int]:
        async with pool.acquire() as connection:
            positions = await progress.read_positions(connection, processor.name, identity)
        return {partition: position.next_offset for partition, position in positions.items()}

    return StreamWorker(
        processor=processor,
        settings=settings,
        probe=probe,
        vitals=vitals,
        pool=pool,
        publisher=Publisher(settings.broker),
        inspector=inspector,
        identity=identity,
        guard=GapGuard(processor, inspector),
        keeper=Keeper(topic=processor.topic.name, read=next_offsets),
    )


async def prepare(processor: Processor, pool: Pool, inspector: Inspector) -> TopicIdentity:
    """Tables, topic and positions, checked against each other; raises ``WrongTopic`` or ``Unavailable``."""
    await apply_schema(pool, progress.PROGRESS_TABLE)
    await processor.prepare(pool)
    identity = await asyncio.to_thread(inspector.identity, processor.topic.name)
    declared = processor.topic.partition_count
    if identity.partition_count != declared:
        raise WrongTopic(
            f"Topic {identity.name} has {identity.partition_count} partitions and {declared} are declared: "
            f"moving to a new topic is a task of its own (docs/operations.md)."
        )
    first_offsets = await asyncio.to_thread(inspector.first_offsets, identity)
    with unavailable_as_such():
        async with pool.acquire() as connection:
            await progress.register_partitions(connection, processor.name, identity, first_offsets)
            await progress.read_positions(connection, processor.name, identity)
    return identity


async def _streaming(app: StreamApp) -> None:
    await app.start()
    await app.wait_until_stopped()
    raise Unavailable("the stream ended")


async def _until_stopped(stop: asyncio.Event, beside: Sequence[asyncio.Future[None]]) -> None:
    """Return when asked to stop; raise when anything that should go on has ended."""
    asked = asyncio.create_task(stop.wait())
    waited: list[asyncio.Future[Any]] = [asked, *beside]
    await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
    if stop.is_set():
        return
    for ended in beside:
        if ended.done():
            raise ended.exception() or Unavailable("a part of the worker ended")


def _record(message: Any) -> Record:
    return Record(
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        key=message.key,
        value=message.value,
        timestamp_ms=round((message.timestamp or 0) * 1000),
        headers=_headers(message.headers),
    )


def _headers(found: Any) -> tuple[tuple[str, bytes], ...]:
    """Faust gives a list, a mapping or None."""
    pairs = found.items() if isinstance(found, Mapping) else found or ()
    return tuple((str(name), bytes(value or b"")) for name, value in pairs)
