"""Stories of stacking: three on one day, a year instead of a month, and groups that cannot stack alone.

The expected numbers are worked out by hand from domain.md §5 and decision 0015.
"""

import pytest

from tests.builders import OTHER_YOUTH
from tests.figure_stories import (
    AMBULATORY,
    FOSTER_CARE,
    MENTAL_HEALTH,
    RESIDENCE,
    TRANSPORT,
    P,
    Q,
    R,
    Told,
    care,
    figures_on,
    lives_in,
    told_of,
)


@pytest.mark.parametrize(
    ("third_begins", "peak"),
    [
        ("2024-03-20", (1, 1, "final", 0)),  # the last day of the first: three on 20 March
        ("2024-03-21", None),  # the day after: never more than two
    ],
)
def test_a_peak_is_three_provisions_on_one_day(third_begins: str, peak: Told | None) -> None:
    """P 1-20 March, Q 10-31 March, R from the 20th or 21st: three in the month, and on one day only the first."""
    told = [
        *care("2024-03-01", "2024-03-20"),
        *care("2024-03-10", "2024-03-31", indication="0153-2", provider=Q),
        *care(third_begins, "2024-03-25", indication="0153-3", provider=R, product=MENTAL_HEALTH),
    ]

    rows = figures_on("2024-04-01", *told)

    assert told_of(rows, "stacking_mean", "2024-03") == (3, 1, "final", 0)
    assert told_of(rows, "stacking_peak", "2024-03") == peak


def test_a_peak_is_of_the_months_that_have_such_a_day() -> None:
    """Three from 28 February to 2 March: a peak in both months, and none in April with two that go on."""
    told = [
        *care("2024-01-01"),
        *care("2024-01-01", indication="0153-2", provider=Q),
        *care("2024-02-28", "2024-03-02", indication="0153-3", provider=R),
    ]

    rows = figures_on("2024-05-01", *told)

    peaks = [told_of(rows, "stacking_peak", f"2024-0{month}") for month in (1, 2, 3, 4)]
    assert peaks == [None, (1, 1, "final", 0), (1, 1, "final", 0), None]


def test_a_peak_that_lies_ahead_is_not_counted_yet() -> None:
    """A period is counted up to the day asked: on 19 March the third has not begun."""
    told = [
        *care("2024-03-01"),
        *care("2024-03-01", indication="0153-2", provider=Q),
        *care("2024-03-20", indication="0153-3", provider=R),
    ]

    assert told_of(figures_on("2024-03-19", *told), "stacking_peak", "2024-03") is None
    assert told_of(figures_on("2024-03-20", *told), "stacking_peak", "2024-03") == (1, 1, "provisional", 0)


def test_care_beside_a_residence_of_the_same_provider_makes_no_peak() -> None:
    """Residence at R hides guidance and mental health care at R: with P there are two, not four (§10.7)."""
    told = [
        *care("2024-03-01", indication="0153-1", provider=R, product=RESIDENCE),
        *care("2024-03-01", indication="0153-2", provider=R),
        *care("2024-03-01", indication="0153-3", provider=R, product=MENTAL_HEALTH),
        *care("2024-03-01", indication="0153-4", provider=P),
    ]

    rows = figures_on("2024-04-01", *told)

    assert told_of(rows, "stacking_mean", "2024-03") == (2, 1, "final", 0)
    assert told_of(rows, "stacking_peak", "2024-03") is None


def test_care_of_the_same_provider_before_its_residence_counts_on_those_days() -> None:
    """Guidance at R from 1 March, a residence at R from the 15th: hidden from then on, but it counted before: two."""
    told = [
        *care("2024-03-01", provider=R),
        *care("2024-03-15", indication="0153-2", provider=R, product=RESIDENCE),
    ]

    rows = figures_on("2024-05-01", *told)

    assert told_of(rows, "stacking_mean", "2024-03") == (2, 1, "final", 0)
    assert told_of(rows, "stacking_share", "2024-04") == (0, 1, "final", 0)


def test_an_unknown_provider_is_never_the_same_provider() -> None:
    """A residence and guidance, both of a provider that nobody stated: two."""
    told = [
        *care("2024-03-01", provider=None, product=RESIDENCE),
        *care("2024-03-01", indication="0153-2", provider=None, product=AMBULATORY),
    ]

    assert told_of(figures_on("2024-04-01", *told), "stacking_mean", "2024-03") == (2, 1, "final", 0)


def test_two_residences_at_one_provider_are_two() -> None:
    """Only what is not residential is hidden: foster care and a residence at R stack."""
    told = [
        *care("2024-03-01", provider=R, product=RESIDENCE),
        *care("2024-03-01", indication="0153-2", provider=R, product=FOSTER_CARE),
    ]

    assert told_of(figures_on("2024-04-01", *told), "stacking_mean", "2024-03") == (2, 1, "final", 0)


def test_transport_and_allowances_stack_with_nothing() -> None:
    """Forms that are not stackable do not count: one provision of one youth."""
    told = [
        *care("2024-03-01"),
        *care("2024-03-01", indication="0153-2", provider=Q, product=TRANSPORT),
        *care("2024-03-01", indication="0153-3", provider=R, product="43A58"),
    ]

    rows = figures_on("2024-04-01", *told)

    assert told_of(rows, "stacking_share", "2024-03") == (0, 1, "final", 0)
    assert told_of(rows, "stacking_mean", "2024-03") is None


