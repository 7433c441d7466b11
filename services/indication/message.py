"""The messages of iJw 3.2 as the system reads them; with `message_parts.py` the only file with Dutch field names.

Rules. A value has the form of the standard, or the message is refused with the path of the field; whether values
fit together is judged in `validation.py`. Of a return only its codes and what it answers are read.
Source: ijw/reference.md §1.4, §8.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from services.indication.elements import (
    Element,
    Reading,
    a_code,
    a_text,
    given,
    many,
    needed,
    one,
    optional,
    place_of,
    read,
)
from services.indication.identity import bsn_valid, normalised_bsn
from services.indication.ijw import Document
from services.indication.kinds import TRAITS, MessageKind
from services.indication.message_parts import (
    AddedProduct,
    AskedProduct,
    BirthDate,
    ChangedProduct,
    Contact,
    EndedProduct,
    GrantedProduct,
    Header,
    KeptProduct,
    StartedProduct,
)
from youthcare.outcome import Reason, Refused

CLIENT_DROPPED = ("Header", "Client/Geslacht", "Client/Naam", "Client/Commentaar")
RETURN_CODES_WITHOUT_REMARK = frozenset({"0200", "0233"})  # no remark; not assessed


@dataclass(frozen=True, slots=True, kw_only=True)
class Grants:
    """JW301: all indications of one youth at one provider that run or changed."""

    dropped: ClassVar = (
        *CLIENT_DROPPED,
        *("Client/Communicatie", "Client/JuridischeStatus", "Client/WettelijkeVertegenwoordiging"),
        "Client/Relaties",
    )
    place: str
    bsn: str = field(repr=False, metadata=needed("Client/Bsn", normalised_bsn))
    birth: BirthDate = field(repr=False, metadata=one("Client/Geboortedatum", BirthDate, needed=True))
    contacts: tuple[Contact, ...] = field(metadata=many("Client/Contactgegevens/Contact", Contact))
    products: tuple[GrantedProduct, ...] = field(
        metadata=many("Client/ToegewezenProducten/ToegewezenProduct", GrantedProduct, needed=True)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Starts:
    """JW305."""

    dropped: ClassVar = CLIENT_DROPPED
    place: str
    bsn: str = field(repr=False, metadata=needed("Client/Bsn", normalised_bsn))
    birth: BirthDate = field(repr=False, metadata=one("Client/Geboortedatum", BirthDate, needed=True))
    products: tuple[StartedProduct, ...] = field(
        metadata=many("Client/StartProducten/StartProduct", StartedProduct, needed=True)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """JW307."""

    dropped: ClassVar = CLIENT_DROPPED
    place: str
    bsn: str = field(repr=False, metadata=needed("Client/Bsn", normalised_bsn))
    birth: BirthDate = field(repr=False, metadata=one("Client/Geboortedatum", BirthDate, needed=True))
    products: tuple[EndedProduct, ...] = field(
        metadata=many("Client/StopProducten/StopProduct", EndedProduct, needed=True)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Requests:
    """JW315: requests for care, each with a reference of its own."""

    dropped: ClassVar = (*CLIENT_DROPPED, "Client/GezagsdragerBekend")
    place: str
    bsn: str = field(repr=False, metadata=needed("Client/Bsn", normalised_bsn))
    birth: BirthDate = field(repr=False, metadata=one("Client/Geboortedatum", BirthDate, needed=True))
    products: tuple[AskedProduct, ...] = field(
        metadata=many("Client/AangevraagdeProducten/AangevraagdProduct", AskedProduct, needed=True)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRequest:
    """JW317: the whole of what a provider wants for a youth, decided as one."""

    dropped: ClassVar = ("Header",)
    place: str
    bsn: str = field(repr=False, metadata=needed("Client/Bsn", normalised_bsn))
    reference: str = field(repr=False, metadata=needed("Client/Verzoek/ReferentieAanbieder", a_text(36)))
    reason: str = field(metadata=needed("Client/Verzoek/RedenVerzoek", a_code))
    kept: tuple[KeptProduct, ...] = field(
        metadata=many("Client/Verzoek/OngewijzigdeProducten/OngewijzigdProduct", KeptProduct)
    )
    changed: tuple[ChangedProduct, ...] = field(
        metadata=many("Client/Verzoek/TeWijzigenProducten/TeWijzigenProduct", ChangedProduct)
    )
    added: tuple[AddedProduct, ...] = field(metadata=many("Client/Verzoek/NieuweProducten/NieuwProduct", AddedProduct))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """JW319: the municipality rejects a request or looks into it; it names no youth."""

    dropped: ClassVar = ("Header", "Antwoord/Woonplaatsbeginsel/Gemeente")
    place: str
    reference: str = field(repr=False, metadata=needed("Antwoord/ReferentieAanbieder", a_text(36)))
    answer: str = field(metadata=needed("Antwoord/VerzoekAntwoord", a_code))
    reason: str | None = field(metadata=optional("Antwoord/RedenAfwijzingVerzoek", a_code))
    other_residence: bool = field(metadata=given("Antwoord/Woonplaatsbeginsel"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """JW302, 306, 308, 316, 318, 320: the receiver accepts a message, or rejects the whole of it."""

    codes: tuple[str, ...]
    bsn: str | None = field(repr=False)

    @property
    def rejecting_code(self) -> str | None:
        """The first code that rejects, in document order; None when the message was accepted."""
        return next((code for code in self.codes if code not in RETURN_CODES_WITHOUT_REMARK), None)


Body = Grants | Starts | Ends | Requests | ChangeRequest | Answer | Return

BODIES: Mapping[MessageKind, type[Grants | Starts | Ends | Requests | ChangeRequest | Answer]] = {
    MessageKind.JW301: Grants,
    MessageKind.JW305: Starts,
    MessageKind.JW307: Ends,
    MessageKind.JW315: Requests,
    MessageKind.JW317: ChangeRequest,
    MessageKind.JW319: Answer,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message that was read whole; `unknown_fields` counts elements the standard does not know."""

    header: Header
    body: Body
    unknown_fields: int

    @property
    def bsn(self) -> str | None:
        """The BSN as the message states it, not yet judged; None when it names no youth."""
        return None if isinstance(self.body, Answer) else self.body.bsn


