"""When the nightly run comes: at the same time of the civil day in Amsterdam, winter and summer."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


def time_of_day(text: str) -> time:
    """`HH:MM`; raises `ValueError` when it is no time of the day."""
    return datetime.strptime(text, "%H:%M").time()  # noqa: DTZ007  # a time of the day has no zone of its own


def next_run(now: datetime, at: time) -> datetime:
    """The next instant after `now` (with its zone) at which a clock in Amsterdam shows `at`, in UTC.

    A time that the clock skips in March comes an hour later; one that it shows twice in October comes once.
    """
    day = now.astimezone(AMSTERDAM).date()
    planned = datetime.combine(day, at, AMSTERDAM).astimezone(UTC)
    if planned <= now:
        planned = datetime.combine(day + timedelta(days=1), at, AMSTERDAM).astimezone(UTC)
    return planned
