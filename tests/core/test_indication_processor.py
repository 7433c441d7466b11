"""From a delivery to what is to be registered: who may say what, what is replaced, and that nothing else escapes."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as some

from schemas.incoming import INCOMING_MODELS, check
from schemas.statements import canonical_statement
from services.indication.answers import answers_of, http_status
from services.indication.assertions import (
    Assertion,
    Status,
    Taken,
    Verdict,
    body,
    digest,
    from_parked_form,
    merged_into,
    parked_form,
    under_name,
)
from services.indication.doors import Doors
from services.indication.processor import read_event, read_json, read_message, read_record
from services.indication.senders import Arrival, is_register, source_kind
from services.indication.teams import team_on, teams_from
from tests import ijw_builders as ijw
from youthcare.outcome import Reason
from youthcare.runtime.settings import shipped

NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)
TEAM, BSN = "/0153/wijkteam-noord", "999900006"
TEAMS = teams_from(yaml.safe_load(shipped("teams.yml").read_text(encoding="utf-8")))
DOORS = Doors(check=check, schemas=None, teams=TEAMS, digest_keys={"0153": b"k" * 32, "0164": b"l" * 32})
ANYBODY = Arrival(received=NOW, sender="intake")
SENDER = Arrival(received=NOW, sender=TEAM, municipality="0153", sources=frozenset({TEAM, "urn:ijw:0153"}))


def event(kind: str = "indication.started", **changed: Any) -> dict[str, Any]:
    """An event of a team; a data field of None is left out."""
    data = {"bsn": BSN, "indication": "0153-1", "first_day": "2024-03-04"} | changed.pop("data", {})
    made = {
        "specversion": "1.0",
        "id": "e-1",
        "source": TEAM,
        "type": f"nl.jeugdzorg.{kind}.v1",
        "municipality": "0153",
        "time": "2024-03-05T10:00:00Z",
        "data": {name: value for name, value in data.items() if value is not None},
    }
    return made | changed


def only(taken: Taken) -> Assertion:
    """The one assertion of a delivery."""
    assert taken.refused == ()
    (assertion,) = taken.assertions
    return assertion


def code(taken: Taken) -> tuple[str, str | None]:
    """Reason and place of the one refusal of a delivery."""
    assert taken.assertions == ()
    (item,) = taken.refused
    return item.refused.reason.value, item.refused.field


MERGE = {"bsn": BSN, "into_bsn": "999900018", "indication": None, "first_day": None}
ERASE = {"indication": None, "first_day": None}
CODED_NEW, CODED_BSN = ({"kind": "new", "product": {"code": code}} for code in ("45A04", BSN))
REFUSED = [
    (event(municipality="0164"), SENDER, "municipality-mismatch", "municipality"),
    (event(municipality="9999"), ANYBODY, "municipality-mismatch", "municipality"),
    (event(source="/0153/other"), SENDER, "sender-mismatch", "source"),
    (event(source="urn:ijw:0164:1"), SENDER, "sender-mismatch", "source"),
    (event("youth.merged", data=MERGE), SENDER, "sender-mismatch", "type"),
    (event("youth.forgotten", data=ERASE), ANYBODY, "sender-mismatch", "type"),
    (event(time="2024-06-03T00:00:00Z"), SENDER, "date-in-future", "time"),
    (event(data={"bsn": "999900007"}), SENDER, "bsn-invalid", "data.bsn"),
    (event(data={"bsn": "000000000"}), SENDER, "bsn-invalid", "data.bsn"),
    (
        event("youth.merged", data=MERGE | {"into_bsn": "123456789"}, source="/0153/register"),
        ANYBODY,
        "bsn-invalid",
        "data.into_bsn",
    ),
    (event(source=f"/0153/{BSN}"), ANYBODY, "field-invalid", "source"),
    (
        event("message.rejected", data={"bsn": None, "message": "JW305-B1-2024-03-05", "code": "0001"}),
        SENDER,
        "field-missing",
        "data.sender",
    ),
    (event(time="1900-01-01T00:00:00+23:59"), SENDER, "field-invalid", "time"),
    (event(time="2199-12-31T23:59:59-00:01"), SENDER, "field-invalid", "time"),
    (event(data={"product": {"code": BSN}}), SENDER, "field-invalid", "data.product.code"),
    (
        event("care.requested", data={"request": "R", "provider": "1", "products": [CODED_NEW, CODED_BSN]} | ERASE),
        SENDER,
        "field-invalid",
        "data.products[1].product.code",
    ),
    (
        event("message.rejected", data={"bsn": None, "message": "JW305-B", "sender": "urn:ijw:0153:1", "code": BSN}),
        SENDER,
        "field-invalid",
        "data.code",
    ),
    ({"type": 1}, SENDER, "unknown-type", "type"),
    (7, SENDER, "not-json", None),
]


@pytest.mark.parametrize(("content", "arrival", "reason", "place"), REFUSED)
def test_what_may_not_be_said_is_refused_with_reason_and_place(
    content: object, arrival: Arrival, reason: str, place: str | None
) -> None:
    """A sender states only for its own municipality and sources, and only of persons that can be."""
    assert code(read_event(DOORS, arrival, content)) == (reason, place)


def test_a_part_of_the_chain_stands_for_its_parties() -> None:
    """The role `sender:urn:ijw:0153` speaks for every party of that municipality's chain, and for no other."""
    assert SENDER.may_state_as("urn:ijw:0153:42420001")
    assert SENDER.may_state_as("urn:ijw:0153")
    assert not SENDER.may_state_as("urn:ijw:01530:42420001")
    assert not SENDER.may_state_as(f"{TEAM}:sub")


