"""What becomes of an alert (domain.md §7): its states, and how facts and the passing of days move it.

Three rules. A finding has a *due state* on a day; whoever was told of an alert is told of each later state, once.
What is told for the first time is told as opened, also when it has expired since: a missed night loses nothing. A
correction that moves a finding keeps the alert; one that takes its ground away withdraws it, and an alert that nobody
was told of is dropped.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from services.alerts.finding import UNKNOWN_TEAM, Finding, Identity, Rule
from youthcare.wire import to_wire


class State(StrEnum):
    """The states of an alert."""

    SCHEDULED = "scheduled"  # gepland
    OPEN = "open"  # open
    ACKNOWLEDGED = "acknowledged"  # in behandeling
    SNOOZED = "snoozed"  # uitgesteld
    CLOSED = "closed"  # afgesloten
    WITHDRAWN = "withdrawn"  # ingetrokken
    EXPIRED = "expired"  # vervallen
    STALE = "stale"  # onzeker: een aanleveraar zwijgt
    HISTORICAL = "historical"  # van vóór de startdag


_DUE = frozenset({State.SCHEDULED, State.OPEN, State.EXPIRED, State.HISTORICAL})
_UNDER_EYES = frozenset({State.ACKNOWLEDGED, State.SNOOZED, State.STALE})
_ASKING = _UNDER_EYES | {State.OPEN}
_HUMAN_ACTS = frozenset({State.ACKNOWLEDGED, State.SNOOZED, State.CLOSED})

TRANSITIONS: Mapping[State, frozenset[State]] = {
    # From a state, the states that facts, days or people may bring next.
    State.SCHEDULED: _DUE | {State.WITHDRAWN},
    State.OPEN: _DUE | _HUMAN_ACTS | {State.WITHDRAWN, State.STALE},
    State.ACKNOWLEDGED: _DUE | _HUMAN_ACTS | {State.WITHDRAWN, State.STALE},
    State.SNOOZED: _DUE | _HUMAN_ACTS | {State.WITHDRAWN, State.STALE},
    State.STALE: _DUE | _HUMAN_ACTS | {State.WITHDRAWN},
    State.EXPIRED: _DUE | {State.WITHDRAWN},
    State.WITHDRAWN: _DUE,
    State.HISTORICAL: _DUE | {State.WITHDRAWN},
    # Reopens only on a statement received after closing.
    State.CLOSED: frozenset({State.OPEN}),
}

SUPERVISOR = "supervisor"
TOLD_TO_SUPERVISOR = frozenset({Rule.TRAJECTORY_OVERLONG})


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """What is kept of one alert; `told` is the state last told and `receivers` to whom, empty when to nobody."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One alert changes: a new one (no number), a moved one, or one that loses its finding.

    `state` None drops it. `tell` are the states to tell, in order, to `receivers`.
    """

    number: int | None
    finding: Finding | None
    state: State | None
    tell: tuple[State, ...] = ()
    receivers: frozenset[str] = frozenset()


def state_on(finding: Finding | Alert, on: date, start_day: date | None) -> State:
    """The due state of a finding on a day; what was due before the start day or its norm is historical."""
    valid_from = finding.valid_from if isinstance(finding, Alert) else finding.norm.valid_from
    if finding.opens_on < max(valid_from, start_day or date.min):
        return State.HISTORICAL
    if finding.opens_on > on:
        return State.SCHEDULED
    if finding.closes_on is not None and finding.closes_on < on:
        return State.EXPIRED
    return State.OPEN


def receivers_of(rule: Rule, team: str) -> frozenset[str]:
    """Who is told, by role (domain.md §7); without a known team the supervisor, or nobody would be."""
    to_team = frozenset() if team == UNKNOWN_TEAM else frozenset({f"team:{team}"})
    return to_team | {SUPERVISOR} if rule in TOLD_TO_SUPERVISOR or not to_team else to_team


def applied(
    stored: Sequence[Alert], findings: Sequence[Finding], today: date, start_day: date | None
) -> tuple[Change, ...]:
    """What changes in a youth's alerts when these are its findings; nothing when all is as it was."""
    by_identity = {alert.identity: alert for alert in stored}
    found = {finding.identity for finding in findings}
    changes = [_found(by_identity.get(each.identity), each, today, start_day) for each in findings]
    changes += [_vanished(alert) for alert in stored if alert.identity not in found]
    return tuple(change for change in changes if change is not None)


def due(alert: Alert, today: date) -> Change | None:
    """What the passing of days alone changes in a stored alert: it opens, it expires, or nothing."""
    if alert.state in (State.HISTORICAL, State.WITHDRAWN, State.CLOSED):
        return None
    next_state = _next(alert.state, state_on(alert, today, None))
    if next_state is alert.state:
        return None
    return Change(
        number=alert.number,
        finding=None,
        state=next_state,
        tell=_to_tell(alert.told, next_state),
        receivers=alert.receivers | receivers_of(alert.identity.rule, alert.team),
    )


def _found(alert: Alert | None, finding: Finding, today: date, start_day: date | None) -> Change | None:
    due_state = state_on(finding, today, start_day)
    receivers = receivers_of(finding.rule, finding.team)
    if alert is None:
        tell = _to_tell(None, due_state)
        return Change(number=None, finding=finding, state=due_state, tell=tell, receivers=receivers)
    next_state = _next(alert.state, due_state)
    tell = () if next_state is alert.state else _to_tell(alert.told, next_state)
    if not tell and alert.told is not None and next_state in _ASKING and not receivers <= alert.receivers:
        # Another team by now: it learns of the alert as it stands, and the former one of the move.
        tell = (next_state,)
    if next_state is alert.state and not tell and _same(alert, finding):
        return None
    return Change(
        number=alert.number,
        finding=finding,
        state=next_state,
        tell=tell,
        receivers=alert.receivers | receivers,
    )


def _vanished(alert: Alert) -> Change | None:
    if alert.state in (State.WITHDRAWN, State.CLOSED):
        return None
    if alert.told is None:
        return Change(number=alert.number, finding=None, state=None)
    return Change(
        number=alert.number,
        finding=None,
        state=State.WITHDRAWN,
        tell=(State.WITHDRAWN,),
        receivers=alert.receivers,
    )


def _next(state: State, due_state: State) -> State:
    """The state that follows: what people did stays while the ground stands."""
    if state is State.CLOSED or (state in _UNDER_EYES and due_state is State.OPEN):
        return state
    assert due_state is state or due_state in TRANSITIONS[state], "the table knows every step"
    return due_state


def _to_tell(told: State | None, next_state: State) -> tuple[State, ...]:
    if told is not None:
        return () if told is next_state else (next_state,)
    steps: Iterator[State] = iter(())
    if next_state in (State.OPEN, State.EXPIRED):
        steps = iter((State.OPEN, next_state))
    return tuple(dict.fromkeys(steps))


def _same(alert: Alert, finding: Finding) -> bool:
    """Whether a finding says what the alert already says."""
    return (alert.team, alert.opens_on, alert.closes_on, alert.valid_from, alert.evidence, alert.terms) == (
        finding.team,
        finding.opens_on,
        finding.closes_on,
        finding.norm.valid_from,
        finding.evidence,
        to_wire(finding.terms),
    )
