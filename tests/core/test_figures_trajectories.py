"""Stories of trajectories: switches, how long they last, and with what history care begins.

The expected numbers are worked out by hand from domain.md §4 and §6, and decision 0015.
"""

import pytest

from tests.builders import OTHER_YOUTH
from tests.figure_stories import (
    MENTAL_HEALTH,
    RESIDENCE,
    P,
    Q,
    R,
    Told,
    care,
    figures_on,
    lives_in,
    told_of,
)

SWITCHES = ("switches_mean", "switches_mean.provider", "switches_mean.care_form")


@pytest.mark.parametrize(
    ("provider", "product", "switches"),
    [
        (Q, "45A04", (1, 1, 0)),  # another provider
        (P, MENTAL_HEALTH, (1, 0, 1)),  # another form
        (Q, MENTAL_HEALTH, (1, 1, 1)),  # both: one replacement, once in each
        (P, "45A04", (0, 0, 0)),  # a renewal of the same provision
    ],
)
def test_a_switch_is_counted_once_and_by_what_differs(
    provider: str, product: str, switches: tuple[int, int, int]
) -> None:
    """P gives guidance to 29 February; from 1 March something replaces it."""
    told = [
        *care("2024-01-01", "2024-02-29"),
        *care("2024-03-01", indication="0153-2", provider=provider, product=product),
    ]

    rows = figures_on("2024-04-01", *told)

    found = [told_of(rows, indicator, "2024Q1") for indicator in SWITCHES]
    assert found == [(number, 1, "final", 0) for number in switches]


@pytest.mark.parametrize(
    ("next_begins", "switches"),
    [
        ("2024-03-03", 1),  # 1 February - 2 March lie between: 29 + 2 = 31 days, the paper gap
        ("2024-03-04", 0),  # 32 days between
        ("2024-01-18", 1),  # 18-31 January overlap: 14 days, a hand-over
        ("2024-01-17", 0),  # 15 days together are stacking
    ],
)
def test_a_replacement_comes_within_the_paper_gap_or_a_hand_over(next_begins: str, switches: int) -> None:
    """P ends on 31 January 2024; Q begins some days later or earlier."""
    told = [*care("2024-01-01", "2024-01-31"), *care(next_begins, indication="0153-2", provider=Q)]

    assert told_of(figures_on("2024-04-01", *told), "switches_mean", "2024Q1") == (switches, 1, "final", 0)


def test_switches_are_those_so_far_of_trajectories_that_run_on_the_last_day() -> None:
    """Two youths run on 31 March, one with one switch; a third ended on 30 March with a switch of its own: 1 / 2.

    The switch of May is in the second quarter: then the first youth has two, and 2 / 2.
    """
    told = [
        *care("2024-01-01", "2024-01-31"),
        *care("2024-02-01", "2024-04-30", indication="0153-2", provider=Q),
        *care("2024-05-01", indication="0153-3", provider=R),
        *care("2024-01-01", youth=OTHER_YOUTH),
        *care("2024-01-01", "2024-01-31", youth="c" * 32),
        *care("2024-02-01", "2024-03-30", youth="c" * 32, indication="0153-2", provider=Q),
    ]

    rows = figures_on("2024-07-01", *told)

    assert told_of(rows, "switches_mean", "2024Q1") == (1, 2, "final", 0)
    assert told_of(rows, "switches_mean", "2024Q2") == (2, 2, "final", 0)


def test_switches_go_on_counting_after_a_return_and_start_anew_after_inflow() -> None:
    """P to Q in February, care ends on 31 March; back on 1 June within six months: still one switch in its trajectory.

    Back on 1 October, after 30 September: a trajectory of its own without switches.
    """
    before = [*care("2024-01-01", "2024-01-31"), *care("2024-02-01", "2024-03-31", indication="0153-2", provider=Q)]
    returned = [*before, *care("2024-06-01", indication="0153-3")]
    anew = [*before, *care("2024-10-01", indication="0153-3")]

    assert told_of(figures_on("2024-07-01", *returned), "switches_mean", "2024Q2") == (1, 1, "final", 0)
    assert told_of(figures_on("2025-01-01", *anew), "switches_mean", "2024Q4") == (0, 1, "final", 0)
    assert told_of(figures_on("2024-07-01", *before), "switches_mean", "2024Q2") is None


def test_by_provider_a_trajectory_counts_whole_where_its_care_covers_the_day() -> None:
    """P to Q on 1 March: on 31 March the trajectory, with its switch, is in the group of Q and not in that of P."""
    told = [*care("2024-01-01", "2024-02-29"), *care("2024-03-01", indication="0153-2", provider=Q)]

    rows = figures_on("2024-04-01", *told)

    assert told_of(rows, "switches_mean.provider", "2024Q1", Q) == (1, 1, "final", 0)
    assert told_of(rows, "switches_mean.provider", "2024Q1", P) is None
    # First day 1 January: 31 + 29 + 31 = 91 days, those at P too.
    assert told_of(rows, "duration_median.running", "2024Q1", Q) == (91, 1, "final", 0)