def test_joining_and_erasing_take_the_right_powers() -> None:
    """The register, a supervisor or a privacy officer joins; only a privacy officer erases."""
    officer = Arrival(received=NOW, sender=TEAM, may_merge=True, may_forget=True)

    assert only(read_event(DOORS, officer, event("youth.merged", data=MERGE))).into_bsn == "999900018"
    assert only(read_event(DOORS, officer, event("youth.forgotten", data=ERASE))).bsn == BSN
    assert only(read_event(DOORS, ANYBODY, event("youth.merged", data=MERGE, source="/0153/register")))


def test_a_list_that_is_too_long_is_refused_as_one() -> None:
    """Millions of empty parts fit in 25 MB and would take gigabytes of memory and as many rows."""
    for content in (b"[" + b"0," * 10_000 + b"0]", b"[" + b"[]," * 600_000 + b"[]]", b'{"a":[' * 600_000):
        (taken,) = read_json(DOORS, SENDER, content)

        assert code(taken) == ("too-large", None)
        assert taken.refused[0].payload is None
    assert len(read_json(DOORS, SENDER, b"[" + b"0," * 9_999 + b"0]")) == 10_000


def test_eight_digits_get_their_zero_back() -> None:
    """Many systems drop a leading zero."""
    assert only(read_event(DOORS, SENDER, event(data={"bsn": "10464554"}))).bsn == "010464554"


def test_every_text_that_holds_the_bsn_is_replaced() -> None:
    """Ids and references that contain the message's BSN are replaced by their digest (domain.md §8)."""
    products = [{"kind": "keep", "indication": f"i-{BSN}"}]
    asked = {"request": f"42420001-{BSN}", "provider": "42420001", "products": products}
    content = event("care.requested", id=f"id-{BSN}", data=asked | {"indication": None, "first_day": None})

    assertion = only(read_event(DOORS, SENDER, content))

    assert BSN not in repr(assertion)
    assert BSN.encode() not in body(assertion, "youth")
    assert assertion.bsn == BSN


def test_a_refusal_repeats_no_bsn_whoever_it_belongs_to() -> None:
    """An identification is all of the sender's words that a refusal keeps."""
    for content in (
        event(id=f"id-{BSN}", data={"first_day": BSN}),
        event(id=f"id-{BSN}", data={"bsn": "999900018", "first_day": None}),
        event(id="id-123456789", data={"bsn": "123456789"}),
        event(id=f"id-{BSN}", data={"bsn": None}),
        event(id=f"id-{BSN}", municipality="9999"),
        event(source=f"/0153/{BSN}"),
        event(type=BSN),
    ):
        (item,) = read_event(DOORS, ANYBODY, content).refused
        told = f"{item.sender} {item.type} {item.refused}"
        assert BSN not in told
        assert "123456789" not in told


