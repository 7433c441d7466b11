"""What the suites of delivery share: things that were told, and receivers as real servers on this machine."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from email import message_from_bytes
from email.message import Message
from email.policy import default
from ipaddress import ip_network
from typing import Any

import orjson
from aiosmtpd.smtp import SMTP, Envelope, Session
from prometheus_client import Gauge

from services.alerts.store.numbering import take_numbers
from youthcare.runtime.postgres import Pool
from youthcare.runtime.settings import DeliverySettings, MailSettings

YOUTH = "9f3c51d07a2e4b6689d0c1e2f3a4b5c6"
LOOPBACK = (ip_network("127.0.0.0/8"),)
PATIENCE_SECONDS = 60.0
_EVENT = """
insert into alert_event (municipality, receiver, number, alert, youth, rule, state, body, opens, recorded)
values ($1, $2, $3, $4, $5, 'returned', $6, $7, false, $8)
"""
_ALERT = """
insert into alert (municipality, number, youth, rule, level, anchor, occurrence, team, holder, opens_on, valid_from,
    evidence, terms, sentence, state, made, changed)
values ($1, $2, $3, 'returned', 'alert', $4, 1, $5, $5, '2024-03-04', '2024-01-01', '{}', '{}', 'zin', $6, $7, $7)
"""


def utc_now() -> datetime:
    """The clock of these suites."""
    return datetime.now(UTC)


def delivery(**changed: Any) -> DeliverySettings:
    """Settings with time compressed: pauses of milliseconds, and patience for thousands of them."""
    values: dict[str, Any] = {
        "first_pause_seconds": 0.001,
        "longest_pause_seconds": 0.004,
        "attempts_max": 100_000,
        "timeout_seconds": 5.0,
        "heartbeat_seconds": 60.0,
        "keys_file": None,
        "private_networks": LOOPBACK,
    }
    return DeliverySettings(**(values | changed))


def mail(port: int, **changed: Any) -> MailSettings:
    """Settings that lead to a mail server of a test; its day begins at midnight."""
    values: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": port,
        "security": "plaintext",
        "username": None,
        "password": None,
        "ca_file": None,
        "sender": "meldingen@example.nl",
        "inbox_url": "https://meldingen.example.nl/",
        "digest_at": "00:00",
    }
    return MailSettings.model_validate(values | changed)


async def tell(
    pool: Pool, municipality: str, receiver: str, count: int, *, state: str = "open", now: datetime | None = None
) -> list[int]:
    """Tell a receiver of so many alerts, as the service does it: numbered in the transaction that writes them."""
    at = now or utc_now()
    async with pool.acquire() as connection, connection.transaction():
        series, alerts = (municipality, receiver), (municipality, "alert")
        numbers = await take_numbers(connection, {series: count, alerts: count})
        given = list(zip(numbers[series], numbers[alerts], strict=True))
        for number, alert in given:
            body = _body(municipality, receiver, number, alert, state, at)
            await connection.execute(_EVENT, municipality, receiver, number, alert, YOUTH, state, body, at)
            team = receiver.removeprefix("team:")
            await connection.execute(_ALERT, municipality, alert, YOUTH, f"{municipality}-{alert}", team, state, at)
    return [number for number, _ in given]


def _body(municipality: str, receiver: str, number: int, alert: int, state: str, at: datetime) -> bytes:
    return orjson.dumps(
        {
            "municipality": municipality,
            "receiver": receiver,
            "number": number,
            "time": at.isoformat(timespec="seconds").replace("+00:00", "Z"),
            "alert": alert,
            "rule": "returned",
            "level": "alert",
            "anchor": f"{municipality}-{alert}",
            "youth": YOUTH,
            "team": "noord",
            "opens_on": date(2024, 3, 4).isoformat(),
            "closes_on": None,
            "state": state,
        },
        option=orjson.OPT_SORT_KEYS,
    )


async def until(holds: Callable[[], Awaitable[bool]], step: Callable[[], Awaitable[object]]) -> None:
    """Take steps until something holds; fails when that takes too long."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await holds():
            await step()
            await asyncio.sleep(0.002)


async def no_problems() -> list[str]:
    """What an app of a test says of its health."""
    return []


def shown(gauge: Gauge) -> float:
    """What a gauge shows."""
    (metric,) = gauge.collect()
    return float(metric.samples[0].value)


def free_port() -> int:
    """A port at which nobody listens."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """One request as it came."""

    headers: dict[str, str]
    body: bytes

    @property
    def number(self) -> int:
        """The number it carries."""
        return int(json.loads(self.body)["number"])


Behaviour = Callable[[Delivered], Awaitable[int]]


async def takes_all(_delivered: Delivered) -> int:
    """A receiver that takes what it is sent."""
    return 204


@dataclass(slots=True)
class Receiver:
    """An HTTP server that keeps what it answered with success, in order, and knows how many spoke at once."""

    port: int
    behave: Behaviour = takes_all
    taken: list[Delivered] = field(default_factory=list)
    refused: int = 0
    at_once_max: int = 0
    _at_once: int = 0

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def numbers(self) -> list[int]:
        """The numbers it took."""
        return [each.number for each in self.taken]

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["Receiver"]:
        """Listen until the end of the block."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        try:
            yield self
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                await self._answer(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[1:-2]
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head)}
        body = await reader.readexactly(int(headers["content-length"]))
        self._at_once += 1
        self.at_once_max = max(self.at_once_max, self._at_once)
        delivered = Delivered(headers=headers, body=body)
        try:
            status = await self.behave(delivered)
        finally:
            self._at_once -= 1
        if 200 <= status < 300:
            self.taken.append(delivered)
        else:
            self.refused += 1
        location = b"location: " + self.url.encode() + b"\r\n" if 300 <= status < 400 else b""
        writer.write(b"HTTP/1.1 %d -\r\n%scontent-length: 0\r\n\r\n" % (status, location))
        await writer.drain()


@asynccontextmanager
async def receiver(behave: Behaviour = takes_all) -> AsyncIterator[Receiver]:
    """A receiver that listens."""
    async with Receiver(free_port(), behave).listening() as listening:
        yield listening


@dataclass(slots=True)
class Mailbox:
    """A mail server that keeps what it took; `answer` says what it replies to the data of a mail."""

    port: int
    answer: Callable[[Message], Awaitable[str]] | None = None
    taken: list[Message] = field(default_factory=list)
    refused: int = 0

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """What aiosmtpd calls for each mail."""
        assert isinstance(envelope.content, bytes)
        made = message_from_bytes(envelope.content, policy=default)
        reply = "250 taken" if self.answer is None else await self.answer(made)
        if reply.startswith("250"):
            self.taken.append(made)
        else:
            self.refused += 1
        return reply

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["Mailbox"]:
        """Listen until the end of the block."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: SMTP(self, hostname="mail.test", loop=loop), "127.0.0.1", self.port)
        try:
            yield self
        finally:
            server.close()


def words_of(mails: Iterable[Message]) -> list[str]:
    """What each mail says about how many alerts there are."""
    return [line for each in mails for line in str(each.get_payload()).splitlines() if "nieuwe melding" in line]
