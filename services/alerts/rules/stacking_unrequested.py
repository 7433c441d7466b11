"""`stacking-unrequested`: a second provision starts through another referrer than the first, or without a request.

Source: care is stacked through different referrers unseen (domain.md, source of the questions).

Three rules. The second is a provision run that begins while one that began earlier runs; of several the first is the
earliest. The referrer of a provision run is that of its first indication, and one that nobody stated is not another
one. `without-request` is off until a municipality feeds its own access too and turns it on by a row of that level.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from services.alerts.concerned import evidence_of, finding_of
from services.alerts.finding import Finding, Level, Rule, RunningCare, Terms
from services.alerts.norms import Norms, Opened, norm_on
from services.alerts.provisions import ProvisionRun, provision_runs
from services.alerts.rules.spec import Spec
from services.alerts.sentences import care_nl, day_nl, through_nl
from youthcare.period import Period
from youthcare.youthfacts import YouthFacts

_SIGNAL, _WITHOUT_REQUEST = Level.SIGNAL, Level.WITHOUT_REQUEST


@dataclass(frozen=True, slots=True, kw_only=True)
class UnrequestedTerms(Terms):
    """The provision that starts and who referred to it, and the one that runs already."""

    care_form: str
    provider: str | None = None
    referrer: str | None = None
    running: RunningCare


def stacking_unrequested(facts: YouthFacts, norms: Norms) -> Iterator[Finding]:
    """At most one finding per level and second provision run, by its first day."""
    runs = provision_runs(facts)
    for index, second in enumerate(runs):
        day = second.days.start
        first = next((run for run in runs[:index] if run.days.covers(day)), None)
        for level in _levels(first, second) if first is not None else ():
            norm = norm_on(facts, norms, Rule.STACKING_UNREQUESTED, level, day)
            if first is not None and norm is not None:
                both = Period(day, min(first.days.end, second.days.end))
                yield _finding(facts, level, first, second, Opened(norm=norm, days=both))


def _levels(first: ProvisionRun, second: ProvisionRun) -> Iterator[Level]:
    referrers = {first.first.referrer, second.first.referrer}
    if len(referrers - {None}) == 2:
        yield _SIGNAL
    if all(grant.request is None for grant in second.first.grants):
        yield _WITHOUT_REQUEST


def _finding(facts: YouthFacts, level: Level, first: ProvisionRun, second: ProvisionRun, both: Opened) -> Finding:
    return finding_of(
        facts,
        Rule.STACKING_UNREQUESTED,
        level,
        both,
        anchor=second.first.indication,
        evidence=evidence_of([first.first, second.first]),
        terms=UnrequestedTerms(
            care_form=second.care_form,
            provider=second.provider,
            referrer=second.first.referrer,
            running=_running_on(first, both.day),
        ),
        closes_on=both.days.last_day,
    )


def _running_on(run: ProvisionRun, day: date) -> RunningCare:
    return RunningCare(
        care_form=run.care_form,
        provider=run.provider,
        since=run.days.start,
        running_days=(day - run.days.start).days + 1,
        referrer=run.first.referrer,
    )


def sentence(finding: Finding) -> str:
    """What starts, what runs since when, and who referred to each."""
    terms = finding.terms
    assert isinstance(terms, UnrequestedTerms)
    unasked = ", zonder bekend verzoek" if finding.level is _WITHOUT_REQUEST else ""
    running = care_nl(terms.running.care_form, terms.running.provider)
    return (
        f"Op {day_nl(finding.opens_on)} begint {care_nl(terms.care_form, terms.provider)}"
        f"{through_nl(terms.referrer)}{unasked}, terwijl sinds {day_nl(terms.running.since)} ook {running} loopt"
        f"{through_nl(terms.running.referrer)}."
    )


SPEC = Spec(
    rule=Rule.STACKING_UNREQUESTED,
    find=stacking_unrequested,
    sentence=sentence,
    label_nl="Stapeling via een andere verwijzer",
    ends_nl="Vervalt als een van beide voorzieningen eindigt.",
    source="Zorg wordt ongezien gestapeld via verschillende verwijzers.",
    to_team=True,
)
