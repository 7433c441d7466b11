"""Stories of who is in care: the share of a quarter, growing up at home, days in a year, after eighteen.

The expected numbers are worked out by hand from domain.md §6 and decision 0015.
"""

import pytest

from tests.builders import OTHER_YOUTH
from tests.figure_stories import (
    FOSTER_CARE,
    MENTAL_HEALTH,
    MUNICIPALITY,
    RESIDENCE,
    TRANSPORT,
    P,
    Q,
    R,
    Told,
    born,
    care,
    figure_in,
    figures_on,
    lives_in,
    people,
    told_of,
)

FIRST_QUARTER = (
    people("2024Q1", 600),
    people("2024Q1", 100, ("team", "noord")),
    people("2024Q1", 250, ("age_band", "4-11")),
)


def test_a_youth_in_care_is_a_share_of_the_population_of_its_group() -> None:
    """Of a team or age band its own; of a care form, referrer or provider that of the municipality."""
    told = [born("2012-05-01", team="noord"), *care("2024-02-10", "2024-02-20", referrer="02")]

    rows = figures_on("2024-04-01", *told, population=FIRST_QUARTER)

    assert told_of(rows, "in_care_rate", "2024Q1") == (1, 600, "final", 0)
    assert told_of(rows, "in_care_rate", "2024Q1", "noord") == (1, 100, "final", 0)
    assert told_of(rows, "in_care_rate", "2024Q1", "4-11") == (1, 250, "final", 0)
    assert told_of(rows, "in_care_rate", "2024Q1", "ambulatory") == (1, 600, "final", 0)
    assert told_of(rows, "in_care_rate", "2024Q1", P) == (1, 600, "final", 0)


def test_a_group_without_a_population_has_a_count_and_no_rate() -> None:
    """Nobody entered how many live in a team: one youth, and nothing to divide by."""
    row = figure_in(figures_on("2024-04-01", lives_in("zuid"), *care("2024-02-10")), "in_care_rate", "2024Q1", "zuid")

    assert row is not None
    assert (row.numerator, row.denominator, row.value) == (1, 0, None)


def test_a_quarter_within_a_pause_has_no_care_day() -> None:
    """Running is not care (domain.md §3): paused from 21 March to 30 June, the second quarter counts nobody."""
    told = [
        *care("2024-03-01", "2024-03-20", "20"),
        *care("2024-07-01", "2024-07-31"),
    ]
    population = [people(f"2024Q{number}", 600) for number in (1, 2, 3)]

    rows = figures_on("2024-10-01", *told, population=population)

    assert told_of(rows, "in_care_rate", "2024Q1") == (1, 600, "final", 0)
    assert told_of(rows, "in_care_rate", "2024Q2") == (0, 600, "final", 0)
    assert told_of(rows, "in_care_rate", "2024Q3") == (1, 600, "final", 0)


def test_transport_and_measures_by_a_judge_are_no_care() -> None:
    """Forms that do not count are kept and shown, but in no figure (domain.md §3.4)."""
    told = [*care("2024-02-10", product=TRANSPORT), *care("2024-02-10", indication="0153-2", product="48A00")]

    assert [row for row in figures_on("2024-04-01", *told) if row.indicator != "timeliness"] == []


def test_who_turns_eighteen_in_a_quarter_is_counted_in_it_and_not_in_the_next() -> None:
    """Under 18 on a care day of the quarter: born 15 February 2006, the last such day is 14 February 2024."""
    told = [born("2006-02-15"), *care("2024-02-14", "2024-06-30")]

    rows = figures_on("2024-07-01", *told)

    assert told_of(rows, "in_care_rate", "2024Q1") == (1, 0, "final", 0)
    assert told_of(rows, "in_care_rate", "2024Q2") is None


