"""Stories of waiting: from the granted first day to the first start, with those who still wait or never will start.

Kaplan and Meier by hand: at each number of days on which somebody started, the share that still waits is multiplied
by 1 − started / still waiting. Who is censored on that number of days was waiting on it. The median is the least
number of days at which at most half still wait.
"""

import pytest

from tests import builders
from tests.builders import Statement
from tests.figure_stories import TRANSPORT, P, Q, Told, figure_in, figures_on, lives_in, told_of


def grant(first_day: str, last_day: str | None = None, start: str | None = None, **more: str) -> list[Statement]:
    """An indication that was granted and, when a start is given, begun; of a youth of its own unless one is given."""
    youth = more.get("youth", f"{first_day}{start}{last_day}").ljust(32, "0")
    told = [
        builders.granted(
            youth=youth,
            first_day=first_day,
            last_day=last_day,
            provider=more.get("provider", P),
            product=more.get("product", "45A04"),
        )
    ]
    return [*told, builders.started(youth=youth, first_day=start, provider=None, product=None)] if start else told


def median(on: str, *told: list[Statement], quarter: str = "2024Q1", group: str = "0153") -> Told | None:
    """The median of a quarter on a day: days, how many were granted, status, and how many still wait."""
    rows = figures_on(on, *[statement for statements in told for statement in statements])
    return told_of(rows, "waiting_days_median", quarter, group)


def test_one_that_started_after_ten_days_waited_ten_days() -> None:
    """Granted from 8 January, begun on the 18th."""
    assert median("2024-04-01", grant("2024-01-08", start="2024-01-18")) == (10, 1, "final", 0)


def test_a_start_before_the_grant_is_no_wait() -> None:
    """Care that began on 2 January under a grant from the 8th: 0 days."""
    assert median("2024-04-01", grant("2024-01-08", start="2024-01-02")) == (0, 1, "final", 0)


def test_a_start_after_the_granted_last_day_ends_no_wait_however_the_days_of_the_grant_lie() -> None:
    """A grant that ends on 3 October and begins on 31 December is a slip; begun on the 12th, nobody waited under it."""
    slip = grant("2024-12-31", "2024-10-03", start="2024-10-12")

    found = figure_in(figures_on("2025-12-08", *slip), "waiting_days_median", "2024Q4", "0153")
    assert found is not None
    assert (found.value, found.denominator, found.status) == (None, 1, "final")


def test_the_median_is_reached_when_half_have_started() -> None:
    """Starts after 5 and 10 days, the third waits: 1 − 1/3 = 2/3 after 5 and 2/3 · 1/2 = 1/3 after 10 days."""
    told = [
        grant("2024-01-01", start="2024-01-06"),
        grant("2024-01-01", start="2024-01-11"),
        grant("2024-01-01"),
    ]

    assert median("2024-04-01", *told) == (10, 3, "provisional", 1)


def test_exactly_half_is_reached() -> None:
    """One of two started after 5 days: 1/2 still wait, which is at most a half."""
    assert median("2024-04-01", grant("2024-01-01", start="2024-01-06"), grant("2024-01-01")) == (
        5,
        2,
        "provisional",
        1,
    )


def test_a_median_that_is_not_reached_has_no_value() -> None:
    """One of three started: 2/3 still wait, whatever the day; nought days without a value."""
    told = [grant("2024-01-01", start="2024-01-06"), grant("2024-01-01"), grant("2024-01-01", "2024-12-31")]

    rows = figures_on("2024-04-01", *[one for each in told for one in each])

    row = figure_in(rows, "waiting_days_median", "2024Q1")
    assert row is not None
    assert (row.numerator, row.denominator, row.value, row.status, row.pending) == (0, 3, None, "provisional", 2)


def test_who_left_the_row_before_a_start_does_not_count_at_it() -> None:
    """A grant of 1-3 January was never begun: censored at 2 days. Starts after 5 and 10: 1/2 after 5 days."""
    told = [
        grant("2024-01-01", "2024-01-03"),
        grant("2024-01-01", start="2024-01-06"),
        grant("2024-01-01", start="2024-01-11"),
    ]

    assert median("2024-04-01", *told) == (5, 3, "final", 0)


def test_who_left_the_row_on_the_day_of_a_start_still_counts_at_it() -> None:
    """A grant of 1-6 January, never begun: censored at 5 days. Starts after 5 and 10: 2/3 after 5, 0 after 10."""
    told = [
        grant("2024-01-01", "2024-01-06"),
        grant("2024-01-01", start="2024-01-06"),
        grant("2024-01-01", start="2024-01-11"),
    ]

    assert median("2024-04-01", *told) == (10, 3, "final", 0)


