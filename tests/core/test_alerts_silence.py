"""When a sender is silent beyond its own habit (decision 0017)."""

from datetime import date, timedelta

import pytest

from services.alerts.silence import Silence, silences

MONDAY = date(2024, 9, 2)


def weekdays(first: date, count: int) -> list[date]:
    """Working days in a row; there is no holiday among them."""
    days = (first + timedelta(days=number) for number in range(count * 2))
    return [day for day in days if day.weekday() < 5][:count]


def test_who_reports_daily_is_silent_on_the_third_working_day_after() -> None:
    """More than twice a habit of one working day, and at least three: a weekend is no silence."""
    arrivals = weekdays(MONDAY, 10)

    (found,) = silences(arrivals)

    assert arrivals[-1] == date(2024, 9, 13)
    assert found == Silence(
        last_arrival=date(2024, 9, 13), habit_working_days=1, first_day=date(2024, 9, 18), last_day=None
    )


def test_who_reports_weekly_is_silent_after_more_than_two_weeks() -> None:
    """The eleventh working day is more than twice five."""
    arrivals = [MONDAY + timedelta(days=7 * number) for number in range(10)]

    (found,) = silences(arrivals)

    assert found.habit_working_days == 5
    assert found.first_day == arrivals[-1] + timedelta(days=15)


def test_a_silence_ends_the_day_before_the_sender_reports_again() -> None:
    """And the longer gap is habit from then on, until it is no longer among the nine last."""
    arrivals = [*weekdays(MONDAY, 10), date(2024, 9, 20)]

    first, second = silences(arrivals)

    assert (first.first_day, first.last_day) == (date(2024, 9, 18), date(2024, 9, 19))
    assert (second.habit_working_days, second.last_day) == (5, None)


@pytest.mark.parametrize(
    "arrivals",
    [
        [],
        weekdays(MONDAY, 9),
        [MONDAY + timedelta(days=11 * number) for number in range(10)],
    ],
)
def test_without_a_habit_there_is_no_silence(arrivals: list[date]) -> None:
    """Fewer than ten days in the 91 up to the last arrival."""
    assert list(silences(arrivals)) == []


def test_holidays_are_no_working_days() -> None:
    """Over Christmas a daily sender has longer."""
    arrivals = weekdays(date(2024, 12, 11), 10)

    (found,) = silences(arrivals)

    assert arrivals[-1] == date(2024, 12, 24)
    assert found.first_day == date(2024, 12, 31)


def test_order_and_repetition_of_arrivals_do_not_matter() -> None:
    """A set of days."""
    arrivals = [*weekdays(MONDAY, 10), date(2024, 9, 20)]

    assert list(silences([*reversed(arrivals), *arrivals])) == list(silences(arrivals))
