"""The doors of the indication service on the real stack: what comes in and what then stands on the topics."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from tests import ijw_builders as ijw
from tests.indication import (
    CHAIN,
    TEAM,
    Door,
    World,
    fetch,
    new_bsn,
    new_name,
    new_number,
    open_door,
    records,
    refusals,
    statements,
    world_of,
)
from youthcare.runtime.local.stack import Stack
from youthcare.runtime.topics import partition_of

MUNICIPAL, PROVIDER = f"{CHAIN}:0153", f"{CHAIN}:{ijw.PROVIDER}"


@pytest.fixture(scope="module")
def world(stack: Stack) -> World:
    """Topics, keys and tokens on the running stack."""
    return world_of(stack)


@pytest_asyncio.fixture
async def door(world: World) -> AsyncIterator[Door]:
    """The doors, open."""
    async with open_door(world) as opened:
        yield opened


def started(bsn: str, **changed: Any) -> dict[str, Any]:
    """A start as a team states it."""
    data = {"bsn": bsn, "indication": f"T-{new_name()}", "first_day": "2024-03-04"}
    event = {
        "specversion": "1.0",
        "id": new_name("E"),
        "source": TEAM,
        "type": "nl.jeugdzorg.indication.started.v1",
        "municipality": "0153",
        "time": "2024-03-05T10:00:00Z",
    }
    return {**event, "data": data, **changed}


async def test_a_start_is_on_the_topic_once_it_is_answered(world: World, door: Door) -> None:
    """What is answered as accepted is published: same content, a youth instead of a BSN, and when it came."""
    event = started(new_bsn())

    status, answers = await door.event(event)

    (published,) = statements(world, event["id"])
    youth, received = published.pop("subject"), published.pop("received")
    content = {name: value for name, value in event["data"].items() if name != "bsn"}
    assert (status, answers) == (202, [{"id": event["id"], "status": "accepted"}])
    assert published == {**event, "data": content, "datacontenttype": "application/json"}
    assert len(youth) == 32
    assert abs(datetime.fromisoformat(received) - datetime.now(UTC)) < timedelta(minutes=1)


async def test_a_record_lies_where_its_youth_is_read(world: World, door: Door) -> None:
    """Key and partition are those of the contract (design.md §2)."""
    event = started(new_bsn())
    await door.event(event)

    (place,) = [row for row in records(world, "indication-events") if row[1] and row[1]["id"] == event["id"]]

    youth = (place[1] or {})["subject"]
    assert place[0] == f"0153/{youth}/{TEAM}/{event['id']}"
    assert place[2] == partition_of("0153", youth)


async def test_each_message_of_the_chain_becomes_its_statements(world: World, door: Door) -> None:
    """JW301, 305, 307, 315 and 317 in full (issue 2, deliverable 4)."""
    bsn, number, name = new_bsn(), new_number(), new_name()
    common = {"bsn": bsn, "identification": name}
    bodies = (
        ijw.jw301(ijw.granted_product(number), **common),
        ijw.jw305(ijw.started_product(number), **common),
        ijw.jw307(ijw.ended_product(number), **common),
        ijw.jw315(ijw.asked_product(f"VOT-{name}"), **common),
        ijw.jw317(changed=[ijw.changed_product(number)], reference=f"VOW-{name}", **common),
    )

    answers = [await door.xml(body) for body in bodies]

    assert [status for status, _ in answers] == [202] * 5
    published = statements(world, *(each["id"] for _, rows in answers for each in rows))
    kinds = sorted(row["type"].removeprefix("nl.jeugdzorg.") for row in published)
    assert kinds == [
        "care.requested.v1",
        "care.requested.v1",
        "indication.ended.v1",
        "indication.granted.v1",
        "indication.started.v1",
        "message.carried.v1",
        "youth.registered.v1",
    ]
    assert len({row["subject"] for row in published}) == 1
    assert {row["source"] for row in published} == {MUNICIPAL, PROVIDER}


async def test_a_start_of_the_chain_says_what_the_message_said(world: World, door: Door) -> None:
    """The canonical form of a JW305, to the letter (design.md §3)."""
    number, name = new_number(), new_name()

    _, answers = await door.xml(ijw.jw305(ijw.started_product(number), bsn=new_bsn(), identification=name))

    (published,) = statements(world, *(each["id"] for each in answers))
    del published["subject"], published["received"]
    assert published == {
        "specversion": "1.0",
        "id": f"JW305-{name}-{ijw.DATED}-1",
        "source": PROVIDER,
        "type": "nl.jeugdzorg.indication.started.v1",
        "municipality": "0153",
        "time": "2024-03-04T23:00:00Z",
        "datacontenttype": "application/json",
        "data": {
            "indication": f"0153-{number}",
            "first_day": "2024-03-04",
            "provider": ijw.PROVIDER,
            "product": {"category": "45", "code": "45A04"},
        },
    }


async def test_the_postcode_tells_the_team_and_is_dropped(world: World, door: Door) -> None:
    """The team comes from the BRP postcode through the dated mapping."""
    body = ijw.jw301(ijw.granted_product(new_number()), bsn=new_bsn(), identification=new_name())

    _, answers = await door.xml(body)

    published = statements(world, *(each["id"] for each in answers))
    (registered,) = [row for row in published if row["type"].endswith("youth.registered.v1")]
    assert registered["data"] == {
        "valid_from": ijw.DATED,
        "birth_date": ijw.BIRTH_DATE,
        "team": "centrum",
    }
    assert ijw.POSTCODE[:4] not in json.dumps(published)


async def test_the_same_again_is_published_again_byte_for_byte(world: World, door: Door) -> None:
    """Same identity and content: accepted, with its first reception."""
    event = started(new_bsn())

    first, second = await door.event(event), await door.event(event)

    once, again = statements(world, event["id"])
    assert first == second
    assert once == again


async def test_a_message_sent_twice_counts_once(world: World, door: Door) -> None:
    """A duplicate changes nothing (law 2), for the chain too."""
    body = ijw.jw301(ijw.granted_product(new_number()), bsn=new_bsn(), identification=new_name())

    first, second = await door.xml(body), await door.xml(ijw.envelope(body))

    rows = await fetch(world, "select id from statement where id = any($1::text[])", [each["id"] for each in first[1]])
    assert first == second
    assert len(rows) == len(first[1]) == 3


async def test_an_id_with_other_content_is_refused(world: World, door: Door) -> None:
    """One identity, one content (design.md §3)."""
    event = started(new_bsn())
    other = {**event, "data": {**event["data"], "first_day": "2024-03-05"}}
    await door.event(event)

    status, answers = await door.event(other)

    (published,) = statements(world, event["id"])
    assert (status, answers[0]["code"]) == (422, "id-reused")
    assert published["data"]["first_day"] == "2024-03-04"
    assert refusals(world, TEAM)[-1]["identification"] == event["id"]


async def test_an_id_of_another_child_is_refused(door: Door) -> None:
    """The same content about another child is another statement; its id is taken."""
    event = started(new_bsn())
    other = {**event, "data": {**event["data"], "bsn": new_bsn()}}
    await door.event(event)

    status, answers = await door.event(other)

    assert (status, answers[0]["code"]) == (422, "id-reused")


async def test_a_list_with_one_bad_event_keeps_the_good_ones(world: World, door: Door) -> None:
    """Each statement is answered on its own, in order; clashes inside the list too."""
    good, bad, last = started(new_bsn()), started("123456789"), started(new_bsn())
    clash = {**good, "data": {**good["data"], "first_day": "2024-03-06"}}

    status, answers = await door.event([good, bad, last, good, clash])

    said = [(each["status"], each.get("code")) for each in answers]
    assert status == 207
    assert said == [
        ("accepted", None),
        ("refused", "bsn-invalid"),
        ("accepted", None),
        ("accepted", None),
        ("refused", "id-reused"),
    ]
    assert len(statements(world, good["id"], bad["id"], last["id"])) == 2


async def test_a_message_with_one_bad_product_keeps_the_good_one(world: World, door: Door) -> None:
    """What is wrong with one product refuses that product."""
    products = (
        ijw.ended_product(new_number(), first_day="2024-02-01", last_day="2024-01-01"),
        ijw.ended_product(new_number()),
    )
    name = new_name()

    status, answers = await door.xml(ijw.jw307(*products, bsn=new_bsn(), identification=name))

    said = {each["id"]: each.get("code", "accepted") for each in answers}
    assert status == 207
    assert said == {
        f"JW307-{name}-{ijw.DATED}-1": "end-before-start",
        f"JW307-{name}-{ijw.DATED}-2": "accepted",
    }
    assert len(statements(world, *said)) == 1


async def answered(door: Door, *bodies: bytes) -> list[list[str]]:
    """The status of each statement of each message."""
    return [[each["status"] for each in (await door.xml(body))[1]] for body in bodies]


async def test_an_answer_before_its_request_waits_for_it(world: World, door: Door) -> None:
    """JW319 carries no BSN; it waits and is published with its own reception when the request comes."""
    name = new_name()
    reference, answer = f"VOT-{name}", f"JW319-{name}-{ijw.DATED}-1"

    statuses = await answered(
        door,
        ijw.jw319(reference=reference, identification=name),
        ijw.jw315(ijw.asked_product(reference), bsn=new_bsn(), identification=name),
        ijw.jw319(reference=reference, identification=name),
    )

    asked = statements(world, f"JW315-{name}-{ijw.DATED}-1")
    told = statements(world, answer)
    assert statuses == [["parked"], ["accepted"], ["accepted"]]
    assert [row["data"]["answer"] for row in told] == ["rejected", "rejected"]
    assert told[0] == told[1]
    assert told[0]["subject"] == asked[0]["subject"]
    assert told[0]["received"] < asked[0]["received"]


async def test_an_answer_after_its_request_is_accepted_at_once(world: World, door: Door) -> None:
    """The register maps requests to youths."""
    name = new_name()
    reference = f"VOT-{name}"

    statuses = await answered(
        door,
        ijw.jw315(ijw.asked_product(reference), bsn=new_bsn(), identification=name),
        ijw.jw319(reference=reference, identification=name),
    )

    rows = statements(world, f"JW315-{name}-{ijw.DATED}-1", f"JW319-{name}-{ijw.DATED}-1")
    assert statuses == [["accepted"], ["accepted"]]
    assert len({row["subject"] for row in rows}) == 1


@pytest.mark.parametrize("first", ["start", "return"])
async def test_a_rejecting_return_finds_its_message_in_either_order(world: World, door: Door, first: str) -> None:
    """A headers-only JW306 names nothing but the message it answers."""
    name = new_name()
    start = ijw.jw305(ijw.started_product(new_number()), bsn=new_bsn(), identification=name)
    rejecting = ijw.retour("JW305", "0001", identification=name)
    bodies = (start, rejecting) if first == "start" else (rejecting, start)

    statuses = await answered(door, *bodies)

    (rejected,) = statements(world, f"JW306-{name}-{ijw.DATED}-1")
    (stated,) = statements(world, f"JW305-{name}-{ijw.DATED}-1")
    assert statuses == [["accepted"], ["accepted"]] if first == "start" else [["parked"], ["accepted"]]
    assert rejected["subject"] == stated["subject"]
    assert rejected["source"] == MUNICIPAL
    assert rejected["data"] == {
        "message": f"JW305-{name}-{ijw.DATED}",
        "code": "0001",
        "sender": PROVIDER,
    }


async def test_what_waits_for_what_waits_is_freed_together(world: World, door: Door) -> None:
    """A JW320 waits for its JW319, which waits for its JW315."""
    name = new_name()
    reference = f"VOT-{name}"

    statuses = await answered(
        door,
        ijw.retour("JW319", "0001", identification=name),
        ijw.jw319(reference=reference, identification=name),
        ijw.jw315(ijw.asked_product(reference), bsn=new_bsn(), identification=name),
    )

    rows = statements(world, *(f"{kind}-{name}-{ijw.DATED}-1" for kind in ("JW315", "JW319", "JW320")))
    assert statuses == [["parked"], ["parked"], ["accepted"]]
    assert len(rows) == 3
    assert len({row["subject"] for row in rows}) == 1


async def test_other_content_waiting_under_one_id_is_refused(door: Door) -> None:
    """An id counts from the moment its statement waits."""
    name = new_name()
    first = ijw.jw319(reference=f"VOT-{name}", identification=name)
    other = ijw.jw319(reference=f"VOT-{name}", answer="2", reason=None, identification=name)

    statuses = await answered(door, first, first, other)

    assert statuses == [["parked"], ["parked"], ["refused"]]


async def test_an_accepting_return_and_a_claim_state_nothing(door: Door) -> None:
    """They are recognised; a claim is set aside."""
    accepting = await door.xml(ijw.retour("JW305", identification=new_name()))
    claim = await door.xml(ijw.claim())

    assert [accepting[0], accepting[1][0]["status"]] == [202, "accepted"]
    assert claim == (202, [{"id": "JW323", "status": "set-aside"}])


async def test_two_youths_of_one_birth_date_stay_two(world: World, door: Door) -> None:
    """Twins at one address have the same registration but for the BSN."""
    bodies = [ijw.jw301(ijw.granted_product(new_number()), bsn=new_bsn(), identification=new_name()) for _ in "ab"]

    answers = [await door.xml(body) for body in bodies]

    rows = statements(world, *(each["id"] for _, each_answer in answers for each in each_answer))
    assert [status for status, _ in answers] == [202, 202]
    assert len({row["subject"] for row in rows if row["type"].endswith("registered.v1")}) == 2


async def test_a_bsn_in_a_reference_is_replaced(world: World, door: Door) -> None:
    """Ids and references that contain the message's BSN are replaced by a digest (domain.md §8)."""
    bsn, name = new_bsn(), new_name()
    event = started(bsn, id=f"start-{bsn}-{name}")
    event["data"]["indication"] = f"T-{bsn}"

    _, answers = await door.event(event)
    reference = f"VOT-{bsn}"
    statuses = await answered(
        door,
        ijw.jw319(reference=reference, identification=name),
        ijw.jw315(ijw.asked_product(reference), bsn=bsn, identification=name),
    )

    everything = json.dumps(records(world, "indication-events"))
    assert answers[0]["status"] == "accepted"
    assert statuses == [["parked"], ["accepted"]]
    assert bsn not in everything
    assert bsn not in json.dumps(answers)
    (asked,) = statements(world, f"JW315-{name}-{ijw.DATED}-1")
    (told,) = statements(world, f"JW319-{name}-{ijw.DATED}-1")
    assert asked["data"]["request"] == told["data"]["request"]


