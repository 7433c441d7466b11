"""`stacking-level`: the provisions that count on a day reach the threshold (domain.md §5 and §7).

Source: growth comes from more stacking, among other things.

Two rules. A run of such days without interruption is one finding. The norm in force when it opened decides the
whole run.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from services.alerts.concerned import counting, evidence_of, run_on, team_of
from services.alerts.finding import Finding, Level, Provision, Rule, Terms
from services.alerts.norms import InForce, Norms, in_force
from services.alerts.rules.spec import Spec
from services.alerts.sentences import care_nl, day_nl, listed_nl, valid_nl
from youthcare.period import Period, joined
from youthcare.youthfacts import IndicationFacts, ProvisionDays, YouthFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class StackingTerms(Terms):
    """The provisions that count on the day the finding opens."""

    threshold: int
    provisions: tuple[Provision, ...]


def stacking_level(facts: YouthFacts, norms: Norms) -> Iterator[Finding]:
    """One finding per run of days on which the threshold is reached, by first day."""
    provisions = facts.definitions[norms.definition].provisions
    found: list[Period] = []
    for stretch in in_force(facts, norms, Rule.STACKING_LEVEL, Level.SIGNAL):
        for run in stacked_days(provisions, stretch.norm.number):
            day = stretch.opening(run)
            if day is not None and not any(overlap(run, earlier) for earlier in found):
                found.append(run)
                yield _finding(facts, provisions, Period(day, run.end), stretch)


def stacked_days(provisions: Sequence[ProvisionDays], threshold: int) -> tuple[Period, ...]:
    """The maximal runs of days on which at least `threshold` provisions count."""
    return covered_days([period for row in provisions for period in row.days], threshold)


def covered_days(periods: Sequence[Period], threshold: int) -> tuple[Period, ...]:
    """The maximal runs of days that lie in at least `threshold` of the periods."""
    change: Counter[date] = Counter()
    for period in periods:
        change[period.start] += 1
        change[period.end] -= 1
    days = sorted(change)
    runs: list[Period] = []
    count = 0
    for day, following in pairwise(days):
        count += change[day]
        if count >= threshold:
            runs.append(Period(day, following))
    return joined(runs)


def overlap(one: Period, other: Period) -> bool:
    """Whether two periods share a day."""
    return one.clipped(other.start, other.end) is not None


def _finding(facts: YouthFacts, provisions: Sequence[ProvisionDays], run: Period, stretch: InForce) -> Finding:
    counted = [row for row in provisions if run_on(row.days, run.start) is not None]
    rows = _delivered(facts, counted, run.start)
    return Finding(
        rule=Rule.STACKING_LEVEL,
        level=Level.SIGNAL,
        anchor=_anchor(rows, run.start),
        opens_on=run.start,
        closes_on=run.last_day,
        team=team_of(facts, run.start),
        evidence=evidence_of(rows),
        terms=StackingTerms(
            threshold=stretch.norm.number,
            provisions=tuple(Provision(care_form=row.care_form, provider=row.provider) for row in counted),
        ),
        norm=stretch.norm,
    )


def _delivered(facts: YouthFacts, counted: Sequence[ProvisionDays], day: date) -> list[IndicationFacts]:
    """The indications with care on a day that belong to the provisions that count."""
    wanted = {(row.care_form, row.provider) for row in counted}
    return [
        row
        for row in counting(facts)
        if (row.care_form, row.provider) in wanted and row.stackable and run_on(row.care, day) is not None
    ]


def _anchor(rows: Sequence[IndicationFacts], day: date) -> str:
    """The smallest indication whose care begins that day; else the smallest with care that day."""
    begun = [row.indication for row in rows if any(period.start == day for period in row.care)]
    return min(begun or [row.indication for row in rows])


def sentence(finding: Finding) -> str:
    """Which provisions run at once, and how many the norm is."""
    terms = finding.terms
    assert isinstance(terms, StackingTerms)
    named = listed_nl([care_nl(row.care_form, row.provider) for row in terms.provisions])
    return (
        f"Op {day_nl(finding.opens_on)} lopen {len(terms.provisions)} voorzieningen tegelijk: {named}; "
        f"de norm is {terms.threshold} {valid_nl(finding.norm)}."
    )


SPEC = Spec(
    rule=Rule.STACKING_LEVEL,
    find=stacking_level,
    sentence=sentence,
    label_nl="Stapeling boven de norm",
    ends_nl="Vervalt zodra er minder voorzieningen tegelijk lopen dan de norm.",
    source="De groei van de jeugdzorg komt mede door meer zorgstapeling.",
    to_team=True,
)
