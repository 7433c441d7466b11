"""Every figure of a municipality at once, from all its steps in memory: for replay, exports and publications."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import accumulate
from typing import TypeVar

from services.indicators.catalogue import REPORTED
from services.indicators.definitions import ANY_DEFINITION, Indicator
from services.indicators.figures import POPULATED, Figure, figures_by_group, people_by_quarter, place_of
from services.indicators.population import PopulationRow
from services.indicators.spans import list_names
from services.indicators.steps import NOTHING, Amount, Group, Steps, plus
from services.indicators.waiting import Dated
from services.indicators.windows import Read, Spread, Window, series_of, spreads_of, windows_of

Place = tuple[str, str, str]
"""Series, definition set and period."""

Rows = list[tuple[date, Amount]]

Sums = tuple[Sequence[date], Sequence[Amount]]
"""The days of steps and the running sums on them."""

Counts = Sequence[tuple[int, int]]
"""The days of steps, as ordinals, and how many each counts."""


class Log:
    """All steps of a municipality under one definition set, found by series."""

    def __init__(self, steps: Steps, definition: str) -> None:
        self._rows: dict[Place, dict[Group, Rows]] = defaultdict(lambda: defaultdict(list))
        for key, amount in steps.items():
            if key.definition in (definition, ANY_DEFINITION):
                place = key.indicator, key.definition, key.period
                self._rows[place][key.group_kind, key.group].append((key.effective_day, amount))
        self._named: dict[tuple[str, str], list[str]] = defaultdict(list)
        for series, under, period in self._rows:
            self._named[series, under].append(period)
        # A series is asked for sums or for counts, hardly ever for both: each is made when it is first asked.
        self._sums: dict[Place, dict[Group, Sums]] = {}
        self._counts: dict[Place, dict[Group, Counts]] = {}
        self.first_day = min((key.effective_day for key in steps), default=None)

    def read(self, indicator: Indicator, period: str, definition: str, on: date) -> Read:
        """What a figure of a period on a day asks for."""
        return Read(
            sums={window: self._summed(window) for _, window in windows_of(indicator, period, definition, on)},
            spreads={spread: self._spread(spread) for spread in spreads_of(indicator, period, definition, on)},
        )

    def _summed(self, window: Window) -> dict[Group, Amount]:
        by_group = _made(self._sums, self._rows, (window.series, window.definition, window.period), _running_sums)
        return {group: _sum_on(sums, window.until) for group, sums in by_group.items()}

    def _spread(self, spread: Spread) -> Mapping[Group, Dated]:
        found: dict[Group, dict[tuple[int, int], int]] = defaultdict(dict)
        since, until = spread.since.toordinal(), spread.until.toordinal()
        for name in self._named[spread.series, spread.definition]:
            first_day = date.fromisoformat(name)
            if spread.named is None or spread.named.covers(first_day):
                place, first = (spread.series, spread.definition, name), first_day.toordinal()
                for group, counts in _made(self._counts, self._rows, place, _counts_of).items():
                    found[group].update({(first, day): count for day, count in counts if since <= day <= until})
        return {group: dated for group, dated in found.items() if dated}


Made = TypeVar("Made")


def _made(
    known: dict[Place, dict[Group, Made]],
    rows: Mapping[Place, Mapping[Group, Rows]],
    place: Place,
    make: Callable[[Rows], Made],
) -> Mapping[Group, Made]:
    """What is made of the steps of a place, once."""
    if place not in known:
        known[place] = {group: make(found) for group, found in rows.get(place, {}).items()}
    return known[place]


def _running_sums(found: Rows) -> Sums:
    found = sorted(found)
    return [day for day, _ in found], list(accumulate((amount for _, amount in found), plus))


def _counts_of(found: Rows) -> Counts:
    return [(day.toordinal(), amount[0]) for day, amount in found if amount[0]]


def _sum_on(sums: Sums, until: date) -> Amount:
    index = bisect_right(sums[0], until)
    return sums[1][index - 1] if index else NOTHING


def figures(
    steps: Steps,
    population: Iterable[PopulationRow],
    *,
    municipality: str,
    definition: str,
    on: date,
    indicators: Sequence[Indicator] = REPORTED,
    asked: Container[tuple[str, str]] | None = None,
) -> tuple[Figure, ...]:
    """Every figure of a municipality on a day, from all steps of the indicators; sorted as they are written.

    `asked`: only those of these indicators and periods.
    """
    log = Log(steps, definition)
    people = people_by_quarter(population, municipality)
    found = [
        figure
        for indicator, period in _list_periods(indicators, log.first_day or on, people, on)
        if asked is None or (indicator.id, period) in asked
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
