"""Stories at the edges: old care, the end of the calendar, facts without a sender, the population of others."""

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest

from services.indicators.definitions import Per
from services.indicators.delays import SENDER, TIMELINESS
from services.indicators.durations import quantile_days
from services.indicators.population import PopulationRow
from services.indicators.recomputing import figures
from services.indicators.spans import find_days_of, first_day_of, list_names, name_of, next_first_day
from tests import naive_indicators
from tests.figure_stories import MUNICIPALITY, care, care_forms, counted_delays, figures_on, people, steps_of, told_of
from youthcare.period import FAR


def test_days_before_the_youth_act_count_like_any_other() -> None:
    """Open from 1 December 2013: 31 days of 2013, 365 of 2014 and of 2015."""
    rows = figures_on("2016-01-01", *care("2013-12-01"), coverage="2010-01-01")

    assert told_of(rows, "care_days_mean", "2013") == (31, 1, "final", 0)
    assert told_of(rows, "care_days_mean", "2014") == (365, 1, "final", 0)
    assert told_of(rows, "care_days_mean", "2015") == (365, 1, "final", 0)


def test_an_exit_whose_window_ends_past_the_calendar_stays_open() -> None:
    """Ended in November 9999: there is no day six months on, and no step that closes the window."""
    steps = steps_of(care("9999-01-01", "9999-11-30"))

    open_windows = {key.effective_day: amount for key, amount in steps.items() if key.indicator == "windows_open"}
    assert open_windows == {date(9999, 12, 1): (1, 1, 0)}


def test_a_report_of_a_sender_that_nobody_knows_is_told_of_the_municipality_alone() -> None:
    """Facts of before told no source: the delay counts for the municipality, and for no sender."""
    (facts,) = naive_indicators.newest(naive_indicators.told_layers(care("2024-03-04"), care_forms(), None))
    (row,) = facts.indications
    nameless = replace(row, starts=tuple(replace(start, source="") for start in row.starts))

    before = counted_delays(facts)
    after = counted_delays(replace(facts, indications=(nameless,)))

    assert {key.group_kind for key in before} == {"municipality", SENDER}
    assert {key.group_kind for key in after} == {"municipality"}
    assert TIMELINESS not in {key.indicator for key in after}


def test_a_report_whose_receipt_nobody_knows_has_no_delay() -> None:
    """In time is judged by when it was recorded; how late it came in is not known."""
    (facts,) = naive_indicators.newest(naive_indicators.told_layers(care("2024-03-04"), care_forms(), None))
    (row,) = facts.indications
    undated = replace(row, starts=tuple(replace(start, received=None) for start in row.starts))

    steps = counted_delays(replace(facts, indications=(undated,)))

    assert {key.indicator for key in steps} == {TIMELINESS}


def test_another_municipality_lends_no_population() -> None:
    """Reference data of Almelo say nothing of Enschede."""
    almelo = PopulationRow(
        municipality="0141", quarter="2024Q1", group_kind="municipality", group="0141", youths=15_000
    )

    rows = figures_on("2024-04-01", *care("2024-02-10"), population=[almelo])

    assert told_of(rows, "in_care_rate", "2024Q1") == (1, 0, "final", 0)


def test_without_a_step_there_are_the_rows_of_the_population() -> None:
    """Nobody was ever in care: the quarters that were entered say nought of so many, and all are at home."""
    rows = figures({}, [people("2024Q1", 600)], municipality=MUNICIPALITY, definition="enschede", on=date(2024, 4, 1))

    assert {(row.indicator, row.numerator, row.denominator) for row in rows} == {
        ("inflow_rate", 0, 600),
        ("in_care_rate", 0, 600),
        ("at_home_rate", 600, 600),
    }


def test_a_quantile_is_a_duration_that_there_is() -> None:
    """Nothing counted has none, and no share is more than all."""
    assert quantile_days({3: 1, 8: 2}, Fraction(1)) == 8
    with pytest.raises(AssertionError, match="a quantile of nothing"):
        quantile_days({}, Fraction(1, 2))
    with pytest.raises(AssertionError, match="a rank lies within the total"):
        quantile_days({3: 1}, Fraction(2))


def test_a_day_is_a_calendar_period_too() -> None:
    """Of the gauges: it begins on itself, is followed by the next, and the last of all by nothing."""
    day = date(2024, 2, 29)

    assert first_day_of(Per.DAY, day) == day
    assert next_first_day(Per.DAY, day) == date(2024, 3, 1)
    assert next_first_day(Per.DAY, FAR) == FAR
    assert name_of(Per.DAY, day) == "2024-02-29"
    assert list(list_names(Per.DAY, day, date(2024, 3, 1))) == ["2024-02-29", "2024-03-01"]


@pytest.mark.parametrize(
    ("per", "name"),
    [
        (Per.DAY, "2023-02-29"),
        (Per.MONTH, "2024-13"),
        (Per.QUARTER, "2024Q5"),
        (Per.YEAR, "0000"),
        (Per.YEAR, "9999"),  # its end is no day
        (Per.MONTH, "2024-3"),
    ],
)
def test_a_name_of_no_period_has_no_days(per: Per, name: str) -> None:
    """Names come from outside; what is no period is None and never an error."""
    assert find_days_of(per, name) is None
