"""When a worker is ready, and when its watchdog ends it."""

from __future__ import annotations

import time

from youthcare.runtime.vitals import StallDetector, Vitals, Watchdog


def test_a_partition_that_waits_without_moving_is_stalled_after_the_set_time() -> None:
    """Records wait and the position is the same: 120 seconds later it is stalled."""
    detector = StallDetector(120)

    assert detector.observe(0, {3: 10}, {3: 5}) == []
    assert detector.observe(119, {3: 10}, {3: 50}) == []
    assert detector.observe(120, {3: 10}, {3: 50}) == [3]


def test_a_partition_that_moves_or_is_done_is_not_stalled() -> None:
    """However far behind it is."""
    detector = StallDetector(120)
    detector.observe(0, {1: 10, 2: 10}, {1: 99, 2: 1})

    assert detector.observe(130, {1: 11, 2: 10}, {1: 98, 2: 0}) == []
    assert detector.observe(240, {1: 11, 2: 10}, {1: 98, 2: 1}) == []
    assert detector.observe(260, {1: 11, 2: 10}, {1: 98, 2: 1}) == [1]


def test_a_partition_that_waits_for_its_turn_is_not_stalled() -> None:
    """While others move, ten times as long: a worker that catches up takes one partition after the other."""
    detector = StallDetector(120)

    for now in range(0, 1200, 60):
        assert detector.observe(now, {1: now, 2: 10}, {1: 99, 2: 5}) == []
    assert detector.observe(1200, {1: 1200, 2: 10}, {1: 99, 2: 5}) == [2]


def test_a_worker_of_which_no_partition_moves_any_more_is_stalled_in_all() -> None:
    """The wait counts from the last move of any."""
    detector = StallDetector(120)
    detector.observe(0, {1: 10, 2: 10}, {1: 5, 2: 5})
    detector.observe(60, {1: 11, 2: 10}, {1: 4, 2: 5})

    assert detector.observe(179, {1: 11, 2: 10}, {1: 4, 2: 5}) == []
    assert detector.observe(180, {1: 11, 2: 10}, {1: 4, 2: 5}) == [1, 2]


def test_a_partition_with_nothing_to_read_is_forgotten() -> None:
    """An end offset behind a transaction's marker is no lag."""
    detector = StallDetector(120)
    detector.observe(0, {3: 10}, {3: 1})
    detector.forget(3)

    assert detector.observe(130, {3: 10}, {3: 1}) == []


def test_readiness_names_what_is_in_the_way() -> None:
    """Ready only when joined, both servers answer, and no batch is failing."""
    vitals = Vitals(joined=True, broker_answers=True, pool_answers=True)
    assert vitals.problems() == []

    vitals.failing = True
    vitals.broker_answers = False

    assert vitals.problems() == ["its last batch failed", "Kafka does not answer"]


def test_the_watchdog_ends_a_loop_that_hangs_and_a_stop_that_takes_too_long() -> None:
    """Sixty seconds without a heart beat, or twenty after being asked to stop."""
    vitals = Vitals(heart_beat_at=1000)
    watchdog = Watchdog(vitals, hang_seconds=60, stop_seconds=20, end=lambda reason: None)

    assert watchdog.reason_to_end(1060) is None
    assert watchdog.reason_to_end(1061) == "stalled"
    vitals.stop_requested_at = 1050
    assert watchdog.reason_to_end(1059) is None
    assert watchdog.reason_to_end(1071) == "stop_timeout"


def test_a_dismissed_watchdog_ends_nothing() -> None:
    """After a clean stop the thread goes away."""
    ended: list[str] = []
    vitals = Vitals(heart_beat_at=time.monotonic())
    watchdog = Watchdog(vitals, hang_seconds=60, stop_seconds=20, end=ended.append)
    watchdog.start()
    watchdog.dismiss()
    watchdog.join(5)

    assert not watchdog.is_alive()
    assert ended == []
