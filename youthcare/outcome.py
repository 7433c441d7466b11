"""What becomes of a message at a door: accepted, or refused for a reason of a closed list.

A refusal is a value, never an exception: refusing is the sender's road, exceptions are for outages and for our own
bugs (style.md §7). Each reason carries the sentence in Dutch that tells the sender what to mend.
"""

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why a message or statement is refused."""

    NOT_XML = "not-xml"
    NOT_JSON = "not-json"
    TOO_LARGE = "too-large"
    FORBIDDEN_CONTENT = "forbidden-content"
    UNKNOWN_MESSAGE = "unknown-message"
    WRONG_VERSION = "wrong-version"
    SCHEMA_INVALID = "schema-invalid"
    UNKNOWN_TYPE = "unknown-type"
    FIELD_MISSING = "field-missing"
    FIELD_FORBIDDEN = "field-forbidden"
    FIELD_INVALID = "field-invalid"
    UNKNOWN_CODE = "unknown-code"
    BSN_INVALID = "bsn-invalid"
    END_BEFORE_START = "end-before-start"
    DATE_IN_FUTURE = "date-in-future"
    STATUS_FORBIDDEN = "status-forbidden"
    DUPLICATE_KEY = "duplicate-key"
    MUNICIPALITY_MISMATCH = "municipality-mismatch"
    SENDER_MISMATCH = "sender-mismatch"
    ID_REUSED = "id-reused"
    ANSWERS_NOTHING = "answers-nothing"


GUIDANCE_NL: dict[Reason, str] = {
    Reason.NOT_XML: "Het bericht is geen leesbare XML. Lever het opnieuw aan als geldig iJw-bericht in UTF-8.",
    Reason.NOT_JSON: "Het bericht is geen leesbare JSON. Lever het opnieuw aan als CloudEvent in UTF-8.",
    Reason.TOO_LARGE: "Het bericht is groter dan 25 MB of telt te veel delen. Splits het en lever opnieuw aan.",
    Reason.FORBIDDEN_CONTENT: "Het bericht bevat een DTD of entiteit. Verwijder die en lever opnieuw aan.",
    Reason.UNKNOWN_MESSAGE: "Dit berichttype wordt hier niet verwerkt. Controleer de namespace en berichtcode.",
    Reason.WRONG_VERSION: "Alleen iJw-release 3.2 wordt verwerkt. Lever het bericht aan in die release.",
    Reason.SCHEMA_INVALID: "Het bericht voldoet niet aan het iJw-schema. Herstel het genoemde veld.",
    Reason.UNKNOWN_TYPE: "Dit gebeurtenistype is hier niet bekend. Controleer het veld type.",
    Reason.FIELD_MISSING: "Een verplicht veld ontbreekt. Vul het genoemde veld en lever opnieuw aan.",
    Reason.FIELD_FORBIDDEN: "Het genoemde veld mag hier niet gevuld zijn. Laat het weg en lever opnieuw aan.",
    Reason.FIELD_INVALID: "De waarde van het genoemde veld heeft niet de juiste vorm. Herstel de waarde.",
    Reason.UNKNOWN_CODE: "De code staat niet in de codelijst. Gebruik een geldige code.",
    Reason.BSN_INVALID: "Het burgerservicenummer voldoet niet aan de elfproef. Controleer het nummer.",
    Reason.END_BEFORE_START: "De einddatum ligt voor de begindatum. Herstel de datums.",
    Reason.DATE_IN_FUTURE: "De datum ligt na de dagtekening. Meld pas na de werkelijke start of stop.",
    Reason.STATUS_FORBIDDEN: "StatusAanlevering mag alleen 1 of 3 zijn. Herstel de status.",
    Reason.DUPLICATE_KEY: "Dezelfde sleutel komt in dit bericht vaker voor. Lever elke sleutel eenmaal aan.",
    Reason.MUNICIPALITY_MISMATCH: "Het bericht is voor een andere gemeente dan die van de afzender.",
    Reason.SENDER_MISMATCH: "De afzender mag niet namens deze bron aanleveren.",
    Reason.ID_REUSED: "Dit kenmerk is al gebruikt voor een andere inhoud. Gebruik een nieuw kenmerk.",
    Reason.ANSWERS_NOTHING: "Het bericht verwijst naar iets dat na 30 dagen nog niet is ontvangen.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Why something was not taken in; `field` names the place, never the value."""

    reason: Reason
    field: str | None = None
    identification: str | None = None

    @property
    def guidance(self) -> str:
        """What the sender can do about it, in Dutch."""
        return GUIDANCE_NL[self.reason]