def test_another_municipalitys_child_is_not_kept_even_sealed() -> None:
    """What is not ours leaves nothing behind but that it came."""
    (item,) = read_event(DOORS, SENDER, event(municipality="0164")).refused
    (message,) = read_message(DOORS, SENDER, ijw.jw305(municipality="0164")).refused

    assert (item.payload, message.payload) == (None, None)
    assert (item.municipality, message.municipality) == ("0153", "0153")


def test_an_unknown_type_is_kept_for_after_an_upgrade() -> None:
    """Refused now, and offered again."""
    taken = read_event(DOORS, SENDER, event("indication.began"))

    (item,) = taken.unknown
    assert json.loads(item.payload) == event("indication.began")
    assert taken.refused[0].type is None


def test_a_postcode_tells_the_team_unless_the_sender_does() -> None:
    """The mapping is dated and only fills a gap; it is no part of what identifies the statement."""
    known = {"valid_from": "2024-03-04", "indication": None, "first_day": None}

    def registered(**data: Any) -> Assertion:
        return only(read_event(DOORS, SENDER, event("youth.registered", data=known | data)))

    by_postcode, by_sender = registered(postcode="7523AB"), registered(postcode="7523AB", team="centrum")
    assert json.loads(body(by_postcode, "y"))["data"]["team"] == "noord"
    assert json.loads(body(by_sender, "y"))["data"]["team"] == "centrum"
    assert registered(postcode="1011AA").team is None
    assert digest(by_postcode) == digest(registered())


def test_a_postcode_has_the_team_of_its_day() -> None:
    """Rows with the latest valid_from on or before the day hold."""
    rows = [
        {"valid_from": date(2024, 7, 1), "teams": {"new": ["7511-7513"]}},
        {"valid_from": date(2020, 1, 1), "teams": {"old": ["7511"], "other": [7512]}},
    ]
    teams = teams_from({"municipalities": {"0153": rows}})

    def asked(postcode: str, day: date) -> str | None:
        return team_on(teams, "0153", postcode, day)

    assert asked("7511AB", date(2024, 6, 30)) == "old"
    assert asked("7511AB", date(2024, 7, 1)) == "new"
    assert asked("7512", date(2024, 6, 30)) == "other"
    assert asked("7511AB", date(2019, 12, 31)) is None
    assert asked("????AB", date(2024, 7, 1)) is None
    assert team_on(teams, "0164", "7511AB", date(2024, 7, 1)) is None


def test_every_postcode_of_the_city_has_one_team() -> None:
    """Nine teams share 7511–7548."""
    told = [
        team_on(TEAMS, "0153", f"{digits}AA", date(2024, 1, 1)) for digits in (*range(7511, 7537), *range(7538, 7549))
    ]

    assert None not in told
    assert len(set(told)) == 9


@pytest.mark.parametrize(
    "row",
    [
        {"valid_from": "2024-01-01", "teams": {}},
        {"valid_from": date(2024, 1, 1), "teams": []},
        {"valid_from": date(2024, 1, 1), "teams": {"a": ["7511-7513"], "b": ["7513"]}},
    ],
)
def test_a_wrong_division_is_no_division(row: dict[str, object]) -> None:
    """Two teams never share a postcode, and a division has a day."""
    with pytest.raises(ValueError, match=r"team"):
        teams_from({"municipalities": {"0153": [row]}})


def test_an_answer_by_json_waits_for_the_request_of_the_chain() -> None:
    """Both ways of stating a request lead to the same place in the register."""
    answer = event(
        "care.request.answered",
        data={"bsn": None, "indication": None, "first_day": None, "request": "42420001-VOT-1", "answer": "rejected"},
    )
    asked = read_message(DOORS, SENDER, ijw.jw315(ijw.asked_product("VOT-1")))

    waiting = only(read_event(DOORS, SENDER, answer))

    assert waiting.refers_to in {reference.lookup for reference in asked.assertions[0].tells}
    assert from_parked_form(parked_form(waiting)) == waiting
    assert json.loads(body(under_name(waiting, "known"), "y"))["data"]["request"] == "known"


