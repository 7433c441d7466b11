"""Stories of residential care: days of living and stay in both conventions, and who begins to live elsewhere.

The expected numbers are worked out by hand from domain.md §6, decision 0015 and, for nights, the protocol of CBS
(§3.5-3.6: begin on the day after the first night, end on the day after the last).
"""

import pytest

from tests.builders import OTHER_YOUTH
from tests.figure_stories import (
    FOSTER_CARE,
    RESIDENCE,
    P,
    Q,
    R,
    Told,
    born,
    care,
    figures_on,
    lives_in,
    told_of,
)

# Foster care (living) 11 January - 10 February, then a residence (stay) 11 February - 10 April.
LIVING_THEN_STAY = [
    *care("2024-01-11", "2024-02-10", product=FOSTER_CARE),
    *care("2024-02-11", "2024-04-10", indication="0153-2", provider=R, product=RESIDENCE),
]


@pytest.mark.parametrize(
    ("indicator", "first_quarter", "second_quarter"),
    [
        # January 11-31 is 21 days and February 1-10 is 10; February 11-29 is 19, March 31, April 1-10 is 10.
        ("residential_days_mean", (81, 1, "final", 0), (10, 1, "final", 0)),
        ("residential_days_mean.living", (31, 1, "final", 0), None),
        ("residential_days_mean.stay", (50, 1, "final", 0), (10, 1, "final", 0)),
        # A run counts from the day after its first day: one day less in the quarter in which it begins. Both together
        # are one run, so only 11 January is left out; of the stay alone 11 February is.
        ("residential_days_mean.cbs", (80, 1, "final", 0), (10, 1, "final", 0)),
        ("residential_days_mean.living.cbs", (30, 1, "final", 0), None),
        ("residential_days_mean.stay.cbs", (49, 1, "final", 0), (10, 1, "final", 0)),
    ],
)
def test_residential_days_are_those_of_living_and_of_stay(
    indicator: str, first_quarter: Told, second_quarter: Told | None
) -> None:
    """The union of the days in the quarter, over youths with one; the living kind ended before the second quarter."""
    rows = figures_on("2024-07-01", *LIVING_THEN_STAY)

    assert told_of(rows, indicator, "2024Q1") == first_quarter
    assert told_of(rows, indicator, "2024Q2") == second_quarter


def test_residential_days_are_counted_up_to_the_day_asked() -> None:
    """On 20 February: 31 days of living and 10 of stay (11-20 February), and by CBS one night less of each run."""
    rows = figures_on("2024-02-20", *LIVING_THEN_STAY)

    assert told_of(rows, "residential_days_mean", "2024Q1") == (41, 1, "provisional", 0)
    assert told_of(rows, "residential_days_mean.stay", "2024Q1") == (10, 1, "provisional", 0)
    assert told_of(rows, "residential_days_mean.cbs", "2024Q1") == (40, 1, "provisional", 0)
    assert told_of(rows, "residential_days_mean.stay.cbs", "2024Q1") == (9, 1, "provisional", 0)


def test_a_day_without_a_night_is_a_residential_day_and_for_cbs_none() -> None:
    """Came and went on 5 March: one day of care, and no night, so by CBS nobody had a residential day."""
    rows = figures_on("2024-04-01", *care("2024-03-05", "2024-03-05", product=RESIDENCE))

    assert told_of(rows, "residential_days_mean", "2024Q1") == (1, 1, "final", 0)
    assert told_of(rows, "residential_days_mean.cbs", "2024Q1") is None


def test_nights_away_begin_a_new_run() -> None:
    """1-10 March, a pause of ten days, 21-31 March: 10 + 11 days, and by CBS one night less for each run."""
    told = [
        *care("2024-03-01", "2024-03-10", "20", product=FOSTER_CARE),
        *care("2024-03-21", "2024-03-31", product=FOSTER_CARE),
    ]

    rows = figures_on("2024-04-01", *told)

    assert told_of(rows, "residential_days_mean.living", "2024Q1") == (21, 1, "final", 0)
    assert told_of(rows, "residential_days_mean.living.cbs", "2024Q1") == (19, 1, "final", 0)


def test_a_run_that_begins_on_the_last_day_of_a_quarter_is_all_in_the_next_for_cbs() -> None:
    """Begun on 31 March: its first night ends on 1 April."""
    rows = figures_on("2024-07-01", *care("2024-03-31", "2024-04-02", product=RESIDENCE))

    assert told_of(rows, "residential_days_mean", "2024Q1") == (1, 1, "final", 0)
    assert told_of(rows, "residential_days_mean", "2024Q2") == (2, 1, "final", 0)
    assert told_of(rows, "residential_days_mean.cbs", "2024Q1") is None
    assert told_of(rows, "residential_days_mean.cbs", "2024Q2") == (2, 1, "final", 0)


