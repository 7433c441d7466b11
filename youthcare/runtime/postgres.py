"""Postgres as the services use it: a pool, ``Unavailable``, tables made once, and one municipality at a time.

1. A session that sits idle inside a transaction for ten seconds is ended by the server, a lock is waited for
   fifteen: a frozen worker cannot hold others up for longer, nor publish after its lock is gone (engine rule 5).
2. Connection trouble, lock time-outs and serialisation failures are :class:`Unavailable`; all else is a bug.
3. Every table of persons carries a forced row policy (:func:`municipality_policy`) that compares its first
   column with the session's ``app.municipality``; a session that set none sees nothing.
   **Workers** fold statements of all municipalities: their pool sets ``*`` for all its sessions.
   **APIs** serve one municipality per request: each statement runs inside :func:`as_municipality`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import asyncpg
import orjson

from youthcare.runtime.processing import Unavailable
from youthcare.runtime.settings import DatabaseSettings

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"

IDLE_IN_TRANSACTION_SECONDS = 10
Result = TypeVar("Result")
LOCK_SECONDS = 15
ALL_MUNICIPALITIES = "*"
# One number for all tables: two processes of one service that start together make them one after the other.
_SCHEMA_LOCK = 0x7A6A6D74

_AWAY: tuple[type[BaseException], ...] = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,  # a connection that closed under us; a misuse of ours ends the process a minute later
    asyncpg.InternalClientError,  # the server's last word came while nothing was asked: a session ended when idle
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # shut down, restarted, statement cancelled by a time-out
    asyncpg.InsufficientResourcesError,
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.LockNotAvailableError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.ReadOnlySQLTransactionError,  # a standby that is not yet promoted
    asyncpg.InvalidAuthorizationSpecificationError,  # a role that may not log in: the operator's to mend
)


@contextmanager
def unavailable_as_such() -> Iterator[None]:
    """Turn the driver's connection troubles into ``Unavailable``, which carries no text of the driver."""
    try:
        yield
    except _AWAY as error:
        raise Unavailable(f"PostgreSQL is away: {type(error).__name__}") from error


async def open_pool(settings: DatabaseSettings, application_name: str, *, all_municipalities: bool = False) -> Pool:
    """Open the pool of one process; raises ``Unavailable`` when the server cannot be reached.

    ``all_municipalities`` is for workers and commands; an API leaves it off and uses :func:`as_municipality`.
    """
    with unavailable_as_such():
        return await asyncpg.create_pool(
            dsn=settings.dsn,
            min_size=1,
            max_size=settings.connections_max,
            command_timeout=settings.command_seconds,
            timeout=settings.connect_seconds,
            server_settings={
                "application_name": application_name,
                "idle_in_transaction_session_timeout": f"{IDLE_IN_TRANSACTION_SECONDS}s",
                "lock_timeout": f"{LOCK_SECONDS}s",
                "TimeZone": "UTC",
                "app.municipality": ALL_MUNICIPALITIES if all_municipalities else "",
            },
            init=_set_codecs,
        )


async def _set_codecs(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    for name in ("json", "jsonb"):
        await connection.set_type_codec(
            name, schema="pg_catalog", encoder=_to_json, decoder=orjson.loads, format="text"
        )


def _to_json(value: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


async def apply_schema(pool: Pool, ddl: str) -> None:
    """Make tables that are not there; ``ddl`` is itself idempotent. Safe when many processes start at once."""
    with unavailable_as_such():
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute("select pg_advisory_xact_lock($1)", _SCHEMA_LOCK)
            # A second start finds all in place; the server's notices about that would only fill the log.
            await connection.execute("set local client_min_messages = warning")
            await connection.execute(ddl)


async def beside_session(connection: Connection, work: Callable[[], Result]) -> Result:
    """Do work that takes seconds in a thread, while the open session shows that it is not silent.

    The server ends a session that is silent in a transaction, so that a frozen process holds no lock for long; a
    process that works is not frozen. The event loop goes on as well.
    """
    task = asyncio.create_task(asyncio.to_thread(work))
    while True:
        done, _ = await asyncio.wait({task}, timeout=IDLE_IN_TRANSACTION_SECONDS / 5)
        if done:
            return task.result()
        await connection.execute("select 1")


@asynccontextmanager
async def as_municipality(connection: Connection, municipality: str) -> AsyncIterator[None]:
    """One transaction that sees one municipality's rows and can write no other's.

    Raises ``ValueError`` when the municipality is not four digits: the wildcard of workers is no municipality.
    """
    if re.fullmatch(r"[0-9]{4}", municipality) is None:
        raise ValueError("a municipality is four digits")
    async with connection.transaction():
        await connection.execute("select set_config('app.municipality', $1, true)", municipality)
        yield


def municipality_policy(table: str) -> str:
    """The DDL, to be run after the table's own, that binds a table to the municipality of the session.

    Forced, so that it also binds the role that owns the table. The table's first column is ``municipality``.
    """
    if re.fullmatch(r"[a-z_]+", table) is None:
        raise ValueError("a table name is lower-case letters and underscores")
    setting = "current_setting('app.municipality', true)"
    return f"""
alter table {table} enable row level security;
alter table {table} force row level security;
drop policy if exists {table}_of_municipality on {table};
create policy {table}_of_municipality on {table}
    using (municipality = {setting} or {setting} = '{ALL_MUNICIPALITIES}');
"""


async def database_problems(pools: Sequence[Pool]) -> list[str]:
    """What is in the way of an API: the database, when it does not answer or there is no pool yet."""
    try:
        with unavailable_as_such():
            await pools[0].fetchval("select 1", timeout=2)
    except (IndexError, Unavailable):
        return ["database"]
    return []
