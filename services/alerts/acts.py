"""What people do with an alert: take it up, put it off, give it to somebody, close it, write something down.

Two rules. An act is tried against the one table of steps (`states.py`) and is refused by a value that says why. On an
uncertain alert (a sender is silent) what people do counts from when the sender is heard; closing counts at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from services.alerts.lifecycle import Alert, Change, Hands, step
from services.alerts.states import ASKING, TRANSITIONS, By, Cause, State
from youthcare.personal_number import holds_personal_number

NOTE_LENGTH_MAX = 2000
ASSIGNEE_LENGTH_MAX = 100
SNOOZE_DAYS_MAX = 366
MESSAGE_DAYS_MAX = 91
"""Put off until the next message, an alert comes back after so many days when no message comes."""


class Outcome(StrEnum):
    """Why an alert was closed (domain.md §7)."""

    ACTED = "acted"  # opgepakt
    ALREADY_KNOWN = "already-known"  # al bekend
    AGREED_EXCEPTION = "agreed-exception"  # afgesproken uitzondering
    DATA_ERROR = "data-error"  # fout in de gegevens
    NOT_OURS = "not-ours"  # niet van ons


OUTCOME_NL: Mapping[Outcome, str] = {
    Outcome.ACTED: "opgepakt",
    Outcome.ALREADY_KNOWN: "al bekend",
    Outcome.AGREED_EXCEPTION: "afgesproken uitzondering",
    Outcome.DATA_ERROR: "fout in de gegevens",
    Outcome.NOT_OURS: "niet van ons",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledge:
    """Somebody takes it up; it lapses after the municipality's term, and doing it again begins the term anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snooze:
    """Put off until a day, on which it is open again; None: until the next message about the youth."""

    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assign:
    """Give it to somebody of the team; None: to nobody."""

    to: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """Close it with a coded outcome."""

    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Write something down; it stays in the history."""

    text: str


Act = Acknowledge | Snooze | Assign | Close | Note


class ActRefusal(StrEnum):
    """Why an act is refused."""

    NOT_FROM_HERE = "not-from-here"
    UNTIL_INVALID = "until-invalid"
    ASSIGNEE_INVALID = "assignee-invalid"
    NOTE_INVALID = "note-invalid"
    PERSONAL_NUMBER = "personal-number"


REFUSAL_NL: Mapping[ActRefusal, str] = {
    ActRefusal.NOT_FROM_HERE: "Dit kan niet in de toestand waarin het signaal nu is.",
    ActRefusal.UNTIL_INVALID: f"Uitstel loopt tot een dag na vandaag en duurt ten hoogste {SNOOZE_DAYS_MAX} dagen.",
    ActRefusal.ASSIGNEE_INVALID: f"Noem iemand, in ten hoogste {ASSIGNEE_LENGTH_MAX} tekens.",
    ActRefusal.NOTE_INVALID: f"Een notitie heeft ten minste 1 en ten hoogste {NOTE_LENGTH_MAX} tekens.",
    ActRefusal.PERSONAL_NUMBER: "Hier staat een nummer van negen cijfers; een burgerservicenummer hoort hier niet.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """When an act is done, for how many days taking up counts, and how many statements are known of the youth."""

    today: date
    acknowledgement_days: int
    count: int | None = None


def acted(alert: Alert, act: Act, now: Circumstances) -> Change | ActRefusal:
    """What an act changes, or why it is refused."""
    if isinstance(act, Note):
        return _noted(alert, act)
    if alert.state not in ASKING:
        return ActRefusal.NOT_FROM_HERE
    if isinstance(act, Acknowledge):
        until = now.today + timedelta(days=now.acknowledgement_days)
        return _taken(alert, State.ACKNOWLEDGED, Cause.ACKNOWLEDGED, _tied(alert.hands, until))
    if isinstance(act, Snooze):
        return _snoozed(alert, act, now)
    if isinstance(act, Assign):
        return _assigned(alert, act)
    hands = replace(_tied(alert.hands, None), former=None, outcome=act.outcome.value, count=now.count)
    return step(alert, State.CLOSED, Cause.CLOSED, By.PEOPLE, hands)


def allowed(state: State) -> frozenset[type[Act]]:
    """The acts that are not refused for the state alone; a page offers these."""
    notes: frozenset[type[Act]] = frozenset() if state in (State.SCHEDULED, State.HISTORICAL) else frozenset({Note})
    return notes | {Acknowledge, Snooze, Assign, Close} if state in ASKING else notes


def _tied(hands: Hands, until: date | None) -> Hands:
    return replace(hands, until=until, on_message=False, count=None)


def _taken(alert: Alert, state: State, cause: Cause, hands: Hands) -> Change:
    if alert.state is State.STALE:
        return step(alert, State.STALE, cause, By.PEOPLE, replace(hands, former=state))
    return step(alert, state, cause, By.PEOPLE, hands)


def _snoozed(alert: Alert, act: Snooze, now: Circumstances) -> Change | ActRefusal:
    longest = now.today + timedelta(days=SNOOZE_DAYS_MAX)
    if act.until is not None and not now.today < act.until <= longest:
        return ActRefusal.UNTIL_INVALID
    hands = _tied(alert.hands, act.until or now.today + timedelta(days=MESSAGE_DAYS_MAX))
    hands = replace(hands, on_message=act.until is None, count=now.count)
    return _taken(alert, State.SNOOZED, Cause.SNOOZED, hands)


def _assigned(alert: Alert, act: Assign) -> Change | ActRefusal:
    name = None if act.to is None else act.to.strip()
    if name is not None and (not 1 <= len(name) <= ASSIGNEE_LENGTH_MAX or not name.isprintable()):
        return ActRefusal.ASSIGNEE_INVALID
    if name is not None and holds_personal_number(name):
        return ActRefusal.PERSONAL_NUMBER
    return _unmoved(alert, Cause.ASSIGNED, replace(alert.hands, assignee=name))


def _noted(alert: Alert, act: Note) -> Change | ActRefusal:
    text = act.text.strip()
    if Note not in allowed(alert.state):
        return ActRefusal.NOT_FROM_HERE
    if not 1 <= len(text) <= NOTE_LENGTH_MAX or "\x00" in text:
        return ActRefusal.NOTE_INVALID
    if holds_personal_number(text):
        return ActRefusal.PERSONAL_NUMBER
    return replace(_unmoved(alert, Cause.NOTED, alert.hands), note=text)


def _unmoved(alert: Alert, cause: Cause, hands: Hands) -> Change:
    """The alert stays in its state, so that nobody is told."""
    assert alert.state in TRANSITIONS
    return Change(
        number=alert.number,
        finding=None,
        state=alert.state,
        receivers=alert.receivers,
        cause=cause,
        senders=alert.senders,
        hands=hands,
    )