async def test_two_municipalities_share_nothing(world: World, door: Door) -> None:
    """Same BSN, team ids and numbers: other youths, and neither sees the other's rows (design.md §4)."""
    bsn, name = new_bsn(), new_name()
    ours = started(bsn, id=name, source="/team")
    theirs = {**ours, "municipality": "0164"}

    mine = await door.http.post("/v1/events", json=ours, headers=world.header("/team"))
    other = await door.http.post("/v1/events", json=theirs, headers=world.header("/team", municipality="0164"))

    rows = statements(world, name)
    assert [mine.status_code, other.status_code] == [202, 202]
    assert {row["municipality"] for row in rows} == {"0153", "0164"}
    assert len({row["subject"] for row in rows}) == 2
    for municipality in ("0153", "0164"):
        seen = await fetch(world, "select distinct municipality from statement", municipality=municipality)
        assert [row["municipality"] for row in seen] == [municipality]
    assert await fetch(world, "select 1 from identity", municipality="") == []


async def test_a_sender_speaks_for_its_own_municipality_and_sources(world: World, door: Door) -> None:
    """Claim and roles of the token decide, not what the message says."""
    start = started(new_bsn())
    message = ijw.jw305(ijw.started_product(new_number()), bsn=new_bsn(), identification=new_name())

    async def code(path: str, body: bytes, **who: Any) -> str:
        response = await door.http.post(path, content=body, headers=world.header(*who.pop("sources", ()), **who))
        answers = response.json()
        return f"{response.status_code} {answers[0]['code']}"

    event = json.dumps(start).encode()
    assert await code("/v1/events", event, municipality="0164") == "422 municipality-mismatch"
    assert await code("/v1/ijw", message, municipality="0164") == "422 municipality-mismatch"
    assert await code("/v1/events", event, sources=("/0153/other",)) == "422 sender-mismatch"
    assert await code("/v1/ijw", message, sources=(f"{CHAIN}:99999999",)) == "422 sender-mismatch"
    assert await code("/v1/events", event, municipality="9999") == "422 municipality-mismatch"


