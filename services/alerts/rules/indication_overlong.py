"""`indication-overlong`: the running days of one provision, renewals joined, reach the norm of its care form.

Source: growth comes from longer care, among other things (domain.md, source of the questions).

One rule: the first day of the provision run counts as day one, and a new number for the same care goes on counting.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from services.alerts.concerned import evidence_of, finding_of
from services.alerts.finding import Finding, Level, Rule, Terms
from services.alerts.norms import Norms, Opened, in_force, opened
from services.alerts.provisions import ProvisionRun, days_after, provision_runs
from services.alerts.rules.spec import Spec
from services.alerts.sentences import care_nl, day_nl, days_nl, valid_nl
from youthcare.period import FAR, Period
from youthcare.youthfacts import YouthFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicationOverlongTerms(Terms):
    """A provision runs since a day, and counts this many days on the day the finding opens."""

    care_form: str
    provider: str | None = None
    first_day: date
    running_days: int
    norm_days: int


def indication_overlong(facts: YouthFacts, norms: Norms) -> Iterator[Finding]:
    """One finding per provision run, by first day."""
    for run in provision_runs(facts):
        reached = _reached(facts, norms, run)
        if reached is not None:
            yield _finding(facts, run, reached)


def _reached(facts: YouthFacts, norms: Norms, run: ProvisionRun) -> Opened | None:
    stretches = in_force(facts, norms, Rule.INDICATION_OVERLONG, Level.NORM, run.care_form)
    return opened(stretches, lambda norm: _from_day(run, norm.number))


def _from_day(run: ProvisionRun, count: int) -> list[Period]:
    """The days of a run from the one that counts as `count` on."""
    part = run.days.clipped(days_after(run.days.start, count - 1), FAR)
    return [part] if part is not None else []


def _finding(facts: YouthFacts, run: ProvisionRun, reached: Opened) -> Finding:
    return finding_of(
        facts,
        Rule.INDICATION_OVERLONG,
        Level.NORM,
        reached,
        anchor=run.first.indication,
        evidence=evidence_of(run.rows_until(reached.day)),
        terms=IndicationOverlongTerms(
            care_form=run.care_form,
            provider=run.provider,
            first_day=run.days.start,
            running_days=(reached.day - run.days.start).days + 1,
            norm_days=reached.norm.number,
        ),
        closes_on=run.days.last_day,
    )


def sentence(finding: Finding) -> str:
    """What runs, since when, and how many days that is."""
    terms = finding.terms
    assert isinstance(terms, IndicationOverlongTerms)
    return (
        f"Sinds {day_nl(terms.first_day)} loopt {care_nl(terms.care_form, terms.provider)}; op "
        f"{day_nl(finding.opens_on)} is dat, verlengingen meegeteld, {days_nl(terms.running_days)} en de norm is "
        f"{days_nl(terms.norm_days)} {valid_nl(finding.norm)}."
    )


SPEC = Spec(
    rule=Rule.INDICATION_OVERLONG,
    find=indication_overlong,
    sentence=sentence,
    label_nl="Lang dezelfde voorziening",
    ends_nl="Vervalt als deze voorziening eindigt.",
    source="De groei van de jeugdzorg komt mede door langere zorg.",
    to_team=True,
    to_supervisor=True,
)
