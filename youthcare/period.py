"""Civil days and periods.

Two rules. Sources write the last day as included; inside, a period is half-open, and `from_days` is the one
place that turns the first into the second. An open end is `FAR`, a day after any real one, so that the
arithmetic needs no special case; `last_day` turns it back into None.
"""

from calendar import monthrange
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
FAR = date.max
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """The days from `start` up to, not including, `end`."""

    start: date
    end: date

    def __post_init__(self) -> None:
        assert self.start < self.end, "a period has at least one day"

    @property
    def first_day(self) -> date:
        """The first day of the period."""
        return self.start

    @property
    def last_day(self) -> date | None:
        """The last day of the period, included; None while it is open."""
        return None if self.end == FAR else self.end - ONE_DAY

    @property
    def days(self) -> int:
        """Number of days; only asked of closed periods."""
        return (self.end - self.start).days

    def covers(self, day: date) -> bool:
        """Whether the day lies in the period."""
        return self.start <= day < self.end

    def clipped(self, start: date, end: date) -> "Period | None":
        """The part from `start` up to, not including, `end`; None when nothing is left."""
        first, stop = max(self.start, start), min(self.end, end)
        return Period(first, stop) if first < stop else None


def from_days(first_day: date, last_day: date | None) -> Period | None:
    """The half-open period of a first and an included last day; None when it holds no day."""
    end = FAR if last_day is None or last_day >= FAR - ONE_DAY else last_day + ONE_DAY
    return Period(first_day, end) if first_day < end else None


def joined(periods: Iterable[Period], gap_days: int = 0) -> tuple[Period, ...]:
    """The maximal runs of days, gaps of at most `gap_days` days bridged; sorted."""
    runs: list[Period] = []
    for period in sorted(periods):
        if runs and (period.start - runs[-1].end).days <= gap_days:
            runs[-1] = Period(runs[-1].start, max(runs[-1].end, period.end))
        else:
            runs.append(period)
    return tuple(runs)


def without(periods: Iterable[Period], removed: Iterable[Period]) -> tuple[Period, ...]:
    """The days of the first that lie in none of the second; sorted runs."""
    left = list(joined(periods))
    for hole in joined(removed):
        left = [piece for period in left for piece in _around(period, hole)]
    return tuple(left)


def _around(period: Period, hole: Period) -> Iterator[Period]:
    for piece in (period.clipped(period.start, hole.start), period.clipped(hole.end, period.end)):
        if piece is not None:
            yield piece


def days_within(periods: Sequence[Period], start: date, end: date) -> int:
    """Number of days of disjoint periods that lie from `start` up to, not including, `end`."""
    return sum(part.days for period in periods if (part := period.clipped(start, end)) is not None)


def add_months(day: date, months: int) -> date:
    """The same day number `months` on, or that month's last day; never past `FAR` (domain.md §3)."""
    index = day.year * 12 + day.month - 1 + months
    year, month = index // 12, index % 12 + 1
    if year > FAR.year:
        return FAR
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def civil_day(instant: datetime) -> date:
    """The day in Europe/Amsterdam on which a UTC instant falls."""
    assert instant.tzinfo is not None, "instants carry their zone"
    return instant.astimezone(AMSTERDAM).date()


def start_of_day(day: date) -> datetime:
    """The UTC instant at which a civil day in Europe/Amsterdam begins."""
    return datetime(day.year, day.month, day.day, tzinfo=AMSTERDAM).astimezone(UTC)


def month_of(day: date) -> str:
    """The month a day lies in, as `2024-09`."""
    return f"{day.year:04d}-{day.month:02d}"


def quarter_of(day: date) -> str:
    """The quarter a day lies in, as `2024Q3`."""
    return f"{day.year:04d}Q{(day.month + 2) // 3}"


def months_of(period: Period) -> Iterator[Period]:
    """The calendar months of a closed period, cut at its ends."""
    yield from _pieces(period, 1)


def quarters_of(period: Period) -> Iterator[Period]:
    """The calendar quarters of a closed period, cut at its ends."""
    yield from _pieces(period, 3)


def _pieces(period: Period, months: int) -> Iterator[Period]:
    start = period.start
    while start < period.end:
        first_month = (start.month - 1) // months * months + 1
        stop = min(add_months(date(start.year, first_month, 1), months), period.end)
        yield Period(start, stop)
        start = stop