def test_the_mean_is_over_stacked_youths_alone() -> None:
    """One youth with three and one with two: 5 provisions over 2 youths; the third has one: 2 of 3 are stacked."""
    told = [
        *care("2024-03-01"),
        *care("2024-03-01", indication="0153-2", provider=Q),
        *care("2024-03-01", indication="0153-3", provider=R),
        *care("2024-03-01", youth=OTHER_YOUTH),
        *care("2024-03-01", indication="0153-2", provider=Q, youth=OTHER_YOUTH),
        *care("2024-03-01", youth="c" * 32),
    ]

    rows = figures_on("2024-04-01", *told)

    assert told_of(rows, "stacking_mean", "2024-03") == (5, 2, "final", 0)
    assert told_of(rows, "stacking_share", "2024-03") == (2, 3, "final", 0)
    assert told_of(rows, "stacking_peak", "2024-03") == (1, 1, "final", 0)


def test_in_a_year_two_provisions_stack_that_never_met() -> None:
    """Kennispunt: January to March at P and October to December at Q are two in 2024 and one in every month."""
    told = [
        *care("2024-01-01", "2024-03-31"),
        *care("2024-10-01", "2024-12-31", indication="0153-2", provider=Q),
    ]

    rows = figures_on("2025-01-01", *told)

    assert told_of(rows, "stacking_share", "2024") == (1, 1, "final", 0)
    assert told_of(rows, "stacking_mean", "2024") == (2, 1, "final", 0)
    assert told_of(rows, "stacking_share", "2024-03") == (0, 1, "final", 0)
    assert told_of(rows, "stacking_share", "2024-10") == (0, 1, "final", 0)


def test_a_renewal_in_another_year_is_the_same_provision() -> None:
    """P to 31 December and renewed at P in January: one in each year."""
    told = [*care("2024-01-01", "2024-12-31"), *care("2025-01-01", indication="0153-2")]

    rows = figures_on("2025-03-01", *told)

    assert told_of(rows, "stacking_share", "2024") == (0, 1, "final", 0)
    assert told_of(rows, "stacking_share", "2025") == (0, 1, "provisional", 0)


def test_a_year_is_stacked_from_the_second_provision_on() -> None:
    """P from January, Q from 10 June: on 9 June one, on 10 June two."""
    told = [*care("2024-01-01"), *care("2024-06-10", indication="0153-2", provider=Q)]

    assert told_of(figures_on("2024-06-09", *told), "stacking_share", "2024") == (0, 1, "provisional", 0)
    assert told_of(figures_on("2024-06-10", *told), "stacking_share", "2024") == (1, 1, "provisional", 0)
    assert told_of(figures_on("2024-06-10", *told), "stacking_mean", "2024") == (2, 1, "provisional", 0)


def test_at_a_provider_a_youth_stacks_with_all_its_provisions() -> None:
    """One provider alone cannot stack: in the group of P the youth counts with P and Q, also in that of Q."""
    told = [*care("2024-03-01"), *care("2024-03-10", indication="0153-2", provider=Q, product=MENTAL_HEALTH)]

    rows = figures_on("2024-04-01", *told)

    for group in (P, Q, "ambulatory", "mental-health"):
        assert told_of(rows, "stacking_share", "2024-03", group) == (1, 1, "final", 0)
        assert told_of(rows, "stacking_mean", "2024-03", group) == (2, 1, "final", 0)
        assert told_of(rows, "stacking_share", "2024", group) == (1, 1, "provisional", 0)


def test_a_provider_without_a_care_day_in_the_month_has_no_stacked_youth() -> None:
    """Q ended on 29 February: in March the youth stacks P and R, and no longer in the group of Q."""
    told = [
        *care("2024-02-01"),
        *care("2024-02-01", "2024-02-29", indication="0153-2", provider=Q),
        *care("2024-03-01", indication="0153-3", provider=R),
    ]

    rows = figures_on("2024-04-01", *told)

    assert told_of(rows, "stacking_mean", "2024-02", Q) == (2, 1, "final", 0)
    assert told_of(rows, "stacking_mean", "2024-03", Q) is None
    assert told_of(rows, "stacking_mean", "2024-03", R) == (2, 1, "final", 0)
    assert told_of(rows, "stacking_mean", "2024-03", P) == (2, 1, "final", 0)


def test_the_peak_of_a_provider_needs_a_care_day_of_it_in_the_month() -> None:
    """Three from 1 to 10 March; Q's youth has its peak in March, and R, which only began on the 20th, tells it too."""
    told = [
        *care("2024-03-01"),
        *care("2024-03-01", "2024-03-10", indication="0153-2", provider=Q),
        *care("2024-03-01", "2024-03-10", indication="0153-3", provider=Q, product=MENTAL_HEALTH),
        *care("2024-03-20", indication="0153-4", provider=R),
    ]

    early, late = figures_on("2024-03-19", *told), figures_on("2024-04-01", *told)

    assert told_of(early, "stacking_peak", "2024-03", Q) == (1, 1, "provisional", 0)
    assert told_of(early, "stacking_peak", "2024-03", R) is None
    assert told_of(late, "stacking_peak", "2024-03", R) == (1, 1, "final", 0)


def test_stacking_goes_to_the_team_of_the_last_care_day() -> None:
    """Stacked in noord, moved on 20 March with care after it: the month is zuid's."""
    told = [
        lives_in("noord"),
        lives_in("zuid", "2024-03-20"),
        *care("2024-03-01"),
        *care("2024-03-01", "2024-03-10", indication="0153-2", provider=Q),
    ]

    rows = figures_on("2024-04-01", *told)

    assert told_of(rows, "stacking_share", "2024-03", "zuid") == (1, 1, "final", 0)
    assert told_of(rows, "stacking_share", "2024-03", "noord") is None
