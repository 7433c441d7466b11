"""Which offsets of which topic are in the tables: the authority over Kafka's own committed offsets.

1. A position changes only in the transaction that changes the state it stands for, and never backwards.
2. Rows are locked in partition order, so two workers that hold the same partitions wait and never deadlock.
3. A position belongs to one topic id and partition count; another one stops the worker (``WrongTopic``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from youthcare.runtime.postgres import Connection
from youthcare.runtime.processing import Batch, TopicIdentity, WrongTopic

# entered: a position lost means the whole topic is read again, which is harmless but slow.
PROGRESS_TABLE = """
create table if not exists progress (
    processor         text    not null,
    topic             text    not null,
    topic_id          text    not null,
    partition_count   integer not null,
    partition         integer not null,
    next_offset       bigint  not null,
    last_timestamp_ms bigint  not null default 0,
    primary key (processor, topic, partition)
)
"""

_READ = """
select partition, topic_id, partition_count, next_offset, last_timestamp_ms from progress
where processor = $1 and topic = $2
"""
_LOCK = _READ + " and partition = any($3::integer[]) order by partition for update"
_REGISTER = """
insert into progress (processor, topic, topic_id, partition_count, partition, next_offset)
select $1, $2, $3, $4, partition, next_offset
from unnest($5::integer[], $6::bigint[]) as start (partition, next_offset)
on conflict do nothing
"""
_ADVANCE = """
update progress set next_offset = reached.next_offset, last_timestamp_ms = reached.timestamp_ms
from unnest($3::integer[], $4::bigint[], $5::bigint[]) as reached (partition, next_offset, timestamp_ms)
where processor = $1 and topic = $2 and progress.partition = reached.partition
  and progress.next_offset < reached.next_offset
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """The next offset to read of one partition, and the timestamp of the record before it (0: none yet)."""

    partition: int
    next_offset: int
    last_timestamp_ms: int


async def register_partitions(
    connection: Connection, processor: str, identity: TopicIdentity, first_offsets: Mapping[int, int]
) -> None:
    """Make a row for each partition that has none, starting at the first offset that the broker still holds."""
    partitions = sorted(first_offsets)
    offsets = [first_offsets[partition] for partition in partitions]
    await connection.execute(
        _REGISTER, processor, identity.name, identity.topic_id, identity.partition_count, partitions, offsets
    )


async def read_positions(connection: Connection, processor: str, identity: TopicIdentity) -> dict[int, Position]:
    """All positions of a processor in this topic, by partition, unlocked; raises ``WrongTopic``."""
    return _positions(await connection.fetch(_READ, processor, identity.name), identity)


async def forget_positions(connection: Connection, processor: str) -> int:
    """Read the topic from its start again, whichever topic it is now; returns how many positions were forgotten.

    Harmless to what is in the tables: they hold sets, and a repeated record changes nothing.
    """
    rows = await connection.fetch("delete from progress where processor = $1 returning partition", processor)
    return len(rows)


async def lock_positions(connection: Connection, processor: str, batch: Batch) -> dict[int, Position]:
    """Lock the batch's positions until the transaction ends and return them; raises ``WrongTopic``."""
    partitions = batch.partitions()
    rows = await connection.fetch(_LOCK, processor, batch.identity.name, partitions)
    if len(rows) < len(partitions):
        await register_partitions(connection, processor, batch.identity, dict.fromkeys(partitions, 0))
        rows = await connection.fetch(_LOCK, processor, batch.identity.name, partitions)
    return _positions(rows, batch.identity)


async def advance(connection: Connection, processor: str, batch: Batch) -> None:
    """Move each partition past the batch's last record; a position that is further already stays."""
    last = batch.last_by_partition()
    await connection.execute(
        _ADVANCE,
        processor,
        batch.identity.name,
        list(last),
        [record.offset + 1 for record in last.values()],
        [record.timestamp_ms for record in last.values()],
    )


def _positions(rows: Iterable[Mapping[str, object]], identity: TopicIdentity) -> dict[int, Position]:
    positions: dict[int, Position] = {}
    for row in rows:
        _require_same_topic(row, identity)
        partition = int(str(row["partition"]))
        positions[partition] = Position(
            partition=partition,
            next_offset=int(str(row["next_offset"])),
            last_timestamp_ms=int(str(row["last_timestamp_ms"])),
        )
    return positions


def _require_same_topic(row: Mapping[str, object], identity: TopicIdentity) -> None:
    if row["topic_id"] == identity.topic_id and row["partition_count"] == identity.partition_count:
        return
    # What to do comes first: a log line is cut off.
    raise WrongTopic(
        f"Restore topic {identity.name}; or, when it is lost for good, stop the workers, run `trajectwacht topics "
        f"accept` for each service and fill it again (docs/operations.md, a lost topic). "
        f"The tables were built from id {row['topic_id']} with {row['partition_count']} partitions; "
        f"the broker now has id {identity.topic_id} with {identity.partition_count}."
    )
