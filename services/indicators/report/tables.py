"""The numbers of a chart as a table, and the main figures per team."""

from collections.abc import Iterable
from dataclasses import replace

from services.indicators.report.content import TEAM_TOPICS
from services.indicators.report.model import TEAM, UNKNOWN
from services.indicators.report.numbers import COUNT, bare, counted, shown
from services.indicators.report.periods import PERIOD_NL, last_day, titled
from services.indicators.report.readings import Reading, Readings, State
from services.indicators.report.sentences import ABSENT_NL, PROVISIONAL_NL, WITHHELD_NL
from services.indicators.report.topics import Topic
from services.indicators.report.views import Cell, Row, Table
from services.indicators.spans import name_of

_EMPTY = Cell(text="–")


def figure_cell(topic: Topic, reading: Reading) -> Cell:
    """A figure as it stands in a table, with what there is to know about it in words."""
    if reading.state is State.WITHHELD:
        return Cell(text=WITHHELD_NL, is_words=True)
    if reading.value is None:
        return Cell(text=ABSENT_NL)
    return Cell(text=shown(reading.value, topic.unit), note=PROVISIONAL_NL if reading.is_provisional else "")


def table_of(topic: Topic, readings: Readings, rows: Iterable[Reading]) -> Table:
    """The table of a topic: one row per period, newest first."""
    listed = tuple(rows)
    has_counts = topic.unit is not COUNT and any(row.denominator is not None for row in listed)
    has_target = topic.aim is not None and any(row.target is not None for row in listed)
    noun = PERIOD_NL[readings.per(topic)]
    columns = [noun.capitalize(), *_figure_columns(topic)]
    columns += ["Streefwaarde"] * has_target + ["Aantal" if topic.beside else "Aantallen"] * has_counts
    return Table(
        caption=topic.title_nl if topic.title_nl.endswith(f" per {noun}") else f"{topic.title_nl} per {noun}",
        columns=tuple(columns),
        rows=tuple(
            _row(topic, readings, row, has_counts=has_counts, has_target=has_target) for row in reversed(listed)
        ),
    )


def _figure_columns(topic: Topic) -> tuple[str, ...]:
    return (topic.value_name_nl.capitalize(), "9 van de 10 tot") if topic.beside else ("Cijfer",)


def _row(topic: Topic, readings: Readings, reading: Reading, *, has_counts: bool, has_target: bool) -> Row:
    cells = [figure_cell(topic, reading)]
    if topic.beside:
        cells.append(figure_cell(topic, readings.beside(topic.beside, reading.period)))
    if has_target:
        cells.append(_EMPTY if reading.target is None else Cell(text=shown(reading.target, topic.unit)))
    if has_counts:
        cells.append(_counts(topic, reading))
    return Row(head=Cell(text=titled(reading.period)), cells=tuple(cells))


def _counts(topic: Topic, reading: Reading) -> Cell:
    if reading.numerator is None or reading.denominator is None:
        return _EMPTY
    if topic.beside:
        return Cell(text=counted(reading.denominator))
    return Cell(text=f"{counted(reading.numerator)} / {counted(reading.denominator)}")


def care_form_table(topic: Topic, readings: Readings, periods: tuple[str, ...], forms: tuple[str, ...]) -> Table:
    """One row per care form, one column per year, newest first."""
    newest_first = tuple(reversed(periods))
    return Table(
        caption=f"{topic.title_nl} en jaar ({topic.unit.axis_nl})",
        columns=("Zorgvorm", *newest_first),
        rows=tuple(
            Row(
                head=Cell(text=care_form_name(readings, form), is_words=True),
                cells=tuple(
                    _without_unit(topic, readings.of(topic, period, (topic.group_kind, form)))
                    for period in newest_first
                ),
            )
            for form in forms
        ),
    )


def _without_unit(topic: Topic, reading: Reading) -> Cell:
    """A figure in a table whose caption names the unit."""
    told = figure_cell(topic, reading)
    return told if reading.value is None else replace(told, text=bare(reading.value, topic.unit))


def care_form_name(readings: Readings, form: str) -> str:
    """The Dutch name of a care form."""
    return "Zorgvorm onbekend" if form == UNKNOWN else readings.report.care_forms.get(form, form)


def team_name(readings: Readings, team: str) -> str:
    """The name of a team."""
    return "Wijkteam onbekend" if team == UNKNOWN else readings.report.teams.get(team, team)


def team_table(readings: Readings) -> Table | None:
    """The main figures of each team beside those of the municipality; None when the report has no teams."""
    report = readings.report
    if not report.teams:
        return None
    periods = tuple(name_of(topic.per, last_day(report.quarter)) for topic in TEAM_TOPICS)
    groups = [
        (None, f"Gemeente {report.municipality_name}"),
        *(((TEAM, team), team_name(readings, team)) for team in report.teams),
    ]
    return Table(
        caption="Hoofdcijfers per wijkteam",
        columns=("Wijkteam", *(f"{t.title_nl}, {titled(p)}" for t, p in zip(TEAM_TOPICS, periods, strict=True))),
        rows=tuple(
            Row(
                head=Cell(text=name),
                cells=tuple(
                    figure_cell(topic, readings.of(topic, period, group))
                    for topic, period in zip(TEAM_TOPICS, periods, strict=True)
                ),
            )
            for group, name in groups
        ),
    )
