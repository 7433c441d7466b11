"""What a hole in the offsets means."""

from __future__ import annotations

from datetime import timedelta

import pytest

from youthcare.runtime.gaps import Gap, GapVerdict, find_gaps, verdict
from youthcare.runtime.processing import Record
from youthcare.runtime.progress import Position

LAG = timedelta(hours=12)
NOW_MS = 1_700_000_000_000
YOUNG_MS = NOW_MS - 3_600_000
OLD_MS = NOW_MS - 13 * 3_600_000


def record(offset: int, partition: int = 0, timestamp_ms: int = YOUNG_MS) -> Record:
    """A record at an offset."""
    return Record(topic="t", partition=partition, offset=offset, key=b"", value=b"", timestamp_ms=timestamp_ms)


def position(next_offset: int, partition: int = 0, last_ms: int = YOUNG_MS) -> dict[int, Position]:
    """The position of one partition."""
    return {partition: Position(partition=partition, next_offset=next_offset, last_timestamp_ms=last_ms)}


def gap(before_ms: int, after_ms: int) -> Gap:
    """Offsets 5 to 7 missing."""
    return Gap(partition=0, first_missing=5, next_present=8, before_ms=before_ms, after_ms=after_ms)


@pytest.mark.parametrize("offsets", [[5, 6, 7], [7, 5, 6], [5, 5, 6], [3, 4, 5], [1, 2], [], [3, 5, 6]], ids=str)
def test_repeats_and_disorder_are_no_gap(offsets: list[int]) -> None:
    """Only an offset at or above the position that never came is missing; below it all is applied already."""
    assert find_gaps(position(5), [record(offset) for offset in offsets]) == []


def test_a_gap_is_found_before_and_within_a_batch() -> None:
    """Both ends of each hole are told, with the times around it; partitions do not mix."""
    positions = position(5, last_ms=1) | position(0, partition=1)
    records = [record(8, timestamp_ms=2), record(11, timestamp_ms=3), record(9), record(0, partition=1)]

    found = find_gaps(positions, records)

    assert [(each.partition, each.first_missing, each.next_present) for each in found] == [(0, 5, 8), (0, 10, 11)]
    assert (found[0].before_ms, found[0].after_ms) == (1, 2)


def test_what_lies_before_an_old_record_was_compacted() -> None:
    """The broker is not even asked."""
    judged = verdict(gap(OLD_MS, OLD_MS), NOW_MS, LAG, None, promised=True)

    assert judged == GapVerdict.COMPACTED


def test_what_the_broker_holds_and_we_did_not_get_was_skipped() -> None:
    """On any topic, promised or not: our reader is at fault."""
    for promised in (True, False):
        assert verdict(gap(OLD_MS, YOUNG_MS), NOW_MS, LAG, 6, promised=promised) == GapVerdict.SKIPPED


def test_young_offsets_that_a_complete_topic_does_not_hold_are_lost() -> None:
    """Younger than the compaction lag on both sides, so nothing had a right to remove them (engine.md §1)."""
    assert verdict(gap(YOUNG_MS, YOUNG_MS), NOW_MS, LAG, 8, promised=True) == GapVerdict.LOST


@pytest.mark.parametrize(("before_ms", "promised"), [(OLD_MS, True), (0, True), (YOUNG_MS, False)])
def test_a_hole_that_may_be_old_or_a_marker_is_only_counted(before_ms: int, promised: bool) -> None:
    """An old run compacted away right before a young record; a transaction's marker on intake."""
    assert verdict(gap(before_ms, YOUNG_MS), NOW_MS, LAG, 8, promised=promised) == GapVerdict.ABSENT
