"""From one message of the national chain to statements that do not know their youth yet, and refusals.

Three rules. A message is refused as one when its header, its client or its form is wrong, else product by product.
A return or an answer names what it is about, so it waits for that and needs no BSN. A message that states nothing,
an accepting return or a claim, is recognised and leaves nothing behind.
"""

from dataclasses import replace

from services.indication import ijw
from services.indication.assertions import Assertion, Recognised, Taken, joined
from services.indication.doors import Doors, refused_whole
from services.indication.drafts import Draft, drafts
from services.indication.kinds import TRAITS, MessageKind
from services.indication.message import Message, parse, parse_header
from services.indication.message_parts import Header
from services.indication.references import MessageKey, message_key, message_name, source_of
from services.indication.senders import Arrival
from services.indication.teams import Teams, team_on
from youthcare.events import YouthRegistered
from youthcare.outcome import Reason, Refused
from youthcare.period import civil_day


def read_message(doors: Doors, arrival: Arrival, body: bytes) -> Taken:
    """What an iJw message, bare or in its envelope, states and what of it is refused."""
    document = ijw.read(body)
    if isinstance(document, ijw.SetAside):
        return Taken(recognised=(Recognised(identification=document.kind.value, set_aside=True),))
    if isinstance(document, Refused):
        return refused_whole(arrival, document, body)
    header = parse_header(document)
    if header is None:
        refused = _message(doors, document)
        assert isinstance(refused, Refused), "a message without a whole header does not parse"
        return refused_whole(arrival, refused, body, document.kind.value)
    return _read_for(doors, arrival, document, header, body)


def _message(doors: Doors, document: ijw.Document) -> Message | Refused:
    """The message, obeying the official schema when one is configured and our own reading always."""
    invalid = doors.schemas.check(document) if doors.schemas else None
    return invalid or parse(document)


def _read_for(doors: Doors, arrival: Arrival, document: ijw.Document, header: Header, body: bytes) -> Taken:
    """A message whose sender and municipality are known."""
    key, kind = doors.digest_keys.get(header.municipality), document.kind
    if key is None or not arrival.may_speak_for(header.municipality):
        # Another municipality's child is not kept among ours, not even sealed.
        mismatch = Refused(reason=Reason.MUNICIPALITY_MISMATCH, field=_place_of_municipality(kind))
        return refused_whole(arrival, mismatch, None, kind.value)
    name = message_name(header, kind, None, key)
    known = replace(arrival, municipality=header.municipality)
    if not arrival.may_state_as(source_of(header, kind)):
        mismatch = Refused(reason=Reason.SENDER_MISMATCH, field="Header", identification=name)
        return refused_whole(known, mismatch, body, kind.value)
    known = replace(known, sender=source_of(header, kind), named=True)
    message = _message(doors, document)
    if isinstance(message, Refused):
        return refused_whole(known, replace(message, identification=name), body, kind.value)
    return _stated(doors, known, message, key, body)


def _place_of_municipality(kind: MessageKind) -> str:
    return "Header/Afzender" if TRAITS[kind].municipality_first else "Header/Ontvanger"


def _stated(doors: Doors, arrival: Arrival, message: Message, key: bytes, body: bytes) -> Taken:
    named, kind = message_key(message, key), message.header.kind
    good, bad = drafts(message, received_day=civil_day(arrival.received), key=key)
    taken = Taken(
        assertions=tuple(_assertion(draft, message, named, arrival, doors.teams) for draft in good),
        recognised=() if good or bad else (_recognised(named, message, arrival),),
        dropped_fields=message.unknown_fields,
    )
    name = named.own.name
    return joined([taken, *(refused_whole(arrival, each.refused, body, kind.value, name) for each in bad)])


def _recognised(named: MessageKey, message: Message, arrival: Arrival) -> Recognised:
    return Recognised(
        identification=named.own.name,
        set_aside=False,
        municipality=message.header.municipality,
        sender=named.source,
        received=arrival.received,
    )


def _assertion(draft: Draft, message: Message, named: MessageKey, arrival: Arrival, teams: Teams) -> Assertion:
    waits_for = named.refers_to
    request = () if draft.tells is None else (draft.tells,)
    return Assertion(
        municipality=message.header.municipality,
        source=draft.source,
        id=draft.id,
        time=draft.time,
        received=arrival.received,
        data=draft.data,
        sender=draft.source,
        bsn=message.bsn if waits_for is None else None,
        team=_team(draft, message.header.municipality, teams),
        message=draft.message,
        tells=(named.own, *request),
        refers_to=None if waits_for is None else waits_for.lookup,
    )


def _team(draft: Draft, municipality: str, teams: Teams) -> str | None:
    if not isinstance(draft.data, YouthRegistered) or draft.postcode is None:
        return None
    return team_on(teams, municipality, draft.postcode, draft.data.valid_from)
