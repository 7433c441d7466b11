"""A youth is forgotten everywhere, whatever breaks in between, and what stands of others stays as it is."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.indication.forgetting import STEPS, Forgetting, Step, certificate
from services.indication.outbox.rounds import forget
from tests.bsn_scan import scan_tables
from tests.commands import invoked
from tests.forgetting import (
    POINTS,
    environment_of,
    eventually,
    figures,
    forgotten_though_killed,
    found_anywhere,
    readers_of,
    rounds_of,
    shrink,
    stated,
)
from tests.indication import TEAM, Door, World, fetch, free_port, new_bsn, new_name, open_door, records, world_of
from tests.stack import run_stack
from youthcare.cli import app
from youthcare.cli_retention.course import keep_terms
from youthcare.runtime.processing import Outgoing
from youthcare.runtime.producing import Publisher
from youthcare.runtime.settings import Settings, shipped
from youthcare.runtime.topics import PARTITION_COUNT, marker_key, youth_digest

REGISTER = "/0153/register"


@pytest.fixture(scope="module")
def own_world() -> Iterator[World]:
    with run_stack(with_monitoring=False) as stack:
        world = world_of(stack)
        shrink(stack)
        yield world


@pytest.fixture
async def door(own_world: World) -> AsyncIterator[Door]:
    async with open_door(own_world) as opened:
        yield opened


def event(bsn: str, kind: str, data: dict[str, Any], source: str = TEAM) -> dict[str, Any]:
    """A statement about a person."""
    return {
        "specversion": "1.0",
        "id": new_name("E"),
        "source": source,
        "type": f"nl.jeugdzorg.{kind}.v1",
        "municipality": "0153",
        "time": "2024-03-05T10:00:00Z",
        "data": {"bsn": bsn, **data},
    }


def care(bsn: str, reference: str) -> list[dict[str, Any]]:
    """A registration and three years of care at two providers, which is something to signal."""
    registered = {"valid_from": "2021-01-01", "birth_date": "2012-05-17", "team": "noord", "case_reference": reference}
    starts = [
        {"indication": f"T-{reference}-{number}", "first_day": "2022-01-08", "provider": provider, "product": product}
        for number, provider, product in (
            (1, "42420001", {"category": "45"}),
            (2, "42420002", {"category": "45"}),
        )
    ]
    return [event(bsn, "youth.registered", registered), *(event(bsn, "indication.started", each) for each in starts)]


async def told(door: Door, content: object, *roles: str) -> list[str]:
    """Deliver as a team, the register and these roles; the status or code of each statement."""
    who = door.world.header(TEAM, REGISTER, roles=roles)
    answers = (await door.http.post("/v1/events", json=content, headers=who)).json()
    return [str(answer.get("code", answer["status"])) for answer in answers]


async def youth_of(world: World, identification: str) -> str:
    """The youth under whom a statement is registered."""
    (row,) = await fetch(world, "select youth from statement where id = $1", identification)
    return str(row["youth"])


@dataclass(slots=True)
class Told:
    """What was told of persons who are to be forgotten, and by what they would be found."""

    youths: dict[str, str]
    names: dict[str, str]
    first: dict[str, Any]
    ids: list[str]

    @property
    def needles(self) -> list[str]:
        """Numbers, identifiers, case references, indications and ids of statements."""
        return [*self.youths, *self.youths.values(), *self.names.values(), *self.ids]


async def identified(door: Door, youth: str) -> str:
    """The number behind a youth, as a privacy officer is told it."""
    who = door.world.issuer.header("privacy-officer")
    body = {"reason": "Verzoek om inzage van de ouders"}
    answer = await door.http.post(f"/v1/youths/{youth}/identity", json=body, headers=who)
    return str(answer.json()["bsns"][0])


async def told_of(world: World, door: Door, *persons: str) -> Told:
    """Care of persons, the last one merged into the one before, and something that is refused of the first."""
    names = {bsn: new_name("Z") for bsn in persons}
    events = [each for bsn in persons for each in care(bsn, names[bsn])]
    merge = event(persons[-1], "youth.merged", {"into_bsn": persons[-2]}, REGISTER)
    ended = {"indication": "T-1", "first_day": "2024-03-04", "last_day": "2020-01-01", "reason": "31"}
    wrong = event(persons[0], "indication.ended", ended)
    assert {*await told(door, [*events, merge])} == {"accepted"}
    assert await told(door, wrong) == ["end-before-start"]
    youths = {bsn: await youth_of(world, events[3 * place]["id"]) for place, bsn in enumerate(persons)}
    return Told(youths, names, events[0], [each["id"] for each in [*events, merge, wrong]])


async def test_youths_are_forgotten_everywhere_though_the_process_dies_at_every_step(
    own_world: World, door: Door, tmp_path: Path
) -> None:
    """Two persons, one known under two numbers; killed once at each point; then nothing is found, and others stay.

    Figures are as if those two had never been, and a later message about one is a new youth.
    """
    world, readers, log = own_world, readers_of(own_world), tmp_path / "rounds.log"
    one, two, twin, stays = (new_bsn() for _ in range(4))
    name = new_name("Z")
    await told(door, care(stays, name))
    await readers.catch_up()
    alone = await figures(readers.settings)
    gone = await told_of(world, door, one, two, twin)
    await readers.catch_up()
    assert await figures(readers.settings) != alone
    assert await identified(door, gone.youths[one]) == one
    held = set(await scan_tables(world.stack, [gone.youths[one]]))
    assert {"alerts.alert_event", "alerts.youth_state", "trajectory.statement", "indicators.youth_layer"} <= held

    wishes = [event(bsn, "youth.forgotten", {}) for bsn in (one, two)]
    assert await told(door, wishes, "privacy-officer") == ["accepted", "accepted"]
    assert await told(door, wishes, "privacy-officer") == ["set-aside", "set-aside"]
    await readers.catch_up()
    assert await figures(readers.settings) == alone, "the live figures lose them at once"
    with rounds_of(environment_of(world), log) as rounds:
        await forgotten_though_killed(rounds, readers.settings, POINTS, readers.catch_up)
    assert rounds.killed == len(POINTS)

    assert await found_anywhere(world.stack, tmp_path, [*gone.needles, *(each["id"] for each in wishes)]) == {}
    await found_where_it_stands(world, tmp_path, name)
    opened = await fetch(world, "select youth_digest, actor from disclosure where kind = 'identity'")
    assert [tuple(each) for each in opened] == [(youth_digest("0153", gone.youths[one]), "someone")]
    assert await figures(readers.settings) == alone
    papers = [certificate(each) for each in await stated(readers.settings)]
    assert {each["digest"] for each in papers} == {youth_digest("0153", youth) for youth in gone.youths.values()}
    assert [len(each["places"]) for each in papers] == [len(STEPS)] * 3
    again = care(one, gone.names[one])
    assert {*await told(door, again)} == {"accepted"}
    assert await youth_of(world, again[0]["id"]) != gone.youths[one]


async def found_where_it_stands(world: World, folder: Path, name: str) -> None:
    """The search finds what does stand there: a name of somebody who stays."""
    held = set(await found_anywhere(world.stack, folder, [name], patience_seconds=0))
    assert held >= {"table indication.statement", "topic indication-events", "segment of indication-events"}
    assert "file after.sql" in held


@pytest.mark.prove
async def test_what_lands_late_of_somebody_who_was_certified_is_wiped_again(
    own_world: World, door: Door, tmp_path: Path
) -> None:
    """A process that was frozen publishes what it held: no table takes it in, and the next round wipes it."""
    world, readers = own_world, readers_of(own_world)
    person, log = new_bsn(), tmp_path / "rounds.log"
    start = care(person, new_name("Z"))[1]
    await told(door, start)
    (held,) = records_of(world, start["id"])
    await told(door, event(person, "youth.forgotten", {}), "privacy-officer")
    digest = youth_digest("0153", held[0].split("/")[1])

    with rounds_of(environment_of(world), log) as rounds:

        async def certified_after(last: str) -> bool:
            await readers.catch_up()
            assert rounds.run() == 0
            (mine,) = [each for each in await stated(readers.settings) if each.digest == digest]
            return mine.certified is not None and mine.certified.isoformat() > last

        await eventually(lambda: certified_after(""), "certified")
        before = datetime.now(UTC).isoformat()
        await publish_late(world, *held)
        await readers.catch_up()
        assert rounds.run("watch") == 0
        await eventually(lambda: certified_after(before), "certified again")

    assert await found_anywhere(world.stack, tmp_path, [held[0].split("/")[1], start["id"]]) == {}


async def test_only_a_privacy_officer_sees_how_far_forgetting_is(own_world: World, door: Door) -> None:
    """The wish is found by its own source and id; what is told names nobody (domain.md §8)."""
    person = new_bsn()
    await told(door, care(person, new_name("Z")))
    wish = event(person, "youth.forgotten", {})
    await told(door, wish, "privacy-officer")
    asked = {"source": TEAM, "id": wish["id"]}

    async def seen(path: str, *roles: str, municipality: str = "0153") -> httpx.Response:
        who = own_world.header(TEAM, roles=roles, municipality=municipality)
        return await door.http.get(path, params=asked, headers=who)

    assert (await seen("/v1/forgettings", "supervisor")).status_code == 403
    (found,) = (await seen("/v1/forgettings", "privacy-officer")).json()
    assert (found["next"], found["certified"], [each["step"] for each in found["places"]]) == (
        "sealed",
        None,
        ["requested"],
    )
    one = f"/v1/forgettings/{found['digest']}"
    assert (await seen(one, "privacy-officer")).json() == found
    assert (await seen(one, "privacy-officer", municipality="0164")).status_code == 404
    assert (await seen(one, "supervisor")).status_code == 403


async def test_an_operator_drives_the_steps_and_reads_how_far_they_are(own_world: World, door: Door) -> None:
    """`forget run` goes on as far as it can; `status` and `certificate` name nobody.

    The wish stays on the log until the trajectory service has read it, which erases by a wish in its ledger.
    """
    person, readers = new_bsn(), readers_of(own_world)
    await told(door, care(person, new_name("Z"))[:1])
    await readers.catch_up("trajectory")
    wish = event(person, "youth.forgotten", {})
    await told(door, wish, "privacy-officer")

    async def typed(*words: str) -> str:
        done = await asyncio.to_thread(invoked, app, ["forget", *words], env=environment_of(own_world))
        assert done.exit_code == 0, (done.output, done.exception)
        return done.stdout

    async def digest_of(step: str) -> str:
        assert "round done" in await typed("run")
        lines = (await typed("status", "--municipality", "0153")).splitlines()
        return next(line.split()[0] for line in lines if line.endswith(f"next {step}"))

    waiting = await digest_of("wiped")
    assert len(records_of(own_world, wish["id"])) == 1
    await readers.catch_up("trajectory")
    digest = await digest_of("facts")
    assert digest == waiting
    paper = json.loads(await typed("certificate", digest, "--municipality", "0153"))
    assert [each["step"] for each in paper["places"]] == ["requested", "sealed", "told", "wiped", "log"]


@pytest.mark.prove
async def test_readers_that_were_away_while_the_broker_cleaned_are_told_once_more(own_world: World, door: Door) -> None:
    """They read past a tombstone that was no longer there; no certificate before their tables are empty."""
    world, readers, person, now = own_world, readers_of(own_world), new_bsn(), datetime.now(UTC)
    told_of = care(person, new_name("Z"))
    await told(door, told_of)
    await readers.catch_up()
    youth = await youth_of(world, told_of[0]["id"])
    await told(door, event(person, "youth.forgotten", {}), "privacy-officer")

    async def mine(later: timedelta) -> Forgetting:
        assert await asyncio.to_thread(forget, readers.settings, clock=lambda: now + later)
        return next(each for each in await stated(readers.settings) if each.digest == youth_digest("0153", youth))

    async def waits_for_readers() -> bool:
        await readers.catch_up("trajectory")
        return (await mine(timedelta())).step is Step.READERS

    async def tombstone_is_gone() -> bool:
        # Something must follow it, or the broker does not roll its segment.
        await Publisher(readers.settings.broker()).publish(
            [
                Outgoing(topic="trajectory-facts", key=marker_key(each), value=None, partition=each)
                for each in range(PARTITION_COUNT)
            ]
        )
        return all(key != f"0153/{youth}" for key, _, _ in records(world, "trajectory-facts"))

    await eventually(waits_for_readers, "all but the readers")
    await eventually(tombstone_is_gone, "the broker has cleaned the facts")
    await readers.catch_up()
    assert "indicators.youth_layer" in await scan_tables(world.stack, [youth]), "it was not told"

    assert (await mine(timedelta(hours=12))).step is Step.WIPED

    async def is_certified() -> bool:
        await readers.catch_up()
        return (await mine(timedelta(hours=12))).certified is not None

    await eventually(is_certified, "certified")
    assert await scan_tables(world.stack, [youth]) == []


@pytest.mark.prove
async def test_whose_term_is_over_is_forgotten_everywhere_by_the_same_steps(
    own_world: World, door: Door, tmp_path: Path
) -> None:
    """Nine years on nobody asked, the nightly command did: certified, and nothing is found; who is in care stays."""
    world, readers, log = own_world, readers_of(own_world), tmp_path / "rounds.log"
    over, in_care = new_bsn(), new_bsn()
    names = {bsn: new_name("Z") for bsn in (over, in_care)}
    told_before = [each for bsn in names for each in care(bsn, names[bsn])]
    ends = [
        event(over, "indication.ended", {"indication": each["data"]["indication"], "first_day": "2022-01-08",
                                         "last_day": "2024-03-01", "reason": "31"})
        for each in told_before[1:3]
    ]  # fmt: skip
    assert {*await told(door, [*told_before, *ends])} == {"accepted"}
    youths = {bsn: await youth_of(world, told_before[3 * place]["id"]) for place, bsn in enumerate(names)}
    await readers.catch_up()
    # Years pass for the tables and not for the broker, which keeps what was told: so the tables keep it as well. Nor do
    # they pass for the database, which lets no disclosure go that is young by its own clock.
    register = tmp_path / "retention.yml"
    kept = shipped("retention.yml").read_text(encoding="utf-8")
    for term in ("{months: 25}", "{years: 5}"):
        kept = kept.replace(f"term: {term}", "term: {years: 90}")
    register.write_text(kept, encoding="utf-8")
    settings = Settings.from_env({**environment_of(world), "RETENTION_FILE": str(register)})

    done = await keep_terms(settings, datetime(2035, 1, 1, tzinfo=UTC))

    assert done["0153", "youths"] >= 1
    with rounds_of(environment_of(world), log) as rounds:
        await forgotten_though_killed(rounds, readers.settings, (), readers.catch_up, seconds=180)
    needles = [over, youths[over], names[over], *(each["id"] for each in (*told_before[:3], *ends))]
    assert await found_anywhere(world.stack, tmp_path, needles) == {}
    assert await scan_tables(world.stack, [youths[in_care]]) != []
    assert youth_digest("0153", youths[over]) in {each.digest for each in await stated(readers.settings)}


@pytest.mark.prove
async def test_the_process_that_stays_tells_how_far_forgetting_is_and_ends_when_told(
    own_world: World, door: Door, tmp_path: Path
) -> None:
    """A round at its start, which reads the log when its hour has come; the pages of health; SIGTERM ends it well."""
    person, port = new_bsn(), free_port()
    await told(door, care(person, new_name("Z"))[:1])
    await told(door, event(person, "youth.forgotten", {}), "privacy-officer")
    command = [str(Path(sys.executable).with_name("trajectwacht")), "forget", "run", "--every", "3600", "--watch"]
    environment = {**os.environ, **environment_of(own_world), "METRICS_PORT": str(port)}
    with (tmp_path / "forget.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=log, stderr=log)
    shown: dict[str, float] = {}

    async def has_gone_round() -> bool:
        assert process.returncode is None, (tmp_path / "forget.log").read_text()
        try:
            page = (await asyncio.to_thread(httpx.get, f"http://127.0.0.1:{port}/metrics")).text
        except httpx.TransportError:
            return False
        lines = [line.rpartition(" ") for line in page.splitlines() if line.startswith("youthcare_forget")]
        shown.update({name: float(value) for name, _, value in lines})
        return shown.get("youthcare_forget_last_round_timestamp_seconds", 0) > 0

    await eventually(has_gone_round, "a round was made")
    process.terminate()

    assert await asyncio.wait_for(process.wait(), 30) == 0
    assert shown['youthcare_forgettings{age="promised"}'] >= 1
    assert shown['youthcare_forgettings{age="late"}'] == shown['youthcare_forgettings{age="overdue"}'] == 0
    assert shown["youthcare_forget_last_watch_timestamp_seconds"] > 0
    assert "forget_round_done" in (tmp_path / "forget.log").read_text()


def records_of(world: World, identification: str) -> list[tuple[str, bytes, int]]:
    """Key, value and partition of a statement on the log."""
    found = records(world, "indication-events")
    return [
        (key, json.dumps(value).encode(), partition)
        for key, value, partition in found
        if value is not None and value["id"] == identification
    ]


async def publish_late(world: World, key: str, value: bytes, partition: int) -> None:
    """Publish a record again, as a process would that had held it."""
    late = Outgoing(topic="indication-events", key=key.encode(), value=value, partition=partition)
    await Publisher(world.broker()).publish([late])
