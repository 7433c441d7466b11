"""How long trajectories with one care form last: nearest ranks, and nothing of a few."""

from datetime import date

import pytest

from services.alerts.percentiles import durations_on, percentiles, rank_of
from tests import builders
from tests.builders import Statement
from tests.naive_indicators import newest, told_layers
from tests.pipeline import care_forms
from youthcare.youthfacts import YouthFacts

ON = date(2024, 9, 30)


def facts_of(*told: Statement) -> list[YouthFacts]:
    """The newest facts of each youth."""
    return newest(told_layers(told, care_forms(), date(2020, 1, 1)))


def test_a_duration_counts_under_each_care_form_that_runs_that_day() -> None:
    """The whole trajectory counts, also the part in which another form ran; what has ended counts no more."""
    youths = facts_of(
        builders.started(first_day="2024-09-01", product="45A04", youth="one"),
        builders.started(first_day="2024-09-21", product="51A04", indication="0153-2", youth="one"),
        builders.started(first_day="2024-09-30", product="45A04", youth="two"),
        builders.started(first_day="2024-01-01", product="45A04", youth="three"),
        builders.ended(first_day="2024-01-01", last_day="2024-09-29", youth="three"),
    )

    assert durations_on(youths, "enschede", ON) == {"ambulatory": [1, 30], "mental-health": [30]}


def test_a_percentile_is_the_least_duration_that_so_many_percent_do_not_exceed() -> None:
    """Nearest rank: of 20 durations the 19th is the 95th percentile; nobody lies between two durations."""
    found = percentiles(list(range(10, 210, 10)))

    assert (found[5], found[50], found[95]) == (10, 100, 190)


def test_of_fewer_than_twenty_nothing_is_made() -> None:
    """Nineteen trajectories would tell of persons."""
    assert percentiles(list(range(1, 20))) == {}
    assert percentiles(list(range(1, 21))) != {}


@pytest.mark.parametrize(("days", "rank"), [(10, None), (11, 5), (190, 90), (191, 95), (5000, 95)])
def test_a_rank_is_the_greatest_percent_that_a_duration_exceeds(days: int, rank: int | None) -> None:
    """Longer than 95 % is more days than the 95th percentile, not as many."""
    assert rank_of(days, percentiles(list(range(10, 210, 10)))) == rank
