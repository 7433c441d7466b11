"""`trajectory-overlong`: the care duration of a trajectory reaches its norm, with a warning at 80 % (domain.md §7).

Source: supervisors say that alarm bells on, for example, care duration are insufficiently set up in their systems.

Three rules. Care duration counts every day from the trajectory's first, gaps inside it included (domain.md §4). It is
told on the first day from then on that care runs. The warning holds until the day before the norm is reached.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from services.alerts.concerned import counting, evidence_of, finding_of
from services.alerts.finding import Finding, Level, Rule, Terms
from services.alerts.norms import Norm, Norms, Opened, in_force, opened
from services.alerts.provisions import days_after, has_day
from services.alerts.rules.spec import Spec
from services.alerts.sentences import day_nl, days_nl, valid_nl
from youthcare.period import FAR, ONE_DAY, Period
from youthcare.youthfacts import DefinitionFacts, IndicationFacts, Trajectory, YouthFacts

WARNING_PERCENT = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlongTerms(Terms):
    """A trajectory counts this many days on the day the finding opens; `threshold_days` is norm or 80 % of it."""

    first_day: date
    care_duration_days: int
    threshold_days: int
    norm_days: int


def trajectory_overlong(facts: YouthFacts, norms: Norms) -> Iterator[Finding]:
    """The findings on each trajectory: the norm, and the warning while the norm is not reached."""
    under = facts.definitions[norms.definition]
    for trajectory in under.trajectories:
        runs = runs_of(under, trajectory)
        reached = _reached(facts, norms, runs, Level.NORM)
        warned = _reached(facts, norms, runs, Level.WARNING)
        if reached is not None:
            yield _finding(facts, trajectory, Level.NORM, reached)
        if warned is not None and reached is None:
            yield _finding(facts, trajectory, Level.WARNING, warned)
        elif warned is not None and reached is not None and warned.day < reached.day:
            yield replace(_finding(facts, trajectory, Level.WARNING, warned), closes_on=reached.day - ONE_DAY)


def runs_of(under: DefinitionFacts, trajectory: Trajectory) -> list[Period]:
    """The care periods of a trajectory."""
    return [row.period for row in under.care_periods if trajectory.period.covers(row.period.start)]


def counted_from(runs: Sequence[Period], count: int) -> Iterator[Period]:
    """The days of care from the day on which the duration counts so many days."""
    due = days_after(runs[0].start, count - 1)
    return (part for run in runs if (part := run.clipped(due, FAR)) is not None)


def running_until(facts: YouthFacts, trajectory: Trajectory, day: date) -> list[IndicationFacts]:
    """The indications with a running day in a trajectory up to and including a day."""
    return [row for row in counting(facts) if has_day(row.running, trajectory.period.start, day)]


def _reached(facts: YouthFacts, norms: Norms, runs: Sequence[Period], level: Level) -> Opened | None:
    stretches = in_force(facts, norms, Rule.TRAJECTORY_OVERLONG, level)
    return opened(stretches, lambda norm: counted_from(runs, _threshold(norm, level)))


def _threshold(norm: Norm, level: Level) -> int:
    """The day count at which a level is reached; part of a day counts as a day."""
    if level is Level.NORM or norm.level == level:
        return norm.number
    return -(-norm.number * WARNING_PERCENT // 100)


def _finding(facts: YouthFacts, trajectory: Trajectory, level: Level, reached: Opened) -> Finding:
    return finding_of(
        facts,
        Rule.TRAJECTORY_OVERLONG,
        level,
        reached,
        anchor=trajectory.anchor,
        evidence=evidence_of(running_until(facts, trajectory, reached.day)),
        terms=OverlongTerms(
            first_day=trajectory.period.start,
            care_duration_days=(reached.day - trajectory.period.start).days + 1,
            threshold_days=_threshold(reached.norm, level),
            norm_days=reached.norm.number,
        ),
        closes_on=trajectory.period.last_day,
    )


def sentence(finding: Finding) -> str:
    """Since when, how many days, and both limits when it is a warning."""
    terms = finding.terms
    assert isinstance(terms, OverlongTerms)
    is_warning = terms.threshold_days != terms.norm_days
    limit = f"de waarschuwingsgrens is {days_nl(terms.threshold_days)} en " if is_warning else ""
    return (
        f"Het zorgtraject dat op {day_nl(terms.first_day)} begon, duurt op {day_nl(finding.opens_on)} "
        f"{days_nl(terms.care_duration_days)}; {limit}de norm is {days_nl(terms.norm_days)} {valid_nl(finding.norm)}."
    )


SPEC = Spec(
    rule=Rule.TRAJECTORY_OVERLONG,
    find=trajectory_overlong,
    sentence=sentence,
    label_nl="Lang zorgtraject",
    ends_nl="Vervalt als het zorgtraject eindigt.",
    source="Toezichthouders missen in de eigen systemen alarmbellen op bijvoorbeeld de zorgduur.",
    to_team=True,
    to_supervisor=True,
)
