"""The rules about a youth's care as a whole: outliers, turning 18, and moves between residential provisions."""

from datetime import date

import pytest

from tests.builders import OTHER_PROVIDER, PROVIDER, Statement, ended, granted, registered, started, started_retracted
from tests.rule_findings import LATER, dates, found, lines, norm

PERCENTILE = norm("outlier", 100, level="norm")
EIGHTEEN = norm("turning-18", 6)
MOVES = norm("residential-moves", 2)
FOSTER_CARE, FAMILY_HOME, RESIDENCE = "43A03", "43A04", "43A02"

RUNNING = [started(first_day="2024-01-01")]


def test_an_outlier_lasts_a_day_longer_than_its_percentile() -> None:
    """Day 100 is 9 April 2024; 95 % last that long at most, so that day 101 is told."""
    assert lines(RUNNING, "2024-04-09", PERCENTILE) == [("norm", "0153-1", "2024-04-10", None, "scheduled")]
    assert lines(RUNNING, "2024-04-10", PERCENTILE)[0][-1] == "open"
    assert dates([*RUNNING, ended(first_day="2024-01-01", last_day="2024-04-09")], PERCENTILE) == []
    assert dates([*RUNNING, started_retracted(first_day="2024-01-01")], PERCENTILE) == []


def test_an_outlier_is_judged_by_the_mildest_of_its_forms_and_by_the_quarter() -> None:
    """Of two forms that run the longer percentile counts; next quarter's counts from its day."""
    for_form = [
        norm("outlier", 100, level="norm", care_form="ambulatory"),
        norm("outlier", 130, level="norm", care_form="tailored"),
    ]
    both = [*RUNNING, started(indication="0153-2", first_day="2024-02-01", product="50A00")]
    next_quarter = norm("outlier", 95, date(2024, 4, 1), level="norm")

    assert dates(RUNNING, *for_form) == [("2024-04-10", None)]
    assert dates(both, *for_form) == [("2024-05-10", None)]
    assert dates(RUNNING, PERCENTILE, next_quarter) == [("2024-04-05", None)]


BORN = registered(birth_date="2007-09-15")


def test_running_care_is_told_six_months_before_the_birthday() -> None:
    """18 on 15 September 2025: from 15 March to 14 September."""
    told = [BORN, started(first_day="2024-01-08")]

    assert lines(told, "2025-03-14", EIGHTEEN) == [("signal", "0153-1", "2025-03-15", "2025-09-14", "scheduled")]
    assert lines(told, "2025-03-15", EIGHTEEN)[0][-1] == "open"


def test_care_that_begins_in_those_months_is_told_on_its_first_day() -> None:
    """Up to the day before the birthday; what begins on it is extended care."""
    assert dates([BORN, started(first_day="2025-09-14")], EIGHTEEN) == [("2025-09-14", "2025-09-14")]
    assert dates([BORN, started(first_day="2025-09-15")], EIGHTEEN) == []


def test_turning_18_is_gone_by_a_late_end_and_by_a_retracted_start() -> None:
    """Care that ended the day before, or never began; on the day itself it counts for that day."""
    told = [BORN, started(first_day="2024-01-08")]

    assert dates([*told, ended(last_day="2025-03-14")], EIGHTEEN) == []
    assert dates([*told, ended(last_day="2025-03-15")], EIGHTEEN) == [("2025-03-15", "2025-03-15")]
    assert dates([*told, started_retracted()], EIGHTEEN) == []


def test_a_return_in_those_months_is_told_on_its_first_day_and_rests_on_what_runs() -> None:
    """The trajectory has a gap on 15 March; the anchor is the trajectory's."""
    told = [
        BORN,
        started(first_day="2024-01-08", id="one"),
        ended(last_day="2025-02-28", id="two"),
        started(indication="0153-2", first_day="2025-04-01", id="three"),
        ended(indication="0153-2", first_day="2025-04-01", last_day="2025-06-30", id="four"),
    ]

    row = found(told, LATER, EIGHTEEN)[0]

    assert (row["anchor"], row["opens_on"], row["closes_on"]) == ("0153-1", "2025-04-01", "2025-06-30")
    assert row["evidence"] == ["four", "three"]


