"""Acts on gaps: counts what is explained, stops on what is not (the rules are in ``gaps.py``)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime

import structlog

from youthcare.runtime import metrics
from youthcare.runtime.brokers import Inspector
from youthcare.runtime.clock import utc_now
from youthcare.runtime.gaps import Gap, GapVerdict, find_gaps, is_young, verdict
from youthcare.runtime.processing import Batch, Broken, Processor, Skipped
from youthcare.runtime.progress import Position


class GapGuard:
    """The guard of a worker; called under the lock of the batch's positions."""

    def __init__(self, processor: Processor, inspector: Inspector, clock: Callable[[], datetime] = utc_now) -> None:
        self._processor = processor
        self._inspector = inspector
        self._clock = clock

    async def __call__(self, positions: Mapping[int, Position], batch: Batch) -> None:
        """Raises ``Skipped`` when our reader passed over records, ``Broken`` when the broker lost them."""
        for gap in find_gaps(positions, batch.records):
            found = await self._judged(gap)
            metrics.OFFSET_GAPS.labels(self._processor.name, found.value).inc()
            if found in (GapVerdict.SKIPPED, GapVerdict.LOST):
                structlog.get_logger().error(
                    "gap_found",
                    verdict=found.value,
                    topic=batch.identity.name,
                    partition=gap.partition,
                    first_missing=gap.first_missing,
                    next_offset=gap.next_present,
                )
                raise Skipped if found is GapVerdict.SKIPPED else Broken("offsets were lost")

    async def _judged(self, gap: Gap) -> GapVerdict:
        topic, now_ms = self._processor.topic, round(self._clock().timestamp() * 1000)
        first_held = None
        if is_young(gap.after_ms, now_ms, topic.compaction_lag):
            first_held = await asyncio.to_thread(
                self._inspector.first_held, topic.name, gap.partition, gap.first_missing
            )
        found = verdict(gap, now_ms, topic.compaction_lag, first_held, promised=topic.complete_while_young)
        if found is not GapVerdict.LOST:
            return found
        # A loss by what we declare: where somebody lets this broker compact sooner, it may have been that.
        lag = await asyncio.to_thread(self._inspector.compaction_lag, topic.name)
        return found if lag is None else verdict(gap, now_ms, lag, first_held, promised=topic.complete_while_young)
