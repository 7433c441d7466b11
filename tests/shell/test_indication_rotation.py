"""Rotating the keys of the identity table while messages flow: nobody becomes another, and nothing else changes.

Rules. Each test has a municipality and a key file of its own. What is compared is every column but the sealed ones: of
every table of every schema when nothing else happens, of the municipality's own rows while messages flow.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
import structlog

from services.indication.app import left_under_older_keys, rotate_keys
from services.indication.store.rotation import Rotated, rotate
from services.indication.store.tables import TABLES as OWN_TABLES
from tests.commands import invoked
from tests.indication import Door, World, ends_of, fetch, new_bsn, new_name, open_door, records, world_of
from tests.stack import new_municipality
from youthcare.cli import app
from youthcare.runtime.key_rotation import announce_keys, retire_older, use_announced
from youthcare.runtime.local.stack import Stack
from youthcare.runtime.postgres import open_pool
from youthcare.runtime.sealing import make_keys, read_keys
from youthcare.runtime.topics import TOPICS

SEALED = ("lookup", "key_version", "bsn_sealed", "former", "payload")
PERSONS, AT_ONCE = 40, 6
DIGEST = """
select count(*), md5(coalesce(string_agg(line, '' order by line), ''))
from (select md5((to_jsonb(t) - $1::text[])::text) as line from {} t) lines
"""
TABLES = "select schemaname, tablename from pg_tables where schemaname not in ('pg_catalog', 'information_schema')"


class Stopped(Exception):
    """The command was stopped."""


@dataclass(slots=True)
class Town:
    """A municipality with keys of its own, and a team there."""

    world: World
    file: Path
    municipality: str = field(default_factory=new_municipality)

    @property
    def source(self) -> str:
        """The team."""
        return f"/{self.municipality}/team"

    def start(self, bsn: str | None, kind: str = "indication.started", **data: str) -> dict[str, Any]:
        """A statement of the team about a person."""
        return {
            "specversion": "1.0",
            "id": new_name("E"),
            "source": self.source,
            "type": f"nl.jeugdzorg.{kind}.v1",
            "municipality": self.municipality,
            "time": "2024-03-05T10:00:00Z",
            "data": data or {"bsn": bsn, "indication": f"T-{new_name()}", "first_day": "2024-03-04"},
        }

    async def state(self, door: Door, content: object) -> list[str]:
        """State events; what became of each, or of the request."""
        header = self.world.issuer.header(f"sender:{self.source}", municipality=self.municipality)
        answer = await door.http.post("/v1/events", json=content, headers=header)
        rows = answer.json()
        return [row.get("code", row["status"]) for row in rows] if isinstance(rows, list) else [str(rows["status"])]

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Door]:
        """Door that read the key file now."""
        folder = World(self.world.stack, self.file.parent, self.world.issuer)
        async with open_door(folder) as door:
            yield door

    async def rows(self, query: str, *arguments: object) -> list[asyncpg.Record]:
        """Rows of this municipality."""
        return await fetch(self.world, query, *arguments, municipality=self.municipality)

    async def youths(self, bsns: Iterable[str], door: Door) -> dict[str, str]:
        """The youth of each person, as a new statement about it tells."""
        events = {bsn: self.start(bsn) for bsn in bsns}
        assert set(await self.state(door, list(events.values()))) == {"accepted"}
        found = await self.rows(
            "select id, youth from statement where id = any($1)", [event["id"] for event in events.values()]
        )
        by_id = {row["id"]: row["youth"] for row in found}
        return {bsn: by_id[event["id"]] for bsn, event in events.items()}

    def announce_and_use(self) -> None:
        """Both steps in the key file, for doors that are opened afterwards."""
        announce_keys(self.file, self.municipality)
        use_announced(self.file, self.municipality)


@pytest_asyncio.fixture
async def town(stack: Stack, tmp_path: Path) -> AsyncIterator[Town]:
    """A municipality of the test's own; what waits is taken away, as nobody else has the keys to it."""
    made = Town(world_of(stack), tmp_path / "keys.json")
    make_keys(made.file, made.municipality)
    yield made
    structlog.reset_defaults()
    for table in ("parked", "unknown_type"):
        await made.rows(f"delete from {table}")


