"""From one JSON event, checked at the door, to a statement that does not know its youth yet, or a refusal.

Three rules. Every text in it that contains its BSN is replaced by a digest (domain.md §8). To join persons
takes the register, a supervisor or a privacy officer; to erase one takes a privacy officer. An answer or a return
without a BSN is found by what it names, exactly as when the chain had brought it.
"""

from dataclasses import fields, is_dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from services.indication.assertions import Assertion
from services.indication.identity import bsn_valid, normalised_bsn, reference_lookup, scrub
from services.indication.references import Reference
from services.indication.senders import Arrival, is_register
from services.indication.teams import Teams, team_on
from youthcare.events import (
    IJW_SOURCE_PREFIX,
    CareRequested,
    MessageRejected,
    RequestAnswered,
    StatementData,
    YouthForgotten,
    YouthMerged,
    YouthRegistered,
)
from youthcare.outcome import Reason, Refused

CLOCKS_MAY_DIFFER = timedelta(days=1)
CODED = frozenset({"kind", "category", "code", "unit", "frequency", "answer", "reason", "change_reason", "referrer"})


class Incoming(Protocol):
    """A checked event, as the schemas give it."""

    @property
    def municipality(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def id(self) -> str: ...
    @property
    def time(self) -> datetime: ...
    @property
    def data(self) -> StatementData: ...
    @property
    def bsn(self) -> str | None: ...
    @property
    def into_bsn(self) -> str | None: ...
    @property
    def postcode(self) -> str | None: ...
    @property
    def dropped_fields(self) -> int: ...


def assertion_of(event: Incoming, arrival: Arrival, key: bytes, teams: Teams) -> Assertion | Refused:
    """The assertion of an event, or why it is not taken in. `key` is the municipality's own, for digests."""
    wrong = _first_wrong(event, arrival)
    if wrong is not None:
        reason, place = wrong
        return Refused(reason=reason, field=place, identification=event.id)
    bsn = None if event.bsn is None else normalised_bsn(event.bsn)
    numbered = _code_with_number(event.data, bsn, key, "data")
    if numbered is not None:
        return Refused(reason=Reason.FIELD_INVALID, field=numbered, identification=event.id)
    data = _scrubbed(event.data, bsn, key)
    return Assertion(
        municipality=event.municipality,
        source=event.source,
        id=scrub(event.id, bsn, key),
        time=event.time,
        received=arrival.received,
        data=data,
        sender=event.source,
        bsn=bsn,
        into_bsn=None if event.into_bsn is None else normalised_bsn(event.into_bsn),
        team=_team(event, teams),
        tells=_tells(event, data, key),
        refers_to=_refers_to(event, key) if bsn is None else None,
    )


def _first_wrong(event: Incoming, arrival: Arrival) -> tuple[Reason, str] | None:
    """The first thing wrong with an event as a whole, in order of precedence, and where."""
    checks = (
        (not arrival.may_state_as(event.source), Reason.SENDER_MISMATCH, "source"),
        (not _may_state(event, arrival), Reason.SENDER_MISMATCH, "type"),
        (event.time > arrival.received + CLOCKS_MAY_DIFFER, Reason.DATE_IN_FUTURE, "time"),
        (_wrong_bsn(event.bsn), Reason.BSN_INVALID, "data.bsn"),
        (_wrong_bsn(event.into_bsn), Reason.BSN_INVALID, "data.into_bsn"),
        (event.bsn is not None and event.bsn in event.source, Reason.FIELD_INVALID, "source"),
        (_nameless(event), Reason.FIELD_MISSING, "data.sender"),
    )
    return next(((reason, place) for holds, reason, place in checks if holds), None)


def _may_state(event: Incoming, arrival: Arrival) -> bool:
    if isinstance(event.data, YouthForgotten):
        return arrival.may_forget
    if isinstance(event.data, YouthMerged):
        return arrival.may_merge or is_register(event.source)
    return True


def _wrong_bsn(bsn: str | None) -> bool:
    return bsn is not None and not bsn_valid(normalised_bsn(bsn))


def _nameless(event: Incoming) -> bool:
    """A return without a BSN must say whose message it answers: numbers are unique per sender only."""
    return isinstance(event.data, MessageRejected) and event.bsn is None and event.data.sender is None


def _team(event: Incoming, teams: Teams) -> str | None:
    data = event.data
    if not isinstance(data, YouthRegistered) or data.team is not None or event.postcode is None:
        return None
    return team_on(teams, event.municipality, event.postcode, data.valid_from)


def _tells(event: Incoming, data: StatementData, key: bytes) -> tuple[Reference, ...]:
    if not isinstance(event.data, CareRequested) or not isinstance(data, CareRequested):
        return ()
    return (Reference(name=data.request, lookup=request_lookup(event.municipality, event.data.request, key)),)


def _refers_to(event: Incoming, key: bytes) -> str:
    data = event.data
    if isinstance(data, RequestAnswered):
        return request_lookup(event.municipality, data.request, key)
    assert isinstance(data, MessageRejected), "the schema asks all others for a BSN"
    assert data.sender is not None, "a return without BSN and sender was refused"
    return reference_lookup(key, data.sender, data.message)


def request_lookup(municipality: str, request: str, key: bytes) -> str:
    """Where the register finds a request `<AGB>-<ReferentieAanbieder>`: under its provider, as for the chain."""
    provider = request.partition("-")[0]
    return reference_lookup(key, f"{IJW_SOURCE_PREFIX}{municipality}:{provider}", request)


def _code_with_number(value: Any, bsn: str | None, key: bytes, place: str) -> str | None:
    """The place of a code that holds the number of a person: its digest would be no code, so it cannot be hidden."""
    if isinstance(value, tuple):
        found = (_code_with_number(member, bsn, key, f"{place}[{at}]") for at, member in enumerate(value))
        return next((each for each in found if each is not None), None)
    if not is_dataclass(value):
        return None
    code = getattr(value, "code", None)
    if isinstance(code, str) and scrub(code, bsn, key) != code:
        return f"{place}.code"
    inner = (_code_with_number(getattr(value, each.name), bsn, key, f"{place}.{each.name}") for each in fields(value))
    return next((each for each in inner if each is not None), None)


def _scrubbed(value: Any, bsn: str | None, key: bytes) -> Any:
    """The value with every text that contains the BSN replaced, but for codes: a list of codes names no person."""
    if isinstance(value, str):
        return scrub(value, bsn, key)
    if isinstance(value, tuple):
        return tuple(_scrubbed(member, bsn, key) for member in value)
    if is_dataclass(value) and not isinstance(value, type):
        named = [each.name for each in fields(value) if each.name not in CODED]
        return replace(value, **{name: _scrubbed(getattr(value, name), bsn, key) for name in named})
    return value
