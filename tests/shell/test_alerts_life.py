"""What people do with alerts, on a real Postgres and through the door: state, history, clock, norms, silence."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import yaml

from services.alerts.acts import Acknowledge, Act, ActRefusal, Assign, Close, Note, Outcome, Snooze
from services.alerts.api import api
from services.alerts.app import AlertsProcessor, sweep
from services.alerts.lifecycle import Alert
from services.alerts.store.acting import ActRefused, NoSuchAlert, act
from services.alerts.store.asking import find_facts, history_of
from services.alerts.store.judging import judge_again
from services.alerts.store.percentiles import make_percentiles, percentiles_of
from services.alerts.store.rules import enter_first_content
from services.alerts.store.sweep_days import accept_day
from services.trajectory.facts import Rules
from services.trajectory.processor import layers
from tests import builders
from tests.alert_norms import CONTENT, SHIPPED, only
from tests.apis import api_environment
from tests.stack import new_municipality
from tests.tokens import Issuer
from youthcare.codes import care_forms_from
from youthcare.period import Period
from youthcare.runtime import metrics
from youthcare.runtime.local.stack import Stack
from youthcare.runtime.postgres import Pool, open_pool
from youthcare.runtime.processing import Record
from youthcare.runtime.settings import Settings, shipped
from youthcare.runtime.topics import youth_key
from youthcare.wire import statement_from_wire, to_wire
from youthcare.youthfacts import YouthFacts

RULES = Rules(care_forms=care_forms_from(yaml.safe_load(shipped("care-forms.yml").read_text())))
TODAY = date(2024, 10, 15)
YOUTH = builders.YOUTH
OVERLONG = "rule = 'trajectory-overlong' and level = 'norm'"


@pytest.fixture
def settings(stack: Stack, tmp_path: Path) -> Settings:
    return Settings.from_env(api_environment(stack, tmp_path, "alerts"))


@pytest.fixture
async def pool(settings: Settings) -> AsyncIterator[Pool]:
    opened = await open_pool(settings.database("alerts"), "test", all_municipalities=True)
    await AlertsProcessor(CONTENT).prepare(opened)
    async with only(opened, CONTENT):
        yield opened
    await opened.close()


def noon(day: date) -> datetime:
    """Midday of a day."""
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def care(municipality: str, youth: str = YOUTH, team: str = "noord") -> list[builders.Statement]:
    """Care since 8 January 2022: the norm of 730 days is reached on 7 January 2024."""
    envelope: builders.Envelope = {"municipality": municipality, "youth": youth}
    return [
        builders.registered(valid_from="2022-01-01", team=team, case_reference=f"case-{youth}", **envelope),
        builders.started(indication=f"{municipality}-1", first_day="2022-01-08", **envelope),
    ]


def facts_told(told: Sequence[builders.Statement]) -> list[YouthFacts]:
    """The facts of a ledger as told, layer by layer."""
    return list(layers([statement_from_wire(event) for event in told], RULES))


async def fold(pool: Pool, told: Sequence[builders.Statement], today: date = TODAY) -> None:
    """One batch in one transaction, as the engine does it."""
    batch = [
        Record(
            topic="trajectory-facts",
            partition=0,
            offset=0,
            key=youth_key(facts.municipality, facts.youth),
            value=orjson.dumps(to_wire(facts)),
            timestamp_ms=0,
        )
        for facts in facts_told(told)
    ]
    async with pool.acquire() as connection, connection.transaction():
        await AlertsProcessor(CONTENT, clock=lambda: noon(today)).fold(connection, batch)


async def done(pool: Pool, municipality: str, wanted: Act, number: int, today: date = TODAY) -> Alert:
    """An act of Anna in a transaction of its own."""
    async with pool.acquire() as connection, connection.transaction():
        return await act(connection, municipality, number, wanted, "anna", noon(today))


async def swept(pool: Pool, today: date, municipality: str, sweepers: int = 1) -> int:
    """Sweeps at once, by connections of their own; how many steps of a municipality they took."""

    async def one() -> None:
        async with pool.acquire() as connection:
            await sweep(connection, noon(today))

    steps = "select count(*) from alert_step where municipality = $1"
    before: int = await pool.fetchval(steps, municipality)
    await asyncio.gather(*(one() for _ in range(sweepers)))
    after: int = await pool.fetchval(steps, municipality)
    return after - before


async def number_of(pool: Pool, municipality: str, where: str = OVERLONG) -> int:
    """The number of the one alert."""
    (row,) = await pool.fetch(f"select number from alert where municipality = $1 and {where}", municipality)
    number: int = row["number"]
    return number


async def state_of(pool: Pool, municipality: str, number: int) -> str:
    """The state of an alert."""
    state: str = await pool.fetchval(
        "select state from alert where municipality = $1 and number = $2", municipality, number
    )
    return state


async def told(pool: Pool, municipality: str, receiver: str, alert: int) -> list[tuple[str, str]]:
    """What a receiver was told of an alert: state and cause."""
    rows = await pool.fetch(
        "select body from alert_event where municipality = $1 and receiver = $2 and alert = $3 order by number",
        municipality,
        receiver,
        alert,
    )
    return [(event["state"], event["cause"]) for event in (orjson.loads(row["body"]) for row in rows)]


async def test_an_act_writes_state_history_and_what_is_told_in_one_transaction(pool: Pool, municipality: str) -> None:
    """A transaction that is rolled back leaves neither; a note and an assignment outlive repeats."""
    await fold(pool, care(municipality))
    number = await number_of(pool, municipality)

    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await act(connection, municipality, number, Acknowledge(), "anna", noon(TODAY))
        await transaction.rollback()
    lost = await pool.fetchval(
        "select count(*) from alert_step where municipality = $1 and actor = 'anna'", municipality
    )
    for wanted in (Acknowledge(), Assign(to="Bram"), Note(text="gebeld")):
        await done(pool, municipality, wanted, number)
    await fold(pool, care(municipality))
    async with pool.acquire() as connection:
        steps = await history_of(connection, municipality, number)

    assert lost == 0
    assert [(row["actor"], row["cause"], row["before"], row["after"]) for row in steps] == [
        ("system", "found", None, "open"),
        ("anna", "acknowledged", "open", "acknowledged"),
        ("anna", "assigned", "acknowledged", "acknowledged"),
        ("anna", "noted", "acknowledged", "acknowledged"),
    ]
    assert (steps[-1]["note"], steps[-1]["assignee"], steps[-1]["until"]) == ("gebeld", "Bram", date(2024, 10, 29))
    assert await told(pool, municipality, "team:noord", number) == [
        ("open", "found"),
        ("acknowledged", "acknowledged"),
    ]


async def test_what_the_table_does_not_hold_is_refused_and_changes_nothing(pool: Pool, municipality: str) -> None:
    """An expired alert is not taken up; an alert that is not there is no alert."""
    await fold(pool, care(municipality))
    number = await number_of(pool, municipality, "rule = 'trajectory-overlong' and level = 'warning'")

    with pytest.raises(ActRefused) as refused:
        await done(pool, municipality, Acknowledge(), number)
    with pytest.raises(NoSuchAlert):
        await done(pool, municipality, Acknowledge(), 999)

    assert refused.value.refusal is ActRefusal.NOT_FROM_HERE
    assert await state_of(pool, municipality, number) == "expired"


async def test_deadlines_of_people_are_swept_like_all_others_by_two_at_once(pool: Pool, municipality: str) -> None:
    """Lapses and ends of snoozes come once each, also when four sweep the same night."""
    youths = [f"youth{number:02d}" for number in range(20)]
    for youth in youths:
        await fold(pool, care(municipality, youth))
    await swept(pool, TODAY, municipality)
    rows = await pool.fetch(f"select number from alert where municipality = $1 and {OVERLONG} order by 1", municipality)
    numbers = [row["number"] for row in rows]
    for number in numbers[:10]:
        await done(pool, municipality, Acknowledge(), number)
    for number in numbers[10:]:
        await done(pool, municipality, Snooze(until=TODAY + timedelta(days=7)), number)

    early = await swept(pool, TODAY + timedelta(days=6), municipality)
    snoozes = await swept(pool, TODAY + timedelta(days=7), municipality, sweepers=4)
    lapses = await swept(pool, TODAY + timedelta(days=14), municipality, sweepers=4)

    assert (early, snoozes, lapses) == (0, 10, 10)
    assert {await state_of(pool, municipality, number) for number in numbers} == {"open"}
    reminded = await told(pool, municipality, "supervisor", numbers[0])
    assert reminded[-1] == ("open", "lapsed")
    events = await pool.fetch(
        "select number from alert_event where municipality = $1 and receiver = 'team:noord' order by 1", municipality
    )
    assert [row["number"] for row in events] == list(range(1, len(events) + 1))


async def test_a_clock_that_jumps_sweeps_nothing_until_somebody_confirms_the_day(pool: Pool, municipality: str) -> None:
    """Neither the sweep nor facts that come meanwhile open what is due on a day that is not believed."""

    def refused(reason: str) -> float:
        return metrics.REGISTRY.get_sample_value("youthcare_alerts_sweep_refused", {"reason": reason}) or 0

    await swept(pool, date(2023, 6, 1), municipality)
    await fold(pool, care(municipality), date(2023, 6, 1))
    await swept(pool, date(2023, 6, 1), municipality)

    ahead = await swept(pool, date(2024, 2, 1), municipality)
    shown = refused("forward")
    await fold(pool, care(municipality, "another"), date(2024, 2, 1))
    back = await swept(pool, date(2023, 5, 1), municipality)
    states = await pool.fetch("select distinct state from alert where municipality = $1", municipality)
    async with pool.acquire() as connection:
        await accept_day(connection, date(2024, 2, 1), municipality)
    accepted = await swept(pool, date(2024, 2, 1), municipality)

    assert (ahead, back) == (0, 0)
    assert shown >= 1
    assert [row["state"] for row in states] == ["scheduled"]
    assert accepted == 6
    assert await state_of(pool, municipality, await number_of(pool, municipality, f"{OVERLONG} and youth = 'another'"))


async def test_a_closed_alert_reopens_on_a_statement_received_after_closing(pool: Pool, municipality: str) -> None:
    """Not on a repetition; then it is open again and everybody who was told is told so."""
    stated = care(municipality)
    await fold(pool, stated)
    number = await number_of(pool, municipality)
    envelope: builders.Envelope = {"municipality": municipality, "time": "2024-10-16T10:00:00Z"}
    again = [
        builders.started_retracted(indication=f"{municipality}-1", first_day="2022-01-08", **envelope),
        builders.started(indication=f"{municipality}-1", first_day="2022-02-08", **envelope),
    ]

    await done(pool, municipality, Close(outcome=Outcome.AGREED_EXCEPTION), number)
    await fold(pool, stated)
    repeated = await state_of(pool, municipality, number)
    await fold(pool, [*stated, *again], TODAY + timedelta(days=1))

    assert repeated == "closed"
    assert await state_of(pool, municipality, number) == "open"
    assert (await told(pool, municipality, "team:noord", number))[-2:] == [("closed", "closed"), ("open", "reopened")]


async def test_a_youth_that_moves_takes_its_alerts_along(pool: Pool, municipality: str, settings: Settings) -> None:
    """On the day that the new registration counts: the new team sees the alert, the former one no more."""
    moves = builders.registered(
        valid_from="2024-10-18", team="zuid", municipality=municipality, time="2024-10-02T10:00:00Z"
    )
    await fold(pool, [*care(municipality), moves])
    number = await number_of(pool, municipality)
    await done(pool, municipality, Assign(to="Anna"), number)

    async def seen() -> list[int]:
        async with door(settings, TODAY) as client:
            answers = [
                await client.get(f"/v1/alerts/{number}", headers=Issuer().header(role, municipality=municipality))
                for role in ("team:noord", "team:zuid")
            ]
        return [answer.status_code for answer in answers]

    before = await seen()
    async with pool.acquire() as connection:
        for day in (date(2024, 10, 17), date(2024, 10, 18), date(2024, 10, 18)):
            await judge_again(connection, noon(day))
        steps = await history_of(connection, municipality, number)

    assert (before, await seen()) == ([200, 404], [404, 200])
    assert (steps[-1]["cause"], steps[-1]["team"], steps[-1]["assignee"]) == ("handed-over", "zuid", None)
    assert len([row for row in steps if row["cause"] == "handed-over"]) == 1


async def test_what_opens_in_the_next_year_comes_into_sight_when_a_year_begins(pool: Pool, municipality: str) -> None:
    """Care since May 2024: the warning of December 2025 is kept at once, the norm of May 2026 from 2025 on."""
    start: builders.Envelope = {"municipality": municipality, "time": "2024-05-06T10:00:00Z"}
    await fold(pool, [builders.started(indication=f"{municipality}-1", first_day="2024-05-06", **start)])

    async def kept_on(day: date) -> list[tuple[str, date]]:
        async with pool.acquire() as connection:
            # Until none is left, as the worker does; other suites share the database.
            while await judge_again(connection, noon(day)):
                pass
            rows = await connection.fetch(
                "select level, opens_on from alert where municipality = $1 and rule = 'trajectory-overlong' order by 2",
                municipality,
            )
        return [(row["level"], row["opens_on"]) for row in rows]

    assert await kept_on(date(2024, 12, 31)) == [("warning", date(2025, 12, 10))]
    assert await kept_on(date(2025, 1, 1)) == [("warning", date(2025, 12, 10)), ("norm", date(2026, 5, 5))]


@asynccontextmanager
async def door(settings: Settings, today: date) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the API on a day."""
    app = api(settings, lambda: noon(today))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://alerts") as client,
    ):
        yield client


