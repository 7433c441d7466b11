"""A statement on its way in: all is known of it but, at times, whose it is.

Two rules. What identifies a statement is its content without youth and reception (design.md §3): the same content
again is the same statement, other content under the same id is refused. What we add ourselves, the team that a
postcode tells, is no part of that content, so that another division into teams makes no old message wrong.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any

from services.indication.references import Reference, renamed
from youthcare.events import Statement, StatementData, YouthMerged, YouthRegistered
from youthcare.outcome import Refused
from youthcare.wire import from_wire, statement_from_wire, statement_to_wire, to_wire

NOBODY = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """A statement without its youth; that is told by the BSN or by what it refers to.

    `tells` are the references (of a message, a request) that become known to be this youth's; `refers_to` is the
    look-up of the reference that must be known first when there is no BSN.
    """

    municipality: str
    source: str
    id: str
    time: datetime
    received: datetime
    data: StatementData
    sender: str
    bsn: str | None = field(default=None, repr=False)
    into_bsn: str | None = field(default=None, repr=False)
    team: str | None = None
    message: str | None = None
    tells: tuple[Reference, ...] = ()
    refers_to: str | None = None

    @property
    def identity(self) -> tuple[str, str, str]:
        """What no other statement may share."""
        return (self.municipality, self.source, self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedItem:
    """A message or statement that is not taken in, to be told on `refusals`; its payload is kept sealed.

    `message` is the name of the message it came in. `readers` are the sources for all of which somebody must be able
    to speak who wants the payload back; without any it is the sender alone.
    """

    municipality: str
    sender: str
    received: datetime
    refused: Refused
    type: str | None = None
    payload: bytes | None = field(default=None, repr=False)
    message: str | None = None
    readers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownItem:
    """An event of a type that this version does not know, to be offered again after an upgrade."""

    municipality: str
    sender: str
    received: datetime
    payload: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """A message that is understood and states nothing: an accepting return, or a claim that is set aside.

    Of a return, who sent it; what a claim says is not read.
    """

    identification: str
    set_aside: bool
    municipality: str | None = None
    sender: str | None = None
    received: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What one delivery comes down to: statements, refusals, or neither when it is only recognised."""

    assertions: tuple[Assertion, ...] = ()
    refused: tuple[RefusedItem, ...] = ()
    unknown: tuple[UnknownItem, ...] = ()
    recognised: tuple[Recognised, ...] = ()
    dropped_fields: int = 0


class Status(StrEnum):
    """What became of a statement."""

    ACCEPTED = "accepted"
    PARKED = "parked"
    REFUSED = "refused"
    SET_ASIDE = "set-aside"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of one statement, and why if refused."""

    status: Status
    refused: Refused | None = None


Verdicts = Mapping[Assertion, Verdict]


def joined(parts: Iterable[Taken]) -> Taken:
    """Several deliveries as one, in their order."""
    rows = tuple(parts)
    return Taken(
        assertions=tuple(each for row in rows for each in row.assertions),
        refused=tuple(each for row in rows for each in row.refused),
        unknown=tuple(each for row in rows for each in row.unknown),
        recognised=tuple(each for row in rows for each in row.recognised),
        dropped_fields=sum(row.dropped_fields for row in rows),
    )


def statement(assertion: Assertion, youth: str) -> Statement:
    """The canonical statement, now that the youth is known."""
    return Statement(
        municipality=assertion.municipality,
        source=assertion.source,
        id=assertion.id,
        youth=youth,
        time=assertion.time,
        received=assertion.received,
        data=_with_team(assertion),
    )


def _with_team(assertion: Assertion) -> StatementData:
    data = assertion.data
    if assertion.team is None or not isinstance(data, YouthRegistered) or data.team is not None:
        return data
    return replace(data, team=assertion.team)


def body(assertion: Assertion, youth: str) -> bytes:
    """The record as it stands on the topic, byte for byte."""
    return _json(statement_to_wire(statement(assertion, youth)))


def digest(assertion: Assertion) -> bytes:
    """SHA-256 of the content without youth, reception and derived team."""
    return content_digest(statement_to_wire(statement(replace(assertion, team=None), NOBODY)))


def digests(assertion: Assertion) -> tuple[bytes, bytes]:
    """The digest, and that of the content as published: a record read back from the log tells no more than that.

    It does not tell whether a team was stated or derived. Either way it is the same record on the topic.
    """
    own = digest(assertion)
    return own, own if assertion.team is None else content_digest(statement_to_wire(statement(assertion, NOBODY)))


def content_digest(event: Mapping[str, object]) -> bytes:
    """SHA-256 of a canonical event without youth and reception."""
    content = {name: member for name, member in event.items() if name not in ("subject", "received")}
    return sha256(_json(content)).digest()


def merged_into(assertion: Assertion, youth: str) -> Assertion:
    """The merge with the surviving youth filled in."""
    return replace(assertion, data=YouthMerged(into=youth), into_bsn=None)


def under_name(assertion: Assertion, name: str) -> Assertion:
    """The assertion with what it refers to named as the register knows it; the wait is over."""
    return replace(assertion, data=renamed(assertion.data, name))


def parked_form(assertion: Assertion) -> bytes:
    """The assertion as it waits for what it refers to; it holds no BSN."""
    assert assertion.bsn is None, "what carries a BSN has no need to wait"
    rest = {"sender": assertion.sender, "message": assertion.message, "refers_to": assertion.refers_to}
    tells = [to_wire(reference) for reference in assertion.tells]
    return _json({"event": statement_to_wire(statement(assertion, NOBODY)), "tells": tells, **rest})


def from_parked_form(content: bytes) -> Assertion:
    """The assertion that waited."""
    row: dict[str, Any] = json.loads(content)
    event = statement_from_wire(row["event"])
    return Assertion(
        municipality=event.municipality,
        source=event.source,
        id=event.id,
        time=event.time,
        received=event.received,
        data=event.data,
        sender=row["sender"],
        message=row["message"],
        tells=tuple(from_wire(Reference, reference) for reference in row["tells"]),
        refers_to=row["refers_to"],
    )


def _json(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
