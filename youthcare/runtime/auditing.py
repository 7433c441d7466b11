"""Reads the log of looks as its auditor: every line of a municipality in order, and where each chain stands.

One rule: the auditor reads in one snapshot and writes nothing; the server holds it to that.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from youthcare.looks.chain import Found, Head, Kept, Walk
from youthcare.looks.line import Line
from youthcare.runtime.postgres import Connection, open_pool, unavailable_as_such
from youthcare.runtime.settings import DatabaseSettings, SettingMissing, Settings

COLUMNS = ", ".join(Line.__slots__)
_LINES = f"select {COLUMNS} from access_log.look where municipality = $1 order by number"  # noqa: S608 - ours
_HEADS = """
select distinct on (municipality) municipality, number, hash from access_log.look
where $1::text is null or municipality = $1 order by municipality, number desc
"""
_KEPT = """
select distinct on (municipality) municipality, number, hash, before, removed from access_log.removal
where $1::text is null or municipality = $1 order by municipality, removed desc
"""
_ROWS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """What was written down elsewhere, by municipality and number: the hash of a head, and when it was taken."""

    hashes: Mapping[str, Mapping[int, bytes]]
    taken: Mapping[str, Mapping[int, datetime]]


NOTHING_NOTED = Noted(hashes={}, taken={})


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked:
    """How many lines were walked, what is wrong with them, and the heads behind which others went by their term."""

    lines: int
    found: Sequence[Found]
    kept: Sequence[Kept]


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
    """Where each chain stands now; one of which all lines went stands at its kept head."""
    found = {row["municipality"]: Head(**row) for row in await connection.fetch(_HEADS, municipality)}
    for kept in await read_kept(connection, municipality):
        whole = Head(municipality=kept.municipality, number=kept.number, hash=kept.hash)
        found.setdefault(kept.municipality, whole)
    return [found[each] for each in sorted(found)]


async def read_kept(connection: Connection, municipality: str | None = None) -> list[Kept]:
    """The head behind which lines went at the end of their term, of each municipality that has one."""
    return [Kept(**row) for row in await connection.fetch(_KEPT, municipality)]


async def read_lines(connection: Connection, municipality: str) -> AsyncIterator[Line]:
    """Every line of a municipality by number, a few thousand in memory at a time."""
    async for row in connection.cursor(_LINES, municipality, prefetch=_ROWS):
        yield Line(**row)


async def walked(connection: Connection, noted: Noted, municipality: str | None = None) -> Walked:
    """Walk the chain of each municipality, or of one, against what was written down elsewhere.

    A municipality of which only heads are left is walked too.
    """
    kept = {each.municipality: each for each in await read_kept(connection, municipality)}
    known = {head.municipality for head in await read_heads(connection)} | noted.hashes.keys()
    count = 0
    found: list[Found] = []
    for each in sorted(known if municipality is None else {municipality}):
        hashes, taken = noted.hashes.get(each, {}), noted.taken.get(each, {})
        walk = Walk(municipality=each, heads=hashes, taken=taken, kept=kept.get(each))
        found += walk.begin()
        async for line in read_lines(connection, each):
            count += 1
            found += walk.step(line)
        found += walk.end()
    return Walked(lines=count, found=found, kept=[kept[each] for each in sorted(kept)])
