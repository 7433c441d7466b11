"""The register after an older dump was restored under a newer log: nothing is lost, and nobody becomes another.

Rules. The restore is imitated: what was entered since a moment is taken out of the tables, as the owner of the
database. Messages then come again through the doors. Each test looks at its own persons alone.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from services.indication.api.opening import load_doors, load_keys
from services.indication.app import recover
from services.indication.assertions import Status, joined
from services.indication.processor import read_json
from services.indication.senders import Arrival
from services.indication.store import take
from services.indication.store.recovery import Recovered
from tests import ijw_builders as ijw
from tests.indication import (
    CHAIN,
    TEAM,
    Door,
    World,
    fetch,
    new_bsn,
    new_name,
    new_number,
    open_door,
    records,
    refusals,
    statements,
    until,
    world_of,
)
from youthcare.runtime.local.stack import Stack

REGISTER = "/0153/register"
SINCE = (
    "delete from indication.reference using indication.identity"
    " where reference.municipality = identity.municipality and reference.youth = identity.youth and made > $1",
    "delete from indication.identity where made > $1",
    "delete from indication.statement where recorded > $1",
)
KEPT = "select source, id, youth, digest, received, body from statement where id = any($1) order by 1, 2"
WAITING = "select exists (select 1 from pg_locks where locktype = 'advisory' and not granted)"
IDENTITIES = "select lookup, youth from identity where youth = any($1) order by 1"


@pytest.fixture(scope="module")
def world(stack: Stack) -> World:
    """Topics, keys and tokens on the running stack."""
    return world_of(stack)


@pytest_asyncio.fixture
async def door(world: World) -> AsyncIterator[Door]:
    """The doors, open."""
    async with open_door(world) as opened:
        yield opened


@asynccontextmanager
async def owner(world: World) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A session of the owner of the database."""
    connection = await asyncpg.connect(world.stack.dsn("admin"))
    try:
        yield connection
    finally:
        await connection.close()


async def moment(world: World) -> datetime:
    """The database's own time, when the dump is made."""
    async with owner(world) as connection:
        found: datetime = await connection.fetchval("select clock_timestamp()")
        return found


async def restore(world: World, dumped: datetime) -> None:
    """Put the register and the identities back to how they were then."""
    async with owner(world) as connection:
        for command in SINCE:
            await connection.execute(command, dumped)


async def recovered(world: World) -> Recovered:
    """The command, as an operator runs it."""
    return await asyncio.to_thread(recover, world.settings())


def event(bsn: str, kind: str = "indication.started", **changed: Any) -> dict[str, Any]:
    """A statement of a team; a start unless told otherwise."""
    data = {"bsn": bsn, "indication": f"T-{new_name()}", "first_day": "2024-03-04"}
    return {
        "specversion": "1.0",
        "id": new_name("E"),
        "source": TEAM,
        "type": f"nl.jeugdzorg.{kind}.v1",
        "municipality": "0153",
        "time": "2024-03-05T10:00:00Z",
        "data": data,
        **changed,
    }


async def told(door: Door, content: object, *roles: str) -> list[str]:
    """Deliver as a team, the register and these roles; the status or code of each statement."""
    who = door.world.header(CHAIN, TEAM, REGISTER, roles=roles)
    answers = (await door.http.post("/v1/events", json=content, headers=who)).json()
    return [str(answer.get("code", answer["status"])) for answer in answers]


def youths(world: World, ids: Sequence[str]) -> dict[str, set[str]]:
    """Under which youths each statement stands on the log."""
    return {each: {row["subject"] for row in statements(world, each)} for each in ids}


