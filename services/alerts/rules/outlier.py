"""`outlier`: a trajectory lasts longer than 95 % of the trajectories with the same care form (domain.md §7).

Source: supervisors say that alarm bells on, for example, care duration are insufficiently set up in their systems.

Two rules. The norm is the 95th percentile in days, made once a quarter and entered per care form; without one the
rule is off. It is told as `trajectory-overlong`, on the day on which the duration is one day more than the norm.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from services.alerts.concerned import evidence_of, finding_of
from services.alerts.finding import Finding, Level, Rule, Terms
from services.alerts.norms import Norms, Opened, in_force, opened
from services.alerts.rules.spec import Spec
from services.alerts.rules.trajectory_overlong import counted_from, running_until, runs_of
from services.alerts.sentences import day_nl, days_nl, valid_nl
from youthcare.period import Period
from youthcare.youthfacts import Trajectory, YouthFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlierTerms(Terms):
    """A trajectory counts this many days on the day the finding opens; 95 % of those like it count at most the norm."""

    first_day: date
    care_duration_days: int
    norm_days: int


def outlier(facts: YouthFacts, norms: Norms) -> Iterator[Finding]:
    """One finding per trajectory, by first day."""
    under = facts.definitions[norms.definition]
    for trajectory in under.trajectories:
        passed = _passed(facts, norms, runs_of(under, trajectory))
        if passed is not None:
            yield _finding(facts, trajectory, passed)


def _passed(facts: YouthFacts, norms: Norms, runs: Sequence[Period]) -> Opened | None:
    stretches = in_force(facts, norms, Rule.OUTLIER, Level.NORM)
    return opened(stretches, lambda norm: counted_from(runs, norm.number + 1))


def _finding(facts: YouthFacts, trajectory: Trajectory, passed: Opened) -> Finding:
    return finding_of(
        facts,
        Rule.OUTLIER,
        Level.NORM,
        passed,
        anchor=trajectory.anchor,
        evidence=evidence_of(running_until(facts, trajectory, passed.day)),
        terms=OutlierTerms(
            first_day=trajectory.period.start,
            care_duration_days=(passed.day - trajectory.period.start).days + 1,
            norm_days=passed.norm.number,
        ),
        closes_on=trajectory.period.last_day,
    )


def sentence(finding: Finding) -> str:
    """Since when, how many days, and how long 95 % last at most."""
    terms = finding.terms
    assert isinstance(terms, OutlierTerms)
    return (
        f"Het zorgtraject dat op {day_nl(terms.first_day)} begon, duurt op {day_nl(finding.opens_on)} "
        f"{days_nl(terms.care_duration_days)}; 95 % van de trajecten met dezelfde zorgvorm duurt hoogstens "
        f"{days_nl(terms.norm_days)} {valid_nl(finding.norm)}."
    )


SPEC = Spec(
    rule=Rule.OUTLIER,
    find=outlier,
    sentence=sentence,
    label_nl="Langer dan vergelijkbare trajecten",
    ends_nl="Vervalt als het zorgtraject eindigt.",
    source="Toezichthouders missen in de eigen systemen alarmbellen op bijvoorbeeld de zorgduur.",
    to_supervisor=True,
)
