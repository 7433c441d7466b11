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
    """The rules of this version; the value stands in tables, metrics and on the topic."""

    RETURNED = "returned"  # herinstroom
    STACKING_LEVEL = "stacking-level"  # stapeling boven de norm
    STACKING_REQUEST = "stacking-request"  # verzoek bij lopende zorg
    TRAJECTORY_OVERLONG = "trajectory-overlong"  # lang zorgtraject


class Level(StrEnum):
    """How far it has come: a rule without degrees has one level."""

    NORM = "norm"  # norm bereikt
    SIGNAL = "signal"  # signaal
    WARNING = "warning"  # waarschuwing vooraf


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlongTerms:
    """A trajectory counts this many days on the day the finding opens; `threshold_days` is norm or 80 % of it."""

    first_day: date
    care_duration_days: int
    threshold_days: int
    norm_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Provision:
    """A care form at a provider."""

    care_form: str
    provider: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StackingTerms:
    """The provisions that count on the day the finding opens."""

    threshold: int
    provisions: tuple[Provision, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnTerms:
    """Care begins again after this many days without; until `window_last_day` a start is a return."""

    previous_last_day: date
    days_since: int
    window_last_day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningCare:
    """One provision that runs on the day a request comes, since when, and who referred."""

    care_form: str
    provider: str | None = None
    since: date
    running_days: int
    referrer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestTerms:
    """Who asks, through whom, whether it is a change request, and what runs."""

    provider: str
    referrer: str | None = None
    is_change: bool
    running: tuple[RunningCare, ...] = ()


Terms = OverlongTerms | StackingTerms | ReturnTerms | RequestTerms


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
