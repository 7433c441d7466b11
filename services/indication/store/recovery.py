"""The register after an older dump was restored: what the log has and the register lacks is entered from the log.

Four rules. What stands is left as it is; what differs is counted. A youth whose wish to be forgotten stands on the
log is erased again, and what of it is still on the log is wiped. A record that was wiped is not entered. Doing it
twice changes nothing more.
"""

import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.indication.logged import Logged, Place, logged
from services.indication.store import forgetting
from youthcare.runtime.postgres import Connection, Pool, unavailable_as_such
from youthcare.runtime.processing import Record

Batches = Callable[[], AsyncIterator[Sequence[Record]]]
"""Reads a topic from its start to one and the same end, as often as it is called."""

_ENTER = """
with again as (
    select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::timestamptz[], $7::bytea[])
        as again (municipality, source, id, youth, digest, received, body)
), entered as (
    insert into statement (municipality, source, id, youth, digest, received, body, published)
    select *, $8::timestamptz from again on conflict do nothing
    returning 1
)
select (select count(*) from entered) as entered, (
    select count(*) from again join statement using (municipality, source, id) where statement.body <> again.body
) as differing
"""
_TOMBSTONE = """
insert into tombstone (municipality, youth, source, id)
select * from unnest($1::text[], $2::text[], $3::text[], $4::text[]) on conflict do nothing
"""
_ERASE_STATEMENTS = """
with gone as (
    delete from statement using unnest($1::text[], $2::text[]) as forgotten (municipality, youth)
    where statement.municipality = forgotten.municipality and statement.youth = forgotten.youth
        and convert_from(statement.body, 'UTF8')::json ->> 'type' not like '%.youth.forgotten.%'
    returning statement.municipality, statement.youth, source, id
), wiped as (
    insert into tombstone select * from gone on conflict do nothing
)
select count(*) from gone
"""
_ERASE = """
with gone as (
    delete from {table} using unnest($1::text[], $2::text[]) as forgotten (municipality, youth)
    where {table}.municipality = forgotten.municipality and {table}.youth = forgotten.youth
    returning 1
)
select count(*) from gone
"""
_ERASURES = (_ERASE_STATEMENTS, *(_ERASE.format(table=table) for table in ("reference", "identity")))
_WIPE = """
with gone as (
    delete from statement using unnest($1::text[], $2::text[], $3::text[]) as wiped (municipality, youth, name)
    where statement.municipality = wiped.municipality and statement.youth = wiped.youth
        and statement.source || '/' || statement.id = wiped.name
    returning 1
)
select count(*) from gone
"""
_RAISE = """
with raised as (
    insert into refusal_count (municipality, sender, last)
    select * from unnest($1::text[], $2::text[], $3::bigint[])
    on conflict (municipality, sender) do update set last = excluded.last where refusal_count.last < excluded.last
    returning 1
)
select count(*) from raised
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """What was done, in rows: records read, entered, other than what stands, erased, and refusal counts raised."""

    read: int = 0
    entered: int = 0
    differing: int = 0
    erased: int = 0
    raised: int = 0


@dataclass(slots=True)
class _Gone:
    """What the log says is no more: youths who were forgotten, and keys whose last record is empty."""

    forgotten: set[Place] = field(default_factory=set)
    wiped: set[str] = field(default_factory=set)

    def read(self, records: Iterable[Record]) -> None:
        """Note what these records say; a key has all its records in one partition, so the last one counts."""
        for record in records:
            key = (record.key or b"").decode()
            if record.value is None:
                self.wiped.add(key)
                continue
            self.wiped.discard(key)
            if b".youth.forgotten." in record.value and (row := logged(record.value)).forgets:
                self.forgotten.add(row.place)


async def recover_statements(pool: Pool, batches: Batches, now: datetime) -> Recovered:
    """Enter the statements of the log that the register lacks, as published; raises `Unavailable`."""
    gone = _Gone()
    async for batch in batches():
        gone.read(batch)
    with unavailable_as_such():
        async with pool.acquire() as connection, connection.transaction():
            erased = await _erase(connection, gone)
    done = Recovered(erased=erased)
    async for batch in batches():
        with unavailable_as_such():
            async with pool.acquire() as connection, connection.transaction():
                done = await _recover(connection, gone, batch, done, now)
    return done


async def _erase(connection: Connection, gone: _Gone) -> int:
    columns = _columns(gone.forgotten, 2)
    erased = [await connection.fetchval(command, *columns) for command in _ERASURES]
    wiped = await connection.fetchval(_WIPE, *_columns([key.split("/", 2) for key in gone.wiped], 3))
    return sum(map(int, [*erased, wiped]))


async def _recover(
    connection: Connection, gone: _Gone, batch: Sequence[Record], done: Recovered, now: datetime
) -> Recovered:
    lasting = [each for each in batch if each.value is not None and (each.key or b"").decode() not in gone.wiped]
    rows = [logged(each.value) for each in lasting if each.value is not None]
    left = [row for row in rows if row.place in gone.forgotten and not row.forgets]
    await connection.execute(_TOMBSTONE, *_columns([(*row.place, row.source, row.id) for row in left], 4))
    enter = [row for row in rows if row.forgets or row.place not in gone.forgotten]
    await forgetting.resume(connection, [row for row in enter if row.forgets])
    told = await connection.fetchrow(_ENTER, *_register_columns(enter), now)
    assert told is not None, "a count is a row"
    return Recovered(
        read=done.read + len(batch),
        entered=done.entered + told["entered"],
        differing=done.differing + told["differing"],
        erased=done.erased,
    )


def _register_columns(rows: Sequence[Logged]) -> list[list[object]]:
    # One order for all, as in `statements.register`.
    ordered = sorted(rows, key=lambda row: (row.municipality, row.source, row.id))
    return _columns(
        [(row.municipality, row.source, row.id, row.youth, row.digest, row.received, row.body) for row in ordered], 7
    )


def _columns(rows: Iterable[Sequence[object]], width: int) -> list[list[object]]:
    held = list(rows)
    return [[row[part] for row in held] for part in range(width)]


async def recover_counts(pool: Pool, batches: Batches) -> int:
    """Let no number of a refusal be given twice: raise each sender's count to the highest told; answers how many."""
    highest: dict[tuple[str, str], int] = {}
    async for batch in batches():
        for record in batch:
            _note(highest, json.loads(record.value or b"null"))
    with unavailable_as_such():
        async with pool.acquire() as connection, connection.transaction():
            rows = [(*sender, number) for sender, number in sorted(highest.items())]
            return int(await connection.fetchval(_RAISE, *_columns(rows, 3)))


def _note(highest: dict[tuple[str, str], int], refusal: Mapping[str, str | int] | None) -> None:
    if refusal is not None:
        sender = (str(refusal["municipality"]), str(refusal["sender"]))
        highest[sender] = max(int(refusal["number"]), highest.get(sender, 0))