async def test_people_act_through_the_door_on_what_they_may_see_alone(
    pool: Pool, municipality: str, settings: Settings
) -> None:
    """Another team and another municipality get 404; what is not possible gets 409, what is wrong 422."""
    await fold(pool, care(municipality))
    number = await number_of(pool, municipality)
    path = f"/v1/alerts/{number}"
    north = Issuer().header("team:noord", municipality=municipality)
    strangers = (
        Issuer().header("team:zuid", municipality=municipality),
        Issuer().header("supervisor", municipality=new_municipality()),
    )

    async with door(settings, TODAY) as client:
        for stranger in strangers:
            assert (await client.post(f"{path}/acknowledgement", headers=stranger)).status_code == 404
        assert (await client.post(f"{path}/acknowledgement", headers=Issuer().header())).status_code == 403
        taken = (await client.post(f"{path}/acknowledgement", headers=north)).json()
        given = (await client.post(f"{path}/assignment", json={"to": "Anna"}, headers=north)).json()
        put_off = (await client.post(f"{path}/snooze", json={"until": "2024-10-20"}, headers=north)).json()
        for wrong in ({"until": "2024-10-15"}, {"until": "soon"}, {"unknown": 1}):
            answer = await client.post(f"{path}/snooze", json=wrong, headers=north)
            assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
        noted = (await client.post(f"{path}/note", json={"text": "gebeld"}, headers=north)).json()
        assert (await client.post(f"{path}/note", json={"text": "a" * 2001}, headers=north)).status_code == 422
        assert (await client.post(f"{path}/closure", json={"outcome": "angry"}, headers=north)).status_code == 422
        closed = (await client.post(f"{path}/closure", json={"outcome": "not-ours"}, headers=north)).json()
        assert (await client.post(f"{path}/acknowledgement", headers=north)).status_code == 409

    assert [row["state"] for row in (taken, given, put_off, noted, closed)] == [
        "acknowledged", "acknowledged", "snoozed", "snoozed", "closed",
    ]  # fmt: skip
    assert (given["assignee"], put_off["until"], closed["outcome"]) == ("Anna", "2024-10-20", "not-ours")
    assert closed["acts"] == ["note"]
    assert [row["note"] for row in closed["history"] if row["note"]] == ["gebeld"]


