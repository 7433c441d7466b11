"""Engines that are broken on purpose, each in one place: what the simulation must catch.

None of them is a made-up mistake: each is the plain way to do it, and each was the habit of some system that we read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from services.alerts.app import AlertsProcessor
from services.alerts.store import reading
from services.trajectory.app import TrajectoryProcessor, read
from tests.simulation.tables import MemoryConnection, Row
from tests.simulation.workers import Engine
from youthcare.runtime import progress
from youthcare.runtime.faust_app import Keeper
from youthcare.runtime.kafka import StreamWorker
from youthcare.runtime.processing import Batch, Outgoing, Record


class PositionFirst(StreamWorker):
    """Moves the position in a transaction of its own, before the batch is folded."""

    async def _applied(self, records: Sequence[Record]) -> None:
        batch = Batch(identity=self.identity, records=records)
        # Readers of facts pass over what lies below their position, so that they would do nothing at all.
        if self.processor.folds_repeats:
            async with self.pool.acquire() as connection, connection.transaction():
                await progress.lock_positions(connection, self.processor.name, batch)
                await progress.advance(connection, self.processor.name, batch)
        await StreamWorker._applied(self, records)


class PublishAfterwards(StreamWorker):
    """Commits and publishes then, without an outbox."""

    async def _applied(self, records: Sequence[Record]) -> None:
        batch = Batch(identity=self.identity, records=records)
        async with self.pool.acquire() as connection, connection.transaction():
            await progress.lock_positions(connection, self.processor.name, batch)
            outgoing = await self.processor.fold(connection, records)
            await progress.advance(connection, self.processor.name, batch)
        self.keeper.note_applied({each: last.offset + 1 for each, last in batch.last_by_partition().items()})
        await self.publisher.publish(outgoing)


class KafkaAlone(Keeper):
    """Goes to Kafka's position whatever the tables hold, and has everything acknowledged."""

    def holds(self, partition: int, offset: int) -> bool:
        """Everything is let pass."""
        return partition >= 0 and offset >= 0

    def earlier(self, positions: Mapping[int, int], committed: Mapping[int, int | None]) -> dict[int, int]:
        """Never back."""
        return {}


@dataclass(frozen=True, slots=True)
class _Blind:
    """A connection that knows of no facts that were applied before."""

    connection: MemoryConnection

    def __getattr__(self, name: str) -> Any:
        return getattr(self.connection, name)

    async def fetch(self, query: str, *args: Any) -> list[Row]:
        """The rows, but for the stamps."""
        return [] if query == reading._STAMPS else await self.connection.fetch(query, *args)


class Unguarded(AlertsProcessor):
    """Applies facts whatever their version."""

    async def fold(self, connection: Any, batch: Sequence[Record]) -> Sequence[Outgoing]:
        """Without a look at what was applied."""
        return await AlertsProcessor.fold(self, _Blind(connection), batch)


class Doubling(TrajectoryProcessor):
    """Takes a statement that comes again for another one."""

    async def fold(self, connection: Any, batch: Sequence[Record]) -> Sequence[Outgoing]:
        """By its place and not by its identity."""
        return await TrajectoryProcessor.fold(self, connection, [_placed(record) for record in batch])


def _placed(record: Record) -> Record:
    statements, _ = read([record])
    if not statements or record.value is None:
        return record
    content = orjson.loads(record.value)
    return replace(record, value=orjson.dumps(content | {"id": f"{content['id']}#{record.offset}"}))


class Swallowing(TrajectoryProcessor):
    """Passes over what means nothing, without a word."""

    async def fold(self, connection: Any, batch: Sequence[Record]) -> Sequence[Outgoing]:
        """What is no statement is dropped before anybody sees it."""
        kept = [record for record in batch if record.value is None or read([record])[0]]
        return await TrajectoryProcessor.fold(self, connection, kept)


BROKEN: dict[str, Engine] = {
    "the position is moved before the batch is folded": Engine(worker=PositionFirst),
    "facts are published after the commit and nowhere kept": Engine(worker=PublishAfterwards),
    "nothing is locked": Engine(has_locks=False),
    "the reader goes by Kafka's position alone": Engine(keeper=KafkaAlone),
    "readers apply facts whatever their version": Engine(alerts=Unguarded),
    "a repeated statement counts twice": Engine(trajectory=Doubling),
    "poison is swallowed": Engine(trajectory=Swallowing),
}
