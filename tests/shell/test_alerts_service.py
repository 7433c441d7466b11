"""The alerts service on a real Postgres and broker: facts in, alerts opened once, told once, shown to their team."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import yaml
from confluent_kafka import Consumer, TopicPartition

from schemas.alerts import AlertEvent
from services.alerts import outbox
from services.alerts.api import api
from services.alerts.app import AlertsProcessor, OpenAlerts, sweep
from services.alerts.norms import norms_of
from services.alerts.processor import newest, replayed
from services.trajectory.facts import Rules
from services.trajectory.processor import layers
from tests import builders
from tests.alert_norms import CONTENT, only
from tests.conftest import REPOSITORY
from tests.looks import key_file
from tests.stack import new_municipality
from tests.tokens import AUDIENCE, ISSUER, Issuer
from youthcare.codes import care_forms_from
from youthcare.runtime import metrics
from youthcare.runtime.local.stack import Stack
from youthcare.runtime.postgres import Pool, open_pool
from youthcare.runtime.processing import Outgoing, Record
from youthcare.runtime.producing import Publisher
from youthcare.runtime.settings import Settings, shipped
from youthcare.runtime.topic_creation import create_topics
from youthcare.runtime.topics import CARE_ALERTS, PARTITION_COUNT, TRAJECTORY_FACTS, youth_key
from youthcare.wire import statement_from_wire, to_wire
from youthcare.youthfacts import YouthFacts

RULES = Rules(care_forms=care_forms_from(yaml.safe_load(shipped("care-forms.yml").read_text())))
TODAY = date(2024, 10, 15)
YOUTH = builders.YOUTH


@pytest.fixture
def settings(stack: Stack, tmp_path: Path) -> Settings:
    return Settings.from_env(
        {
            "KAFKA_BOOTSTRAP_SERVERS": stack.bootstrap_servers,
            "ALERTS_DSN": stack.dsn("alerts"),
            "METRICS_PORT": "0",
            "HTTP_PORT": "0",
            "JWKS_FILE": str(Issuer().settings(tmp_path).jwks_file),
            "TOKEN_ISSUER": ISSUER,
            "TOKEN_AUDIENCE": AUDIENCE,
            "ACCESS_LOG_KEYS_FILE": key_file(tmp_path),
        }
    )


@pytest.fixture
async def pool(settings: Settings) -> AsyncIterator[Pool]:
    opened = await open_pool(settings.database("alerts"), "test", all_municipalities=True)
    await AlertsProcessor(CONTENT).prepare(opened)
    async with only(opened, CONTENT):
        yield opened
    await opened.close()


@pytest.fixture
def publisher(settings: Settings) -> Publisher:
    create_topics(settings.broker())
    return Publisher(settings.broker())


def noon(day: date) -> datetime:
    """Midday of a day."""
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def care(municipality: str, youth: str = YOUTH, team: str = "noord") -> list[builders.Statement]:
    """Care since 8 January 2022: the warning is due on 14 August 2023, the norm on 7 January 2024."""
    envelope: builders.Envelope = {"municipality": municipality, "youth": youth}
    return [
        builders.registered(valid_from="2022-01-01", team=team, case_reference="case-1", **envelope),
        builders.started(indication=f"{municipality}-1", first_day="2022-01-08", **envelope),
    ]


def told_facts(told: Sequence[builders.Statement]) -> list[YouthFacts]:
    """The facts of a ledger as told, layer by layer."""
    return list(layers([statement_from_wire(event) for event in told], RULES))


def records(told: Iterable[YouthFacts]) -> list[Record]:
    """Facts as the broker holds them."""
    return [record(youth_key(facts.municipality, facts.youth), orjson.dumps(to_wire(facts))) for facts in told]


def record(key: bytes, value: bytes | None) -> Record:
    """One record."""
    return Record(topic="trajectory-facts", partition=0, offset=0, key=key, value=value, timestamp_ms=0)


async def fold(pool: Pool, batch: Sequence[Record], today: date = TODAY) -> Sequence[Outgoing]:
    """One batch in one transaction, as the engine does it."""
    processor = AlertsProcessor(CONTENT, clock=lambda: noon(today))
    async with pool.acquire() as connection, connection.transaction():
        return await processor.fold(connection, batch)


async def swept(pool: Pool, today: date, municipality: str) -> int:
    """One sweep by a connection of its own; how many steps of a municipality it and what runs beside it took."""
    steps = "select count(*) from alert_step where municipality = $1"
    before: int = await pool.fetchval(steps, municipality)
    async with pool.acquire() as connection:
        await sweep(connection, noon(today))
    after: int = await pool.fetchval(steps, municipality)
    return after - before


async def alerts_of(pool: Pool, municipality: str) -> dict[tuple[str, str], str]:
    """The state of each alert, by rule and level."""
    rows = await pool.fetch("select rule, level, state from alert where municipality = $1", municipality)
    return {(row["rule"], row["level"]): row["state"] for row in rows}


async def told_to(pool: Pool, municipality: str, receiver: str) -> list[tuple[int, str, str]]:
    """What was told to a receiver: number, level and state."""
    rows = await pool.fetch(
        "select number, body from alert_event where municipality = $1 and receiver = $2 order by number",
        municipality,
        receiver,
    )
    events = [(row["number"], orjson.loads(row["body"])) for row in rows]
    return [(number, event["level"], event["state"]) for number, event in events]


NORM, WARNING = ("trajectory-overlong", "norm"), ("trajectory-overlong", "warning")


async def test_an_alert_waits_for_its_day_and_then_opens_once(pool: Pool, municipality: str) -> None:
    """Scheduled until the day, opened by the sweep, and a second sweep finds nothing to do."""
    await fold(pool, records(told_facts(care(municipality))), date(2023, 8, 13))
    before = await alerts_of(pool, municipality)

    counts = [await swept(pool, day, municipality) for day in (date(2023, 8, 13), date(2023, 8, 14), date(2023, 8, 14))]

    assert before == {NORM: "scheduled", WARNING: "scheduled"}
    assert counts[:2] == [0, 1]
    assert counts[2] == 0
    assert await alerts_of(pool, municipality) == {NORM: "scheduled", WARNING: "open"}
    assert await told_to(pool, municipality, "team:noord") == [(1, "warning", "open")]


async def test_a_missed_night_loses_nothing(pool: Pool, municipality: str) -> None:
    """A sweep half a year late opens and expires the warning and opens the norm, for team and supervisor alike."""
    await fold(pool, records(told_facts(care(municipality))), date(2023, 1, 1))

    await swept(pool, date(2024, 2, 1), municipality)

    expected = [("norm", "open"), ("warning", "open"), ("warning", "expired")]
    for receiver in ("team:noord", "supervisor"):
        told = await told_to(pool, municipality, receiver)
        assert [number for number, _, _ in told] == [1, 2, 3]
        assert sorted(each[1:] for each in told) == sorted(expected)


async def test_two_sweeps_at_once_open_each_alert_once(pool: Pool, municipality: str) -> None:
    """Two workers that sweep the same night tell everything once and number it without a gap."""
    youths = [f"youth{number:02d}" for number in range(20)]
    told = [facts for youth in youths for facts in told_facts(care(municipality, youth))]
    await fold(pool, records(told), date(2023, 1, 1))

    await asyncio.gather(*(swept(pool, date(2023, 8, 14), municipality) for _ in range(4)))

    opened = "select count(*) from alert_step where municipality = $1 and after = 'open'"
    assert await pool.fetchval(opened, municipality) == 20
    assert [number for number, _, _ in await told_to(pool, municipality, "supervisor")] == list(range(1, 21))


async def test_what_stands_is_what_replay_says(pool: Pool, municipality: str) -> None:
    """Whatever the batches and the repetitions, the alerts that stand are those of replay."""
    told = village(municipality)
    told_layers = told_facts(told)
    for batch in (told_layers[::2], told_layers[1::2], told_layers):
        await fold(pool, records(batch))

    rows = await pool.fetch(
        """select rule, level, anchor, youth, team, opens_on::text, closes_on::text, state, evidence, sentence
           from alert where municipality = $1 and state <> 'withdrawn' order by rule, level, anchor, youth""",
        municipality,
    )
    expected = replayed(newest(told_layers).values(), norms_of(CONTENT, municipality), None, TODAY)

    assert [dict(row) for row in rows] == expected
    assert {row["rule"] for row in rows} == {
        "trajectory-overlong",
        "stacking-level",
        "stacking-request",
        "returned",
    }


def village(municipality: str) -> list[builders.Statement]:
    """Four youths: one overlong, one stacked with a request, one that returned, one that was corrected."""
    of: dict[str, builders.Envelope] = {
        youth: {"municipality": municipality, "youth": youth} for youth in ("stacked", "back", "corrected")
    }
    asking: builders.Envelope = {**of["stacked"], "time": "2024-03-01T10:00:00Z"}
    later: builders.Envelope = {**of["corrected"], "received": "2024-02-01T10:00:00Z"}
    return [
        *care(municipality),
        *(
            builders.started(indication=f"{municipality}-{product}", product=product, **of["stacked"])
            for product in ("45A04", "50A00", "51A04")
        ),
        builders.requested(**asking),
        builders.started(indication=f"{municipality}-b", first_day="2024-01-08", **of["back"]),
        builders.ended(indication=f"{municipality}-b", last_day="2024-03-31", **of["back"]),
        builders.started(indication=f"{municipality}-c", first_day="2024-05-01", **of["back"]),
        builders.started(indication=f"{municipality}-d", first_day="2022-01-01", **of["corrected"]),
        builders.started_retracted(indication=f"{municipality}-d", first_day="2022-01-01", **later),
        builders.started(indication=f"{municipality}-d", first_day="2023-01-01", **later),
    ]


async def test_a_correction_withdraws_and_everyone_who_was_told_is_told_so(pool: Pool, municipality: str) -> None:
    """The ground is taken away: withdrawn, told once; when it comes back the same alert opens again."""
    stated = care(municipality)
    retracted = builders.started_retracted(
        indication=f"{municipality}-1", first_day="2022-01-08", municipality=municipality, time="2024-02-01T10:00:00Z"
    )
    again = builders.started(
        indication=f"{municipality}-1", first_day="2022-01-09", municipality=municipality, time="2024-03-01T10:00:00Z"
    )

    for told in (stated, [*stated, retracted], [*stated, retracted], [*stated, retracted, again]):
        await fold(pool, records(told_facts(told)))

    row = await pool.fetchrow(
        "select number, opens_on from alert where municipality = $1 and level = 'norm'", municipality
    )
    told_levels = [each[1:] for each in await told_to(pool, municipality, "team:noord")]
    assert [state for level, state in told_levels if level == "norm"] == ["open", "withdrawn", "open"]
    assert row is not None
    assert row["opens_on"] == date(2024, 1, 8)
    assert await pool.fetchval("select count(*) from alert where municipality = $1", municipality) == 2


async def test_a_scheduled_alert_that_loses_its_ground_leaves_no_trace(pool: Pool, municipality: str) -> None:
    """Nobody was told, so nothing is withdrawn."""
    stated = care(municipality)
    retracted = builders.started_retracted(
        indication=f"{municipality}-1", first_day="2022-01-08", municipality=municipality, time="2022-02-01T10:00:00Z"
    )

    for told in (stated, [*stated, retracted]):
        await fold(pool, records(told_facts(told)), date(2022, 3, 1))

    assert await alerts_of(pool, municipality) == {}
    assert await told_to(pool, municipality, "supervisor") == []


async def test_a_first_load_opens_no_flood(pool: Pool, municipality: str) -> None:
    """What was due before the municipality's alert start day is historical: visible, never opened, never sent."""
    await pool.execute(
        "insert into municipality_setting (municipality, alert_start_day) values ($1, $2)", municipality, TODAY
    )

    await fold(pool, records(told_facts(care(municipality))))
    await swept(pool, date(2025, 1, 1), municipality)

    assert await alerts_of(pool, municipality) == {NORM: "historical", WARNING: "historical"}
    assert await told_to(pool, municipality, "supervisor") == []