def test_eighteen_is_judged_by_the_care_days_of_the_group() -> None:
    """Guidance until 10 February at 17, a residence from 20 February at 18: minor in guidance, not in residence."""
    told = [
        born("2006-02-15"),
        *care("2024-01-10", "2024-02-10"),
        *care("2024-02-20", indication="0153-2", product=RESIDENCE, provider=R),
    ]

    rows = figures_on("2024-04-01", *told)

    assert told_of(rows, "in_care_rate", "2024Q1") == (1, 0, "final", 0)
    assert told_of(rows, "in_care_rate", "2024Q1", "ambulatory") == (1, 0, "final", 0)
    assert told_of(rows, "in_care_rate", "2024Q1", "residence") is None
    assert told_of(rows, "in_care_rate", "2024Q1", R) is None


def test_at_home_are_all_who_had_no_residential_day() -> None:
    """600 youths, of whom one in foster care and one with guidance at home: 599 grow up at home."""
    told = [*care("2024-02-20", product=FOSTER_CARE), *care("2024-02-01", youth=OTHER_YOUTH)]

    before = figures_on("2024-02-19", *told, population=FIRST_QUARTER)
    after = figures_on("2024-04-01", *told, population=FIRST_QUARTER)

    assert told_of(before, "at_home_rate", "2024Q1") == (600, 600, "provisional", 0)
    assert told_of(after, "at_home_rate", "2024Q1") == (599, 600, "final", 0)


def test_a_youth_of_a_team_that_stays_elsewhere_is_not_at_home_in_its_team() -> None:
    """A team's own population, less its own youths with a residential day."""
    told = [lives_in("noord"), *care("2024-02-20", product=RESIDENCE)]

    rows = figures_on("2024-04-01", *told, population=FIRST_QUARTER)

    assert told_of(rows, "at_home_rate", "2024Q1", "noord") == (99, 100, "final", 0)


def test_at_home_needs_a_minor_day_and_a_residential_day_in_the_quarter_not_on_one_day() -> None:
    """At 17 guidance, at 18 a residence, both in the quarter: both conditions hold, so not at home (0015).

    By care form the residence alone is looked at: no day of it is a minor's, so nobody is taken away and there is
    no row.
    """
    told = [
        born("2006-02-15"),
        *care("2024-01-10", "2024-02-10"),
        *care("2024-02-20", indication="0153-2", product=RESIDENCE),
    ]

    rows = figures_on("2024-04-01", *told, population=FIRST_QUARTER)

    assert told_of(rows, "at_home_rate", "2024Q1") == (599, 600, "final", 0)
    assert told_of(rows, "at_home_rate", "2024Q1", "residence") is None


def test_care_days_of_two_provisions_are_counted_once_a_day() -> None:
    """1-31 January at P and 15 January - 14 February at Q: 31 + 14 = 45 days of guidance, not 62.

    A residence from 10 to 29 February adds 15-29 February: 15 days to the municipality's 60, and has 20 of its own.
    """
    told = [
        *care("2024-01-01", "2024-01-31"),
        *care("2024-01-15", "2024-02-14", indication="0153-2", provider=Q),
        *care("2024-02-10", "2024-02-29", indication="0153-3", provider=R, product=RESIDENCE),
    ]

    rows = figures_on("2025-01-01", *told)

    assert told_of(rows, "care_days_mean", "2024", "ambulatory") == (45, 1, "final", 0)
    assert told_of(rows, "care_days_mean", "2024", "residence") == (20, 1, "final", 0)
    assert told_of(rows, "care_days_mean", "2024") == (60, 1, "final", 0)
    assert told_of(rows, "care_days_mean", "2024", P) == (31, 1, "final", 0)
    assert told_of(rows, "care_days_mean", "2024", Q) == (31, 1, "final", 0)


def test_a_year_of_care_has_all_its_days_and_a_leap_year_one_more() -> None:
    """Open from 2022-12-31: one day of 2022, 365 of 2023, 366 of 2024, and 1 March 2025 is the 60th of its year."""
    rows = figures_on("2025-03-01", *care("2022-12-31"))

    assert told_of(rows, "care_days_mean", "2022") == (1, 1, "final", 0)
    assert told_of(rows, "care_days_mean", "2023") == (365, 1, "final", 0)
    assert told_of(rows, "care_days_mean", "2024") == (366, 1, "final", 0)
    assert told_of(rows, "care_days_mean", "2025") == (60, 1, "provisional", 0)


