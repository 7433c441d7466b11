"""How an API starts while its database is away, or busy: it waits a minute, as a worker does, and then gives up."""

from collections.abc import Awaitable, Callable

from youthcare.runtime.batch import patiently
from youthcare.runtime.postgres import Pool, open_pool
from youthcare.runtime.processing import Unavailable
from youthcare.runtime.settings import DatabaseSettings

START_PATIENCE_SECONDS = 60.0


async def open_with_tables(
    settings: DatabaseSettings,
    application_name: str,
    make: Callable[[Pool], Awaitable[None]],
    patience_seconds: float = START_PATIENCE_SECONDS,
) -> Pool:
    """A pool whose tables are there, made by `make` where they were not; raises ``Unavailable`` when patience ends."""
    made: list[Pool] = []

    async def attempt() -> None:
        pool = await open_pool(settings, application_name)
        try:
            await make(pool)
        except BaseException:
            pool.terminate()
            raise
        made.append(pool)

    await patiently(attempt, patience_seconds, _untold)
    return made[0]


def _untold(_away: Unavailable | None) -> None:
    """Whoever waits for the API sees that it does not answer."""