def test_a_return_by_json_waits_for_the_message_of_the_chain() -> None:
    """A return names the sender of what it rejects, since numbers are unique per sender only."""
    provider = "urn:ijw:0153:42420001"
    data = {"message": "JW305-B1-2024-03-05", "code": "0001", "sender": provider, "bsn": None}
    rejected = event("message.rejected", data=data | {"indication": None, "first_day": None})
    start = read_message(DOORS, SENDER, ijw.jw305())

    by_name = only(read_event(DOORS, SENDER, rejected))
    by_person = only(read_event(DOORS, SENDER, event("message.rejected", data={**data, "bsn": BSN})))

    assert by_name.refers_to in {reference.lookup for reference in start.assertions[0].tells}
    assert (by_person.refers_to, by_person.bsn) == (None, BSN)


def test_a_message_whose_sender_may_not_speak_is_refused() -> None:
    """Who sends is read from kind and header, as the standard says."""
    provider_only = Arrival(
        received=NOW, sender=TEAM, municipality="0153", sources=frozenset({"urn:ijw:0153:42420001"})
    )

    assert read_message(DOORS, provider_only, ijw.jw305()).assertions
    assert code(read_message(DOORS, provider_only, ijw.jw301())) == ("sender-mismatch", "Header")


def test_a_message_without_a_whole_header_is_refused_as_one() -> None:
    """Nobody can tell whom it means."""
    torn = ijw.jw305().replace(b"<BerichtCode>438</BerichtCode>", b"")

    assert code(read_message(DOORS, SENDER, torn)) == ("field-missing", "Header/BerichtCode")


def test_content_decides_what_a_record_is() -> None:
    """XML begins with its sign, byte order mark or not; all else is JSON."""
    mark = b"\xef\xbb\xbf"

    assert read_record(DOORS, ANYBODY, mark + ijw.jw305()).assertions
    assert read_record(DOORS, ANYBODY, mark + json.dumps([event(), event(id="e-2")]).encode()).assertions
    assert code(read_record(DOORS, ANYBODY, b"")) == ("not-json", None)
    assert code(read_record(DOORS, ANYBODY, b" <x")) == ("not-xml", None)


def test_answers_come_in_the_order_of_the_statements() -> None:
    """One answer each; 202, 207 or 422 for the whole."""
    parts = read_json(DOORS, SENDER, json.dumps([event(), 1, event(id="e-2")]).encode())
    (first, last) = (part.assertions[0] for part in parts if part.assertions)
    parked, accepted = Verdict(status=Status.PARKED), Verdict(status=Status.ACCEPTED)

    answers = answers_of(parts, {first: parked, last: accepted})

    assert [answer["status"] for answer in answers] == ["parked", "refused", "accepted"]
    assert http_status(answers) == 207
    assert http_status(answers[:1]) == 202
    assert http_status(answers[1:2]) == 422
    assert http_status([]) == 202


def test_what_states_nothing_is_answered_too() -> None:
    """An accepting return is accepted, a claim is set aside; neither leaves anything behind."""
    parts = [read_message(DOORS, SENDER, body) for body in (ijw.retour("JW305"), ijw.claim())]

    answers = answers_of(parts, {})

    assert [answer["status"] for answer in answers] == ["accepted", "set-aside"]
    assert http_status(answers) == 202


def test_a_rejecting_return_says_whose_message_it_rejects() -> None:
    """And waits for that message; the BSN it may carry is not needed."""
    rejection = only(read_message(DOORS, SENDER, ijw.retour("JW305", "0001", body=ijw.returned_start("0001"))))

    assert rejection.bsn is None
    assert json.loads(body(rejection, "y"))["data"]["sender"] == "urn:ijw:0153:42420001"


