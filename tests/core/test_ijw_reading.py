"""The door for bytes: what comes in is a document, set aside, or refused for its reason; nothing else happens."""

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.indication.ijw import BYTES_MAX, MARKUP_MAX, Document, SetAside, read
from services.indication.kinds import SET_ASIDE, TRAITS, MessageKind
from tests import ijw_builders as write
from tests.bombs import BOMBS
from youthcare.outcome import Reason, Refused


def _reason(body: bytes) -> Reason:
    outcome = read(body)
    assert isinstance(outcome, Refused)
    assert outcome.identification is None
    return outcome.reason


@pytest.mark.parametrize("kind", write.CODES)
def test_every_message_of_the_standard_is_recognised(kind: str) -> None:
    """The kind is the namespace (reference.md §1.2), bare or in either envelope."""
    body = write.one_of_each()[kind]

    for delivered in (body, write.envelope(body), write.envelope(body, "Du01")):
        document = read(delivered)
        assert isinstance(document, Document)
        assert document.kind == kind
        assert TRAITS[document.kind].code == write.CODES[kind]


@pytest.mark.parametrize("kind", sorted(SET_ASIDE))
def test_claims_are_set_aside(kind: MessageKind) -> None:
    """323 and 325 are recognised and say nothing about the course of care (issue item 4)."""
    assert read(write.claim(kind)) == SetAside(kind=kind)
    assert read(write.envelope(write.claim(kind))) == SetAside(kind=kind)


def test_a_byte_order_mark_is_no_obstacle() -> None:
    """The rule forbids it, senders send it (reference.md §10.3.17)."""
    marked = b"\xef\xbb\xbf" + write.jw305()

    assert isinstance(read(marked), Document)
    assert isinstance(read(write.envelope(marked)), Document)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   ",
        b"geen xml",
        b"{}",
        write.jw305()[:-5],
        write.jw305() + b"<x/>",
        write.jw305().replace(b"<Geslacht>", b"&onbekend;<Geslacht>"),
        write.jw305().decode().encode("utf-16"),
        write.jw305().decode().encode("utf-16-le"),
        write.jw305().replace(b"Achternaamgeheim", "Börger".encode("latin-1")),
        write.jw305().replace(b'"UTF-8"', b'"UTF-16"'),
        write.jw305().replace(b'"UTF-8"', b"'ISO-8859-1'"),
        write.jw305().replace(b"Achternaamgeheim", b"\x00"),
        b"<!-- never closed",
        b"<" + b"a" * 200_000 + b"/>",
    ],
)
def test_what_is_no_xml_in_utf_8_is_refused(body: bytes) -> None:
    """Also when it lies about its encoding: a guess could change a name of a field or a number."""
    assert _reason(body) is Reason.NOT_XML
    assert _reason(write.envelope(body)) is Reason.NOT_XML


@pytest.mark.parametrize("body", BOMBS)
@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", b"<!-- x --> <?y z?>\n"])
def test_a_dtd_is_refused_before_it_does_harm(body: bytes, before: bytes) -> None:
    """No entity is ever expanded, no address asked (issue: an XML bomb gets its clear refusal)."""
    bomb = body if before and body.startswith(b"<?xml") else before + body

    started = time.process_time()
    assert _reason(bomb) is Reason.FORBIDDEN_CONTENT
    assert _reason(write.envelope(bomb)) is Reason.FORBIDDEN_CONTENT
    assert time.process_time() - started < 1


def test_the_word_doctype_in_a_comment_or_text_is_no_dtd() -> None:
    """Only the prologue can hold a DTD."""
    body = write.jw305().replace(b"<Header>", b"<!-- <!DOCTYPE x> --><Header>")

    assert isinstance(read(body), Document)
    assert isinstance(read(b"<!-- <!DOCTYPE x> -->" + body.split(b"\n", 1)[1]), Document)


def test_a_body_above_25_megabytes_is_refused() -> None:
    """OP179; a 30 MB body gets its clear refusal."""
    assert _reason(b" " * (30 * 1024 * 1024)) is Reason.TOO_LARGE
    assert _reason(b" " * BYTES_MAX) is Reason.NOT_XML


