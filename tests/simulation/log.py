"""The broker in memory: topics with offsets that stay, compaction, groups that hand partitions about, producers.

What it keeps to, as the real one does: an offset is given once; a group believes only members of its present
generation; a message of one producer and partition lands in its order; a producer that was frozen may land late what
it held; compaction takes superseded records that are older than the lag, and nothing else.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from youthcare.runtime.processing import Record, TopicIdentity
from youthcare.runtime.topics import Topic, murmur2

Header = tuple[str, bytes]


@dataclass(slots=True, eq=False)
class Partition:
    """What a partition holds, by offset, and all that ever was appended to it."""

    held: dict[int, Record] = field(default_factory=dict)
    appended: list[Record] = field(default_factory=list)

    @property
    def end(self) -> int:
        """The offset of the next record."""
        return len(self.appended)


@dataclass(slots=True, eq=False)
class Log:
    """The topics of one broker."""

    topics: dict[str, Topic] = field(default_factory=dict)
    partitions: dict[tuple[str, int], Partition] = field(default_factory=dict)
    now_ms: int = 0

    def make(self, topic: Topic) -> None:
        """Make a topic."""
        self.topics[topic.name] = topic
        for number in range(topic.partition_count):
            self.partitions[topic.name, number] = Partition()

    def of(self, topic: str) -> Iterator[tuple[int, Partition]]:
        """The partitions of a topic, by number."""
        return ((number, self.partitions[topic, number]) for number in range(self.topics[topic].partition_count))

    def append(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        *,
        partition: int | None = None,
        headers: Sequence[Header] = (),
    ) -> Record:
        """Land one record; without a partition it goes by its key, as Java's client computes it."""
        number = (murmur2(key or b"") & 0x7FFFFFFF) % self.topics[topic].partition_count
        number = number if partition is None else partition
        place = self.partitions[topic, number]
        record = Record(
            topic=topic,
            partition=number,
            offset=place.end,
            key=key,
            value=value,
            timestamp_ms=self.now_ms,
            headers=tuple(headers),
        )
        place.held[record.offset] = record
        place.appended.append(record)
        return record

    def read(self, topic: str, partition: int, offset: int, limit: int) -> list[Record]:
        """The first records from an offset on."""
        held = self.partitions[topic, partition].held
        return [held[each] for each in sorted(each for each in held if each >= offset)[:limit]]

    def last_by_key(self, topic: str) -> dict[bytes, Record]:
        """The last record of each key."""
        rows = (record for _, place in self.of(topic) for _, record in sorted(place.held.items()))
        return {record.key or b"": record for record in rows}

    def compact(self, topic: str) -> list[Record]:
        """Drop what is superseded among records older than the lag; answers what was dropped."""
        oldest_ms = self.now_ms - self.topics[topic].compaction_lag.total_seconds() * 1000
        dropped: list[Record] = []
        for _, place in self.of(topic):
            old = [record for _, record in sorted(place.held.items()) if record.timestamp_ms <= oldest_ms]
            last = {record.key: record.offset for record in old}
            dropped += [record for record in old if record.key is not None and last[record.key] != record.offset]
        for record in dropped:
            del self.partitions[topic, record.partition].held[record.offset]
        return dropped


@dataclass(slots=True, eq=False)
class MemoryInspector:
    """What is asked of the broker outside the stream."""

    log: Log

    def identity(self, topic: str) -> TopicIdentity:
        """Id and partition count."""
        return TopicIdentity(name=topic, topic_id="1", partition_count=self.log.topics[topic].partition_count)

    def first_offsets(self, identity: TopicIdentity) -> dict[int, int]:
        """The first offset that each partition holds."""
        return {number: min(place.held, default=place.end) for number, place in self.log.of(identity.name)}

    def first_held(self, topic: str, partition: int, offset: int) -> int | None:
        """The offset of the first record from an offset on."""
        found = self.log.read(topic, partition, offset, 1)
        return found[0].offset if found else None

    def compaction_lag(self, topic: str) -> timedelta:
        """How long the broker leaves a record untouched."""
        return self.log.topics[topic].compaction_lag


class Undelivered:
    """Why a message did not arrive, as the client tells it."""

    def name(self) -> str:
        """The broker's name of the error."""
        return "_MSG_TIMED_OUT"


@dataclass(slots=True, eq=False)
class MemoryProducer:
    """The part of a producer that `Publisher` uses: a buffer, and what lands of it."""

    log: Log
    dice: random.Random
    buffer: list[tuple[dict[str, Any], Callable[..., None]]] = field(default_factory=list)
    landing: str = "whole"
    """What becomes of the buffer at the next flush: `whole`, `part` (the rest fails) or `silence` (no word of it)."""

    def produce(self, topic: str, *, on_delivery: Callable[..., None], **message: Any) -> None:
        """Take a message into the buffer."""
        self.buffer.append(({"topic": topic, **message}, on_delivery))

    def poll(self, _seconds: float) -> int:
        """Nothing waits: the buffer is never full."""
        return 0

    def flush(self, _seconds: float) -> int:
        """Land the buffer, or what the faults of the moment leave of it."""
        fate, self.landing = self.landing, "whole"
        if fate != "whole":
            self.land(self.dice.randint(0, len(self.buffer)))
        for message, on_delivery in self._taken(len(self.buffer) if fate != "silence" else 0):
            if fate == "whole":
                self._append(message)
            on_delivery(None if fate == "whole" else Undelivered(), None)
        return len(self.buffer)

    def purge(self) -> None:
        """Forget what is in the buffer."""
        self.buffer.clear()

    def land(self, count: int) -> None:
        """Let the first messages of the buffer land, as the client's own thread does at any time."""
        for message, on_delivery in self._taken(count):
            self._append(message)
            on_delivery(None, None)

    def _taken(self, count: int) -> list[tuple[dict[str, Any], Callable[..., None]]]:
        taken, self.buffer[:count] = self.buffer[:count], []
        return taken

    def _append(self, message: Mapping[str, Any]) -> None:
        partition = message["partition"]
        self.log.append(
            message["topic"],
            message["key"],
            message["value"],
            partition=None if partition < 0 else partition,
            headers=message["headers"],
        )


@dataclass(slots=True, eq=False)
class Group:
    """A consumer group: who reads which partitions, and up to where somebody acknowledged."""

    topic: Topic
    members: list[Reader] = field(default_factory=list)
    committed: dict[int, int] = field(default_factory=dict)

    def rebalance(self, dice: random.Random) -> None:
        """Hand all partitions out anew."""
        shares: list[set[int]] = [set() for _ in self.members]
        for partition in range(self.topic.partition_count):
            if shares:
                dice.choice(shares).add(partition)
        for member, share in zip(self.members, shares, strict=True):
            member.assign(share)

    def acknowledge(self, member: Reader, offsets: Mapping[int, int]) -> None:
        """Believe a member about the partitions that are its own by now; of others it is not heard."""
        if member in self.members:
            self.committed |= {each: offset for each, offset in offsets.items() if each in member.assigned}


@dataclass(slots=True, eq=False)
class Reader:
    """What one member of a group reads."""

    group: Group
    assigned: frozenset[int] = frozenset()
    positions: dict[int, int] = field(default_factory=dict)
    must_seek: bool = False
    generation: int = 0
    acknowledged: dict[int, int] = field(default_factory=dict)

    def assign(self, share: set[int]) -> None:
        """These partitions are this member's from now on; where to read them is to be found out."""
        self.assigned, self.must_seek = frozenset(share), True
        self.generation += 1
        self.positions.clear()
        self.acknowledged.clear()