async def test_with_signals_off_no_finding_is_stored(pool: Pool, municipality: str) -> None:
    """Figures and signals are separate purposes, switched on separately (domain.md §8)."""
    await pool.execute("insert into municipality_setting (municipality, signals) values ($1, false)", municipality)

    await fold(pool, records(told_facts(care(municipality))))

    assert await alerts_of(pool, municipality) == {}


async def published(pool: Pool, publisher: Publisher) -> int:
    """Publish all that waits; how many went."""
    count = 0
    while went := await outbox.publish_pending(pool, publisher, lambda: noon(TODAY)):
        count += went
    return count


def on_topic(stack: Stack, municipality: str) -> list[tuple[bytes, bytes | None]]:
    """What stands on `care-alerts` for a municipality."""
    consumer = Consumer({"bootstrap.servers": stack.bootstrap_servers, "group.id": uuid.uuid4().hex})
    left: dict[int, int] = {}
    for partition in range(PARTITION_COUNT):
        end = consumer.get_watermark_offsets(TopicPartition(CARE_ALERTS.name, partition), 10)[1]
        left |= {partition: end} if end > 0 else {}
    consumer.assign([TopicPartition(CARE_ALERTS.name, partition, 0) for partition in left])
    found = []
    while left:
        message = consumer.poll(10)
        assert message is not None, "the broker did not give what it holds"
        found.append((message.key() or b"", message.value()))
        if (message.offset() or 0) + 1 >= left.get(message.partition() or 0, 0):
            left.pop(message.partition() or 0, None)
    consumer.close()
    return sorted((row for row in found if row[0].startswith(f"{municipality}/".encode())), key=str)


