"""What one youth adds to a figure, and whether definition sets differ on it."""

from datetime import date

import pytest

from services.indicators.catalogue import CATALOGUE, REPORTED
from services.indicators.definitions import Indicator, Kind, Per
from services.indicators.differing import contribution, differs
from services.indicators.figures import Figure
from services.indicators.recomputing import figures
from services.indicators.spans import per_of
from services.indicators.windows import DISTRIBUTIONS
from tests import builders
from tests.builders import Statement
from tests.figure_stories import MUNICIPALITY, RESIDENCE, Q, R, born, care, shared_steps_of, steps_of

ON = date(2025, 6, 1)
HERE = ("municipality", MUNICIPALITY)
SETS = ("enschede", "cbs-statline", "cbs-outcome")

# Ended in 2020 and back in 2024: a repeat for StatLine alone.
AFTER_YEARS = [*care("2020-01-01", "2020-06-30"), *care("2024-02-10", indication="0153-2")]

# A year in which much happens: two providers, a residence, a pause, a grant that waits, a birthday and a crisis.
EVENTFUL = [
    born("2012-05-01", team="noord"),
    *care("2024-01-08", "2024-03-20", "20"),
    *care("2024-04-15", "2024-06-30"),
    *care("2024-03-01", "2024-09-30", "36", indication="0153-2", provider=Q),
    *care("2024-10-10", indication="0153-3", provider=R, product=RESIDENCE, crisis=True),
    builders.granted(indication="0153-4", first_day="2024-02-01"),
    builders.granted(indication="0153-5", first_day="2024-02-01"),
    builders.started(indication="0153-5", first_day="2024-02-09"),
]


def test_a_youth_of_one_care_period_is_the_same_under_each_set() -> None:
    """First care long after the feed began, and it goes on: nothing that a window could change."""
    assert not differs(shared_steps_of(care("2024-02-10")))


@pytest.mark.parametrize(
    "told",
    [
        AFTER_YEARS,
        [*care("2024-01-08", "2024-03-31", "37"), *care("2024-04-10", indication="0153-2")],  # a paper end
        care("2024-01-08", "2024-03-20"),  # until 20 September, in five years, or 31 December
    ],
)
def test_a_youth_whose_openings_or_exits_depend_on_the_window_differs(told: list[Statement]) -> None:
    """Such a youth is looked at when a supervisor asks who makes the sets differ."""
    assert differs(shared_steps_of(told))


def test_a_youth_that_is_gone_differs_on_nothing() -> None:
    """No steps."""
    assert not differs({})


def test_open_windows_are_kept_for_the_gauges_of_one_set_and_are_no_difference() -> None:
    """Steps that only gauges are read from stand under the default set alone."""
    found = shared_steps_of(AFTER_YEARS)
    alone = {key: amount for key, amount in found.items() if key.indicator == "windows_open"}

    assert alone
    assert not differs(alone)


def test_contributions_tell_who_makes_a_figure_differ() -> None:
    """Inflow of the first quarter of 2024: one youth by Enschede and the outcome indicator, none by StatLine."""
    indicator = CATALOGUE["inflow_rate", Per.QUARTER]

    found = {
        name: contribution(steps_of(AFTER_YEARS), indicator, "2024Q1", HERE, name, ON)
        for name in ("enschede", "cbs-statline", "cbs-outcome")
    }

    assert found == {"enschede": (1, 0, 0), "cbs-statline": (0, 0, 0), "cbs-outcome": (1, 0, 0)}


def test_the_contribution_to_a_distribution_is_what_is_counted_in_it() -> None:
    """Running on 31 March 2024 since 10 February, and for StatLine since 1 January 2020."""
    indicator = CATALOGUE["duration_median.running", Per.QUARTER]

    ours = contribution(steps_of(AFTER_YEARS), indicator, "2024Q1", HERE, "enschede", ON)
    theirs = contribution(steps_of(AFTER_YEARS), indicator, "2024Q1", HERE, "cbs-statline", ON)

    assert ours != theirs
    assert any("2024-02-10" in str(part) for part in ours)
    assert any("2020-01-01" in str(part) for part in theirs)


def test_contributions_to_waiting_are_those_of_the_quarter() -> None:
    """Two grants from 1 February, one begun on the 9th; nothing of them is in the second quarter."""
    indicator = CATALOGUE["waiting_days_median", Per.QUARTER]
    steps = steps_of(EVENTFUL)

    first = contribution(steps, indicator, "2024Q1", HERE, "enschede", ON)
    second = contribution(steps, indicator, "2024Q2", HERE, "enschede", ON)

    assert first == (
        ("waiting.granted", "2024-02-01", "2024-02-01", 2),
        ("waiting.started", "2024-02-01", "2024-02-09", 1),
    )
    assert second == ()


@pytest.mark.parametrize("definition", SETS)
def test_what_one_youth_adds_is_the_figure_when_it_is_alone(definition: str) -> None:
    """Of one youth every figure that is a sum says what its contribution says, and none where it adds nothing."""
    steps = steps_of(EVENTFUL)
    rows = figures(steps, (), municipality=MUNICIPALITY, definition=definition, on=ON)
    sums = [row for row in rows if kind_of(row) in (Kind.COUNT, Kind.RATIO)]

    found = [
        contribution(steps, indicator_of(row), row.period, (row.group_kind, row.group), definition, ON) for row in sums
    ]

    assert len(sums) > 200
    for row, added in zip(sums, found, strict=True):
        # By convention a count has the denominator 1, whatever was added up in its place.
        denominator = 1 if kind_of(row) is Kind.COUNT else added[1]
        assert (added[0], denominator, added[2]) == (row.numerator, row.denominator, row.pending)


def test_a_period_without_a_row_has_no_contribution() -> None:
    """Nothing is added to a year before there was care, by any figure."""
    steps = steps_of(AFTER_YEARS)
    years = {Per.MONTH: "2019-03", Per.QUARTER: "2019Q1", Per.YEAR: "2018"}

    found = {
        (row.id, row.per): contribution(steps, row, years[row.per], HERE, "enschede", ON)
        for row in REPORTED
        if row.kind not in DISTRIBUTIONS
    }

    assert set(found.values()) == {(0, 0, 0)}


def indicator_of(row: Figure) -> Indicator:
    """The row of the catalogue."""
    per = per_of(row.period)
    assert per is not None
    return CATALOGUE[row.indicator, per]


def kind_of(row: Figure) -> Kind:
    """What its numerator and denominator are."""
    return indicator_of(row).kind
