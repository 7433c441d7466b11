"""The benchmarks run and tell what they promise: each number beside its peer. Their sizes here prove nothing."""

from collections.abc import Iterator, Sequence

import pytest

from benchmarks import alert_stream, alerts, doors, figures, latency, throughput
from benchmarks.ground import MUNICIPALITY, Ground, open_ground
from benchmarks.million import lives
from benchmarks.results import Result, digits, percentile
from benchmarks.statements import statements

pytestmark = pytest.mark.prove


@pytest.fixture
def ground() -> Iterator[Ground]:
    """A stack that a benchmark has to itself: two of them state the same things of the same youths."""
    with open_ground() as running:
        yield running


def names_with_peer(results: Sequence[Result]) -> list[str]:
    """What is told with a ratio; every number is above zero but processor time, which has a coarse clock."""
    assert all(result.value > 0 or "processor time" in result.name for result in results)
    return [result.name for result in results if result.peer is not None]


def test_throughput_is_told_beside_a_bare_reader(ground: Ground) -> None:
    """A claim about speed is a ratio to a peer of the same run (issue 2)."""
    made = statements(MUNICIPALITY, youths=10, count=60)

    results = throughput.measure(ground, made, rounds=1)

    assert len({record.key for record in made}) == 60
    assert names_with_peer(results) == ["trajectory worker, one", "the same by run_bulk"]


def test_latency_is_told_beside_a_bare_round_trip(ground: Ground) -> None:
    """From the request at the door to the facts and to the alert: median and 99th percentile."""
    results = latency.measure(ground, per_second=5, seconds=1)

    assert names_with_peer(results) == [
        "event to facts, median",
        "event to alert, median",
        "event to facts, p99",
        "event to alert, p99",
    ]


def test_the_doors_are_told_beside_a_bare_app(ground: Ground) -> None:
    """One connection and sixteen, the same bodies to both."""
    results = doors.measure(ground, doors.bodies(30, youths=20), rounds=1)

    rates = [name for name in names_with_peer(results) if "processor" not in name]
    assert rates == ["POST /v1/ijw, 1 connection", "POST /v1/ijw, 16 connections"]


def test_figures_are_told_beside_plain_sql_over_days_of_care(ground: Ground) -> None:
    """Eight questions beside the count of youths, and a statement beside few youths and beside many, row for row."""
    results, plan = figures.measure(ground, lives(2), youths=300, asked=100, town=100, rounds=1)

    told = {result.name: result for result in results}
    assert len([name for name in told if name.endswith(("quarters", "months"))]) == 9
    assert told["rows written per statement, 300 youths"].ratio == 1
    assert told["rows read per statement, 300 youths"].ratio == 1
    assert 0.9 < (told["buffers touched per statement, 300 youths"].ratio or 0) < 1.1
    assert any("Index Only Scan using step_0153_pkey" in line for line in plan)


def test_a_percentile_is_one_of_the_values() -> None:
    """Nearest rank: of a hundred values the 99th percentile is the 99th; of three the median is the second."""
    assert percentile(list(range(100, 0, -1)), 0.99) == 99
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0


def test_numbers_are_told_with_three_digits_and_no_powers_of_ten() -> None:
    """A reader compares rows by eye."""
    assert [digits(value) for value in (148_123.4, 13.84, 0.0921)] == ["148123", "13.8", "0.0921"]


def test_a_row_tells_the_median_its_ratio_and_every_run() -> None:
    """The median of the runs, divided by the peer's."""
    result = Result(name="worker", unit="statements/s", runs=[30.0, 10.0, 20.0], peer=200.0)

    assert result.row() == "| worker | 20.0 | statements/s | 0.100 | 30.0 10.0 20.0 |"


def test_alerts_are_swept_and_listed(ground: Ground) -> None:
    """A day with many due beside bare rows of state, the page beside its bare query; the sweep reads by its index."""
    results, plan = alerts.measure(ground, standing=300, due=30, rounds=1)

    assert len(names_with_peer(results)) == 5
    assert any("what the sweep reads" in line for line in plan)


def test_the_stream_is_told_beside_a_bare_round_trip(ground: Ground) -> None:
    """From a statement on Kafka to the last byte of the alert on the event stream: median and 99th percentile."""
    results = alert_stream.measure(ground, per_second=5, seconds=2)

    assert len(names_with_peer(results)) >= 4
