"""What an alert says to a Dutch reader: one factual sentence from its terms, no score and no name (domain.md §7).

Two rules. A sentence names what is so and since when, and the norm with the day it is valid from; it does not advise.
It holds no "today": the same finding always reads the same.
"""

from collections.abc import Mapping
from datetime import date

from services.alerts.finding import (
    Finding,
    OverlongTerms,
    RequestTerms,
    ReturnTerms,
    Rule,
    RunningCare,
    StackingTerms,
)
from youthcare.codes import Referrer

LABEL_NL: Mapping[Rule, str] = {
    Rule.RETURNED: "Herinstroom",
    Rule.STACKING_LEVEL: "Stapeling boven de norm",
    Rule.STACKING_REQUEST: "Verzoek bij lopende zorg",
    Rule.TRAJECTORY_OVERLONG: "Lang zorgtraject",
}
ENDS_NL: Mapping[Rule, str] = {
    Rule.RETURNED: "Vervalt als deze zorgperiode eindigt.",
    Rule.STACKING_LEVEL: "Vervalt zodra er minder voorzieningen tegelijk lopen dan de norm.",
    Rule.STACKING_REQUEST: "Vervalt als het verzoek is afgewezen of toegewezen.",
    Rule.TRAJECTORY_OVERLONG: "Vervalt als het zorgtraject eindigt.",
}
CARE_FORM_NL: Mapping[str, str] = {
    "ambulatory": "ambulante jeugdhulp",
    "day-treatment": "dagbehandeling",
    "personal-care": "persoonlijke verzorging",
    "mental-health": "jeugd-ggz",
    "paediatric": "kindergeneeskunde",
    "tailored": "maatwerkarrangement",
    "national": "landelijk ingekochte zorg",
    "team-care": "hulp door het wijkteam",
    "crisis": "crisishulp",
    "crisis-residence": "crisisverblijf",
    "foster-care": "pleegzorg",
    "family-home": "gezinshuis",
    "secure-residence": "gesloten jeugdhulp",
    "residence": "verblijf",
    "other": "overige zorg",
}
REFERRER_NL: Mapping[str, str] = {
    Referrer.MUNICIPALITY: "de gemeente",
    Referrer.GENERAL_PRACTITIONER: "de huisarts",
    Referrer.YOUTH_DOCTOR: "de jeugdarts",
    Referrer.CERTIFIED_INSTITUTION: "de gecertificeerde instelling",
    Referrer.SPECIALIST: "de medisch specialist",
    Referrer.NONE: "geen verwijzer",
    Referrer.COURT: "de rechter of officier van justitie",
}
_MONTHS = (
    "januari", "februari", "maart", "april", "mei", "juni",
    "juli", "augustus", "september", "oktober", "november", "december",
)  # fmt: skip


def sentence(finding: Finding) -> str:
    """The one sentence of an alert, in Dutch."""
    terms = finding.terms
    if isinstance(terms, OverlongTerms):
        return _overlong(finding, terms)
    if isinstance(terms, StackingTerms):
        return _stacking(finding, terms)
    if isinstance(terms, ReturnTerms):
        return _returned(finding, terms)
    return _requested(finding, terms)


def day_nl(day: date) -> str:
    """A day as `1 januari 2024`."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def listed_nl(parts: list[str]) -> str:
    """Parts as `a, b en c`."""
    return " en ".join([part for part in (", ".join(parts[:-1]), parts[-1]) if part])


def care_nl(care_form: str, provider: str | None) -> str:
    """A provision as it is called; a care form of the municipality itself goes by its own name."""
    name = CARE_FORM_NL.get(care_form, care_form)
    return f"{name} bij aanbieder {provider}" if provider else f"{name} bij een onbekende aanbieder"


def _days_nl(count: int) -> str:
    return "1 dag" if count == 1 else f"{count} dagen"


def _overlong(finding: Finding, terms: OverlongTerms) -> str:
    is_warning = terms.threshold_days != terms.norm_days
    limit = f"de waarschuwingsgrens is {_days_nl(terms.threshold_days)} en " if is_warning else ""
    return (
        f"Het zorgtraject dat op {day_nl(terms.first_day)} begon, duurt op {day_nl(finding.opens_on)} "
        f"{_days_nl(terms.care_duration_days)}; {limit}de norm is {_days_nl(terms.norm_days)} "
        f"(geldig vanaf {day_nl(finding.norm.valid_from)})."
    )


def _stacking(finding: Finding, terms: StackingTerms) -> str:
    named = listed_nl([care_nl(row.care_form, row.provider) for row in terms.provisions])
    return (
        f"Op {day_nl(finding.opens_on)} lopen {len(terms.provisions)} voorzieningen tegelijk: {named}; "
        f"de norm is {terms.threshold} (geldig vanaf {day_nl(finding.norm.valid_from)})."
    )


def _returned(finding: Finding, terms: ReturnTerms) -> str:
    return (
        f"Op {day_nl(finding.opens_on)} begint opnieuw zorg, na {_days_nl(terms.days_since)} zonder zorg: de vorige "
        f"zorgperiode eindigde op {day_nl(terms.previous_last_day)} en de termijn voor herinstroom loopt tot en met "
        f"{day_nl(terms.window_last_day)}."
    )


def _requested(finding: Finding, terms: RequestTerms) -> str:
    asks = "vraagt een wijziging die een product toevoegt" if terms.is_change else "vraagt om zorg"
    through = _through_nl(terms.referrer)
    running = "; ".join(_running_nl(row) for row in terms.running) if terms.running else "geen andere zorg"
    return (
        f"Aanbieder {terms.provider} {asks}{through} (ontvangen op {day_nl(finding.opens_on)}), "
        f"terwijl er loopt: {running}."
    )


def _running_nl(row: RunningCare) -> str:
    since = f"sinds {day_nl(row.since)} ({_days_nl(row.running_days)})"
    return f"{care_nl(row.care_form, row.provider)}, {since}{_through_nl(row.referrer)}"


def _through_nl(referrer: str | None) -> str:
    if referrer is None:
        return ", verwijzer onbekend"
    return f", verwezen door {REFERRER_NL.get(referrer, f'verwijzer {referrer}')}"
