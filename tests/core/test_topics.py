"""The topics and where a youth's statements land."""

from __future__ import annotations

import pytest

from youthcare.runtime.topics import (
    CARE_ALERTS,
    INDICATION_EVENTS,
    INTAKE,
    REFUSALS,
    TOPICS,
    TRAJECTORY_FACTS,
    alert_key,
    murmur2,
    partition_of,
    refusal_key,
    statement_key,
    youth_key,
)

# From Kafka's own test of its murmur2 (org.apache.kafka.common.utils.UtilsTest), as signed integers.
KAFKAS_OWN = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
}
# Checked against librdkafka on a real broker by tests/shell/test_engine_topics.py.
PINNED = {
    ("0153", "00000000-0000-4000-8000-000000000000"): 8,
    ("0141", "00000000-0000-4000-8000-000000000000"): 11,
    ("0153", "y1"): 6,
    ("0141", "y1"): 4,
    ("0153", "y2"): 9,
    ("0141", "y2"): 9,
    ("0153", "y3"): 4,
    ("0141", "y3"): 7,
    ("0153", "jeugdige-é"): 4,
    ("0141", "jeugdige-é"): 9,
}


@pytest.mark.parametrize(("data", "signed"), KAFKAS_OWN.items())
def test_murmur2_is_kafkas(data: bytes, signed: int) -> None:
    """The values of Kafka's own test: other languages find the same partition."""
    assert murmur2(data) == signed % 2**32


@pytest.mark.parametrize(("youth", "partition"), PINNED.items())
def test_a_youth_stays_in_its_partition_for_ever(youth: tuple[str, str], partition: int) -> None:
    """Ten pinned keys: a change here would tear statements of a youth apart (design.md §2)."""
    assert partition_of(*youth) == partition


def test_the_municipality_is_part_of_the_place() -> None:
    """The same youth identifier in two municipalities is two youths."""
    places = {partition_of(f"{number:04d}", "same") for number in range(200)}

    assert len(places) == 12


def test_keys_begin_with_the_municipality() -> None:
    """Municipality is the first part of every key (design.md §4)."""
    assert youth_key("0153", "y") == b"0153/y"
    assert statement_key("0153", "y", "/0153/noord", "s-1") == b"0153/y//0153/noord/s-1"
    assert alert_key("0153", "team-noord", 7) == b"0153/team-noord/7"
    assert refusal_key("0153", "sender", 3) == b"0153/sender/3"


def test_there_are_five_topics_of_twelve_partitions() -> None:
    """Names and counts are contracts (design.md §2)."""
    assert [topic.name for topic in TOPICS] == [
        "intake",
        "indication-events",
        "trajectory-facts",
        "care-alerts",
        "refusals",
    ]
    assert {topic.partition_count for topic in TOPICS} == {12}


def test_each_topic_is_cleaned_up_as_designed() -> None:
    """The log of statements is kept for ever; intake, with its BSN, for seven days."""
    day_ms = 24 * 3600 * 1000

    assert INTAKE.config() == {
        "cleanup.policy": "delete",
        "retention.ms": str(7 * day_ms),
        "max.message.bytes": str(26 * 1024 * 1024),
    }
    assert INDICATION_EVENTS.config() == {
        "cleanup.policy": "compact",
        "min.compaction.lag.ms": str(day_ms // 2),
        "max.compaction.lag.ms": str(day_ms),
    }
    assert TRAJECTORY_FACTS.config()["cleanup.policy"] == "compact"
    assert (CARE_ALERTS.config()["cleanup.policy"], CARE_ALERTS.config()["retention.ms"]) == (
        "compact,delete",
        str(730 * day_ms),
    )
    assert (REFUSALS.config()["cleanup.policy"], REFUSALS.config()["retention.ms"]) == (
        "compact,delete",
        str(90 * day_ms),
    )
