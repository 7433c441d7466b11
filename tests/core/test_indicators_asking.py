"""What may be asked: the rules for whoever is no supervisor (domain.md §6); and the names of periods."""

from datetime import date
from fractions import Fraction

import pytest

from services.indicators.asking import Days, Refusal, days_asked, group_asked
from services.indicators.definitions import Per
from services.indicators.gauges import Gauge, readings, windows_on
from services.indicators.spans import find_days_of, last_month_end, list_names
from services.indicators.steps import Group

TODAY = date(2024, 10, 15)
NOBODY: frozenset[str] = frozenset()


def test_a_supervisor_asks_of_any_day_up_to_today() -> None:
    """Left out, the days are today."""
    assert days_asked(None, None, TODAY, is_supervisor=True) == Days(on=TODAY, known_on=TODAY)
    assert days_asked(date(2024, 10, 16), None, TODAY, is_supervisor=True) is Refusal.FUTURE
    assert days_asked(None, date(2024, 10, 16), TODAY, is_supervisor=True) is Refusal.FUTURE


def test_others_ask_of_month_ends() -> None:
    """Two days next to each other would tell of one youth; left out, the day is the last month end."""
    last = date(2024, 9, 30)

    assert days_asked(None, None, TODAY, is_supervisor=False) == Days(on=last, known_on=last)
    assert days_asked(date(2024, 9, 29), None, TODAY, is_supervisor=False) is Refusal.NO_MONTH_END
    assert days_asked(None, date(2024, 9, 29), TODAY, is_supervisor=False) is Refusal.NO_MONTH_END
    assert days_asked(date(2024, 10, 31), None, TODAY, is_supervisor=False) is Refusal.FUTURE


@pytest.mark.parametrize(
    ("name", "teams", "is_supervisor", "group"),
    [
        ("municipality", frozenset({"noord"}), False, ("municipality", "0153")),
        ("team:noord", frozenset({"noord"}), False, ("team", "noord")),
        ("team:zuid", frozenset({"noord"}), False, Refusal.FORBIDDEN),
        ("team:zuid", NOBODY, True, ("team", "zuid")),
        ("municipality", NOBODY, False, Refusal.FORBIDDEN),
        ("noord", NOBODY, True, Refusal.UNKNOWN_GROUP),
        ("team:", NOBODY, True, Refusal.UNKNOWN_GROUP),
        ("care_form:residence", frozenset({"noord"}), False, ("care_form", "residence")),
        ("referrer:gp", frozenset({"noord"}), False, ("referrer", "gp")),
        ("age_band:12-17", frozenset({"noord"}), False, ("age_band", "12-17")),
        ("age_band:12-17", NOBODY, True, ("age_band", "12-17")),
        ("age_band:12-17", NOBODY, False, Refusal.FORBIDDEN),
        ("provider:42420001", frozenset({"noord"}), False, Refusal.FORBIDDEN),
        ("provider:42420001", NOBODY, True, ("provider", "42420001")),
        ("sender:42420001", frozenset({"noord"}), False, Refusal.FORBIDDEN),
        ("sender:42420001", NOBODY, True, ("sender", "42420001")),
        ("youth:1", NOBODY, True, Refusal.UNKNOWN_GROUP),
        ("provider", NOBODY, True, Refusal.UNKNOWN_GROUP),
    ],
)
def test_a_team_asks_of_itself_and_the_municipality(
    name: str, teams: frozenset[str], is_supervisor: bool, group: Group | Refusal
) -> None:
    """A supervisor asks of every group; a bearer without such a role of none."""
    assert group_asked(name, "0153", teams=teams, is_supervisor=is_supervisor) == group


def test_the_last_month_end_is_never_after_the_day() -> None:
    """On a month end it is that day."""
    assert last_month_end(date(2024, 2, 29)) == date(2024, 2, 29)
    assert last_month_end(date(2024, 3, 30)) == date(2024, 2, 29)


@pytest.mark.parametrize(
    ("per", "name"),
    [
        (Per.MONTH, "2024-13"),
        (Per.MONTH, "2024-00"),
        (Per.MONTH, "2024Q1"),
        (Per.MONTH, "0000-01"),
        (Per.MONTH, "9999-12"),
        (Per.QUARTER, "2024Q5"),
        (Per.QUARTER, "2024-01"),
        (Per.DAY, "2024-02-30"),
        (Per.DAY, "9999-12-31"),
    ],
)
def test_a_name_of_no_period_has_no_days(per: Per, name: str) -> None:
    """Neither has the last period that dates can hold, for it has no day after."""
    assert find_days_of(per, name) is None


def test_periods_are_listed_from_the_first_day_to_the_last() -> None:
    """Both ends included, across a new year."""
    assert list(list_names(Per.MONTH, date(2023, 12, 31), date(2024, 2, 1))) == ["2023-12", "2024-01", "2024-02"]
    assert list(list_names(Per.QUARTER, date(2023, 12, 31), date(2024, 2, 1))) == ["2023Q4", "2024Q1"]


def test_readings_name_what_became_of_exits() -> None:
    """Of the quarter's cohort: sustainable, returned, pending; nothing of it when a number is small."""
    group = ("municipality", "0153")

    seen = readings({"sustainable_exit_rate": {group: (30, 40, 12)}}, TODAY, "municipality")
    few = readings({"sustainable_exit_rate": {group: (30, 35, 12)}}, TODAY, "municipality")

    assert {row.kind: row.value for row in seen} == {"sustainable": 30, "returned": 10, "pending": 12}
    assert few == []


def test_readings_of_stacking_are_a_count_and_a_mean() -> None:
    """Stacked youths and their provisions."""
    seen = readings({"stacking_mean": {("team", "noord"): (50, 20, 0)}}, TODAY, "team")

    assert [(row.gauge, row.team, row.value) for row in seen] == [
        (Gauge.STACKED_YOUTHS, "noord", 20),
        (Gauge.STACKING_MEAN, "noord", Fraction(5, 2)),
    ]


def test_every_gauge_of_a_municipality_that_is_known_has_a_reading() -> None:
    """A graph shows nought rather than nothing."""
    group = ("municipality", "0153")
    nought = {name: {group: (0, 0, 0)} for name in windows_on(TODAY)}

    seen = readings(nought, TODAY, "municipality")

    assert {row.gauge for row in seen} == set(Gauge) - {Gauge.STACKING_MEAN, Gauge.TRAJECTORY_DURATION}
    assert {row.value for row in seen} == {Fraction(0)}
