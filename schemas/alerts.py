"""What stands on the topic `care-alerts`: that an alert changed state; sentence and evidence stay inside.

Two rules. Events are numbered per receiver without gaps, so that a receiver sees what it missed. A number that
comes again is the same event.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from schemas.fields import Day, Identifier, Instant, Model, MunicipalityCode, Team, Youth, text


class AlertState(StrEnum):
    """The states an alert passes through (domain.md §7)."""

    SCHEDULED = "scheduled"  # gepland
    OPEN = "open"  # open
    ACKNOWLEDGED = "acknowledged"  # in behandeling
    SNOOZED = "snoozed"  # uitgesteld
    CLOSED = "closed"  # afgesloten
    WITHDRAWN = "withdrawn"  # ingetrokken
    EXPIRED = "expired"  # vervallen
    STALE = "stale"  # onzeker: een aanleveraar zwijgt
    HISTORICAL = "historical"  # van vóór de startdag


class AlertCause(StrEnum):
    """Why it reached that state; `lapsed` is the reminder of an alert that was taken up and left (domain.md §7)."""

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


class AlertEvent(Model):
    """An alert reached a state; one about a sender has no youth, and its anchor is the sender."""

    municipality: MunicipalityCode
    receiver: Annotated[str, text(100)]
    number: Annotated[int, Field(ge=1)]
    time: Instant
    alert: Annotated[int, Field(ge=1)]
    rule: Annotated[str, text(60)]
    level: Annotated[str, text(60)]
    anchor: Identifier
    youth: Youth | None = None
    team: Team | None = None
    opens_on: Day
    closes_on: Day | None = None
    state: Annotated[AlertState, Field(strict=False)]
    cause: Annotated[AlertCause | None, Field(strict=False)] = None