def parse(document: Document) -> Message | Refused:
    """The message of a document, or a refusal with the path of the first field that is missing or malformed."""
    reading = Reading()
    header = _header(document, reading)
    if reading.refused:
        return reading.refused
    body = _body(document, reading)
    if reading.refused:
        return reading.refused
    return Message(header=header, body=body, unknown_fields=reading.unknown)


def parse_header(document: Document) -> Header | None:
    """The header alone, to name a message that is refused for its content; None when it is not whole."""
    reading = Reading()
    header = _header(document, reading)
    return None if reading.refused else header


def _header(document: Document, reading: Reading) -> Header:
    element = reading.find(document.root, "Header") or Element(name="Header", path="Header")
    header = read(Header, element, reading, kind=document.kind)
    if not reading.refused:
        _check_header(header, reading)
    return header


def _check_header(header: Header, reading: Reading) -> None:
    """What the schema fixes per kind; the versions of the schemas themselves are not judged (reference.md §11)."""
    traits = TRAITS[header.kind]
    if header.code != traits.code:
        reading.refuse(Reason.FIELD_INVALID, place_of(header, "code"))
    if header.version != 3:
        reading.refuse(Reason.WRONG_VERSION, place_of(header, "version"))
    if header.subversion != 2:
        reading.refuse(Reason.WRONG_VERSION, place_of(header, "subversion"))
    if len(header.sender) != (4 if traits.municipality_first else 8):
        reading.refuse(Reason.FIELD_INVALID, place_of(header, "sender"))
    if len(header.receiver) != (8 if traits.municipality_first else 4):
        reading.refuse(Reason.FIELD_INVALID, place_of(header, "receiver"))
    if traits.answers:
        for name in ("return_identification", "returned"):
            if getattr(header, name) is None:
                reading.refuse(Reason.FIELD_MISSING, place_of(header, name))


def _body(document: Document, reading: Reading) -> Body:
    if document.kind in BODIES:
        return read(BODIES[document.kind], document.root, reading)
    codes = tuple(_return_code(element, reading) for element in document.root.all_named("RetourCode"))
    client = reading.find(document.root, "Client/Bsn")
    bsn = normalised_bsn(client.text) if client else ""
    # A return may reject a message for its wrong BSN and then repeats it; such a number names nobody.
    return Return(codes=codes, bsn=bsn if bsn_valid(bsn) else None)


def _return_code(element: Element, reading: Reading) -> str:
    code = a_code(element.text)
    if code is None:
        reading.refuse(Reason.FIELD_INVALID, element.path)
    return code or ""
