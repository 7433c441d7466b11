"""`evaluation-due`: a provision runs three months, and then each year, without a recorded evaluation (domain.md §7).

Source: evaluations after three months are skipped (domain.md, source of the questions).

Four rules. The evaluations of a provision run are those of its indications. The yearly moments count from the first
moment, evaluated or not. A finding holds until an evaluation, the next moment or the end of the run. Which yearly
moment it is makes a finding what it is, so that an evaluation of one year does not renumber another; where the norm
changed or an indication begins a second run, the numbers go on.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from services.alerts.concerned import evidence_of, finding_of
from services.alerts.finding import Finding, Level, Rule, Terms
from services.alerts.norms import InForce, Norms, Opened, in_force, norm_on, opened
from services.alerts.provisions import ProvisionRun, days_after, provision_runs
from services.alerts.rules.spec import Spec
from services.alerts.sentences import care_nl, day_nl, months_nl, valid_nl
from youthcare.period import FAR, ONE_DAY, Period, add_months
from youthcare.youthfacts import YouthFacts

_RULE = Rule.EVALUATION_DUE
MONTHS_MAX = 12 * 23
"""Nobody is a youth longer: moments of an open run are looked for up to here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationTerms(Terms):
    """A provision that runs since a day, the moment reached, and the moment before it, if there is one."""

    care_form: str
    provider: str | None = None
    first_day: date
    moment: date
    previous: date | None = None
    norm_months: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Moment:
    """A moment on which an evaluation must have been recorded from `since` on; `number` 0 is the first one."""

    number: int
    since: date
    day: date
    following: date


def evaluation_due(facts: YouthFacts, norms: Norms) -> Iterator[Finding]:
    """The findings of each provision run, by first day: the first moment, then the yearly ones."""
    earlier: Counter[str] = Counter()
    given: Counter[str] = Counter()
    for run in provision_runs(facts):
        first_day = _first_moment(facts, norms, run)
        if first_day is not None:
            yield from _first(facts, norms, run)
            anchor = run.first.indication
            for finding in _yearly(facts, norms, run, first_day):
                given[anchor] = max(given[anchor] + 1, earlier[anchor] + finding.occurrence)
                yield replace(finding, occurrence=given[anchor])
            earlier[anchor] += _moment_count(facts, norms, run, first_day)


def _first_moment(facts: YouthFacts, norms: Norms, run: ProvisionRun) -> date | None:
    """The first moment under the norm then in force, whether or not it was evaluated."""
    stretches = in_force(facts, norms, _RULE, Level.FIRST, run.care_form)
    reached = opened(stretches, lambda norm: _from(run, add_months(run.days.start, norm.number)))
    return None if reached is None else add_months(run.days.start, reached.norm.number)


def _from(run: ProvisionRun, day: date) -> list[Period]:
    part = run.days.clipped(day, FAR)
    return [part] if part is not None else []


def _first(facts: YouthFacts, norms: Norms, run: ProvisionRun) -> Iterator[Finding]:
    def moment(months: int) -> _Moment:
        day = add_months(run.days.start, months)
        yearly = norm_on(facts, norms, _RULE, Level.YEARLY, day, run.care_form)
        following = FAR if yearly is None else add_months(day, yearly.number)
        return _Moment(number=0, since=run.days.start, day=day, following=following)

    stretches = in_force(facts, norms, _RULE, Level.FIRST, run.care_form)
    due = opened(stretches, lambda norm: _missed(facts, run, moment(norm.number)))
    if due is not None:
        yield _finding(facts, run, Level.FIRST, moment(due.norm.number), due)


def _yearly(facts: YouthFacts, norms: Norms, run: ProvisionRun, first_day: date) -> Iterator[Finding]:
    """The yearly findings; `occurrence` is the moment's number under its own norm."""
    until = date.min
    for stretch in in_force(facts, norms, _RULE, Level.YEARLY, run.care_form):
        for moment in _moments(run, first_day, stretch.norm.number, norms.until):
            due = _due(facts, run, stretch, moment)
            if due is not None and moment.day >= until:
                until = due.days.end
                yield replace(_finding(facts, run, Level.YEARLY, moment, due), occurrence=moment.number)


def _due(facts: YouthFacts, run: ProvisionRun, stretch: InForce, moment: _Moment) -> Opened | None:
    return opened([stretch], lambda _norm: _missed(facts, run, moment))


def _moments(run: ProvisionRun, first_day: date, months: int, until: date) -> Iterator[_Moment]:
    """The yearly moments that a run covers, up to and including a day."""
    latest = min(run.days.end, add_months(run.days.start, MONTHS_MAX), days_after(until, 1))
    number, day = 1, add_months(first_day, months)
    while day < latest:
        since = add_months(first_day, months * (number - 1)) + ONE_DAY
        following = add_months(first_day, months * (number + 1))
        yield _Moment(number=number, since=since, day=day, following=following)
        number, day = number + 1, following


def _moment_count(facts: YouthFacts, norms: Norms, run: ProvisionRun, first_day: date) -> int:
    """How many yearly moments a run has under the norm in force on its first moment."""
    yearly = norm_on(facts, norms, _RULE, Level.YEARLY, first_day, run.care_form)
    return 0 if yearly is None else sum(1 for _ in _moments(run, first_day, yearly.number, norms.until))


def _missed(facts: YouthFacts, run: ProvisionRun, moment: _Moment) -> Sequence[Period]:
    """The days on which the evaluation of a moment is missing; none when the run does not cover the moment."""
    indications = {row.indication for row in run.rows}
    evaluated = [row.day for row in facts.evaluations if row.indication in indications]
    if not run.days.covers(moment.day) or any(moment.since <= day <= moment.day for day in evaluated):
        return []
    later = min((day for day in evaluated if day > moment.day), default=FAR)
    return [Period(moment.day, min(later, moment.following, run.days.end))]


def _finding(facts: YouthFacts, run: ProvisionRun, level: Level, moment: _Moment, due: Opened) -> Finding:
    return finding_of(
        facts,
        _RULE,
        level,
        due,
        anchor=run.first.indication,
        evidence=evidence_of(run.rows_until(due.day)),
        terms=EvaluationTerms(
            care_form=run.care_form,
            provider=run.provider,
            first_day=run.days.start,
            moment=moment.day,
            previous=moment.since - ONE_DAY if moment.number else None,
            norm_months=due.norm.number,
        ),
        closes_on=due.days.last_day,
    )


def sentence(finding: Finding) -> str:
    """What runs since when, and in which days no evaluation was recorded."""
    terms = finding.terms
    assert isinstance(terms, EvaluationTerms)
    care, moment = care_nl(terms.care_form, terms.provider), day_nl(terms.moment)
    missing = f"tot en met {moment} is daarvan geen evaluatie vastgelegd"
    if terms.previous is not None:
        missing = f"na {day_nl(terms.previous)} {missing}"
    often = "elke" if terms.previous is not None else "na"
    return (
        f"Sinds {day_nl(terms.first_day)} loopt {care}; {missing} en de norm is een evaluatie {often} "
        f"{months_nl(terms.norm_months)} {valid_nl(finding.norm)}."
    )


SPEC = Spec(
    rule=_RULE,
    find=evaluation_due,
    sentence=sentence,
    label_nl="Evaluatie nodig",
    ends_nl="Vervalt als een evaluatie is vastgelegd, bij het volgende moment of als deze voorziening eindigt.",
    source="Evaluaties na drie maanden worden overgeslagen.",
    to_team=True,
)