async def everything(world: World) -> dict[str, Any]:
    """A digest of every table of every schema but its sealed columns, and where every topic ends."""
    found: dict[str, Any] = {}
    connection = await asyncpg.connect(world.stack.dsn("admin"))
    try:
        for schema, table in [tuple(row) for row in await connection.fetch(TABLES)]:
            place = f'"{schema}"."{table}"'
            found[place] = tuple(*await connection.fetch(DIGEST.format(place), SEALED))
    finally:
        await connection.close()
    return found | {topic.name: ends_of(world, topic.name) for topic in TOPICS}


async def own_contents(town: Town) -> dict[str, set[str]]:
    """The municipality's rows of the service's tables but their sealed columns, and its records on the topics."""
    found = {}
    for table in OWN_TABLES:
        rows = await town.rows(f"select (to_jsonb(t) - $1::text[])::text as row from {table} t", SEALED)
        found[table] = {row["row"] for row in rows}
    for topic in ("indication-events", "refusals"):
        told = records(town.world, topic)
        found[topic] = {json.dumps(row) for row in told if row[0].startswith(f"{town.municipality}/")}
    return found


async def fill(town: Town, door: Door) -> dict[str, str]:
    """Persons, a refusal, something parked and an unknown type; the youth of each person."""
    youths = await town.youths([new_bsn() for _ in range(PERSONS)], door)
    refused, unknown = town.start("123456789"), town.start(new_bsn(), "unheard.of")
    answer = town.start(None, "care.request.answered", request="42420001-R1", answer="under-investigation")
    assert await town.state(door, [refused, unknown, answer]) == ["bsn-invalid", "unknown-type", "parked"]
    return youths


async def test_a_rotation_changes_the_sealed_columns_and_nothing_else(town: Town) -> None:
    """By digest of every other column, table, key and topic; the sealed columns do change, and all of them."""
    sealed = "select bsn_sealed as held from identity union all select lookup from identity union all"
    sealed += " ".join(f" select payload from {table} union all" for table in ("refusal", "parked"))
    sealed += " select payload from unknown_type"
    async with town.open() as door:
        await fill(town, door)
    before, held = await everything(town.world), {row["held"] for row in await town.rows(sealed)}
    town.announce_and_use()
    settings = World(town.world.stack, town.file.parent, town.world.issuer).settings()

    done = await asyncio.to_thread(rotate_keys, settings, town.municipality)

    after = await everything(town.world)
    assert done == Rotated(identities=PERSONS, payloads=4)
    assert after == before
    assert await asyncio.to_thread(left_under_older_keys, settings, town.municipality) == 0
    assert held.isdisjoint({row["held"] for row in await town.rows(sealed)})
    assert len(held) == 2 * PERSONS + 4
    assert await asyncio.to_thread(rotate_keys, settings, town.municipality) == Rotated(identities=0, payloads=0)


