"""Which offsets a batch should hold and does not: nothing may be skipped unseen.

1. A gap lies between the position and the first record, or between two records of one partition.
2. A gap before an old record is compaction's or retention's doing: counted, and no more.
3. A gap before a young record is put to the broker. When the broker does hold what is missing, our reader
   skipped it, as a group that falls apart while a fetch is under way makes it do: the process ends with 75 and
   reads again from its position. When it does not, that is an error only where the topic promises that young
   offsets are complete and the record before the gap was young too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from youthcare.runtime.processing import Record
from youthcare.runtime.progress import Position


class GapVerdict(StrEnum):
    """What a gap means."""

    COMPACTED = "compacted"  # old: compaction or retention took the records
    ABSENT = "absent"  # young, and the broker has nothing there either: a transaction's marker, for one
    SKIPPED = "skipped"  # the broker has records there that never came to us
    LOST = "lost"  # the topic promises completeness here, and the broker has nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Offsets ``first_missing`` up to but without ``next_present`` of one partition did not come.

    ``before_ms`` is the timestamp of the record before the gap (0: unknown), ``after_ms`` of the one after it.
    """

    partition: int
    first_missing: int
    next_present: int
    before_ms: int
    after_ms: int


def find_gaps(positions: Mapping[int, Position], records: Sequence[Record]) -> list[Gap]:
    """All gaps in a batch, given the positions before it; repeats and any order within the batch are fine."""
    gaps: list[Gap] = []
    for partition, position in positions.items():
        of_partition = (record for record in records if record.partition == partition)
        gaps.extend(_gaps_of_partition(position, sorted(of_partition, key=lambda record: record.offset)))
    return gaps


def _gaps_of_partition(position: Position, records: Iterable[Record]) -> Iterable[Gap]:
    expected, before_ms = position.next_offset, position.last_timestamp_ms
    for record in records:
        if record.offset > expected:
            yield Gap(
                partition=position.partition,
                first_missing=expected,
                next_present=record.offset,
                before_ms=before_ms,
                after_ms=record.timestamp_ms,
            )
        if record.offset >= expected:
            expected, before_ms = record.offset + 1, record.timestamp_ms


def is_young(timestamp_ms: int, now_ms: int, compaction_lag: timedelta) -> bool:
    """Whether compaction or retention may not yet have touched a record of this time."""
    return timestamp_ms > now_ms - compaction_lag / timedelta(milliseconds=1)


def verdict(gap: Gap, now_ms: int, compaction_lag: timedelta, first_held: int | None, *, promised: bool) -> GapVerdict:
    """What a gap means, given the first offset that the broker holds from ``first_missing`` on (None: none)."""
    if not is_young(gap.after_ms, now_ms, compaction_lag):
        return GapVerdict.COMPACTED
    if first_held is not None and first_held < gap.next_present:
        return GapVerdict.SKIPPED
    if promised and is_young(gap.before_ms, now_ms, compaction_lag):
        return GapVerdict.LOST
    return GapVerdict.ABSENT
