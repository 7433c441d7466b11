"""From the register to the topics: what is committed is published, and what a crash left behind too.

Three rules. Nothing is published that is not committed. What may not have arrived stays unpublished and goes
again, byte for byte the same. One sweep at a time runs for the whole installation, oldest first.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from youthcare.runtime.postgres import Connection, Pool, as_municipality, unavailable_as_such
from youthcare.runtime.processing import Outgoing
from youthcare.runtime.producing import Publisher
from youthcare.runtime.topics import INDICATION_EVENTS, REFUSALS, partition_of, refusal_key, statement_key

GRACE = timedelta(seconds=5)
"""How long the process that wrote a row has for publishing it itself."""

_SWEEP_LOCK = 0x696E6F62
_SWEEP_ROWS = 2000
_TRY = "select pg_try_advisory_xact_lock($1)"
_STATEMENT_COLUMNS = "select municipality, source, id, youth, body from statement where published is null"
_REFUSAL_COLUMNS = "select municipality, sender, number, body from refusal where published is null"
# A row that this transaction inserted or put back carries its number in the system column xmin.
_OURS = " and xmin = pg_current_xact_id()::xid"
_OLD_STATEMENTS = _STATEMENT_COLUMNS + " and recorded <= $1 order by number limit $2"
_OLD_REFUSALS = _REFUSAL_COLUMNS + " and recorded <= $1 order by recorded limit $2"
_TOMBSTONES = "select municipality, youth, source, id from tombstone limit $1"
_REFUSAL_TOMBSTONES = "select municipality, sender, number, null::bytea as body from refusal_tombstone limit $1"
_PUBLISHED_STATEMENTS = """
update statement set published = now()
from unnest($1::text[], $2::text[], $3::text[]) as done (municipality, source, id)
where statement.municipality = done.municipality and statement.source = done.source and statement.id = done.id
"""
_PUBLISHED_REFUSALS = """
update refusal set published = now()
from unnest($1::text[], $2::text[], $3::bigint[]) as done (municipality, sender, number)
where refusal.municipality = done.municipality and refusal.sender = done.sender and refusal.number = done.number
"""
_WIPED = """
delete from tombstone using unnest($1::text[], $2::text[], $3::text[], $4::text[])
    as done (municipality, youth, source, id)
where tombstone.municipality = done.municipality and tombstone.youth = done.youth
    and tombstone.source = done.source and tombstone.id = done.id
"""
_WIPED_REFUSALS = """
delete from refusal_tombstone using unnest($1::text[], $2::text[], $3::bigint[]) as done (municipality, sender, number)
where refusal_tombstone.municipality = done.municipality and refusal_tombstone.sender = done.sender
    and refusal_tombstone.number = done.number
"""
Row = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """Committed, or about to be, and not yet on its topic."""

    statements: tuple[Row, ...] = ()
    refusals: tuple[Row, ...] = ()
    tombstones: tuple[Row, ...] = ()
    refusal_tombstones: tuple[Row, ...] = ()

    def __len__(self) -> int:
        rows = (self.statements, self.refusals, self.tombstones, self.refusal_tombstones)
        return sum(map(len, rows))

    def outgoing(self) -> list[Outgoing]:
        """The messages."""
        return [
            *(_statement(row, row["body"]) for row in self.statements),
            *(_refusal(row) for row in self.refusals),
            *(_statement(row, None) for row in self.tombstones),
            *(_refusal(row) for row in self.refusal_tombstones),
        ]


def _statement(row: Row, body: object) -> Outgoing:
    municipality, youth = str(row["municipality"]), str(row["youth"])
    assert body is None or isinstance(body, bytes)
    return Outgoing(
        topic=INDICATION_EVENTS.name,
        key=statement_key(municipality, youth, str(row["source"]), str(row["id"])),
        value=body,
        partition=partition_of(municipality, youth, INDICATION_EVENTS.partition_count),
    )


def _refusal(row: Row) -> Outgoing:
    number, body = row["number"], row["body"]
    assert isinstance(number, int)
    assert body is None or isinstance(body, bytes)
    key = refusal_key(str(row["municipality"]), str(row["sender"]), number)
    return Outgoing(topic=REFUSALS.name, key=key, value=body)


async def written_here(connection: Connection) -> Pending:
    """What the current transaction wrote and its commit will allow to be published."""
    return Pending(
        statements=tuple(await connection.fetch(_STATEMENT_COLUMNS + _OURS)),
        refusals=tuple(await connection.fetch(_REFUSAL_COLUMNS + _OURS)),
    )


async def publish_written(pool: Pool, publisher: Publisher, municipality: str, pending: Pending) -> None:
    """Publish what one municipality's delivery committed and note it; raises `Unavailable`."""
    if not pending:
        return
    await publisher.publish(pending.outgoing())
    with unavailable_as_such():
        async with pool.acquire() as connection, as_municipality(connection, municipality):
            await _mark(connection, pending)


async def publish_committed(pool: Pool, publisher: Publisher, pending: Pending) -> None:
    """The same for a worker, whose sessions serve all municipalities; raises `Unavailable`."""
    await publisher.publish(pending.outgoing())
    with unavailable_as_such():
        async with pool.acquire() as connection, connection.transaction():
            await _mark(connection, pending)


async def sweep(pool: Pool, publisher: Publisher, now: datetime, grace: timedelta = GRACE) -> int:
    """Publish what was left behind, oldest first; answers how many, 0 also while another process sweeps."""
    with unavailable_as_such():
        async with pool.acquire() as connection, connection.transaction():
            if not await connection.fetchval(_TRY, _SWEEP_LOCK):
                return 0
            pending = await _left_behind(connection, now - grace)
            await publisher.publish(pending.outgoing())
            await _mark(connection, pending)
    return len(pending)


async def _left_behind(connection: Connection, before: datetime) -> Pending:
    return Pending(
        statements=tuple(await connection.fetch(_OLD_STATEMENTS, before, _SWEEP_ROWS)),
        refusals=tuple(await connection.fetch(_OLD_REFUSALS, before, _SWEEP_ROWS)),
        tombstones=tuple(await connection.fetch(_TOMBSTONES, _SWEEP_ROWS)),
        refusal_tombstones=tuple(await connection.fetch(_REFUSAL_TOMBSTONES, _SWEEP_ROWS)),
    )


async def _mark(connection: Connection, pending: Pending) -> None:
    for command, rows, names in (
        (_PUBLISHED_STATEMENTS, pending.statements, ("municipality", "source", "id")),
        (_PUBLISHED_REFUSALS, pending.refusals, ("municipality", "sender", "number")),
        (_WIPED, pending.tombstones, ("municipality", "youth", "source", "id")),
        (_WIPED_REFUSALS, pending.refusal_tombstones, ("municipality", "sender", "number")),
    ):
        if rows:
            await connection.execute(command, *([row[name] for row in rows] for name in names))
