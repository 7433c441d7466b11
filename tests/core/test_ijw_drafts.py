"""From a message to canonical statements: types, ids, times, references, and what is kept out."""

import json
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.indication.drafts import Draft, RefusedStatement, drafts
from services.indication.identity import digest
from services.indication.ijw import Document, SetAside, read
from services.indication.message import Message, parse, parse_header
from services.indication.references import MessageKey, message_key, message_name, renamed, source_of
from tests import ijw_builders as write
from youthcare.codes import Product
from youthcare.events import (
    CareRequested,
    EndRetracted,
    IndicationEnded,
    IndicationGranted,
    IndicationStarted,
    MessageCarried,
    MessageRejected,
    RequestAnswered,
    RequestedProduct,
    StartRetracted,
    Volume,
    YouthRegistered,
)
from youthcare.outcome import Reason, Refused
from youthcare.wire import to_wire

KEY = b"k" * 32
TODAY = date(2024, 3, 10)
FROM_MUNICIPALITY = "urn:ijw:0153:0153"
FROM_PROVIDER = "urn:ijw:0153:42420001"
Outcome = tuple[tuple[Draft, ...], tuple[RefusedStatement, ...]]


def _message(body: bytes) -> Message:
    document = read(body)
    assert isinstance(document, Document)
    message = parse(document)
    assert isinstance(message, Message)
    return message


def _outcome(body: bytes, key: bytes = KEY) -> Outcome:
    return drafts(_message(body), received_day=TODAY, key=key)


def _stated(body: bytes) -> tuple[Draft, ...]:
    stated, refused = _outcome(body)
    assert refused == ()
    return stated


def _key(body: bytes) -> MessageKey:
    return message_key(_message(body), KEY)


def test_a_start_is_stated() -> None:
    """JW305; recorded at the start of the message's civil day, in UTC."""
    (draft,) = _stated(write.jw305())

    assert draft == Draft(
        source=FROM_PROVIDER,
        id="JW305-B1-2024-03-05-1",
        time=datetime(2024, 3, 4, 23, tzinfo=UTC),
        message="JW305-B1-2024-03-05",
        data=IndicationStarted(
            indication="0153-667899",
            first_day=date(2024, 3, 4),
            provider="42420001",
            product=Product(category="45", code="45A04"),
        ),
    )


def test_crisis_care_is_known_by_its_category() -> None:
    """Category 46; other starts say nothing about crisis."""
    crisis, other = _stated(write.jw305(write.started_product(1, product="46A00"), write.started_product(2)))

    assert isinstance(crisis.data, IndicationStarted)
    assert isinstance(other.data, IndicationStarted)
    assert (crisis.data.crisis, other.data.crisis) == (True, None)


def test_an_end_is_stated() -> None:
    """JW307."""
    (draft,) = _stated(write.jw307())

    assert (draft.source, draft.id) == (FROM_PROVIDER, "JW307-B1-2024-03-05-1")
    assert draft.data == IndicationEnded(
        indication="0153-667899", first_day=date(2024, 1, 8), last_day=date(2024, 3, 1), reason="31"
    )


def test_status_3_retracts_by_the_same_key() -> None:
    """StatusAanlevering 3: the statement with this key was never true (domain.md §2)."""
    (start,) = _stated(write.jw305(write.started_product(status="3")))
    (end,) = _stated(write.jw307(write.ended_product(status="3")))

    assert start.data == StartRetracted(indication="0153-667899", first_day=date(2024, 3, 4))
    assert end.data == EndRetracted(
        indication="0153-667899", first_day=date(2024, 1, 8), last_day=date(2024, 3, 1), reason="31"
    )


@pytest.mark.parametrize(
    ("product", "indication"),
    [
        ("45A04", "0153-T-42420001-45-45A04"),
        ("45", "0153-T-42420001-45-00"),
        (None, "0153-T-42420001-00-00"),
    ],
)
def test_without_a_number_an_indication_is_named_by_provider_and_product(product: str | None, indication: str) -> None:
    """Task-oriented care has no ToewijzingNummer (domain.md §2)."""
    start, end = (
        _stated(write.jw305(write.started_product(None, product=product)))[0].data,
        _stated(write.jw307(write.ended_product(None, product=product)))[0].data,
    )

    assert isinstance(start, IndicationStarted)
    assert isinstance(end, IndicationEnded)
    assert start.indication == end.indication == indication


