"""`duplicate-provision`: the same care form runs at two providers for longer than a hand-over (domain.md §7).

Source: growth comes from more stacking, among other things (domain.md, source of the questions).

Two rules. Each pair of provision runs at two known providers is looked at by itself, an unknown one may be either.
Days count from the first that both run; as many as the norm are a hand-over, the day after them opens the finding.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import combinations

from services.alerts.concerned import evidence_of, finding_of
from services.alerts.finding import Finding, Level, Rule, Terms
from services.alerts.norms import Norms, Opened, in_force, opened
from services.alerts.provisions import ProvisionRun, days_after, provision_runs
from services.alerts.rules.spec import Spec
from services.alerts.sentences import day_nl, days_nl, form_nl, listed_nl, valid_nl
from youthcare.period import FAR, Period
from youthcare.youthfacts import YouthFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicateTerms(Terms):
    """A care form runs at two providers since a day, the earlier provider first."""

    care_form: str
    providers: tuple[str, ...]
    shared_since: date
    shared_days: int
    norm_days: int


def duplicate_provision(facts: YouthFacts, norms: Norms) -> Iterator[Finding]:
    """One finding per pair of provision runs, by the earlier one."""
    for first, second in combinations(provision_runs(facts), 2):
        shared = _shared(first, second)
        passed = _passed(facts, norms, first.care_form, shared) if shared is not None else None
        if shared is not None and passed is not None:
            yield _finding(facts, first, second, shared, passed)


def _passed(facts: YouthFacts, norms: Norms, care_form: str, shared: Period) -> Opened | None:
    stretches = in_force(facts, norms, Rule.DUPLICATE_PROVISION, Level.SIGNAL, care_form)
    return opened(stretches, lambda norm: _after(shared, norm.number))


def _shared(first: ProvisionRun, second: ProvisionRun) -> Period | None:
    known = first.provider is not None and second.provider is not None
    if not known or first.care_form != second.care_form or first.provider == second.provider:
        return None
    return first.days.clipped(second.days.start, second.days.end)


def _after(shared: Period, count: int) -> list[Period]:
    """The shared days after so many of them."""
    part = shared.clipped(days_after(shared.start, count), FAR)
    return [part] if part is not None else []


def _finding(facts: YouthFacts, first: ProvisionRun, second: ProvisionRun, shared: Period, passed: Opened) -> Finding:
    assert first.provider is not None, "a pair has two known providers"
    assert second.provider is not None, "a pair has two known providers"
    return finding_of(
        facts,
        Rule.DUPLICATE_PROVISION,
        Level.SIGNAL,
        passed,
        anchor=second.first.indication,
        evidence=evidence_of([first.first, second.first]),
        terms=DuplicateTerms(
            care_form=first.care_form,
            providers=(first.provider, second.provider),
            shared_since=shared.start,
            shared_days=(passed.day - shared.start).days + 1,
            norm_days=passed.norm.number,
        ),
        closes_on=shared.last_day,
    )


def sentence(finding: Finding) -> str:
    """Which form runs at which providers at once, and since when."""
    terms = finding.terms
    assert isinstance(terms, DuplicateTerms)
    return (
        f"Sinds {day_nl(terms.shared_since)} loopt {form_nl(terms.care_form)} bij twee aanbieders tegelijk "
        f"({listed_nl(list(terms.providers))}); op {day_nl(finding.opens_on)} is dat {days_nl(terms.shared_days)} en "
        f"de norm voor een overdracht is {days_nl(terms.norm_days)} {valid_nl(finding.norm)}."
    )


SPEC = Spec(
    rule=Rule.DUPLICATE_PROVISION,
    find=duplicate_provision,
    sentence=sentence,
    label_nl="Dezelfde zorg bij twee aanbieders",
    ends_nl="Vervalt als de zorg bij een van beide aanbieders eindigt.",
    source="De groei van de jeugdzorg komt mede door meer zorgstapeling.",
    to_team=True,
    to_supervisor=True,
)
