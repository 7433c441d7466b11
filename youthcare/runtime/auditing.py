"""Reads the log of looks as its auditor: every line of a municipality in order, and where each chain stands.

One rule: the auditor reads in one snapshot and writes nothing; the server holds it to that.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from youthcare.looks.chain import Found, Head, Walk
from youthcare.looks.line import Line
from youthcare.runtime.postgres import Connection, open_pool, unavailable_as_such
from youthcare.runtime.settings import DatabaseSettings, SettingMissing, Settings

COLUMNS = ", ".join(Line.__slots__)
_LINES = f"select {COLUMNS} from access_log.look where municipality = $1 order by number"  # noqa: S608 - ours
_HEADS = """
select distinct on (municipality) municipality, number, hash from access_log.look
where $1::text is null or municipality = $1 order by municipality, number desc
"""
_ROWS = 2000


@asynccontextmanager
async def as_auditor(settings: Settings) -> AsyncIterator[Connection]:
    """A session that sees the log of every municipality as it is at one moment; raises `Unavailable`."""
    if settings.auditor_dsn is None:
        raise SettingMissing("AUDITOR_DSN")
    database = DatabaseSettings(dsn=settings.auditor_dsn, connections_max=1)
    with unavailable_as_such():
        pool = await open_pool(database, "access-log", all_municipalities=True)
        try:
            async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
                yield connection
        finally:
            await pool.close()


async def read_heads(connection: Connection, municipality: str | None = None) -> list[Head]:
    """Where each chain stands now."""
    return [Head(**row) for row in await connection.fetch(_HEADS, municipality)]


async def read_lines(connection: Connection, municipality: str) -> AsyncIterator[Line]:
    """Every line of a municipality by number, a few thousand in memory at a time."""
    async for row in connection.cursor(_LINES, municipality, prefetch=_ROWS):
        yield Line(**row)


async def walked(
    connection: Connection, written: Mapping[str, Mapping[int, bytes]], municipality: str | None = None
) -> tuple[int, list[Found]]:
    """Walk the chain of each municipality, or of one, against the heads written down: how many lines, what is wrong.

    A municipality of which only heads are left is walked too.
    """
    known = {head.municipality for head in await read_heads(connection)} | written.keys()
    count = 0
    found: list[Found] = []
    for each in sorted(known if municipality is None else {municipality}):
        walk = Walk(municipality=each, heads=written.get(each, {}))
        async for line in read_lines(connection, each):
            count += 1
            found += walk.step(line)
        found += walk.end()
    return count, found
