"""Stories of groups: forms, referrers, providers and age bands, who is unknown, and the flow balance of each.

The expected numbers are worked out by hand from domain.md §6 and decision 0015.
"""

import pytest

from tests.figure_stories import (
    MENTAL_HEALTH,
    MUNICIPALITY,
    RESIDENCE,
    P,
    Q,
    R,
    balance,
    born,
    care,
    figures_on,
    lives_in,
    told_of,
)

ONE = (1, 1, "final", 0)


def groups_of(rows: object, indicator: str, period: str, kind: str) -> dict[str, int]:
    """The numerator of a figure in every group of a kind."""
    assert isinstance(rows, tuple)
    return {
        row.group: row.numerator
        for row in rows
        if (row.indicator, row.period, row.group_kind) == (indicator, period, kind)
    }


@pytest.mark.parametrize(
    ("birth_date", "last_day", "band"),
    [
        ("2020-05-01", "2024-04-30", "0-3"),  # the day before the fourth birthday
        ("2020-05-01", "2024-05-01", "4-11"),
        ("2012-05-01", "2024-04-30", "4-11"),
        ("2012-05-01", "2024-05-01", "12-17"),
        ("2006-05-01", "2024-04-30", "12-17"),
        ("2006-05-01", "2024-05-01", "18-22"),
        ("2001-05-01", "2024-04-30", "18-22"),
        ("2001-05-01", "2024-05-01", "23+"),
        ("2020-02-29", "2024-02-28", "0-3"),  # in a leap year the birthday exists
        ("2020-02-29", "2024-02-29", "4-11"),
        ("2012-02-29", "2024-02-29", "12-17"),
        ("2016-02-29", "2020-02-28", "0-3"),
        (None, "2024-05-01", "unknown"),
    ],
)
def test_the_age_band_is_that_of_the_last_care_day(birth_date: str | None, last_day: str, band: str) -> None:
    """0-3, 4-11, 12-17, 18-22 and from 23; without a birth date unknown."""
    told = [*care("2020-01-01", last_day), *([born(birth_date)] if birth_date else [])]

    rows = figures_on("2025-01-01", *told)

    assert groups_of(rows, "in_care", last_day[:7], "age_band") == {band: 1}


def test_born_on_29_february_one_is_older_on_1_march_of_other_years() -> None:
    """Born in 2008: 12 on 29 February 2020, 18 on 1 March 2026; in 2021 13 on 1 March, which changes no band."""
    told = [born("2008-02-29"), *care("2026-01-01")]

    assert groups_of(figures_on("2026-02-28", *told), "in_care", "2026-02", "age_band") == {"12-17": 1}
    assert groups_of(figures_on("2026-03-01", *told), "in_care", "2026-03", "age_band") == {"18-22": 1}


def test_without_a_birth_date_a_youth_counts_as_minor_in_the_unknown_band() -> None:
    """Counted as 0-17, and the group `unknown` shows how many are so counted."""
    rows = figures_on("2024-04-01", *care("2024-02-10"))

    assert told_of(rows, "inflow_rate", "2024Q1") == (1, 0, "final", 0)
    assert told_of(rows, "inflow_rate", "2024Q1", "unknown", "age_band") == (1, 0, "final", 0)
    assert told_of(rows, "inflow_rate", "2024Q1", "unknown", "team") == (1, 0, "final", 0)


def test_what_nobody_stated_is_the_group_unknown() -> None:
    """A start without provider, referrer and product: unknown, unknown, and the form `other` (domain.md §9)."""
    rows = figures_on("2024-04-01", *care("2024-02-10", provider=None, product=None))

    assert groups_of(rows, "in_care", "2024-02", "provider") == {"unknown": 1}
    assert groups_of(rows, "in_care", "2024-02", "referrer") == {"unknown": 1}
    assert groups_of(rows, "in_care", "2024-02", "care_form") == {"other": 1}


def test_a_youth_is_in_every_group_that_its_indications_have() -> None:
    """Guidance at P through the municipality and mental health care at Q through a GP."""
    told = [
        *care("2024-02-01", referrer="01"),
        *care("2024-02-01", indication="0153-2", provider=Q, product=MENTAL_HEALTH, referrer="02"),
    ]

    rows = figures_on("2024-03-01", *told)

    assert groups_of(rows, "in_care", "2024-02", "provider") == {P: 1, Q: 1}
    assert groups_of(rows, "in_care", "2024-02", "referrer") == {"01": 1, "02": 1}
    assert groups_of(rows, "in_care", "2024-02", "care_form") == {"ambulatory": 1, "mental-health": 1}
    assert groups_of(rows, "in_care", "2024-02", "municipality") == {MUNICIPALITY: 1}


def test_a_form_has_its_own_inflow_and_its_own_exit() -> None:
    """Guidance 8 January - 30 June, mental health care from 1 May on.

    The municipality sees one inflow, in January, and no exit. Mental health care has an inflow in the second quarter;
    guidance an exit on 30 June, which is sustainable from 31 December 2024 on.
    """
    told = [
        *care("2024-01-08", "2024-06-30"),
        *care("2024-05-01", indication="0153-2", provider=Q, product=MENTAL_HEALTH),
    ]

    rows = figures_on("2025-01-01", *told)

    assert told_of(rows, "inflow_rate", "2024Q1") == (1, 0, "final", 0)
    assert told_of(rows, "inflow_rate", "2024Q2") is None
    assert told_of(rows, "inflow_rate", "2024Q2", "mental-health") == (1, 0, "final", 0)
    assert told_of(rows, "inflow_rate", "2024Q2", Q) == (1, 0, "final", 0)
    assert told_of(rows, "sustainable_exit_rate", "2024Q4") is None
    assert told_of(rows, "sustainable_exit_rate", "2024Q4", "ambulatory") == ONE
    assert told_of(rows, "sustainable_exit_rate", "2024Q4", P) == ONE


