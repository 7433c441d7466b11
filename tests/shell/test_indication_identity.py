"""Re-identification on the real stack: one door tells the BSN behind a youth, to one role, and that is a look."""

import json
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio

from services.indication.store.tables import definition
from tests.bsn_scan import scan_tables, scan_text, scan_topics
from tests.indication import CHAIN, TEAM, Door, World, fetch, new_bsn, new_name, open_door, statements, world_of
from tests.looks import keys_of, lines_of, youths_in
from youthcare.looks.line import Line
from youthcare.runtime import metrics
from youthcare.runtime.local.stack import Stack
from youthcare.runtime.topics import youth_digest

REASON = "Verzoek om inzage van de ouders, zaak 12."
OFFICER = "privacy-officer"
ROLES = ("supervisor", OFFICER, "team:noord", f"sender:{TEAM}", f"sender:{CHAIN}", "")


@pytest.fixture(scope="module")
def world(stack: Stack) -> World:
    """Topics, keys and tokens on the running stack."""
    return world_of(stack)


@pytest_asyncio.fixture
async def door(world: World) -> AsyncIterator[Door]:
    """The doors, open."""
    async with open_door(world) as opened:
        yield opened


async def youth_of(door: Door, bsn: str) -> str:
    """The youth that a person is given by a first start."""
    event: dict[str, Any] = {
        "specversion": "1.0",
        "id": new_name("E"),
        "source": TEAM,
        "type": "nl.jeugdzorg.indication.started.v1",
        "municipality": "0153",
        "time": "2024-03-05T10:00:00Z",
        "data": {"bsn": bsn, "indication": f"T-{new_name()}", "first_day": "2024-03-04"},
    }
    await door.event(event)
    return str(statements(door.world, event["id"])[0]["subject"])


async def ask(door: Door, youth: str, body: Any, *roles: str, municipality: str = "0153") -> httpx.Response:
    """Ask who a youth is."""
    header = door.world.issuer.header(*(roles or (OFFICER,)), municipality=municipality)
    return await door.http.post(f"/v1/youths/{youth}/identity", json=body, headers=header)


async def told_of(door: Door, youth: str) -> list[asyncpg.Record]:
    """What is written down of a youth in the table of what was opened."""
    digest = youth_digest("0153", youth)
    return await fetch(door.world, "select * from disclosure where youth_digest = $1 order by number", digest)


async def looks_at_who(door: Door, youth: str) -> list[Line]:
    """The lines of the log of looks about who a youth is."""
    lines = [each for each in await lines_of(door.world.stack, "0153") if each.name == "identity.tell"]
    keys = keys_of(door.world.folder, "0153")
    return [line for line in lines if youths_in([line], keys) == [("identity.tell", youth)]]


async def test_a_privacy_officer_learns_who_a_youth_is_and_it_is_written_down(door: Door) -> None:
    """Actor, time and a digest; the BSN stands in the answer alone (issue 5.2)."""
    bsn = new_bsn()
    youth = await youth_of(door, bsn)

    answer = await ask(door, youth, {"reason": f"  {REASON} "})

    (row,) = await told_of(door, youth)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert answer.json() == {"youth": youth, "bsns": [bsn], "disclosure": row["number"]}
    assert (row["kind"], row["actor"], row["municipality"]) == ("identity", "someone", "0153")
    assert row["told"] is not None
    assert scan_text("row", str(dict(row)), [bsn, youth, REASON]) == []


async def test_who_looked_at_this_child_shows_who_learned_its_number(door: Door) -> None:
    """A line in the log of looks, with the reason as its purpose; the service that was asked stands in it."""
    youth = await youth_of(door, new_bsn())

    await ask(door, youth, {"reason": REASON})

    (line,) = await looks_at_who(door, youth)
    assert (line.actor, line.actor_roles, line.purpose) == ("someone", OFFICER, REASON)
    assert (line.resource, line.processing_activity_id) == (
        "indication",
        "urn:trajectwacht:verwerking:heridentificatie",
    )


async def test_nobody_is_told_what_cannot_be_logged(door: Door) -> None:
    """Somebody holds the chain: 503, no number and no disclosure."""
    bsn = new_bsn()
    youth = await youth_of(door, bsn)
    holding = await asyncpg.connect(door.world.stack.dsn("admin"))
    try:
        async with holding.transaction():
            await holding.execute("select pg_advisory_xact_lock(hashtextextended('access_log/0153', 0))")
            answer = await ask(door, youth, {"reason": REASON})
    finally:
        await holding.close()

    assert answer.status_code == 503
    assert bsn not in answer.text
    assert (await told_of(door, youth), await looks_at_who(door, youth)) == ([], [])


@pytest.mark.parametrize(
    "body", [{}, {"reason": ""}, {"reason": "  kort   "}, {"reason": 5}, {"reason": REASON, "on": 1}]
)
async def test_nobody_is_told_without_a_reason(door: Door, body: dict[str, Any]) -> None:
    """And nothing is written down, for nothing was told."""
    youth = await youth_of(door, new_bsn())

    answer = await ask(door, youth, body)

    assert (answer.status_code, await told_of(door, youth)) == (422, [])


