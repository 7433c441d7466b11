"""What a rule yields: *holds from day X (until day Y) if nothing changes*, with what it rests on (domain.md §7).

Two rules. A finding holds dates and no state: whether it is open is asked of a day. Its terms are the numbers, dates
and codes that its sentence names, never a score and never a person.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from services.alerts.norms import Norm

UNKNOWN_TEAM = "unknown"


class Rule(StrEnum):
    """The rules of domain.md §7; the value stands in tables, metrics and on the topic."""

    DUPLICATE_PROVISION = "duplicate-provision"  # dezelfde zorgvorm bij twee aanbieders
    END_NEAR = "end-near"  # toewijzing loopt af
    EVALUATION_DUE = "evaluation-due"  # evaluatie nodig
    FEED_SILENT = "feed-silent"  # aanleveraar zwijgt
    INDICATION_OVERLONG = "indication-overlong"  # lange voorziening
    OUTLIER = "outlier"  # langer dan vergelijkbare trajecten
    RESIDENTIAL_MOVES = "residential-moves"  # overplaatsingen
    RETURNED = "returned"  # herinstroom
    SERIAL_RENEWAL = "serial-renewal"  # herhaalde verlenging
    SHOPPING = "shopping"  # na afwijzing via een andere verwijzer
    SLEEPER = "sleeper"  # slapende indicatie
    STACKING_LEVEL = "stacking-level"  # stapeling boven de norm
    STACKING_REQUEST = "stacking-request"  # verzoek bij lopende zorg
    STACKING_UNREQUESTED = "stacking-unrequested"  # stapeling via een andere verwijzer
    TRAJECTORY_OVERLONG = "trajectory-overlong"  # lang zorgtraject
    TURNING_18 = "turning-18"  # bijna 18 jaar
    WAITING_LONG = "waiting-long"  # lang wachtend


class Level(StrEnum):
    """How far it has come, or which of a rule's conditions it is; a rule with one condition has one level."""

    FIRST = "first"  # eerste evaluatie
    NO_END = "no-end"  # afgelopen zonder gemeld einde
    NORM = "norm"  # norm bereikt
    PAUSED = "paused"  # onderbroken
    SIGNAL = "signal"  # signaal
    WARNING = "warning"  # waarschuwing vooraf
    WITHOUT_REQUEST = "without-request"  # zonder verzoek
    YEARLY = "yearly"  # jaarlijkse evaluatie


class Terms:
    """What the sentence of a finding names; each rule has its own (`rules/`)."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Provision:
    """A care form at a provider."""

    care_form: str
    provider: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningCare:
    """One provision that runs on a day, since when, and who referred."""

    care_form: str
    provider: str | None = None
    since: date
    running_days: int
    referrer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What makes two findings about one youth the same one; `occurrence` counts those with the same anchor."""

    rule: Rule
    level: Level
    anchor: str
    occurrence: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A condition that holds from a day on; `closes_on` is the last day on which it does, None while open."""

    rule: Rule
    level: Level
    anchor: str
    occurrence: int = 1
    opens_on: date
    closes_on: date | None = None
    team: str = UNKNOWN_TEAM
    evidence: tuple[str, ...] = ()
    terms: Terms
    norm: Norm

    @property
    def identity(self) -> Identity:
        """What it keeps when a correction moves its dates."""
        return Identity(rule=self.rule, level=self.level, anchor=self.anchor, occurrence=self.occurrence)
