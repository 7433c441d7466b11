"""The figures that Prometheus sees: readings of today, under the rule of small numbers (design.md §7).

A figure that is withheld gives no reading, so that its series disappears instead of standing still.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction

from services.indicators.catalogue import CATALOGUE
from services.indicators.definitions import DEFAULT_DEFINITION, Indicator, Per
from services.indicators.durations import QUANTILES, RUNNING, Distribution, durations_on, quantile_days
from services.indicators.figures import Figure, figure_of
from services.indicators.relations import key_of
from services.indicators.spans import name_of
from services.indicators.steps import NOTHING, Amount, Group
from services.indicators.suppression import suppressed
from services.indicators.windows import Window, windows_of

INDICATORS = {
    name: CATALOGUE[name, per]
    for name, per in (
        ("in_care_today", Per.DAY),
        ("stacking_mean", Per.MONTH),
        ("sustainable_exit_rate", Per.QUARTER),
        ("inflow_rate", Per.QUARTER),
        ("windows_open", Per.DAY),
    )
}
"""The indicators that gauges are read from; each is one sum of steps."""
_RUNNING = CATALOGUE[RUNNING, Per.DAY]
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
    return {
        name: window
        for name, row in INDICATORS.items()
        for _, window in windows_of(row, _period(row, today), DEFAULT_DEFINITION, today)
    }


def _period(row: Indicator, today: date) -> str:
    return name_of(row.per, today)


def readings(sums: Sums, today: date, group_kind: str) -> list[Reading]:
    """The readings of all groups of a kind that everyone may see; of what no step tells, nought.

    What is withheld is decided over all kinds of groups, as everyone sees them together.
    """
    groups = sorted({group for found in sums.values() for group in found})
    rows = [
        figure_of(INDICATORS[name], _period(INDICATORS[name], today), group, found.get(group, NOTHING), today)
        for name, found in sums.items()
        for group in groups
    ]
    hidden = suppressed(rows)
    seen = (row for row in rows if row.group_kind == group_kind and key_of(row) not in hidden.figures)
    return [reading for row in seen for reading in _readings(row, is_pending_shown=key_of(row) not in hidden.pending)]


def duration_readings(running: Mapping[Group, Distribution], today: date, group_kind: str) -> list[Reading]:
    """How long the running trajectories of each group of a kind last; of a group with few of them, nothing."""
    counts = {group: sum(found.values()) for group, found in running.items()}
    rows = [
        figure_of(_RUNNING, today.isoformat(), group, (count, count, 0), today)
        for group, count in sorted(counts.items())
        if count > 0
    ]
    hidden = suppressed(rows)
    return [
        Reading(gauge=Gauge.TRAJECTORY_DURATION, team=_team(row), kind=label, value=Fraction(days))
        for row in rows
        if row.group_kind == group_kind and key_of(row) not in hidden.figures
        for label, quantile in QUANTILES.items()
        for days in [quantile_days(durations_on(running[row.group_kind, row.group], today), quantile)]
    ]


def _team(row: Figure) -> str:
    return row.group if row.group_kind == "team" else ""


def _readings(row: Figure, *, is_pending_shown: bool) -> Iterator[Reading]:
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
        if is_pending_shown:
            yield Reading(gauge=Gauge.EXITS, team=team, kind="pending", value=Fraction(row.pending))
