"""How long the running trajectories last so far: a counted distribution by first day (design.md §4 and §7).

Three rules. A trajectory runs on a day that one of its care periods covers. Its steps name its first day as their
period, so that the distribution on any day is a running sum and nothing changes as days go by. The duration on a day
is that day - first day + 1, pauses in between included (domain.md §4).
"""

from collections.abc import Mapping
from datetime import date
from fractions import Fraction

from services.indicators.placements import placements
from services.indicators.steps import Amount, StepKey, lasting, state_of, summed
from youthcare.youthfacts import Trajectory, YouthFacts

SERIES = "trajectory_running"
QUANTILES = {"0.5": Fraction(1, 2), "0.9": Fraction(9, 10)}
"""The quantiles that are shown, by their label."""

Distribution = Mapping[str, int]
"""How many trajectories run on a day, by their first day (ISO)."""


def running_steps(facts: YouthFacts, definition: str) -> dict[StepKey, Amount]:
    """The steps of every trajectory of a youth ("zorgtraject"), in the municipality and the team of each day."""
    return summed(_steps(facts, row, definition) for row in facts.definitions[definition].trajectories)


def _steps(facts: YouthFacts, trajectory: Trajectory, definition: str) -> dict[StepKey, Amount]:
    own = (
        row.period for row in facts.definitions[definition].care_periods if trajectory.period.covers(row.period.start)
    )
    first_day = trajectory.period.start.isoformat()
    return summed(
        lasting(definition, state_of(SERIES, first_day, facts.municipality, placed.team, (1, 1, 0)), placed.days)
        for placed in placements(facts, own)
    )


def quantile_days(running: Distribution, quantile: Fraction, on: date) -> int:
    """The nearest-rank quantile of the durations on a day, in days: the least that so large a share does not exceed.

    Exact: ranks are whole numbers. At least one trajectory must run, and none that begins after the day.
    """
    total = sum(running.values())
    assert total > 0, "a quantile of nothing"
    rank = -(-quantile.numerator * total // quantile.denominator)
    for first_day in sorted(running, reverse=True):  # the shortest duration first
        rank -= running[first_day]
        if rank <= 0:
            return (on - date.fromisoformat(first_day)).days + 1
    raise AssertionError("a rank lies within the total")
