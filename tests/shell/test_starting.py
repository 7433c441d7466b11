"""An API that starts beside a busy database, or before it, against a real Postgres."""

import asyncio

import pytest

from tests.deliveries import free_port
from youthcare.runtime.local.stack import Stack
from youthcare.runtime.postgres import Pool, apply_schema
from youthcare.runtime.processing import Unavailable
from youthcare.runtime.settings import DatabaseSettings, Settings
from youthcare.runtime.starting import open_with_tables


@pytest.fixture
def database(stack: Stack) -> DatabaseSettings:
    return Settings.from_env(stack.environment()).database("trajectory")


async def test_tables_that_cannot_be_made_now_are_made_a_moment_later(database: DatabaseSettings) -> None:
    """As when a worker is at them: the first attempt finds a lock, and leaves no connection behind."""
    pools: list[Pool] = []

    async def make(pool: Pool) -> None:
        pools.append(pool)
        if len(pools) == 1:
            raise Unavailable("PostgreSQL is away: DeadlockDetectedError")
        await apply_schema(pool, "select 1")

    pool = await open_with_tables(database, "test", make, patience_seconds=30)

    assert pool is pools[1]
    assert pools[0].is_closing()
    assert await pool.fetchval("select 1") == 1
    await pool.close()


async def test_a_database_that_comes_too_late_is_told(database: DatabaseSettings) -> None:
    """After its patience the process ends, and whoever keeps it running decides."""
    away = database.model_copy(update={"dsn": f"postgresql://nobody@127.0.0.1:{free_port()}/nothing"})

    with pytest.raises(Unavailable):
        await asyncio.wait_for(open_with_tables(away, "test", lambda _pool: asyncio.sleep(0), 0.2), 20)


async def test_what_is_wrong_for_good_is_not_waited_for(database: DatabaseSettings) -> None:
    """A mistake of ours is no outage."""
    asked = 0

    async def make(_pool: Pool) -> None:
        nonlocal asked
        asked += 1
        raise ValueError("not ours to wait for")

    with pytest.raises(ValueError, match="not ours"):
        await open_with_tables(database, "test", make)
    assert asked == 1
