"""The one way out to Kafka: an idempotent producer whose messages are all there, or the batch is tried again.

1. Nothing counts as published before every replica in sync has it; one failed delivery fails the whole call.
2. A message gives up after five seconds: a worker that was frozen and woke up cannot publish what it held long
   ago (engine rule 5), and the database session that covered it is gone after ten.
3. The event loop is never held up: flushing happens in a thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from youthcare.runtime.brokers import client_config
from youthcare.runtime.processing import Outgoing, Unavailable
from youthcare.runtime.settings import BrokerSettings
from youthcare.runtime.topics import MESSAGE_BYTES_MAX

DELIVERY_MS = 5000
_QUEUE_FULL_PAUSE_SECONDS = 0.05
_BY_KEY = -1


@dataclass(slots=True)
class Delivery:
    """What became of the messages of one call; filled in by the producer's thread."""

    expected: int = 0
    acknowledged: int = 0
    failures: list[str] = field(default_factory=list)

    def tell(self, error: KafkaError | None, _message: Message) -> None:
        """Note the fate of one message."""
        if error is None:
            self.acknowledged += 1
        else:
            self.failures.append(error.name())

    def complete(self) -> bool:
        """Whether the fate of every message is known."""
        return self.acknowledged + len(self.failures) >= self.expected


class Publisher:
    """Publishes batches of messages; one per process."""

    def __init__(self, settings: BrokerSettings) -> None:
        self._producer = Producer(
            client_config(settings)
            | {
                "acks": "all",
                "enable.idempotence": True,
                "delivery.timeout.ms": DELIVERY_MS,
                # Java's partitioner, so that every client places a key alike; librdkafka's own differs.
                "partitioner": "murmur2_random",
                "linger.ms": 2,
                "compression.type": "lz4",
                "message.max.bytes": MESSAGE_BYTES_MAX,
                "queue.buffering.max.messages": 200_000,
            }
        )

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        """Publish all and wait for the broker; raises ``Unavailable`` when any may not have arrived."""
        await self.flush(await self.produce(messages))

    async def produce(self, messages: Sequence[Outgoing]) -> Delivery:
        """Hand all messages to the producer's buffer; :meth:`flush` waits for them."""
        delivery = Delivery(expected=len(messages))
        for message in messages:
            while not self._buffered(message, delivery):
                await asyncio.to_thread(self._producer.poll, _QUEUE_FULL_PAUSE_SECONDS)
        return delivery

    async def flush(self, delivery: Delivery) -> None:
        """Wait until the broker has every message; raises ``Unavailable`` when any may not have arrived."""
        if delivery.expected == 0:
            return
        await asyncio.to_thread(self._producer.flush, DELIVERY_MS / 1000 + 2)
        if not delivery.complete():
            # What is still here must not land later, after newer messages.
            self._producer.purge()
            raise Unavailable("Kafka took too long to acknowledge")
        if delivery.failures:
            raise Unavailable(f"Kafka: {delivery.failures[0]}")

    def _buffered(self, message: Outgoing, delivery: Delivery) -> bool:
        try:
            self._producer.produce(
                message.topic,
                key=message.key,
                value=message.value,
                headers=list(message.headers),
                on_delivery=delivery.tell,
                partition=_BY_KEY if message.partition is None else message.partition,
            )
        except BufferError:
            return False
        except KafkaException as error:
            raise Unavailable(f"Kafka: {error.args[0].name()}") from None
        return True