async def test_the_list_is_ranked_and_a_team_is_asked_so_many_new_ones_a_week(
    pool: Pool, municipality: str, settings: Settings
) -> None:
    """A reached norm first, then the longest open; the rest is later, and taking up one uses its place."""
    await pool.execute("insert into municipality_setting (municipality, new_per_week) values ($1, 3)", municipality)
    for number in range(5):
        await fold(pool, care(municipality, f"youth{number}"))
    north = Issuer().header("team:noord", municipality=municipality)

    async with door(settings, TODAY) as client:

        async def asked(**params: Any) -> list[dict[str, Any]]:
            given = {"state": "open", "order": "rank", "rule": "trajectory-overlong", **params}
            rows: list[dict[str, Any]] = (await client.get("/v1/alerts", params=given, headers=north)).json()["alerts"]
            return rows

        first = await asked()
        await client.post(f"/v1/alerts/{first[0]['number']}/acknowledgement", headers=north)
        second = await asked()
        pages = [await asked(limit=2), await asked(limit=2, before=second[1]["number"])]
        old, young = await asked(age=282), await asked(age=283)

    assert [row["place"] for row in first] == ["new", "new", "new", "later", "later"]
    assert [row["place"] for row in second] == ["new", "new", "later", "later"]
    assert [row["number"] for page in pages for row in page] == [row["number"] for row in second]
    assert (len(old), len(young)) == (4, 0)


