"""The trajectory API over a real Postgres: who sees which youth, and what is told of it."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import orjson
import pytest

from services.trajectory.api import api
from services.trajectory.app import TrajectoryProcessor, shipped_rules
from tests import builders
from tests.apis import api_environment
from tests.stack import new_municipality
from tests.tokens import Issuer
from youthcare.runtime.local.stack import Stack
from youthcare.runtime.postgres import Pool, open_pool
from youthcare.runtime.processing import Record
from youthcare.runtime.settings import Settings


@pytest.fixture
def youth() -> str:
    """A youth of the test's own."""
    return uuid.uuid4().hex


@pytest.fixture
def settings(stack: Stack, tmp_path: Path) -> Settings:
    return Settings.from_env(api_environment(stack, tmp_path, "trajectory"))


@pytest.fixture
async def pool(settings: Settings) -> AsyncIterator[Pool]:
    opened = await open_pool(settings.database("trajectory"), "test", all_municipalities=True)
    yield opened
    await opened.close()


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the API."""
    async with asking(settings) as asked:
        yield asked


@asynccontextmanager
async def asking(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a running API."""
    app = api(settings)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            yield client


@pytest.fixture
async def known(pool: Pool, municipality: str, youth: str) -> None:
    """The youth is in care from 8 January 2024; team noord has it, from 1 May 2024 team zuid."""
    about: builders.Envelope = {"municipality": municipality, "youth": youth}
    await fold(
        pool,
        builders.registered(team="noord", valid_from="2024-01-01", **about),
        builders.registered(team="zuid", valid_from="2024-05-01", **about),
        builders.granted(id="the-grant", municipality=municipality, youth=youth),
        builders.started(id="the-start", municipality=municipality, youth=youth),
    )


async def fold(pool: Pool, *told: builders.Statement) -> None:
    """Fold statements as the worker does."""
    processor = TrajectoryProcessor(shipped_rules())
    await processor.prepare(pool)
    batch = [
        Record(topic="events", partition=0, offset=0, key=None, value=orjson.dumps(row), timestamp_ms=0) for row in told
    ]
    async with pool.acquire() as connection, connection.transaction():
        await processor.fold(connection, batch)


async def status(client: httpx.AsyncClient, youth: str, municipality: str, *roles: str, on: str = "2024-03-01") -> int:
    """The status of the answer to one bearer."""
    header = Issuer().header(*roles, municipality=municipality)
    return (await client.get(f"/v1/youths/{youth}/trajectory", params={"on": on}, headers=header)).status_code


@pytest.mark.usefixtures("known")
async def test_a_supervisor_sees_what_holds_on_a_day_and_what_it_rests_on(
    client: httpx.AsyncClient, municipality: str, youth: str
) -> None:
    """The view of that day, with its team, the day it was known, and the statements under each indication."""
    header = Issuer().header("supervisor", municipality=municipality)

    answers = [
        (await client.get(f"/v1/youths/{youth}/trajectory", params={"on": day}, headers=header)).json()
        for day in ("2024-01-07", "2024-03-01", "2024-06-01")
    ]

    assert [(answer["on"], answer["in_care"], answer["team"]) for answer in answers] == [
        ("2024-01-07", False, "noord"),
        ("2024-03-01", True, "noord"),
        ("2024-06-01", True, "zuid"),
    ]
    assert answers[1]["evidence"] == {"0153-1": ["the-grant", "the-start"]}
    assert answers[1]["provisions_today"] == [["ambulatory", builders.PROVIDER]]
    assert answers[1]["trajectories"][0]["care_duration_days"] == 54
    assert answers[1]["known_day"] == "2024-01-02"


@pytest.mark.usefixtures("known")
async def test_a_team_sees_a_youth_on_the_days_it_has_it(
    client: httpx.AsyncClient, municipality: str, youth: str
) -> None:
    """Team noord until the end of April, team zuid from May on; to any other the youth does not exist."""
    asked = [("team:noord", "2024-04-30"), ("team:noord", "2024-05-01"), ("team:zuid", "2024-05-01")]

    seen = [await status(client, youth, municipality, role, on=day) for role, day in asked]

    assert seen == [200, 404, 200]
    assert await status(client, youth, municipality, "team:oost") == 404
    assert await status(client, youth, municipality) == 404
    assert await status(client, youth, municipality, "sender:/0153/wijkteam-noord") == 404


@pytest.mark.usefixtures("known")
async def test_another_municipality_does_not_see_the_youth(
    client: httpx.AsyncClient, municipality: str, youth: str
) -> None:
    """Neither its supervisor nor a team of the same name (design.md §4)."""
    other = new_municipality()

    assert await status(client, youth, municipality, "supervisor") == 200
    assert [await status(client, youth, other, role) for role in ("supervisor", "team:noord")] == [404, 404]


@pytest.mark.usefixtures("known")
async def test_without_a_token_only_health_and_metrics_answer(client: httpx.AsyncClient, youth: str) -> None:
    """Default deny: a page that does not exist looks as closed as one that does (design.md §6)."""
    closed = (f"/v1/youths/{youth}/trajectory", "/v1/youths", "/openapi.json")

    assert [(await client.get(path)).status_code for path in closed] == [401, 401, 401]
    assert (await client.get("/health/ready")).status_code == 200
    assert (await client.get("/health/live")).status_code == 200
    assert "youthcare_event_to_facts_seconds" in (await client.get("/metrics")).text


@pytest.mark.usefixtures("known")
async def test_a_forgotten_or_merged_youth_is_not_there(
    pool: Pool, client: httpx.AsyncClient, municipality: str, youth: str
) -> None:
    """What is told as gone is not shown to anybody, and an unknown youth looks the same."""
    other = uuid.uuid4().hex
    await fold(pool, builders.merged(municipality=municipality, youth=youth, into=other))

    assert await status(client, youth, municipality, "supervisor") == 404
    assert await status(client, other, municipality, "supervisor") == 200

    await fold(pool, builders.forgotten(municipality=municipality, youth=other))

    assert await status(client, other, municipality, "supervisor") == 404
    assert await status(client, "nobody", municipality, "supervisor") == 404


async def test_a_day_that_is_none_is_refused(client: httpx.AsyncClient, municipality: str, youth: str) -> None:
    """A wrong question is told so before anything is looked up."""
    assert await status(client, youth, municipality, "supervisor", on="2024-02-30") == 422