@pytest.mark.parametrize(
    ("birth_date", "opens_on", "closes_on"),
    [("2008-02-29", "2025-09-01", "2026-02-28"), ("2007-08-31", "2025-02-28", "2025-08-30")],
)
def test_birthdays_that_a_calendar_makes_awkward(birth_date: str, opens_on: str, closes_on: str) -> None:
    """Born on 29 February one is 18 on 1 March; six months before 31 August is the last of February."""
    told = [registered(birth_date=birth_date), started(first_day="2024-01-08")]

    assert dates(told, EIGHTEEN) == [(opens_on, closes_on)]


def test_the_newest_registration_says_when_a_youth_was_born() -> None:
    """Without a date of birth nothing is found."""
    care = started(first_day="2024-01-08")
    corrected = registered(valid_from="2025-01-01", birth_date="2007-10-15")

    assert dates([BORN, corrected, care], EIGHTEEN) == [("2025-04-15", "2025-10-14")]
    assert dates([registered(birth_date=None), care], EIGHTEEN) == []


def test_more_months_before_the_birthday_count_from_the_day_they_are_the_norm() -> None:
    """Twelve months from 1 February 2025: that day was 15 September 2024, and is historical."""
    told = [BORN, started(first_day="2024-01-08")]
    earlier = norm("turning-18", 12, date(2025, 2, 1))
    in_time = norm("turning-18", 7, date(2025, 2, 1))

    assert lines(told, "2025-02-01", EIGHTEEN, earlier)[0][2:] == ("2024-09-15", "2025-09-14", "historical")
    assert lines(told, "2025-02-15", EIGHTEEN, in_time)[0][2:] == ("2025-02-15", "2025-09-14", "open")


def stay(number: int, product: str, first_day: str, last_day: str | None, provider: str = PROVIDER) -> list[Statement]:
    """A stay under its own number."""
    indication = f"0153-{number}"
    start = started(
        indication=indication, product=product, first_day=first_day, provider=provider, id=f"start-{number}"
    )
    end = ended(indication=indication, first_day=first_day, last_day=last_day or "", id=f"end-{number}")
    return [start, end] if last_day else [start]


THREE_PLACES = [
    *stay(1, FOSTER_CARE, "2024-01-01", "2024-03-31"),
    *stay(2, FAMILY_HOME, "2024-04-01", "2024-08-31"),
    *stay(3, RESIDENCE, "2024-09-01", None),
]


def test_the_second_move_within_a_year_is_told_on_its_day() -> None:
    """Moves on 1 April and 1 September: both count until 31 March 2025."""
    assert lines(THREE_PLACES, "2024-08-31", MOVES) == [("signal", "0153-3", "2024-09-01", "2025-03-31", "scheduled")]
    assert lines(THREE_PLACES, "2024-09-01", MOVES)[0][-1] == "open"


def test_two_moves_a_year_apart_do_not_count_together() -> None:
    """From 1 April 2024 to 31 March 2025; a move on 1 April 2025 comes a day too late."""
    told = [*THREE_PLACES[:3], ended(indication="0153-2", first_day="2024-04-01", last_day="2025-03-31")]
    before = [*THREE_PLACES[:3], ended(indication="0153-2", first_day="2024-04-01", last_day="2025-03-30")]

    assert dates([*told, *stay(3, RESIDENCE, "2025-04-01", None)], MOVES) == []
    assert dates([*before, *stay(3, RESIDENCE, "2025-03-31", None)], MOVES) == [("2025-03-31", "2025-03-31")]


def test_a_move_counts_from_the_first_day_of_the_new_place_also_while_the_old_one_lasts() -> None:
    """A hand-over of ten days; one of fifteen is no move but two places at once."""
    old = stay(2, FAMILY_HOME, "2024-04-01", "2024-09-10")
    too_long = stay(2, FAMILY_HOME, "2024-04-01", "2024-09-15")

    assert lines([*THREE_PLACES[:2], *old, *THREE_PLACES[4:]], "2024-09-01", MOVES) == [
        ("signal", "0153-3", "2024-09-01", "2025-03-31", "open")
    ]
    assert dates([*THREE_PLACES[:2], *too_long, *THREE_PLACES[4:]], MOVES) == []


