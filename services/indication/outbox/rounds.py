"""Rounds over all that is to be forgotten, and how far each forgetting is: for commands, with a pool of their own.

One rule: tables are made once, before the first round. Making them locks them, which a round every hour must not.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

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


def make_tables(settings: Settings) -> None:
    """Make the tables that are not there; raises `Unavailable`."""
    configure_logging("indication", settings.log_level)
    asyncio.run(_make_tables(settings))


async def _make_tables(settings: Settings) -> None:
    pool = await _pool(settings)
    try:
        await prepare(pool)
    finally:
        await pool.close()


def forget(
    settings: Settings,
    *,
    watch: bool = False,
    probe: Callable[[str], None] = silent,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> bool:
    """Go once through the steps of every forgetting that is open; false when another process does so now."""
    configure_logging("indication", settings.log_level)
    return asyncio.run(_forget(settings, watch, probe, clock))


async def _forget(settings: Settings, watch: bool, probe: Callable[[str], None], clock: Callable[[], datetime]) -> bool:
    pool = await _pool(settings)
    try:
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
    finally:
        await pool.close()


def forgettings(settings: Settings, municipality: str | None, digest: str | None = None) -> list[Forgetting]:
    """All forgettings of a municipality, oldest first, or the one of this digest; None: the open ones of all."""
    configure_logging("indication", settings.log_level)
    return asyncio.run(_forgettings(settings, municipality, digest))


async def _forgettings(settings: Settings, municipality: str | None, digest: str | None) -> list[Forgetting]:
    pool = await _pool(settings)
    try:
        with unavailable_as_such():
            async with pool.acquire() as connection:
                found = await (of_municipality(connection, municipality) if municipality else open_ones(connection))
        return [each for each in found if digest in (None, each.digest)]
    finally:
        await pool.close()


async def _pool(settings: Settings) -> Pool:
    return await open_pool(settings.database("indication"), "indication-forget", all_municipalities=True)
