"""A figure as a reader meets it: for one period a value or the reason that there is none.

What is withheld, what is provisional and what does not exist are three different things, and stay so on the page.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from services.indicators.definitions import Per
from services.indicators.report.model import FINAL, MUNICIPALITY, Report, ReportCell
from services.indicators.report.periods import list_until, per_of
from services.indicators.report.topics import Topic

COUNTS = {Per.MONTH: 12, Per.QUARTER: 8, Per.YEAR: 4}
"""How many periods a topic shows."""

Group = tuple[str, str]


class State(StrEnum):
    """Whether there is a figure to show, and how sure it is."""

    FINAL = "final"
    PROVISIONAL = "provisional"
    WITHHELD = "withheld"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One figure of one period; the numbers are None where there is none to show."""

    period: str
    state: State
    value: Fraction | None = None
    numerator: int | None = None
    denominator: int | None = None
    pending: int | None = 0
    target: Fraction | None = None

    @property
    def is_provisional(self) -> bool:
        """Whether the value may still change by itself."""
        return self.state is State.PROVISIONAL


@dataclass(frozen=True, slots=True)
class Readings:
    """All that a report tells, by topic and group."""

    report: Report
    cells: Mapping[tuple[str, str, str, str], ReportCell]
    targets: Mapping[tuple[str, str], Fraction]

    def of(self, topic: Topic, period: str, group: Group | None = None) -> Reading:
        """The reading of a topic in one period; of the municipality unless a group is named."""
        target = self.targets.get((topic.id, period), self.targets.get((topic.id, period[:4])))
        if topic.is_external:
            return self._external(topic.id, period, target)
        return self.beside(topic.id, period, group, target)

    def beside(
        self, indicator: str, period: str, group: Group | None = None, target: Fraction | None = None
    ) -> Reading:
        """The reading of an indicator that is no topic of its own."""
        kind, name = group or (MUNICIPALITY, self.report.municipality)
        cell = self.cells.get((indicator, period, kind, name))
        return Reading(period=period, state=State.ABSENT, target=target) if cell is None else _read(cell, target)

    def _external(self, series: str, period: str, target: Fraction | None) -> Reading:
        found = [row for row in self.report.external if (row.series, row.period) == (series, period)]
        if not found:
            return Reading(period=period, state=State.ABSENT, target=target)
        state = State.PROVISIONAL if found[-1].is_provisional else State.FINAL
        return Reading(period=period, state=state, value=found[-1].value, target=target)

    def series(self, topic: Topic) -> tuple[Reading, ...]:
        """The last readings of the municipality, from the first period that has one; empty when none has."""
        periods = list_until(self.report.quarter, self.per(topic), COUNTS[self.per(topic)])
        rows = [self.of(topic, period) for period in periods]
        while rows and rows[0].state is State.ABSENT:
            rows.pop(0)
        return tuple(rows)

    def per(self, topic: Topic) -> Per:
        """The period of a topic; an imported series may come per quarter or per year."""
        pers = {per_of(row.period) for row in self.report.external if row.series == topic.id}
        return Per.YEAR if pers == {Per.YEAR} else topic.per

    def groups(self, topic: Topic, period: str) -> tuple[str, ...]:
        """The groups of the topic's kind that have a cell in a period, by name."""
        found = (row for row in self.report.cells if (row.indicator, row.period) == (topic.id, period))
        return tuple(sorted(row.group for row in found if row.group_kind == topic.group_kind))


def readings_of(report: Report) -> Readings:
    """The readings of a report."""
    return Readings(
        report=report,
        cells=_by_place(report.cells),
        targets={(row.indicator, row.period): row.value for row in report.targets},
    )


def _by_place(cells: Iterable[ReportCell]) -> Mapping[tuple[str, str, str, str], ReportCell]:
    return {(row.indicator, row.period, row.group_kind, row.group): row for row in cells}


def _read(cell: ReportCell, target: Fraction | None) -> Reading:
    if cell.is_withheld:
        return Reading(period=cell.period, state=State.WITHHELD, target=target)
    if cell.value is None:
        return Reading(period=cell.period, state=State.ABSENT, target=target)
    return Reading(
        period=cell.period,
        state=State.FINAL if cell.status == FINAL else State.PROVISIONAL,
        value=cell.value,
        numerator=cell.numerator,
        denominator=cell.denominator,
        pending=cell.pending,
        target=target,
    )
