"""The states of an alert, what may bring each, and the one table of steps (domain.md §7).

One rule: what is not in `TRANSITIONS` does not happen, whether facts, days, people or the silence of a sender ask it.
"""

from collections.abc import Mapping
from enum import StrEnum


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


class By(StrEnum):
    """What may bring a state."""

    FACTS = "facts"
    DAYS = "days"
    PEOPLE = "people"
    SENDERS = "senders"


class Cause(StrEnum):
    """Why a step was taken, as the history says it."""

    FOUND = "found"
    FACTS = "facts"
    DAY = "day"
    LAPSED = "lapsed"
    SNOOZE_ENDED = "snooze-ended"
    REOPENED = "reopened"
    HANDED_OVER = "handed-over"
    GROUND_GONE = "ground-gone"
    SENDER_SILENT = "sender-silent"
    SENDER_HEARD = "sender-heard"
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    ASSIGNED = "assigned"
    CLOSED = "closed"
    NOTED = "noted"


_NEWS, _TIME, _PEOPLE, _FEED = (frozenset({each}) for each in (By.FACTS, By.DAYS, By.PEOPLE, By.SENDERS))
_MOVED = {State.SCHEDULED: _NEWS, State.HISTORICAL: _NEWS, State.WITHDRAWN: _NEWS}
_OVER = {State.EXPIRED: _NEWS | _TIME}
_DONE = {State.ACKNOWLEDGED: _PEOPLE, State.SNOOZED: _PEOPLE, State.CLOSED: _PEOPLE}
_BACK = {State.OPEN: _FEED, State.ACKNOWLEDGED: _FEED, State.SNOOZED: _FEED}

TRANSITIONS: Mapping[State, Mapping[State, frozenset[By]]] = {
    # From a state, the states that may come next, and what may bring them.
    State.SCHEDULED: {**_MOVED, **_OVER, State.OPEN: _NEWS | _TIME},
    State.OPEN: {**_MOVED, **_OVER, **_DONE, State.STALE: _FEED},
    State.ACKNOWLEDGED: {**_MOVED, **_OVER, **_DONE, State.OPEN: _TIME, State.STALE: _FEED},
    State.SNOOZED: {**_MOVED, **_OVER, **_DONE, State.OPEN: _TIME | _NEWS, State.STALE: _FEED},
    # What people do meanwhile counts from when the sender is heard; closing is closing.
    State.STALE: {**_MOVED, **_OVER, **_BACK, State.STALE: _PEOPLE, State.CLOSED: _PEOPLE},
    State.EXPIRED: {**_MOVED, State.OPEN: _NEWS},
    State.WITHDRAWN: {**_MOVED, **_OVER, State.OPEN: _NEWS},
    State.HISTORICAL: {**_MOVED, **_OVER, State.OPEN: _NEWS},
    # Reopens only on a statement received after closing.
    State.CLOSED: {State.OPEN: _NEWS, State.SCHEDULED: _NEWS},
}
UNDER_EYES = frozenset({State.ACKNOWLEDGED, State.SNOOZED, State.STALE})
ASKING = UNDER_EYES | {State.OPEN}
"""The states in which somebody is still to do something."""
CARRIED_OVER = ASKING | {State.SCHEDULED}
"""The states in which an alert goes with the youth to another team."""
