"""Goes through the steps of every forgetting that is open, each as far as it can be confirmed now.

Five rules. A step is confirmed by what its place shows, never by what was sent to it. Whatever was not confirmed is
done again. One process at a time does this. What lands late on the log of somebody who was certified opens it again.
A reader was told only of what the broker surely still held when it read: else it is told once more.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from services.indication import outbox
from services.indication.forgetting import STEPS, Forgetting, Step
from services.indication.outbox.looking import Look, Place, look
from services.indication.store import forgetting, sealed
from youthcare.runtime.brokers import Inspector
from youthcare.runtime.postgres import Connection, Pool, unavailable_as_such
from youthcare.runtime.processing import Outgoing
from youthcare.runtime.producing import Publisher
from youthcare.runtime.sealing import Keys
from youthcare.runtime.settings import BrokerSettings
from youthcare.runtime.topic_access import group_of
from youthcare.runtime.topics import (
    CARE_ALERTS,
    INDICATION_EVENTS,
    REFUSALS,
    TRAJECTORY_FACTS,
    Topic,
    marker_key,
    partition_of,
    refusal_key,
)

MARK_EVERY = timedelta(hours=1)
_FORGET_LOCK = 0x696E6666
_TRY, _LEAVE = "select pg_try_advisory_lock($1)", "select pg_advisory_unlock($1)"
_TOPICS = (INDICATION_EVENTS, TRAJECTORY_FACTS, CARE_ALERTS, REFUSALS)
# Asked of the trajectory service: who is wiped once more tells all readers once more.
_AGAIN = ("forgotten", "again")
Evidence = Mapping[str, Any]
Probe = Callable[[str], None]


def silent(_point: str) -> None:
    """The probe of production: nothing happens at any point."""


@dataclass(slots=True, kw_only=True)
class Course:
    """One round over all that is open; `probe` is told of each point at which a crash may hit."""

    pool: Pool
    publisher: Publisher
    inspector: Inspector
    broker: BrokerSettings
    keys: Keys
    clock: Callable[[], datetime]
    mark_every: timedelta = MARK_EVERY
    probe: Probe = silent
    looks: dict[str, Look] = field(default_factory=dict)
    acknowledged: dict[str, Mapping[int, int]] = field(default_factory=dict)
    is_marked: bool = False

    async def run(self, *, watch: bool = False) -> bool:
        """Go once over all; false when another process does so now. Raises `Unavailable`.

        `watch` reads the log also when nothing is open, for what came late of those who were certified.
        """
        with unavailable_as_such():
            async with self.pool.acquire() as connection:
                if not await connection.fetchval(_TRY, _FORGET_LOCK):
                    return False
                try:
                    await self._go(watch)
                finally:
                    await connection.execute(_LEAVE, _FORGET_LOCK)
        return True

    async def _go(self, watch: bool) -> None:
        self.is_marked = False
        if watch:
            await self._look(INDICATION_EVENTS)
        for step, attempt in self._attempts().items():
            # Looked at anew: what the step before did must be seen.
            self.looks.clear()
            self.acknowledged.clear()
            for one in await self._open():
                if one.step is step:
                    await self._attempt(one, step, attempt)

    def _attempts(self) -> Mapping[Step, Callable[[Forgetting], Awaitable[Evidence | None]]]:
        return {
            Step.SEALED: self._sealed,
            Step.TOLD: self._told,
            Step.WIPED: self._wiped,
            Step.LOG: self._log,
            Step.FACTS: self._facts,
            Step.READERS: self._readers,
            Step.ALERTS: self._alerts,
            Step.DROPPED: self._dropped,
            Step.VANISHED: self._vanished,
        }

    async def _attempt(
        self, one: Forgetting, step: Step, attempt: Callable[[Forgetting], Awaitable[Evidence | None]]
    ) -> None:
        evidence = await attempt(one)
        self.probe(f"{step}-done")
        if evidence is None:
            return
        async with self.pool.acquire() as connection, connection.transaction():
            await forgetting.confirm(connection, one.municipality, one.digest, step, self.clock(), evidence)
            if step is Step.SEALED:
                await forgetting.drop_traces(connection, one)
            if step is STEPS[-1]:
                await forgetting.certify(connection, one, self.clock())
        self.probe(f"{step}-confirmed")

    async def _open(self) -> list[Forgetting]:
        async with self.pool.acquire() as connection:
            return await forgetting.open_ones(connection)

    async def _sealed(self, one: Forgetting) -> Evidence:
        own = self.keys[one.municipality]
        async with self.pool.acquire() as connection, connection.transaction():
            traces = await forgetting.traces_of(connection, self.keys, one)
            gone = await sealed.erase_traces(connection, own, traces)
            left = await sealed.erase_traces(connection, own, traces)
            evidence = {
                "rows": {table: len(keys) for table, keys in gone.items()},
                "left": sum(map(len, left.values())),
                # Under these numbers nothing may be left on the topic either; they name a sender and no person.
                "refusals": gone["refusal"],
            }
            # Here and not only by the caller: done again, the numbers would be known no more.
            await forgetting.confirm(connection, one.municipality, one.digest, Step.SEALED, self.clock(), evidence)
        return evidence

    async def _told(self, one: Forgetting) -> Evidence | None:
        await self._sweep()
        if not await self._asked(forgetting.is_told, one):
            return None
        partition, ends = partition_of(*_place(one)), await self._ends(INDICATION_EVENTS)
        return {"partition": partition, "end": ends.get(partition, 0)}

    async def _wiped(self, one: Forgetting) -> Evidence | None:
        # It erases by a wish that stands in its ledger: one that the broker cleaned before it was read is in none.
        if not await self._has_read("trajectory", INDICATION_EVENTS, one.evidence(Step.TOLD)):
            return None
        async with self.pool.acquire() as connection, connection.transaction():
            await forgetting.wipe_wish(connection, one)
            # So that the last tombstone is as young as the confirmation, whenever the wish's own was sent.
            await forgetting.wipe_again(connection, [(*_place(one), *_AGAIN)])
        self.probe("wiped-queued")
        await self._sweep()
        return {} if await self._asked(forgetting.is_wiped, one) else None

    async def _log(self, one: Forgetting) -> Evidence | None:
        seen = await self._look(INDICATION_EVENTS)
        late = [key.decode().split("/", 2) for key in seen.keys_of(_place(one))]
        if late:
            await self._wipe_again([(*each[:2], *_source_and_id(each[2])) for each in late])
            return None
        return self._end(seen, one)

    async def _facts(self, one: Forgetting) -> Evidence | None:
        if not await self._has_read("trajectory", INDICATION_EVENTS, one.evidence(Step.LOG)):
            return None
        seen = await self._look(TRAJECTORY_FACTS)
        if seen.keys_of(_place(one)):
            await self._wipe_again([(*_place(one), *_AGAIN)])
            return None
        return self._end(seen, one)

    async def _readers(self, one: Forgetting) -> Evidence | None:
        if one.may_be_unread(self.clock()):
            async with self.pool.acquire() as connection:
                await forgetting.unconfirm(connection, one, STEPS[STEPS.index(Step.WIPED) :])
            return None
        told = one.evidence(Step.FACTS)
        read = [await self._has_read(each, TRAJECTORY_FACTS, told) for each in ("indicators", "alerts")]
        return told if all(read) else None

    async def _alerts(self, one: Forgetting) -> Evidence | None:
        seen = await self._look(CARE_ALERTS)
        if seen.keys_of(_place(one)):
            await self._wipe_again([(*_place(one), *_AGAIN)])
            return None
        return {"records": sum(seen.ends.values())}

    async def _dropped(self, one: Forgetting) -> Evidence | None:
        return await self._gone(one, lambda seen: seen.held)

    async def _vanished(self, one: Forgetting) -> Evidence | None:
        return await self._gone(one, lambda seen: seen.seen)

    async def _gone(self, one: Forgetting, found_in: Callable[[Look], set[Place]]) -> Evidence | None:
        """Whether no topic shows the youth; while one does, a marker helps the broker on."""
        seen = {topic.name: await self._look(topic) for topic in _TOPICS}
        if any(_place(one) in found_in(each) for each in seen.values()):
            await self._mark(one)
            return None
        return {"topics": sorted(seen)}

    async def _asked(self, ask: Callable[[Connection, Forgetting], Awaitable[bool]], one: Forgetting) -> bool:
        async with self.pool.acquire() as connection:
            return await ask(connection, one)

    async def _sweep(self) -> None:
        while await outbox.sweep(self.pool, self.publisher, self.clock()):
            pass

    async def _look(self, topic: Topic) -> Look:
        if topic.name not in self.looks:
            asked = await self._open()
            keys = {key: _place(one) for one in asked for key in _refusals_of(one)}
            found = await look(self.broker, topic, {_place(one) for one in asked}, keys)
            self.looks[topic.name] = found
            if topic is INDICATION_EVENTS:
                await self._reopen(found.others)
        return self.looks[topic.name]

    async def _reopen(self, others: set[Place]) -> None:
        """Who was certified and is on the log again is wiped again, from the log on."""
        async with self.pool.acquire() as connection, connection.transaction():
            await forgetting.reopen(connection, others, STEPS[STEPS.index(Step.LOG) :])

    async def _has_read(self, reader: str, topic: Topic, told: Evidence) -> bool:
        if reader not in self.acknowledged:
            identity = await asyncio.to_thread(self.inspector.identity, topic.name)
            self.acknowledged[reader] = await asyncio.to_thread(self.inspector.committed, group_of(reader), identity)
        return bool(self.acknowledged[reader].get(told["partition"], 0) >= told["end"])

    async def _wipe_again(self, keys: list[tuple[str, ...]]) -> None:
        async with self.pool.acquire() as connection, connection.transaction():
            await forgetting.wipe_again(connection, keys)
        await self._sweep()

    async def _ends(self, topic: Topic) -> Mapping[int, int]:
        identity = await asyncio.to_thread(self.inspector.identity, topic.name)
        return await asyncio.to_thread(self.inspector.end_offsets, identity)

    async def _mark(self, one: Forgetting) -> None:
        """Publish a marker to every partition, which the services hand on; at times, and once in a round."""
        now = self.clock()
        if self.is_marked or (one.marked is not None and now - one.marked < self.mark_every):
            return
        self.is_marked = True
        # The topics that this service writes; the other services hand the first one on.
        await self.publisher.publish(
            [
                Outgoing(topic=topic.name, key=marker_key(each), value=None, partition=each)
                for topic in (INDICATION_EVENTS, REFUSALS)
                for each in range(topic.partition_count)
            ]
        )
        async with self.pool.acquire() as connection:
            await forgetting.note_marked(connection, now)

    def _end(self, seen: Look, one: Forgetting) -> Evidence:
        partition = partition_of(*_place(one))
        return {"partition": partition, "end": seen.ends.get(partition, 0)}


def _place(one: Forgetting) -> Place:
    assert one.youth is not None, "what is open knows whose it is"
    return one.municipality, one.youth


def _refusals_of(one: Forgetting) -> list[bytes]:
    """The keys on `refusals` of what was refused about the youth."""
    told = next((each.evidence for each in one.confirmed if each.step is Step.SEALED), {})
    return [refusal_key(one.municipality, sender, number) for sender, number in told.get("refusals", ())]


def _source_and_id(rest: str) -> tuple[str, str]:
    source, _, identification = rest.rpartition("/")
    return source, identification
