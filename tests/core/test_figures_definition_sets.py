"""Stories of the same care under each definition set, side by side.

`enschede` is domain.md §4. The two of CBS follow its own words: StatLine ("Eerder jeugdhulp gekregen") looks five years
back, with at least one day between an old and a new trajectory, and adjoining ones are no repetition; the outcome
indicator ("Geen nieuwe start jeugdhulp") looks from the half-year of the end to the end of the next half-year.
"""

from collections.abc import Iterable

import pytest

from tests.builders import Statement
from tests.figure_stories import RESIDENCE, R, Told, balance, care, figures_on, told_of

SETS = ("enschede", "cbs-statline", "cbs-outcome")


def side_by_side(indicator: str, period: str, on: str, told: Iterable[Statement]) -> list[Told | None]:
    """One figure under each set, in the order of `SETS`."""
    statements = list(told)
    return [told_of(figures_on(on, *statements, definition=name), indicator, period) for name in SETS]


def balances(period: str, on: str, told: Iterable[Statement], coverage: str = "2010-01-01") -> list[dict[str, int]]:
    """The flow balance of the municipality under each set, in the order of `SETS`."""
    statements = list(told)
    return [balance(figures_on(on, *statements, definition=name, coverage=coverage), period) for name in SETS]


RUNS = {"start": 1, "end": 1}
OPENED = {"inflow": 1, "end": 1}
RETURNED = {"return": 1, "end": 1}


def test_after_three_and_a_half_years_it_is_a_repeat_for_statline_and_new_for_the_others() -> None:
    """Ended 30 June 2020: six months, five years (30 June 2025) and the second half of 2020."""
    told = [*care("2020-01-01", "2020-06-30"), *care("2024-02-10", indication="0153-2")]

    assert balances("2024-02", "2024-03-01", told) == [OPENED, RETURNED, OPENED]


def test_a_repeat_goes_on_with_its_trajectory() -> None:
    """On 31 March 2024: since 10 February 20 + 31 = 51 days; for StatLine since 1 January 2020:

    366 + 365 + 365 + 365 and 31 + 29 + 31 days, which is 1,552.
    """
    told = [*care("2020-01-01", "2020-06-30"), *care("2024-02-10", indication="0153-2")]

    found = side_by_side("duration_median.running", "2024Q1", "2024-04-01", told)

    assert found == [(51, 1, "final", 0), (1552, 1, "final", 0), (51, 1, "final", 0)]


@pytest.mark.parametrize(
    ("again", "flows"),
    [
        ("2024-04-01", [RUNS, RUNS, RUNS]),  # adjoins: no repetition
        ("2024-04-02", [{"start": 1, "exits": 1, "return": 1, "end": 1}] * 3),  # one day between
    ],
)
def test_adjoining_care_is_one_period_and_a_day_between_makes_two(again: str, flows: list[dict[str, int]]) -> None:
    """Ended with reason 31 on 31 March 2024; the exit is of 1 April."""
    told = [*care("2023-01-01", "2024-03-31"), *care(again, indication="0153-2")]

    assert balances("2024-04", "2024-05-01", told) == flows


def test_only_enschede_bridges_a_paper_end() -> None:
    """Ended by the municipality (reason 36) on 31 March and again from 10 April: for CBS an end and a new start."""
    told = [*care("2023-01-01", "2024-03-31", "36"), *care("2024-04-10", indication="0153-2")]
    broken = {"start": 1, "exits": 1, "return": 1, "end": 1}

    assert balances("2024-04", "2024-05-01", told) == [RUNS, broken, broken]


@pytest.mark.parametrize(
    ("ended", "again", "outcome"),
    [
        ("2019-07-01", "2020-06-30", "return"),  # the first day of a half-year: almost twelve months
        ("2019-07-01", "2020-07-01", "inflow"),
        ("2019-12-31", "2020-06-30", "return"),  # the last day: six months
        ("2019-12-31", "2020-07-01", "inflow"),
        ("2019-06-30", "2019-12-31", "return"),
        ("2019-06-30", "2020-01-01", "inflow"),
    ],
)
def test_the_outcome_indicator_looks_to_the_end_of_the_next_half_year(ended: str, again: str, outcome: str) -> None:
    """Ended in the second half of 2019: watched until 30 June 2020, which is six to twelve months."""
    told = [*care("2019-01-01", ended), *care(again, indication="0153-2")]

    rows = figures_on("2020-12-31", *told, definition="cbs-outcome")

    assert balance(rows, again[:7])[outcome] == 1