def test_pauses_are_no_care_days() -> None:
    """Worked example 4: 1-20 March and 15 April - 31 May are 20 + 47 = 67 care days of 92."""
    told = [*care("2024-03-01", "2024-03-20", "20"), *care("2024-04-15", "2024-05-31")]

    assert told_of(figures_on("2025-01-01", *told), "care_days_mean", "2024") == (67, 1, "final", 0)


def test_the_mean_of_days_is_over_those_who_have_one() -> None:
    """31 days and 10 days: 41 over two youths; who had none is not in the mean."""
    told = [*care("2024-01-01", "2024-01-31"), *care("2024-06-01", "2024-06-10", youth=OTHER_YOUTH)]

    assert told_of(figures_on("2025-01-01", *told), "care_days_mean", "2024") == (41, 2, "final", 0)


def test_a_move_in_the_middle_of_the_year_takes_all_its_days_along() -> None:
    """The team of a period figure is that of the last care day: to 30 June 31+29+31+30+31+30 = 182 days in noord."""
    told = [lives_in("noord"), lives_in("zuid", "2024-07-01"), *care("2024-01-01")]

    before, after = figures_on("2024-06-30", *told), figures_on("2025-01-01", *told)

    assert told_of(before, "care_days_mean", "2024", "noord") == (182, 1, "provisional", 0)
    assert told_of(before, "care_days_mean", "2024", "zuid") is None
    assert told_of(after, "care_days_mean", "2024", "noord") is None
    assert told_of(after, "care_days_mean", "2024", "zuid") == (366, 1, "final", 0)


def test_a_move_after_the_last_care_day_of_the_year_leaves_the_days_where_they_were() -> None:
    """Care to 30 June, moved on 1 July: 182 days stay in noord."""
    told = [lives_in("noord"), lives_in("zuid", "2024-07-01"), *care("2024-01-01", "2024-06-30")]

    rows = figures_on("2025-01-01", *told)

    assert told_of(rows, "care_days_mean", "2024", "noord") == (182, 1, "final", 0)
    assert told_of(rows, "care_days_mean", "2024", "zuid") is None


@pytest.mark.parametrize(
    ("birth_date", "first_day", "last_day", "counted"),
    [
        ("2006-03-15", "2024-01-01", "2024-03-14", None),  # the last care day is the last at 17
        ("2006-03-15", "2024-01-01", "2024-03-15", (1, 1, "final", 0)),  # one day at 18
        ("2001-03-15", "2024-03-14", "2024-12-31", (1, 1, "final", 0)),  # one day at 22
        ("2001-03-15", "2024-03-15", "2024-12-31", None),  # 23 on the first care day
    ],
)
def test_extended_care_is_a_care_day_from_eighteen_to_twenty_two(
    birth_date: str, first_day: str, last_day: str, counted: Told | None
) -> None:
    """At least one care day of the year on which the youth is 18, 19, 20, 21 or 22."""
    told = [born(birth_date), *care(first_day, last_day)]

    assert told_of(figures_on("2025-01-01", *told), "extended_care", "2024") == counted


def test_extended_care_asks_for_a_birth_date() -> None:
    """Who has none counts as 0-17, so never as 18-22."""
    assert told_of(figures_on("2025-01-01", *care("2024-01-01")), "extended_care", "2024") is None


def test_extended_care_stands_in_the_age_band_of_the_last_care_day() -> None:
    """22 until 14 March and 23 after: one youth with extended care, now in the band from 23."""
    rows = figures_on("2025-01-01", born("2001-03-15"), *care("2024-03-01", "2024-04-30"))

    assert told_of(rows, "extended_care", "2024") == (1, 1, "final", 0)
    assert told_of(rows, "extended_care", "2024", "23+") == (1, 1, "final", 0)
    assert told_of(rows, "extended_care", "2024", "18-22") is None


