"""Something that is done each night until the process is told to stop."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, time

import structlog

from youthcare.runtime.processing import Unavailable
from youthcare.verifying.schedule import next_run

AGAIN_SECONDS = 900.0
"""How long after a night on which the database was away it is tried again."""


async def each_night(at: time, work: Callable[[], Awaitable[None]]) -> None:
    """Do the work each night at a time of the Dutch day, until SIGTERM; what is away is tried again."""
    nights = asyncio.create_task(_nights(at, work))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, nights.cancel)
    await asyncio.wait([nights])
    if not nights.cancelled():
        nights.result()


async def _nights(at: time, work: Callable[[], Awaitable[None]]) -> None:
    while True:
        await _until(next_run(datetime.now(UTC), at))
        while not await _is_done(work):  # noqa: ASYNC110  # waits for the clock, not for an event
            await asyncio.sleep(AGAIN_SECONDS)


async def _is_done(work: Callable[[], Awaitable[None]]) -> bool:
    try:
        await work()
    except Unavailable as away:
        structlog.get_logger().warning("night_postponed", reason=str(away))
        return False
    return True


async def _until(instant: datetime) -> None:
    # In short sleeps: a clock that is set right in between moves the night with it.
    while (left := (instant - datetime.now(UTC)).total_seconds()) > 0:  # noqa: ASYNC110  # the same
        await asyncio.sleep(min(left, 60.0))