def test_a_grant_is_stated_with_its_youth_and_what_the_message_carried() -> None:
    """JW301: registration, products, and the list that lets its return un-say it."""
    youth, grant, carried = _stated(write.jw301(write.granted_product(reference="VOT-1", change_reason="04")))

    assert youth.data == YouthRegistered(valid_from=date(2024, 3, 5), birth_date=date(2012, 4, 17))
    assert (youth.source, youth.time) == (FROM_MUNICIPALITY, datetime(2024, 3, 4, 23, tzinfo=UTC))
    assert (youth.postcode, grant.postcode, carried.postcode) == (write.POSTCODE, None, None)
    assert grant.time == datetime(2024, 3, 1, 9, tzinfo=UTC)
    assert grant.data == IndicationGranted(
        indication="0153-667899",
        provider="42420001",
        product=Product(category="45", code="45A04"),
        granted_at=datetime(2024, 3, 1, 10),  # noqa: DTZ001 - local time as written
        first_day=date(2024, 3, 4),
        last_day=date(2024, 12, 31),
        change_reason="04",
        volume=Volume(amount=600, unit="01", frequency="4"),
        request="42420001-VOT-1",
    )
    assert carried.id == "JW301-B1-2024-03-05-carried"
    assert carried.data == MessageCarried(message="JW301-B1-2024-03-05", statements=(youth.id, grant.id))


def test_a_grant_is_named_by_its_content() -> None:
    """A snapshot repeats it in another message: the same statement; other content is another (design.md §3)."""
    first = _stated(write.jw301(identification="B1"))[1]
    again = _stated(write.jw301(identification="B2", dated="2024-03-08"))[1]
    other = _stated(write.jw301(write.granted_product(last_day="2024-06-30")))[1]

    assert first.id.rpartition("-")[0] == "JW301-667899-2024-03-01T10:00:00"
    assert len(first.id.rpartition("-")[2]) == 8
    assert (again.id, again.data, again.time) == (first.id, first.data, first.time)
    assert other.id != first.id


def test_a_generic_grant_has_no_product() -> None:
    """Only a budget: the product is unknown, not left out (reference.md §5)."""
    grant = _stated(write.jw301(write.granted_product(product=None, volume=None, budget=100)))[1].data

    assert isinstance(grant, IndicationGranted)
    assert (grant.product, grant.volume) == (Product(), None)


def test_a_time_that_occurs_twice_is_the_first() -> None:
    """27 October 2024, half past two: summer time (reference.md §10.3.14)."""
    body = write.jw301(write.granted_product(granted_on="2023-10-29", granted_time="02:30:00"))

    assert _stated(body)[1].time == datetime(2023, 10, 29, 0, 30, tzinfo=UTC)


def test_youths_of_one_birth_date_do_not_share_a_registration() -> None:
    """Two clients of one day and birth date are two statements; the same client again is the same one."""
    first, other = (_stated(write.jw301(bsn=bsn))[0] for bsn in (write.BSN, write.OTHER_BSN))
    again = _stated(write.jw301(identification="B2", provider=write.OTHER_PROVIDER))[0]

    assert first.id.startswith("JW301-client-2024-03-05-")
    assert first.data == other.data
    assert first.id != other.id
    assert first.id == again.id
    assert _outcome(write.jw301(), b"o" * 32)[0][0].id != first.id


def test_a_birth_date_that_is_wholly_unknown_is_not_stated() -> None:
    """DatumGebruik 3; a day or month unknown leaves a date that is near enough."""
    unknown = _stated(write.jw301(date_use="3", birth_date="1900-01-01"))[0].data
    partly = _stated(write.jw301(date_use="2", birth_date="2012-01-01"))[0].data

    assert isinstance(unknown, YouthRegistered)
    assert isinstance(partly, YouthRegistered)
    assert (unknown.birth_date, partly.birth_date) == (None, date(2012, 1, 1))


