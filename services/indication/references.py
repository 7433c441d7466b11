"""How messages name each other: who sent one, what it is called, what it answers.

Rules. A name that everybody may see never holds a BSN; what the register searches by is a keyed digest of what was
written, so that a return or an answer, which carries no BSN, still finds its message or request. The sender of a
return is the receiver named in the header it copied. Source: design.md §3, ijw/reference.md §1.1, §3.
"""

from dataclasses import dataclass, replace

from services.indication.identity import bsn_valid, reference_lookup, scrub
from services.indication.kinds import TRAITS, MessageKind
from services.indication.message import Answer, Message
from services.indication.message_parts import Header
from youthcare.events import IJW_SOURCE_PREFIX, MessageRejected, RequestAnswered, StatementData


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A message or request: its `name` as statements write it, and the digest that the register searches by.

    The names differ when the written reference could contain a BSN and only one of two messages carries one; the
    register keeps the name that the message with the BSN gave (see `renamed`).
    """

    name: str
    lookup: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageKey:
    """What the register keeps of a message: its name, its sender, what it refers to, whether it carries a BSN."""

    own: Reference
    source: str
    refers_to: Reference | None
    carries_bsn: bool


def message_key(message: Message, key: bytes) -> MessageKey:
    """The place of a message in the register; an answer refers to a request, a return to a message."""
    header, answered = message.header, TRAITS[message.header.kind].answers
    # A number that is no BSN tells nothing about what the references contain.
    bsn = message.bsn if message.bsn is not None and bsn_valid(message.bsn) else None
    refers_to: Reference | None = None
    if answered is not None:
        refers_to = message_reference(header, answered, bsn, key)
    elif isinstance(message.body, Answer):
        refers_to = request_reference(header, message.body.reference, None, key)
    return MessageKey(
        own=message_reference(header, header.kind, bsn, key),
        source=source_of(header, header.kind),
        refers_to=refers_to,
        carries_bsn=bsn is not None,
    )


def source_of(header: Header, kind: MessageKind) -> str:
    """The CloudEvents source of whoever sent the message of that kind that this header belongs to."""
    sender = header.municipality if TRAITS[kind].sent_by_municipality else header.provider
    return f"{IJW_SOURCE_PREFIX}{header.municipality}:{sender}"


def message_name(header: Header, kind: MessageKind, bsn: str | None, key: bytes) -> str:
    """`JWnnn-<BerichtIdentificatie>-<Dagtekening>`; a return repeats both of the message it answers."""
    return f"{kind}-{scrub(header.identification, bsn, key)}-{header.dated.isoformat()}"


def message_reference(header: Header, kind: MessageKind, bsn: str | None, key: bytes) -> Reference:
    """A message, or the one it answers, as a reference."""
    written = f"{kind}-{header.identification}-{header.dated.isoformat()}"
    lookup = reference_lookup(key, source_of(header, kind), written)
    return Reference(name=message_name(header, kind, bsn, key), lookup=lookup)


def request_reference(header: Header, reference: str, bsn: str | None, key: bytes) -> Reference:
    """A request: `<AGB>-<ReferentieAanbieder>`, unique per provider (OP361)."""
    source = f"{IJW_SOURCE_PREFIX}{header.municipality}:{header.provider}"
    name = f"{header.provider}-{scrub(reference, bsn, key)}"
    return Reference(name=name, lookup=reference_lookup(key, source, f"{header.provider}-{reference}"))


def renamed(data: StatementData, name: str) -> StatementData:
    """A statement that refers to something, under the name the register knows that by."""
    if isinstance(data, RequestAnswered):
        return replace(data, request=name)
    if isinstance(data, MessageRejected):
        return replace(data, message=name)
    return data
