"""From the outbox to webhooks: each its own line, in the order of its numbers, one at a time.

Three rules. A delivery counts when the receiver said so and the table holds it; a worker that dies between the two
has it sent again under the same identity. What one receiver does delays no other and no folding: each webhook is a
task, and all of them together hold two connections. No failure ends the process: it is put off, and in the end dead.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from uuid import uuid4

import structlog

from services.alerts.delivery import Schedule, event_id
from services.alerts.outbox import PAUSE_SECONDS, tell
from services.alerts.outbox.calling import CallFailed, Line, open_line
from services.alerts.store.delivering import (
    Claimed,
    claim_webhooks,
    count_dead,
    move_on,
    put_off,
    read_waiting,
    release,
)
from services.alerts.webhooks import headers
from youthcare.runtime import metrics
from youthcare.runtime.batch import patiently
from youthcare.runtime.logs import fault
from youthcare.runtime.postgres import Connection, Pool, unavailable_as_such
from youthcare.runtime.processing import Unavailable
from youthcare.runtime.producing import Publisher
from youthcare.runtime.sealing import Keys, SealBrokenError
from youthcare.runtime.settings import DeliverySettings

CONNECTIONS_MAX = 2
ROWS_AT_ONCE = 50
ROWS_PER_RUN = 1000
LEASE_TIMEOUTS = 3
"""How many times the time of one delivery a lease lasts: for the name, for the delivery, and to spare."""


def schedule_of(settings: DeliverySettings) -> Schedule:
    """When deliveries are tried again."""
    return Schedule(
        first_pause=settings.first_pause_seconds,
        longest_pause=settings.longest_pause_seconds,
        attempts_max=settings.attempts_max,
    )


@dataclass(slots=True, kw_only=True)
class Courier:
    """Delivers to all webhooks that have something waiting."""

    pool: Pool
    clock: Callable[[], datetime]
    settings: DeliverySettings
    keys: Keys
    running: set[asyncio.Task[None]] = field(default_factory=set)
    _few: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(CONNECTIONS_MAX))

    async def begin_due(self) -> int:
        """Begin a task for each webhook that is due; answers how many. Raises `Unavailable`."""
        async with self._connection() as connection:
            claimed = await claim_webhooks(connection, uuid4(), self._lease_seconds)
            metrics.WEBHOOKS_DEAD.set(await count_dead(connection))
        for each in claimed:
            task = asyncio.create_task(self._run(each))
            self.running.add(task)
            task.add_done_callback(self.running.discard)
        return len(claimed)

    async def finish(self) -> None:
        """Wait until nothing is under way."""
        while self.running:
            await asyncio.wait(self.running)

    def drop(self) -> None:
        """End what is under way; it goes again after its lease."""
        for task in self.running:
            task.cancel()

    @property
    def _lease_seconds(self) -> float:
        return LEASE_TIMEOUTS * self.settings.timeout_seconds

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Connection]:
        with unavailable_as_such():
            async with self._few, self.pool.acquire() as connection:
                yield connection

    async def _run(self, claimed: Claimed) -> None:
        try:
            await self._tried(claimed)
        except Unavailable as away:
            # The lease ends by itself.
            tell(away)
        except Exception as error:
            structlog.get_logger().error("webhook_failed", **fault(error))
            await self._put_off(claimed, claimed.failures, type(error).__name__)

    async def _tried(self, claimed: Claimed) -> None:
        failures = claimed.failures
        try:
            key = self._key(claimed)
            async with open_line(claimed.url, self.settings.private_networks, self.settings.timeout_seconds) as line:
                async for number, body in self._waiting(claimed):
                    await self._delivered(line, claimed, key, number, body)
                    failures = 0
                    async with self._connection() as connection:
                        if not await move_on(connection, claimed, number + 1, self._lease_seconds):
                            return
            async with self._connection() as connection:
                await release(connection, claimed)
        except CallFailed as failed:
            await self._put_off(claimed, failures, str(failed))

    def _key(self, claimed: Claimed) -> bytes:
        try:
            return self.keys[claimed.municipality].unseal(claimed.place, claimed.secret)
        except (KeyError, SealBrokenError):
            raise CallFailed("secret sealed with other keys") from None

    async def _waiting(self, claimed: Claimed) -> AsyncIterator[tuple[int, bytes]]:
        first, count = claimed.next_number, 0
        while count < ROWS_PER_RUN:
            async with self._connection() as connection:
                rows = await read_waiting(connection, claimed, first, ROWS_AT_ONCE)
            for row in rows:
                yield row
            if not rows:
                return
            first, count = rows[-1][0] + 1, count + len(rows)

    async def _delivered(self, line: Line, claimed: Claimed, key: bytes, number: int, body: bytes) -> None:
        identity = event_id(claimed.municipality, claimed.receiver, number)
        await line.deliver(body, headers(key, identity, int(self.clock().timestamp()), body))

    async def _put_off(self, claimed: Claimed, failures: int, failure: str) -> None:
        pause = schedule_of(self.settings).pause(failures + 1, random.random())  # noqa: S311 - no secret
        if pause is None:
            structlog.get_logger().error("webhook_died", reason=failure, attempt=failures + 1)
        try:
            async with self._connection() as connection:
                await put_off(connection, claimed, failure, pause)
        except Unavailable as away:
            tell(away)


async def webhooks_always(
    pool: Pool,
    _publisher: Publisher,
    clock: Callable[[], datetime],
    patience_seconds: float,
    settings: DeliverySettings,
    keys: Keys,
) -> None:
    """Deliver as rows come, for ever; raises `Unavailable` when an outage outlasts patience."""
    courier = Courier(pool=pool, clock=clock, settings=settings, keys=keys)

    async def step() -> None:
        await courier.begin_due()

    try:
        while True:
            await patiently(step, patience_seconds, tell)
            await asyncio.sleep(PAUSE_SECONDS)
    finally:
        courier.drop()
