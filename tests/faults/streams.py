"""Senders and readers that go on while faults happen, and remember what they were told.

Three rules. A sender that got no answer offers the very same again, as a real one does, until it is answered; what it
was told then is what counts. A sender on `intake` counts as told what the broker acknowledged. A reader asks the three
other APIs; that it is answered shows that a fault hit a process at work.
"""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from confluent_kafka import KafkaException, Producer

from tests.faults.judging import Stated
from youthcare.runtime.local_issuer import LocalIssuer
from youthcare.runtime.topics import INTAKE
from youthcare.simulator import Envelope

LIFE = timedelta(hours=12)
ANSWER_SECONDS, AGAIN_SECONDS = 10.0, 0.3
HTTP_SENDERS, INTAKE_SHARE, MESSAGES_AT_PACE = 6, 3, 600
"""So many senders at the doors at once; one in so many messages without a flaw goes by `intake`."""
READERS: Mapping[str, str] = {
    "trajectory-api": "/v1/youths/{youth}/trajectory",
    "indicators-api": "/v1/indicators/in_care?period={month}",
    "alerts-api": "/v1/alerts?state=open",
}
Read = Callable[[Envelope], list[Stated]]
Url = Callable[[str], str]


@dataclass(slots=True)
class Stream(threading.Thread):
    """One municipality's messages and questions, from `start` until `finish`; counts are by process."""

    municipality: str
    envelopes: Iterator[Envelope]
    read: Read
    url: Url
    issuer: LocalIssuer
    bootstrap_servers: str
    per_second: float
    accepted: list[Stated] = field(default_factory=list)
    offered: list[Stated] = field(default_factory=list)
    answered: Counter[str] = field(default_factory=Counter)
    unanswered: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    failure: BaseException | None = None
    _next: float = 0.0
    _number: int = 0
    _youth: str = "nobody"
    _stop_asked: threading.Event = field(default_factory=threading.Event)
    _tokens: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        threading.Thread.__init__(self, name=f"stream-{self.municipality}", daemon=True)

    def __hash__(self) -> int:
        return id(self)

    def run(self) -> None:
        """Send and ask until asked to stop; what was begun is brought to its answer."""
        try:
            asyncio.run(self._run())
        except BaseException as error:  # told by `finish`, in the thread that judges
            self.failure = error

    def stop(self) -> None:
        """Take no new message."""
        self._stop_asked.set()

    def finish(self, seconds: float = 300) -> None:
        """Take no new message, wait until every one that was offered is answered."""
        self.stop()
        self.join(seconds)
        assert self.failure is None, repr(self.failure)
        assert not self.is_alive(), "a sender got no answer"

    async def _run(self) -> None:
        self._next = time.monotonic()
        intake: asyncio.Queue[Envelope | None] = asyncio.Queue(2)
        limits = httpx.Limits(max_connections=HTTP_SENDERS + len(READERS))
        async with (
            httpx.AsyncClient(timeout=ANSWER_SECONDS, trust_env=False, limits=limits) as client,
            asyncio.TaskGroup() as senders,
        ):
            for _ in range(HTTP_SENDERS):
                senders.create_task(self._send(client, intake))
            senders.create_task(self._hand_in(intake))
            for process, path in READERS.items():
                senders.create_task(self._ask(client, process, path))

    async def _send(self, client: httpx.AsyncClient, intake: asyncio.Queue[Envelope | None]) -> None:
        while (envelope := await self._paced()) is not None:
            self.offered += self.read(envelope)
            self._number += 1
            if envelope.flaw is None and self._number % INTAKE_SHARE == 0:
                await intake.put(envelope)
            else:
                await self._deliver(client, envelope)
        await intake.put(None)

    async def _paced(self) -> Envelope | None:
        """The next message at its time; None when there are no more."""
        # A slow machine is not buried: what came in has to be applied before it can be judged.
        pace = self.per_second if self._number < MESSAGES_AT_PACE else self.per_second / 3
        self._next = max(self._next, time.monotonic() - 1) + 1 / pace
        await asyncio.sleep(max(0.0, self._next - time.monotonic()))
        return None if self._stop_asked.is_set() else next(self.envelopes, None)

    async def _deliver(self, client: httpx.AsyncClient, envelope: Envelope) -> None:
        """Offer a message at the door until it is answered."""
        source = f"urn:ijw:{self.municipality}" if envelope.door == "ijw" else envelope.sender
        media = "application/xml" if envelope.door == "ijw" else "application/json"
        headers = {"Authorization": f"Bearer {self._token(f'sender:{source}')}", "Content-Type": media}
        while True:
            path = f"/v1/{envelope.door}"
            answer = await self._asked(
                client.post, "indication-api", f"{self.url('indication')}{path}", content=envelope.body, headers=headers
            )
            if answer is not None:
                self._note(envelope, answer.json())
                return
            await asyncio.sleep(AGAIN_SECONDS)

    def _note(self, envelope: Envelope, answers: Any) -> None:
        assert isinstance(answers, list), "a problem instead of an answer per statement"
        told = {each["id"] for each in answers if each["status"] in ("accepted", "parked") and "id" in each}
        self.accepted += [each for each in self.read(envelope) if each.identity[1] in told]

    async def _asked(self, ask: Callable[..., Any], process: str, url: str, **more: Any) -> httpx.Response | None:
        """One try; None when it has to be tried again. That an API answers with its own failure is noted."""
        try:
            answer: httpx.Response = await ask(url, **more)
        except httpx.TransportError:
            self.unanswered[process] += 1
            return None
        if answer.status_code >= 500 or answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
            self.unanswered[process] += 1
            if answer.status_code == httpx.codes.INTERNAL_SERVER_ERROR:
                self.broken.append(process)
            return None
        self.answered[process] += 1
        return answer

    async def _hand_in(self, intake: asyncio.Queue[Envelope | None]) -> None:
        """Put messages on `intake` until the last sender has ended."""
        told = {"acks": "all", "delivery.timeout.ms": 5000, "log_level": 0}
        producer = Producer({"bootstrap.servers": self.bootstrap_servers, **told})
        ended = 0
        while ended < HTTP_SENDERS:
            envelope = await intake.get()
            if envelope is None:
                ended += 1
                continue
            while not await asyncio.to_thread(_handed_in, producer, envelope):
                self.unanswered["intake"] += 1
            self.answered["intake"] += 1
            self.accepted += self.read(envelope)

    async def _ask(self, client: httpx.AsyncClient, process: str, path: str) -> None:
        """Ask one API five times a second."""
        headers = {"Authorization": f"Bearer {self._token('supervisor')}"}
        month = f"{datetime.now(UTC):%Y-%m}"
        while not self._stop_asked.is_set():
            url = self.url(process.removesuffix("-api")) + path.format(youth=self._youth, month=month)
            answer = await self._asked(client.get, process, url, headers=headers)
            if answer is not None and process == "alerts-api":
                self._remember(answer.json())
            await asyncio.sleep(0.2)  # the pace of asking

    def _remember(self, listed: Any) -> None:
        alerts = listed.get("alerts", []) if isinstance(listed, dict) else []
        self._youth = next((each["youth"] for each in alerts if each.get("youth")), self._youth)

    def _token(self, role: str) -> str:
        if role not in self._tokens:
            self._tokens[role] = self.issuer.token(self.municipality, [role], datetime.now(UTC), LIFE)
        return self._tokens[role]


def _handed_in(producer: Producer, envelope: Envelope) -> bool:
    """Whether the broker acknowledged a record."""
    told: list[bool] = []
    try:
        producer.produce(INTAKE.name, value=envelope.body, on_delivery=lambda error, _: told.append(error is None))
    except (BufferError, KafkaException):
        time.sleep(AGAIN_SECONDS)  # the pace of trying; in a thread
    producer.flush(7)
    return told == [True]
