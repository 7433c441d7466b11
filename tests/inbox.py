"""An inbox full of invented youths, served over HTTP, and a browser that signs in to it."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import socket
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import orjson
import uvicorn
import yaml
from playwright.sync_api import Browser, BrowserContext, Page

from services.alerts.api import api
from services.alerts.app import AlertsProcessor, sweep
from services.trajectory.facts import Rules
from services.trajectory.processor import layers
from tests import builders
from tests.apis import api_environment
from tests.tokens import Issuer
from youthcare.codes import care_forms_from
from youthcare.runtime.local.stack import Stack
from youthcare.runtime.postgres import Pool, open_pool
from youthcare.runtime.processing import Record
from youthcare.runtime.settings import Settings, shipped
from youthcare.runtime.topics import youth_key
from youthcare.wire import statement_from_wire, to_wire
from youthcare.youthfacts import YouthFacts

TODAY = date(2026, 11, 18)
NOON = datetime(2026, 11, 18, 12, tzinfo=UTC)
TEAMS = ("boswinkel", "centrum", "glanerbrug", "noord", "oost", "stadsveld", "wesselerbrink", "west", "zuid")
PROVIDERS = ("42420001", "42420007", "65656055", "65656061", "73730012", "73730028", "94940003")
PRODUCTS = ("45A04", "51A03", "54A01", "41A11", "50A01", "40A08", "44A09", "43A03")
REFERRERS = ("01", "02", "04", "05")
CONTENT: dict[str, Any] = yaml.safe_load(shipped("rules.yml").read_text())
RULES = Rules(care_forms=care_forms_from(yaml.safe_load(shipped("care-forms.yml").read_text())))
Result = TypeVar("Result")


def waited_for(work: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
    """Do asynchronous work in a thread of its own: the browser's loop turns in this one."""
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(lambda: asyncio.run(work())).result()


def settings_of(stack: Stack, folder: Path) -> Settings:
    """The settings of the alerts API and worker on a stack, with the keys of the tests' issuer."""
    return Settings.from_env(api_environment(stack, folder, "alerts"))


def facts_of(statements: Sequence[builders.Statement]) -> YouthFacts:
    """The facts of one youth's ledger."""
    return list(layers([statement_from_wire(each) for each in statements], RULES))[-1]


def record(facts: YouthFacts) -> Record:
    """Facts as the broker holds them."""
    key = youth_key(facts.municipality, facts.youth)
    value = orjson.dumps(to_wire(facts))
    return Record(topic="trajectory-facts", partition=0, offset=0, key=key, value=value, timestamp_ms=0)


async def _folded(settings: Settings, facts: Sequence[YouthFacts], moment: datetime) -> None:
    pool: Pool = await open_pool(settings.database("alerts"), "test", all_municipalities=True)
    try:
        processor = AlertsProcessor(CONTENT, clock=lambda: moment)
        await processor.prepare(pool)
        for start in range(0, len(facts), 500):
            async with pool.acquire() as connection, connection.transaction():
                await processor.fold(connection, [record(each) for each in facts[start : start + 500]])
        async with pool.acquire() as connection:
            await sweep(connection, moment)
    finally:
        await pool.close()


def fold(settings: Settings, facts: Sequence[YouthFacts], moment: datetime = NOON) -> None:
    """Facts through the worker's own code, then a sweep."""
    waited_for(lambda: _folded(settings, facts, moment))


def asked(settings: Settings, query: str, *given: object) -> list[dict[str, Any]]:
    """The rows of a query, for tests that look behind the page."""

    async def rows() -> list[dict[str, Any]]:
        pool = await open_pool(settings.database("alerts"), "test", all_municipalities=True)
        try:
            return [dict(row) for row in await pool.fetch(query, *given)]
        finally:
            await pool.close()

    return waited_for(rows)


def invented(municipality: str, count: int, seed: int = 7) -> list[YouthFacts]:
    """Youths with one to five indications each, of nine teams; most have ended, so that the alerts are few."""
    lot = random.Random(seed)
    return [facts_of(_history(municipality, number, lot)) for number in range(count)]


