"""Something that is done each night, or again and again, until the process is told to stop.

One rule: with `METRICS_PORT` the process shows its health and metrics meanwhile, so that somebody hears when it stops.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime, time

import structlog

from youthcare.runtime.health import health_server
from youthcare.runtime.processing import Unavailable
from youthcare.runtime.settings import Settings
from youthcare.verifying.schedule import next_run

AGAIN_SECONDS = 900.0
"""How long after a night on which the database was away it is tried again."""


async def each_night(at: time, work: Callable[[], Awaitable[None]], settings: Settings | None = None) -> None:
    """Do the work each night at a time of the Dutch day, until SIGTERM; what is away is tried again."""
    await staying(_nights(at, work), settings)


async def staying(course: Coroutine[object, object, None], settings: Settings | None = None) -> None:
    """Run a course that has no end until SIGTERM, beside the pages of health where the settings name a port."""
    running = [asyncio.create_task(course)]
    server = None
    if settings is not None and settings.metrics_port is not None:
        server = health_server(settings.metrics_host, settings.metrics_port, _no_problems)
        running.append(asyncio.create_task(server.serve()))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, running[0].cancel)
    try:
        await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        if not running[0].cancelled() and running[0].done():
            running[0].result()
    finally:
        running[0].cancel()
        if server is not None:
            server.should_exit = True
        await asyncio.wait(running, timeout=5)


async def _no_problems() -> list[str]:
    """It waits for its time, and what is away by then is tried again."""
    return []


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
