"""Waits until a service has applied what stands on its topic at this moment, for a limited time."""

import asyncio
import time

from youthcare.runtime import progress
from youthcare.runtime.brokers import Inspector, total_lag
from youthcare.runtime.postgres import Pool, unavailable_as_such
from youthcare.runtime.processing import Unavailable
from youthcare.runtime.reading import Span

LOOK_SECONDS = 0.5


class Behind(Exception):
    """A service did not reach in time what its topic held; the text names the service and how far it is behind."""


async def wait_until_past(pool: Pool, processor: str, span: Span, until: float) -> None:
    """Return when the positions in the tables have passed the ends; raises `Behind` at the monotonic time given.

    `WrongTopic` when the tables were built from another topic than this one.
    """
    lag = await _lag(pool, processor, span)
    while any(lag.values()):
        before = lag
        await asyncio.sleep(LOOK_SECONDS)
        lag = await _lag(pool, processor, span)
        if lag == before and not await _held(span, lag):
            return
        if time.monotonic() > until:
            raise Behind(f"{processor} is {sum(lag.values())} records behind")


async def _lag(pool: Pool, processor: str, span: Span) -> dict[int, int]:
    with unavailable_as_such():
        async with pool.acquire() as connection:
            positions = await progress.read_positions(connection, processor, span.identity)
    reached = {each: max(position.next_offset, 0) for each, position in positions.items()}
    wanted = [each for each, end in span.ends.items() if end > span.starts.get(each, 0)]
    return total_lag(span.ends, reached, wanted)


async def _held(span: Span, lag: dict[int, int]) -> bool:
    """Whether any record is left to be read: behind the last one a partition's end can lie further on."""
    inspector = Inspector(span.broker)
    try:
        for partition, left in lag.items():
            start = span.ends[partition] - left
            if left and await asyncio.to_thread(inspector.first_held, span.identity.name, partition, start) is not None:
                return True
    except Unavailable:
        return True
    return False
