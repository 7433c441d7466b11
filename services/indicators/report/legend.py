"""The marks of a chart and the line under it that says what each means."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, auto

from services.indicators.report.palette import ESTIMATE, FIGURE, INK, PAPER, SECOND, TARGET
from services.indicators.report.svg import LETTER, Number, element, line, text

FIRST_LINE = 225
"""The height of the first line, below the periods."""
_LEFT, _RIGHT, _LINE_HEIGHT = 4, 416, 15
_MARK_WIDTH = 24


class Mark(Enum):
    """What a legend explains."""

    FIGURE = auto()
    SECOND = auto()
    PROVISIONAL = auto()
    TARGET = auto()
    ESTIMATE = auto()
    WORDS = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One mark with its words."""

    mark: Mark
    words: str

    @property
    def width(self) -> Number:
        """How much room it takes on its line."""
        return LETTER * len(self.words) + 14 + (0 if self.mark is Mark.WORDS else _MARK_WIDTH)


def mark(x: Number, y: Number, colour: str, *, is_open: bool = False, is_square: bool = False) -> str:
    """The mark of a value: a circle or a square, open when provisional."""
    fill = PAPER if is_open else colour
    if is_square:
        return element("rect", x=x - 4, y=y - 4, width=8, height=8, fill=fill, stroke=colour, stroke_width=2)
    return element("circle", cx=x, cy=y, r=4, fill=fill, stroke=colour, stroke_width=2)


def laid_out(entries: Iterable[Entry]) -> tuple[tuple[Entry, Number, int], ...]:
    """Where each entry stands: as many on a line as fit."""
    placed: list[tuple[Entry, Number, int]] = []
    x: Number = _LEFT
    y = FIRST_LINE
    for entry in entries:
        if x > _LEFT and x + entry.width > _RIGHT:
            x, y = _LEFT, y + _LINE_HEIGHT
        placed.append((entry, x, y))
        x += entry.width
    return tuple(placed)


def drawn(placed: Iterable[tuple[Entry, Number, int]]) -> Iterator[str]:
    """The legend as it was laid out."""
    for entry, x, y in placed:
        yield from _entry(entry, x, y)


def _entry(entry: Entry, x: Number, y: int) -> Iterator[str]:
    middle = y - 4
    match entry.mark:
        case Mark.FIGURE | Mark.SECOND:
            colour = FIGURE if entry.mark is Mark.FIGURE else SECOND
            yield line(x, middle, x + 18, middle, stroke=colour, width=2)
            yield mark(x + 9, middle, colour, is_square=entry.mark is Mark.SECOND)
        case Mark.PROVISIONAL:
            yield line(x, middle, x + 18, middle, stroke=FIGURE, width=2, dash="5 4")
            yield mark(x + 9, middle, FIGURE, is_open=True)
        case Mark.TARGET:
            yield line(x, middle, x + 18, middle, stroke=TARGET, width=3)
        case Mark.ESTIMATE:
            yield line(x + 9, middle - 5, x + 9, middle + 5, stroke=ESTIMATE, width=2)
            yield from (line(x + 4, edge, x + 14, edge, stroke=ESTIMATE, width=2) for edge in (middle - 5, middle + 5))
        case _:
            pass
    yield text(x if entry.mark is Mark.WORDS else x + _MARK_WIDTH, y, entry.words, fill=INK, anchor="start")
