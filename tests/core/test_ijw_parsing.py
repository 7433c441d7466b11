"""From a document to a message, also where no schema is configured: what is read, what is refused, what is dropped."""

from datetime import date, time

import pytest

from services.indication.ijw import Document, read
from services.indication.kinds import MessageKind
from services.indication.message import (
    Answer,
    ChangeRequest,
    Ends,
    Grants,
    Message,
    Requests,
    Return,
    Starts,
    parse,
    parse_header,
)
from tests import ijw_builders as write
from youthcare.outcome import Reason, Refused

BODIES = {
    "JW301": Grants,
    "JW305": Starts,
    "JW307": Ends,
    "JW315": Requests,
    "JW317": ChangeRequest,
    "JW319": Answer,
}


def _document(body: bytes) -> Document:
    document = read(body)
    assert isinstance(document, Document)
    return document


def _parsed(body: bytes) -> Message:
    message = parse(_document(body))
    assert isinstance(message, Message)
    return message


def _without(body: bytes, name: str) -> bytes:
    """The message without the first element of that name."""
    text = body.decode()
    start, end = text.index(f"<{name}>"), text.index(f"</{name}>") + len(name) + 3
    return (text[:start] + text[end:]).encode()


@pytest.mark.parametrize("kind", write.CODES)
def test_every_message_is_read_whole(kind: str) -> None:
    """Six messages and six returns; of both the parties are known (reference.md §1.1)."""
    message = _parsed(write.one_of_each()[kind])

    assert isinstance(message.body, BODIES.get(kind, Return))
    assert message.header.kind == kind
    assert (message.header.municipality, message.header.provider) == (write.MUNICIPALITY, write.PROVIDER)
    assert message.header.dated == date(2024, 3, 5)
    assert message.unknown_fields == 0
    assert (message.bsn == write.BSN) == (kind in {"JW301", "JW305", "JW306", "JW307", "JW315", "JW317"})


def test_nothing_personal_is_read() -> None:
    """Names, addresses, phone numbers, comments and referrers' names never leave the parser (domain.md §8)."""
    for body in write.one_of_each().values():
        shown = repr(_parsed(body))

        assert all(secret not in shown for secret in (*write.SECRETS, write.BSN, write.BIRTH_DATE, write.POSTCODE))


@pytest.mark.parametrize(
    ("kind", "name", "field"),
    [
        ("JW305", "Header", "Header/BerichtCode"),
        ("JW305", "BerichtCode", "Header/BerichtCode"),
        ("JW305", "BerichtIdentificatie", "Header/BerichtIdentificatie/Identificatie"),
        ("JW305", "ijw:Dagtekening", "Header/BerichtIdentificatie/Dagtekening"),
        ("JW302", "IdentificatieRetour", "Header/IdentificatieRetour"),
        ("JW302", "DagtekeningRetour", "Header/DagtekeningRetour"),
        ("JW305", "Client", "Client/Bsn"),
        ("JW305", "Bsn", "Client/Bsn"),
        ("JW305", "Geboortedatum", "Client/Geboortedatum"),
        ("JW305", "StartProducten", "Client/StartProducten/StartProduct"),
        ("JW305", "StartProduct", "Client/StartProducten/StartProduct"),
        ("JW305", "Begindatum", "Client/StartProducten/StartProduct/Begindatum"),
        ("JW305", "ijw:Categorie", "Client/StartProducten/StartProduct/Product/Categorie"),
        ("JW307", "Einddatum", "Client/StopProducten/StopProduct/Einddatum"),
        ("JW301", "Toewijzingstijd", "Client/ToegewezenProducten/ToegewezenProduct/Toewijzingstijd"),
        ("JW315", "Verwijzer", "Client/AangevraagdeProducten/AangevraagdProduct/Verwijzer"),
        ("JW317", "RedenVerzoek", "Client/Verzoek/RedenVerzoek"),
        ("JW319", "VerzoekAntwoord", "Antwoord/VerzoekAntwoord"),
    ],
)
def test_a_missing_field_is_named(kind: str, name: str, field: str) -> None:
    """Obligatory elements, by their path below the root (issue: refusal with field)."""
    body = _without(write.one_of_each()[kind], name)

    assert parse(_document(body)) == Refused(reason=Reason.FIELD_MISSING, field=field)