@pytest.mark.parametrize(
    ("contacts", "postcode"),
    [
        ([], None),
        ([write.address(None)], None),
        ([write.address(kind="03")], None),
        ([write.address("7511ab")], "7511AB"),
        ([write.address("7511 AB")], "7511AB"),
        ([write.address("D-48599")], None),
        ([write.address("7511AB", last_day="2024-03-04")], None),
        ([write.address("7511AB", last_day="2024-03-05")], "7511AB"),
        ([write.address("7511AB", first_day="2024-01-01"), write.address("7512CD")], "7511AB"),
        ([write.address("7511AB", first_day="2024-01-01"), write.address("7512CD", "02", "2024-02-01")], "7511AB"),
        ([write.address("7511AB", last_day="2024-01-31"), write.address("7512CD", "01", "2024-02-01")], "7512CD"),
    ],
)
def test_the_team_is_found_by_the_brp_address_that_holds(contacts: list[str], postcode: str | None) -> None:
    """The latest BRP address on the message's day; the postcode travels beside the statement, never inside."""
    youth = _stated(write.jw301(contacts=contacts))[0]

    assert youth.postcode == postcode
    assert postcode is None or postcode not in json.dumps(to_wire(youth.data))


def test_each_asked_product_is_a_request() -> None:
    """JW315: one reference per product (reference.md §6.7), with its referrer."""
    first, second = _stated(
        write.jw315(write.asked_product("A"), write.asked_product("B", referrer="08", referrer_name=None))
    )

    assert (first.id, second.id) == ("JW315-B1-2024-03-05-1", "JW315-B1-2024-03-05-2")
    assert first.data == CareRequested(
        request="42420001-A",
        provider="42420001",
        referrer="02",
        products=(
            RequestedProduct(
                kind="new",
                product=Product(category="45", code="45A04"),
                first_day=date(2024, 4, 1),
                last_day=date(2024, 12, 31),
            ),
        ),
    )
    assert isinstance(second.data, CareRequested)
    assert (second.data.request, second.data.referrer) == ("42420001-B", "08")
    assert second.tells is not None
    assert second.tells.name == "42420001-B"


def test_a_request_for_change_is_one_request() -> None:
    """JW317: kept, changed and new products in one statement."""
    (draft,) = _stated(write.one_of_each()["JW317"])

    assert draft.id == "JW317-B1-2024-03-05-1"
    assert draft.data == CareRequested(
        request="42420001-VOW-1",
        provider="42420001",
        products=(
            RequestedProduct(kind="keep", indication="0153-667899"),
            RequestedProduct(
                kind="change",
                indication="0153-667900",
                first_day=date(2024, 4, 1),
                last_day=date(2024, 12, 31),
            ),
            RequestedProduct(kind="new", product=Product(category="41", code="41A03"), first_day=date(2024, 4, 1)),
        ),
    )


def test_an_answer_is_stated() -> None:
    """JW319: rejected with its reason, or under investigation; it refers to the request."""
    (rejected,) = _stated(write.jw319())
    (investigated,) = _stated(write.jw319(answer="2", reason=None))

    assert (rejected.source, rejected.id) == (FROM_MUNICIPALITY, "JW319-B1-2024-03-05-1")
    assert rejected.data == RequestAnswered(request="42420001-VOT-1", answer="rejected", reason="6")
    assert investigated.data == RequestAnswered(request="42420001-VOT-1", answer="under-investigation")


@pytest.mark.parametrize(
    ("answered", "source", "original"),
    [
        ("JW301", FROM_PROVIDER, FROM_MUNICIPALITY),
        ("JW305", FROM_MUNICIPALITY, FROM_PROVIDER),
        ("JW307", FROM_MUNICIPALITY, FROM_PROVIDER),
        ("JW315", FROM_MUNICIPALITY, FROM_PROVIDER),
        ("JW317", FROM_MUNICIPALITY, FROM_PROVIDER),
        ("JW319", FROM_PROVIDER, FROM_MUNICIPALITY),
    ],
)
def test_a_rejecting_return_un_says_its_message(answered: str, source: str, original: str) -> None:
    """It copies the header, so its sender is the receiver named there (reference.md §10.3.1)."""
    (draft,) = _stated(write.retour(answered, "0233", "9019", "0001"))
    kind = write.RETURN_OF[answered]

    assert (draft.source, draft.id) == (source, f"{kind}-B1-2024-03-05-1")
    assert draft.data == MessageRejected(message=f"{answered}-B1-2024-03-05", code="9019", sender=original)