def test_who_waits_on_the_last_granted_day_still_waits_and_the_day_after_no_more() -> None:
    """Pending are those neither started nor past their last day."""
    told = [grant("2024-01-01", "2024-02-10"), grant("2024-01-01", start="2024-01-06")]

    assert median("2024-02-10", *told) == (5, 2, "provisional", 1)
    assert median("2024-02-11", *told) == (5, 2, "provisional", 0)
    assert median("2024-04-01", *told) == (5, 2, "final", 0)


def test_a_start_after_the_granted_last_day_ends_no_wait() -> None:
    """Granted for 1-10 January, begun on the 31st: censored at 9 days for good, or a final figure would change."""
    told = grant("2024-01-01", "2024-01-10", start="2024-01-31")

    rows = figures_on("2024-01-30", *told)

    found = figure_in(rows, "waiting_days_median", "2024Q1")
    assert found is not None
    assert found.value is None
    assert median("2024-01-31", told) == (0, 1, "provisional", 0)


def test_a_start_that_lies_ahead_is_still_waiting() -> None:
    """On 17 January one waits; on the 18th it has started after 10 days."""
    told = grant("2024-01-08", start="2024-01-18")

    assert median("2024-01-17", told) == (0, 1, "provisional", 1)
    assert median("2024-01-18", told) == (10, 1, "provisional", 0)


def test_a_grant_counts_from_its_first_day() -> None:
    """A grant from 8 January is in no figure on 7 January."""
    assert median("2024-01-07", grant("2024-01-08")) is None
    assert median("2024-01-08", grant("2024-01-08")) == (0, 1, "provisional", 1)


def test_the_quarter_is_that_of_the_first_day_of_the_newest_grant() -> None:
    """Granted from 20 March, moved by a newer grant to 10 April: begun on the 15th, 5 days in the second quarter."""
    told = [
        builders.granted(first_day="2024-03-20"),
        builders.granted(first_day="2024-04-10", granted_at="2024-03-25T09:00:00", change_reason="09"),
        builders.started(first_day="2024-04-15"),
    ]

    assert median("2024-07-01", told) is None
    assert median("2024-07-01", told, quarter="2024Q2") == (5, 1, "final", 0)


def test_what_does_not_count_as_care_waits_for_nothing() -> None:
    """Transport is granted, but nobody waits for youth help (domain.md §3.4)."""
    assert median("2024-04-01", grant("2024-01-08", product=TRANSPORT)) is None


def test_a_deleted_indication_never_waited() -> None:
    """Change reason 13."""
    told = [
        builders.granted(first_day="2024-01-08"),
        builders.granted(first_day="2024-01-08", granted_at="2024-02-01T09:00:00", change_reason="13"),
    ]

    assert median("2024-04-01", told) is None


def test_waits_are_told_by_provider() -> None:
    """10 days at P, 20 at Q: the median of both together is 10, when half have started."""
    told = [
        grant("2024-01-08", start="2024-01-18"),
        grant("2024-01-08", start="2024-01-28", provider=Q),
    ]

    assert median("2024-04-01", *told) == (10, 2, "final", 0)
    assert median("2024-04-01", *told, group=P) == (10, 1, "final", 0)
    assert median("2024-04-01", *told, group=Q) == (20, 1, "final", 0)


@pytest.mark.parametrize(("moved", "team"), [("2024-01-08", "zuid"), ("2024-01-09", "noord")])
def test_waiting_is_in_the_team_of_the_granted_first_day(moved: str, team: str) -> None:
    """A move while waiting takes nothing along."""
    told = [
        lives_in("noord", youth="a" * 32),
        lives_in("zuid", moved, youth="a" * 32),
        *grant("2024-01-08", start="2024-01-18", youth="a" * 32),
    ]

    assert median("2024-04-01", told, group=team) == (10, 1, "final", 0)
    assert median("2024-04-01", told, group="zuid" if team == "noord" else "noord") is None


def test_without_a_team_of_the_youth_waiting_is_in_that_of_the_indication() -> None:
    """Nobody registered the youth, and the grant names a team."""
    told = [builders.granted(first_day="2024-01-08", team="west")]

    assert median("2024-04-01", told, group="west") == (0, 1, "provisional", 1)
