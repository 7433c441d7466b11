"""Rounds over all that is to be forgotten, and how far each forgetting is: for commands, with a pool of their own.

One rule: tables are made once, before the first round. Making them locks them, which a round every hour must not.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from services.indication.api.opening import load_keys
from services.indication.forgetting import Forgetting
from services.indication.outbox.forgetting import Course, silent
from services.indication.store import prepare
from services.indication.store.forgetting import of_municipality, open_ones
from youthcare.runtime.brokers import Inspector
from youthcare.runtime.logs import configure_logging
from youthcare.runtime.postgres import Pool, open_pool, unavailable_as_such
from youthcare.runtime.producing import Publisher
from youthcare.runtime.settings import Settings

Answer = TypeVar("Answer")


def make_tables(settings: Settings) -> None:
    """Make the tables that are not there; raises `Unavailable`."""
    _run(settings, prepare)


def forget(
    settings: Settings,
    *,
    watch: bool = False,
    probe: Callable[[str], None] = silent,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> bool:
    """Go once through the steps of every forgetting that is open; false when another process does so now."""

    async def go(pool: Pool) -> bool:
        course = Course(
            pool=pool,
            publisher=Publisher(settings.broker()),
            inspector=Inspector(settings.broker()),
            broker=settings.broker(),
            keys=load_keys(settings),
            clock=clock,
            mark_every=timedelta(seconds=settings.forget_mark_seconds),
            probe=probe,
        )
        return await course.run(watch=watch)

    return _run(settings, go)


def forgettings(settings: Settings, municipality: str | None, digest: str | None = None) -> list[Forgetting]:
    """All forgettings of a municipality, oldest first, or the one of this digest; None: the open ones of all."""

    async def read(pool: Pool) -> list[Forgetting]:
        with unavailable_as_such():
            async with pool.acquire() as connection:
                found = await (of_municipality(connection, municipality) if municipality else open_ones(connection))
        return [each for each in found if digest in (None, each.digest)]

    return _run(settings, read)


def _run(settings: Settings, work: Callable[[Pool], Awaitable[Answer]]) -> Answer:
    configure_logging("indication", settings.log_level)
    return asyncio.run(_with_pool(settings, work))


async def _with_pool(settings: Settings, work: Callable[[Pool], Awaitable[Answer]]) -> Answer:
    pool = await open_pool(settings.database("indication"), "indication-forget", all_municipalities=True)
    try:
        return await work(pool)
    finally:
        await pool.close()
