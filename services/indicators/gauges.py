"""The figures that Prometheus sees: readings of today, under the rule of small numbers (design.md §7).

A figure that is withheld gives no reading, so that its series disappears instead of standing still.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction

from services.indicators.definitions import CATALOGUE
from services.indicators.durations import QUANTILES, SERIES, Distribution, quantile_days
from services.indicators.figures import Figure, Group, Window, figure_of, window_of
from services.indicators.spans import name_of
from services.indicators.steps import NOTHING, Amount
from services.indicators.suppression import visible_pending, withheld

INDICATORS = ("in_care_today", "stacking_mean", "sustainable_exit_rate", "inflow_rate", "windows_open")
Sums = Mapping[str, Mapping[Group, Amount]]
"""Of each indicator the summed steps of every group, today."""


class Gauge(StrEnum):
    """The gauges of figures, by their name without prefix."""

    YOUTHS_IN_CARE = "youths_in_care"
    STACKED_YOUTHS = "stacked_youths"
    STACKING_MEAN = "stacking_mean"
    TRAJECTORY_DURATION = "trajectory_duration_days"
    EXITS = "exits"
    INFLOW = "inflow"
    REENTRY_WINDOWS_OPEN = "reentry_windows_open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One value of a gauge; `team` is empty for the municipality, `kind` where a gauge has no third label.

    `kind` is the status of exits and the quantile of durations.
    """

    gauge: Gauge
    team: str
    kind: str = ""
    value: Fraction


def windows_on(today: date) -> dict[str, Window]:
    """Which steps to sum for the readings of a day, by indicator."""
    found = {name: window_of(CATALOGUE[name], _period(name, today), today) for name in INDICATORS}
    return {name: window for name, window in found.items() if window is not None}


def _period(name: str, today: date) -> str:
    return name_of(CATALOGUE[name].per, today)


def readings(sums: Sums, today: date, group_kind: str) -> list[Reading]:
    """The readings of all groups of a kind that everyone may see; of what no step tells, nought."""
    groups = sorted({group for found in sums.values() for group in found if group[0] == group_kind})
    rows = [
        figure_of(CATALOGUE[name], _period(name, today), group, found.get(group, NOTHING), today)
        for name, found in sums.items()
        for group in groups
    ]
    seen = _visible(rows)
    return [reading for row in seen for reading in _readings(row)]


def duration_readings(running: Mapping[Group, Distribution], today: date, group_kind: str) -> list[Reading]:
    """How long the running trajectories of each group of a kind last; of a group with few of them, nothing."""
    counts = {group: sum(found.values()) for group, found in running.items() if group[0] == group_kind}
    rows = [
        figure_of(CATALOGUE[SERIES], today.isoformat(), group, (count, count, 0), today)
        for group, count in sorted(counts.items())
        if count > 0
    ]
    return [
        Reading(gauge=Gauge.TRAJECTORY_DURATION, team=_team(row), kind=label, value=Fraction(days))
        for row in _visible(rows)
        for label, quantile in QUANTILES.items()
        for days in [quantile_days(running[row.group_kind, row.group], quantile, today)]
    ]


def _team(row: Figure) -> str:
    return row.group if row.group_kind == "team" else ""


def _visible(rows: Sequence[Figure]) -> Iterator[Figure]:
    hidden = withheld(rows)
    return (row for row in rows if (row.indicator, (row.group_kind, row.group)) not in hidden)


def _readings(row: Figure) -> Iterator[Reading]:
    team = _team(row)
    numerator, rest = Fraction(row.numerator), Fraction(row.denominator - row.numerator)
    if row.indicator == "in_care_today":
        yield Reading(gauge=Gauge.YOUTHS_IN_CARE, team=team, value=numerator)
    elif row.indicator == "windows_open":
        yield Reading(gauge=Gauge.REENTRY_WINDOWS_OPEN, team=team, value=numerator)
    elif row.indicator == "inflow_rate":
        yield Reading(gauge=Gauge.INFLOW, team=team, value=numerator)
    elif row.indicator == "stacking_mean":
        yield Reading(gauge=Gauge.STACKED_YOUTHS, team=team, value=Fraction(row.denominator))
        if row.value is not None:
            yield Reading(gauge=Gauge.STACKING_MEAN, team=team, value=row.value)
    else:
        yield Reading(gauge=Gauge.EXITS, team=team, kind="sustainable", value=numerator)
        yield Reading(gauge=Gauge.EXITS, team=team, kind="returned", value=rest)
        if visible_pending(row.pending) is not None:
            yield Reading(gauge=Gauge.EXITS, team=team, kind="pending", value=Fraction(row.pending))
