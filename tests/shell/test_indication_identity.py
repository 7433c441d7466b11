"""Re-identification on the real stack: one door tells the BSN behind a youth, to one role, and writes it down."""

import json
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio

from tests.bsn_scan import scan_tables, scan_text, scan_topics
from tests.indication import CHAIN, TEAM, Door, World, fetch, new_bsn, new_name, open_door, statements, world_of
from youthcare.runtime import metrics
from youthcare.runtime.local.stack import Stack

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
    """What is written down of a youth."""
    return await fetch(door.world, "select * from disclosure where youth = $1 order by number", youth)


async def test_a_privacy_officer_learns_who_a_youth_is_and_it_is_written_down(door: Door) -> None:
    """Actor, reason, time and youth; the BSN stands in the answer alone (issue 5.2)."""
    bsn = new_bsn()
    youth = await youth_of(door, bsn)

    answer = await ask(door, youth, {"reason": f"  {REASON} "})

    (row,) = await told_of(door, youth)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert answer.json() == {"youth": youth, "bsns": [bsn], "disclosure": row["number"]}
    assert (row["kind"], row["actor"], row["reason"], row["municipality"]) == ("identity", "someone", REASON, "0153")
    assert row["told"] is not None
    assert scan_text("row", str(dict(row)), [bsn]) == []


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
    assert await told_of(door, youth) == []


async def test_what_is_written_down_cannot_be_changed(door: Door) -> None:
    """Not by the service's own role either."""
    youth = await youth_of(door, new_bsn())
    await ask(door, youth, {"reason": REASON})

    for command in ("update disclosure set reason = 'anders'", "delete from disclosure", "truncate disclosure"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await fetch(door.world, command)
    assert len(await told_of(door, youth)) == 1


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