async def test_a_reason_holds_no_bsn(door: Door) -> None:
    """Not of the youth, nor of anybody else, nor with dots."""
    bsn = new_bsn()
    youth = await youth_of(door, bsn)

    dotted = f"{bsn[:3]}.{bsn[3:6]}.{bsn[6:]}"
    answers = [await ask(door, youth, {"reason": f"{REASON} {number}"}) for number in (bsn, dotted, new_bsn())]

    assert [answer.status_code for answer in answers] == [422, 422, 422]
    assert scan_text("answers", "".join(answer.text for answer in answers), [bsn]) == []
    assert await told_of(door, youth) == []


async def test_nobody_else_is_told(door: Door) -> None:
    """No other role, and not the privacy officer of another municipality, to whom the youth does not exist."""
    youth = await youth_of(door, new_bsn())
    body = {"reason": REASON}

    others = [(await ask(door, youth, body, role)).status_code for role in ROLES if role != OFFICER]
    foreign = await ask(door, youth, body, municipality="0164")
    unknown = await ask(door, "0" * 32, body)
    bare = await door.http.post(f"/v1/youths/{youth}/identity", json=body)

    assert set(others) == {403}
    assert (foreign.status_code, unknown.status_code, bare.status_code) == (404, 404, 401)
    assert foreign.json() == unknown.json()
    assert (await told_of(door, youth), await looks_at_who(door, youth)) == ([], [])


async def test_what_is_written_down_cannot_be_changed(door: Door) -> None:
    """Not by the service's own role either."""
    youth = await youth_of(door, new_bsn())
    await ask(door, youth, {"reason": REASON})

    for command in ("update disclosure set reason = 'anders'", "delete from disclosure", "truncate disclosure"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await fetch(door.world, command)
    assert len(await told_of(door, youth)) == 1


async def test_a_table_that_still_held_youths_holds_their_digest_after_a_start(stack: Stack) -> None:
    """What was told before stays told: actor, time and reason; the youth itself goes."""
    connection = await asyncpg.connect(stack.dsn("admin"))
    try:
        async with connection.transaction():
            await connection.execute("create schema before; set local search_path = before")
            await connection.execute(BEFORE)
            for _start in range(2):
                await connection.execute(definition())
            (row,) = await connection.fetch("select * from disclosure")
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                async with connection.transaction():
                    await connection.execute("delete from disclosure")
            raise _UndoneError
    except _UndoneError:
        pass
    finally:
        await connection.close()

    assert dict(row) == {
        "municipality": "0153",
        "number": 1,
        "kind": "identity",
        "actor": "someone",
        "told": row["told"],
        "sender": None,
        "refusal": None,
        "reason": REASON,
        "youth_digest": youth_digest("0153", "f" * 32),
    }


class _UndoneError(Exception):
    """Ends a transaction that leaves nothing."""


BEFORE = f"""
create table disclosure (
    municipality text not null check (municipality ~ '^[0-9]{{4}}$'),
    number bigint generated always as identity,
    kind text not null check (kind in ('payload', 'identity')),
    actor text not null,
    told timestamptz not null,
    sender text,
    refusal bigint,
    youth text,
    reason text,
    primary key (municipality, number),
    check (kind = 'payload' and sender is not null and refusal is not null
        or kind = 'identity' and youth is not null and reason is not null)
);
create index disclosure_by_youth on disclosure (municipality, youth) where youth is not null;
insert into disclosure (municipality, kind, actor, told, youth, reason)
    values ('0153', 'identity', 'someone', now(), repeat('f', 32), '{REASON}');
"""


async def test_no_other_door_log_table_or_topic_tells_it(door: Door, capfd: pytest.CaptureFixture[str]) -> None:
    """Every path of the service, asked by every role: the BSN stands in no answer, log line, metric, table, topic."""
    bsn, world = new_bsn(), door.world
    youth = await youth_of(door, bsn)
    assert bsn in (await ask(door, youth, {"reason": REASON})).text
    paths = (await door.http.get("/openapi.json", headers=world.header())).json()["paths"]

    answers = []
    for path, method in [(path, method) for path, methods in paths.items() for method in methods]:
        place = path.replace("{youth}", youth).replace("{number}", "1")
        for role in ROLES:
            if (path, role) != ("/v1/youths/{youth}/identity", OFFICER):
                header = world.issuer.header(role)
                answers.append(await door.http.request(method, place, headers=header, json={"reason": REASON}))

    logged = "".join(capfd.readouterr())
    texts = {"answers": json.dumps([answer.text for answer in answers]), "metrics": metrics.rendered().decode()}
    assert len(answers) >= 6 * len(ROLES) - 1
    assert "identity_told" in logged
    assert [found for place, text in {**texts, "log": logged}.items() for found in scan_text(place, text, [bsn])] == []
    assert scan_text("log", logged, [youth]) == []
    assert await scan_tables(world.stack, [bsn]) == []
    assert scan_topics(world.stack, [bsn]) == []
