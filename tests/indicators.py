"""The indicators service in the suites: settings, tables, facts as the broker holds them, and a client of its API."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import httpx
import orjson
import pytest
import yaml

from services.indicators.api import api
from services.indicators.app import IndicatorsProcessor
from tests import builders
from tests.apis import api_environment
from tests.tokens import Issuer
from youthcare.codes import care_forms_from
from youthcare.runtime.local.stack import Stack
from youthcare.runtime.postgres import Pool, open_pool
from youthcare.runtime.processing import Record
from youthcare.runtime.settings import Settings, shipped
from youthcare.runtime.topics import youth_key
from youthcare.wire import to_wire
from youthcare.youthfacts import YouthFacts

TABLE = care_forms_from(yaml.safe_load(shipped("care-forms.yml").read_text()))
TODAY = date(2024, 10, 15)
NOON = datetime(2024, 10, 15, 12, tzinfo=UTC)


@pytest.fixture(name="settings")
def indicators_settings(stack: Stack, tmp_path: Path) -> Settings:
    """How the service reaches the running stack."""
    return Settings.from_env(api_environment(stack, tmp_path, "indicators"))


@pytest.fixture(name="pool")
async def indicators_pool(settings: Settings) -> AsyncIterator[Pool]:
    """Its tables, in a pool that sees every municipality."""
    opened = await open_pool(settings.database("indicators"), "test", all_municipalities=True)
    await IndicatorsProcessor().prepare(opened)
    yield opened
    await opened.close()


def village(municipality: str, youths: int = 30, team: str = "noord") -> list[builders.Statement]:
    """Youths of a team in care from January 2024; every third has two provisions, every fifth ended in March."""
    told = []
    for number in range(youths):
        envelope: builders.Envelope = {"youth": f"{team}{number:03d}", "municipality": municipality}
        told.append(builders.registered(valid_from="2024-01-01", birth_date="2012-05-01", team=team, **envelope))
        told.append(builders.started(indication=f"{municipality}-1", first_day="2024-01-08", **envelope))
        if number % 3 == 0:
            told.append(
                builders.started(
                    indication=f"{municipality}-2",
                    first_day="2024-02-01",
                    provider=builders.OTHER_PROVIDER,
                    **_received("2024-02-05T10:00:00Z", envelope),
                )
            )
        if number % 5 == 0:
            told += _ended(municipality, envelope, number)
    return told


def _ended(municipality: str, envelope: builders.Envelope, number: int) -> list[builders.Statement]:
    names = [("1", "2024-01-08"), ("2", "2024-02-01")][: 2 if number % 3 == 0 else 1]
    return [
        builders.ended(
            indication=f"{municipality}-{name}",
            first_day=first,
            last_day="2024-03-20",
            reason="31",
            **_received("2024-03-25T10:00:00Z", envelope),
        )
        for name, first in names
    ]


def _received(instant: str, envelope: builders.Envelope) -> builders.Envelope:
    return {**envelope, "received": instant}


def records(told: Iterable[YouthFacts]) -> list[Record]:
    """Facts as the broker holds them."""
    return [record(youth_key(facts.municipality, facts.youth), orjson.dumps(to_wire(facts))) for facts in told]


def record(key: bytes, value: bytes | None) -> Record:
    """One record."""
    return Record(topic="trajectory-facts", partition=0, offset=0, key=key, value=value, timestamp_ms=0)


async def fold(pool: Pool, batch: Sequence[Record]) -> None:
    """One batch in one transaction, as the engine does it."""
    async with pool.acquire() as connection, connection.transaction():
        assert await IndicatorsProcessor().fold(connection, batch) == ()


@asynccontextmanager
async def asking(settings: Settings, now: datetime = NOON) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the API, at a fixed moment."""

    async def nothing() -> None:
        """No gauges beside the pages."""

    app = api(settings, lambda: now, nothing)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            yield client


async def figure(
    client: httpx.AsyncClient, roles: Sequence[str], municipality: str, identity: str, **query: str
) -> httpx.Response:
    """The answer to one question."""
    header = Issuer().header(*roles, municipality=municipality)
    return await client.get(f"/v1/indicators/{identity}", params=query, headers=header)
