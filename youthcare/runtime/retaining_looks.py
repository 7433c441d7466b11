"""Ends the term of looks: the oldest months of the log go, and the chain goes on from the head that is kept.

Two rules. Whole months go, so that a head is kept once a month and not every day. The role that does this sees no line
(`deploy/postgres/access_log.sql`).
"""

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import date, datetime

from youthcare.retention import DEFAULT, Terms
from youthcare.runtime.postgres import Connection, open_pool, unavailable_as_such
from youthcare.runtime.retaining import midnight
from youthcare.runtime.settings import DatabaseSettings, SettingMissing, Settings

KIND = "looks"
ROWS_AT_ONCE = 2000
_OLDEST = "select municipality, recorded from access_log.oldest_looks()"
_END = "select access_log.remove_before($1, $2, $3)"
_COUNT = "select access_log.looks_before($1, $2)"


async def end_past_looks(settings: Settings, terms: Terms, today: date) -> Counter[tuple[str, str]]:
    """End the months that are past their term; answers how many rows by municipality. Raises `Unavailable`."""
    done = Counter[tuple[str, str]]()
    async with _as_keeper(settings) as connection:
        for municipality, until in (await _past(connection, terms, today)).items():
            while ended := await connection.fetchval(_END, municipality, until, ROWS_AT_ONCE):
                done[municipality, KIND] += ended
    return done


async def count_past_looks(settings: Settings, terms: Terms, today: date) -> Counter[tuple[str, str]]:
    """How many lines are past their term now, by municipality. Raises `Unavailable`."""
    async with _as_keeper(settings) as connection:
        past = await _past(connection, terms, today)
        return Counter({(each, KIND): await connection.fetchval(_COUNT, each, until) for each, until in past.items()})


async def _past(connection: Connection, terms: Terms, today: date) -> Mapping[str, datetime]:
    """Before which instant lines go, of each municipality whose oldest line is from before it."""
    cutoffs = terms.cutoffs(KIND, today)
    oldest = {row["municipality"]: row["recorded"] for row in await connection.fetch(_OLDEST)}
    until = {each: midnight(cutoffs.get(each, cutoffs[DEFAULT]).replace(day=1)) for each in oldest}
    return {each: until[each] for each in sorted(oldest) if oldest[each] < until[each]}


@asynccontextmanager
async def _as_keeper(settings: Settings) -> AsyncIterator[Connection]:
    if settings.log_keeper_dsn is None:
        raise SettingMissing("LOG_KEEPER_DSN")
    database = DatabaseSettings(dsn=settings.log_keeper_dsn, connections_max=1)
    with unavailable_as_such():
        pool = await open_pool(database, "retention", all_municipalities=True)
        try:
            async with pool.acquire() as connection:
                yield connection
        finally:
            await pool.close()