async def test_what_is_told_goes_out_once_per_key(
    pool: Pool, municipality: str, publisher: Publisher, stack: Stack
) -> None:
    """Published and marked; what may not have arrived goes again with the same key and the same bytes."""
    await fold(pool, records(told_facts(care(municipality))))
    await published(pool, publisher)
    first = await asyncio.to_thread(on_topic, stack, municipality)
    repeated = await published(pool, publisher)

    # As after a crash between the broker's acknowledgement and the commit.
    await pool.execute("update alert_event set published = null where municipality = $1", municipality)
    await published(pool, publisher)

    again = await asyncio.to_thread(on_topic, stack, municipality)
    assert repeated == 0
    assert [key.decode() for key, _ in first] == [
        f"{municipality}/{receiver}/{number}" for receiver in ("supervisor", "team:noord") for number in (1, 2, 3)
    ]
    assert again == sorted([*first, *first], key=str)


async def test_an_event_has_the_shape_of_its_schema_and_tells_no_evidence(
    pool: Pool, municipality: str, publisher: Publisher, stack: Stack
) -> None:
    """Sentence and evidence stay inside (design.md §2)."""
    await fold(pool, records(told_facts(care(municipality))))
    await published(pool, publisher)

    for key, value in await asyncio.to_thread(on_topic, stack, municipality):
        assert value is not None
        event = AlertEvent.model_validate_json(value)
        assert key.decode() == f"{event.municipality}/{event.receiver}/{event.number}"
        assert {"sentence", "evidence", "terms"} & orjson.loads(value).keys() == set()


