"""The words of the engine: what goes in, what comes out, and who decides.

1. A :class:`Record` is one message as the broker holds it; nothing is decoded before the processor.
2. A :class:`Processor` turns a batch of records into rows (on the connection it is given, in the caller's
   transaction) and into :class:`Outgoing` messages. It refuses by value; an exception ends the process.
3. A :class:`Probe` is told each named point that a crash may hit; production passes :func:`silent`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from youthcare.runtime.postgres import Connection, Pool
    from youthcare.runtime.producing import Publisher
    from youthcare.runtime.topics import Topic

Point = Literal["after-lock", "after-produce", "after-flush", "after-commit", "before-acknowledge"]
POINTS: tuple[Point, ...] = (
    "after-lock",
    "after-produce",
    "after-flush",
    "after-commit",
    "before-acknowledge",
)
Probe = Callable[[Point], None]


def silent(point: Point) -> None:
    """The probe of production: nothing happens at any point."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One message as the broker holds it; ``timestamp_ms`` is what its producer or the broker stamped."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    timestamp_ms: int
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One message to publish; a ``value`` of None is a tombstone, a ``partition`` of None goes by the key."""

    topic: str
    key: bytes
    value: bytes | None
    partition: int | None = None
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicIdentity:
    """Which topic this truly is: a deleted and recreated topic of the same name has another id."""

    name: str
    topic_id: str
    partition_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Records of one topic that change state in one transaction, in the order in which they came."""

    identity: TopicIdentity
    records: Sequence[Record]

    def partitions(self) -> list[int]:
        """The partitions that this batch touches, in the order in which they are locked."""
        return sorted({record.partition for record in self.records})

    def last_by_partition(self) -> dict[int, Record]:
        """The record with the highest offset of each partition."""
        last: dict[int, Record] = {}
        for record in self.records:
            known = last.get(record.partition)
            if known is None or record.offset > known.offset:
                last[record.partition] = record
        return last


class Processor(Protocol):
    """What a service decides: everything else about consuming is the engine's."""

    @property
    def name(self) -> str:
        """Its name in ``progress``, in logs and in metrics; never changed, since its position hangs on it."""

    @property
    def topic(self) -> Topic:
        """The topic it consumes, in all its partitions."""

    @property
    def folds_repeats(self) -> bool:
        """Whether records below its positions are folded again: yes where what they say is a set that only grows.

        No where a later record can take all of it away: a reader of facts that comes back to facts of somebody whom
        it has erased since would have that youth again, until it reads of the erasure again.
        """

    async def prepare(self, pool: Pool) -> None:
        """Make the tables and read what it needs, once, before the first record."""

    async def fold(self, connection: Connection, batch: Sequence[Record]) -> Sequence[Outgoing]:
        """Write what the records mean and say what to publish, inside the caller's transaction.

        Records may come again and in any order: folding twice must be as folding once.
        """


Companion = Callable[["Pool", "Publisher"], Awaitable[None]]
"""Work that runs beside the stream (an outbox sweep); when it returns or raises, the process ends."""


class Broken(Exception):
    """Our bug, or a state no code may go on from: the process ends and nothing is acknowledged."""


class Skipped(Exception):
    """Our reader passed over records that the broker holds: nothing is lost, a new start reads from the position."""


class WrongTopic(Exception):
    """The topic is not the one that the state was built from; the text says what the operator must do."""


class Unavailable(Exception):
    """Kafka or Postgres is away: expected and nobody's fault, so tried again for a limited time."""
