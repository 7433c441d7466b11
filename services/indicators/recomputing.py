"""Every figure of a municipality at once, from all its steps in memory: for replay, exports and publications."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import accumulate

from services.indicators.catalogue import REPORTED
from services.indicators.definitions import ANY_DEFINITION, Indicator
from services.indicators.figures import POPULATED, Figure, figures_by_group, people_by_quarter, place_of
from services.indicators.population import PopulationRow
from services.indicators.spans import list_names
from services.indicators.steps import NOTHING, Amount, Group, Steps, plus
from services.indicators.waiting import Dated
from services.indicators.windows import Read, Spread, Window, series_of, spreads_of, windows_of

Sums = tuple[Sequence[date], Sequence[Amount]]
"""The days of steps and the running sums on them."""


class Log:
    """All steps of a municipality under one definition set, found by series."""

    def __init__(self, steps: Steps, definition: str) -> None:
        rows: dict[tuple[str, str, str], dict[Group, list[tuple[date, Amount]]]] = defaultdict(
            lambda: defaultdict(list)
        )
        for key, amount in steps.items():
            if key.definition in (definition, ANY_DEFINITION):
                place = key.indicator, key.definition, key.period
                rows[place][key.group_kind, key.group].append((key.effective_day, amount))
        self._sums = {
            place: {group: _running_sums(sorted(found)) for group, found in by_group.items()}
            for place, by_group in rows.items()
        }
        self._named: dict[tuple[str, str], list[str]] = defaultdict(list)
        for series, under, period in self._sums:
            self._named[series, under].append(period)
        self.first_day = min((key.effective_day for key in steps), default=None)

    def read(self, indicator: Indicator, period: str, definition: str, on: date) -> Read:
        """What a figure of a period on a day asks for."""
        return Read(
            sums={window: self._summed(window) for _, window in windows_of(indicator, period, definition, on)},
            spreads={spread: self._spread(spread) for spread in spreads_of(indicator, period, definition, on)},
        )

    def _summed(self, window: Window) -> dict[Group, Amount]:
        by_group = self._sums.get((window.series, window.definition, window.period), {})
        return {group: _sum_on(sums, window.until) for group, sums in by_group.items()}

    def _spread(self, spread: Spread) -> Mapping[Group, Dated]:
        found: dict[Group, dict[tuple[int, int], int]] = defaultdict(dict)
        for name in self._named[spread.series, spread.definition]:
            first_day = date.fromisoformat(name)
            if spread.named is None or spread.named.covers(first_day):
                for group, sums in self._sums[spread.series, spread.definition, name].items():
                    for day, count in _counts(sums, spread):
                        found[group][first_day.toordinal(), day.toordinal()] = count
        return found


def _running_sums(found: Sequence[tuple[date, Amount]]) -> Sums:
    return [day for day, _ in found], list(accumulate((amount for _, amount in found), plus))


def _sum_on(sums: Sums, until: date) -> Amount:
    index = bisect_right(sums[0], until)
    return sums[1][index - 1] if index else NOTHING


def _counts(sums: Sums, spread: Spread) -> Iterator[tuple[date, int]]:
    """The count of each step's day within a spread."""
    before = 0
    for day, amount in zip(*sums, strict=True):
        change, before = amount[0] - before, amount[0]
        if change and spread.since <= day <= spread.until:
            yield day, change


def figures(
    steps: Steps,
    population: Iterable[PopulationRow],
    *,
    municipality: str,
    definition: str,
    on: date,
    indicators: Sequence[Indicator] = REPORTED,
) -> tuple[Figure, ...]:
    """Every figure of a municipality on a day, from all steps of the indicators; sorted as they are written."""
    log = Log(steps, definition)
    people = people_by_quarter(population, municipality)
    found = [
        figure
        for indicator, period in _list_periods(indicators, log.first_day or on, people, on)
        for figure in figures_by_group(
            indicator, period, definition, on, log.read(indicator, period, definition, on), people.get(period, {})
        ).values()
    ]
    return tuple(sorted(found, key=place_of))


def _list_periods(
    indicators: Iterable[Indicator], first_day: date, people: Iterable[str], on: date
) -> Iterator[tuple[Indicator, str]]:
    """Every indicator with every period that may have a figure."""
    for indicator in indicators:
        names = set(list_names(indicator.per, first_day, on))
        quarters = people if indicator.kind in POPULATED else ()
        yield from ((indicator, name) for name in sorted({*names, *quarters}))


def families() -> dict[tuple[str, ...], tuple[Indicator, ...]]:
    """The indicators that are read from the same series, so that not all steps are held at once."""
    found: dict[tuple[str, ...], list[Indicator]] = {}
    for row in REPORTED:
        found.setdefault(series_of(row), []).append(row)
    return {series: tuple(rows) for series, rows in found.items()}
