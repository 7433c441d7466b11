"""The dossier of a stacking request in Dutch: what a team reads before it answers.

One rule: the deadline is said first and in full, with the days that are left or the days that it has passed.
"""

from dataclasses import dataclass
from datetime import date

from services.alerts.dossier import Dossier, Granted, Refused, Running
from services.alerts.inbox import counted_nl
from services.alerts.sentences import REFERRER_NL, care_nl, day_nl
from services.alerts.whycard import REFUSAL_NL
from youthcare.codes import RequestAnswer
from youthcare.period import ONE_DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class DossierWords:
    """The parts of the dossier, in the order in which they are read."""

    asked: str
    deadline: str
    is_late: bool
    outcome: str
    running: tuple[tuple[str, str, str, str], ...]
    refused: tuple[str, ...]
    granted: tuple[str, ...]


def words_of(dossier: Dossier, today: date) -> DossierWords:
    """A dossier in words."""
    by = f", verwezen door {referrer_nl(dossier.referrer)}"
    return DossierWords(
        asked=f"Aanbieder {dossier.provider} vroeg dit op {day_nl(dossier.requested_on)}{by}.",
        deadline=_deadline(dossier),
        is_late=dossier.days_left is not None and dossier.days_left < 0,
        outcome=_outcome(dossier),
        running=tuple(_running(row, today) for row in dossier.running),
        refused=tuple(_refused(row) for row in dossier.refused_before),
        granted=tuple(_granted(row) for row in dossier.granted),
    )


def referrer_nl(referrer: str | None) -> str:
    """Who referred, or that nobody said so."""
    return REFERRER_NL.get(referrer, f"verwijzer {referrer}") if referrer else "een onbekende verwijzer"


def _deadline(dossier: Dossier) -> str:
    until = day_nl(dossier.answer_due)
    if dossier.days_left is None:
        return f"Beantwoord; de termijn liep tot en met {until}."
    one, more = ("dag", "dagen") if dossier.under_investigation else ("werkdag", "werkdagen")
    term = "in onderzoek, acht weken" if dossier.under_investigation else "vijf werkdagen"
    if dossier.days_left < 0:
        return f"Antwoord had er moeten zijn op {until} ({term}): {counted_nl(-dossier.days_left, one, more)} te laat."
    if dossier.days_left == 0:
        return f"Antwoord uiterlijk vandaag, {until} ({term})."
    return f"Antwoord uiterlijk {until} ({term}): nog {counted_nl(dossier.days_left, one, more)}."


def _outcome(dossier: Dossier) -> str:
    if dossier.answered_on is None:
        return ""
    if dossier.answer == RequestAnswer.UNDER_INVESTIGATION:
        return f"Sinds {day_nl(dossier.answered_on)} in onderzoek."
    if dossier.answer != RequestAnswer.REJECTED:
        return f"Beantwoord op {day_nl(dossier.answered_on)}."
    reason = REFUSAL_NL.get(dossier.answer_reason or "", "")
    return f"Afgewezen op {day_nl(dossier.answered_on)}{f': {reason}' if reason else ''}."


def _running(row: Running, today: date) -> tuple[str, str, str, str]:
    length = counted_nl((today - row.since + ONE_DAY).days, "dag", "dagen")
    until = day_nl(row.last_day) if row.last_day else "geen einde bekend"
    name = care_nl(row.care_form, row.provider)
    return name, f"{day_nl(row.since)} ({length})", until, referrer_nl(row.referrer)


def _refused(row: Refused) -> str:
    reason = REFUSAL_NL.get(row.reason or "", "reden onbekend")
    asked = f"Verzoek van aanbieder {row.provider} van {day_nl(row.requested_on)}"
    return f"{asked}, afgewezen op {day_nl(row.rejected_on)}: {reason}."


def _granted(row: Granted) -> str:
    until = f" tot en met {day_nl(row.last_day)}" if row.last_day else ""
    return f"Toegewezen op {day_nl(row.granted_on)}: zorg vanaf {day_nl(row.first_day)}{until}."
