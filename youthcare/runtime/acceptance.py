"""Accepts a topic that was lost and made anew: the tables stay, the reading starts again."""

import asyncio
from typing import cast

from youthcare.runtime.postgres import apply_schema, open_pool
from youthcare.runtime.progress import PROGRESS_TABLE, forget_positions
from youthcare.runtime.settings import DatabaseSettings, Service, Settings


def accept_topic(settings: Settings, service: str) -> int:
    """Forget a service's positions; returns how many. Run it while no worker of the service runs."""
    return asyncio.run(_accept(settings.database(cast(Service, service)), service))


async def _accept(settings: DatabaseSettings, processor: str) -> int:
    pool = await open_pool(settings, f"{processor}-accept", all_municipalities=True)
    try:
        await apply_schema(pool, PROGRESS_TABLE)
        async with pool.acquire() as connection:
            return await forget_positions(connection, processor)
    finally:
        await pool.close()