async def test_a_norm_is_entered_with_its_reason_and_judges_from_its_first_day(
    pool: Pool, municipality: str, settings: Settings
) -> None:
    """The diary says who and why; youths we know are judged again; what is wrong is refused and not entered."""
    envelope: builders.Envelope = {"municipality": municipality, "youth": YOUTH}
    told_of = [
        builders.registered(valid_from="2022-01-01", team="noord", **envelope),
        builders.started(indication=f"{municipality}-1", first_day="2024-07-01", **envelope),
    ]
    await fold(pool, told_of)
    supervisor = Issuer().header("supervisor", municipality=municipality)
    norm = {"rule": "trajectory-overlong", "days": 100, "valid_from": "2024-10-01", "reason": "proef"}

    async with door(settings, TODAY) as client:
        tried = (await client.post("/v1/norms/trial", json=norm, headers=supervisor)).json()
        for role in ("team:noord", "sender:/x"):
            header = Issuer().header(role, municipality=municipality)
            assert (await client.post("/v1/norms", json=norm, headers=header)).status_code == 403
        for wrong in ({"days": None}, {"days": 0}, {"threshold": 3}, {"level": "signal"}, {"reason": " "}):
            assert (await client.post("/v1/norms", json={**norm, **wrong}, headers=supervisor)).status_code == 422
        entered = await client.post("/v1/norms", json=norm, headers=supervisor)
        diary = (await client.get("/v1/norms?rule=trajectory-overlong", headers=supervisor)).json()["norms"]
    async with pool.acquire() as connection:
        judged = [await judge_again(connection, noon(TODAY)) for _ in range(2)]
        facts = await find_facts(connection, municipality, YOUTH)
    row = await pool.fetchrow(f"select * from alert where municipality = $1 and {OVERLONG}", municipality)

    assert entered.status_code == 201
    (own,) = [row for row in diary if row["own"]]
    assert (own["author"], own["reason"], own["days"]) == ("someone", "proef", 100)
    assert judged == [1, 0]
    assert facts == facts_told(told_of)[-1]
    assert row is not None
    assert (row["opens_on"], row["valid_from"], row["state"]) == (date(2024, 10, 8), date(2024, 10, 1), "open")
    assert tried["rows"][0] == {
        "team": "", "fires_now": 0, "would_fire": 2, "youths_new": 1, "already_known": 0,
    }  # fmt: skip


