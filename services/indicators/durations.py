"""How long care lasts: running trajectories, ended care periods, and switches (design.md §4 and §7, domain.md §6).

Three rules. A trajectory runs on a day that one of the care periods of the scope covers; its duration and switches
are those of the youth's whole trajectory. Its steps name its first day as their period, so that the distribution on
any day is a running sum and nothing changes as days go by. The duration on a day is that day - first day + 1, pauses
in between included (domain.md §4).
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from fractions import Fraction
from functools import partial

from services.indicators.placements import Placement, Scope
from services.indicators.steps import Definitions, SharedSteps, State, changes, lasting, once, state_of, together
from youthcare.period import FAR, ONE_DAY
from youthcare.youthfacts import CarePeriod, DefinitionFacts, Switch, Trajectory

RUNNING, ENDED = "trajectory_running", "care_period_ended"
QUANTILES = {"0.5": Fraction(1, 2), "0.9": Fraction(9, 10)}
"""The quantiles that are shown, by their label."""

Distribution = Mapping[str, int]
"""How many trajectories run on a day, by their first day (ISO)."""

_SWITCHES = {
    "switches_mean": lambda switch: 1,
    "switches_mean.provider": lambda switch: int(switch.provider),
    "switches_mean.care_form": lambda switch: int(switch.care_form),
}


def duration_steps(scope: Scope, under: DefinitionFacts, definitions: Definitions) -> Iterator[SharedSteps]:
    """The steps of all figures of trajectories and of ended care periods."""
    periods = scope.care_periods(under)
    for trajectory in under.trajectories:
        own = [row.period for row in periods if trajectory.period.covers(row.period.start)]
        if own:
            yield from _running(trajectory, scope.placing.placed(own), definitions)
    yield from _ended(scope, periods, definitions)


def _running(trajectory: Trajectory, placed: Sequence[Placement], definitions: Definitions) -> Iterator[SharedSteps]:
    first_day = trajectory.period.start.isoformat()
    for placement in placed:
        yield lasting(definitions, state_of(RUNNING, first_day, placement.groups, (1, 1, 0)), placement.days)
        yield lasting(definitions, state_of("trajectories", "", placement.groups, (0, 1, 0)), placement.days)
    borders = [day for placement in placed for day in (placement.days.start, placement.days.end)]
    days = [*borders, *(switch.day for switch in trajectory.switches)]
    yield changes(definitions, days, partial(_switches_on, trajectory.switches, placed))


def _switches_on(switches: Sequence[Switch], placed: Sequence[Placement], on: date) -> State:
    covering = (placement for placement in placed if placement.days.covers(on))
    found = [switch for switch in switches if switch.day <= on]
    return together(
        state_of(series, "", placement.groups, (sum(map(counts, found)), 0, 0))
        for placement in covering
        for series, counts in _SWITCHES.items()
    )


def _ended(scope: Scope, periods: Sequence[CarePeriod], definitions: Definitions) -> Iterator[SharedSteps]:
    for row in periods:
        if row.period.end < FAR:
            groups = scope.placing.on(row.period.end - ONE_DAY)
            state = state_of(ENDED, row.period.start.isoformat(), groups, (1, 0, 0))
            yield once(definitions, state, row.period.end)


def quantile_days(durations: Mapping[int, int], quantile: Fraction) -> int:
    """The nearest-rank quantile of counted durations, in days: the least that so large a share does not exceed.

    Exact: ranks are whole numbers. At least one must be counted.
    """
    total = sum(durations.values())
    assert total > 0, "a quantile of nothing"
    rank = -(-quantile.numerator * total // quantile.denominator)
    for days in sorted(durations):
        rank -= durations[days]
        if rank <= 0:
            return days
    raise AssertionError("a rank lies within the total")


def durations_on(running: Distribution, on: date) -> dict[int, int]:
    """How many trajectories that run on a day last so many days; none begins after the day."""
    return {(on - date.fromisoformat(first_day)).days + 1: count for first_day, count in running.items()}
