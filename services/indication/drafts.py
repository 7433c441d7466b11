"""What an iJw message states: canonical statements that do not know their youth yet, and what is refused.

Rules. Ids follow the contract of design.md §3: products are counted in document order, refused ones too, so that
an id never moves; a granted product is named by its content, because a JW301 repeats it. Nothing personal is in a
statement: BSN and postcode travel beside it, and references that contain the BSN are replaced by their digest.
"""

import hmac
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from hashlib import sha256

from services.indication.care_rules import RETRACTED
from services.indication.care_statements import (
    answered,
    asked,
    change_asked,
    end_retracted,
    ended,
    granted,
    start_retracted,
    started,
)
from services.indication.kinds import TRAITS
from services.indication.message import Answer, ChangeRequest, Ends, Grants, Message, Requests, Return, Starts
from services.indication.message_parts import Contact
from services.indication.references import MessageKey, Reference, message_key, request_reference, source_of
from services.indication.validation import judge
from services.indication.violations import Violation
from youthcare.events import IndicationGranted, MessageCarried, MessageRejected, StatementData, YouthRegistered
from youthcare.outcome import Refused
from youthcare.period import AMSTERDAM, start_of_day
from youthcare.wire import to_wire

CONTENT_LENGTH = 8
BRP_ADDRESS = "01"  # AdresSoort: Basisregistratie Personen
BIRTH_DATE_UNKNOWN = "3"  # DatumGebruik: no part of the date may be used
_DUTCH_POSTCODE = re.compile(r"[1-9][0-9]{3} ?[A-Za-z]{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A statement without its youth.

    `message` is the name of the message that carries it; `tells` is the request it makes known; `postcode` finds
    the team of a registration and goes no further.
    """

    source: str
    id: str
    time: datetime
    data: StatementData
    message: str
    tells: Reference | None = None
    postcode: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedStatement:
    """A statement of a message that is not taken in, with all that is wrong; `id` None means the whole message."""

    id: str | None
    message: str
    violations: tuple[Violation, ...]

    @property
    def refused(self) -> Refused:
        """The refusal to tell the sender: the first rule that was broken."""
        return replace(self.violations[0].refused, identification=self.id or self.message)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Context:
    message: Message
    key: bytes
    named: MessageKey

    def numbered(self, suffix: object) -> str:
        """The id of a statement that only this message carries."""
        return f"{self.named.own.name}-{suffix}"

    def draft(self, identification: str, data: StatementData, tells: Reference | None = None) -> Draft:
        """A statement recorded on the message's day; all but granted products are dated so."""
        return Draft(
            source=self.named.source,
            id=identification,
            time=start_of_day(self.message.header.dated),
            data=data,
            message=self.named.own.name,
            tells=tells,
        )


def drafts(
    message: Message, *, received_day: date, key: bytes
) -> tuple[tuple[Draft, ...], tuple[RefusedStatement, ...]]:
    """The statements of a message that may be taken in, and those that are refused, in document order.

    `received_day` is the civil day of reception; `key` is the municipality's own, for digests. What refers to
    something else is stated under the name that is safe to write; see `references.renamed`.
    """
    context = _Context(message=message, key=key, named=message_key(message, key))
    name = context.named.own.name
    verdict = judge(message, received_day=received_day)
    if verdict.whole:
        return (), (RefusedStatement(id=None, message=name, violations=verdict.whole),)
    stated = tuple(_stated(context))
    pairs = tuple(zip(stated, verdict.statements, strict=True))
    good = tuple(draft for draft, violations in pairs if not violations)
    bad = tuple(
        RefusedStatement(id=draft.id, message=name, violations=violations) for draft, violations in pairs if violations
    )
    return _with_registration(context, good), bad


def _stated(context: _Context) -> Iterator[Draft]:
    """One draft per statement of the message, in the order in which they were judged."""
    match context.message.body:
        case Grants() as body:
            yield from _granted(context, body)
        case Starts() as body:
            yield from _started(context, body)
        case Ends() as body:
            yield from _ended(context, body)
        case Requests() as body:
            yield from _asked(context, body)
        case ChangeRequest() as body:
            request = request_reference(context.message.header, body.reference, body.bsn, context.key)
            data = change_asked(body, context.message.header, request.name, context.key)
            yield context.draft(context.numbered(1), data, request)
        case Answer() as body:
            request = request_reference(context.message.header, body.reference, None, context.key)
            yield context.draft(context.numbered(1), answered(body, request.name))
        case body:
            yield from _returned(context, body)


def _granted(context: _Context, body: Grants) -> Iterator[Draft]:
    for product in body.products:
        data = granted(product, context.message.header, body.bsn, context.key)
        number = data.indication.partition("-")[2]
        content = sha256(_canonical(to_wire(data))).hexdigest()[:CONTENT_LENGTH]
        identification = f"JW301-{number}-{data.granted_at.isoformat()}-{content}"
        yield replace(context.draft(identification, data), time=_recorded(data))


def _recorded(data: IndicationGranted) -> datetime:
    """The instant of a grant; an hour that occurs twice in autumn is taken as the first."""
    return data.granted_at.replace(tzinfo=AMSTERDAM).astimezone(UTC)


def _started(context: _Context, body: Starts) -> Iterator[Draft]:
    for number, product in enumerate(body.products, 1):
        state = start_retracted if product.status == RETRACTED else started
        yield context.draft(context.numbered(number), state(product, context.message.header, body.bsn, context.key))


def _ended(context: _Context, body: Ends) -> Iterator[Draft]:
    for number, product in enumerate(body.products, 1):
        state = end_retracted if product.status == RETRACTED else ended
        yield context.draft(context.numbered(number), state(product, context.message.header, body.bsn, context.key))


def _asked(context: _Context, body: Requests) -> Iterator[Draft]:
    header = context.message.header
    for number, product in enumerate(body.products, 1):
        request = request_reference(header, product.reference, body.bsn, context.key)
        yield context.draft(context.numbered(number), asked(product, header, request.name), request)


def _returned(context: _Context, body: Return) -> Iterator[Draft]:
    """A rejecting return un-says a message; an accepting one says nothing."""
    header, code, rejected = context.message.header, body.rejecting_code, context.named.refers_to
    original = TRAITS[header.kind].answers
    if code is not None and rejected is not None and original is not None:
        data = MessageRejected(message=rejected.name, code=code, sender=source_of(header, original))
        yield context.draft(context.numbered(1), data)


def _with_registration(context: _Context, good: tuple[Draft, ...]) -> tuple[Draft, ...]:
    """A JW301 also registers its youth, and names what it carried so that its return can be understood."""
    body = context.message.body
    if not isinstance(body, Grants):
        return good
    youth = _registered(context, body)
    carried = MessageCarried(message=context.named.own.name, statements=(youth.id, *(draft.id for draft in good)))
    return (youth, *good, context.draft(context.numbered("carried"), carried))


def _registered(context: _Context, body: Grants) -> Draft:
    """The registration; its id covers the BSN under the key, for youths of one birth date must not share it."""
    dated = context.message.header.dated
    known = body.birth.unknown_part != BIRTH_DATE_UNKNOWN
    data = YouthRegistered(valid_from=dated, birth_date=body.birth.day if known else None)
    postcode = _postcode(body.contacts, dated)
    content = hmac.new(context.key, _canonical([to_wire(data), body.bsn, postcode]), sha256).hexdigest()
    identification = f"JW301-client-{dated.isoformat()}-{content[:CONTENT_LENGTH]}"
    return replace(context.draft(identification, data), postcode=postcode)


def _postcode(contacts: tuple[Contact, ...], dated: date) -> str | None:
    """The Dutch postcode of the BRP address that holds on the message's day; the latest one begun."""
    held = [
        (contact.first_day or date.min, at, contact.postcode)
        for at, contact in enumerate(contacts)
        if contact.kind == BRP_ADDRESS
        and contact.postcode is not None
        and (contact.last_day is None or contact.last_day >= dated)
    ]
    if not held:
        return None
    latest = max(held)[2]
    return latest.replace(" ", "").upper() if _DUTCH_POSTCODE.fullmatch(latest) else None


def _canonical(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