def test_two_places_on_one_day_are_one_residential_day() -> None:
    """Foster care all March and a weekend (9-10 March) in a residence: 31 days, of which 2 are of stay too."""
    told = [
        *care("2024-03-01", "2024-03-31", product=FOSTER_CARE),
        *care("2024-03-09", "2024-03-10", indication="0153-2", provider=R, product=RESIDENCE),
    ]

    rows = figures_on("2024-04-01", *told)

    assert told_of(rows, "residential_days_mean", "2024Q1") == (31, 1, "final", 0)
    assert told_of(rows, "residential_days_mean.living", "2024Q1") == (31, 1, "final", 0)
    assert told_of(rows, "residential_days_mean.stay", "2024Q1") == (2, 1, "final", 0)


def test_the_mean_is_over_youths_with_a_residential_day() -> None:
    """31 days and 10 days over two youths; a third with guidance at home is not in it."""
    told = [
        *care("2024-03-01", "2024-03-31", product=FOSTER_CARE),
        *care("2024-03-01", "2024-03-10", product=RESIDENCE, youth=OTHER_YOUTH),
        *care("2024-03-01", youth="c" * 32),
    ]

    assert told_of(figures_on("2024-04-01", *told), "residential_days_mean", "2024Q1") == (41, 2, "final", 0)


def test_residential_days_go_to_the_team_of_the_last_care_day() -> None:
    """In foster care all quarter, moved on 1 March with care after it: all 91 days in zuid."""
    told = [lives_in("noord"), lives_in("zuid", "2024-03-01"), *care("2024-01-01", product=FOSTER_CARE)]

    rows = figures_on("2024-04-01", *told)

    assert told_of(rows, "residential_days_mean", "2024Q1", "zuid") == (91, 1, "final", 0)
    assert told_of(rows, "residential_days_mean", "2024Q1", "noord") is None


def test_residential_inflow_looks_back_on_residential_care_alone() -> None:
    """Guidance since January, a residence from May: no residential care in six months, so a residential inflow."""
    told = [*care("2024-01-08"), *care("2024-05-01", indication="0153-2", provider=R, product=RESIDENCE)]

    rows = figures_on("2024-07-01", *told)

    assert told_of(rows, "residential_inflow", "2024Q2") == (1, 1, "final", 0)
    assert told_of(rows, "inflow_rate", "2024Q2") is None


@pytest.mark.parametrize(
    ("again", "counted"),
    [("2024-09-30", None), ("2024-10-01", (1, 1, "final", 0))],
)
def test_a_return_to_a_residence_is_no_residential_inflow(again: str, counted: Told | None) -> None:
    """Left on 31 March: up to 30 September it is a return; the day after, which is in the fourth quarter, inflow."""
    told = [
        *care("2023-01-01", "2024-03-31", product=RESIDENCE),
        *care(again, indication="0153-2", product=FOSTER_CARE, provider=Q),
    ]

    rows = figures_on("2025-01-01", *told)

    assert told_of(rows, "residential_inflow", "2024Q3") is None
    assert told_of(rows, "residential_inflow", "2024Q4") == counted


def test_a_move_between_residences_is_no_inflow() -> None:
    """Adjoining residential days are one residential period: one inflow, in January."""
    rows = figures_on("2024-07-01", *LIVING_THEN_STAY)

    assert told_of(rows, "residential_inflow", "2024Q1") == (1, 1, "final", 0)
    assert told_of(rows, "residential_inflow", "2024Q2") is None
    # By form the residence alone is looked at: it began in February and had not been there before.
    assert told_of(rows, "residential_inflow", "2024Q1", "residence") == (1, 1, "final", 0)
    assert told_of(rows, "residential_inflow", "2024Q1", "foster-care") == (1, 1, "final", 0)


def test_a_residential_opening_that_nobody_can_know_is_pending() -> None:
    """The feed is complete from 2023-01-01: on 10 March nobody knows, from 1 July on it is inflow (§10.9)."""
    early, late = care("2023-03-10", product=RESIDENCE), care("2023-07-01", product=RESIDENCE)

    assert told_of(figures_on("2023-04-01", *early, coverage="2023-01-01"), "residential_inflow", "2023Q1") == (
        0,
        1,
        "provisional",
        1,
    )
    assert told_of(figures_on("2023-10-01", *late, coverage="2023-01-01"), "residential_inflow", "2023Q3") == (
        1,
        1,
        "final",
        0,
    )


def test_an_adult_who_begins_to_live_elsewhere_is_no_residential_inflow() -> None:
    """Youths 0-17 only: born 15 February 2006, begun on 20 February 2024."""
    told = [born("2006-02-15"), *care("2024-02-20", product=RESIDENCE, provider=P)]

    assert told_of(figures_on("2024-04-01", *told), "residential_inflow", "2024Q1") is None