async def test_who_came_after_the_dump_is_the_same_youth_when_its_messages_come_again(world: World, door: Door) -> None:
    """Message, event and registration with a derived team, of three youths: accepted, and nothing becomes another."""
    one, two, three = new_bsn(), new_bsn(), new_bsn()
    await told(door, event(new_bsn()))
    dumped = await moment(world)
    number, name = new_number(), new_name()
    granted = ijw.jw301(ijw.granted_product(number), bsn=one, identification=name)
    started = ijw.jw305(ijw.started_product(number), bsn=one, identification=name)
    registered = {"valid_from": "2024-01-01", "birth_date": "2012-05-06", "postcode": "7511AA"}
    events = [event(two), event(three, "youth.registered", data={"bsn": three, **registered})]
    answers = [*(await door.xml(granted))[1], *(await door.xml(started))[1], *(await door.event(events))[1]]
    ids = [answer["id"] for answer in answers]
    before, kept = youths(world, ids), await fetch(world, KEPT, ids)
    mine = list(set().union(*before.values()))
    persons = await fetch(world, IDENTITIES, mine)

    await restore(world, dumped)
    assert await fetch(world, KEPT, ids) == await fetch(world, IDENTITIES, mine) == []
    done = await recovered(world)

    assert done.entered >= len(ids)
    assert await fetch(world, "select 1 from statement where id = any($1) and published is null", ids) == []
    assert [row["body"] for row in await fetch(world, KEPT, ids)] == [row["body"] for row in kept]
    again = [*(await door.xml(granted))[1], *(await door.xml(started))[1], *(await door.event(events))[1]]
    assert {answer["status"] for answer in again} == {"accepted"}
    assert (len(mine), youths(world, ids)) == (3, before)
    assert await fetch(world, IDENTITIES, mine) == persons


async def test_recovering_twice_changes_nothing(world: World, door: Door) -> None:
    """What stands is left as it is."""
    dumped = await moment(world)
    await told(door, [event(new_bsn()), event(new_bsn())])
    await restore(world, dumped)
    await recovered(world)
    once = await fetch(world, "select * from statement order by 1, 2, 3")

    again = await recovered(world)

    assert (again.entered, again.erased, again.raised) == (0, 0, 0)
    assert await fetch(world, "select * from statement order by 1, 2, 3") == once


async def test_a_youth_that_was_forgotten_after_the_dump_stays_forgotten(world: World, door: Door) -> None:
    """The dump knew the youth; the log tells that it is to be no more (domain.md §8)."""
    bsn = new_bsn()
    start, forget = event(bsn), event(bsn, "youth.forgotten", data={"bsn": bsn})
    await told(door, start)
    dump = await fetch(world, "select * from statement where id = $1", start["id"])
    persons = await fetch(world, "select * from identity where youth = $1", dump[0]["youth"])
    assert await told(door, forget, "privacy-officer") == ["accepted"]
    await _put_back(world, dump[0], persons[0], forget["id"])

    done = await recovered(world)

    youth = dump[0]["youth"]
    assert done.erased >= 2
    assert [row["id"] for row in await fetch(world, "select id from statement where youth = $1", youth)] == [
        forget["id"]
    ]
    assert await fetch(world, "select 1 from identity where youth = $1", youth) == []
    assert await fetch(world, "select id from tombstone where youth = $1", youth) == [(start["id"],)]
    opened = await fetch(
        world, "select step from forgetting join forgetting_step using (digest) where youth = $1", youth
    )
    assert opened == [("requested",)]
    await told(door, [forget, event(bsn)], "privacy-officer")
    assert await fetch(world, "select 1 from identity where youth = $1", youth) == []


async def _put_back(world: World, statement: asyncpg.Record, person: asyncpg.Record, forget: str) -> None:
    """The register as it was before the youth was forgotten."""
    async with owner(world) as connection:
        await connection.execute("delete from indication.statement where id = $1", forget)
        await connection.execute("delete from indication.tombstone where youth = $1", person["youth"])
        await connection.execute(
            "delete from indication.forgetting_step using indication.forgetting f where f.youth = $1", person["youth"]
        )
        await connection.execute("delete from indication.forgetting where youth = $1", person["youth"])
        columns = [name for name in statement.keys() if name != "number"]  # noqa: SIM118
        await _insert(connection, "statement", {name: statement[name] for name in columns})
        await _insert(connection, "identity", dict(person))


