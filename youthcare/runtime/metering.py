"""Measures how far behind a worker is, and notices when it has stopped moving.

The lag is asked of the broker and of the tables, never of the stream: the stream may be what is broken.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from youthcare.runtime import metrics, progress
from youthcare.runtime.brokers import Inspector, total_lag
from youthcare.runtime.postgres import Pool, unavailable_as_such
from youthcare.runtime.processing import Processor, TopicIdentity, Unavailable, WrongTopic
from youthcare.runtime.vitals import LAG_EVERY_SECONDS, StallDetector, Vitals

if TYPE_CHECKING:
    from youthcare.runtime.faust_app import Keeper, StreamApp


@dataclass(slots=True, kw_only=True)
class Meter:
    """One worker's measuring; ``run`` goes on until the stream is found dead, stalled or at the wrong topic."""

    processor: Processor
    identity: TopicIdentity
    inspector: Inspector
    pool: Pool
    vitals: Vitals
    keeper: Keeper
    app: StreamApp
    stalled_seconds: float
    _detector: StallDetector = field(init=False)

    def __post_init__(self) -> None:
        self._detector = StallDetector(self.stalled_seconds)

    async def run(self) -> None:
        """Measure every two seconds; raises ``Unavailable`` or ``WrongTopic`` when the worker must end."""
        while True:
            self._look_at_stream()
            ends, reached = await self._ends(), await self._reached()
            if ends is not None and reached is not None:
                await self._measure(ends, reached)
            await asyncio.sleep(LAG_EVERY_SECONDS)

    def _look_at_stream(self) -> None:
        if self.app.should_stop:
            raise Unavailable("the stream ended")
        self.vitals.joined = self.keeper.assignments > 0
        if self.vitals.joined:
            held = self.app.consumer.assignment()
            self.vitals.assigned = frozenset(each.partition for each in held if each.topic == self.keeper.topic)

    async def _ends(self) -> Mapping[int, int] | None:
        try:
            found = await asyncio.to_thread(self.inspector.identity, self.identity.name)
            ends = await asyncio.to_thread(self.inspector.end_offsets, self.identity)
        except Unavailable:
            self.vitals.broker_answers = False
            return None
        self.vitals.broker_answers = True
        if found != self.identity:
            raise WrongTopic(f"Topic {self.identity.name} was replaced while it was read: restart the worker.")
        return ends

    async def _reached(self) -> Mapping[int, int] | None:
        try:
            with unavailable_as_such():
                async with self.pool.acquire(timeout=5) as connection:
                    found = await progress.read_positions(connection, self.processor.name, self.identity)
        except Unavailable:
            self.vitals.pool_answers = False
            return None
        self.vitals.pool_answers = True
        return {partition: position.next_offset for partition, position in found.items()}

    async def _measure(self, ends: Mapping[int, int], reached: Mapping[int, int]) -> None:
        # A worker without partitions watches all: it may be the one that cannot join.
        watched = self.vitals.assigned or frozenset(range(self.identity.partition_count))
        lag = total_lag(ends, reached, watched)
        for partition in range(self.identity.partition_count):
            shown = lag.get(partition, 0) if partition in self.vitals.assigned else 0
            metrics.CONSUMER_LAG.labels(self.processor.name, str(partition)).set(shown)
        for partition in self._detector.observe(time.monotonic(), reached, lag):
            await self._confirm(partition, reached.get(partition, 0))

    async def _confirm(self, partition: int, next_offset: int) -> None:
        topic = self.identity.name
        held = await asyncio.to_thread(self.inspector.first_held, topic, partition, next_offset)
        if held is None:
            # Only a transaction's marker stands there: an end offset that no record will ever reach.
            self._detector.forget(partition)
            return
        structlog.get_logger().error("stream_stalled", topic=topic, partition=partition, next_offset=next_offset)
        raise Unavailable("the stream stalled")