async def test_a_rotation_under_load_is_resumed_and_nobody_becomes_another(town: Town) -> None:
    """Stopped after some batches and started again, while known and new persons come in; then the old key goes."""
    async with town.open() as door:
        youths = await fill(town, door)
    before = await own_contents(town)
    town.announce_and_use()
    own = read_keys(town.file)[town.municipality]
    pool = await open_pool(town.world.settings().database("indication"), "test", all_municipalities=True)
    batches, rewritten, newcomers = iter(range(3)), asyncio.Event(), dict[str, str]()

    async with pool, town.open() as door:

        async def messages() -> int:
            rounds = 0
            while not rewritten.is_set() or rounds < 3:
                fresh = [new_bsn() for _ in range(3)]
                found = await town.youths([*list(youths)[rounds % PERSONS :][:5], *newcomers, *fresh][:20], door)
                assert all(youths.get(bsn, newcomers.get(bsn, youth)) == youth for bsn, youth in found.items())
                newcomers.update(found)
                rounds += 1
            return rounds

        load = asyncio.create_task(messages())
        with pytest.raises(Stopped):
            await rotate(pool, own, AT_ONCE, stopping(batches))
        left = len(await town.rows("select 1 from identity where key_version = 1"))
        again = await rotate(pool, own, AT_ONCE)
        rewritten.set()
        rounds = await load

    assert 0 < left < PERSONS
    assert again.identities == left
    assert rounds >= 3
    assert not await town.rows("select 1 from identity where key_version = 1")
    after = await own_contents(town)
    assert {place: rows - after[place] for place, rows in before.items()} == {place: set() for place in before}
    assert retire_older(town.file, town.municipality) == [1]
    async with town.open() as door:
        assert await town.youths(youths, door) == youths
        assert len({*(await town.youths(newcomers, door)).values()}) == len(newcomers)


def stopping(batches: Iterator[int]) -> Any:
    """A probe that stops the command when the batches are used up."""

    def probe() -> None:
        if next(batches, None) is None:
            raise Stopped

    return probe


async def test_the_commands_lead_through_a_rotation(town: Town) -> None:
    """Step by step; keys under which something stands are not retired."""
    async with town.open() as door:
        youths = await town.youths([new_bsn(), new_bsn()], door)
    place = ("--municipality", town.municipality)
    environment = World(town.world.stack, town.file.parent, town.world.issuer).environment()

    async def typed(*words: str) -> tuple[int, str]:
        result = await asyncio.to_thread(invoked, app, list(words), env=environment)
        # The command's log goes to an output that ended with it.
        structlog.reset_defaults()
        return result.exit_code, result.stdout.removeprefix(f"{town.municipality}: ").strip()

    told = [
        await typed("keys", "announce", *place, "--file", str(town.file)),
        await typed("keys", "use", *place, "--file", str(town.file)),
        await typed("indication", "retire-keys", *place),
        await typed("indication", "rotate-keys", *place),
        await typed("indication", "retire-keys", *place),
        await typed("indication", "retire-keys", *place),
    ]

    assert told == [
        (0, "version 2 announced"),
        (0, "version 2 in use"),
        (1, "2 rows stand under other keys; run rotate-keys first"),
        (0, "2 identities and 0 payloads rewritten"),
        (0, "versions retired: 1"),
        (0, "versions retired: none"),
    ]
    async with town.open() as door:
        assert await town.youths(youths, door) == youths


async def test_two_processes_under_two_keys_give_a_new_person_one_youth(town: Town) -> None:
    """One uses the old key and one the new, as while processes are started again one by one."""
    announce_keys(town.file, town.municipality)
    async with AsyncExitStack() as doors:
        old = await doors.enter_async_context(town.open())
        use_announced(town.file, town.municipality)
        new = await doors.enter_async_context(town.open())

        for _ in range(10):
            bsn = new_bsn()
            one, other = await asyncio.gather(town.youths([bsn], old), town.youths([bsn], new))
            assert one == other

    versions = await town.rows("select key_version, count(*) as count from identity group by 1")
    assert sum(row["count"] for row in versions) == 10


async def test_a_process_with_another_key_file_gives_nobody_a_youth(town: Town) -> None:
    """Who comes may be known under a key that it lacks: it answers 503, and known persons are still found."""
    known, new = new_bsn(), new_bsn()
    async with AsyncExitStack() as doors:
        behind = await doors.enter_async_context(town.open())
        youth = await town.youths([known], behind)
        town.announce_and_use()
        current = await doors.enter_async_context(town.open())
        expected = await town.youths([new], current)

        assert await town.state(behind, town.start(new)) == ["503"]
        assert await town.youths([known], behind) == youth
        retire_older(town.file, town.municipality)
        too_early = await doors.enter_async_context(town.open())
        assert await town.state(too_early, town.start(known)) == ["503"]
        assert await town.youths([new], too_early) == expected