async def test_a_forgotten_youth_leaves_nothing(
    pool: Pool, municipality: str, publisher: Publisher, stack: Stack
) -> None:
    """Alerts, what was told of them, and the records on the topic go (domain.md §8)."""
    await fold(pool, records(told_facts(care(municipality))))
    await published(pool, publisher)

    outgoing = await fold(pool, [record(youth_key(municipality, YOUTH), None)])
    await publisher.publish(outgoing)

    rows = await asyncio.to_thread(on_topic, stack, municipality)
    assert {key for key, _ in rows} == {key for key, value in rows if value is None}
    for table in ("alert", "alert_event", "youth_state"):
        assert await pool.fetchval(f"select count(*) from {table} where municipality = $1", municipality) == 0


async def test_a_record_that_is_no_facts_stops_nothing(pool: Pool, municipality: str) -> None:
    """It is kept by its place; the records around it count."""
    poison = [record(f"{municipality}/x".encode(), b"not json"), record(b"?", None)]

    await fold(pool, [*poison, *records(told_facts(care(municipality)))])

    assert await alerts_of(pool, municipality) == {NORM: "open", WARNING: "expired"}
    assert await pool.fetchval("select count(*) from refused_record where municipality = $1", municipality) == 1


async def test_what_a_municipality_entered_outlives_a_restart(pool: Pool) -> None:
    """Shipped norms are the first content of a table, not their home."""
    count = await pool.fetchval("select count(*) from norm")

    await AlertsProcessor({"norms": [], "municipalities": {}}).prepare(pool)
    await AlertsProcessor(CONTENT).prepare(pool)

    assert count == len(CONTENT["norms"])
    assert await pool.fetchval("select count(*) from norm") == count


async def test_no_small_cell_is_shown_as_a_metric(pool: Pool, municipality: str) -> None:
    """Open alerts of a municipality show as nothing until there are ten."""
    youths = [f"youth{number:02d}" for number in range(10)]
    shown = []

    for some in (youths[:9], youths[9:]):
        await fold(pool, records(facts for youth in some for facts in told_facts(care(municipality, youth))))
        async with pool.acquire() as connection:
            await OpenAlerts().renew(connection, date(2024, 10, 15))
        shown.append(f'municipality="{municipality}",rule="trajectory-overlong"' in metrics.rendered().decode())

    assert shown == [False, True]