async def test_what_became_of_alerts_is_told_to_supervisors(pool: Pool, municipality: str, settings: Settings) -> None:
    """Per rule and team; a rule that is already known nine times in ten is marked."""
    numbers = []
    for each in range(10):
        await fold(pool, care(municipality, f"youth{each}"))
        numbers.append(await number_of(pool, municipality, f"{OVERLONG} and youth = 'youth{each}'"))
    for number in numbers:
        await done(pool, municipality, Acknowledge(), number)
        await done(pool, municipality, Close(outcome=Outcome.ALREADY_KNOWN), number)

    async with door(settings, TODAY) as client:
        header = Issuer().header("supervisor", municipality=municipality)
        rows = (await client.get("/v1/alerts/usefulness", headers=header)).json()["rules"]
        north = Issuer().header("team:noord", municipality=municipality)
        assert (await client.get("/v1/alerts/usefulness", headers=north)).status_code == 403

    whole = next(row for row in rows if (row["rule"], row["team"]) == ("trajectory-overlong", ""))
    assert (whole["outcomes"], whole["mostly_known"]) == ({"already-known": 10}, True)
    assert (whole["opened"], whole["acknowledged"], whole["seconds_to_acknowledge"]) == (20, 10, 0)


def daily(municipality: str, source: str, first: date, count: int) -> list[builders.Statement]:
    """Starts of many youths, one received on each working day."""
    days = [day for number in range(count * 2) if (day := first + timedelta(days=number)).weekday() < 5][:count]
    return [
        builders.started(
            indication=f"{municipality}-{source[-1]}{number}",
            municipality=municipality,
            youth=f"{source[-1]}{number}",
            source=source,
            first_day="2024-09-01",
            time=f"{day}T10:00:00Z",
        )
        for number, day in enumerate(days)
    ]