PRODUCT = "Client/ToegewezenProducten/ToegewezenProduct"


@pytest.mark.parametrize(
    ("product", "field"),
    [
        (write.granted_product(first_day="2024-02-30"), "Ingangsdatum"),
        (write.granted_product(first_day="4 maart"), "Ingangsdatum"),
        (write.granted_product(first_day="2024-03-04+01:00"), "Ingangsdatum"),
        (write.granted_product(first_day="1899-12-31"), "Ingangsdatum"),
        (write.granted_product(last_day=""), "Einddatum"),
        (write.granted_product(granted_time="25:00:00"), "Toewijzingstijd"),
        (write.granted_product(granted_time="10:00:00Z"), "Toewijzingstijd"),
        (write.granted_product(granted_time="10.00"), "Toewijzingstijd"),
        (write.granted_product("1234567890"), "ToewijzingNummer"),
        (write.granted_product("-1"), "ToewijzingNummer"),
        (write.granted_product("12a"), "ToewijzingNummer"),
        (write.granted_product(""), "ToewijzingNummer"),
        (write.granted_product(reference="x" * 37), "ReferentieAanbieder"),
        (write.granted_product(reference="  "), "ReferentieAanbieder"),
        (write.granted_product(reference="a\nb"), "ReferentieAanbieder"),
        (write.granted_product(reference="a\tb"), "ReferentieAanbieder"),
        (write.granted_product(reference="a\x7fb"), "ReferentieAanbieder"),
        (write.granted_product(product="45A-4"), "Product/Code"),
        (write.granted_product(first_day="2200-01-01"), "Ingangsdatum"),
        (write.granted_product(first_day="9999-12-31"), "Ingangsdatum"),
        (write.granted_product(last_day="9999-12-30"), "Einddatum"),
        (write.granted_product(granted_on="1900-01-01"), "Toewijzingsdatum"),
        (write.granted_product(volume=(100_000_000, "01", "4")), "Omvang/Volume"),
        (write.granted_product(product="45A04B"), "Product/Code"),
        (write.granted_product(change_reason="eerste"), "RedenWijziging"),
        (write.granted_product(volume=(600, "01", "")), "Omvang/Frequentie"),
    ],
)
def test_a_malformed_value_is_named(product: str, field: str) -> None:
    """The form of every value is checked without a schema too; the path counts repeated products."""
    alone, second = write.jw301(product), write.jw301(write.granted_product(1), product)

    assert parse(_document(alone)) == Refused(reason=Reason.FIELD_INVALID, field=f"{PRODUCT}/{field}")
    assert parse(_document(second)) == Refused(reason=Reason.FIELD_INVALID, field=f"{PRODUCT}[2]/{field}")


@pytest.mark.parametrize(
    ("old", "new", "reason", "field"),
    [
        ("<BerichtCode>438", "<BerichtCode>440", Reason.FIELD_INVALID, "Header/BerichtCode"),
        ("<BerichtVersie>3", "<BerichtVersie>2", Reason.WRONG_VERSION, "Header/BerichtVersie"),
        ("<BerichtSubversie>2", "<BerichtSubversie>1", Reason.WRONG_VERSION, "Header/BerichtSubversie"),
        ("<Afzender>42420001", "<Afzender>0153", Reason.FIELD_INVALID, "Header/Afzender"),
        ("<Ontvanger>0153", "<Ontvanger>42420001", Reason.FIELD_INVALID, "Header/Ontvanger"),
        ("<Afzender>42420001", "<Afzender>4242000", Reason.FIELD_INVALID, "Header/Afzender"),
        (
            "Identificatie>B1<",
            "Identificatie>1234567890123<",
            Reason.FIELD_INVALID,
            "Header/BerichtIdentificatie/Identificatie",
        ),
        ("<Bsn>", "<Bsn>1</Bsn><Bsn>", Reason.FIELD_INVALID, "Client/Bsn[2]"),
    ],
)
def test_a_header_that_does_not_fit_its_message_is_refused(old: str, new: str, reason: Reason, field: str) -> None:
    """What the schema fixes per message; one element that stands there twice could mean two things."""
    body = write.jw305().decode().replace(old, new, 1).encode()

    assert parse(_document(body)) == Refused(reason=reason, field=field)


