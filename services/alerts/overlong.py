"""`trajectory-overlong`: the care duration of a trajectory reaches its norm, with a warning at 80 % (domain.md §7).

Three rules. Care duration counts every day from the trajectory's first, gaps inside it included (domain.md §4). It is
told on the first day from then on that care runs. The warning holds until the day before the norm is reached.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from services.alerts.concerned import counting, evidence_of, team_of
from services.alerts.finding import Finding, Level, OverlongTerms, Rule
from services.alerts.norms import InForce, Norm, Norms, in_force
from youthcare.period import FAR, ONE_DAY, Period
from youthcare.youthfacts import Trajectory, YouthFacts

WARNING_PERCENT = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reached:
    day: date
    norm: Norm
    threshold_days: int
    norm_days: int


def overlong(facts: YouthFacts, norms: Norms) -> Iterator[Finding]:
    """The findings on each trajectory: the norm, and the warning while the norm is not reached."""
    under = facts.definitions[norms.definition]
    for trajectory in under.trajectories:
        runs = [row.period for row in under.care_periods if trajectory.period.covers(row.period.start)]
        reached = _reached(runs, in_force(facts, norms, Rule.TRAJECTORY_OVERLONG, Level.NORM), Level.NORM)
        warned = _reached(runs, in_force(facts, norms, Rule.TRAJECTORY_OVERLONG, Level.WARNING), Level.WARNING)
        if reached is not None:
            yield _finding(facts, trajectory, Level.NORM, reached)
        if warned is not None and reached is None:
            yield _finding(facts, trajectory, Level.WARNING, warned)
        elif warned is not None and reached is not None and warned.day < reached.day:
            yield replace(_finding(facts, trajectory, Level.WARNING, warned), closes_on=reached.day - ONE_DAY)


def _reached(runs: Sequence[Period], stretches: Sequence[InForce], level: Level) -> _Reached | None:
    """The first day on which care runs and the duration is at its threshold, under the norm then in force."""
    for stretch in stretches:
        norm_days = stretch.norm.threshold
        assert norm_days is not None, "a norm on duration has a number of days"
        threshold = norm_days if stretch.norm.level == level else _threshold(norm_days, level)
        due = runs[0].start + timedelta(days=threshold - 1)
        parts = (part for run in runs if (part := run.clipped(due, FAR)) is not None)
        opened = (day for part in parts if (day := stretch.opening(part)) is not None)
        day = next(opened, None)
        if day is not None:
            return _Reached(day=day, norm=stretch.norm, threshold_days=threshold, norm_days=norm_days)
    return None


def _threshold(norm_days: int, level: Level) -> int:
    """The day count at which a level is reached; part of a day counts as a day."""
    return norm_days if level is Level.NORM else -(-norm_days * WARNING_PERCENT // 100)


def _finding(facts: YouthFacts, trajectory: Trajectory, level: Level, reached: _Reached) -> Finding:
    until_then = Period(trajectory.period.start, reached.day + ONE_DAY)
    rows = (
        row
        for row in counting(facts)
        if any(run.clipped(until_then.start, until_then.end) is not None for run in row.running)
    )
    return Finding(
        rule=Rule.TRAJECTORY_OVERLONG,
        level=level,
        anchor=trajectory.anchor,
        opens_on=reached.day,
        closes_on=trajectory.period.last_day,
        team=team_of(facts, reached.day),
        evidence=evidence_of(rows),
        terms=OverlongTerms(
            first_day=trajectory.period.start,
            care_duration_days=until_then.days,
            threshold_days=reached.threshold_days,
            norm_days=reached.norm_days,
        ),
        norm=reached.norm,
    )
