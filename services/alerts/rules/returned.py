"""`returned`: care begins again inside the re-entry window (domain.md §4 and §7).

Source: growth comes from lagging outflow, among other things; an exit that does not last is none.

One rule: the facts say which care periods are returns; the finding holds while that care period runs.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from services.alerts.concerned import counting, evidence_of, run_on, team_of
from services.alerts.finding import Finding, Level, Rule, Terms
from services.alerts.norms import Norm, Norms, norm_on
from services.alerts.rules.spec import Spec
from services.alerts.sentences import day_nl, days_nl
from youthcare.period import ONE_DAY
from youthcare.youthfacts import CarePeriod, Opening, YouthFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnTerms(Terms):
    """Care begins again after this many days without; until `window_last_day` a start is a return."""

    previous_last_day: date
    days_since: int
    window_last_day: date


def returned(facts: YouthFacts, norms: Norms) -> Iterator[Finding]:
    """One finding per return, by first day."""
    for before, after in pairwise(facts.definitions[norms.definition].care_periods):
        norm = norm_on(facts, norms, Rule.RETURNED, Level.SIGNAL, after.period.start)
        if after.opening is Opening.RETURN and norm is not None:
            yield _finding(facts, before, after, norm)


def _finding(facts: YouthFacts, before: CarePeriod, after: CarePeriod, norm: Norm) -> Finding:
    first_day, last_day = after.period.start, before.period.last_day
    assert last_day is not None, "what returns had ended"
    assert before.until is not None, "what ended has a window"
    begun = [row for row in counting(facts) if any(run.start == first_day for run in row.running)]
    ended = [row for row in counting(facts) if run_on(row.running, last_day) is not None]
    return Finding(
        rule=Rule.RETURNED,
        level=Level.SIGNAL,
        anchor=min(row.indication for row in begun),
        opens_on=first_day,
        closes_on=after.period.last_day,
        team=team_of(facts, first_day),
        evidence=evidence_of([*begun, *ended]),
        terms=ReturnTerms(
            previous_last_day=last_day,
            days_since=(first_day - last_day - ONE_DAY).days,
            window_last_day=before.until,
        ),
        norm=norm,
    )


def sentence(finding: Finding) -> str:
    """When care begins again, after how many days, and until when a start is a return."""
    terms = finding.terms
    assert isinstance(terms, ReturnTerms)
    return (
        f"Op {day_nl(finding.opens_on)} begint opnieuw zorg, na {days_nl(terms.days_since)} zonder zorg: de vorige "
        f"zorgperiode eindigde op {day_nl(terms.previous_last_day)} en de termijn voor herinstroom loopt tot en met "
        f"{day_nl(terms.window_last_day)}."
    )


SPEC = Spec(
    rule=Rule.RETURNED,
    find=returned,
    sentence=sentence,
    label_nl="Herinstroom",
    ends_nl="Vervalt als deze zorgperiode eindigt.",
    source="De groei van de jeugdzorg komt mede door achterblijvende uitstroom.",
    to_team=True,
)