async def test_a_silent_sender_is_told_of_and_makes_alerts_uncertain(
    pool: Pool, municipality: str, settings: Settings
) -> None:
    """An outage is no good news: what rests on the sender is uncertain until it speaks again; then as it was."""
    source = "/0153/wijkteam-n"
    spoken = daily(municipality, source, date(2024, 9, 2), 10)
    long = builders.started(
        indication=f"{municipality}-9", municipality=municipality, source=source, first_day="2022-01-08",
        time="2024-09-02T10:00:00Z",
    )  # fmt: skip
    await fold(pool, [long, *spoken], date(2024, 9, 13))
    number = await number_of(pool, municipality, f"{OVERLONG} and youth = '{YOUTH}'")
    await swept(pool, date(2024, 9, 13), municipality)
    await done(pool, municipality, Acknowledge(), number, date(2024, 9, 13))

    states = []
    for day in (date(2024, 9, 17), date(2024, 9, 18)):
        await swept(pool, day, municipality)
        states.append(await state_of(pool, municipality, number))
    silent = await pool.fetchrow(
        "select * from alert where municipality = $1 and rule = 'feed-silent' and state = 'open'", municipality
    )
    more = builders.started(
        indication=f"{municipality}-m", municipality=municipality, youth="more", source=source,
        first_day="2024-09-01", time="2024-09-19T10:00:00Z",
    )  # fmt: skip
    await fold(pool, [more], date(2024, 9, 19))
    await swept(pool, date(2024, 9, 20), municipality)

    assert states == ["acknowledged", "stale"]
    assert silent is not None
    assert (silent["youth"], silent["anchor"], silent["opens_on"]) == (None, source, date(2024, 9, 18))
    assert await state_of(pool, municipality, number) == "acknowledged"
    assert await state_of(pool, municipality, silent["number"]) == "expired"
    async with door(settings, date(2024, 9, 20)) as client:
        for role, status in (("team:noord", 404), ("supervisor", 200)):
            header = Issuer().header(role, municipality=municipality)
            assert (await client.get(f"/v1/alerts/{silent['number']}", headers=header)).status_code == status


