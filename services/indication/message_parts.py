"""The parts of iJw messages as the system reads them: header, product, volume, dates, and the classes that repeat.

Rules. Together with `message.py` the only file that knows Dutch field names. What no field here asks for never
leaves the parser: names, sex, addresses, relations, comments, amounts of money. Of an address only the postcode is
read, to find the team. Source: ijw/reference.md §1.3–§1.5, §2.
"""

from dataclasses import dataclass, field
from datetime import date, time
from typing import ClassVar

from services.indication.elements import (
    a_code,
    a_day,
    a_known_day,
    a_last_day,
    a_number,
    a_product_code,
    a_text,
    a_time,
    a_volume,
    digits,
    given,
    needed,
    one,
    optional,
    place_of,
)
from services.indication.kinds import TRAITS, MessageKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """Who says it to whom, under which identification, on which day ("Dagtekening")."""

    dropped: ClassVar = ("XsdVersie", "XsltVersie", "XsdVersieRetour", "RetourCodes")
    place: str
    kind: MessageKind
    code: str = field(metadata=needed("BerichtCode", a_code))
    version: int = field(metadata=needed("BerichtVersie", a_number))
    subversion: int = field(metadata=needed("BerichtSubversie", a_number))
    sender: str = field(metadata=needed("Afzender", digits(4, 8)))
    receiver: str = field(metadata=needed("Ontvanger", digits(4, 8)))
    identification: str = field(repr=False, metadata=needed("BerichtIdentificatie/Identificatie", a_text(12)))
    dated: date = field(metadata=needed("BerichtIdentificatie/Dagtekening", a_known_day))
    return_identification: str | None = field(repr=False, metadata=optional("IdentificatieRetour", a_text(12)))
    returned: date | None = field(metadata=optional("DagtekeningRetour", a_known_day))

    @property
    def municipality(self) -> str:
        """The municipality ("gemeentecode"), whichever side it stands on."""
        return self.sender if TRAITS[self.kind].municipality_first else self.receiver

    @property
    def provider(self) -> str:
        """The provider (AGB code), whichever side it stands on."""
        return self.receiver if TRAITS[self.kind].municipality_first else self.sender

    @property
    def municipality_place(self) -> str:
        """The path of the element that names the municipality, for a refusal."""
        return place_of(self, "sender" if TRAITS[self.kind].municipality_first else "receiver")


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedProduct:
    """A product as a message names it: a category, and often a code within it."""

    place: str
    category: str = field(metadata=needed("Categorie", a_code))
    code: str | None = field(metadata=optional("Code", a_product_code))


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedVolume:
    """How much ("omvang"): amount, unit and frequency by their codes."""

    place: str
    amount: int = field(metadata=needed("Volume", a_volume))
    unit: str = field(metadata=needed("Eenheid", a_code))
    frequency: str = field(metadata=needed("Frequentie", a_code))


