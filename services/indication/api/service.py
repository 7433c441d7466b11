"""Taking in a delivery over HTTP: one transaction, then the broker, then the answer.

Three rules. The answer comes after the broker's acknowledgement: what is answered as accepted is on its topic. What
the broker did not take yet is registered and goes by itself, and the sender, told 503, may send it again without
harm. A session sees and writes one municipality alone.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.indication import outbox
from services.indication.api.grouping import Groups
from services.indication.assertions import Taken, Verdicts, joined
from services.indication.doors import Doors
from services.indication.senders import Arrival
from services.indication.store import take
from services.indication.store.counts import count
from youthcare.runtime.access_log import AccessLog
from youthcare.runtime.brokers import Inspector
from youthcare.runtime.clock import utc_now
from youthcare.runtime.postgres import Pool, as_municipality, unavailable_as_such
from youthcare.runtime.processing import Unavailable, WrongTopic
from youthcare.runtime.producing import Publisher
from youthcare.runtime.sealing import Keys
from youthcare.runtime.security import Principal
from youthcare.runtime.topics import INDICATION_EVENTS

PROBE_SECONDS = 3.0
Clock = Callable[[], datetime]
Probe = Callable[[str], None]


def silent(_point: str) -> None:
    """The probe of production: nothing happens at any point."""


@dataclass(slots=True, kw_only=True)
class Service:
    """All that the doors need while they are open; tests give another clock, or a probe that kills."""

    pool: Pool
    publisher: Publisher
    inspector: Inspector
    keys: Keys
    log: AccessLog
    doors: Doors
    clock: Clock = utc_now
    probe: Probe = silent
    groups: Groups = field(init=False)

    def __post_init__(self) -> None:
        self.groups = Groups(self._take_in)

    def arrival(self, bearer: Principal) -> Arrival:
        """A delivery of this bearer, received now."""
        sources = bearer.sources()
        return Arrival(
            received=self.clock(),
            sender=min(sources, default="unknown"),
            municipality=bearer.municipality,
            sources=sources,
            may_merge=bearer.is_supervisor() or bearer.is_privacy_officer(),
            may_forget=bearer.is_privacy_officer(),
        )

    async def receive(self, municipality: str, parts: Sequence[Taken]) -> Verdicts:
        """Register and publish, together with what comes at the same moment; raises `Unavailable`."""
        return await self.groups.receive(municipality, joined(parts))

    async def _take_in(self, municipality: str, taken: Taken) -> Verdicts:
        with unavailable_as_such():
            async with self.pool.acquire() as connection, as_municipality(connection, municipality):
                verdicts = await take(connection, self.keys, taken)
                pending = await outbox.written_here(connection)
        self.probe("after-commit")
        count(taken, verdicts)
        await outbox.publish_written(self.pool, self.publisher, municipality, pending)
        return verdicts

    async def problems(self) -> list[str]:
        """What is in the way of taking in a delivery now."""
        found = await asyncio.gather(self._database_problem(), self._broker_problem())
        return [problem for problem in found if problem is not None]

    async def _database_problem(self) -> str | None:
        try:
            with unavailable_as_such():
                async with asyncio.timeout(PROBE_SECONDS), self.pool.acquire() as connection:
                    await connection.fetchval("select 1")
        except Unavailable:
            return "the database does not answer"
        return None

    async def _broker_problem(self) -> str | None:
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                await asyncio.to_thread(self.inspector.identity, INDICATION_EVENTS.name)
        except (Unavailable, TimeoutError):
            return "the broker does not answer"
        except WrongTopic:
            return "the topic indication-events does not exist"
        return None