def test_the_chain_tells_the_team_by_its_postcode() -> None:
    """The BRP postcode of a JW301 is dropped once it has told the team."""
    assertions = read_message(DOORS, SENDER, ijw.jw301()).assertions

    teams = [json.loads(body(each, "y"))["data"].get("team") for each in assertions]
    assert teams == ["centrum", None, None]
    assert all(ijw.POSTCODE.encode() not in body(each, "y") for each in assertions)


def test_a_message_that_does_not_read_is_refused_under_its_sender() -> None:
    """Its header is whole, so the refusal names sender and message."""
    (item,) = read_message(DOORS, SENDER, ijw.jw305().replace(b"Begindatum", b"Onbekend")).refused

    assert (item.sender, item.refused.reason) == ("urn:ijw:0153:42420001", Reason.FIELD_MISSING)
    assert item.refused.identification == f"JW305-B1-{ijw.DATED}"


def test_a_merge_names_the_survivor_once_it_is_known() -> None:
    """The BSN of the survivor goes no further than the identity table."""
    merge = only(read_event(DOORS, ANYBODY, event("youth.merged", data=MERGE, source="/0153/register")))

    known = merged_into(merge, "survivor")

    assert (known.identity, known.into_bsn) == (merge.identity, None)
    assert json.loads(body(known, "y"))["data"] == {"into": "survivor"}


def test_content_too_deep_to_write_down_is_refused_without_payload() -> None:
    """A nest of a thousand lists can be read and not be written again."""
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]

    taken = read_event(DOORS, SENDER, event("indication.began", data={"nest": deep}))

    assert [item.payload for item in taken.refused] == [None]
    assert taken.unknown == ()


def test_a_source_has_a_kind() -> None:
    """For the metrics: a closed list."""
    kinds = [source_kind(source) for source in ("urn:ijw:0153:0153", "/0153/register", TEAM)]

    assert kinds == ["ijw", "register", "team"]
    assert not is_register("/0153/register-noord")


JSON = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=5),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
NAMES = some.sampled_from(["indication", "first_day", "last_day", "product", "products", "bsn", "into", "postcode"])
EVENTS = some.fixed_dictionaries(
    {},
    optional={
        "specversion": some.sampled_from(["1.0", "2"]),
        "id": JSON,
        "source": some.sampled_from([TEAM, "", "\ud800"]) | JSON,
        "type": some.sampled_from(sorted(INCOMING_MODELS)) | JSON,
        "municipality": some.sampled_from(["0153", "9999"]) | JSON,
        "time": some.sampled_from(["2024-03-05T10:00:00Z", "9999-12-31T23:59:59-12:00"]) | JSON,
        "data": some.dictionaries(NAMES, JSON | some.sampled_from([BSN, "2024-03-04", "0001-01-01"])) | JSON,
    },
)


@given(EVENTS, some.sampled_from([ANYBODY, SENDER]))
def test_any_event_is_taken_in_or_refused(content: object, arrival: Arrival) -> None:
    """Whatever arrives is accepted or refused with a reason; no other exception escapes (law 12)."""
    taken = read_event(DOORS, arrival, content)

    assert len(taken.assertions) + len(taken.refused) == 1
    for assertion in taken.assertions:
        canonical_statement(json.loads(body(assertion, "y" * 32)))
    for item in taken.refused:
        json.dumps([item.sender, item.type, item.refused.identification]).encode()
        assert item.refused.reason in Reason


@given(some.binary(max_size=200) | some.text(max_size=200).map(str.encode))
def test_any_bytes_are_taken_in_or_refused(content: bytes) -> None:
    """Poison is a refusal."""
    taken = read_record(DOORS, ANYBODY, content)

    assert taken.assertions == ()
    assert taken.refused or content.strip(b" \t\r\n") == b"[]"


def test_reception_is_no_part_of_the_identity() -> None:
    """The same statement on another day is the same statement."""
    first = only(read_event(DOORS, SENDER, event()))
    later = only(read_event(DOORS, Arrival(received=NOW + timedelta(days=9), sender=TEAM), event()))

    assert first.received != later.received
    assert digest(first) == digest(later)