def test_a_renewal_at_the_same_provider_is_no_exit_of_the_provider() -> None:
    """P to 30 June and again from 1 July: adjoining days join in the group of P as they do in the municipality."""
    told = [
        *care("2024-01-08", "2024-06-30"),
        *care("2024-07-01", indication="0153-2"),
        *care("2024-01-08", "2024-08-31", indication="0153-3", provider=Q),
    ]

    rows = figures_on("2025-01-01", *told)

    assert balance(rows, "2024-07", P, "provider") == {"start": 1, "end": 1}


def test_the_flow_balance_of_a_form_is_of_that_forms_running_days() -> None:
    """Guidance 10 February - 20 April, a residence from 1 April, guidance again from 1 June.

    The youth never leaves. Guidance has an exit in April and a return in June (until 20 October); the residence, where
    the youth never was before, an inflow in April.
    """
    told = [
        *care("2024-02-10", "2024-04-20"),
        *care("2024-04-01", indication="0153-2", provider=R, product=RESIDENCE),
        *care("2024-06-01", indication="0153-3"),
    ]

    rows = figures_on("2024-07-01", *told)

    assert balance(rows, "2024-02") == {"inflow": 1, "end": 1}
    assert balance(rows, "2024-04") == {"start": 1, "end": 1}
    assert balance(rows, "2024-06") == {"start": 1, "end": 1}
    assert balance(rows, "2024-02", "ambulatory", "care_form") == {"inflow": 1, "end": 1}
    assert balance(rows, "2024-04", "ambulatory", "care_form") == {"start": 1, "exits": 1}
    assert balance(rows, "2024-05", "ambulatory", "care_form") == {}
    assert balance(rows, "2024-06", "ambulatory", "care_form") == {"return": 1, "end": 1}
    assert balance(rows, "2024-04", "residence", "care_form") == {"inflow": 1, "end": 1}


def test_a_birthday_is_a_move_between_age_bands() -> None:
    """Twelve on 1 May during care from 10 February to 20 June: out of one band and into the next, no exit."""
    told = [born("2012-05-01"), *care("2024-02-10", "2024-06-20")]

    rows = figures_on("2024-07-01", *told)

    assert balance(rows, "2024-02", "4-11", "age_band") == {"inflow": 1, "end": 1}
    assert balance(rows, "2024-05", "4-11", "age_band") == {"start": 1, "moved_out": 1}
    assert balance(rows, "2024-05", "12-17", "age_band") == {"moved_in": 1, "end": 1}
    assert balance(rows, "2024-06", "12-17", "age_band") == {"start": 1, "exits": 1}
    assert balance(rows, "2024-05") == {"start": 1, "end": 1}
    assert balance(rows, "2024-06") == {"start": 1, "exits": 1}


def test_a_birthday_on_the_first_day_of_care_moves_nobody() -> None:
    """Twelve on the day care begins: inflow of 12-17, and nothing in 4-11."""
    rows = figures_on("2024-06-01", born("2012-05-01"), *care("2024-05-01"))

    assert balance(rows, "2024-05", "12-17", "age_band") == {"inflow": 1, "end": 1}
    assert balance(rows, "2024-05", "4-11", "age_band") == {}


def test_a_birthday_on_the_day_after_care_moves_nobody() -> None:
    """Care to 30 April, twelve on 1 May: the exit of 1 May is of the band of the last day."""
    rows = figures_on("2024-06-01", born("2012-05-01"), *care("2024-02-10", "2024-04-30"))

    assert balance(rows, "2024-05", "4-11", "age_band") == {"start": 1, "exits": 1}
    assert balance(rows, "2024-05", "12-17", "age_band") == {}


def test_a_move_on_a_birthday_is_a_move_of_each_kind() -> None:
    """Moved to zuid on the twelfth birthday: once out and once in by team, once by age band, none as a whole."""
    told = [
        born("2012-05-01"),
        lives_in("noord", "2020-01-01"),
        lives_in("zuid", "2024-05-01"),
        *care("2024-02-10"),
    ]

    rows = figures_on("2024-06-01", *told)

    assert balance(rows, "2024-05", "noord", "team") == {"start": 1, "moved_out": 1}
    assert balance(rows, "2024-05", "zuid", "team") == {"moved_in": 1, "end": 1}
    assert balance(rows, "2024-05", "4-11", "age_band") == {"start": 1, "moved_out": 1}
    assert balance(rows, "2024-05", "12-17", "age_band") == {"moved_in": 1, "end": 1}
    assert balance(rows, "2024-05") == {"start": 1, "end": 1}


def test_a_provider_to_which_nothing_moves_has_no_moves() -> None:
    """P to Q without a day between: an exit of P and an inflow of Q, each in its own periods."""
    told = [*care("2024-01-08", "2024-03-31"), *care("2024-04-01", indication="0153-2", provider=Q)]

    rows = figures_on("2024-05-01", *told)

    assert balance(rows, "2024-04", P, "provider") == {"start": 1, "exits": 1}
    assert balance(rows, "2024-04", Q, "provider") == {"inflow": 1, "end": 1}
    assert balance(rows, "2024-04") == {"start": 1, "end": 1}
