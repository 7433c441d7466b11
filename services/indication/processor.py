"""From a delivery to what is to be registered: statements without their youth, and refusals. Nothing else.

Three rules. A sender states only for its own municipality and its own sources. What is wrong refuses the smallest
whole that can be refused: a statement, or the message when nobody can tell whom or when it means. Nothing that a
sender wrote stands in a refusal but its own identification, and that only without a BSN.
"""

import json
from collections.abc import Mapping
from dataclasses import replace

from services.indication.assertions import RefusedItem, Taken, UnknownItem, joined
from services.indication.chain import read_message
from services.indication.doors import Doors, refused_whole
from services.indication.identity import scrub
from services.indication.json_events import assertion_of
from services.indication.senders import UNKNOWN_MUNICIPALITY, Arrival
from youthcare.outcome import Reason, Refused

__all__ = ["Doors", "read_event", "read_json", "read_message", "read_record"]

# In an identification this stands in where no municipality's key can hide a number.
_NO_KEY = b"no municipality"
EVENTS_MAX = 10_000
# Ten thousand events have some hundreds of thousands of parts; millions of empty ones would need gigabytes of memory.
PARTS_MAX = 1_000_000
_PART_SIGNS = (b",", b"[", b"{")


def read_record(doors: Doors, arrival: Arrival, body: bytes) -> Taken:
    """A delivery of either form: XML when its first character is that of XML, else JSON."""
    bare = body.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")
    return read_message(doors, arrival, body) if bare.startswith(b"<") else joined(read_json(doors, arrival, body))


def read_json(doors: Doors, arrival: Arrival, body: bytes) -> list[Taken]:
    """One event or a list of them: each taken in or refused on its own, in their order; one too large as one."""
    if sum(map(body.count, _PART_SIGNS)) > PARTS_MAX:
        return [refused_whole(arrival, Refused(reason=Reason.TOO_LARGE), None)]
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return [refused_whole(arrival, Refused(reason=Reason.NOT_JSON), body)]
    events = content if isinstance(content, list) else [content]
    if len(events) > EVENTS_MAX:
        return [refused_whole(arrival, Refused(reason=Reason.TOO_LARGE), None)]
    return [read_event(doors, arrival, event) for event in events]


def read_event(doors: Doors, arrival: Arrival, event: object) -> Taken:
    """One event."""
    checked = doors.check(event)
    place = _place_of_event(arrival, event)
    if isinstance(checked, Refused):
        return _refused_event(doors, place, event, checked)
    key = doors.digest_keys.get(checked.municipality)
    if key is None or not arrival.may_speak_for(checked.municipality):
        mismatch = Refused(reason=Reason.MUNICIPALITY_MISMATCH, field="municipality", identification=checked.id)
        # Another municipality's child is not kept among ours, not even sealed.
        return _refused_event(doors, place, event, mismatch, keep=False)
    assertion = assertion_of(checked, arrival, key, doors.teams)
    if isinstance(assertion, Refused):
        return _refused_event(doors, place, event, assertion)
    return Taken(assertions=(assertion,), dropped_fields=checked.dropped_fields)


def _place_of_event(arrival: Arrival, event: object) -> Arrival:
    """Under whose name a refusal of this event is told: its own source, when the sender may use that."""
    if not isinstance(event, Mapping):
        return arrival
    source, municipality = event.get("source"), event.get("municipality")
    if not isinstance(source, str) or not _is_source(source) or not arrival.may_state_as(source):
        return arrival
    stated = municipality if isinstance(municipality, str) and _is_code(municipality) else None
    return replace(arrival, sender=source, municipality=arrival.municipality or stated, named=True)


def _is_source(text: str) -> bool:
    return 0 < len(text) <= 200 and text.isascii() and text.isprintable() and " " not in text


def _is_code(text: str) -> bool:
    return len(text) == 4 and text.isascii() and text.isdecimal()


def _refused_event(doors: Doors, place: Arrival, event: object, refused: Refused, *, keep: bool = True) -> Taken:
    municipality = place.municipality or UNKNOWN_MUNICIPALITY
    key = doors.digest_keys.get(municipality, _NO_KEY)
    data = event.get("data") if isinstance(event, Mapping) else None
    bsn = data.get("bsn") if isinstance(data, Mapping) else None
    item = RefusedItem(
        municipality=municipality,
        sender=scrub(place.sender, None, key),
        received=place.received,
        refused=_scrubbed(refused, bsn if isinstance(bsn, str) else None, key),
        type=_known_type(event, refused),
        payload=_payload(event) if keep else None,
        readers=place.readers(),
    )
    unknown = _unknown(item) if refused.reason is Reason.UNKNOWN_TYPE and municipality in doors.digest_keys else ()
    return Taken(refused=(item,), unknown=unknown)


def _scrubbed(refused: Refused, bsn: str | None, key: bytes) -> Refused:
    identification = refused.identification
    if identification is None:
        return refused
    # Twice: the number it states may be no BSN at all, and it may hold one that it does not state.
    own = scrub(identification, bsn, key) if bsn else identification
    return replace(refused, identification=scrub(own, None, key))


def _known_type(event: object, refused: Refused) -> str | None:
    """The type of the event, unless it could be anything at all."""
    if refused.field == "type" or not isinstance(event, Mapping):
        return None
    kind = event.get("type")
    return kind if isinstance(kind, str) and len(kind) <= 200 and kind.isprintable() else None


def _payload(content: object) -> bytes | None:
    try:
        return json.dumps(content).encode()
    except (ValueError, RecursionError):
        return None


def _unknown(item: RefusedItem) -> tuple[UnknownItem, ...]:
    if item.payload is None:
        return ()
    return (
        UnknownItem(municipality=item.municipality, sender=item.sender, received=item.received, payload=item.payload),
    )
