"""Feeds messages through the HTTP doors, many at a time, and counts what became of them."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from youthcare.runtime.local_issuer import LocalIssuer
from youthcare.simulator import Envelope, simulate

AT_ONCE = 16
TRIES = 30
LATER = (httpx.codes.SERVICE_UNAVAILABLE, httpx.codes.TOO_MANY_REQUESTS)
"""The door asks for the same again, in as many seconds as it says."""
TOKEN_LIFE = timedelta(hours=12)


@dataclass(slots=True)
class Doors:
    """The doors of the indication service for one municipality; each source has a token of its own."""

    url: str
    issuer: LocalIssuer
    municipality: str
    tokens: dict[str, str] = field(default_factory=dict)
    trust: ssl.SSLContext | None = None

    async def post(self, client: httpx.AsyncClient, door: str, source: str, body: bytes) -> list[dict[str, Any]]:
        """Deliver one body; the answers per statement.

        What the door asks to be sent later is sent later, and an outage is tried again: delivering twice is harmless.
        """
        media = "application/xml" if door == "ijw" else "application/json"
        headers = {"Authorization": f"Bearer {self._token(source)}", "Content-Type": media}
        for _ in range(TRIES):
            try:
                answer = await client.post(f"{self.url}/v1/{door}", content=body, headers=headers)
            except httpx.TransportError:
                # The door closes a connection that was idle for some seconds, perhaps just as we used it again.
                await asyncio.sleep(1)
                continue
            if answer.status_code == httpx.codes.INTERNAL_SERVER_ERROR:
                raise RuntimeError("the doors broke; see the log of the indication API")
            if answer.status_code not in LATER:
                content = answer.json()
                return list(content) if isinstance(content, list) else list(content["statements"])
            await asyncio.sleep(float(answer.headers.get("Retry-After", 1)))
        raise RuntimeError("the doors stayed closed")

    def _token(self, source: str) -> str:
        if source not in self.tokens:
            roles = [f"sender:{source}"]
            self.tokens[source] = self.issuer.token(self.municipality, roles, datetime.now(UTC), TOKEN_LIFE)
        return self.tokens[source]


@asynccontextmanager
async def http_client(trust: ssl.SSLContext | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """A client for loopback; ``trust`` is how it believes doors behind TLS."""
    limits = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE)
    async with httpx.AsyncClient(timeout=60, limits=limits, trust_env=False, verify=trust or True) as client:
        yield client


@dataclass(slots=True)
class Tally:
    """What became of a feed: messages delivered, those refused as meant, and those that should not have been."""

    messages: int = 0
    refused: int = 0
    unexpected: int = 0

    def note(self, envelope: Envelope, answers: list[dict[str, Any]]) -> None:
        """Count one message by its answers."""
        self.messages += 1
        refused = any(answer["status"] == "refused" for answer in answers)
        if refused and envelope.flaw:
            self.refused += 1
        elif refused != bool(envelope.flaw):
            self.unexpected += 1


def feed_year(doors: Doors, seed: int, first: date, last: date, youths: int, console: Console) -> Tally:
    """Feed a simulated year, a few messages at a time, in about the order of their reception."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        total = sum(1 for _ in simulate(seed, doors.municipality, first, last, youths))
        task = progress.add_task("Simulated year", total=total)
        envelopes = simulate(seed, doors.municipality, first, last, youths)
        return asyncio.run(_feed(doors, envelopes, lambda: progress.advance(task)))


async def _feed(doors: Doors, envelopes: Iterator[Envelope], advance: Any) -> Tally:
    tally = Tally()

    async def deliver(client: httpx.AsyncClient) -> None:
        for envelope in envelopes:  # one iterator that all share: each takes the next
            answers = await doors.post(client, envelope.door, _role(envelope, doors.municipality), envelope.body)
            tally.note(envelope, answers)
            advance()

    async with http_client(doors.trust) as client, asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(deliver(client))
    return tally


def _role(envelope: Envelope, municipality: str) -> str:
    """The chain delivers for all its parties; a team system for itself."""
    return f"urn:ijw:{municipality}" if envelope.door == "ijw" else envelope.sender