# Running on 31 March 2024 since the 22nd, 12th and 2nd: 10, 20 and 30 days.
THREE_RUNNING = [
    *care("2024-03-22", youth="a" * 32),
    *care("2024-03-12", youth="b" * 32),
    *care("2024-03-02", youth="c" * 32),
]


def test_running_durations_are_nearest_ranks() -> None:
    """Of 10, 20 and 30 days the median is the second (least rank of 1.5) and the ninetieth the third (of 2.7)."""
    rows = figures_on("2024-04-01", *THREE_RUNNING)

    assert told_of(rows, "duration_median.running", "2024Q1") == (20, 3, "final", 0)
    assert told_of(rows, "duration_p90.running", "2024Q1") == (30, 3, "final", 0)


def test_running_durations_grow_by_a_day_a_day() -> None:
    """In the quarter under way they are counted up to the day asked: on 10 May each is 40 days longer."""
    rows = figures_on("2024-05-10", *THREE_RUNNING)

    assert told_of(rows, "duration_median.running", "2024Q2") == (60, 3, "provisional", 0)
    assert told_of(rows, "duration_median.running", "2024Q1") == (20, 3, "final", 0)


def test_ten_trajectories_have_their_ninth_as_ninetieth_percentile() -> None:
    """Durations of 1 to 10 days on 31 March: the fifth and the ninth."""
    told = [one for day in range(22, 32) for one in care(f"2024-03-{day}", youth=f"{day:032d}")]

    rows = figures_on("2024-04-01", *told)

    assert told_of(rows, "duration_median.running", "2024Q1") == (5, 10, "final", 0)
    assert told_of(rows, "duration_p90.running", "2024Q1") == (9, 10, "final", 0)


def test_a_care_period_has_ended_on_the_day_after_its_last() -> None:
    """1 January - 30 March is 90 days, ended on 31 March; a day longer it is 91 and ended in the second quarter."""
    short, longer = care("2024-01-01", "2024-03-30"), care("2024-01-01", "2024-03-31")

    assert told_of(figures_on("2024-03-30", *short), "duration_median.ended", "2024Q1") is None
    assert told_of(figures_on("2024-03-31", *short), "duration_median.ended", "2024Q1") == (90, 1, "provisional", 0)
    assert told_of(figures_on("2024-07-01", *longer), "duration_median.ended", "2024Q1") is None
    assert told_of(figures_on("2024-07-01", *longer), "duration_median.ended", "2024Q2") == (91, 1, "final", 0)


def test_ten_ended_care_periods_have_their_ninth_as_ninetieth_percentile() -> None:
    """Of 1 to 10 days, all begun on 1 March: 9, and the median is 5."""
    told = [one for day in range(1, 11) for one in care("2024-03-01", f"2024-03-{day:02d}", youth=f"{day:032d}")]

    rows = figures_on("2024-04-01", *told)

    assert told_of(rows, "duration_median.ended", "2024Q1") == (5, 10, "final", 0)
    assert told_of(rows, "duration_p90.ended", "2024Q1") == (9, 10, "final", 0)


def test_an_ended_duration_is_of_the_care_period_with_its_pauses() -> None:
    """Worked example 4: 1 March - 31 May with a pause is 92 days; an earlier period of the trajectory is another."""
    told = [
        *care("2024-01-01", "2024-01-10", indication="0153-2"),
        *care("2024-03-01", "2024-03-20", "20"),
        *care("2024-04-15", "2024-05-31"),
    ]

    rows = figures_on("2024-07-01", *told)

    assert told_of(rows, "duration_median.ended", "2024Q1") == (10, 1, "final", 0)
    assert told_of(rows, "duration_median.ended", "2024Q2") == (92, 1, "final", 0)


def test_an_ended_care_period_is_in_the_team_of_its_last_day() -> None:
    """Moved on the day after."""
    told = [lives_in("noord"), lives_in("zuid", "2024-03-31"), *care("2024-01-01", "2024-03-30")]

    rows = figures_on("2024-04-01", *told)

    assert told_of(rows, "duration_p90.ended", "2024Q1", "noord") == (90, 1, "final", 0)
    assert told_of(rows, "duration_p90.ended", "2024Q1", "zuid") is None


def test_a_running_trajectory_is_in_the_team_of_the_last_day_of_the_quarter() -> None:
    """Moved on 31 March: it is running in zuid, as long as it was."""
    told = [lives_in("noord"), lives_in("zuid", "2024-03-31"), *care("2024-01-01")]

    rows = figures_on("2024-04-01", *told)

    assert told_of(rows, "duration_median.running", "2024Q1", "zuid") == (91, 1, "final", 0)
    assert told_of(rows, "duration_median.running", "2024Q1", "noord") is None