def _history(municipality: str, number: int, lot: random.Random) -> list[builders.Statement]:
    envelope: builders.Envelope = {
        "municipality": municipality,
        "youth": f"{lot.getrandbits(128):032x}",
        "time": "2026-01-02T10:00:00Z",
    }
    born = TODAY - timedelta(days=lot.randint(4 * 365, 16 * 365))
    reference = None if number % 40 == 39 else f"{lot.randint(2021, 2026)}-{number:05d}"
    # Three in four were in care years ago: what a municipality knows is mostly over.
    first = TODAY - timedelta(days=lot.randint(30, 1400) + (1500 if lot.random() < 0.75 else 0))
    told: list[builders.Statement] = [
        builders.registered(
            valid_from="2020-01-01",
            team=lot.choice(TEAMS),
            case_reference=reference,
            birth_date=born.isoformat(),
            **envelope,
        )
    ]
    for place in range(lot.choice((1, 1, 1, 2, 2, 3, 4))):
        told += _indication(f"{municipality}-{number}-{place}", first, lot, envelope)
        first += timedelta(days=lot.randint(20, 300))
        if first > TODAY:
            break
    if lot.random() < 0.15:
        told.append(_request(f"R-{number}", lot, envelope))
    return told


def _indication(name: str, first: date, lot: random.Random, envelope: builders.Envelope) -> list[builders.Statement]:
    provider, product, last = lot.choice(PROVIDERS), lot.choice(PRODUCTS), first + timedelta(days=lot.randint(90, 700))
    dated: builders.Envelope = {**envelope, "received": f"{first + timedelta(days=2)}T09:00:00Z"}
    ended: builders.Envelope = {**envelope, "received": f"{last + timedelta(days=3)}T09:00:00Z"}
    told = [
        builders.granted(
            indication=name,
            provider=provider,
            product=product,
            referrer=lot.choice(REFERRERS),
            first_day=(first - timedelta(days=lot.randint(0, 40))).isoformat(),
            last_day=last.isoformat(),
            granted_at=f"{first - timedelta(days=45)}T09:00:00",
            **dated,
        )
    ]
    if lot.random() < 0.95:
        told.append(
            builders.started(indication=name, provider=provider, product=product, first_day=first.isoformat(), **dated)
        )
        told += [
            builders.evaluated(indication=name, day=(first + timedelta(days=day)).isoformat(), **dated)
            for day in (80, 300, 600)
            if first + timedelta(days=day) < min(TODAY, last) and lot.random() < 0.9
        ]
    if last < TODAY and len(told) > 1 and lot.random() < 0.95:
        told.append(builders.ended(indication=name, first_day=first.isoformat(), last_day=last.isoformat(), **ended))
    return told


def _request(name: str, lot: random.Random, envelope: builders.Envelope) -> builders.Statement:
    day = TODAY - timedelta(days=lot.randint(0, 6))
    dated: builders.Envelope = {**envelope, "time": f"{day}T09:30:00Z", "received": f"{day}T09:31:00Z"}
    return builders.requested(request=name, provider=lot.choice(PROVIDERS), referrer=lot.choice(REFERRERS), **dated)


def ticking() -> Callable[[], datetime]:
    """A clock that shows noon and moves each time it is looked at: of two acts one is the later, as in life."""
    looks = itertools.count()
    return lambda: NOON + timedelta(milliseconds=next(looks))


@contextlib.contextmanager
def served(settings: Settings, now: Callable[[], datetime] | None = None) -> Iterator[str]:
    """The alerts API over HTTP, in a thread, at noon unless told otherwise; answers its address."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        server = uvicorn.Server(uvicorn.Config(api(settings, now or ticking()), log_config=None, access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        deadline = time.monotonic() + 30
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.02)
        assert server.started, "the API did not start"
        yield f"http://127.0.0.1:{port}"
        server.should_exit = True
        thread.join(20)


@dataclass(slots=True)
class Visit:
    """A browser window that is signed in, and what its console complained of."""

    page: Page
    context: BrowserContext
    address: str
    complaints: list[str] = field(default_factory=list)

    def to(self, path: str) -> Page:
        """Go to a path and wait until it is there."""
        self.page.goto(self.address + path)
        return self.page


@contextlib.contextmanager
def visit(
    running: Browser, address: str, token: str | None, *, width: int = 1280, script: bool = True
) -> Iterator[Visit]:
    """A window of a width in CSS pixels, signed in through the page itself; without a token nobody is."""
    context = running.new_context(viewport={"width": width, "height": 800}, java_script_enabled=script, locale="nl-NL")
    page = context.new_page()
    found = Visit(page, context, address)
    page.on("console", lambda message: found.complaints.append(message.text))
    page.on("pageerror", lambda error: found.complaints.append(str(error)))
    if token is not None:
        page.goto(f"{address}/aanmelden")
        page.fill("textarea[name=token]", token)
        page.click("main button")
        # A click does not wait for the page that it leads to.
        page.wait_for_url(lambda url: "/aanmelden" not in url)
    yield found
    context.close()


def token_of(municipality: str, *roles: str, subject: str = "anna") -> str:
    """A token that outlasts the tests."""
    return Issuer().token(municipality=municipality, roles=list(roles), sub=subject, exp=int(time.time()) + 7200)