async def test_without_token_or_source_nobody_is_heard(world: World, door: Door) -> None:
    """Default deny."""
    bare = await door.http.post("/v1/events", content=b"{}")
    roleless = await door.http.post("/v1/ijw", content=b"<a/>", headers=world.issuer.header("supervisor"))

    assert (bare.status_code, roleless.status_code) == (401, 403)


BILLION = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;">]><a>&c;</a>'
WRONG: list[tuple[str, bytes, str]] = [
    ("/v1/ijw", b"no xml at all", "not-xml"),
    ("/v1/ijw", b"", "not-xml"),
    ("/v1/ijw", BILLION, "forbidden-content"),
    ("/v1/ijw", b"<Bericht/>", "unknown-message"),
    ("/v1/events", b"{", "not-json"),
    ("/v1/events", b'"text"', "not-json"),
    ("/v1/events", b"\xff\xfe\x00", "not-json"),
    ("/v1/events", b"[" * 100_000, "not-json"),
    ("/v1/events", b'{"type": "\\ud800"}', "unknown-type"),
]


@pytest.mark.parametrize(("path", "body", "code"), WRONG)
async def test_what_cannot_be_read_is_refused_and_the_stream_goes_on(
    world: World, door: Door, path: str, body: bytes, code: str
) -> None:
    """Each gets its clear refusal, on the topic too, and the next message is taken in."""
    refused = await door.post(path, body)
    accepted = await door.event(started(new_bsn()))

    assert (refused.status_code, refused.json()[0]["code"]) == (422, code)
    assert accepted[0] == 202
    told = refusals(world, TEAM)[-1]
    assert told["code"] == code
    assert [row["number"] for row in refusals(world, TEAM)] == list(range(1, told["number"] + 1))


