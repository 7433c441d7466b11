"""From a topic to its section: sentences, drawing, table."""

from collections.abc import Iterable, Sequence
from fractions import Fraction

from services.indicators.report.charts import Chart, Line, Point, drawing_note_nl, line_chart, point_of
from services.indicators.report.comparisons import compared_section
from services.indicators.report.model import MUNICIPALITY
from services.indicators.report.numbers import shown
from services.indicators.report.periods import before, tick, titled
from services.indicators.report.readings import Reading, Readings, State
from services.indicators.report.sentences import sentences_of
from services.indicators.report.tables import figure_cell, table_of
from services.indicators.report.topics import Chapter, Topic
from services.indicators.report.views import ChapterView, Section

_NOTHING_NL = "Voor dit rapport is geen cijfer aangeleverd."


def chapter_view(chapter: Chapter, readings: Readings) -> ChapterView:
    """A chapter with a section for each of its topics."""
    return ChapterView(
        anchor=chapter.anchor,
        title=chapter.title_nl,
        intro=chapter.intro_nl,
        sections=tuple(section_of(topic, readings) for topic in chapter.topics),
    )


def section_of(topic: Topic, readings: Readings) -> Section:
    """The section of a topic; one without any figure says so."""
    if topic.group_kind != MUNICIPALITY:
        return compared_section(topic, readings) or _empty(topic)
    rows = readings.series(topic)
    if not rows:
        return _empty(topic)
    chart = chart_of(topic, readings, rows)
    is_drawn = any(point.value is not None for row in chart.lines for point in row.points)
    return Section(
        anchor=topic.anchor,
        title=topic.title_nl,
        sentences=sentences_of(topic, rows[-1], readings, readings.of(topic, before(rows[-1].period))),
        drawing=line_chart(chart) if is_drawn else "",
        drawing_note=drawing_note_nl(chart) if is_drawn else "",
        table=table_of(topic, readings, rows),
    )


def _empty(topic: Topic) -> Section:
    return Section(
        anchor=topic.anchor,
        title=topic.title_nl,
        sentences=(_NOTHING_NL,),
        drawing="",
        drawing_note="",
        table=None,
    )


def chart_of(topic: Topic, readings: Readings, rows: Sequence[Reading]) -> Chart:
    """The drawing of a topic over its periods, with all its numbers as words for who cannot see it."""
    lines = [Line(name_nl=topic.own_title_nl or "cijfer", points=tuple(_point(topic, row) for row in rows))]
    if topic.beside:
        others = [readings.beside(topic.beside, row.period) for row in rows]
        lines.append(Line(name_nl=topic.beside_title_nl, points=tuple(_point(topic, row) for row in others)))
    has_targets = topic.aim is not None
    return Chart(
        name=topic.anchor,
        title_nl=f"Lijngrafiek: {topic.title_nl}, {titled(rows[0].period)} tot en met {titled(rows[-1].period)}.",
        description_nl=_described(topic, readings, rows),
        axis_nl=topic.unit.axis_nl,
        ticks=tuple(tick(row.period) for row in rows),
        lines=tuple(lines),
        targets=tuple(_scaled(topic, row.target) if has_targets else None for row in rows),
    )


def _scaled(topic: Topic, value: Fraction | None) -> Fraction | None:
    return None if value is None else value * topic.unit.scale


def _point(topic: Topic, row: Reading) -> Point:
    return point_of(row.value, topic.unit, is_provisional=row.is_provisional, is_withheld=row.state is State.WITHHELD)


def _described(topic: Topic, readings: Readings, rows: Iterable[Reading]) -> str:
    """Every number of the drawing in one text."""
    return " ".join(f"{titled(row.period)}: {_described_one(topic, readings, row)}." for row in rows)


def _described_one(topic: Topic, readings: Readings, row: Reading) -> str:
    parts = [_words(topic, row)]
    if topic.beside:
        parts.append(f"negen van de tien {_words(topic, readings.beside(topic.beside, row.period))}")
    if topic.aim is not None and row.target is not None:
        parts.append(f"streefwaarde {shown(row.target, topic.unit)}")
    return ", ".join(parts)


def _words(topic: Topic, row: Reading) -> str:
    cell = figure_cell(topic, row)
    return f"{cell.text} ({cell.note})" if cell.note else cell.text
