"""One batch, one transaction: the sequence on which exactness rests (live and bulk share it).

1. Lock the positions of the batch's partitions, fold, publish, flush, move the positions, commit; only then may
   the reader acknowledge. A crash at any point is healed by reading the same records again.
2. Trouble with Kafka or Postgres (``Unavailable``) is tried again with growing pauses for a limited time.
3. Anything else goes up to the caller, who ends the process without acknowledging.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

from youthcare.runtime import progress
from youthcare.runtime.postgres import Pool, unavailable_as_such
from youthcare.runtime.processing import Batch, Probe, Processor, Record, Unavailable, silent
from youthcare.runtime.producing import Publisher
from youthcare.runtime.progress import Position

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0
Guard = Callable[[Mapping[int, Position], Batch], Awaitable[None]]
"""Looks at the positions before a batch; raises when offsets were skipped."""


async def _unguarded(_positions: Mapping[int, Position], _batch: Batch) -> None:
    """No look at gaps: for callers whose reader cannot skip."""


async def apply_batch(
    pool: Pool,
    publisher: Publisher,
    processor: Processor,
    batch: Batch,
    probe: Probe = silent,
    *,
    guard: Guard = _unguarded,
) -> None:
    """Apply one batch once; raises ``Unavailable``, ``WrongTopic`` or what the processor raises."""
    with unavailable_as_such():
        async with pool.acquire() as connection, connection.transaction():
            positions = await progress.lock_positions(connection, processor.name, batch)
            probe("after-lock")
            await guard(positions, batch)
            outgoing = await processor.fold(connection, _to_fold(processor, positions, batch))
            delivery = await publisher.produce(outgoing)
            probe("after-produce")
            await publisher.flush(delivery)
            probe("after-flush")
            await progress.advance(connection, processor.name, batch)
        probe("after-commit")


def _to_fold(processor: Processor, positions: Mapping[int, Position], batch: Batch) -> Sequence[Record]:
    if processor.folds_repeats:
        return batch.records
    return [record for record in batch.records if record.offset >= positions[record.partition].next_offset]


async def patiently(
    step: Callable[[], Awaitable[None]], patience_seconds: float, tell: Callable[[Unavailable | None], None]
) -> None:
    """Take a step, again and again while things are away, until it is done or patience ends.

    ``tell`` hears each failure, and None when the step was taken. Raises the last ``Unavailable``.
    """
    started, pause = time.monotonic(), FIRST_PAUSE_SECONDS
    while True:
        try:
            await step()
        except Unavailable as away:
            tell(away)
            if time.monotonic() - started + pause > patience_seconds:
                raise
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
        else:
            tell(None)
            return