async def test_a_body_above_the_limit_is_refused_and_recorded(world: World, door: Door) -> None:
    """30 MB is more than a message may be; the refusal is written before it is told."""
    before = len(refusals(world, TEAM))

    response = await door.post("/v1/ijw", b"<" + b"x" * 30_000_000)

    assert response.status_code == 413
    assert response.headers["content-type"] == "application/problem+json"
    assert [row["code"] for row in refusals(world, TEAM)[before:]] == ["too-large"]


async def test_an_invalid_message_is_refused_with_the_place(world: World, door: Door) -> None:
    """The official schema is checked when its folder is configured."""
    name = new_name()
    body = ijw.jw307(ijw.ended_product(new_number(), reason="21"), bsn=new_bsn(), identification=name)

    _, (answer,) = await door.xml(body)

    assert answer["code"] == "schema-invalid"
    assert answer["field"] == "Client/StopProducten/StopProduct/RedenBeeindiging"
    told = refusals(world, PROVIDER)[-1]
    assert told["type"] == "JW307"
    assert told["identification"] == f"JW307-{name}-{ijw.DATED}"


async def test_the_payload_of_a_refusal_is_kept_sealed(world: World, door: Door) -> None:
    """Kept for 90 days, and readable with the keys alone."""
    bsn = new_bsn()
    await door.event(started(bsn, time="2999-01-01T00:00:00Z"))

    rows = await fetch(world, "select payload, payload_until - received as term from refusal where payload is not null")

    assert rows[-1]["term"] == timedelta(days=90)
    assert all(bsn.encode() not in row["payload"] for row in rows)


