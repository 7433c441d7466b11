"""What is kept of one alert, what people left on it, and a change of it.

One rule: an alert holds what its finding says beside what people did, so that a correction can replace the first and
leaves the second.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from services.alerts.finding import Finding, Identity
from services.alerts.states import Cause, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """What people left on an alert, and what is to be put back; nothing but a step of the table changes it."""

    until: date | None = None
    """The day on which an acknowledgement lapses or a snooze ends."""
    on_message: bool = False
    """Snoozed until the next message about the youth (and until that day at the latest)."""
    former: State | None = None
    """What a stale alert goes back to."""
    assignee: str | None = None
    outcome: str | None = None
    count: int | None = None
    """How many statements were known of the youth when it was closed or snoozed."""
    grounded: bool = True
    """False: it was closed, and its finding has gone or moved away since."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """What is kept of one alert; `told` is the state last told and `receivers` to whom, empty when to nobody.

    `team` is the finding's; `holder` the team that has the alert now, empty for the same one.
    """

    number: int
    identity: Identity
    team: str
    opens_on: date
    closes_on: date | None
    valid_from: date
    evidence: tuple[str, ...]
    terms: Mapping[str, Any]
    state: State
    told: State | None = None
    receivers: frozenset[str] = frozenset()
    holder: str = ""
    senders: frozenset[str] = frozenset()
    hands: Hands = field(default_factory=Hands)

    @property
    def team_now(self) -> str:
        """The team that has it now."""
        return self.holder or self.team


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One alert changes: a new one (no number), a moved one, or one that loses its finding.

    `state` None drops it. `tell` are the states to tell, in order, to `receivers`. `holder` None leaves it as it is.
    """

    number: int | None
    finding: Finding | None
    state: State | None
    tell: tuple[State, ...] = ()
    receivers: frozenset[str] = frozenset()
    cause: Cause = Cause.FACTS
    holder: str | None = None
    senders: frozenset[str] = frozenset()
    hands: Hands = field(default_factory=Hands)
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Latest:
    """What the facts say beside their findings: how many statements they rest on, and the team of today."""

    count: int | None = None
    team: str | None = None


NO_LATEST = Latest()