@pytest.mark.parametrize("codes", [(), ("0200",), ("0200", "0233")])
def test_an_accepting_return_says_nothing(codes: tuple[str, ...]) -> None:
    """Accepted is a return without codes, or with remarks that reject nothing (reference.md §8)."""
    assert _outcome(write.retour("JW305", *codes)) == ((), ())


def test_a_return_finds_its_message_and_an_answer_its_request() -> None:
    """By name and by look-up, with and without a BSN of its own; another sender's is another."""
    start, request = _key(write.jw305()), _stated(write.jw315())[0].tells
    bare, full = _key(write.retour("JW305", "0001")), _key(write.retour("JW305", body=write.returned_start("9019")))
    other = _key(write.jw305(provider=write.OTHER_PROVIDER))

    assert start.own == bare.refers_to == full.refers_to
    assert _key(write.jw319()).refers_to == request
    assert other.own.name == start.own.name
    assert other.own.lookup != start.own.lookup
    assert (start.carries_bsn, bare.carries_bsn, full.carries_bsn) == (True, False, True)
    assert start.refers_to is None
    assert (start.source, bare.source) == (FROM_PROVIDER, FROM_MUNICIPALITY)


def test_a_reference_that_holds_the_bsn_is_replaced_everywhere() -> None:
    """In ids, requests, indications and message names; the answer without a BSN names the same request."""
    reference = f"VOT/{write.BSN}/1"
    asked = _stated(write.jw315(write.asked_product(reference), identification=write.BSN))[0]
    grant = _stated(write.jw301(write.granted_product(write.BSN, reference=reference)))[1]
    answer = _stated(write.jw319(reference=reference))[0]
    rejection = _stated(write.retour("JW315", "0001", identification=write.BSN))[0]

    hidden = f"42420001-{digest(reference, KEY)}"
    assert isinstance(asked.data, CareRequested)
    assert isinstance(grant.data, IndicationGranted)
    assert isinstance(answer.data, RequestAnswered)
    assert isinstance(rejection.data, MessageRejected)
    assert asked.data.request == grant.data.request == answer.data.request == hidden
    assert grant.data.indication == f"0153-{digest(write.BSN, KEY)}"
    assert asked.message == rejection.data.message == f"JW315-{digest(write.BSN, KEY)}-2024-03-05"
    assert write.BSN not in repr((asked, grant, answer, rejection))


def test_an_innocent_number_is_found_under_the_name_the_register_knows() -> None:
    """A reference that only looks like a BSN: the look-up agrees, and `renamed` gives the statement its name."""
    asked = _stated(write.jw315(write.asked_product("123456782")))[0]
    key, answer = _key(write.jw319(reference="123456782")), _stated(write.jw319(reference="123456782"))[0]
    rejection = _stated(write.retour("JW315", "0001"))[0]

    assert asked.tells is not None
    assert key.refers_to is not None
    assert asked.tells.name == "42420001-123456782" != key.refers_to.name
    assert asked.tells.lookup == key.refers_to.lookup
    assert renamed(answer.data, asked.tells.name) == RequestAnswered(
        request="42420001-123456782", answer="rejected", reason="6"
    )
    assert renamed(rejection.data, "x") == MessageRejected(message="x", code="0001", sender=FROM_PROVIDER)
    assert renamed(asked.data, "x") == asked.data