# Years of care of five youths: A 2023 and 2024, B 2024 and 2025 (from July), C 2024, D all three, E 2025.
FIVE_YOUTHS = [
    *care("2023-05-01", "2024-02-29", youth="a" * 32),
    *care("2024-05-01", "2024-06-30", youth="b" * 32),
    *care("2025-07-01", "2025-08-31", youth="b" * 32, indication="0153-2"),
    *care("2024-03-01", "2024-12-31", youth="c" * 32),
    *care("2023-01-01", "2025-12-31", youth="d" * 32),
    *care("2025-02-01", "2025-03-31", youth="e" * 32),
]


def test_inflow_over_outflow_compares_three_years() -> None:
    """2024: new are B and C (A and D had care in 2023); gone are A and C (B and D had care in 2025): 2 / 2.

    2023: A and D are new, and both had care in 2024, so nobody is gone: no value. 2025: E is new, and of B, D and E
    nobody has care in 2026 yet: 1 / 3.
    """
    rows = figures_on("2026-01-01", *FIVE_YOUTHS)

    assert told_of(rows, "inflow_outflow_ratio", "2024") == (2, 2, "final", 0)
    assert told_of(rows, "inflow_outflow_ratio", "2023") == (2, 0, "final", 0)
    assert told_of(rows, "inflow_outflow_ratio", "2025") == (1, 3, "provisional", 0)


def test_the_outflow_of_a_year_is_not_final_before_the_next_year_is_over() -> None:
    """On 30 June 2025 B has not come back yet: A, B and C are gone, and the figure says it is provisional."""
    rows = figures_on("2025-06-30", *FIVE_YOUTHS)

    assert told_of(rows, "inflow_outflow_ratio", "2024") == (2, 3, "provisional", 0)
    assert told_of(figures_on("2025-07-01", *FIVE_YOUTHS), "inflow_outflow_ratio", "2024") == (2, 2, "provisional", 0)


def test_the_outflow_of_a_team_is_of_those_whose_last_care_day_was_there() -> None:
    """Noord to 30 June 2024, zuid after; care ends on 30 September 2024: new and gone in zuid."""
    told = [lives_in("noord"), lives_in("zuid", "2024-07-01"), *care("2024-02-01", "2024-09-30")]

    rows = figures_on("2026-01-01", *told)

    assert told_of(rows, "inflow_outflow_ratio", "2024", "zuid") == (1, 1, "final", 0)
    assert told_of(rows, "inflow_outflow_ratio", "2024", "noord") is None


def test_who_stays_and_moves_in_the_next_year_is_no_outflow_of_the_old_team() -> None:
    """Care from 2024 on, moved on 1 March 2025: nobody is gone from noord in 2024, nor new in zuid in 2025.

    Up to 31 December 2025 no day of 2026 has been, so the youth is among those of 2025 without care in 2026.
    """
    told = [lives_in("noord"), lives_in("zuid", "2025-03-01"), *care("2024-02-01")]

    rows = figures_on("2025-12-31", *told)

    assert told_of(rows, "inflow_outflow_ratio", "2024", "noord") == (1, 0, "provisional", 0)
    assert told_of(rows, "inflow_outflow_ratio", "2025", "zuid") == (0, 1, "provisional", 0)
    assert told_of(rows, "inflow_outflow_ratio", "2024", "zuid") is None
    assert told_of(figures_on("2026-01-01", *told), "inflow_outflow_ratio", "2025", "zuid") is None


def test_a_youth_is_in_care_of_every_provider_it_has() -> None:
    """Groups by provider do not add up: one youth at two providers is one in each, and one in the municipality."""
    told = [*care("2024-02-01"), *care("2024-02-01", indication="0153-2", provider=Q, product=MENTAL_HEALTH)]

    rows = figures_on("2024-03-01", *told)

    found = {group: told_of(rows, "in_care", "2024-02", group) for group in (MUNICIPALITY, P, Q, "mental-health")}
    assert found == dict.fromkeys(found, (1, 1, "final", 0))