async def _insert(connection: "asyncpg.Connection[asyncpg.Record]", table: str, row: dict[str, Any]) -> None:
    values = ", ".join(f"${place}" for place in range(1, len(row) + 1))
    await connection.execute(f"insert into indication.{table} ({', '.join(row)}) values ({values})", *row.values())


async def test_a_merge_that_comes_again_finds_both_its_youths(world: World, door: Door) -> None:
    """Also when it comes before all else."""
    one, two = new_bsn(), new_bsn()
    dumped = await moment(world)
    events = [event(one), event(two)]
    merge = event(one, "youth.merged", source=REGISTER, data={"bsn": one, "into_bsn": two})
    await told(door, [*events, merge])
    ids = [each["id"] for each in [*events, merge]]
    before = youths(world, ids)
    await restore(world, dumped)
    await recovered(world)

    assert await told(door, merge) == ["accepted"]
    assert await told(door, events) == ["accepted", "accepted"]

    assert youths(world, ids) == before


async def test_two_persons_are_never_joined_by_one_statement(world: World, door: Door) -> None:
    """While one delivery has not yet committed whose the youth is, the other waits; then the id is used."""
    one, two = new_bsn(), new_bsn()
    dumped = await moment(world)
    first, second = event(one), event(one)
    await told(door, [first, second])
    youth = youths(world, [first["id"]])[first["id"]].pop()
    await restore(world, dumped)
    await recovered(world)
    wrong = {**second, "data": {**second["data"], "bsn": two}}

    async with taking(world, first):
        other = asyncio.create_task(told(door, wrong))
        await _held_up(world, other)

    assert await other == ["id-reused"]
    assert len(await fetch(world, "select 1 from identity where youth = $1", youth)) == 1


@asynccontextmanager
async def taking(world: World, content: object) -> AsyncIterator[None]:
    """A delivery whose transaction is written and ends when the caller is done."""
    keys = load_keys(world.settings())
    arrival = Arrival(received=datetime.now(UTC), sender=TEAM)
    taken = joined(read_json(load_doors(world.settings(), keys), arrival, json.dumps(content).encode()))
    connection = await asyncpg.connect(world.stack.dsn("indication"))
    try:
        await connection.execute("select set_config('app.municipality', '*', false)")
        async with connection.transaction():
            verdicts = await take(connection, keys, taken)
            assert [verdict.status for verdict in verdicts.values()] == [Status.ACCEPTED]
            yield
    finally:
        await connection.close()


async def _held_up(world: World, task: "asyncio.Task[list[str]]") -> None:
    """Until the task waits for a lock, or does not and is done."""
    async with owner(world) as connection, asyncio.timeout(30):
        while not task.done() and not await connection.fetchval(WAITING):
            pass


async def test_deliveries_of_one_person_at_once_find_one_youth(world: World, door: Door) -> None:
    """Each delivery knows the youth by another statement."""
    bsn = new_bsn()
    dumped = await moment(world)
    events = [event(bsn) for _ in range(4)]
    await told(door, events)
    before = youths(world, [each["id"] for each in events])
    await restore(world, dumped)
    await recovered(world)

    answers = await asyncio.gather(*(told(door, each) for each in events))

    assert answers == [["accepted"]] * 4
    assert youths(world, [each["id"] for each in events]) == before


async def test_a_number_of_a_refusal_is_not_given_twice(world: World, door: Door) -> None:
    """Refusals go on after the highest number that was told."""
    source = f"/0153/{new_name('team')}"
    wrong = event("000000000", source=source)
    who = world.header(source)
    await door.http.post("/v1/events", json=[wrong, wrong], headers=who)
    async with owner(world) as connection:
        await connection.execute("update indication.refusal_count set last = 1 where sender = $1", source)

    done = await recovered(world)

    assert done.raised == 1
    await door.http.post("/v1/events", json=wrong, headers=who)
    until(lambda: len(refusals(world, source)) == 3, "the refusal is told")
    assert [row["number"] for row in refusals(world, source)] == [1, 2, 3]
    assert len({key for key, _, _ in records(world, "refusals") if f"/{source}/" in key}) == 3