def test_a_bad_product_is_refused_and_keeps_its_number() -> None:
    """Ids do not move when a neighbour is refused, nor is a refused grant said to have been carried."""
    stated, (refused,) = _outcome(
        write.jw305(write.started_product(1), write.started_product(2, status="2"), write.started_product(3))
    )
    grants, _ = _outcome(write.jw301(write.granted_product(1, last_day="2024-01-01"), write.granted_product(2)))

    assert [draft.id for draft in stated] == ["JW305-B1-2024-03-05-1", "JW305-B1-2024-03-05-3"]
    assert refused.refused == Refused(
        reason=Reason.STATUS_FORBIDDEN,
        field="Client/StartProducten/StartProduct[2]/StatusAanlevering",
        identification="JW305-B1-2024-03-05-2",
    )
    assert isinstance(grants[-1].data, MessageCarried)
    assert grants[-1].data.statements == (grants[0].id, grants[1].id)
    assert len(grants) == 3


def test_a_message_with_a_wrong_client_is_refused_whole() -> None:
    """One refusal, named by the message; its name holds no BSN, not even when the stated one is wrong."""
    stated, (refused,) = _outcome(write.jw305(bsn="999900007", identification=write.BSN))

    assert stated == ()
    assert refused.id is None
    assert refused.refused.reason is Reason.BSN_INVALID
    assert refused.refused.identification == f"JW305-{digest(write.BSN, KEY)}-2024-03-05"


def test_a_message_that_cannot_be_parsed_is_still_named() -> None:
    """By its header, for the refusal."""
    document = read(write.jw305(write.started_product("x")))
    assert isinstance(document, Document)
    header = parse_header(document)
    assert header is not None

    name, source = message_name(header, header.kind, None, KEY), source_of(header, header.kind)

    assert (name, source) == ("JW305-B1-2024-03-05", FROM_PROVIDER)


def test_nothing_personal_is_in_what_comes_out() -> None:
    """No BSN, name, street, phone, comment or postcode in any statement or refusal, nor in how they print."""
    bodies = [
        *write.one_of_each().values(),
        write.jw305(bsn="999900007"),
        write.jw301(write.granted_product(volume=None)),
    ]

    for body in bodies:
        stated, refused = _outcome(body)
        shown = repr((stated, refused)) + json.dumps([to_wire(draft.data) for draft in stated])
        assert all(secret not in shown for secret in (*write.SECRETS, write.BSN, write.POSTCODE, "999900007"))


def _through(body: bytes) -> Outcome | Refused | SetAside:
    document = read(body)
    if not isinstance(document, Document):
        return document
    message = parse(document)
    return message if isinstance(message, Refused) else drafts(message, received_day=TODAY, key=KEY)


VALUES = ("", "0", "99999999999", "2024-02-30", "9999-12-31", "0001-01-01", "24:00:00", "é", "x" * 300, "13", "01", "3")


@given(
    st.sampled_from(sorted(write.CODES)),
    st.integers(0, 10_000),
    st.sampled_from(["drop", "double", "value", "bytes"]),
    st.sampled_from(VALUES),
    st.binary(max_size=4),
)
def test_a_mutated_message_is_taken_or_refused(kind: str, at: int, how: str, value: str, noise: bytes) -> None:
    """Law 12: whatever arrives is accepted or refused with a reason; no other exception escapes."""
    body = write.one_of_each()[kind]
    outcome = _through(_mutated(body, at, how, value, noise))

    if isinstance(outcome, tuple):
        stated, refused = outcome
        assert all(json.dumps(to_wire(draft.data)) for draft in stated)
        assert all(one.refused.reason in Reason for one in refused)


def _mutated(body: bytes, at: int, how: str, value: str, noise: bytes) -> bytes:
    if how == "bytes":
        place = at % len(body)
        return body[:place] + noise + body[place + len(noise) :]
    text = body.decode()
    opened = [place for place, character in enumerate(text) if character == "<" and text[place + 1] not in "/?"]
    start = opened[at % len(opened)]
    name = text[start + 1 :].split(">", 1)[0].split(" ", 1)[0]
    inside, end = text.index(">", start) + 1, text.index(f"</{name}>", start)
    stop = end + len(name) + 3
    changed = {"drop": "", "double": text[start:stop] * 2, "value": f"{text[start:inside]}{value}{text[end:stop]}"}
    return (text[:start] + changed[how] + text[stop:]).encode()
