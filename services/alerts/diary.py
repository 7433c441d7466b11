"""The rule diary: what may be entered as a norm, by whom is asked elsewhere (domain.md §7).

Two rules. A norm is for a known rule, for a level that the rule has, with a positive number exactly where the rule
has one, and says why it is entered. What was entered is never changed: a later row counts instead.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from services.alerts.finding import Level, Rule
from services.alerts.norms import Norm
from youthcare.personal_number import holds_personal_number

NUMBER_MAX = 36_500
REASON_LENGTH_MAX = 500
FIRST_VALID = date(2015, 1, 1)
"""The Youth Act (Jeugdwet) came into force: no norm is older."""
_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z ._-]{0,59}")

IN_DAYS = frozenset({
    Rule.TRAJECTORY_OVERLONG, Rule.INDICATION_OVERLONG, Rule.DUPLICATE_PROVISION, Rule.END_NEAR, Rule.WAITING_LONG,
    Rule.SLEEPER, Rule.OUTLIER,
})  # fmt: skip
COUNTED = frozenset({
    Rule.STACKING_LEVEL, Rule.SERIAL_RENEWAL, Rule.EVALUATION_DUE, Rule.TURNING_18, Rule.RESIDENTIAL_MOVES,
    Rule.SHOPPING,
})  # fmt: skip
"""The rules with a number of something else than days: provisions, extensions, months or moves."""
LEVELS: Mapping[Rule, frozenset[Level]] = {
    Rule.TRAJECTORY_OVERLONG: frozenset({Level.NORM, Level.WARNING}),
    Rule.EVALUATION_DUE: frozenset({Level.FIRST, Level.YEARLY}),
    Rule.SLEEPER: frozenset({Level.PAUSED, Level.NO_END}),
    Rule.STACKING_UNREQUESTED: frozenset({Level.SIGNAL, Level.WITHOUT_REQUEST}),
    Rule.OUTLIER: frozenset({Level.NORM}),
    Rule.INDICATION_OVERLONG: frozenset({Level.NORM}),
}
_ONE_LEVEL = frozenset({Level.SIGNAL})


class NormRefusal(StrEnum):
    """Why a norm is refused."""

    LEVEL_UNKNOWN = "level-unknown"
    CARE_FORM_INVALID = "care-form-invalid"
    TEAM_INVALID = "team-invalid"
    DAYS_NEEDED = "days-needed"
    THRESHOLD_NEEDED = "threshold-needed"
    NUMBER_UNWANTED = "number-unwanted"
    NUMBER_INVALID = "number-invalid"
    VALID_FROM_INVALID = "valid-from-invalid"
    REASON_INVALID = "reason-invalid"


REFUSAL_NL: Mapping[NormRefusal, str] = {
    NormRefusal.LEVEL_UNKNOWN: "Deze regel kent dit niveau niet.",
    NormRefusal.CARE_FORM_INVALID: "De zorgvorm heeft niet de juiste vorm.",
    NormRefusal.TEAM_INVALID: "Het team heeft niet de juiste vorm.",
    NormRefusal.DAYS_NEEDED: "Deze regel vraagt een aantal dagen, in het veld days.",
    NormRefusal.THRESHOLD_NEEDED: "Deze regel vraagt een aantal, in het veld threshold.",
    NormRefusal.NUMBER_UNWANTED: "Deze regel heeft geen getal.",
    NormRefusal.NUMBER_INVALID: f"Het getal ligt tussen 1 en {NUMBER_MAX}.",
    NormRefusal.VALID_FROM_INVALID: "Een norm geldt niet van vóór 1 januari 2015.",
    NormRefusal.REASON_INVALID: f"Geef een reden, in ten hoogste {REASON_LENGTH_MAX} tekens en zonder persoonsnummer.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A norm that somebody wants to enter or to try, for all levels, care forms or teams where None."""

    rule: Rule
    valid_from: date
    level: Level | None = None
    care_form: str | None = None
    team: str | None = None
    days: int | None = None
    threshold: int | None = None
    reason: str = ""


def refusal_of(proposal: Proposal, *, with_reason: bool) -> NormRefusal | None:
    """Why a norm may not be entered; None when it may. To try one needs no reason."""
    if proposal.level is not None and proposal.level not in LEVELS.get(proposal.rule, _ONE_LEVEL):
        return NormRefusal.LEVEL_UNKNOWN
    if proposal.care_form is not None and not _NAME.fullmatch(proposal.care_form):
        return NormRefusal.CARE_FORM_INVALID
    if proposal.team is not None and not _NAME.fullmatch(proposal.team):
        return NormRefusal.TEAM_INVALID
    if proposal.valid_from < FIRST_VALID:
        return NormRefusal.VALID_FROM_INVALID
    if with_reason and not _is_reason(proposal.reason):
        return NormRefusal.REASON_INVALID
    return _number_refusal(proposal)


def norm_of(proposal: Proposal) -> Norm:
    """The norm as the rules read it."""
    return Norm(
        rule=proposal.rule.value,
        valid_from=proposal.valid_from,
        threshold=proposal.threshold if proposal.days is None else proposal.days,
        level=proposal.level.value if proposal.level else None,
        care_form=proposal.care_form,
        team=proposal.team,
        own=True,
    )


def _is_reason(text: str) -> bool:
    reason = text.strip()
    return 1 <= len(reason) <= REASON_LENGTH_MAX and "\x00" not in reason and not holds_personal_number(reason)


def _number_refusal(proposal: Proposal) -> NormRefusal | None:
    number, other = proposal.days, proposal.threshold
    if proposal.rule in COUNTED:
        number, other = other, number
    elif proposal.rule not in IN_DAYS:
        return None if number is None and other is None else NormRefusal.NUMBER_UNWANTED
    if number is None or other is not None:
        return NormRefusal.THRESHOLD_NEEDED if proposal.rule in COUNTED else NormRefusal.DAYS_NEEDED
    return None if 1 <= number <= NUMBER_MAX else NormRefusal.NUMBER_INVALID