def shares(rows: object, year: str, group: str = "0153") -> tuple[Told | None, ...]:
    """New, repeat and crisis of a year."""
    assert isinstance(rows, tuple)
    return tuple(told_of(rows, name, year, group) for name in ("new_share", "repeat_share", "crisis_share"))


@pytest.mark.parametrize(
    ("again", "new", "repeat"),
    [("2024-03-15", 0, 1), ("2024-03-16", 1, 0)],
)
def test_care_begun_within_five_years_is_a_repeat(again: str, new: int, repeat: int) -> None:
    """Ended on 15 March 2019: sixty months later is 15 March 2024, the last day on which care is a repeat."""
    told = [*care("2019-01-01", "2019-03-15"), *care(again, indication="0153-2")]

    found = shares(figures_on("2025-01-01", *told), "2024")

    assert found == ((new, 1, "final", 0), (repeat, 1, "final", 0), (0, 1, "final", 0))


@pytest.mark.parametrize(
    ("coverage", "new"),
    [
        ("2019-05-01", (1, 1, "final", 0)),  # five years are covered on 1 May 2024
        ("2019-05-02", (0, 1, "provisional", 1)),  # a day is missing: unknown
    ],
)
def test_less_than_five_years_after_the_feed_began_it_is_unknown_who_is_new(coverage: str, new: Told) -> None:
    """First known care on 1 May 2024: in neither numerator, but in the denominator and pending."""
    found = shares(figures_on("2025-01-01", *care("2024-05-01"), coverage=coverage), "2024")

    assert found[0] == new
    assert found[1] == (0, 1, *new[2:])


def test_known_earlier_care_is_a_repeat_however_short_the_feed() -> None:
    """The feed is complete since 2023, and care of 2022 was told all the same."""
    told = [*care("2022-01-01", "2022-06-30"), *care("2024-02-01", indication="0153-2")]

    found = shares(figures_on("2025-01-01", *told, coverage="2023-01-01"), "2024")

    assert found[:2] == ((0, 1, "final", 0), (1, 1, "final", 0))


def test_of_two_periods_begun_in_a_year_the_second_is_a_repeat() -> None:
    """New in January, ended in February, back in November: of two begun periods one new and one repeat."""
    told = [*care("2024-01-08", "2024-02-29"), *care("2024-11-01", indication="0153-2")]

    found = shares(figures_on("2025-01-01", *told), "2024")

    assert found[:2] == ((1, 2, "final", 0), (1, 2, "final", 0))


def test_care_that_only_changes_begins_no_period() -> None:
    """A follow-up that adjoins begins nothing: one begun period, and none in the year in which it merely goes on."""
    told = [*care("2023-06-01", "2024-03-31"), *care("2024-04-01", indication="0153-2", provider=Q)]

    rows = figures_on("2025-01-01", *told)

    assert told_of(rows, "new_share", "2023") == (1, 1, "final", 0)
    assert told_of(rows, "new_share", "2024") is None


@pytest.mark.parametrize(
    ("told", "crisis"),
    [
        (care("2024-02-01", crisis=True), 1),  # stated with the start
        (care("2024-02-01", product="46A01"), 1),  # the form says so
        (care("2024-02-01", product="46A02"), 1),  # a stay in a crisis
        (care("2024-02-01"), 0),
        ([*care("2024-02-01"), *care("2024-02-01", indication="0153-2", product="46A02")], 1),  # one of two that begin
        ([*care("2024-02-01"), *care("2024-02-02", indication="0153-2", product="46A02")], 0),  # a day later
    ],
)
def test_a_period_begins_in_crisis_when_crisis_care_begins_with_it(told: list[dict[str, object]], crisis: int) -> None:
    """An indication whose running days begin on the period's first day is crisis care."""
    rows = figures_on("2025-01-01", *told)

    assert told_of(rows, "crisis_share", "2024") == (crisis, 1, "final", 0)


def test_a_form_has_its_own_begun_periods() -> None:
    """Guidance since 2023, a crisis stay from May 2024: nothing begins in 2024 but in the form of the stay."""
    told = [*care("2023-06-01"), *care("2024-05-01", indication="0153-2", product="46A02", provider=R)]

    rows = figures_on("2025-01-01", *told)

    assert shares(rows, "2024") == (None, None, None)
    assert shares(rows, "2024", "crisis-residence") == ((1, 1, "final", 0), (0, 1, "final", 0), (1, 1, "final", 0))


def test_begun_care_is_in_the_team_of_the_last_care_day_of_the_year() -> None:
    """A figure of a period: begun in noord, moved on 1 July with care after it; the year counts it in zuid."""
    told = [lives_in("noord"), lives_in("zuid", "2024-07-01"), *care("2024-02-01", product=RESIDENCE)]

    rows = figures_on("2025-01-01", *told)

    assert shares(rows, "2024", "zuid")[0] == (1, 1, "final", 0)
    assert shares(rows, "2024", "noord")[0] is None
