"""What the simulator means lies near what Enschede published.

The bands are wide enough for the chance in a thousand youths (about three standard deviations) plus what the
published figure itself leaves open; each says so.
"""

from datetime import date
from functools import cache
from statistics import mean
from typing import Any

import pytest

from youthcare.period import Period
from youthcare.simulator import Simulation
from youthcare.simulator.assignments import Assignment
from youthcare.simulator.figures import care_periods, intended, population
from youthcare.simulator.population import TEAMS
from youthcare.simulator.stream import lives

SIMULATION = Simulation(seed=1, first_day=date(2024, 1, 1), last_day=date(2024, 12, 31), youths_per_year=1000)


@cache
def figures() -> dict[str, Any]:
    return intended(lives(SIMULATION), SIMULATION)


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("openings_per_exit", 1.05, 1.40),  # published 1.2; openings and exits of a thousand: ± 0.15
        ("returned_share", 0.19, 0.33),  # just over a quarter; some 430 exits: ± 0.065
        ("stacking_share_year", 0.39, 0.49),  # 44 % of some 1,000: ± 0.047
        ("inflow_share", 0.38, 0.52),  # 36 % new in five years, plus later repeats; ± 0.05
        ("residential_opening_share", 0.07, 0.15),  # 89 % begun without residence; some 540 openings: ± 0.04
    ],
)
def test_a_figure_of_a_year_lies_in_its_band(name: str, low: float, high: float) -> None:
    """enschede.md, with the band and its reason beside the figure."""
    assert low < figures()[name] < high


def test_as_many_youths_are_in_care_as_were_asked_for() -> None:
    """4,505 in 2022 at full size; a tenth either way, for arrivals are chance."""
    assert 900 < figures()["counts"]["youths"] < 1100


def test_stacked_youths_have_two_and_a_half_to_two_and_three_quarters_provisions() -> None:
    """Published 2.5 (2021) to 2.7 (2023): the mean of the year strictly, a month with 300 stacked youths ± 0.2."""
    months = figures()["stacking_mean_by_month"]

    assert len(months) == 12
    assert 2.5 <= mean(months.values()) <= 2.75
    assert all(2.35 < value < 2.9 for value in months.values())


def test_municipality_and_practitioner_refer_over_a_third_each_and_institutions_a_seventh() -> None:
    """Shares of begun care; residence adds to municipality and institution; ± 0.07."""
    shares = figures()["opening_referrer_share"]

    assert 0.33 < shares["municipality"] < 0.49
    assert 0.25 < shares["general_practitioner"] < 0.41
    assert 0.10 < shares["certified_institution"] < 0.22
    assert shares["youth_doctor"] < shares["certified_institution"] > shares["specialist"]


def test_a_third_of_residential_care_begins_in_crisis() -> None:
    """Published one in three; some 60 openings: ± 0.19."""
    counts = figures()["counts"]

    assert 0.14 < counts["openings_crisis_residential"] / counts["openings_residential"] < 0.53


def test_every_team_has_its_share_of_youths_in_care() -> None:
    """Published per team; with 70 to 140 youths in care per team a third either way."""
    for team in TEAMS:
        assert 0.65 < figures()["care_share_by_team"][team.id] / team.care_share < 1.35


def test_foster_care_is_the_largest_residential_form() -> None:
    """381 of 4,505 in 2022: 8.5 %; ± 2.5 points."""
    users, youths = figures()["care_form_users"], figures()["counts"]["youths"]
    residential = ("foster-care", "family-home", "residence", "secure-residence", "crisis-residence")

    assert max(residential, key=users.__getitem__) == "foster-care"
    assert 0.06 < users["foster-care"] / youths < 0.11


def test_some_care_goes_on_after_eighteen() -> None:
    """229 of 4,505 in 2022: 5 %; ± 2.5 points."""
    assert 0.025 < figures()["counts"]["youths_18_22"] / figures()["counts"]["youths"] < 0.076


def test_the_year_closes() -> None:
    """Running at the start plus openings minus exits is running at the end."""
    counts = figures()["counts"]
    openings = counts["inflow"] + counts["returns"]

    # A period that ends on the last day of the year still runs on that day; its exit is counted all the same.
    last_day = sum(period.end == date(2025, 1, 1) for period in _ended())
    first_day = sum(period.end == date(2024, 1, 1) for period in _ended())
    assert counts["running_at_start"] - first_day + openings - counts["exits"] == counts["running_at_end"] - last_day


@cache
def _ended() -> tuple[Period, ...]:
    return tuple(
        period
        for life in lives(SIMULATION)
        for period in care_periods([one for one in life.assignments if one.running and one.provision.offer.counts])
    )


@cache
def assignments() -> tuple[Assignment, ...]:
    return tuple(one for life in lives(SIMULATION) for one in life.assignments)


def test_many_assignments_run_to_the_last_day_of_the_year() -> None:
    """Published habit: "many"; between two and four in five of those with an end."""
    ends = [one.grants[0].last_day for one in assignments() if one.grants and one.grants[0].last_day]

    assert 0.4 < sum((end.month, end.day) == (12, 31) for end in ends if end) / len(ends) < 0.8


def test_every_habit_of_the_chain_occurs() -> None:
    """Extensions, deletions, moves, pauses, restarts, administrative stops, refused requests."""
    changes = {grant.change_reason for one in assignments() for grant in one.grants}
    reasons = {reason for one in assignments() for spell in one.spells for _, reason in spell.stops}

    assert {"04", "07", "13"} <= changes
    assert {"20", "31", "36", "37", "38", "39"} <= reasons
    assert any(len(one.spells) > 1 for one in assignments())
    assert any(one.request and one.request.answers and not one.grants for one in assignments())


def test_an_assignment_that_is_not_delivered_has_no_care() -> None:
    """A grant is not care (domain.md §3): never started, started by mistake, refused."""
    idle = [one for one in assignments() if one.running is None]

    assert idle
    assert all(one.care == () for one in idle)


def test_deliveries_of_an_assignment_follow_each_other() -> None:
    """No delivery ends before it begins or begins before the former ended."""
    for one in assignments():
        days = [day for spell in one.spells for day in (spell.first_day, *(last for last, _ in spell.stops))]
        assert days == sorted(days)


def test_population_has_every_team_in_every_quarter_told() -> None:
    """Two quarters before the year and four in it, nine teams and the municipality."""
    rows = list(population(SIMULATION))

    assert len(rows) == 6 * 10
    assert all(youths > 0 for *_, youths in rows)
