"""`sleeper`: care is paused without resumption or end, or the granted last day passed without an end (domain.md §7).

Source: the quarterly report explains dips by late administration (domain.md, source of the questions).

Two rules. Paused days are running days without care of one indication, counted without a day between. An end that is
recorded late ends what was found; its day is that on which its sender recorded it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from services.alerts.concerned import counting, evidence_of, finding_of, run_on
from services.alerts.finding import Finding, Level, Rule, Terms
from services.alerts.norms import InForce, Norms, Opened, in_force, opened
from services.alerts.provisions import days_after
from services.alerts.rules.spec import Spec
from services.alerts.sentences import care_nl, day_nl, days_nl, valid_nl
from youthcare.period import FAR, Period, civil_day, without
from youthcare.youthfacts import IndicationFacts, YouthFacts

_RULE = Rule.SLEEPER


@dataclass(frozen=True, slots=True, kw_only=True)
class SleeperTerms(Terms):
    """Since when a provision is paused, or the granted last day that passed."""

    care_form: str
    provider: str | None = None
    day: date
    norm_days: int


def sleeper(facts: YouthFacts, norms: Norms) -> Iterator[Finding]:
    """The findings of each indication, by id: its long pauses by first day, then the end that is missing."""
    for row in counting(facts):
        yield from _paused(facts, norms, row)
        yield from _without_end(facts, norms, row)


def _paused(facts: YouthFacts, norms: Norms, row: IndicationFacts) -> Iterator[Finding]:
    stretches = in_force(facts, norms, _RULE, Level.PAUSED, row.care_form)
    for pause in without(row.running, row.care):
        asleep = _asleep(stretches, pause)
        if asleep is not None:
            yield _finding(facts, row, Level.PAUSED, pause.start, asleep)


def _asleep(stretches: Iterable[InForce], pause: Period) -> Opened | None:
    return opened(stretches, lambda norm: _from(days_after(pause.start, norm.number - 1), pause.end))


def _without_end(facts: YouthFacts, norms: Norms, row: IndicationFacts) -> Iterator[Finding]:
    last_day = row.grants[-1].last_day if row.grants else None
    if last_day is None or not row.care or not _ends_on(facts, row, last_day):
        return
    recorded = next((civil_day(end.time) for end in row.closing_ends if end.day == last_day), FAR)
    stretches = in_force(facts, norms, _RULE, Level.NO_END, row.care_form)
    asleep = opened(stretches, lambda norm: _from(days_after(last_day, norm.number), recorded))
    if asleep is not None:
        yield _finding(facts, row, Level.NO_END, last_day, asleep)


def _ends_on(facts: YouthFacts, row: IndicationFacts, last_day: date) -> bool:
    """Whether an indication runs on a day and nothing of its provision on the day after."""
    next_day = days_after(last_day, 1)
    alike = (each for each in counting(facts) if (each.care_form, each.provider) == (row.care_form, row.provider))
    goes_on = any(run_on(each.running, next_day) is not None for each in alike)
    return run_on(row.running, last_day) is not None and not goes_on


def _from(first_day: date, end: date) -> list[Period]:
    return [Period(first_day, end)] if first_day < end else []


def _finding(facts: YouthFacts, row: IndicationFacts, level: Level, day: date, asleep: Opened) -> Finding:
    return finding_of(
        facts,
        _RULE,
        level,
        asleep,
        anchor=row.indication,
        evidence=evidence_of([row]),
        terms=SleeperTerms(care_form=row.care_form, provider=row.provider, day=day, norm_days=asleep.norm.number),
        closes_on=asleep.days.last_day,
    )


def sentence(finding: Finding) -> str:
    """Since when nothing is delivered, or until when it was granted."""
    terms = finding.terms
    assert isinstance(terms, SleeperTerms)
    care, opens, norm = care_nl(terms.care_form, terms.provider), day_nl(finding.opens_on), days_nl(terms.norm_days)
    if finding.level is Level.PAUSED:
        count = days_nl((finding.opens_on - terms.day).days + 1)
        told = f"Sinds {day_nl(terms.day)} is {care} onderbroken; op {opens} is dat {count} zonder hervatting of einde"
    else:
        told = f"De toewijzing van {care} liep tot en met {day_nl(terms.day)}; op {opens} is geen einde gemeld"
    return f"{told} en de norm is {norm} {valid_nl(finding.norm)}."


SPEC = Spec(
    rule=_RULE,
    find=sleeper,
    sentence=sentence,
    label_nl="Slapende indicatie",
    ends_nl="Vervalt als de zorg wordt hervat of het einde is gemeld.",
    source="De voortgangsrapportage verklaart dalingen door late administratie.",
    to_team=True,
)
