"""The Dutch words that the sentences of alerts share (domain.md §7); each rule's own sentence stands with the rule.

Two rules. A sentence names what is so and since when, and the norm with the day it is valid from; it does not advise.
It holds no "today": the same finding always reads the same.
"""

from collections.abc import Iterable, Mapping
from datetime import date

from services.alerts.norms import Norm
from youthcare.codes import Referrer

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


def day_nl(day: date) -> str:
    """A day as `1 januari 2024`."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def listed_nl(parts: list[str]) -> str:
    """Parts as `a, b en c`."""
    return " en ".join([part for part in (", ".join(parts[:-1]), parts[-1]) if part])


def listed_days_nl(days: Iterable[date]) -> str:
    """Days as `1 januari 2024 en 1 maart 2024`, each once."""
    return listed_nl([day_nl(day) for day in sorted(set(days))])


def form_nl(care_form: str) -> str:
    """A care form as it is called; one of the municipality itself goes by its own name."""
    return CARE_FORM_NL.get(care_form, care_form)


def care_nl(care_form: str, provider: str | None) -> str:
    """A provision as it is called."""
    name = form_nl(care_form)
    return f"{name} bij aanbieder {provider}" if provider else f"{name} bij een onbekende aanbieder"


def days_nl(count: int) -> str:
    """A number of days."""
    return "1 dag" if count == 1 else f"{count} dagen"


def months_nl(count: int) -> str:
    """A number of months."""
    return "1 maand" if count == 1 else f"{count} maanden"


def valid_nl(norm: Norm) -> str:
    """From when a norm is valid, as it stands behind its number."""
    return f"(geldig vanaf {day_nl(norm.valid_from)})"


def through_nl(referrer: str | None) -> str:
    """Who referred, as it stands behind what was referred to."""
    if referrer is None:
        return ", verwijzer onbekend"
    return f", verwezen door {referrer_nl(referrer)}"


def referrer_nl(referrer: str) -> str:
    """A referrer as it is called; a code that the standard does not know is shown as it is."""
    return REFERRER_NL.get(referrer, f"verwijzer {referrer}")
