"""Faust as this system uses it: group membership, partition assignment and the agent, and nothing else.

1. On assignment the reader goes to the smaller of Kafka's committed offset and the position in the tables.
2. An event can be acknowledged only when the tables hold it: whatever Faust does to an agent that raises or is
   cancelled (it acknowledges, engine.md §3), an offset that is not applied is never committed.
3. Faust makes no topic, keeps no table, serves no web page and writes no file.
"""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import faust
from faust.transport.drivers.aiokafka import Consumer, Transport
from faust.types.auth import CredentialsT

from youthcare.runtime.settings import BrokerSettings
from youthcare.runtime.topic_access import group_of

HEARTBEAT_SHARE = 0.3
COMMIT_SECONDS = 1.0


@dataclass(slots=True)
class Keeper:
    """Knows up to where the tables go, for the reader's seeking and for its acknowledging."""

    topic: str
    read: Callable[[], Awaitable[Mapping[int, int]]]
    applied: dict[int, int] = field(default_factory=dict)
    assignments: int = 0

    async def refresh(self) -> Mapping[int, int]:
        """The next offset of each partition, as the tables have it now."""
        positions = await self.read()
        self.applied = dict(positions)
        return positions

    def note_applied(self, next_offsets: Mapping[int, int]) -> None:
        """The tables now go up to these offsets."""
        for partition, next_offset in next_offsets.items():
            self.applied[partition] = max(next_offset, self.applied.get(partition, 0))

    def holds(self, partition: int, offset: int) -> bool:
        """Whether the tables hold the record at this offset."""
        return offset < self.applied.get(partition, 0)

    def earlier(self, positions: Mapping[int, int], committed: Mapping[int, int | None]) -> dict[int, int]:
        """Of the partitions assigned, with Kafka's committed offset of each (None: none), where to go back to."""
        # Without a committed offset Faust starts at the beginning; the tables know better.
        return {
            partition: positions[partition]
            for partition, offset in committed.items()
            if partition in positions and (offset is None or positions[partition] < offset)
        }


class PositionedConsumer(Consumer):
    """A Faust consumer whose authority is the tables."""

    def ack(self, message: Any) -> bool:
        """Acknowledge what is applied; what is not stays unacknowledged and comes again."""
        if not _keeper(self).holds(message.partition, message.offset):
            return False
        return super().ack(message)

    async def perform_seek(self) -> None:
        """Go to Kafka's committed offsets, and back from there to the tables' where these are smaller."""
        await super().perform_seek()
        keeper = _keeper(self)
        positions = await keeper.refresh()
        places = {each.partition: each for each in self.assignment() if each.topic == keeper.topic}
        committed = {partition: self._committed_offset.get(place) for partition, place in places.items()}
        earlier = keeper.earlier(positions, committed)
        if earlier:
            await self.seek_wait({places[partition]: offset for partition, offset in earlier.items()})
        keeper.assignments += 1


class PositionedTransport(Transport):
    """The transport that makes our consumer."""

    Consumer = PositionedConsumer


class StreamApp(faust.App):
    """A Faust app with our consumer and without a folder of its own."""

    keeper: Keeper

    def _new_transport(self) -> PositionedTransport:
        return PositionedTransport(self.conf.broker_consumer, self)

    def _create_directories(self) -> None:
        """Nothing: there are no tables to keep."""


def _keeper(consumer: Consumer) -> Keeper:
    return cast(StreamApp, consumer.app).keeper


def stream_app(name: str, settings: BrokerSettings, session_seconds: float, keeper: Keeper) -> StreamApp:
    """The Faust app of one processor; its name is the consumer group."""
    app = StreamApp(
        group_of(name),
        broker=";".join(f"kafka://{each.strip()}" for each in settings.bootstrap_servers.split(",")),
        broker_credentials=_credentials(settings),
        broker_session_timeout=session_seconds,
        broker_heartbeat_interval=session_seconds * HEARTBEAT_SHARE,
        broker_commit_interval=COMMIT_SECONDS,
        consumer_auto_offset_reset="earliest",
        store="memory://",
        key_serializer="raw",
        value_serializer="raw",
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
        autodiscover=False,
        stream_wait_empty=False,
    )
    app.keeper = keeper
    return app


def _credentials(settings: BrokerSettings) -> CredentialsT | None:
    if settings.security == "plaintext":
        return None
    context = _tls(settings) if settings.security.endswith("ssl") else None
    if settings.security == "ssl":
        return faust.SSLCredentials(context)
    return faust.SASLCredentials(
        mechanism=settings.sasl_mechanism,
        username=settings.username,
        password=settings.password,
        ssl_context=context,
    )


def _tls(settings: BrokerSettings) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=settings.ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if settings.certificate_file is not None:
        context.load_cert_chain(settings.certificate_file, settings.key_file)
    return context
