"""One bar for each group, longest first: for figures that are compared and not followed in time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from services.indicators.report.axis import axis_of
from services.indicators.report.palette import FIGURE, INK, PAPER, QUIET
from services.indicators.report.svg import element, framed, line, text

WIDTH = 420
_LEFT, _RIGHT, _TOP, _ROW = 166, 340, 24, 22


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One group; `value` in the unit as written, None when it is not shown."""

    name_nl: str
    value: Fraction | None
    words: str
    is_provisional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BarChart:
    """All bars of a chart, in the order in which they are drawn."""

    name: str
    title_nl: str
    description_nl: str
    axis_nl: str
    bars: Sequence[Bar]


def bar_chart(chart: BarChart) -> str:
    """The drawing of a bar chart; a provisional bar is open with a broken edge and says so."""
    high = axis_of([Fraction(0), *(bar.value for bar in chart.bars if bar.value is not None)]).high
    parts = [text(4, 12, chart.axis_nl, fill=QUIET, anchor="start")]
    for index, bar in enumerate(chart.bars):
        parts.extend(_bar(bar, _TOP + index * _ROW, high))
    height = _TOP + len(chart.bars) * _ROW + 6
    parts.append(line(_LEFT, _TOP - 4, _LEFT, height - 4, stroke=QUIET))
    return framed(
        parts, name=chart.name, title=chart.title_nl, description=chart.description_nl, width=WIDTH, height=height
    )


def _bar(bar: Bar, y: int, high: Fraction) -> Iterator[str]:
    yield text(_LEFT - 6, y + 12, bar.name_nl, fill=INK, anchor="end")
    length = Fraction(0) if bar.value is None else bar.value / high * (_RIGHT - _LEFT)
    if length:
        look = {"fill": PAPER, "stroke_dasharray": "4 3"} if bar.is_provisional else {"fill": FIGURE}
        yield element("rect", x=_LEFT, y=y, width=length, height=16, stroke=FIGURE, stroke_width=2, **look)
    yield text(_LEFT + length + 6, y + 12, bar.words, fill=INK, anchor="start")
