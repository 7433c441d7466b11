"""Stories of how long running trajectories last: the counted distribution, its quantiles, and who may see them."""

from datetime import date, timedelta

import pytest
import yaml

from services.indicators.catalogue import REPORTED
from services.indicators.durations import QUANTILES, RUNNING, durations_on, quantile_days
from services.indicators.gauges import duration_readings
from services.indicators.recomputing import figures
from services.indicators.steps import Amount, StepKey, summed
from services.indicators.tally import tally_all
from tests import builders, naive_indicators
from tests.builders import Statement
from youthcare.codes import care_forms_from
from youthcare.runtime.settings import shipped

TABLE = care_forms_from(yaml.safe_load(shipped("care-forms.yml").read_text()))
TODAY = date(2024, 9, 30)
NOORD, ZUID, HERE = ("team", "noord"), ("team", "zuid"), ("municipality", builders.MUNICIPALITY)


def care(indication: str, first_day: str, last_day: str | None = None) -> list[Statement]:
    """A delivery that starts and, when a last day is given, ends."""
    told = [builders.started(indication=indication, first_day=first_day)]
    if last_day is not None:
        told.append(builders.ended(indication=indication, first_day=first_day, last_day=last_day))
    return told


def steps_of(*told: Statement) -> dict[StepKey, Amount]:
    """All steps of what was told."""
    layers = naive_indicators.told_layers(told, TABLE, date(2020, 1, 1))
    return summed(map(tally_all, naive_indicators.newest(layers)))


def running_on(on: str, *told: Statement, group: tuple[str, str] = HERE) -> dict[str, int]:
    """How many trajectories of a group run on a day, by first day."""
    found: dict[str, int] = {}
    for key, amount in steps_of(*told).items():
        place = key.indicator, key.definition, key.group_kind, key.group
        if place == (RUNNING, "enschede", *group) and key.effective_day.isoformat() <= on:
            found[key.period] = found.get(key.period, 0) + amount[0]
    return {first_day: count for first_day, count in found.items() if count}


def test_a_trajectory_runs_from_its_first_day_to_its_last() -> None:
    """Both included; the day after a care period ends it runs no more."""
    told = care("0153-1", "2024-03-10", "2024-03-20")

    assert running_on("2024-03-09", *told) == {}
    assert running_on("2024-03-10", *told) == {"2024-03-10": 1}
    assert running_on("2024-03-20", *told) == {"2024-03-10": 1}
    assert running_on("2024-03-21", *told) == {}


def test_a_return_goes_on_with_its_trajectory() -> None:
    """Care again within six months: it runs again under the old first day, and the days between count."""
    told = [
        *care("0153-1", "2024-01-01", "2024-02-29"),
        *care("0153-2", "2024-05-01"),
    ]

    assert running_on("2024-04-30", *told) == {}
    assert running_on("2024-05-01", *told) == {"2024-01-01": 1}
    assert quantile_days(durations_on(running_on("2024-05-01", *told), date(2024, 5, 1)), QUANTILES["0.5"]) == 122


def test_care_after_the_window_is_a_trajectory_of_its_own() -> None:
    """A start after `until` begins anew (domain.md §10, example 2)."""
    told = [
        *care("0153-1", "2024-01-01", "2024-02-29"),
        *care("0153-2", "2024-08-30"),
    ]

    assert running_on("2024-08-30", *told) == {"2024-08-30": 1}


def test_a_move_to_another_team_takes_the_first_day_along() -> None:
    """By team a trajectory is handed over; it is as long as it was."""
    told = [
        builders.registered(valid_from="2023-01-01", team="noord"),
        builders.registered(valid_from="2024-06-01", team="zuid", id="moved"),
        *care("0153-1", "2024-01-01"),
    ]

    assert running_on("2024-05-31", *told, group=NOORD) == {"2024-01-01": 1}
    assert running_on("2024-06-01", *told, group=NOORD) == {}
    assert running_on("2024-06-01", *told, group=ZUID) == {"2024-01-01": 1}
    assert running_on("2024-06-01", *told) == {"2024-01-01": 1}


def test_the_distribution_is_no_figure_of_a_report() -> None:
    """It is kept for the gauges: not in `indicators.csv`, and not among the indicators that are told."""
    steps = steps_of(*care("0153-1", "2024-01-01"))

    rows = figures(steps, (), municipality=builders.MUNICIPALITY, definition="enschede", on=TODAY)

    assert RUNNING in {key.indicator for key in steps}
    assert RUNNING not in {row.indicator for row in rows}
    assert RUNNING not in {row.id for row in REPORTED}


def lasting(*days: int) -> dict[str, int]:
    """Trajectories that have lasted so many days today."""
    first_days = [(TODAY - timedelta(days=each - 1)).isoformat() for each in days]
    return {first_day: first_days.count(first_day) for first_day in first_days}


@pytest.mark.parametrize(
    ("days", "median", "ninetieth"),
    [
        ((5,), 5, 5),
        ((1, 9), 1, 9),
        ((1, 2, 3), 2, 3),
        (tuple(range(1, 11)), 5, 9),
        (tuple(range(1, 12)), 6, 10),
        ((7, 7, 7, 100), 7, 100),
    ],
)
def test_quantiles_are_by_nearest_rank(days: tuple[int, ...], median: int, ninetieth: int) -> None:
    """A quantile is a duration that there is: of ten the fifth and the ninth, of eleven the sixth and the tenth."""
    running = lasting(*days)

    told = {label: quantile_days(durations_on(running, TODAY), share) for label, share in QUANTILES.items()}

    assert told == {"0.5": median, "0.9": ninetieth}


def test_few_trajectories_give_no_reading() -> None:
    """Fewer than ten in a group are withheld, and of teams the smallest other with a group that is alone in that."""
    ten, nine, twenty = lasting(*range(1, 11)), lasting(*range(1, 10)), lasting(*range(1, 21))
    oost = ("team", "oost")

    of_town = duration_readings({HERE: ten}, TODAY, "municipality")
    of_teams = duration_readings({HERE: ten, NOORD: nine, ZUID: ten, oost: twenty}, TODAY, "team")

    assert {(row.team, row.kind): row.value for row in of_town} == {("", "0.5"): 5, ("", "0.9"): 9}
    assert {(row.team, row.kind): row.value for row in of_teams} == {("oost", "0.5"): 10, ("oost", "0.9"): 18}
    assert duration_readings({HERE: nine}, TODAY, "municipality") == []