async def test_the_time_from_reception_to_alert_is_measured_once_per_alert(
    pool: Pool, municipality: str, publisher: Publisher
) -> None:
    """The header of the facts says when the newest statement came; each alert that opens counts once."""
    (told,) = records(told_facts(care(municipality)))
    await published(pool, publisher)

    def measured() -> list[float | None]:
        names = ("youthcare_event_to_alert_seconds_count", "youthcare_event_to_alert_seconds_sum")
        opened = metrics.REGISTRY.get_sample_value("youthcare_alerts_opened_total", {"rule": "trajectory-overlong"})
        return [*(metrics.REGISTRY.get_sample_value(name) for name in names), opened]

    before = measured()
    await fold(pool, [replace(told, headers=(("received-at", b"2024-10-15T11:59:58Z"),))])
    await fold(pool, [replace(told, headers=(("received-at", b"soon"),))])
    await published(pool, publisher)

    assert [now - (then or 0) for now, then in zip(measured(), before, strict=True) if now is not None] == [2, 4, 2]


@asynccontextmanager
async def door(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the API."""
    app = api(settings)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://alerts") as client,
    ):
        yield client


def two_teams(municipality: str) -> list[YouthFacts]:
    """A youth of each of two teams, both overlong."""
    return [
        facts
        for youth, team in (("youth-north", "noord"), ("youth-centre", "centrum"))
        for facts in told_facts(care(municipality, youth, team))
    ]


async def test_a_team_sees_its_own_alerts_only(pool: Pool, settings: Settings, municipality: str) -> None:
    """Default deny; another team's alert looks like one that does not exist."""
    await fold(pool, records(two_teams(municipality)))
    north = Issuer().header("team:noord", municipality=municipality)
    supervisor = Issuer().header("supervisor", municipality=municipality)

    async with door(settings) as client:
        own = (await client.get("/v1/alerts", headers=north)).json()["alerts"]
        every = (await client.get("/v1/alerts", headers=supervisor)).json()["alerts"]
        foreign = next(row["number"] for row in every if row["team"] == "centrum")

        assert {row["team"] for row in own} == {"noord"}
        assert {row["team"] for row in every} == {"noord", "centrum"}
        assert (await client.get("/v1/alerts", params={"team": "centrum"}, headers=north)).status_code == 403
        assert (await client.get(f"/v1/alerts/{foreign}", headers=north)).status_code == 404
        assert (await client.get(f"/v1/alerts/{foreign}", headers=supervisor)).status_code == 200
        for header in (
            Issuer().header(municipality=municipality),
            Issuer().header("sender:/x", municipality=municipality),
        ):
            assert (await client.get("/v1/alerts", headers=header)).status_code == 403
            assert (await client.get(f"/v1/alerts/{foreign}", headers=header)).status_code == 403
        assert (await client.get("/v1/alerts")).status_code == 401


async def test_no_municipality_sees_or_numbers_anothers_alerts(
    pool: Pool, settings: Settings, municipality: str
) -> None:
    """The same youth, team and indication number in two municipalities: neither sees the other, each counts from 1."""
    other = new_municipality()
    await fold(pool, records([*told_facts(care(municipality)), *told_facts(care(other))]))

    async with door(settings) as client:
        for each in (municipality, other):
            rows = await client.get("/v1/alerts", headers=Issuer().header("supervisor", municipality=each))
            assert sorted(row["number"] for row in rows.json()["alerts"]) == [1, 2]
            assert await told_to(pool, each, "supervisor") == await told_to(pool, other, "supervisor")
        stranger = Issuer().header("supervisor", municipality=new_municipality())
        assert (await client.get("/v1/alerts", headers=stranger)).json() == {"alerts": [], "next": None}


async def test_an_alert_explains_itself(pool: Pool, settings: Settings, municipality: str) -> None:
    """Sentence, statements, rule, threshold with valid-from, and what would end it (domain.md §7)."""
    told = care(municipality)
    await fold(pool, records(told_facts(told)))
    north = Issuer().header("team:noord", municipality=municipality)

    async with door(settings) as client:
        (listed,) = (await client.get("/v1/alerts", params={"state": "open"}, headers=north)).json()["alerts"]
        shown = (await client.get(f"/v1/alerts/{listed['number']}", headers=north)).json()

    assert shown["label_nl"] == "Lang zorgtraject"
    assert shown["sentence"] == (
        "Het zorgtraject dat op 8 januari 2022 begon, duurt op 7 januari 2024 730 dagen; "
        "de norm is 730 dagen (geldig vanaf 1 januari 2015)."
    )
    assert shown["evidence"] == [told[1]["id"]]
    assert (shown["threshold"], shown["valid_from"]) == (730, "2015-01-01")
    assert shown["ends_nl"] == "Vervalt als het zorgtraject eindigt."
    assert shown["case_reference"] == "case-1"
    assert {key: shown[key] for key in listed} == listed


async def test_alerts_are_asked_by_rule_state_and_day_a_page_at_a_time(
    pool: Pool, settings: Settings, municipality: str
) -> None:
    """Filters narrow the list, pages go on where the last one ended, and a wrong question gets a problem."""
    youths = [f"youth{number:02d}" for number in range(5)]
    await fold(pool, records(facts for youth in youths for facts in told_facts(care(municipality, youth))))
    header = Issuer().header("supervisor", municipality=municipality)

    async with door(settings) as client:

        async def asked(**params: Any) -> Any:
            return (await client.get("/v1/alerts", params=params, headers=header)).json()

        first = await asked(limit=6)
        rest = await asked(limit=6, before=first["next"])
        numbers = [row["number"] for row in (*first["alerts"], *rest["alerts"])]

        assert numbers == sorted(range(1, 11), reverse=True)
        assert rest["next"] is None
        assert len((await asked(state="open"))["alerts"]) == 5
        assert (await asked(rule="returned"))["alerts"] == []
        assert {row["level"] for row in (await asked(on="2024-01-06"))["alerts"]} == {"warning"}
        assert {row["level"] for row in (await asked(on="2024-01-07"))["alerts"]} == {"norm"}
        for wrong in ({"state": "angry"}, {"rule": "none"}, {"limit": 201}, {"before": 0}, {"on": "yesterday"}):
            answer = await client.get("/v1/alerts", params=wrong, headers=header)
            assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


def start_worker(settings: Settings, log: Path) -> subprocess.Popen[bytes]:
    """The alerts worker as a process of its own, as the command starts it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    rules = log.with_suffix(".rules.yml")  # of rules that lack a norm a worker enters the first of its own
    rules.write_text(yaml.safe_dump(CONTENT), encoding="utf-8")
    given = {
        "RULES_FILE": str(rules),
        "KAFKA_BOOTSTRAP_SERVERS": settings.broker().bootstrap_servers,
        "ALERTS_DSN": settings.database("alerts").dsn,
        "METRICS_PORT": str(port),
    }
    with log.open("ab") as lines:
        return subprocess.Popen(
            [sys.executable, "-c", "from youthcare.cli_alerts import app; app()", "worker"],
            env=os.environ | given,
            cwd=REPOSITORY,
            stdout=lines,
            stderr=lines,
        )


async def until_count(pool: Pool, query: str, municipality: str, count: int) -> None:
    """Wait until a query about a municipality counts this many."""
    async with asyncio.timeout(60):
        while True:
            if await pool.fetchval(query, municipality) >= count:
                return
            await asyncio.sleep(0.1)  # the pace of looking; the deadline decides


async def test_a_worker_that_is_killed_loses_no_alert_and_tells_none_twice(
    pool: Pool, settings: Settings, municipality: str, publisher: Publisher, stack: Stack, tmp_path: Path
) -> None:
    """Two real workers, one killed while facts flow: every alert exists once, every number has one meaning."""
    youths = [f"youth{number:03d}" for number in range(200)]
    told = [facts for youth in youths for facts in told_facts(care(municipality, youth))]
    outgoing = [Outgoing(topic=TRAJECTORY_FACTS.name, key=row.key or b"", value=row.value) for row in records(told)]
    workers = [start_worker(settings, tmp_path / f"{name}.log") for name in ("first", "second")]
    try:
        await publisher.publish(outgoing[:100])
        await until_count(pool, "select count(*) from alert where municipality = $1", municipality, 1)
        workers[0].kill()
        await publisher.publish(outgoing[100:])
        await until_count(pool, "select count(published) from alert_event where municipality = $1", municipality, 1200)
        workers[1].terminate()
        assert await asyncio.to_thread(workers[1].wait, 30) == 0
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()

    rows = await asyncio.to_thread(on_topic, stack, municipality)
    assert await pool.fetchval("select count(*) from alert where municipality = $1", municipality) == 400
    events = [row for row in rows if not row[0].endswith(b"/heartbeat")]
    assert {key.decode() for key, _ in events} == {
        f"{municipality}/{receiver}/{number}" for receiver in ("team:noord", "supervisor") for number in range(1, 601)
    }
    assert len({key for key, _ in events}) == len(set(events))
