"""The indication service as processes: Kafka intake, crashes between commit and publication, terms, upgrades, scan."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from confluent_kafka import Producer

from schemas.incoming import check
from services.indication import outbox
from services.indication.api.opening import load_doors, load_keys
from services.indication.assertions import Taken, UnknownItem, joined
from services.indication.processor import read_json
from services.indication.senders import Arrival
from services.indication.store import expire, retry_unknown
from tests import ijw_builders as ijw
from tests.bombs import BOMBS
from tests.bsn_scan import scan_files, scan_tables, scan_text, scan_topics
from tests.indication import (
    CHAIN,
    Process,
    World,
    fetch,
    new_bsn,
    new_name,
    new_number,
    open_door,
    records,
    refusals,
    running,
    statements,
    until,
    world_of,
)
from tests.shell.test_indication import started
from youthcare.outcome import Reason
from youthcare.runtime.local.stack import Stack
from youthcare.runtime.postgres import open_pool
from youthcare.runtime.producing import Publisher


@pytest.fixture(scope="module")
def world(stack: Stack) -> World:
    """Topics, keys and tokens on the running stack."""
    return world_of(stack)


def put_on_intake(world: World, *bodies: bytes) -> None:
    """What a sender on Kafka does."""
    producer = Producer({"bootstrap.servers": world.stack.bootstrap_servers, "message.max.bytes": 27_000_000})
    for body in bodies:
        producer.produce("intake", value=body)
    assert producer.flush(30) == 0


def test_the_worker_takes_in_what_senders_put_on_intake(world: World, tmp_path: Path) -> None:
    """JSON and XML alike; poison becomes a refusal and the stream goes on."""
    event, name = started(new_bsn()), new_name()
    start = ijw.jw305(ijw.started_product(new_number()), bsn=new_bsn(), identification=name)
    wanted = (event["id"], f"JW305-{name}-{ijw.DATED}-1")
    before = len(refusals_of_intake(world))

    with running(world, "worker", tmp_path) as worker:
        put_on_intake(world, json.dumps(event).encode(), b"\x00poison", b"<poison", start)
        until(lambda: len(statements(world, *wanted)) == 2, "both statements published")
        metrics = httpx.get(f"{worker.address}/metrics").text

    said = refusals_of_intake(world)[before:]
    assert sorted(row["code"] for row in said) == ["not-json", "not-xml"]
    assert 'youthcare_statements_total{source_kind="ijw",type="indication.started"} 1.0' in metrics
    assert 'youthcare_refusals_total{reason="not-xml"} 1.0' in metrics
    assert 'youthcare_feed_last_statement_timestamp_seconds{sender_kind="team"}' in metrics


def test_bombs_do_the_running_door_no_harm(world: World, tmp_path: Path) -> None:
    """Bare or in an envelope each gets its refusal, costs no memory, and a message after each is taken in."""
    asked = []
    with running(world, "api", tmp_path) as api, httpx.Client(base_url=api.address, headers=world.header()) as door:
        door.post("/v1/ijw", content=ijw.envelope(b"<Bericht/>"))
        before = most_memory(api)
        for bomb in (*BOMBS, *map(ijw.envelope, BOMBS)):
            refused = door.post("/v1/ijw", content=bomb)
            accepted = door.post("/v1/events", json=started(new_bsn()))
            asked.append((refused.status_code, refused.json()[0]["code"], accepted.status_code))
        grown = most_memory(api) - before

    assert asked == [(422, "forbidden-content", 202)] * (2 * len(BOMBS))
    assert grown < 50_000_000, "an expanded bomb is a gigabyte"


def test_bombs_on_intake_are_refused_and_the_stream_goes_on(world: World, tmp_path: Path) -> None:
    """The same from a sender on Kafka; poison of another test that is delivered again may be refused between."""
    event = started(new_bsn())
    before = bombs_refused(world)

    with running(world, "worker", tmp_path):
        put_on_intake(world, *BOMBS, json.dumps(event).encode())
        until(lambda: statements(world, event["id"]), "the event behind the bombs published")
        until(lambda: bombs_refused(world) >= before + len(BOMBS), "each bomb refused")

    assert bombs_refused(world) == before + len(BOMBS)


def bombs_refused(world: World) -> int:
    """How many bombs of the topic were refused so far."""
    return [row["code"] for row in refusals_of_intake(world)].count("forbidden-content")


def most_memory(process: Process) -> int:
    """The most memory that a process ever held, in bytes."""
    status = Path(f"/proc/{process.handle.pid}/status").read_text()
    (peak,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    return int(peak) * 1024


def refusals_of_intake(world: World) -> list[dict[str, Any]]:
    """Refusals of records that name nobody: told under no municipality."""
    rows = [value for _key, value, _partition in records(world, "refusals") if value is not None]
    return [row for row in rows if row["sender"] == "intake"]


def test_what_a_crash_leaves_between_commit_and_publication_is_swept(world: World, tmp_path: Path) -> None:
    """Killed right after the commit: the sender has no answer, the statement is published all the same."""
    event = started(new_bsn())

    with running(world, "api", tmp_path, AFTER_COMMIT="kill") as api:
        with pytest.raises(httpx.TransportError):
            httpx.post(f"{api.address}/v1/events", json=event, headers=world.header())
        api.handle.wait()
    left_behind = statements(world, event["id"])
    with running(world, "worker", tmp_path):
        until(lambda: statements(world, event["id"]), "the sweep published it")

    (row,) = asyncio.run(fetch(world, "select body, published from statement where id = $1", event["id"]))
    assert left_behind == []
    assert json.loads(row["body"]) == statements(world, event["id"])[0]
    assert row["published"] is not None


async def test_a_restarted_service_knows_what_it_knew(world: World) -> None:
    """Identity and register outlive the process: the same youth, the same record."""
    event, again = started(new_bsn()), None
    async with open_door(world) as door:
        await door.event(event)
    async with open_door(world) as door:
        await door.event(event)
        again = {**event, "id": new_name("E")}
        await door.event(again)

    once, twice = statements(world, event["id"])
    (other,) = statements(world, again["id"])
    assert once == twice
    assert other["subject"] == once["subject"]


async def test_many_senders_of_one_child_at_once_make_one_youth(world: World) -> None:
    """The youth is given once, however many ask at the same moment."""
    bsn = new_bsn()
    events = [started(bsn) for _ in range(20)]

    async with open_door(world) as door:
        answers = await asyncio.gather(*(door.event(event) for event in events))

    published = statements(world, *(event["id"] for event in events))
    assert {status for status, _ in answers} == {202}
    assert len(published) == 20
    assert len({row["subject"] for row in published}) == 1


async def test_a_request_and_its_answers_at_once_find_each_other(world: World) -> None:
    """Both sides lock the reference: neither passes the other unseen."""
    names = [new_name() for _ in range(12)]
    bodies = [
        body
        for name in names
        for body in (
            ijw.jw319(reference=f"VOT-{name}", identification=name),
            ijw.jw315(ijw.asked_product(f"VOT-{name}"), bsn=new_bsn(), identification=name),
        )
    ]

    async with open_door(world) as door:
        await asyncio.gather(*(door.xml(body) for body in bodies))

    answers = statements(world, *(f"JW319-{name}-{ijw.DATED}-1" for name in names))
    assert len(answers) == 12


async def test_what_answers_nothing_for_thirty_days_is_refused(world: World) -> None:
    """Parking ends (design.md §3); nothing is lost silently."""
    name = new_name()
    pool = await open_pool(world.settings().database("indication"), "test", all_municipalities=True)
    keys, now = load_keys(world.settings()), datetime.now(UTC)
    async with open_door(world) as door:
        await door.xml(ijw.jw319(reference=f"VOT-{name}", identification=name))

    early = await expire(pool, keys, now + timedelta(days=29))
    late = await expire(pool, keys, now + timedelta(days=30, minutes=1))
    await outbox.sweep(pool, Publisher(world.broker()), now + timedelta(minutes=1))
    await pool.close()

    # What other tests left parked in the same database is refused in the same round.
    identification = f"JW319-{name}-{ijw.DATED}-1"
    told = [row["code"] for row in refusals(world, f"{CHAIN}:0153") if row.get("identification") == identification]
    assert (early, late >= 1) == (0, True)
    assert told == ["answers-nothing"]
    assert await fetch(world, "select 1 from parked where id = $1", identification) == []


async def test_sealed_payloads_are_destroyed_after_ninety_days(world: World) -> None:
    """The refusal stays, its payload goes (domain.md §8)."""
    pool = await open_pool(world.settings().database("indication"), "test", all_municipalities=True)
    async with open_door(world) as door:
        await door.event(started("123456789"))

    await expire(pool, load_keys(world.settings()), datetime.now(UTC) + timedelta(days=400))
    await pool.close()

    assert await fetch(world, "select 1 from refusal where payload is not null") == []
    assert await fetch(world, "select 1 from refusal") != []


async def test_an_unknown_type_is_offered_again_after_an_upgrade(world: World) -> None:
    """Kept sealed until a version knows it."""
    settings = world.settings()
    keys, event = load_keys(settings), started(new_bsn(), type="nl.jeugdzorg.indication.began.v1")
    pool = await open_pool(settings.database("indication"), "test", all_municipalities=True)
    async with open_door(world) as door:
        status, answers = await door.event(event)
    before = load_doors(settings, keys)

    def upgraded(content: object) -> Any:
        assert isinstance(content, dict)
        return check({**content, "type": "nl.jeugdzorg.indication.started.v1"})

    def reading(doors: Any) -> Any:
        def read(item: UnknownItem) -> Taken:
            arrival = Arrival(
                received=item.received,
                sender=item.sender,
                municipality=item.municipality,
                sources=frozenset({item.sender}),
            )
            return joined(read_json(doors, arrival, item.payload))

        return read

    soon = datetime.now(UTC) + timedelta(seconds=1)
    still = await retry_unknown(pool, keys, reading(before), soon)
    known = await retry_unknown(pool, keys, reading(replace(before, check=upgraded)), soon + timedelta(seconds=1))
    await outbox.sweep(pool, Publisher(world.broker()), datetime.now(UTC) + timedelta(minutes=1))
    await pool.close()

    assert (status, answers[0]["code"]) == (422, Reason.UNKNOWN_TYPE.value)
    assert (still, known) == (0, 1)
    assert len(statements(world, event["id"])) == 1


async def test_kafka_away_loses_nothing(stack: Stack, world: World) -> None:
    """The sender is told to try again; the statement goes by itself, and once more does no harm."""
    event = started(new_bsn())
    async with open_door(world) as door:
        await door.event(started(new_bsn()))
        stack.broker.stop()
        try:
            away = await door.post("/v1/events", json.dumps(event).encode())
            ready = await door.http.get("/health/ready")
        finally:
            stack.broker.start()
        status, _ = await door.event(event)

    assert (away.status_code, ready.status_code, status) == (503, 503, 202)
    assert "Retry-After" in away.headers
    published = statements(world, event["id"])
    assert published
    assert all(row == published[0] for row in published)


async def test_postgres_restarted_loses_nothing(stack: Stack, world: World) -> None:
    """The doors come back by themselves; readiness tells the truth meanwhile."""
    event = started(new_bsn())
    async with open_door(world) as door:
        await door.event(started(new_bsn()))
        stack.database.stop()
        try:
            away = await door.post("/v1/events", json.dumps(event).encode())
            ready = await door.http.get("/health/ready")
        finally:
            stack.database.start()
        status, _ = await door.event(event)

    assert (away.status_code, ready.status_code, status) == (503, 503, 202)
    assert len(statements(world, event["id"])) == 1


def test_no_bsn_stands_in_clear_anywhere_but_on_intake(world: World, stack: Stack, tmp_path: Path) -> None:
    """Tables, topics, logs, metrics and answers are searched for every number that went in (domain.md §8)."""
    numbers = [new_bsn() for _ in range(6)]
    name = new_name()
    bodies = [
        ijw.jw301(ijw.granted_product(new_number()), bsn=numbers[0], identification=name),
        ijw.jw305(ijw.started_product(new_number()), bsn=numbers[1], identification=numbers[1]),
        ijw.jw307(ijw.ended_product(new_number(), reason="21"), bsn=numbers[2], identification=numbers[2]),
        ijw.retour("JW305", "0001", identification=numbers[5]),
    ]
    events = [
        started(numbers[3], id=f"id-{numbers[3]}"),
        started(numbers[4], id=f"id-{numbers[4]}", type=f"type-{numbers[4]}"),
        started(numbers[4], first_day=numbers[4]),
    ]
    said = ""
    with running(world, "api", tmp_path) as api, running(world, "worker", tmp_path) as worker:
        for body in bodies:
            said += httpx.post(f"{api.address}/v1/ijw", content=body, headers=world.header()).text
        said += httpx.post(f"{api.address}/v1/events", json=events, headers=world.header()).text
        last = started(numbers[5])
        put_on_intake(world, json.dumps(last).encode(), json.dumps({**last, "data": numbers[5]}).encode())
        until(lambda: statements(world, last["id"]), "the last event published")
        said += httpx.get(f"{api.address}/metrics").text + httpx.get(f"{worker.address}/metrics").text

    found = asyncio.run(scan_tables(stack, numbers)) + scan_topics(stack, numbers)
    found += scan_files(tmp_path.glob("*.log"), numbers) + scan_text("answers and metrics", said, numbers)
    assert found == []
    assert "intake" in scan_topics(stack, numbers, exempt=())
