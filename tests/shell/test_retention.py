"""Terms are kept on real tables: what is a day past its term goes, what is not stays, and again changes nothing."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import pytest
import yaml
from structlog.testing import capture_logs

from services.alerts.store.tables import TABLES as ALERTS_TABLES
from services.indication.store.retention import source_of
from services.indication.store.tables import definition
from services.indicators.store.tables import ALL_TABLES
from services.trajectory.store import TABLES as TRAJECTORY_TABLES
from tests import builders
from tests.commands import invoked
from tests.indication import World, fetch, new_bsn, new_name, open_door, world_of
from tests.looks import chained_at, enter_lines, lines_of
from tests.shell.test_trajectory_api import fold
from tests.stack import new_municipality
from youthcare.cli import app
from youthcare.cli_retention.course import keep_terms, night, past_terms
from youthcare.retention import terms_from
from youthcare.runtime import metrics
from youthcare.runtime.local.services import SERVICES
from youthcare.runtime.local.stack import Stack
from youthcare.runtime.postgres import apply_schema, open_pool
from youthcare.runtime.progress import PROGRESS_TABLE
from youthcare.runtime.sealing import make_keys
from youthcare.runtime.settings import Settings, shipped
from youthcare.runtime.topics import youth_digest

# Suites of the engine make tables of their own in the shared stack, each with the name of its run.
_OF_A_SUITE = re.compile(r"\.(seen|rows|at_once)_[0-9a-p]{8}$")
# Long ago, as the database itself ends nothing that is young.
NOW = datetime(2016, 11, 22, 12, tzinfo=UTC)
YEAR_PAST, YEAR_NOT = datetime(2015, 11, 21, 12, tzinfo=UTC), datetime(2015, 11, 22, 12, tzinfo=UTC)
CHOSEN = {
    "youths": {"years": 6},
    "notes": {"years": 1},
    "told-alerts": {"months": 25},
    "mails": {"years": 1},
    "refusals": {"years": 1},
    "disclosures": {"years": 2},
    "looks": {"years": 1},
}


@pytest.fixture
def chosen(municipality: str, tmp_path: Path) -> Path:
    """A register in which this municipality has short terms, and all others of these suites have long ones."""
    content = yaml.safe_load(shipped("retention.yml").read_text(encoding="utf-8"))
    for kind in CHOSEN:
        content["kinds"][kind]["term"] = {"years": 90}
    content["municipalities"] = {municipality: CHOSEN}
    path = tmp_path / "retention.yml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


@pytest.fixture
def world(stack: Stack, municipality: str) -> World:
    """The doors of the indication service, with keys for this municipality."""
    world = world_of(stack)
    make_keys(world.folder / "keys.json", municipality)
    return world


@pytest.fixture
def environment(stack: Stack, world: World, chosen: Path) -> dict[str, str]:
    """What the operator of retention sets."""
    return {**world.environment(), **stack.environment(), "RETENTION_FILE": str(chosen)}


@pytest.fixture
async def admin(stack: Stack) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """Whoever owns the server, with every table made."""
    made = {"indication": definition(), "trajectory": TRAJECTORY_TABLES, "indicators": ALL_TABLES,
            "alerts": ALERTS_TABLES}  # fmt: skip
    for service in SERVICES:
        pool = await open_pool(
            Settings.from_env(stack.environment()).database(service),  # type: ignore[arg-type]
            "test",
            all_municipalities=True,
        )
        await apply_schema(pool, made[service])
        await apply_schema(pool, PROGRESS_TABLE)
        await pool.close()
    connection = await asyncpg.connect(stack.dsn("admin"))
    yield connection
    await connection.close()


async def test_every_table_stands_in_one_kind_of_the_register(admin: asyncpg.Connection[asyncpg.Record]) -> None:
    """A table that is added without a term, or that is gone, shows here (deploy/retention.yml)."""
    rows = await admin.fetch(
        """select n.nspname || '.' || c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
           where c.relkind in ('r', 'p') and not c.relispartition and n.nspname = any($1::text[])""",
        [*SERVICES, "access_log"],
    )
    terms = terms_from(yaml.safe_load(shipped("retention.yml").read_text(encoding="utf-8")))

    product = {row["name"] for row in rows if not _OF_A_SUITE.search(row["name"])}
    assert product == {table for kind in terms.kinds.values() for table in kind.tables}


async def enter(admin: asyncpg.Connection[asyncpg.Record], municipality: str, past: datetime, kept: datetime) -> None:
    """Of each kind that is deleted by its date one row past its term and one that is not, and what waits to go out."""
    for number, at in ((1, past), (2, kept)):
        await admin.execute(
            """insert into indication.refusal (municipality, sender, number, received, body, published)
               values ($1, '/x', $2, $3, '{}', $3)""",
            municipality, number, at,
        )  # fmt: skip
        await admin.execute("insert into indication.refusal_key values ($1, '/x', 'k', $2, 'id')", municipality, number)
        await admin.execute(
            """insert into indication.disclosure (municipality, kind, actor, told, sender, refusal)
               values ($1, 'payload', 'anna', $2, '/x', $3)""",
            municipality, at - timedelta(days=365), number,
        )  # fmt: skip
        await admin.execute(
            "insert into indication.identity values ($1, $2, 1, 'x', $3, $4)",
            municipality, bytes([number]), f"nobody-{number}", at - timedelta(days=5 * 365 + 1),
        )  # fmt: skip
        await enter_signal(admin, municipality, number, at)
    await admin.execute(
        "insert into indication.refusal (municipality, sender, number, received, body) values ($1, '/x', 3, $2, '{}')",
        municipality, past,
    )  # fmt: skip


async def enter_signal(admin: asyncpg.Connection[asyncpg.Record], municipality: str, number: int, at: datetime) -> None:
    """A closed signal and an open one with a note, what was told of it 25 months before, and a mail of the day."""
    for alert, state in ((number, "closed"), (10 + number, "open")):
        await admin.execute(
            """insert into alerts.alert (municipality, number, youth, rule, level, anchor, occurrence, team, opens_on,
                   valid_from, evidence, terms, sentence, state, made, changed)
               values ($1, $2, $3, 'returned', 'signal', $3, 1, 'noord', $4, $4, '{}', '{}', 'x', $5, $6, $6)""",
            municipality, alert, f"y{alert}", at.date(), state, at,
        )  # fmt: skip
        await admin.execute(
            """insert into alerts.alert_step (municipality, alert, step, at, actor, cause, after, team, note)
               values ($1, $2, 1, $3, 'anna', 'noted', $4, 'noord', 'eigen woorden')""",
            municipality, alert, at, state,
        )  # fmt: skip
    told = at - timedelta(days=396)
    for event, published in ((number, told), (10 + number, None)):
        await admin.execute(
            """insert into alerts.alert_event (municipality, receiver, number, alert, rule, state, body, opens,
                   recorded, published) values ($1, 'noord', $2, $3, 'returned', 'open', '{}', false, $4, $5)""",
            municipality, event, number, told, published,
        )  # fmt: skip
    await admin.execute(
        """insert into alerts.digest (municipality, team, day, address, alerts, state)
           values ($1, 'noord', $2, 'a@x', 1, 'done')""",
        municipality, at.date(),
    )  # fmt: skip


async def test_what_is_a_day_past_its_term_goes_and_what_is_not_stays(
    admin: asyncpg.Connection[asyncpg.Record], stack: Stack, environment: dict[str, str], municipality: str
) -> None:
    """Of every kind with a date; what still has to go out stays, and so does a note on what is open."""
    settings = Settings.from_env(environment)
    await enter(admin, municipality, YEAR_PAST, YEAR_NOT)
    await enter_lines(stack, chained_at(municipality, [datetime(2015, 10, 31, 22, tzinfo=UTC), YEAR_PAST, YEAR_NOT]))
    kinds = ("youths", "notes", "told-alerts", "mails", "refusals", "disclosures", "looks")

    before = await past_terms(settings, NOW)
    done = await keep_terms(settings, NOW)
    again = await keep_terms(settings, NOW)

    assert before == done == {(municipality, kind): 1 for kind in kinds}
    assert again == {}
    assert await past_terms(settings, NOW) == {}

    async def left(query: str) -> list[Any]:
        return [row[0] for row in await admin.fetch(query, municipality)]

    assert await left("select number from indication.refusal where municipality = $1 order by 1") == [2, 3]
    assert await left("select number from indication.refusal_key where municipality = $1") == [2]
    assert await left("select refusal from indication.disclosure where municipality = $1") == [2]
    assert await left("select youth from indication.identity where municipality = $1") == ["nobody-2"]
    assert await left("select number from alerts.alert_event where municipality = $1 order by 1") == [2, 11, 12]
    noted = "select alert from alerts.alert_step where municipality = $1 and note is not null order by 1"
    assert await left(noted) == [2, 11, 12]
    assert await left("select count(*) from alerts.alert where municipality = $1") == [4]
    assert await left("select day from alerts.digest where municipality = $1") == [YEAR_NOT.date()]
    assert [line.number for line in await lines_of(stack, municipality)] == [2, 3], "whole months of looks"


async def registered_at(world: World, municipality: str, bsn: str, at: datetime, first_day: str, **end: str) -> str:
    """A youth whom the doors were told of at an instant, in the ledgers too; its identifier."""
    indication = f"T-{new_name()}"
    told = [{"indication": indication, "first_day": first_day}]
    kinds = ["indication.started"]
    if end:
        told.append({"indication": indication, "first_day": first_day, "reason": "31", **end})
        kinds.append("indication.ended")
    events = [
        {
            "specversion": "1.0",
            "id": new_name("E"),
            "source": f"/{municipality}/wijkteam-noord",
            "type": f"nl.jeugdzorg.{kind}.v1",
            "municipality": municipality,
            "time": at.isoformat().replace("+00:00", "Z"),
            "data": {"bsn": bsn, **data},
        }
        for kind, data in zip(kinds, told, strict=True)
    ]
    header = world.issuer.header(f"sender:/{municipality}/wijkteam-noord", municipality=municipality)
    async with open_door(world, clock=lambda: at) as door:
        answer = await door.http.post("/v1/events", json=events, headers=header)
    assert {each["status"] for each in answer.json()} == {"accepted"}
    rows = await fetch(world, "select youth, body from statement where id = any($1)", [each["id"] for each in events])
    ledgers = await open_pool(
        Settings.from_env(world.stack.environment()).database("trajectory"), "test", all_municipalities=True
    )
    await fold(ledgers, *(orjson.loads(row["body"]) for row in rows))
    await ledgers.close()
    return str(rows[0]["youth"])


async def forgetting_of(world: World, municipality: str) -> set[str]:
    """The digests of those whose forgetting was begun."""
    rows = await fetch(world, "select digest from forgetting where municipality = $1", municipality)
    return {row["digest"] for row in rows}


@pytest.mark.usefixtures("admin")
async def test_whose_care_ended_before_the_term_is_forgotten_by_the_steps_of_forgetting(
    world: World, environment: dict[str, str], municipality: str
) -> None:
    """A day past six years: the wish is on its way and who it is gone. On the day, in care, or told of since: kept."""
    settings, winter = Settings.from_env(environment), datetime(2010, 1, 10, 12, tzinfo=UTC)
    past, on_the_day = [
        await registered_at(world, municipality, new_bsn(), day, "2010-01-08", last_day=f"{day:%Y-%m-%d}")
        for day in (datetime(2010, 11, 21, 12, tzinfo=UTC), datetime(2010, 11, 22, 12, tzinfo=UTC))
    ]
    in_care = await registered_at(world, municipality, new_bsn(), winter, "2010-01-08")
    behind = await registered_at(world, municipality, new_bsn(), winter, "2010-01-08", last_day="2010-01-09")
    # The ledgers have not heard yet what the register has.
    since = builders.registered(youth=behind, municipality=municipality, received="2016-11-01T10:00:00Z")
    await tell_register_alone(world, since)

    done = [await keep_terms(settings, NOW) for _time in range(2)]

    assert done == [{(municipality, "youths"): 1}, {}]
    assert await forgetting_of(world, municipality) == {youth_digest(municipality, past)}
    kept = await fetch(world, "select youth from identity where municipality = $1", municipality)
    assert {row["youth"] for row in kept} == {on_the_day, in_care, behind}
    (wish,) = await fetch(world, "select source, body from statement where youth = $1", past)
    assert wish["source"] == source_of(municipality)
    assert b"youth.forgotten" in wish["body"]
    assert len(await fetch(world, "select from tombstone where youth = $1", past)) == 2


async def tell_register_alone(world: World, statement: builders.Statement) -> None:
    """A statement that stands in the register and that no reader has folded."""
    connection = await asyncpg.connect(world.stack.dsn("admin"))
    try:
        await connection.execute(
            """insert into indication.statement (municipality, source, id, youth, digest, received, body, published)
               values ($1, $2, $3, $4, '', $5, $6, now())""",
            statement["municipality"], statement["source"], f"{new_name('L')}", statement["subject"],
            datetime.fromisoformat(statement["received"]), orjson.dumps(statement),
        )  # fmt: skip
    finally:
        await connection.close()


@pytest.mark.usefixtures("admin")
async def test_no_more_youths_are_begun_with_in_a_night_than_it_can_bear(
    world: World, environment: dict[str, str], municipality: str
) -> None:
    """The rest is told as past its term, and comes the next night."""
    settings, then = Settings.from_env(environment), datetime(2009, 1, 10, 12, tzinfo=UTC)
    for _youth in range(3):
        await registered_at(world, municipality, new_bsn(), then, "2009-01-08", last_day="2009-01-09")

    done = await keep_terms(settings, NOW, youths_max=2)

    assert done == {(municipality, "youths"): 2}
    assert await past_terms(settings, NOW) == {(municipality, "youths"): 1}
    assert len(await forgetting_of(world, municipality)) == 2


async def test_the_commands_tell_in_dutch_what_is_kept_and_what_went(
    admin: asyncpg.Connection[asyncpg.Record], environment: dict[str, str], municipality: str
) -> None:
    """`status` counts, `run` ends, and then there is nothing; without the database 75."""
    old = datetime.now(UTC) - timedelta(days=4000)
    await enter(admin, municipality, old, datetime.now(UTC))

    async def typed(*words: str, **more: str) -> tuple[int, str]:
        done = await asyncio.to_thread(invoked, app, ["retention", *words], env={**environment, **more})
        return done.exit_code, done.output

    before, done, after = await typed("status"), await typed("run"), await typed("status")
    away = await typed("run", TRAJECTORY_DSN="postgresql://x:x@127.0.0.1:1/x")

    assert (before[0], done[0], after[0], away[0]) == (0, 0, 0, 75)
    assert f"  over de termijn in {municipality}: 1" in before[1].splitlines()
    assert f"{municipality} refusals: 1" in done[1].splitlines()
    assert municipality not in [line.split(":")[0].split()[-1] for line in after[1].splitlines() if "over de" in line]
    assert "looks: " in after[1]
    assert "niet afgerond" in away[1]


async def test_a_night_tells_what_it_did_and_what_is_left_and_names_nobody(
    admin: asyncpg.Connection[asyncpg.Record], environment: dict[str, str], municipality: str
) -> None:
    """By kind in the metrics, by municipality and kind in the log."""
    await enter(admin, municipality, datetime.now(UTC) - timedelta(days=4000), datetime.now(UTC))
    ended = metrics.RETENTION_ENDED.labels("refusals")
    before = ended._value.get()

    with capture_logs() as told:
        await night(Settings.from_env(environment))

    assert ended._value.get() == before + 1
    assert {row.samples[0].value for row in metrics.RETENTION_PAST.collect()} == {0}
    assert metrics.RETENTION_LAST_RUN._value.get() > 0
    lines = [(each["event"], each.get("reason"), each["count"]) for each in told]
    assert ("term_ended", f"{municipality} refusals", 1) in lines
    assert lines[-1] == ("terms_kept", None, 0)


async def test_a_municipality_that_chose_nothing_has_the_terms_of_the_file(
    admin: asyncpg.Connection[asyncpg.Record], environment: dict[str, str]
) -> None:
    """The short terms of one are not those of another."""
    other = new_municipality()
    await enter(admin, other, YEAR_PAST, YEAR_NOT)

    assert await keep_terms(Settings.from_env(environment), NOW) == {}
