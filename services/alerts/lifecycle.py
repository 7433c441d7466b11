"""What becomes of an alert (domain.md §7): its states, and how facts and the passing of days move it.

Four rules. `TRANSITIONS` (`states.py`) is the one table of steps. A finding has a *due state* on a day; whoever was
told of an alert is told of each later state, once. What is told for the first time is told as opened, also when it
has expired since: a missed night loses nothing. A correction that moves a finding keeps the alert with all that
people left on it; one that takes its ground away withdraws it, and an alert that nobody was told of is dropped. What
people do stands in `acts.py`.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from services.alerts.alert import NO_LATEST, Alert, Change, Hands, Latest
from services.alerts.finding import UNKNOWN_TEAM, Finding, Rule
from services.alerts.rules import SPECS
from services.alerts.states import ASKING, CARRIED_OVER, TRANSITIONS, UNDER_EYES, By, Cause, State
from youthcare.wire import to_wire

__all__ = [
    "ASKING", "SUPERVISOR", "TRANSITIONS", "Alert", "By", "Cause", "Change", "Hands", "Latest", "State", "applied",
    "due", "receivers_of", "state_on", "step",
]  # fmt: skip

SUPERVISOR = "supervisor"


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
    spec = SPECS[rule]
    to_team = frozenset({f"team:{team}"}) if spec.to_team and team != UNKNOWN_TEAM else frozenset()
    return to_team | {SUPERVISOR} if spec.to_supervisor or not to_team else to_team


def applied(
    stored: Sequence[Alert],
    findings: Sequence[Finding],
    today: date,
    start_day: date | None,
    latest: Latest = NO_LATEST,
) -> tuple[Change, ...]:
    """What changes in a youth's alerts when these are its findings; nothing when all is as it was.

    Closed and reopening: a closed alert reopens when facts that hold a statement more than those it was closed under
    give its finding again (it had gone) or give it otherwise (another opening day, other terms). A statement that
    leaves the finding as it was, or a changed norm alone, reopens nothing.
    Hand-over: while an alert is scheduled or asks for something it goes with the youth to the team of today; an
    assignment to somebody of the former team is dropped, all else stays.
    """
    by_identity = {alert.identity: alert for alert in stored}
    found = {finding.identity for finding in findings}
    changes = [
        _found(by_identity.get(each.identity), each, state_on(each, today, start_day), latest) for each in findings
    ]
    changes += [_vanished(alert) for alert in stored if alert.identity not in found]
    return tuple(change for change in changes if change is not None)


def due(alert: Alert, today: date, silent: frozenset[str] | None = None) -> Change | None:
    """What the passing of days and silent senders change in a stored alert: one step, or nothing.

    It opens, it expires, an acknowledgement lapses (the supervisor hears of it too, from then on), a snooze ends, it
    becomes uncertain or is no longer. `silent` None: nobody looked whether senders are silent.
    """
    if alert.state in (State.HISTORICAL, State.WITHDRAWN, State.CLOSED):
        return None
    due_state = state_on(alert, today, None)
    if due_state is not State.OPEN or alert.state not in ASKING:
        return None if due_state is alert.state else step(alert, due_state, Cause.DAY, By.DAYS, _untied(alert.hands))
    if alert.state in (State.ACKNOWLEDGED, State.SNOOZED) and _is_over(alert.hands, today):
        lapsed = alert.state is State.ACKNOWLEDGED
        change = step(alert, State.OPEN, Cause.LAPSED if lapsed else Cause.SNOOZE_ENDED, By.DAYS, _untied(alert.hands))
        return replace(change, receivers=change.receivers | {SUPERVISOR}) if lapsed else change
    return _heard(alert, silent) if silent is not None else None


def step(alert: Alert, state: State, cause: Cause, by: By, hands: Hands) -> Change:
    """A step of the table on a stored alert whose finding stays, told to all who are to know of it."""
    assert by in TRANSITIONS[alert.state].get(state, ()), "the table knows every step"
    return Change(
        number=alert.number,
        finding=None,
        state=state,
        tell=() if state is alert.state else _to_tell(alert.told, state),
        receivers=alert.receivers | receivers_of(alert.identity.rule, alert.team_now),
        cause=cause,
        senders=alert.senders,
        hands=hands,
    )


def _is_over(hands: Hands, today: date) -> bool:
    return hands.until is not None and hands.until <= today


def _untied(hands: Hands) -> Hands:
    """What is left of what people did when nobody has the alert in hand any more."""
    return replace(hands, until=None, on_message=False, former=None, outcome=None, count=None, grounded=True)


def _heard(alert: Alert, silent: frozenset[str]) -> Change | None:
    """Uncertain while a sender of what it rests on is silent; then again what it was."""
    is_silent = bool(alert.senders & silent)
    if alert.state is State.STALE and not is_silent:
        back = alert.hands.former or State.OPEN
        return step(alert, back, Cause.SENDER_HEARD, By.SENDERS, replace(alert.hands, former=None))
    if alert.state is not State.STALE and is_silent:
        hands = replace(alert.hands, former=alert.state)
        return step(alert, State.STALE, Cause.SENDER_SILENT, By.SENDERS, hands)
    return None


def _found(alert: Alert | None, finding: Finding, due_state: State, latest: Latest) -> Change | None:
    holder = latest.team or finding.team
    if alert is None:
        return Change(
            number=None,
            finding=finding,
            state=due_state,
            tell=_to_tell(None, due_state),
            receivers=receivers_of(finding.rule, holder),
            cause=Cause.FOUND,
            holder=holder,
        )
    state, cause, hands = _after_facts(alert, finding, due_state, latest)
    assert state is alert.state or By.FACTS in TRANSITIONS[alert.state].get(state, ()), "the table knows every step"
    holder = holder if state in CARRIED_OVER else alert.team_now
    moves = holder != alert.team_now
    if moves:
        hands = replace(hands, assignee=None)
    if moves and state is alert.state:
        cause = Cause.HANDED_OVER
    receivers = receivers_of(finding.rule, holder)
    tell = () if state is alert.state else _to_tell(alert.told, state)
    if not tell and alert.told is not None and state in ASKING and not receivers <= alert.receivers:
        # Another team by now: it learns of the alert as it stands, and the former one of the move.
        tell = (state,)
    if state is alert.state and not tell and not moves and hands == alert.hands and _same(alert, finding):
        return None
    return Change(
        number=alert.number,
        finding=finding,
        state=state,
        tell=tell,
        receivers=alert.receivers | receivers,
        cause=cause,
        holder=holder,
        hands=hands,
    )


def _after_facts(alert: Alert, finding: Finding, due_state: State, latest: Latest) -> tuple[State, Cause, Hands]:
    """The state that follows: what people did stays while the ground stands."""
    hands = alert.hands
    if alert.state is State.CLOSED:
        if not _says_otherwise(alert, finding, latest):
            return State.CLOSED, Cause.FACTS, hands
        if due_state in (State.OPEN, State.SCHEDULED):
            return due_state, Cause.REOPENED, _untied(hands)
        return State.CLOSED, Cause.GROUND_GONE, replace(hands, grounded=False)
    if alert.state not in UNDER_EYES or due_state is not State.OPEN:
        return due_state, Cause.FACTS, hands if due_state is alert.state else _untied(hands)
    if hands.on_message and _is_newer(hands, latest):
        if alert.state is State.SNOOZED:
            return State.OPEN, Cause.SNOOZE_ENDED, _untied(hands)
        return alert.state, Cause.SNOOZE_ENDED, replace(_untied(hands), former=State.OPEN)
    return alert.state, Cause.FACTS, hands


def _is_newer(hands: Hands, latest: Latest) -> bool:
    return hands.count is not None and latest.count is not None and latest.count > hands.count


def _says_otherwise(alert: Alert, finding: Finding, latest: Latest) -> bool:
    is_moved = (alert.opens_on, alert.terms) != (finding.opens_on, to_wire(finding.terms))
    return _is_newer(alert.hands, latest) and (is_moved or not alert.hands.grounded)


def _vanished(alert: Alert) -> Change | None:
    if alert.state is State.WITHDRAWN or (alert.state is State.CLOSED and not alert.hands.grounded):
        return None
    if alert.state is State.CLOSED:
        hands = replace(alert.hands, grounded=False)
        return Change(
            number=alert.number,
            finding=None,
            state=State.CLOSED,
            receivers=alert.receivers,
            cause=Cause.GROUND_GONE,
            hands=hands,
        )
    if alert.told is None:
        return Change(number=alert.number, finding=None, state=None)
    change = step(alert, State.WITHDRAWN, Cause.FACTS, By.FACTS, _untied(alert.hands))
    return replace(change, tell=(State.WITHDRAWN,), receivers=alert.receivers)


def _to_tell(told: State | None, state: State) -> tuple[State, ...]:
    if told is not None:
        return () if told is state else (state,)
    return tuple(dict.fromkeys((State.OPEN, state))) if state in (State.OPEN, State.EXPIRED) else ()


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
