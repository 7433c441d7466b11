"""A clock that is wrong sweeps nothing."""

from datetime import date

import pytest

from services.alerts.sweeping import ClockRefusal, TrustedDay, trusted_day

LAST = date(2024, 5, 1)


@pytest.mark.parametrize(
    ("today", "accepted", "day", "refused"),
    [
        (date(2024, 5, 1), None, date(2024, 5, 1), None),
        (date(2024, 5, 9), None, date(2024, 5, 9), None),
        (date(2024, 5, 10), None, LAST, ClockRefusal.FORWARD),
        (date(2034, 5, 1), None, LAST, ClockRefusal.FORWARD),
        (date(2024, 4, 30), None, LAST, ClockRefusal.BACKWARD),
        (date(2024, 9, 1), date(2024, 9, 1), date(2024, 9, 1), None),
        (date(2024, 9, 1), date(2024, 8, 31), LAST, ClockRefusal.FORWARD),
    ],
)
def test_a_day_is_believed_within_the_limit_or_when_somebody_confirmed_it(
    today: date, accepted: date | None, day: date, refused: ClockRefusal | None
) -> None:
    """Eight days on at most; never back; a confirmed day whatever the distance."""
    assert trusted_day(today, LAST, accepted, 8) == TrustedDay(day=day, refused=refused)


def test_the_first_sweep_believes_any_clock() -> None:
    """There is nothing to compare with."""
    assert trusted_day(date(2024, 5, 1), None, None, 8) == TrustedDay(day=date(2024, 5, 1))