@pytest.mark.parametrize(
    "content",
    [b"<a/>" * (MARKUP_MAX + 1), b"x" * 11_000_000, b"<a>" * 300 + b"</a>" * 300],
    ids=["many elements", "one endless text", "endless depth"],
)
def test_a_small_body_that_would_grow_large_is_refused(content: bytes) -> None:
    """Millions of elements in 25 MB would take gigabytes; the parser has its own limits on text and depth."""
    body = write.jw305().replace(b"<Client>", b"<Client>" + content)

    assert _reason(body) is Reason.TOO_LARGE


def test_a_root_with_endless_attributes_is_refused() -> None:
    """Attributes cost memory like elements do."""
    attributes = b"".join(b' a%d=""' % number for number in range(MARKUP_MAX))
    body = write.jw305().replace(b"<Client>", b"<Client" + attributes + b">")

    assert _reason(body) is Reason.TOO_LARGE
    assert _reason(b"<Bericht" + attributes + b"/>") is Reason.NOT_XML


def test_another_release_is_refused_as_such() -> None:
    """iJw 3.0 and 3.1 are seen in the wild (reference.md §1.2)."""
    for release in (b"3_0", b"3_1", b"2_4"):
        assert _reason(write.jw305().replace(b"/3_2/jw305", b"/" + release + b"/jw305")) is Reason.WRONG_VERSION


@pytest.mark.parametrize("name", [b"nobody:Bericht", b"a:b:c"])
def test_a_root_with_a_prefix_that_nobody_declared_is_no_xml(name: bytes) -> None:
    """The parser hands out the root before it finds that out; found by fuzzing."""
    body = write.jw305().replace(b"<Bericht", b"<" + name).replace(b"</Bericht", b"</" + name)

    assert _reason(body) is Reason.NOT_XML
    assert _reason(write.envelope(body)) is Reason.NOT_XML


@pytest.mark.parametrize(
    "body",
    [
        b"<Bericht/>",
        b"<html/>",
        write.jw305().replace(b"jw305/schema", b"jw399/schema"),
        write.jw305().replace(b"ijw/3_2/jw305", b"iwmo/3_2/wmo305"),
        write.jw305().replace(b"Bericht ", b"Berichten ").replace(b"/Bericht>", b"/Berichten>"),
        write.envelope(write.envelope(write.jw305())),
        write.envelope(write.jw305()).replace(b"ggk_Di01", b"ggk_Fo01"),
    ],
)
def test_what_is_no_message_of_the_standard_is_refused(body: bytes) -> None:
    """Another root, another standard, an envelope inside an envelope."""
    assert _reason(body) is Reason.UNKNOWN_MESSAGE


def test_an_envelope_without_readable_content_names_the_field() -> None:
    """The payload is base64 (GGK specification)."""
    empty = write.envelope(b"").replace(b"xmlBestand", b"tekstBestand")
    torn = write.envelope(write.jw305()).replace(b"xmlBestand>", b"xmlBestand>~", 1)
    broken = write.envelope(write.jw305()).replace(b"GGK:xmlBestand", b"GGK:xmlBestand", 1)[:-3]

    assert read(empty) == Refused(reason=Reason.FIELD_MISSING, field="parameters/bericht/xmlBestand")
    assert read(torn) == Refused(reason=Reason.FIELD_INVALID, field="parameters/bericht/xmlBestand")
    assert _reason(broken) is Reason.NOT_XML


def test_base64_may_be_broken_over_lines() -> None:
    """As many systems write it."""
    body = write.envelope(write.jw305())
    at = body.index(b"xmlBestand>") + 40

    assert isinstance(read(body[:at] + b"\r\n  " + body[at:]), Document)


def test_a_comment_inside_a_value_does_not_cut_it() -> None:
    """`9999<!-- -->00006` is one number."""
    document = read(write.jw305().replace(b"999900006", b"9999<!-- x --><?y z?>00006"))

    assert isinstance(document, Document)
    (bsn,) = document.root.all_named("Bsn")
    assert bsn.text == "999900006"


def test_a_document_does_not_show_what_is_in_it() -> None:
    """A log line that prints one by accident tells nothing (domain.md §8)."""
    shown = repr(read(write.jw301()))

    assert write.BSN not in shown
    assert all(secret not in shown for secret in write.SECRETS)


@given(st.binary(max_size=400))
@example(b"\xef\xbb\xbf")
@example(b"<a/>")
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    """Law 12: whatever arrives is accepted or refused with a reason; no other exception escapes."""
    assert isinstance(read(body), Document | SetAside | Refused)
    assert isinstance(read(write.envelope(body)), Document | SetAside | Refused)
