"""The event stream on a real Postgres and over a real socket: at once, without loss or repetition, and it ends."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from services.alerts.api.login import browsing
from services.alerts.api.stream import add_stream
from services.alerts.store.tables import TABLES
from tests.apis import api_environment
from tests.conftest import REPOSITORY
from tests.deliveries import free_port, no_problems, tell
from tests.stack import new_municipality
from tests.tokens import Issuer
from youthcare.runtime.access_log import access_log, keep_looks
from youthcare.runtime.browsing import COOKIE
from youthcare.runtime.local.stack import Stack
from youthcare.runtime.postgres import Pool, apply_schema, open_pool
from youthcare.runtime.security import token_gate
from youthcare.runtime.settings import Settings
from youthcare.runtime.web import create_app

NORTH, WEST = "team:noord", "team:west"
PATH = "/v1/alerts/stream"
HEARTBEAT_SECONDS = 1.5
Event = dict[str, Any]


@pytest.fixture
def environment(stack: Stack, tmp_path: Path) -> dict[str, str]:
    """What an API process is started with."""
    return api_environment(stack, tmp_path, "alerts") | {"HTTP_PORT": str(free_port())}


@pytest.fixture
async def pool(stack: Stack) -> AsyncIterator[Pool]:
    settings = Settings.from_env({"ALERTS_DSN": stack.dsn("alerts")})
    opened = await open_pool(settings.database("alerts"), "test", all_municipalities=True)
    await apply_schema(opened, TABLES)
    yield opened
    await opened.close()


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[str]:
    """An app on a port of its own; its address."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, timeout_graceful_shutdown=1))
    serving = asyncio.create_task(server.serve())
    await ready(f"http://127.0.0.1:{port}")
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    await serving


@pytest.fixture
async def address(environment: dict[str, str], pool: Pool) -> AsyncIterator[str]:
    """The stream alone, with short heartbeats."""
    settings = Settings.from_env(environment)
    pools = [await open_pool(settings.database("alerts"), "test-api")]
    app = create_app(
        "test", gate=token_gate(settings.token()), http=settings.http(), problems=no_problems, browsing=browsing()
    )
    keep_looks(app, access_log(settings))
    add_stream(app, pools, settings.database("alerts"), HEARTBEAT_SECONDS)
    async with served(app) as found:
        yield found
    await pools[0].close()


@asynccontextmanager
async def listening(address: str, headers: dict[str, str]) -> AsyncIterator[AsyncIterator[Event]]:
    """A plain client; the blocks of the stream as they come."""
    async with (
        httpx.AsyncClient(base_url=address, headers=headers, timeout=20) as client,
        client.stream("GET", PATH) as answer,
    ):
        assert answer.status_code == 200, await answer.aread()
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield blocks(answer)


async def blocks(answer: httpx.Response) -> AsyncIterator[Event]:
    """Each block: its lines by name; a heartbeat is a block with an empty name."""
    block: Event = {}
    async for line in answer.aiter_lines():
        if line:
            name, _, value = line.partition(":")
            block[name] = value.strip()
        elif block:
            yield block
            block = {}


async def heard(stream: AsyncIterator[Event], count: int) -> list[Event]:
    """The next events with a record."""
    found: list[Event] = []
    async with asyncio.timeout(20):
        while len(found) < count:
            block = await anext(stream)
            if "data" in block:
                found.append(block)
    return found


def records(events: list[Event]) -> list[tuple[str, int]]:
    """Receiver and number of each."""
    return [(row["receiver"], row["number"]) for row in (json.loads(each["data"]) for each in events)]


async def test_what_is_told_is_heard_at_once_with_the_record_of_the_topic(
    pool: Pool, address: str, municipality: str
) -> None:
    """Long before the next heartbeat would have looked for it."""
    async with listening(address, Issuer().header(NORTH, municipality=municipality)) as stream:
        await anext(stream)
        began = time.monotonic()
        await tell(pool, municipality, NORTH, 1)
        (event,) = await heard(stream, 1)
        taken = time.monotonic() - began

    body = await pool.fetchval("select body from alert_event where municipality = $1", municipality)
    assert event["event"] == "alert"
    assert event["data"].encode() == body
    assert parse_qs(event["id"]) == {NORTH: ["1"]}
    assert taken < HEARTBEAT_SECONDS / 2


