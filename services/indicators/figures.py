"""From summed steps to figures (domain.md §6).

A figure is final only when its period is over on the day asked and nothing in it is pending. A period that has not
begun has no figure. Values are fractions; they are rounded only where they are written.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from services.indicators.counting import days_counted
from services.indicators.definitions import At, Indicator, Kind, Settles
from services.indicators.durations import quantile_days
from services.indicators.population import PopulationRow
from services.indicators.spans import find_days_of, next_first_day
from services.indicators.steps import NOTHING, Amount, Group, minus, plus
from services.indicators.waiting import Waits, median_days, waits
from services.indicators.windows import Read, days_asked, spreads_of, windows_of
from youthcare.period import FAR, ONE_DAY
from youthcare.workingdays import add_working_days

HEADER = "indicator,period,group_kind,group,numerator,denominator,value,status,pending"
DECIMALS = 6
TIMELY_WORKING_DAYS = 5
POPULATED = frozenset({Kind.RATE, Kind.COMPLEMENT})
"""The kinds that are divided by the population."""

_OWN_POPULATION = frozenset({"municipality", "team", "age_band"})
People = Mapping[Group, int]
"""The population aged 0-17 of a quarter by group; one without a row has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure of one group; `value` is None when there is nothing to divide by, or no median is reached."""

    indicator: str
    period: str
    group_kind: str
    group: str
    numerator: int
    denominator: int
    value: Fraction | None
    status: str
    pending: int


def figures_by_group(
    indicator: Indicator, period: str, definition: str, on: date, read: Read, people: People
) -> dict[Group, Figure]:
    """The figure of a period on a day of every group that has one; none of a period that has not begun."""
    if days_asked(indicator, period, on) is None:
        return {}
    amounts = _amounts(indicator, period, definition, on, read)
    populated = {group for group, youths in people.items() if youths} if indicator.kind in POPULATED else set()
    return {
        group: figure_of(indicator, period, group, amounts.get(group, NOTHING), on, population_of(group, people))
        for group in sorted({*amounts, *populated})
    }


def population_of(group: Group, people: People) -> int:
    """The population that a rate of a group is divided by: its own, or else that of the municipality (0015)."""
    if group[0] in _OWN_POPULATION:
        return people.get(group, 0)
    return next((youths for (kind, _), youths in people.items() if kind == "municipality"), 0)


def _amounts(indicator: Indicator, period: str, definition: str, on: date, read: Read) -> dict[Group, Amount]:
    if indicator.kind is Kind.QUANTILE:
        found = _quantiles(indicator, period, definition, on, read)
    elif indicator.kind is Kind.SURVIVAL:
        found = _medians(indicator, period, definition, on, read)
    else:
        found = _sums(indicator, period, definition, on, read)
    return {group: amount for group, amount in found.items() if amount != NOTHING}


def _sums(indicator: Indicator, period: str, definition: str, on: date, read: Read) -> dict[Group, Amount]:
    totals: dict[Group, Amount] = {}
    for term, window in windows_of(indicator, period, definition, on):
        for group, amount in read.sums.get(window, {}).items():
            told = days_counted(amount, window.until) if term.is_days else amount
            before = totals.get(group, NOTHING)
            totals[group] = plus(before, told) if term.sign > 0 else minus(before, told)
    return totals


def _quantiles(indicator: Indicator, period: str, definition: str, on: date, read: Read) -> dict[Group, Amount]:
    counted = _durations(indicator, period, definition, on, read) if read.durations is None else read.durations
    totals = {group: sum(durations.values()) for group, durations in counted.items()}
    return {
        group: (quantile_days(counted[group], indicator.quantile), total, 0) for group, total in totals.items() if total
    }


def _durations(indicator: Indicator, period: str, definition: str, on: date, read: Read) -> dict[Group, dict[int, int]]:
    (spread,) = spreads_of(indicator, period, definition, on)
    ended = indicator.terms[0].at is At.WITHIN
    until = spread.until.toordinal()
    found: dict[Group, dict[int, int]] = {}
    for group, dated in read.spreads.get(spread, {}).items():
        durations = found.setdefault(group, {})
        for (first_day, day), count in dated.items():
            days = day - first_day if ended else until - first_day + 1
            durations[days] = durations.get(days, 0) + count
    return found


def _medians(indicator: Indicator, period: str, definition: str, on: date, read: Read) -> dict[Group, Amount]:
    found = {}
    for group, rows in (_waits(indicator, period, definition, on, read) if read.waits is None else read.waits).items():
        found[group] = _NO_MEDIAN if (days := median_days(rows)) is None else days, rows.count, rows.still_waiting
    return found


def _waits(indicator: Indicator, period: str, definition: str, on: date, read: Read) -> dict[Group, Waits]:
    granted, started, lapsed = (read.spreads.get(row, {}) for row in spreads_of(indicator, period, definition, on))
    return {group: waits(granted[group], started.get(group, {}), lapsed.get(group, {}), on) for group in granted}


_NO_MEDIAN = -1
"""The numerator inside when the estimate stays above a half; it is written as nought, without a value."""


def figure_of(indicator: Indicator, period: str, group: Group, amount: Amount, on: date, population: int = 0) -> Figure:
    """The figure of a summed amount; `population` is for rates alone."""
    numerator, denominator, value = _NUMBERS[indicator.kind](amount, population)
    return Figure(
        indicator=indicator.id,
        period=period,
        group_kind=group[0],
        group=group[1],
        numerator=numerator,
        denominator=denominator,
        value=value,
        status=_status(indicator, period, amount[2], on),
        pending=amount[2],
    )


Numbers = tuple[int, int, Fraction | None]


def _count(amount: Amount, _population: int) -> Numbers:
    return amount[0], 1, Fraction(amount[0])


def _ratio(amount: Amount, _population: int) -> Numbers:
    return amount[0], amount[1], Fraction(amount[0], amount[1]) if amount[1] else None


def _rate(amount: Amount, population: int) -> Numbers:
    return amount[0], population, Fraction(amount[0], population) if population else None


def _complement(amount: Amount, population: int) -> Numbers:
    return _rate((population - amount[0] if population else 0, 0, 0), population)


def _quantile(amount: Amount, _population: int) -> Numbers:
    if amount[0] == _NO_MEDIAN:
        return 0, amount[1], None
    return amount[0], amount[1], Fraction(amount[0])


_NUMBERS: Mapping[Kind, Callable[[Amount, int], Numbers]] = {
    Kind.COUNT: _count,
    Kind.RATIO: _ratio,
    Kind.RATE: _rate,
    Kind.COMPLEMENT: _complement,
    Kind.QUANTILE: _quantile,
    Kind.SURVIVAL: _quantile,
}


def _status(indicator: Indicator, period: str, pending: int, on: date) -> str:
    return "final" if on >= settled_on(indicator, period) and pending == 0 else "provisional"


def settled_on(indicator: Indicator, period: str) -> date:
    """The first day on which a figure can be final."""
    days = find_days_of(indicator.per, period)
    assert days is not None, "a figure has a period"
    if indicator.settles is Settles.NEXT_PERIOD:
        return next_first_day(indicator.per, days.end)
    if indicator.settles is Settles.WORKING_DAYS:
        return min(add_working_days(days.end - ONE_DAY, TIMELY_WORKING_DAYS), FAR - ONE_DAY) + ONE_DAY
    return days.end


def place_of(row: Figure) -> tuple[str, str, str, str]:
    """Where a figure stands in a file or a publication: indicator, period, kind of group and group."""
    return row.indicator, row.period, row.group_kind, row.group


def people_by_quarter(rows: Iterable[PopulationRow], municipality: str) -> dict[str, dict[Group, int]]:
    """The population of a municipality by quarter and group."""
    found: dict[str, dict[Group, int]] = {}
    for row in rows:
        if row.municipality == municipality:
            found.setdefault(row.quarter, {})[row.group_kind, row.group] = row.youths
    return found


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
