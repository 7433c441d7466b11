"""The section of a figure that is compared between groups: bars of the latest period, a table of all."""

from fractions import Fraction

from services.indicators.report.bars import Bar, BarChart, bar_chart
from services.indicators.report.model import MUNICIPALITY
from services.indicators.report.numbers import bare, shown
from services.indicators.report.periods import list_until, titled
from services.indicators.report.readings import COUNTS, Reading, Readings, State
from services.indicators.report.sentences import ABSENT_NL, PROVISIONAL_NL, told_nl, uncertain_nl
from services.indicators.report.tables import care_form_name, care_form_table
from services.indicators.report.topics import Topic
from services.indicators.report.views import Section

_COLUMNS = 3
"""So many periods stand beside each other in the table."""
Told = tuple[str, Reading]
"""A group and its reading."""


def compared_section(topic: Topic, readings: Readings) -> Section | None:
    """The section of a topic told per care form; None when it is none, or no period has a cell."""
    if topic.group_kind == MUNICIPALITY:
        return None
    listed = list_until(readings.report.quarter, topic.per, COUNTS[topic.per])
    periods = tuple(period for period in listed if readings.groups(topic, period))
    if not periods:
        return None
    latest = _ordered(topic, readings, periods)
    return Section(
        anchor=topic.anchor,
        title=topic.title_nl,
        sentences=_sentences(topic, readings, latest),
        drawing=bar_chart(_chart(topic, readings, periods[-1], latest)),
        drawing_note="",
        table=care_form_table(topic, readings, periods[-_COLUMNS:], tuple(group for group, _ in latest)),
    )


def _ordered(topic: Topic, readings: Readings, periods: tuple[str, ...]) -> tuple[Told, ...]:
    """Every group of any period with its latest reading: the highest first, those without a value last."""
    groups = {group for period in periods for group in readings.groups(topic, period)}
    told = ((group, readings.of(topic, periods[-1], (topic.group_kind, group))) for group in groups)
    return tuple(
        sorted(told, key=lambda row: (row[1].value is None, -(row[1].value or 0), care_form_name(readings, row[0])))
    )


def _sentences(topic: Topic, readings: Readings, latest: tuple[Told, ...]) -> tuple[str, ...]:
    valued = [row for row in latest if row[1].value is not None]
    if not valued:
        return ("De cijfers worden niet getoond: de aantallen zijn te klein.",)
    (highest, reading), (lowest, shortest) = valued[0], valued[-1]
    if len(valued) == 1:
        return (f"Er is een cijfer van alleen {_within(care_form_name(readings, highest))}.",)
    more = {
        "highest": _within(care_form_name(readings, highest)),
        "lowest": _within(care_form_name(readings, lowest)),
        "lowest_value": shown(shortest.value or Fraction(0), topic.unit),
    }
    told = (told_nl(topic, reading, readings, more), uncertain_nl(topic, reading, readings))
    return tuple(text for text in told if text)


def _within(name: str) -> str:
    """A name inside a sentence: `Pleegzorg` is written small."""
    return name[:1].lower() + name[1:]


def _chart(topic: Topic, readings: Readings, period: str, latest: tuple[Told, ...]) -> BarChart:
    bars = tuple(_bar(topic, care_form_name(readings, group), reading) for group, reading in latest)
    return BarChart(
        name=topic.anchor,
        title_nl=f"Staafgrafiek: {topic.title_nl}, {titled(period)}.",
        description_nl=" ".join(f"{bar.name_nl}: {bar.words}." for bar in bars),
        axis_nl=f"{topic.unit.axis_nl}, {titled(period)}",
        bars=bars,
    )


def _bar(topic: Topic, name: str, reading: Reading) -> Bar:
    if reading.value is None:
        words = "niet getoond" if reading.state is State.WITHHELD else ABSENT_NL
        return Bar(name_nl=name, value=None, words=words)
    number = bare(reading.value, topic.unit)
    return Bar(
        name_nl=name,
        value=reading.value * topic.unit.scale,
        words=f"{number} ({PROVISIONAL_NL})" if reading.is_provisional else number,
        is_provisional=reading.is_provisional,
    )
