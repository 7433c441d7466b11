"""`turning-18`: six months before the 18th birthday care runs (domain.md §7).

Source: extended care for youths from 18 to 22 rises; what comes after youth care is to be arranged before it.

Two rules. The date of birth is that of the newest registration; born on 29 February one is 18 on 1 March. It is told
on the first running day of a trajectory in those months, and holds until the day before the birthday.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from services.alerts.concerned import counting, evidence_of, finding_of, run_on
from services.alerts.finding import Finding, Level, Provision, Rule, Terms
from services.alerts.norms import Norms, Opened, in_force, opened
from services.alerts.rules.spec import Spec
from services.alerts.sentences import care_nl, day_nl, listed_nl, months_nl, valid_nl
from youthcare.period import ONE_DAY, Period, add_months, joined
from youthcare.youthfacts import IndicationFacts, Trajectory, YouthFacts

ADULT_YEARS = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class TurningTerms(Terms):
    """The birthday, and the provisions that run on the day the finding opens."""

    birthday: date
    provisions: tuple[Provision, ...]
    norm_months: int


def turning_18(facts: YouthFacts, norms: Norms) -> Iterator[Finding]:
    """One finding per trajectory with a running day in the months before the birthday, by first day."""
    birthday = birthday_of(facts)
    if birthday is None:
        return
    for trajectory in facts.definitions[norms.definition].trajectories:
        near = _near(facts, norms, trajectory, birthday)
        if near is not None:
            yield _finding(facts, trajectory, birthday, near)


def birthday_of(facts: YouthFacts) -> date | None:
    """The 18th birthday, from the newest registration; None when nobody stated a date of birth."""
    born = facts.registrations[-1].birth_date if facts.registrations else None
    if born is None:
        return None
    if (born.month, born.day) == (2, 29):
        return date(born.year + ADULT_YEARS, 3, 1)
    return born.replace(year=born.year + ADULT_YEARS)


def _near(facts: YouthFacts, norms: Norms, trajectory: Trajectory, birthday: date) -> Opened | None:
    stretches, runs = in_force(facts, norms, Rule.TURNING_18, Level.SIGNAL), _runs(facts, trajectory)
    return opened(stretches, lambda norm: _before(runs, birthday, norm.number))


def _runs(facts: YouthFacts, trajectory: Trajectory) -> tuple[Period, ...]:
    """The running days of a trajectory; a paper gap has none."""
    within = trajectory.period
    parts = (run.clipped(within.start, within.end) for row in counting(facts) for run in row.running)
    return joined(part for part in parts if part is not None)


def _before(runs: Sequence[Period], birthday: date, months: int) -> Iterator[Period]:
    first_day = add_months(birthday, -months)
    return (part for run in runs if (part := run.clipped(first_day, birthday)) is not None)


def _finding(facts: YouthFacts, trajectory: Trajectory, birthday: date, near: Opened) -> Finding:
    rows = [row for row in counting(facts) if run_on(row.running, near.day) is not None]
    return finding_of(
        facts,
        Rule.TURNING_18,
        Level.SIGNAL,
        near,
        anchor=trajectory.anchor,
        evidence=evidence_of(rows),
        terms=TurningTerms(birthday=birthday, provisions=_provisions(rows), norm_months=near.norm.number),
        closes_on=min(birthday, trajectory.period.end) - ONE_DAY,
    )


def _provisions(rows: Sequence[IndicationFacts]) -> tuple[Provision, ...]:
    named = sorted({(row.care_form, row.provider or "") for row in rows})
    return tuple(Provision(care_form=care_form, provider=provider or None) for care_form, provider in named)


def sentence(finding: Finding) -> str:
    """When the youth turns 18, and what runs."""
    terms = finding.terms
    assert isinstance(terms, TurningTerms)
    running = listed_nl([care_nl(row.care_form, row.provider) for row in terms.provisions])
    return (
        f"De jeugdige wordt op {day_nl(terms.birthday)} 18 jaar en op {day_nl(finding.opens_on)} loopt {running}; "
        f"de norm is {months_nl(terms.norm_months)} van tevoren {valid_nl(finding.norm)}."
    )


SPEC = Spec(
    rule=Rule.TURNING_18,
    find=turning_18,
    sentence=sentence,
    label_nl="Bijna 18 jaar",
    ends_nl="Vervalt op de 18e verjaardag, of eerder als het zorgtraject eindigt.",
    source="Het aantal jeugdigen van 18 tot en met 22 jaar met verlengde jeugdhulp stijgt.",
    to_team=True,
)