async def test_a_bearer_hears_what_its_teams_and_role_are_told_and_nothing_else(
    pool: Pool, address: str, municipality: str
) -> None:
    """Not another team, and not the same team of another municipality."""
    other = new_municipality()
    async with listening(address, Issuer().header("supervisor", WEST, municipality=municipality)) as stream:
        await anext(stream)
        for place, receiver in (
            (other, WEST),
            (municipality, NORTH),
            (municipality, "supervisor"),
            (municipality, WEST),
        ):
            await tell(pool, place, receiver, 2)
        found = await heard(stream, 4)

    rows = [json.loads(each["data"]) for each in found]
    assert sorted(records(found)) == [("supervisor", 1), ("supervisor", 2), (WEST, 1), (WEST, 2)]
    assert {row["municipality"] for row in rows} == {municipality}


async def test_a_listener_goes_on_where_it_was_without_loss_and_without_repetition(
    pool: Pool, address: str, municipality: str
) -> None:
    """Cut off again and again while it is told things, also before its first event."""
    header = Issuer().header(NORTH, "supervisor", municipality=municipality)
    await tell(pool, municipality, NORTH, 3)
    numbers: dict[str, list[int]] = {NORTH: [], "supervisor": []}
    last: str | None = None

    for cut in range(8):
        async with listening(address, header | ({"Last-Event-ID": last} if last else {})) as stream:
            last = (await anext(stream))["id"]
            for event in await heard(stream, 40) if cut else ():
                last = event["id"]
                row = json.loads(event["data"])
                numbers[row["receiver"]].append(row["number"])
        await tell(pool, municipality, NORTH, 25)
        await tell(pool, municipality, "supervisor", 23)

    assert len(numbers[NORTH]) + len(numbers["supervisor"]) == 280
    assert numbers[NORTH] == list(range(4, 4 + len(numbers[NORTH])))
    assert numbers["supervisor"] == list(range(1, 1 + len(numbers["supervisor"])))


async def test_a_long_absence_is_made_up_in_pages(pool: Pool, address: str, municipality: str) -> None:
    """Everything comes, in the order of its numbers."""
    header = Issuer().header(NORTH, municipality=municipality)
    await tell(pool, municipality, NORTH, 1500)

    async with listening(address, header | {"Last-Event-ID": "team%3Anoord=250"}) as stream:
        found = await heard(stream, 1250)

    assert [number for _, number in records(found)] == list(range(251, 1501))


async def test_a_silent_stream_shows_that_it_lives(pool: Pool, address: str, municipality: str) -> None:
    """A comment each period, which is no event."""
    async with listening(address, Issuer().header(NORTH, municipality=municipality)) as stream:
        await anext(stream)
        began = time.monotonic()
        comments = [await anext(stream) for _ in range(3)]
        taken = time.monotonic() - began

    assert comments == [{"": ""}] * 3
    assert 2.5 * HEARTBEAT_SECONDS < taken < 10 * HEARTBEAT_SECONDS


async def test_a_lost_connection_to_postgres_loses_no_event(
    pool: Pool, stack: Stack, address: str, municipality: str
) -> None:
    """The one that listens is cut; what is told meanwhile is found by looking, and then heard again."""
    async with listening(address, Issuer().header(NORTH, municipality=municipality)) as stream:
        await anext(stream)
        await tell(pool, municipality, NORTH, 1)
        first = await heard(stream, 1)
        cut = await pool.fetchval(
            "select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = 'alerts-stream'"
        )
        await tell(pool, municipality, NORTH, 2)
        second = await heard(stream, 2)
        await asyncio.sleep(2)
        began = time.monotonic()
        await tell(pool, municipality, NORTH, 1)
        third = await heard(stream, 1)
        taken = time.monotonic() - began

    assert cut >= 1
    assert records(first + second + third) == [(NORTH, number) for number in (1, 2, 3, 4)]
    assert taken < HEARTBEAT_SECONDS / 2, "heard, and not found by looking"


