"""Publications: which cells a report freezes, their hash, and why a cell is another now."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest

from services.indicators.figures import Figure, place_of
from services.indicators.publishing import (
    Cause,
    Change,
    cause_of_recomputing,
    cells_of,
    changes,
    days_shown,
    difference,
    digest_of,
)
from tests.figure_stories import MUNICIPALITY, care, figures_on
from youthcare.period import Period


def cell(period: str, numerator: int = 30, indicator: str = "stacking_share", pending: int = 0) -> Figure:
    """So many of ninety."""
    return Figure(
        indicator=indicator,
        period=period,
        group_kind="municipality",
        group=MUNICIPALITY,
        numerator=numerator,
        denominator=90,
        value=Fraction(numerator, 90),
        status="final",
        pending=pending,
    )


def test_a_report_looks_back_on_eight_quarters() -> None:
    """Its own and the seven before it: of 2024Q3 from October 2022."""
    assert days_shown("2024Q3") == Period(date(2022, 10, 1), date(2024, 10, 1))


@pytest.mark.parametrize(
    ("period", "is_shown"),
    [
        ("2024Q3", True),
        ("2024Q4", False),
        ("2022Q4", True),
        ("2022Q3", False),
        ("2024-09", True),
        ("2024-10", False),
        ("2022-10", True),
        ("2022-09", False),
        ("2024", True),
        ("2022", True),  # the year of its first quarter
        ("2021", False),
        ("2025", False),
        ("no period", False),
    ],
)
def test_cells_are_those_of_the_quarters_shown_with_their_months_and_years(period: str, is_shown: bool) -> None:
    """What is not of these days is not frozen."""
    assert bool(cells_of([cell(period)], "2024Q3")) == is_shown


def test_the_hash_does_not_depend_on_the_order_of_the_cells() -> None:
    """The same cells and the same ground give the same hash."""
    one, other = cell("2024-08"), cell("2024-09")

    assert digest_of([one, other], {"positions": [1, 2]}) == digest_of([other, one], {"positions": [1, 2]})


@pytest.mark.parametrize(
    "other",
    [
        replace(cell("2024-09"), numerator=31),
        replace(cell("2024-09"), denominator=91),
        replace(cell("2024-09"), value=None),
        replace(cell("2024-09"), status="provisional"),
        replace(cell("2024-09"), pending=1),
        replace(cell("2024-09"), group="0164"),
    ],
)
def test_the_hash_is_of_all_that_a_cell_says(other: Figure) -> None:
    """Any number, status or group that is another gives another hash."""
    assert digest_of([cell("2024-09")], {}) != digest_of([other], {})


def test_the_hash_is_of_what_the_cells_rest_on_too() -> None:
    """Other log positions, the same numbers: another publication."""
    assert digest_of([cell("2024-09")], {"positions": [1]}) != digest_of([cell("2024-09")], {"positions": [2]})


Seen = list[tuple[Cause, int | None, int | None]]


def seen(found: Sequence[Change]) -> Seen:
    """The cause of each change, and the numerators before and after."""
    return [
        (each.cause, each.before.numerator if each.before else None, each.after.numerator if each.after else None)
        for each in found
    ]


def test_a_cell_is_told_once_for_each_stage_that_changed_it() -> None:
    """30 as published; 33 with late statements, 32 with corrections: two changes that add up."""
    stages = [
        (Cause.DEFINITION, [cell("2024-09", 30)]),
        (Cause.LATE_STATEMENT, [cell("2024-09", 33)]),
        (Cause.CORRECTION, [cell("2024-09", 32)]),
        (Cause.REFERENCE_DATA, [cell("2024-09", 32)]),
    ]

    found = list(changes([cell("2024-09", 30)], stages))

    assert seen(found) == [(Cause.LATE_STATEMENT, 30, 33), (Cause.CORRECTION, 33, 32)]
    assert [difference(each) for each in found] == [Fraction(3, 90), Fraction(-1, 90)]


def test_what_was_taken_back_again_is_not_silent() -> None:
    """A late statement and its correction leave the number as it was, and both are told."""
    stages = [(Cause.LATE_STATEMENT, [cell("2024-09", 31)]), (Cause.CORRECTION, [cell("2024-09", 30)])]

    found = list(changes([cell("2024-09", 30)], stages))

    assert seen(found) == [(Cause.LATE_STATEMENT, 30, 31), (Cause.CORRECTION, 31, 30)]


def test_a_cell_that_came_or_went_is_a_change_without_a_difference() -> None:
    """Where there was no cell there is no number to take away from."""
    came = list(changes([], [(Cause.LATE_STATEMENT, [cell("2024-09")])]))
    went = list(changes([cell("2024-09")], [(Cause.CORRECTION, [])]))

    assert (seen(came), seen(went)) == ([(Cause.LATE_STATEMENT, None, 30)], [(Cause.CORRECTION, 30, None)])
    assert [difference(each) for each in (*came, *went)] == [None, None]


def test_a_change_of_status_or_pending_alone_is_told() -> None:
    """The number is what it was, but it was provisional when it was published."""
    found = list(changes([replace(cell("2024-09"), pending=2)], [(Cause.CORRECTION, [cell("2024-09")])]))

    assert [difference(each) for each in found] == [0]


def test_a_value_that_is_none_has_no_difference() -> None:
    """Nothing to divide by before or after."""
    found = Change(
        key=place_of(cell("2024-09")),
        cause=Cause.REFERENCE_DATA,
        before=replace(cell("2024-09"), value=None),
        after=cell("2024-09"),
    )

    assert difference(found) is None


def test_changes_are_told_in_the_order_of_their_cells_within_a_stage() -> None:
    """By indicator, period and group."""
    after = [cell("2024-09", 1), cell("2024-08", 1), cell("2024-08", 1, "in_care")]

    found = list(changes([], [(Cause.LATE_STATEMENT, after)]))

    assert [(each.key[0], each.key[1]) for each in found] == [
        ("in_care", "2024-08"),
        ("stacking_share", "2024-08"),
        ("stacking_share", "2024-09"),
    ]


@pytest.mark.parametrize(
    ("then", "now", "erased", "cause"),
    [
        ({"rules": 1}, {"rules": 2}, 0, Cause.DEFINITION),
        ({"rules": 1}, {"rules": 2}, 1, Cause.DEFINITION),
        ({"rules": 1}, {"rules": 1}, 1, Cause.ERASURE),
        ({"rules": 1}, {"rules": 1}, 0, Cause.UNEXPLAINED),
    ],
)
def test_the_same_knowledge_with_another_outcome_is_another_definition_or_an_erasure(
    then: dict[str, int], now: dict[str, int], erased: int, cause: Cause
) -> None:
    """With neither it is a defect, and says so."""
    assert cause_of_recomputing(then, now, erased) is cause


def test_a_late_ending_changes_exactly_the_cells_it_should() -> None:
    """Published on 1 April as running; a stop on 20 February, told in May, takes the youth out of March.

    February keeps its youth in care, and gains an exit; of March the stock at the start and at the end go, and the
    youth in care. Nothing of January changes.
    """
    published = figures_on("2024-04-01", *care("2024-01-08"))
    now = figures_on("2024-04-01", *care("2024-01-08", "2024-02-20"))

    found = list(changes(published, [(Cause.LATE_STATEMENT, now)]))

    keys = {(each.key[0], each.key[1]) for each in found if each.key[2] == "municipality"}
    assert {key for key in keys if key[1] == "2024-01"} == set()
    assert {key for key in keys if key[1] == "2024-02"} == {
        ("flow_balance.exits", "2024-02"),
        ("flow_balance.end", "2024-02"),
        ("timeliness", "2024-02"),
    }
    assert {key[0] for key in keys if key[1] == "2024-03"} == {
        "in_care",
        "stacking_share",
        "flow_balance.start",
        "flow_balance.end",
    }
