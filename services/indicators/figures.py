"""From summed steps to figures (domain.md §6).

A figure is final only when its period is over on the day asked and nothing in it is pending. A period that has not
begun has no figure. Values are fractions; they are rounded only where they are written.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from itertools import accumulate

from services.indicators.definitions import CATALOGUE, REPORTED, Axis, Indicator, Kind
from services.indicators.population import PopulationRow
from services.indicators.spans import find_days_of, list_names
from services.indicators.steps import NOTHING, Amount, Steps, plus
from youthcare.period import ONE_DAY

Group = tuple[str, str]
"""Kind and name: `municipality` and its code, or `team` and its id."""

INFLOW_RATE = "inflow_rate"
HEADER = "indicator,period,group_kind,group,numerator,denominator,value,status,pending"
DECIMALS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure of one group; `value` is None when there is nothing to divide by."""

    indicator: str
    period: str
    group_kind: str
    group: str
    numerator: int
    denominator: int
    value: Fraction | None
    status: str
    pending: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Which steps make a figure: those of a series, with this period, up to and including `until`."""

    series: str
    period: str
    until: date


def window_of(indicator: Indicator, period: str, on: date) -> Window | None:
    """Which steps make the figure of a period on a day; None when the period is none or has not begun."""
    days = find_days_of(indicator.per, period)
    if days is None or on < days.start:
        return None
    until = {
        Axis.RUNNING: min(on, days.end - ONE_DAY),
        Axis.BOUND: on,
        Axis.BEFORE: days.start - ONE_DAY,
    }[indicator.axis]
    return Window(series=indicator.series, period=period if indicator.axis is Axis.BOUND else "", until=until)


def figure_of(indicator: Indicator, period: str, group: Group, amount: Amount, on: date, population: int = 0) -> Figure:
    """The figure of a summed amount; `population` is for rates alone."""
    numerator, denominator, pending = amount
    if indicator.kind is not Kind.RATIO:
        denominator = 1 if indicator.kind is Kind.COUNT else population
    return Figure(
        indicator=indicator.id,
        period=period,
        group_kind=group[0],
        group=group[1],
        numerator=numerator,
        denominator=denominator,
        value=Fraction(numerator, denominator) if denominator else None,
        status=_status(indicator, period, pending, on),
        pending=pending,
    )


def _status(indicator: Indicator, period: str, pending: int, on: date) -> str:
    days = find_days_of(indicator.per, period)
    assert days is not None, "a figure has a period"
    return "final" if on >= days.end and pending == 0 else "provisional"


def figures(
    steps: Steps, population: Iterable[PopulationRow], *, municipality: str, definition: str, on: date
) -> tuple[Figure, ...]:
    """Every figure of a municipality on a day, from all its steps; sorted as they are written."""
    series = _by_series(steps, definition)
    people = {
        (row.quarter, (row.group_kind, row.group)): row.youths for row in population if row.municipality == municipality
    }
    found = (_figure(row, series, people, on) for row in _list_rows(series, people, on))
    told = (figure for figure in found if figure is not None)
    return tuple(sorted(told, key=lambda row: (row.indicator, row.period, row.group_kind, row.group)))


SeriesKey = tuple[str, str, Group]
Series = Mapping[SeriesKey, tuple[Sequence[date], Sequence[Amount]]]
People = Mapping[tuple[str, Group], int]
Row = tuple[str, str, Group]


def _by_series(steps: Steps, definition: str) -> Series:
    """Per series, period and group the days of its steps and the running sums on them."""
    rows: dict[SeriesKey, list[tuple[date, Amount]]] = defaultdict(list)
    for key, amount in steps.items():
        if key.definition == definition:
            rows[key.indicator, key.period, (key.group_kind, key.group)].append((key.effective_day, amount))
    return {key: _running_sums(sorted(found)) for key, found in rows.items()}


def _running_sums(found: Sequence[tuple[date, Amount]]) -> tuple[Sequence[date], Sequence[Amount]]:
    return [day for day, _ in found], list(accumulate((amount for _, amount in found), plus))


def _list_rows(series: Series, people: People, on: date) -> set[Row]:
    """Indicator, period and group of every row that there may be."""
    first = min((days[0] for days, _ in series.values()), default=on)
    groups = {group for _, _, group in series}
    return {
        *((INFLOW_RATE, quarter, group) for quarter, group in people),
        *(
            (indicator.id, period, group)
            for indicator in REPORTED
            for period in list_names(indicator.per, first, on)
            for group in groups
        ),
    }


def _figure(row: Row, series: Series, people: People, on: date) -> Figure | None:
    identity, period, group = row
    indicator = CATALOGUE[identity]
    window = window_of(indicator, period, on)
    if window is None:
        return None
    days, sums = series.get((window.series, window.period, group), ((), ()))
    index = bisect_right(days, window.until)
    amount = sums[index - 1] if index else NOTHING
    youths = people.get((period, group), 0) if indicator.kind is Kind.RATE else 0
    # A row of noughts says nothing, but that nobody flowed in out of so many youths is a figure.
    return figure_of(indicator, period, group, amount, on, youths) if amount != NOTHING or youths else None


def csv_lines(rows: Iterable[Figure]) -> Iterator[str]:
    """`indicators.csv` of design.md §5, the header first; group ids hold no comma (the doors see to that)."""
    yield HEADER
    yield from (",".join(cells) for cells in sorted(map(_cells, rows)))


def _cells(row: Figure) -> tuple[str, ...]:
    return (
        row.indicator,
        row.period,
        row.group_kind,
        row.group,
        str(row.numerator),
        str(row.denominator),
        decimal_text(row.value),
        row.status,
        str(row.pending),
    )


def decimal_text(value: Fraction | None) -> str:
    """A value with six decimals, half up, by integer arithmetic; empty when there is none."""
    if value is None:
        return ""
    scaled = (value * 10**DECIMALS * 2 + 1) // 2
    return f"{scaled // 10**DECIMALS}.{scaled % 10**DECIMALS:0{DECIMALS}d}"
