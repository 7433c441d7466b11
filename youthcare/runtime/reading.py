"""A whole topic, from its start to its end of now, for commands; workers read by the engine.

One rule: the end is fixed before the first record is read, so that reading twice reads the same.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

from youthcare.runtime.brokers import Inspector
from youthcare.runtime.bulk import Feed
from youthcare.runtime.processing import Record, TopicIdentity
from youthcare.runtime.settings import BrokerSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A topic between two moments of it."""

    broker: BrokerSettings
    identity: TopicIdentity
    starts: Mapping[int, int]
    ends: Mapping[int, int]

    async def batches(self) -> AsyncIterator[Sequence[Record]]:
        """All records, each partition in its order; raises ``Unavailable``."""
        feed = Feed(self.broker, self.identity, dict(self.starts), dict(self.ends))
        try:
            while records := await asyncio.to_thread(feed.next_records):
                yield records
        finally:
            feed.close()


async def span_of(broker: BrokerSettings, topic: str) -> Span:
    """The topic as it is now; raises ``WrongTopic`` when it does not exist, else ``Unavailable``."""
    inspector = Inspector(broker)
    identity = await asyncio.to_thread(inspector.identity, topic)
    starts = await asyncio.to_thread(inspector.first_offsets, identity)
    ends = await asyncio.to_thread(inspector.end_offsets, identity)
    return Span(broker=broker, identity=identity, starts=starts, ends=ends)