async def test_the_stream_ends_with_the_token(pool: Pool, address: str, municipality: str) -> None:
    """Also while events keep coming."""
    now = int(time.time())
    token = Issuer().token(municipality=municipality, roles=[NORTH], exp=now + 2)

    async def telling() -> None:
        while True:
            await tell(pool, municipality, NORTH, 1)
            await asyncio.sleep(0.01)

    busy = asyncio.create_task(telling())
    async with asyncio.timeout(15), listening(address, {"Authorization": f"Bearer {token}"}) as stream:
        count = len([block async for block in stream])
    ended = time.time()
    busy.cancel()

    assert now + 2 <= ended < now + 5
    assert count > 10


async def test_a_reader_that_reads_no_more_delays_nobody(pool: Pool, address: str, municipality: str) -> None:
    """It holds one page and no connection; the one beside it has everything."""
    header = Issuer().header(NORTH, municipality=municipality)
    host, _, port = address.removeprefix("http://").partition(":")
    stuck = [await asyncio.open_connection(host, int(port), limit=1024) for _ in range(6)]
    for _, writer in stuck:
        lines = [f"GET {PATH} HTTP/1.1", "host: x", f"authorization: {header['Authorization']}", "", ""]
        writer.write("\r\n".join(lines).encode())

    async with listening(address, header) as stream:
        await anext(stream)
        for _ in range(20):
            await tell(pool, municipality, NORTH, 200)
        found = await heard(stream, 4000)
    for _, writer in stuck:
        writer.close()

    assert [number for _, number in records(found)] == list(range(1, 4001))


@pytest.mark.parametrize(
    ("roles", "headers", "status"),
    [
        (["sender:/0153/x"], {}, 403),
        ([], {}, 403),
        (["team:noord"], {"Last-Event-ID": "team%3Anoord=x"}, 422),
        (["team:noord"], {"Authorization": "Bearer no"}, 401),
    ],
)
async def test_whoever_has_nothing_to_hear_is_refused(
    address: str, roles: list[str], headers: dict[str, str], status: int
) -> None:
    """Before the stream begins, so as a plain answer."""
    async with httpx.AsyncClient(base_url=address, headers=Issuer().header(*roles) | headers) as client:
        assert (await client.get(PATH)).status_code == status


async def test_a_page_listens_with_its_cookie(pool: Pool, address: str, municipality: str) -> None:
    """As a browser does, which cannot set a header for a stream."""
    token = Issuer().token(municipality=municipality, roles=[NORTH])

    async with listening(address, {"Cookie": f"{COOKIE}={token}"}) as stream:
        await anext(stream)
        await tell(pool, municipality, NORTH, 1)
        found = await heard(stream, 1)

    assert records(found) == [(NORTH, 1)]


async def test_a_process_that_is_asked_to_stop_ends_its_streams_at_once(
    pool: Pool, environment: dict[str, str], municipality: str
) -> None:
    """The real API process; the listener sees the end and would come again elsewhere."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "youthcare.cli", "alerts", "api", cwd=REPOSITORY, env={**os.environ, **environment}
    )
    address = f"http://127.0.0.1:{environment['HTTP_PORT']}"
    await ready(address)

    async with asyncio.timeout(20), listening(address, Issuer().header(NORTH, municipality=municipality)) as stream:
        await anext(stream)
        await tell(pool, municipality, NORTH, 1)
        found = await heard(stream, 1)
        process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        rest = [block async for block in stream]
        code = await process.wait()
        taken = time.monotonic() - began

    assert (records(found), rest) == ([(NORTH, 1)], [])
    assert code in (0, -signal.SIGTERM)
    assert taken < 5


async def ready(address: str) -> None:
    """Wait until a process answers."""
    async with asyncio.timeout(30), httpx.AsyncClient() as client:
        while True:
            try:
                if (await client.get(f"{address}/health/ready")).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.1)
