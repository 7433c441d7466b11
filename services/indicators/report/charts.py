"""A figure per period as a line against its target, drawn so that nothing hangs on colour.

Final values are filled marks on a drawn line; provisional ones are open marks on a broken line, on a shaded ground that
says "voorlopig". The target is a thick grey line, an estimate a bracket beside the mark, a second figure has square
marks.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from services.indicators.report.axis import Axis, axis_of
from services.indicators.report.legend import FIRST_LINE, Entry, Mark, drawn, laid_out, mark
from services.indicators.report.numbers import Unit, bare, written
from services.indicators.report.palette import ESTIMATE, FIGURE, INK, LINE, QUIET, SECOND, SHADE, TARGET
from services.indicators.report.svg import LETTER, backed_text, element, framed, line, text

WIDTH = 420
LEFT, RIGHT, TOP, BOTTOM = 46, 410, 52, 182  # above TOP: the words of the axis, and below them those of the ground
_WORD = "voorlopig"
_LABELLED = 8
"""Up to so many points each has its number; of more, the first and the last."""
_ASIDE = 20
"""How far a bracket stands from its mark, where there is room."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One period of a line; `value` in the unit as written (per cent, not fractions), None where there is none."""

    value: Fraction | None
    label: str = ""
    is_provisional: bool = False
    is_withheld: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One figure over the periods."""

    name_nl: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """All that is drawn; every sequence has one member per period."""

    name: str
    title_nl: str
    description_nl: str
    axis_nl: str
    ticks: tuple[tuple[str, str], ...]
    lines: tuple[Line, ...]
    targets: tuple[Fraction | None, ...]
    bands: Mapping[int, tuple[Fraction, Fraction]] = field(default_factory=dict)

    @property
    def slot(self) -> Fraction:
        """How wide one period is drawn."""
        return Fraction(RIGHT - LEFT, max(len(self.ticks), 1))

    def x(self, index: int) -> Fraction:
        """The middle of a period."""
        return LEFT + self.slot * index + self.slot / 2


def axis_for(chart: Chart) -> Axis:
    """The axis on which every value, target and estimate of a chart lies."""
    drawn_values = [point.value for row in chart.lines for point in row.points if point.value is not None]
    targets = [value for value in chart.targets if value is not None]
    return axis_of([*drawn_values, *targets, *(edge for band in chart.bands.values() for edge in band)])


def drawing_note_nl(chart: Chart) -> str:
    """What a reader must know of the axis of a chart; nothing when it starts at nought."""
    return "" if axis_for(chart).starts_at_nought else "Let op: de verticale as begint niet bij nul."


def line_chart(chart: Chart) -> str:
    """The drawing of a chart."""
    axis, legend = axis_for(chart), laid_out(_entries(chart))
    parts = [
        *_grid(axis),
        *_provisional_ground(chart),
        *_periods(chart),
        *_targets(chart, axis),
        *_bands(chart, axis),
        *(part for index, row in enumerate(chart.lines) for part in _line(chart, axis, row, is_second=index > 0)),
        text(4, 12, chart.axis_nl, fill=QUIET, anchor="start"),
        *drawn(legend),
    ]
    height = max((y for _, _, y in legend), default=FIRST_LINE) + 8
    return framed(
        parts, name=chart.name, title=chart.title_nl, description=chart.description_nl, width=WIDTH, height=height
    )


def _y(axis: Axis, value: Fraction) -> Fraction:
    return BOTTOM - axis.part(value) * (BOTTOM - TOP)


def _grid(axis: Axis) -> Iterator[str]:
    decimals = next(count for count in range(9) if (axis.step * 10**count).denominator == 1)
    for tick in axis.ticks:
        yield line(LEFT, _y(axis, tick), RIGHT, _y(axis, tick), stroke=LINE)
        yield text(LEFT - 5, _y(axis, tick) + 4, written(int(tick * 10**decimals), decimals), fill=QUIET, anchor="end")


def _provisional_ground(chart: Chart) -> Iterator[str]:
    for start, end in _runs(
        [any(row.points[i].is_provisional for row in chart.lines) for i in range(len(chart.ticks))]
    ):
        x, width = chart.x(start) - chart.slot / 2, chart.slot * (end - start)
        yield element("rect", x=x, y=TOP - 20, width=width, height=BOTTOM - TOP + 20, fill=SHADE)
        yield line(x, TOP - 20, x, BOTTOM, stroke=QUIET, dash="2 3")
        # At the right edge a narrow ground has no room on both sides for the word.
        is_cramped = end == len(chart.ticks) and width < LETTER * len(_WORD) + 6
        at, anchor = (x + width - 2, "end") if is_cramped else (x + width / 2, "middle")
        yield text(at, TOP - 25, _WORD, fill=INK, anchor=anchor)


def _runs(flags: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """Start and end of each run of true flags."""
    start = None
    for index, flag in enumerate([*flags, False]):
        if flag and start is None:
            start = index
        elif not flag and start is not None:
            yield start, index
            start = None


def _periods(chart: Chart) -> Iterator[str]:
    for index, (first, second) in enumerate(chart.ticks):
        yield text(chart.x(index), BOTTOM + 15, first, fill=INK)
        if second and (index == 0 or chart.ticks[index - 1][1] != second):
            yield text(chart.x(index), BOTTOM + 28, second, fill=QUIET)
    withheld = {i for row in chart.lines for i, point in enumerate(row.points) if point.is_withheld}
    yield from (text(chart.x(index), BOTTOM - 6, "n.g.", fill=INK) for index in sorted(withheld))


def _targets(chart: Chart, axis: Axis) -> Iterator[str]:
    for index, target in enumerate(chart.targets):
        if target is not None:
            x, y = chart.x(index), _y(axis, target)
            yield line(x - chart.slot / 2, y, x + chart.slot / 2, y, stroke=TARGET, width=3)


def _bands(chart: Chart, axis: Axis) -> Iterator[str]:
    for index, (low, high) in chart.bands.items():
        # Beside the mark and its number, which it would cross.
        x, foot, top = chart.x(index) + min(Fraction(_ASIDE), chart.slot / 3), _y(axis, low), _y(axis, high)
        yield line(x, foot, x, top, stroke=ESTIMATE, width=2)
        yield from (line(x - 6, y, x + 6, y, stroke=ESTIMATE, width=2) for y in (foot, top))


def _line(chart: Chart, axis: Axis, row: Line, *, is_second: bool) -> Iterator[str]:
    colour = SECOND if is_second else FIGURE
    places = [None if point.value is None else _y(axis, point.value) for point in row.points]
    for index in range(1, len(places)):
        here, there = places[index - 1], places[index]
        if here is not None and there is not None:
            dash = "5 4" if row.points[index].is_provisional or row.points[index - 1].is_provisional else "none"
            yield line(chart.x(index - 1), here, chart.x(index), there, stroke=colour, width=2, dash=dash)
    for index, (point, y) in enumerate(zip(row.points, places, strict=True)):
        if y is not None:
            yield mark(chart.x(index), y, colour, is_open=point.is_provisional, is_square=is_second)
            if len(places) <= _LABELLED or index in {0, len(places) - 1}:
                yield backed_text(chart.x(index), _label_y(places, index), point.label, fill=colour)


def _label_y(places: Sequence[Fraction | None], index: int) -> Fraction:
    """Above a mark; below it where the line comes down to it from both sides."""
    here = places[index]
    assert here is not None, "only a mark has a label"
    beside = [y for y in (*places[max(index - 1, 0) : index], *places[index + 1 : index + 2]) if y is not None]
    is_valley = bool(beside) and all(y < here for y in beside) and here < BOTTOM - 18
    return here + 18 if is_valley else here - 8


def _entries(chart: Chart) -> Iterator[Entry]:
    points = [point for row in chart.lines for point in row.points]
    for index, row in enumerate(chart.lines):
        yield Entry(mark=(Mark.FIGURE, Mark.SECOND)[index], words=row.name_nl)
    if any(point.is_provisional for point in points):
        yield Entry(mark=Mark.PROVISIONAL, words=_WORD)
    if any(target is not None for target in chart.targets):
        yield Entry(mark=Mark.TARGET, words="streefwaarde")
    if chart.bands:
        yield Entry(mark=Mark.ESTIMATE, words="verwachte eindstand (schatting)")
    if any(point.is_withheld for point in points):
        yield Entry(mark=Mark.WORDS, words="n.g. = niet getoond (te kleine aantallen)")


def point_of(value: Fraction | None, unit: Unit, *, is_provisional: bool, is_withheld: bool) -> Point:
    """A point of a figure in its unit."""
    if value is None:
        return Point(value=None, is_withheld=is_withheld)
    return Point(value=value * unit.scale, label=bare(value, unit), is_provisional=is_provisional)
