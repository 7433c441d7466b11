"""Which day a sweep goes by when the clock may be wrong (domain.md §7: a missed night loses nothing, and no avalanche).

Two rules. Days do not go back: a clock that shows an earlier day than the last sweep is not believed. A clock that
jumps further ahead than the municipality's limit is not believed either, until somebody confirms that day; a service
that stood still for months is started with that confirmation.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

DAYS_MAX = 8
"""How many days a sweep may lie after the one before it, unless the municipality says otherwise."""


class ClockRefusal(StrEnum):
    """Why a day is not believed."""

    BACKWARD = "backward"
    FORWARD = "forward"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedDay:
    """The day to go by, and why it is not the clock's."""

    day: date
    refused: ClockRefusal | None = None


def trusted_day(today: date, last_swept: date | None, accepted: date | None, days_max: int) -> TrustedDay:
    """The day to go by when the clock says `today`; without a sweep before it every clock is believed.

    `accepted` is the latest day that somebody confirmed. A day that is refused gives the last day swept.
    """
    if last_swept is None:
        return TrustedDay(day=today)
    if today < last_swept:
        return TrustedDay(day=last_swept, refused=ClockRefusal.BACKWARD)
    if (today - last_swept).days > days_max and (accepted is None or accepted < today):
        return TrustedDay(day=last_swept, refused=ClockRefusal.FORWARD)
    return TrustedDay(day=today)