def test_a_move_to_another_provider_counts_and_a_new_number_or_other_care_does_not() -> None:
    """The same form elsewhere is a move; ambulatory care between is none."""
    elsewhere = stay(3, FAMILY_HOME, "2024-09-01", None, provider=OTHER_PROVIDER)
    renewed = stay(3, FAMILY_HOME, "2024-09-01", None)
    at_home = stay(3, "45A04", "2024-09-01", None)

    assert len(dates([*THREE_PLACES[:4], *elsewhere], MOVES)) == 1
    assert dates([*THREE_PLACES[:4], *renewed], MOVES) == []
    assert dates([*THREE_PLACES[:4], *at_home], MOVES) == []


def test_moves_are_gone_by_an_earlier_end_and_by_a_retracted_start() -> None:
    """More than a paper gap lies between, or the second place never was."""
    earlier = [*THREE_PLACES[:3], *stay(2, FAMILY_HOME, "2024-04-01", "2024-07-30")[1:], *THREE_PLACES[4:]]
    retracted = started_retracted(indication="0153-3", first_day="2024-09-01")

    assert dates(earlier, MOVES) == []
    assert dates([*THREE_PLACES, retracted], MOVES) == []


def test_moves_rest_on_the_places_of_the_twelve_months_before() -> None:
    """A place left more than a year before is no evidence."""
    told = [*stay(7, RESIDENCE, "2022-01-01", "2023-08-31", provider=OTHER_PROVIDER), *THREE_PLACES]
    day_in = [*stay(7, RESIDENCE, "2022-01-01", "2023-09-01", provider=OTHER_PROVIDER), *THREE_PLACES]

    assert found(told, LATER, MOVES)[0]["evidence"] == ["end-1", "end-2", "start-1", "start-2", "start-3"]
    assert "start-7" in found(day_in, LATER, MOVES)[0]["evidence"]


def test_a_third_move_goes_on_with_the_same_finding() -> None:
    """One run of days on which two count: one finding, longer."""
    told = [
        *THREE_PLACES,
        ended(indication="0153-3", first_day="2024-09-01", last_day="2024-12-31"),
        *stay(4, FOSTER_CARE, "2025-01-01", None),
    ]

    assert dates(told, MOVES) == [("2024-09-01", "2025-08-31")]


def test_fewer_moves_count_from_the_day_they_are_the_norm() -> None:
    """One move is enough from May: that of April is historical, and is not found a second time."""
    once = norm("residential-moves", 1, date(2024, 5, 1))

    assert lines(THREE_PLACES, "2024-09-01", MOVES, once) == [
        ("signal", "0153-2", "2024-04-01", "2025-08-31", "historical")
    ]


def test_a_run_of_moves_is_not_found_again_under_a_later_norm() -> None:
    """Two moves were told in September; from October one is enough, and nothing new is found."""
    once = norm("residential-moves", 1, date(2024, 10, 1))

    assert lines(THREE_PLACES, "2024-10-01", MOVES, once) == [("signal", "0153-3", "2024-09-01", "2025-03-31", "open")]


def test_a_norm_of_another_team_may_open_it_when_nothing_residential_runs() -> None:
    """Under a team from October on, back home by then: the smallest place of the year before is the anchor."""
    told = [
        *THREE_PLACES,
        ended(indication="0153-3", first_day="2024-09-01", last_day="2024-09-20"),
        registered(valid_from="2024-01-01", team="noord"),
        registered(valid_from="2024-10-01", team="zuid"),
    ]

    assert lines(told, "2024-10-01", norm("residential-moves", 2, team="zuid")) == [
        ("signal", "0153-1", "2024-10-01", "2025-03-31", "open")
    ]


def test_care_that_only_waits_is_none_of_these() -> None:
    """A grant is not care."""
    assert found([BORN, granted()], LATER, PERCENTILE, EIGHTEEN, MOVES) == []
