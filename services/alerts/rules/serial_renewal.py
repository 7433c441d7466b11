"""`serial-renewal`: the second extension of the same provision asks for a second pair of eyes (domain.md §7).

Source: renewals get no second pair of eyes (domain.md, source of the questions).

One rule: an extension is a newer grant that lasts longer or says so, and also a new number for care that already ran.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from services.alerts.concerned import evidence_of, finding_of
from services.alerts.finding import Finding, Level, Rule, Terms
from services.alerts.norms import Norms, Opened, in_force, opened
from services.alerts.provisions import Extension, ProvisionRun, extensions, provision_runs
from services.alerts.rules.spec import Spec
from services.alerts.sentences import care_nl, day_nl, listed_days_nl, valid_nl
from youthcare.period import FAR, Period
from youthcare.youthfacts import YouthFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewalTerms(Terms):
    """A provision that began on a day, and the days on which it was extended, up to the day the finding opens."""

    care_form: str
    provider: str | None = None
    first_day: date
    extended_on: tuple[date, ...]
    norm_extensions: int


def serial_renewal(facts: YouthFacts, norms: Norms) -> Iterator[Finding]:
    """One finding per provision run, by first day."""
    for run in provision_runs(facts):
        extended = extensions(run)
        reached = _reached(facts, norms, run, extended)
        if reached is not None:
            yield _finding(facts, run, [each for each in extended if each.day <= reached.day], reached)


def _reached(facts: YouthFacts, norms: Norms, run: ProvisionRun, extended: Sequence[Extension]) -> Opened | None:
    stretches = in_force(facts, norms, Rule.SERIAL_RENEWAL, Level.SIGNAL, run.care_form)
    return opened(stretches, lambda norm: _from(run, extended, norm.number))


def _from(run: ProvisionRun, extended: Sequence[Extension], count: int) -> list[Period]:
    """The days of a run from its so-many-th extension on."""
    if len(extended) < count:
        return []
    part = run.days.clipped(extended[count - 1].day, FAR)
    return [part] if part is not None else []


def _finding(facts: YouthFacts, run: ProvisionRun, extended: Sequence[Extension], reached: Opened) -> Finding:
    return finding_of(
        facts,
        Rule.SERIAL_RENEWAL,
        Level.SIGNAL,
        reached,
        anchor=run.first.indication,
        evidence=evidence_of([run.first, *(each.row for each in extended)]),
        terms=RenewalTerms(
            care_form=run.care_form,
            provider=run.provider,
            first_day=run.days.start,
            extended_on=tuple(each.day for each in extended),
            norm_extensions=reached.norm.number,
        ),
        closes_on=run.days.last_day,
    )


def sentence(finding: Finding) -> str:
    """What began when, on which days it was extended, and how often that is."""
    terms = finding.terms
    assert isinstance(terms, RenewalTerms)
    count = len(terms.extended_on)
    return (
        f"Sinds {day_nl(terms.first_day)} loopt {care_nl(terms.care_form, terms.provider)}, {count} keer verlengd "
        f"(op {listed_days_nl(terms.extended_on)}); de norm voor een tweede beoordelaar is {terms.norm_extensions} "
        f"keer {valid_nl(finding.norm)}."
    )


SPEC = Spec(
    rule=Rule.SERIAL_RENEWAL,
    find=serial_renewal,
    sentence=sentence,
    label_nl="Herhaalde verlenging",
    ends_nl="Vervalt als deze voorziening eindigt.",
    source="Verlengingen krijgen geen tweede paar ogen.",
    to_supervisor=True,
)
