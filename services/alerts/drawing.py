"""Shapes on an axis of days, as whole numbers that a template draws; which shapes there are `timeline.py` decides."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from youthcare.period import Period, add_months

EDGE = 10
"""Room left and right of the axis, in units of the drawing."""
TICK_ROOM = 76
"""The least distance between two ticks, so that their words do not touch."""
_SHORT = ("jan.", "feb.", "mrt.", "apr.", "mei", "juni", "juli", "aug.", "sep.", "okt.", "nov.", "dec.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A stretch of days: `kind` is `care`, `pause`, `waiting`, `period`, `window`, `told` or `told-shown`."""

    kind: str
    x: int
    y: int
    width: int
    height: int
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """Words beside a shape; `anchor` is `start` or `end`."""

    x: int
    y: int
    words: str
    anchor: str = "start"
    strong: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A first of a month on the axis."""

    x: int
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the table that says the same in words; `until` is open where the last day is unknown."""

    what: str
    since: str
    until: str
    more: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """All that the template draws, top to bottom, and the table that replaces it."""

    width: int
    height: int
    summary: str
    ticks: tuple[Tick, ...]
    today: int
    bars: tuple[Bar, ...]
    labels: tuple[Label, ...]
    steps: str
    depth: int
    depth_top: int
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """Days as places: the first day stands at `EDGE`, the last at `EDGE` from the other side."""

    first: date
    last: date
    width: int

    def x(self, day: date) -> int:
        """The place of a day; a day off the axis stands at its edge."""
        inside = min(max(day, self.first), self.last)
        span = (self.last - self.first).days
        return EDGE + (inside - self.first).days * (self.width - 2 * EDGE) // span

    def bar(self, kind: str, period: Period, y: int, height: int, title: str) -> Bar:
        """A period as a bar, at least two units wide."""
        x = self.x(period.start)
        return Bar(kind=kind, x=x, y=y, width=max(2, self.x(period.end) - x), height=height, title=title)


def ticks_of(axis: Axis) -> Iterator[Tick]:
    """Firsts of months, as close together as their words allow."""
    months = (axis.last - axis.first).days // 30 + 1
    room = (axis.width - 2 * EDGE) // TICK_ROOM
    step = next((each for each in (1, 3, 6, 12, 24) if months <= each * room), 60)
    index = axis.first.year * 12 + axis.first.month
    index += -index % step
    day = date(index // 12, index % 12 + 1, 1)
    while day <= axis.last:
        if axis.x(day) <= axis.width - TICK_ROOM // 2:
            yield Tick(x=axis.x(day), words=f"{day.year}" if step >= 12 else f"{_SHORT[day.month - 1]} {day.year}")
        day = add_months(day, step)