async def test_a_stacking_request_comes_with_its_dossier(pool: Pool, municipality: str, settings: Settings) -> None:
    """What runs, what was refused before, and the working days that are left."""
    envelope: builders.Envelope = {"municipality": municipality, "youth": YOUTH}
    earlier: builders.Envelope = {**envelope, "time": "2024-03-01T10:00:00Z"}
    answer: builders.Envelope = {**envelope, "time": "2024-03-05T10:00:00Z"}
    now: builders.Envelope = {**envelope, "time": "2024-10-14T10:00:00Z"}
    await fold(
        pool,
        [
            *care(municipality),
            builders.requested(request="42420001-R1", **earlier),
            builders.answered(request="42420001-R1", **answer),
            builders.requested(request="42420001-R2", **now),
        ],
    )
    number = await number_of(pool, municipality, "rule = 'stacking-request' and state = 'open'")

    async with door(settings, TODAY) as client:
        header = Issuer().header("team:noord", municipality=municipality)
        dossier = (await client.get(f"/v1/alerts/{number}", headers=header)).json()["dossier"]

    assert [row["since"] for row in dossier["running"]] == ["2022-01-08"]
    assert [(row["request"], row["reason"]) for row in dossier["refused_before"]] == [("42420001-R1", "6")]
    assert (dossier["answer_due"], dossier["days_left"]) == ("2024-10-21", 4)


async def test_forgetting_leaves_no_history(pool: Pool, municipality: str) -> None:
    """Steps, notes and kept facts go with the youth (domain.md §8)."""
    await fold(pool, care(municipality))
    await done(pool, municipality, Note(text="gebeld"), await number_of(pool, municipality))
    tombstone = Record(
        topic="trajectory-facts", partition=0, offset=1, key=youth_key(municipality, YOUTH), value=None, timestamp_ms=0
    )

    async with pool.acquire() as connection, connection.transaction():
        wiped = await AlertsProcessor(CONTENT, clock=lambda: noon(TODAY)).fold(connection, [tombstone])
        again = await AlertsProcessor(CONTENT, clock=lambda: noon(TODAY)).fold(connection, [tombstone])

    assert len(wiped) > 0
    assert again == wiped, "what was told late, by a process that was frozen, is wiped when asked again"
    for table in ("alert", "alert_step", "alert_event", "youth_state"):
        assert await pool.fetchval(f"select count(*) from {table} where municipality = $1", municipality) == 0


async def test_percentiles_are_made_once_a_quarter_and_are_the_norm_of_outlier(pool: Pool, municipality: str) -> None:
    """Twenty trajectories begun a day apart: the 19th in length is the 95th percentile on the last of September 2024.

    The longest is beyond it when the norm comes: historical. Each other is told on the day on which it passes it.
    """
    for number in range(20):
        begun = (date(2022, 1, 8) + timedelta(days=number)).isoformat()
        await fold(pool, [builders.started(municipality=municipality, youth=f"y{number}", first_day=begun)])
    quarter = Period(date(2024, 7, 1), date(2024, 10, 1))

    async with pool.acquire() as connection, connection.transaction():
        made = await make_percentiles(connection, municipality, quarter, noon(TODAY))
        again = await make_percentiles(connection, municipality, quarter, noon(TODAY))
        known = await percentiles_of(connection, municipality, "ambulatory", TODAY)
    async with pool.acquire() as connection:
        await judge_again(connection, noon(TODAY))

    assert again is None
    assert [(row.care_form, row.trajectories) for row in made or []] == [("ambulatory", 20)]
    assert known[95] == (quarter.end - date(2022, 1, 9)).days
    outliers = "select state, count(*) from alert where municipality = $1 and rule = 'outlier' group by 1"
    assert dict(await pool.fetch(outliers, municipality)) == {"historical": 1, "open": 15, "scheduled": 4}


async def test_a_rule_of_a_later_release_gets_its_first_norm_and_everyone_is_judged_by_it(
    pool: Pool, municipality: str
) -> None:
    """What was entered before stays as it is: the shipped rows of the rules that were known come no second time."""
    await fold(pool, care(municipality))
    counted = "select count(*) from norm where rule = 'stacking-level'"
    before = await pool.fetchval(counted)

    async with pool.acquire() as connection, connection.transaction():
        await enter_first_content(connection, SHIPPED)
    async with pool.acquire() as connection:
        await judge_again(connection, noon(TODAY))

    found = "select count(*) from alert where municipality = $1 and rule = 'indication-overlong'"
    assert await pool.fetchval(counted) == before
    assert await pool.fetchval(found, municipality) == 1