@dataclass(frozen=True, slots=True, kw_only=True)
class BirthDate:
    """Birth date and which part of it is unknown (DatumGebruik)."""

    place: str
    day: date = field(metadata=needed("Datum", a_day))
    unknown_part: str | None = field(metadata=optional("DatumGebruik", a_code))


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Of an address: its kind, postcode and period."""

    dropped: ClassVar = (
        *("Organisatie", "Telefoon", "Emailadres", "Adres/Huis", "Adres/Straatnaam"),
        *("Adres/Plaatsnaam", "Adres/LandCode"),
    )
    place: str
    kind: str = field(metadata=needed("Soort", a_code))
    postcode: str | None = field(repr=False, metadata=optional("Adres/Postcode", a_text(8)))
    first_day: date | None = field(metadata=optional("Periode/Begindatum", a_day))
    last_day: date | None = field(metadata=optional("Periode/Einddatum", a_last_day))


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantedProduct:
    """ToegewezenProduct: one indication as it stands now."""

    dropped: ClassVar = ("Commentaar",)
    place: str
    number: int = field(metadata=needed("ToewijzingNummer", a_number))
    reference: str | None = field(repr=False, metadata=optional("ReferentieAanbieder", a_text(36)))
    product: StatedProduct | None = field(metadata=one("Product", StatedProduct))
    granted_on: date = field(metadata=needed("Toewijzingsdatum", a_known_day))
    granted_time: time = field(metadata=needed("Toewijzingstijd", a_time))
    first_day: date = field(metadata=needed("Ingangsdatum", a_day))
    last_day: date | None = field(metadata=optional("Einddatum", a_last_day))
    change_reason: str | None = field(metadata=optional("RedenWijziging", a_code))
    volume: StatedVolume | None = field(metadata=one("Omvang", StatedVolume))
    budgeted: bool = field(metadata=given("Budget"))


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedProduct:
    """StartProduct: delivery began on a day, or that was never true (StatusAanlevering 3)."""

    dropped: ClassVar = ("ToewijzingIngangsdatum",)
    place: str
    number: int | None = field(metadata=optional("ToewijzingNummer", a_number))
    product: StatedProduct | None = field(metadata=one("Product", StatedProduct))
    first_day: date = field(metadata=needed("Begindatum", a_day))
    status: str = field(metadata=needed("StatusAanlevering", a_code))


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedProduct:
    """StopProduct: the delivery that began on a day stopped on another, for a reason."""

    dropped: ClassVar = ("ToewijzingIngangsdatum",)
    place: str
    number: int | None = field(metadata=optional("ToewijzingNummer", a_number))
    product: StatedProduct | None = field(metadata=one("Product", StatedProduct))
    first_day: date = field(metadata=needed("Begindatum", a_day))
    reason: str = field(metadata=needed("RedenBeeindiging", a_code))
    last_day: date = field(metadata=needed("Einddatum", a_day))
    status: str = field(metadata=needed("StatusAanlevering", a_code))


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedReferrer:
    """Verwijzer: its type; of name and code only whether they are there."""

    place: str
    kind: str = field(metadata=needed("Type", a_code))
    named: bool = field(metadata=given("Naam"))
    coded: bool = field(metadata=given("ZorgverlenerCode"))


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedProduct:
    """AangevraagdProduct: a provider asks for one product; the dates are wishes."""

    dropped: ClassVar = ("Raamcontract", "Commentaar")
    place: str
    reference: str = field(repr=False, metadata=needed("ReferentieAanbieder", a_text(36)))
    decided: bool = field(metadata=given("BeschikkingNummer"))
    product: StatedProduct | None = field(metadata=one("Product", StatedProduct))
    decision_dated: bool = field(metadata=given("BeschikkingIngangsdatum"))
    first_day: date = field(metadata=needed("ToewijzingIngangsdatum", a_day))
    last_day: date | None = field(metadata=optional("ToewijzingEinddatum", a_last_day))
    volume: StatedVolume | None = field(metadata=one("Omvang", StatedVolume))
    budgeted: bool = field(metadata=given("Budget"))
    referrer: StatedReferrer = field(metadata=one("Verwijzer", StatedReferrer, needed=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptProduct:
    """OngewijzigdProduct: stays as it is."""

    place: str
    number: int = field(metadata=needed("ToewijzingNummer", a_number))


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedProduct:
    """TeWijzigenProduct: the same indication with other dates or volume."""

    place: str
    number: int = field(metadata=needed("ToewijzingNummer", a_number))
    first_day: date = field(metadata=needed("GewensteIngangsdatum", a_day))
    last_day: date | None = field(metadata=optional("Einddatum", a_last_day))
    volume: StatedVolume | None = field(metadata=one("Omvang", StatedVolume))
    budgeted: bool = field(metadata=given("Budget"))


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedProduct:
    """NieuwProduct: comes beside or instead of what runs."""

    place: str
    product: StatedProduct | None = field(metadata=one("Product", StatedProduct))
    first_day: date = field(metadata=needed("GewensteIngangsdatum", a_day))
    last_day: date | None = field(metadata=optional("Einddatum", a_last_day))
    volume: StatedVolume | None = field(metadata=one("Omvang", StatedVolume))
    budgeted: bool = field(metadata=given("Budget"))
