"""Feeds a processor from the start of its topic to its end of now, in large batches, by the same step as live.

1. It applies batches with :func:`apply_batch`; so it may run again, be killed, and run beside a live worker.
2. It reads up to the end offsets that stood when it began; the live worker takes it from there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from youthcare.runtime import metrics, progress
from youthcare.runtime.batch import apply_batch, patiently
from youthcare.runtime.brokers import Inspector, client_config
from youthcare.runtime.kafka import prepare
from youthcare.runtime.postgres import Pool, open_pool
from youthcare.runtime.processing import Batch, Processor, Record, TopicIdentity, Unavailable
from youthcare.runtime.producing import Publisher
from youthcare.runtime.settings import BrokerSettings, WorkerSettings
from youthcare.runtime.topic_access import BULK_GROUP

BULK_FACTOR = 5
"""How much larger than a live batch a batch of the bulk path is."""

# The client waits this long for a whole batch, so at the end of every topic in vain.
WAIT_SECONDS = 0.1
SILENT_ROUNDS_MAX = 300
Told = Callable[[int, int], None]
"""Hears how many records are done, of about how many."""


def _untold(_done: int, _of: int) -> None:
    """Tells nobody."""


async def run_bulk(
    processor: Processor, settings: WorkerSettings, *, from_start: bool = True, tell: Told = _untold
) -> int:
    """Apply all records up to the present end; returns how many. Raises ``Unavailable`` when patience ends.

    ``from_start`` reads the whole topic; otherwise it goes on from the positions in the tables.
    """
    metrics.start_at_zero(processor.name)
    pool = await open_pool(settings.database, processor.name, all_municipalities=True)
    try:
        inspector = Inspector(settings.broker)
        identity = await prepare(processor, pool, inspector)
        starts = await _starts(processor, pool, inspector, identity, from_start)
        ends = await asyncio.to_thread(inspector.end_offsets, identity)
        feed = Feed(settings.broker, identity, starts, ends, BULK_FACTOR * settings.batch_records_max)
        return await _apply_all(processor, settings, pool, feed, tell)
    finally:
        await asyncio.wait_for(pool.close(), timeout=5)


async def _starts(
    processor: Processor, pool: Pool, inspector: Inspector, identity: TopicIdentity, from_start: bool
) -> dict[int, int]:
    if from_start:
        return await asyncio.to_thread(inspector.first_offsets, identity)
    async with pool.acquire() as connection:
        positions = await progress.read_positions(connection, processor.name, identity)
    return {partition: position.next_offset for partition, position in positions.items()}


async def _apply_all(processor: Processor, settings: WorkerSettings, pool: Pool, feed: Feed, tell: Told) -> int:
    publisher = Publisher(settings.broker)
    done = 0
    try:
        while records := await asyncio.to_thread(feed.next_records):
            batch = Batch(identity=feed.identity, records=records)
            step = partial(apply_batch, pool, publisher, processor, batch)
            await patiently(step, settings.patience_seconds, lambda _away: None)
            done += len(records)
            tell(done, feed.expected)
    finally:
        feed.close()
    return done


class Feed:
    """Records from the starts to the ends, in whatever order the partitions answer."""

    def __init__(
        self,
        settings: BrokerSettings,
        identity: TopicIdentity,
        starts: dict[int, int],
        ends: dict[int, int],
        batch_records: int = 5000,
    ) -> None:
        self._batch_records = batch_records
        self.identity = identity
        self._left = {each: end for each, end in ends.items() if end > starts.get(each, 0)}
        self.expected = sum(end - starts.get(each, 0) for each, end in self._left.items())
        self._consumer = Consumer(
            client_config(settings)
            | {
                "group.id": BULK_GROUP,
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "auto.offset.reset": "earliest",
            }
        )
        self._consumer.assign([TopicPartition(identity.name, each, starts.get(each, 0)) for each in self._left])

    def next_records(self) -> Sequence[Record]:
        """The next batch; empty when all partitions have reached their ends."""
        silent_rounds = 0
        while self._left:
            taken = self._taken(self._consumer.consume(self._batch_records, WAIT_SECONDS))
            if taken:
                return taken
            silent_rounds += 1
            if silent_rounds > SILENT_ROUNDS_MAX:
                raise Unavailable("Kafka does not give what it holds")
        return ()

    def close(self) -> None:
        """Leave the broker."""
        self._consumer.close()

    def _taken(self, messages: Sequence[Message]) -> list[Record]:
        records = []
        for message in messages:
            partition, offset = message.partition() or 0, message.offset() or 0
            end = self._left.get(partition)
            if end is None:
                continue
            error = message.error()
            if error is not None and error.name() != "_PARTITION_EOF":
                raise Unavailable(f"Kafka: {error.name()}") from KafkaException(error)
            if error is None and offset < end:
                records.append(_record(message, partition, offset))
            # An end can lie past the last record, behind a transaction's marker: then the partition's end tells.
            if offset + 1 >= end or error is not None:
                del self._left[partition]
        return records


def _record(message: Message, partition: int, offset: int) -> Record:
    return Record(
        topic=str(message.topic()),
        partition=partition,
        offset=offset,
        key=message.key(),
        value=message.value(),
        timestamp_ms=message.timestamp()[1],
        headers=_headers(message.headers()),
    )


def _headers(found: Any) -> tuple[tuple[str, bytes], ...]:
    return tuple((str(name), bytes(value or b"")) for name, value in found or ())
