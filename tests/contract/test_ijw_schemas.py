"""The official schemas of iJw 3.2 agree with what the builders write and with what the parser demands."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from services.indication import ijw
from services.indication.ijw import Document, Schemas
from services.indication.message import Message, parse
from tests import ijw_builders as write
from tests.conftest import shared_folder
from youthcare.outcome import Reason, Refused


@pytest.fixture(scope="module")
def schemas() -> Schemas:
    return Schemas.load(shared_folder() / "ijw" / "xsd")


def _document(body: bytes) -> Document:
    document = ijw.read(body)
    assert isinstance(document, Document)
    return document


def _check(schemas: Schemas, body: bytes) -> Refused | None:
    return schemas.check(_document(body))


@pytest.mark.parametrize("kind", write.CODES)
def test_the_builders_write_valid_messages(schemas: Schemas, kind: str) -> None:
    """What the tests send is what the chain would send (ijw/xsd), and the parser reads all of it."""
    body = write.one_of_each()[kind]

    assert _check(schemas, body) is None
    message = parse(_document(body))
    assert isinstance(message, Message)
    assert message.unknown_fields == 0


def test_every_optional_field_of_the_builders_is_valid(schemas: Schemas) -> None:
    """Options too keep to the schema: budget, references, decisions, referrers, residence, unknown birth dates."""
    bodies = [
        write.jw301(write.granted_product(product=None, volume=None, budget=100), date_use="1"),
        write.jw301(write.granted_product(reference="VOT-1"), contacts=[write.address(last_day="2024-01-01")]),
        write.jw305(write.started_product(None, product="45"), write.started_product(2, product=None, status="3")),
        write.jw315(write.asked_product(decision=1, decision_day="2024-01-01", referrer_code="01010101")),
        write.jw319(reason="8", other_municipality="0141"),
        write.jw319(answer="2", reason=None),
    ]

    assert [_check(schemas, body) for body in bodies] == [None] * len(bodies)


def test_an_invalid_message_is_refused_with_the_path_of_the_first_error(schemas: Schemas) -> None:
    """The path counts elements that repeat and names no value (issue: clear refusal)."""
    body = write.jw305(write.started_product(1), write.started_product(2, first_day="2024-02-30"))

    assert _check(schemas, body) == Refused(
        reason=Reason.SCHEMA_INVALID, field="Client/StartProducten/StartProduct[2]/Begindatum"
    )


def test_an_error_in_an_element_of_the_basic_schema_is_found_by_its_prefix(schemas: Schemas) -> None:
    """Children of the complex types stand in the namespace of the basic schema (reference.md §1.2)."""
    body = write.jw301(write.granted_product(product="99A01"))

    assert _check(schemas, body) == Refused(
        reason=Reason.SCHEMA_INVALID,
        field="Client/ToegewezenProducten/ToegewezenProduct/Product/Categorie",
    )


def test_an_error_in_the_root_names_the_root(schemas: Schemas) -> None:
    """A message with nothing in it."""
    body = b'<Bericht xmlns="http://www.istandaarden.nl/ijw/3_2/jw305/schema"/>'

    assert _check(schemas, body) == Refused(reason=Reason.SCHEMA_INVALID, field="Bericht")


def test_a_name_that_the_standard_does_not_know_is_not_repeated(schemas: Schemas) -> None:
    """An element may be named after a person (domain.md §8: nothing unknown passes the door)."""
    body = write.jw305().replace(b"<Geslacht>0</Geslacht>", b"<Achternaamgeheim>0</Achternaamgeheim>")

    assert _check(schemas, body) == Refused(reason=Reason.SCHEMA_INVALID, field="Client/*")


def test_an_attribute_is_an_error_of_its_element(schemas: Schemas) -> None:
    """The standard has no attributes (reference.md §1.2)."""
    body = write.jw305().replace(b"<Client>", b'<Client x="Achternaamgeheim">')

    assert _check(schemas, body) == Refused(reason=Reason.SCHEMA_INVALID, field="Client")


def test_messages_checked_at_the_same_moment_get_each_its_own_answer(schemas: Schemas) -> None:
    """Doors read in threads: a right message never takes away the error of a wrong one, nor gets it."""
    right = _document(write.jw305())
    wrong = _document(write.jw305(write.started_product(1, first_day="2024-02-30")))

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(schemas.check, [right, wrong] * 2000))

    assert set(answers[0::2]) == {None}
    assert {answer.reason for answer in answers[1::2] if answer is not None} == {Reason.SCHEMA_INVALID}
    assert None not in answers[1::2]
