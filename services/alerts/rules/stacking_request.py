"""`stacking-request`: a provider asks for care beside care that runs (domain.md §7).

Source: teams get ever more stacking requests from providers.

Three rules. A change request counts only when it adds a product. Another request counts when care runs on the civil
day its sender dated it; so a first load of old requests is history and no flood. It holds until it is rejected, or
until a grant that carries its reference is made.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from services.alerts.concerned import counting, evidence_of, run_on, team_of
from services.alerts.finding import Finding, Level, Rule, RunningCare, Terms
from services.alerts.norms import Norm, Norms, norm_on
from services.alerts.rules.spec import Spec
from services.alerts.sentences import care_nl, day_nl, days_nl, through_nl
from youthcare.codes import RequestAnswer
from youthcare.period import civil_day, joined
from youthcare.youthfacts import IndicationFacts, RequestFacts, YouthFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestTerms(Terms):
    """Who asks, through whom, whether it is a change request, and what runs."""

    provider: str
    referrer: str | None = None
    is_change: bool
    running: tuple[RunningCare, ...] = ()


def stacking_request(facts: YouthFacts, norms: Norms) -> Iterator[Finding]:
    """One finding per request that would stack care, by reference."""
    for request in facts.requests:
        day = civil_day(request.requested)
        norm = norm_on(facts, norms, Rule.STACKING_REQUEST, Level.SIGNAL, day)
        decided = decided_on(facts, request)
        if norm is not None and (decided is None or decided >= day) and _would_stack(facts, request, day):
            yield _finding(facts, request, decided, norm)


def is_change(request: RequestFacts) -> bool:
    """Whether a request changes what was granted ("verzoek om wijziging", JW317)."""
    return any(product.kind in ("keep", "change") for product in request.products)


def _would_stack(facts: YouthFacts, request: RequestFacts, day: date) -> bool:
    if is_change(request):
        return any(product.kind == "new" for product in request.products)
    return bool(_running(facts, day))


def decided_on(facts: YouthFacts, request: RequestFacts) -> date | None:
    """The civil day on which a request was rejected or first granted; None while undecided."""
    days = [
        grant.granted_at.date() for row in facts.indications for grant in row.grants if grant.request == request.request
    ]
    if request.answer == RequestAnswer.REJECTED and request.answered is not None:
        days.append(civil_day(request.answered))
    return min(days, default=None)


def _running(facts: YouthFacts, day: date) -> list[IndicationFacts]:
    return [row for row in counting(facts) if run_on(row.running, day) is not None]


def _finding(facts: YouthFacts, request: RequestFacts, decided: date | None, norm: Norm) -> Finding:
    day = civil_day(request.requested)
    running = _running(facts, day)
    return Finding(
        rule=Rule.STACKING_REQUEST,
        level=Level.SIGNAL,
        anchor=request.request,
        opens_on=day,
        closes_on=decided,
        team=team_of(facts, day),
        evidence=tuple(sorted({*request.evidence, *evidence_of(running)})),
        terms=RequestTerms(
            provider=request.provider,
            referrer=request.referrer,
            is_change=is_change(request),
            running=tuple(_running_care(facts, running, day)),
        ),
        norm=norm,
    )


def _running_care(facts: YouthFacts, running: Sequence[IndicationFacts], day: date) -> Iterator[RunningCare]:
    """What runs by provision, renewals joined: a new number for the same care does not make it younger."""
    for care_form, provider in sorted({(row.care_form, row.provider or "") for row in running}):
        rows = [row for row in counting(facts) if (row.care_form, row.provider or "") == (care_form, provider)]
        run = run_on(joined(period for row in rows for period in row.running), day)
        assert run is not None, "only what runs that day is named"
        referrers = (row.referrer for row in running if row in rows and row.referrer is not None)
        yield RunningCare(
            care_form=care_form,
            provider=provider or None,
            since=run.start,
            running_days=(day - run.start).days + 1,
            referrer=next(referrers, None),
        )


def sentence(finding: Finding) -> str:
    """Who asks, through whom, and what runs: since when and through whom."""
    terms = finding.terms
    assert isinstance(terms, RequestTerms)
    asks = "vraagt een wijziging die een product toevoegt" if terms.is_change else "vraagt om zorg"
    running = "; ".join(_running_nl(row) for row in terms.running) if terms.running else "geen andere zorg"
    return (
        f"Aanbieder {terms.provider} {asks}{through_nl(terms.referrer)} (ontvangen op {day_nl(finding.opens_on)}), "
        f"terwijl er loopt: {running}."
    )


def _running_nl(row: RunningCare) -> str:
    since = f"sinds {day_nl(row.since)} ({days_nl(row.running_days)})"
    return f"{care_nl(row.care_form, row.provider)}, {since}{through_nl(row.referrer)}"


SPEC = Spec(
    rule=Rule.STACKING_REQUEST,
    find=stacking_request,
    sentence=sentence,
    label_nl="Verzoek bij lopende zorg",
    ends_nl="Vervalt als het verzoek is afgewezen of toegewezen.",
    source="Wijkteams krijgen steeds meer stapelingsverzoeken van aanbieders.",
    to_team=True,
)