def test_versions_of_the_schemas_are_not_judged() -> None:
    """Production versions are unknown (reference.md §11)."""
    assert _parsed(write.jw305().replace(b"1.0.0", b"9.9.9"))
    assert _parsed(_without(write.jw305(), "XsdVersie"))


def test_unknown_elements_are_counted_and_dropped() -> None:
    """Wherever they stand; the content of what is dropped is not looked into (domain.md §8)."""
    text = write.jw301().decode()
    for before in ("<BerichtCode>", "<Bsn>", "<ToewijzingNummer>", "<ToegewezenProduct>", "<Client>"):
        text = text.replace(before, f"<Naamgeheim>Jan</Naamgeheim>{before}", 1)
    text = text.replace("<Bsn>", '<Bsn xmlns="urn:elders">1</Bsn><Bsn>', 1)

    message = _parsed(text.encode())

    assert message.unknown_fields == 6
    assert message.bsn == write.BSN


def test_numbers_and_times_are_normalised() -> None:
    """Leading zeros, a plus sign and blanks mean nothing in a number (reference.md §10.3.5); fractions are allowed."""
    body = write.jw301(
        write.granted_product("\n +00667899 ", granted_time="10:00:00.1234567", first_day=" 2024-03-04 ")
    )

    grants = _parsed(body).body

    assert isinstance(grants, Grants)
    (product,) = grants.products
    assert (product.number, product.first_day) == (667899, date(2024, 3, 4))
    assert product.granted_time == time(10, 0, 0, 123456)


def test_an_eight_digit_bsn_gets_its_zero() -> None:
    """reference.md §10.2; only where no schema is configured can it come in."""
    assert _parsed(write.jw305(bsn="12345672")).bsn == "012345672"


def test_a_return_keeps_its_codes_in_document_order() -> None:
    """Header first, then every class (reference.md §8)."""
    body = write.retour("JW305", "0001", body=write.returned_start("0200", "9019"))

    content = _parsed(body).body

    assert isinstance(content, Return)
    assert content.codes == ("0001", "0200", "9019", "0200")
    assert content.rejecting_code == "0001"


def test_a_return_code_that_is_no_code_is_refused() -> None:
    """It would stand in a statement as it is."""
    body = write.retour("JW305", "Jan Jansen")

    assert parse(_document(body)) == Refused(reason=Reason.FIELD_INVALID, field="Header/RetourCodes/RetourCode")


def test_a_return_that_rejects_a_wrong_bsn_is_still_read() -> None:
    """It repeats the wrong number, which names nobody."""
    message = _parsed(write.retour("JW305", body=write.returned_start("0001", bsn="999900007")))

    assert message.bsn is None


def test_the_header_alone_names_a_message_that_is_refused() -> None:
    """A refusal says which message it is about, when that much can be read."""
    header = parse_header(_document(_without(write.jw305(), "Bsn")))

    assert header is not None
    assert header.kind is MessageKind.JW305
    assert header.municipality_place == "Header/Ontvanger"
    assert parse_header(_document(_without(write.jw305(), "Header"))) is None


def test_the_municipality_stands_first_in_what_it_sends() -> None:
    """For a refusal that names the field (municipality-mismatch)."""
    assert _parsed(write.jw301()).header.municipality_place == "Header/Afzender"