def test_an_exit_is_decided_at_the_end_of_each_sets_own_window() -> None:
    """Ended on 15 January 2024: until 15 July 2024, until 15 January 2029 and until 31 December 2024."""
    told = care("2023-01-01", "2024-01-15")

    third = side_by_side("sustainable_exit_rate", "2024Q3", "2025-01-01", told)
    fourth = side_by_side("sustainable_exit_rate", "2024Q4", "2025-01-01", told)
    far = side_by_side("sustainable_exit_rate", "2029Q1", "2029-04-01", told)

    assert third == [(1, 1, "final", 0), None, None]
    assert fourth == [None, None, (1, 1, "final", 0)]
    assert far == [None, (1, 1, "final", 0), None]


def test_an_exit_that_lasted_for_enschede_can_have_returned_for_the_outcome_indicator() -> None:
    """Ended on 15 January, back on 1 November 2024: after 15 July, but before 31 December."""
    told = [*care("2023-01-01", "2024-01-15"), *care("2024-11-01", indication="0153-2")]

    assert side_by_side("sustainable_exit_rate", "2024Q3", "2025-01-01", told)[0] == (1, 1, "final", 0)
    assert side_by_side("sustainable_exit_rate", "2024Q4", "2025-01-01", told)[2] == (0, 1, "final", 0)


@pytest.mark.parametrize(
    ("first_day", "coverage", "openings"),
    [
        # Six months are covered on 1 July 2023, five years never, and the half-year before July is covered whole.
        ("2023-07-01", "2023-01-01", ["inflow", "unknown", "inflow"]),
        ("2023-03-10", "2023-01-01", ["unknown", "unknown", "unknown"]),
        # An end on 1 January 2023 is not covered, and would be watched until 31 December.
        ("2023-12-31", "2023-01-02", ["inflow", "unknown", "unknown"]),
        ("2024-01-01", "2023-01-02", ["inflow", "unknown", "inflow"]),
        ("2028-01-01", "2023-01-01", ["inflow", "inflow", "inflow"]),
        ("2027-12-31", "2023-01-01", ["inflow", "unknown", "inflow"]),
    ],
)
def test_how_care_began_is_unknown_while_the_window_reaches_back_before_the_feed(
    first_day: str, coverage: str, openings: list[str]
) -> None:
    """The first known care of a youth: unknown as long as an end before the feed could make it a return."""
    found = balances(first_day[:7], "2028-02-01", care(first_day, first_day), coverage=coverage)

    assert [next(term for term in row if term in ("inflow", "return", "unknown")) for row in found] == openings


def test_the_share_of_new_care_looks_five_years_back_under_each_set() -> None:
    """`new_share` has its own five years (domain.md §6): care that ended in June 2020 makes 2024 a repeat for all."""
    told = [*care("2020-01-01", "2020-06-30"), *care("2024-02-10", indication="0153-2")]

    assert side_by_side("new_share", "2024", "2025-01-01", told) == [(0, 1, "final", 0)] * 3
    assert side_by_side("repeat_share", "2024", "2025-01-01", told) == [(1, 1, "final", 0)] * 3


def test_switches_follow_the_trajectory_of_each_set() -> None:
    """A switch in 2020, care again in 2024: only for StatLine is it still the same trajectory."""
    told = [
        *care("2020-01-01", "2020-03-31"),
        *care("2020-04-01", "2020-06-30", indication="0153-2", provider=R),
        *care("2024-02-10", indication="0153-3"),
    ]

    found = side_by_side("switches_mean", "2024Q1", "2024-04-01", told)

    assert found == [(0, 1, "final", 0), (1, 1, "final", 0), (0, 1, "final", 0)]


def test_residential_inflow_has_the_window_of_its_set() -> None:
    """A residence in 2020 and again in 2024: a repeat for StatLine."""
    told = [
        *care("2020-01-01", "2020-06-30", product=RESIDENCE),
        *care("2024-02-10", indication="0153-2", product=RESIDENCE),
    ]

    found = side_by_side("residential_inflow", "2024Q1", "2024-04-01", told)

    assert found == [(1, 1, "final", 0), None, (1, 1, "final", 0)]


def test_what_needs_no_definition_is_the_same_under_each() -> None:
    """Care days, stacking, residence, agreements, waiting and timeliness."""
    told = [
        *care("2020-01-01", "2020-06-30", product=RESIDENCE),
        *care("2024-02-10", indication="0153-2"),
        *care("2024-02-20", indication="0153-3", provider=R),
    ]
    defined = ("inflow_rate", "residential_inflow", "sustainable", "switches", "duration", "flow_", "new_", "repeat_")

    found = [
        [row for row in figures_on("2024-04-01", *told, definition=name) if not row.indicator.startswith(defined)]
        for name in SETS
    ]

    assert found[0] == found[1] == found[2]
    assert {"care_days_mean", "stacking_mean", "residential_days_mean.cbs", "exit_rate", "timeliness"} <= {
        row.indicator for row in found[0]
    }