async def test_merging_takes_the_register_and_forgetting_a_privacy_officer(world: World, door: Door) -> None:
    """Joining or erasing persons is not a sender's business (domain.md §8)."""
    one, two = new_bsn(), new_bsn()
    start, other = started(one), started(two)
    await door.event([start, other])
    merge = started(one, type="nl.jeugdzorg.youth.merged.v1", source="/0153/register")
    merge["data"] = {"bsn": one, "into_bsn": two}
    plain = {**merge, "source": TEAM}

    async def code(event: object, *roles: str) -> str:
        who = world.header(TEAM, "/0153/register", roles=roles)
        answers = (await door.http.post("/v1/events", json=event, headers=who)).json()
        return str(answers[0].get("code", answers[0]["status"]))

    forget = started(one, type="nl.jeugdzorg.youth.forgotten.v1", data={"bsn": one})
    assert await code(plain) == "sender-mismatch"
    assert await code(merge) == "accepted"
    assert await code(forget) == "sender-mismatch"
    assert await code(forget, "supervisor") == "sender-mismatch"
    assert await code(forget, "privacy-officer") == "accepted"
    (merged,) = statements(world, merge["id"])
    (survivor,) = statements(world, other["id"])
    assert merged["data"] == {"into": survivor["subject"]}
    again = started(one)
    await door.event(again)
    assert statements(world, again["id"])[0]["subject"] != merged["subject"]
    assert await fetch(world, "select 1 from statement where id = $1", start["id"]) == []


async def test_readiness_tells_the_truth(door: Door) -> None:
    """Ready means: Postgres and Kafka answer."""
    ready = await door.http.get("/health/ready")

    assert (ready.status_code, ready.json()["problems"]) == (200, [])


async def test_the_document_of_the_doors_is_whole(world: World, door: Door) -> None:
    """Every reference in the OpenAPI document leads somewhere."""
    document = (await door.http.get("/openapi.json", headers=world.header())).json()

    text = json.dumps(document)
    names = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert {"/v1/events", "/v1/ijw"} <= document["paths"].keys()
    assert names <= document["components"]["schemas"].keys()
    assert len(names) > 10
