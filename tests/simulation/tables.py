"""The database in memory: tables, transactions, locks and sessions that keep the contract of PostgreSQL.

What it keeps to, under READ COMMITTED: a session sees what is committed and what it wrote itself; a row that is
written or read `for update` is locked until the transaction ends, and who comes second waits and then sees the newer
row; advisory locks likewise; a circle of waiting ends one of them; an ended session keeps nothing and says so.
What a statement does is written down once per statement, in `readings_*.py`; one that has no reading is an error.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from tests.simulation.stage import STAGE, Actor, acting, gate

Key = tuple[Any, ...]
Values = dict[str, Any]
Reading = Callable[..., Awaitable[Any]]


class NoReading(Exception):
    """A statement that the simulation does not know: production has a new one, or changed one."""


class Row:
    """A row as the driver gives it: by name, by place, or as a whole."""

    __slots__ = ("_values",)

    def __init__(self, values: Values) -> None:
        self._values = values

    def __getitem__(self, place: str | int) -> Any:
        return list(self._values.values())[place] if isinstance(place, int) else self._values[place]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values.values())

    def get(self, name: str, default: Any = None) -> Any:
        """A value by its name, where there is one."""
        return self._values.get(name, default)

    def items(self) -> Any:
        """Names and values."""
        return self._values.items()


def plain(query: str) -> str:
    """A statement without its lay-out."""
    return " ".join(query.split())


READINGS: dict[str, Reading] = {}


def reads(*queries: str) -> Callable[[Reading], Reading]:
    """What these statements do stands in the function below."""

    def note(reading: Reading) -> Reading:
        for query in queries:
            assert plain(query) not in READINGS, f"read twice: {plain(query)}"
            READINGS[plain(query)] = reading
        return reading

    return note


@dataclass(slots=True, eq=False)
class Wait:
    """A session that waits for a lock."""

    session: Session
    resource: Hashable
    future: asyncio.Future[None]
    seconds: float = 0.0


@dataclass(slots=True, eq=False)
class Database:
    """The tables of one service, and who holds what."""

    tables: defaultdict[str, dict[Key, Values]] = field(default_factory=lambda: defaultdict(dict))
    owners: dict[Hashable, Session] = field(default_factory=dict)
    waits: list[Wait] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    commits: int = 0
    circles: int = 0
    has_locks: bool = True
    """False makes a broken database, for the tests that prove that locks are needed."""

    def snapshot(self) -> dict[str, dict[Key, Values]]:
        """All that is committed now; rows are never changed in place."""
        return {name: dict(rows) for name, rows in self.tables.items()}

    def restore(self, snapshot: dict[str, dict[Key, Values]]) -> None:
        """Go back to an earlier moment; nobody is connected."""
        assert not self.sessions
        self.tables.clear()
        self.tables.update({name: dict(rows) for name, rows in snapshot.items()})
        self.commits += 1

    def release(self, session: Session) -> None:
        """Give all that a session holds to whoever waits longest for each."""
        for resource in session.held:
            del self.owners[resource]
            # Whoever was killed while it waited is on its way out and takes nothing.
            alive = (wait for wait in self.waits if wait.resource == resource and not wait.future.done())
            following = next(alive, None)
            if following is not None:
                self.waits.remove(following)
                self.owners[resource] = following.session
                following.session.held.append(resource)
                _wake(following)
        session.held.clear()

    def lapse(self, seconds: float, longest: float) -> None:
        """Time passes for those who wait for a lock; after the longest time they are told so."""
        for wait in list(self.waits):
            wait.seconds += seconds
            if wait.seconds >= longest:
                self.waits.remove(wait)
                _wake(wait, asyncpg.LockNotAvailableError("canceling statement due to lock timeout"))

    def break_waits(self) -> None:
        """Whoever waits is told that its session has ended."""
        waits, self.waits = self.waits, []
        for wait in waits:
            wait.session.is_open = False
            _wake(wait, asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"))

    def is_circle(self, session: Session, resource: Hashable) -> bool:
        """Whether the holder of a lock waits, directly or through others, for this session."""
        waited = {wait.session: wait.resource for wait in self.waits}
        holder: Session | None = self.owners.get(resource)
        while holder is not None and holder is not session:
            further = waited.get(holder)
            holder = self.owners.get(further) if further is not None else None
        return holder is session


def _wake(wait: Wait, error: Exception | None = None) -> None:
    if wait.future.done():
        return
    stage = STAGE.get(None)
    if stage is not None and wait.session.actor is not None:
        stage.goes(wait.session.actor)
    if error is None:
        wait.future.set_result(None)
    else:
        wait.future.set_exception(error)


@dataclass(slots=True, eq=False)
class Session:
    """One session at the server: what its transaction wrote and holds."""

    database: Database
    actor: Actor | None = None
    is_open: bool = True
    in_transaction: bool = False
    written: defaultdict[str, dict[Key, Values | None]] = field(default_factory=lambda: defaultdict(dict))
    held: list[Hashable] = field(default_factory=list)

    def require_open(self) -> None:
        """Raise as the driver does when the server has ended the session."""
        if not self.is_open:
            raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")

    def commit(self) -> None:
        """Make visible what was written, and let go."""
        self.require_open()
        for name, rows in self.written.items():
            table = self.database.tables[name]
            for key, values in rows.items():
                if values is None:
                    table.pop(key, None)
                else:
                    table[key] = values
        self.database.commits += 1
        self.roll_back()

    def roll_back(self) -> None:
        """Forget what was written, and let go."""
        self.in_transaction = False
        self.written.clear()
        self.database.release(self)

    def end(self) -> None:
        """The server, the network or the death of the process ends this session."""
        self.is_open = False
        self.roll_back()
        if self in self.database.sessions:
            self.database.sessions.remove(self)

    def rows(self, table: str) -> list[tuple[Key, Values]]:
        """All rows that this session sees, with their keys, in key order where keys have one."""
        own = self.written.get(table)
        kept = self.database.tables[table]
        if own:
            kept = {key: values for key, values in {**kept, **own}.items() if values is not None}
        return list(kept.items())

    def values(self, table: str) -> list[Values]:
        """The same without keys."""
        return [values for _, values in self.rows(table)]

    def find(self, table: str, key: Key) -> Values | None:
        """One row as this session sees it."""
        own = self.written.get(table)
        return own[key] if own and key in own else self.database.tables[table].get(key)

    async def locked(self, table: str, key: Key) -> Values | None:
        """Lock a row, there or not, and see it as it is then."""
        await self.lock((table, key))
        return self.find(table, key)

    async def put(self, table: str, key: Key, values: Values) -> None:
        """Write a row."""
        await self.lock((table, key))
        self.written[table][key] = values

    async def delete(self, table: str, key: Key) -> None:
        """Remove a row."""
        await self.lock((table, key))
        self.written[table][key] = None

    async def insert(self, table: str, key: Key, values: Values) -> bool:
        """Write a row unless there is one (`on conflict do nothing`); whether it was written."""
        if await self.locked(table, key) is not None:
            return False
        self.written[table][key] = values
        return True

    def try_lock(self, resource: Hashable) -> bool:
        """Lock without waiting (`skip locked`); whether that worked."""
        if self.database.owners.get(resource, self) is not self:
            return False
        if resource not in self.database.owners:
            self.database.owners[resource] = self
            self.held.append(resource)
        return True

    async def lock(self, resource: Hashable) -> None:
        """Hold something until the transaction ends; wait for whoever holds it."""
        if not self.database.has_locks or self.try_lock(resource):
            return
        if self.database.is_circle(self, resource):
            self.database.circles += 1
            raise asyncpg.DeadlockDetectedError("deadlock detected")
        wait = Wait(self, resource, asyncio.get_running_loop().create_future())
        self.database.waits.append(wait)
        stage = STAGE.get(None)
        try:
            await (stage.waiting(wait.future) if stage is not None else wait.future)
        finally:
            if wait in self.database.waits:
                self.database.waits.remove(wait)
        self.require_open()


@dataclass(slots=True, eq=False)
class MemoryConnection:
    """A connection as the stores use it."""

    session: Session

    async def fetch(self, query: str, *args: Any) -> list[Row]:
        """The rows of a statement."""
        found = await self._run(query, args)
        return [Row(values) for values in found or ()]

    async def fetchrow(self, query: str, *args: Any) -> Row | None:
        """The first row."""
        return next(iter(await self.fetch(query, *args)), None)

    async def fetchval(self, query: str, *args: Any) -> Any:
        """The first value of the first row."""
        row = await self.fetchrow(query, *args)
        return None if row is None else row[0]

    async def execute(self, query: str, *args: Any) -> str:
        """Do a statement; a reading that counts says how many rows."""
        found = await self._run(query, args)
        return f"DONE {found if isinstance(found, int) else 0}"

    async def executemany(self, query: str, rows: Sequence[Sequence[Any]]) -> None:
        """Do a statement for each row."""
        for row in rows:
            await self._run(query, tuple(row))

    async def _run(self, query: str, args: tuple[Any, ...]) -> Any:
        reading = READINGS.get(plain(query))
        if reading is None:
            raise NoReading(plain(query))
        await gate("statement")
        actor = acting()
        if actor is not None and actor.take_fault("cut"):
            self.session.end()
        self.session.require_open()
        if self.session.in_transaction:
            return await reading(self.session, *args)
        async with self.transaction():
            return await reading(self.session, *args)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """A transaction; what is raised inside takes all of it back."""
        assert not self.session.in_transaction, "no savepoints are needed here"
        self.session.require_open()
        self.session.in_transaction = True
        try:
            yield
        except BaseException:
            self.session.roll_back()
            raise
        try:
            await self._commit()
        except BaseException:
            self.session.roll_back()
            raise

    async def _commit(self) -> None:
        if not self.session.written and not self.session.held:
            self.session.roll_back()
            self.session.require_open()
            return
        await gate("commit")
        actor = acting()
        fault = actor.take_fault("commit-refused", "commit-unheard") if actor is not None else None
        if fault == "commit-refused":
            self.session.end()
        self.session.commit()
        if fault == "commit-unheard":
            self.session.end()
            self.session.require_open()
        await gate("committed")


@dataclass(slots=True, eq=False)
class MemoryPool:
    """The pool of one process: a session of its own for whoever asks."""

    database: Database
    is_closed: bool = False

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[MemoryConnection]:
        """A connection, for as long as the block lasts."""
        session = Session(self.database, acting())
        self.database.sessions.append(session)
        try:
            yield MemoryConnection(session)
        finally:
            session.end()

    async def close(self) -> None:
        """Nothing is kept open."""
