"""Every panel is asked of a real Prometheus and a real PostgreSQL, as Grafana would ask, and must return data.

Grafana itself is not run: its variables and macros are filled in here as its documents say.
"""

from __future__ import annotations

import asyncio
import json
import math
import re
import shutil
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import pytest
import yaml

from services.indicators.api.showing import show
from services.indicators.app import IndicatorsProcessor
from services.indicators.reference import ReferenceFile, read
from services.indicators.reference_kinds import ReferenceKind
from services.indicators.store import reference
from services.indicators.store.shown import Audience, Telling, grant_reading, renew_shown, revoke_reading
from services.trajectory.facts import Rules
from services.trajectory.processor import layers
from tests import builders
from tests.conftest import REPOSITORY
from tests.contract.monitoring import DASHBOARDS, targets_of
from tests.metrics_page import TEAM
from tests.stack import new_municipality
from youthcare.codes import care_forms_from
from youthcare.runtime.local.process import choose_free_port
from youthcare.runtime.local.program import Launch, Program
from youthcare.runtime.local.services import SERVICE_PROCESSES
from youthcare.runtime.local.stack import Stack
from youthcare.runtime.postgres import Pool, open_pool
from youthcare.runtime.processing import Record
from youthcare.runtime.settings import Settings, shipped
from youthcare.runtime.topics import youth_key
from youthcare.wire import statement_from_wire, to_wire

TODAY = date(2024, 10, 15)
JANUARY = datetime(2024, 1, 15, 12, tzinfo=UTC)
NOW = datetime(2024, 10, 15, 12, tzinfo=UTC)
FROM, TO = "2022-10-15T00:00:00Z", "2024-10-15T12:00:00Z"
CARE_FORMS = care_forms_from(yaml.safe_load(shipped("care-forms.yml").read_text()))
TEAMS = {TEAM: 60, "zuid": 40, "west": 4}
FEW = {TEAM: 3}
DEADLINE_SECONDS = 30.0
BOARDS = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(DASHBOARDS.rglob("*.json"))}
SQL = [
    pytest.param(target, id=f"{name}: {title}")
    for name, board in BOARDS.items()
    for title, target in targets_of(board)
    if "rawSql" in target
]
PROMQL = [
    (f"{name}: {title} {target['refId']}", target)
    for name, board in BOARDS.items()
    for title, target in targets_of(board)
    if "expr" in target
]


def _village(municipality: str, teams: Mapping[str, int]) -> list[builders.Statement]:
    """Three teams: half of them stacked, a third in residence, half out in spring or summer."""
    told = []
    for team, number in ((team, number) for team, size in teams.items() for number in range(size)):
        envelope: builders.Envelope = {"youth": f"{team}{number:03d}", "municipality": municipality}
        early: builders.Envelope = {**envelope, "time": "2024-01-09T10:00:00Z"}
        indication = f"{municipality}-{team}{number}"
        told.append(builders.registered(valid_from="2024-01-01", birth_date="2012-05-01", team=team, **envelope))
        grant = {"indication": indication, "referrer": "02", "product": "43A04" if number % 3 == 0 else "45A04"}
        told.append(builders.granted(first_day="2024-01-02", last_day="2024-06-30", **grant, **envelope))  # type: ignore[arg-type]
        told.append(builders.started(indication=indication, first_day="2024-01-08", **early))
        if number % 10 == 0:
            told += _newcomer(indication, envelope)
        if number % 2 == 0:
            told += _second(indication, number, early)
        if number % 2 == 1:
            # Half of them with a window that closed in September, half with one that is open.
            last_day = "2024-03-20" if number % 4 == 1 else "2024-08-04"
            ended: builders.Envelope = {**envelope, "time": f"{last_day}T18:00:00Z"}
            told.append(builders.ended(indication=indication, last_day=last_day, **ended))
        else:
            later: builders.Envelope = {**envelope, "time": "2024-06-20T10:00:00Z"}
            extended = {**grant, "granted_at": "2024-06-20T09:00:00", "last_day": "2025-12-31"}
            told.append(builders.granted(first_day="2024-01-02", change_reason="04", **extended, **later))  # type: ignore[arg-type]
    return told


def _newcomer(indication: str, envelope: builders.Envelope) -> list[builders.Statement]:
    """More care from July on, after a fortnight of waiting."""
    granted: builders.Envelope = {**envelope, "time": "2024-07-01T10:00:00Z"}
    started: builders.Envelope = {**envelope, "time": "2024-07-16T10:00:00Z"}
    name, provider = f"{indication}n", builders.OTHER_PROVIDER
    return [
        builders.granted(
            indication=name, provider=provider, first_day="2024-07-01", granted_at="2024-07-01T09:00:00", **granted
        ),
        builders.started(indication=name, provider=provider, first_day="2024-07-15", **started),
    ]


def _second(indication: str, number: int, envelope: builders.Envelope) -> list[builders.Statement]:
    """Other care beside it; of a third of them a day on which three run at once."""
    names = ("b", "c") if number % 3 == 0 else ("b",)
    forms = {"b": "51A01", "c": "41A04"}
    return [
        builders.started(
            indication=f"{indication}{name}",
            first_day="2024-02-01",
            provider=builders.OTHER_PROVIDER,
            product={"category": forms[name][:2]},
            referrer="02",
            **envelope,
        )
        for name in names
    ]


async def _fill(pool: Pool, municipality: str, teams: Mapping[str, int]) -> None:
    """Fold the village and show its figures to both audiences, as the API process does."""
    rules = Rules(care_forms=CARE_FORMS, coverage_start=date(2023, 1, 1))
    facts = list(layers([statement_from_wire(event) for event in _village(municipality, teams)], rules))
    batch = [
        Record(
            topic="trajectory-facts",
            partition=0,
            offset=0,
            key=youth_key(municipality, each.youth),
            value=orjson.dumps(to_wire(each)),
            timestamp_ms=0,
        )
        for each in facts
    ]
    async with pool.acquire() as connection, connection.transaction():
        await IndicatorsProcessor().fold(connection, batch)
    await _show(pool, municipality)


async def _show(pool: Pool, municipality: str) -> None:
    async with pool.acquire() as connection:
        for kind, content in _references(municipality):
            file = read(kind, content.encode(), municipality)
            assert isinstance(file, ReferenceFile), file
            async with connection.transaction():
                await reference.enter(connection, file, entered_at=JANUARY, entered_by="test")
        for audience in Audience:
            assert await show(connection, municipality, audience, TODAY, NOW) > 0


def _references(municipality: str) -> Iterator[tuple[ReferenceKind, str]]:
    """The population of four quarters, and a target for each of them and for each month of one figure."""
    quarters = [f"2024Q{number}" for number in (1, 2, 3, 4)]
    youths = (("municipality", municipality, 4000), ("team", TEAM, 1000), ("team", "zuid", 3000))
    people = [
        f"{municipality},{quarter},{kind},{group},{count}" for quarter in quarters for kind, group, count in youths
    ]
    yield ReferenceKind.POPULATION, "\n".join(["municipality,quarter,group_kind,group,youths", *people])
    targets = [
        f"{municipality},{indicator},{quarter},municipality,{municipality},0.25,at-most"
        for indicator in ("inflow_rate", "sustainable_exit_rate")
        for quarter in quarters
    ]
    header = "municipality,indicator,period,group_kind,group,target,direction"
    yield ReferenceKind.TARGETS, "\n".join([header, *targets])


@asynccontextmanager
async def serving(stack: Stack) -> AsyncIterator[Pool]:
    """The pool of the indicators service, its tables made."""
    settings = Settings.from_env({"INDICATORS_DSN": stack.dsn("indicators")})
    opened = await open_pool(settings.database("indicators"), "test", all_municipalities=True)
    await IndicatorsProcessor().prepare(opened)
    yield opened
    await opened.close()


@pytest.fixture
async def pool(stack: Stack) -> AsyncIterator[Pool]:
    async with serving(stack) as opened:
        yield opened


_filled: list[str] = []


@pytest.fixture
async def village(stack: Stack) -> str:
    """A municipality whose figures are shown; the same for all tests of this file, as filling it takes long."""
    if not _filled:
        municipality = new_municipality()
        async with serving(stack) as pool:
            await _fill(pool, municipality, TEAMS)
            async with pool.acquire() as connection:
                for role in ("dashboard_reader", "oversight_reader"):
                    await grant_reading(connection, municipality, role)
        _filled.append(municipality)
    return _filled[0]


@asynccontextmanager
async def reading(stack: Stack, role: str) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """A session of a reading role, as Grafana opens it."""
    connection = await asyncpg.connect(stack.dsn(role))
    try:
        yield connection
    finally:
        await connection.close()


def filled_in(sql: str, municipality: str) -> str:
    """The query with Grafana's variables and macros in it, as Grafana sends it."""
    for name, value in (("municipality", municipality), ("definition", "enschede"), ("team", TEAM)):
        sql = sql.replace(f"${{{name}:sqlstring}}", f"'{value}'")
    sql = re.sub(r"\$__timeFilter\(([a-z_.]+)\)", rf"\1 BETWEEN '{FROM}' AND '{TO}'", sql)
    sql = sql.replace("$__timeTo()", f"'{TO}'")
    assert "$" not in sql, sql
    return sql


def role_of(target: dict[str, Any]) -> str:
    """The role by which Grafana asks."""
    return {"trajectwacht-dashboard": "dashboard_reader", "trajectwacht-oversight": "oversight_reader"}[
        target["datasource"]["uid"]
    ]


@pytest.mark.parametrize("target", SQL)
async def test_every_sql_panel_returns_data(stack: Stack, village: str, target: dict[str, Any]) -> None:
    """By the role that Grafana has; a series has a value somewhere, and time comes first."""
    async with reading(stack, role_of(target)) as connection:
        rows = [dict(row) for row in await connection.fetch(filled_in(target["rawSql"], village))]

    assert rows
    if target.get("format") == "time_series":
        assert next(iter(rows[0])) == "time"
        assert [
            value for row in rows for name, value in row.items() if name not in ("time", "metric") if value is not None
        ]
    if "'inflow_rate'" in target["rawSql"]:
        assert {row["Streefwaarde"] for row in rows} >= {Decimal("0.25")}
    for name in rows[0]:
        if name not in ("Streefwaarde", "Verschil", "Nog open", "metric"):
            assert any(row[name] is not None for row in rows), f"column {name} is empty"


async def test_everyone_is_shown_nothing_that_is_withheld(stack: Stack, village: str) -> None:
    """Providers are absent, and every withheld figure is a row without numbers; supervisors see them all."""
    query = "select count(*), count(*) filter (where is_withheld), count(*) filter (where {}) from {}.figure"
    numbers = "is_withheld and coalesce(numerator, denominator, value, pending) is not null or group_kind = 'provider'"

    async with reading(stack, "dashboard_reader") as everyone, reading(stack, "oversight_reader") as supervisor:
        shown = await everyone.fetchrow(query.format(numbers, "dashboard"))
        whole = await supervisor.fetchrow(query.format("group_kind = 'provider'", "oversight"))

    assert shown is not None and shown[0] > shown[1] > 0 and shown[2] == 0
    assert whole is not None and whole[1] == 0 and whole[2] > 0


async def test_a_reader_sees_the_municipalities_granted_to_it(stack: Stack, pool: Pool, village: str) -> None:
    """Another municipality's figures are not there, whatever the session says it is; a grant can be taken back."""
    other = new_municipality()
    await _fill(pool, other, FEW)
    query = "select distinct municipality from figure order by 1"

    async with reading(stack, "dashboard_reader") as connection:
        before = [row[0] for row in await connection.fetch(query)]
        await connection.execute("select set_config('app.municipality', '*', false)")
        pretended = [row[0] for row in await connection.fetch(query)]
        async with pool.acquire() as owner:
            await grant_reading(owner, other, "dashboard_reader")
            after = [row[0] for row in await connection.fetch(query)]
            await revoke_reading(owner, other, "dashboard_reader")
        at_last = [row[0] for row in await connection.fetch(query)]

    assert (before, pretended, after, at_last) == ([village], [village], [village, other], [village])


@pytest.mark.parametrize("role", ["dashboard_reader", "oversight_reader"])
async def test_a_reader_reads_its_views_and_nothing_else(stack: Stack, village: str, role: str) -> None:
    """No table, no other schema, no writing: the database says so, whatever Grafana lets through."""
    other = "oversight" if role == "dashboard_reader" else "dashboard"
    denied = [
        *(f"select * from indicators.{name}" for name in ("shown_figure", "dashboard_access", "step", "youth_state")),
        f"select * from {other}.figure",
        "select * from alerts.alert",
        "create temporary table mine (a int)",
        f"create table {other}.mine (a int)",
    ]

    async with reading(stack, role) as connection:
        await connection.execute("set default_transaction_read_only = off")
        for statement in denied:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
        with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.ObjectNotInPrerequisiteStateError)):
            await connection.execute("delete from figure")


async def test_showing_again_replaces_what_was_shown(pool: Pool, municipality: str) -> None:
    """A figure that is gone leaves no row behind, and the other audience keeps its own."""
    telling = Telling(definition="enschede", on=TODAY, known_on=TODAY, figures=())
    await _fill(pool, municipality, FEW)
    count = "select count(*) from shown_figure where municipality = $1 and audience = $2"

    async with pool.acquire() as connection:
        await renew_shown(connection, municipality, telling, NOW)

    assert await pool.fetchval(count, municipality, "supervisor") == 0
    assert await pool.fetchval(count, municipality, "everyone") > 0


@pytest.fixture
def page(municipality: str) -> Iterator[str]:
    """The address of a process that shows every metric."""
    command = [sys.executable, "-m", "tests.metrics_page", municipality]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield f"127.0.0.1:{process.stdout.readline().strip()}"
        process.kill()


@pytest.fixture
def prometheus(page: str, tmp_path: Path) -> Iterator[str]:
    """A Prometheus with the shipped rules, in a hurry, that scrapes the page as seven processes; the eighth is down."""
    binary = shutil.which("prometheus")
    assert binary, "prometheus is not installed"
    port = choose_free_port()
    content = shipped("prometheus/prometheus.yml").read_text(encoding="utf-8")
    (tmp_path / "prometheus.yml").write_text(re.sub(r"\b(5|4|15|30)s$", "1s", content, flags=re.MULTILINE))
    (tmp_path / "rules").mkdir()
    for path in shipped("prometheus/rules").glob("*.yml"):
        (tmp_path / "rules" / path.name).write_text(
            path.read_text(encoding="utf-8").replace("interval: 15s", "interval: 1s")
        )
    addresses = {process.name: page for process in SERVICE_PROCESSES} | {
        "alerts-api": f"127.0.0.1:{choose_free_port()}"
    }
    groups = [{"targets": [address], "labels": {"process": name}} for name, address in addresses.items()]
    (tmp_path / "targets").mkdir()
    (tmp_path / "targets/services.json").write_text(json.dumps(groups))
    options = ("--config.file=prometheus.yml", "--storage.tsdb.path=data", f"--web.listen-address=127.0.0.1:{port}")
    program = Program(
        Launch(name="prometheus", command=(binary, *options), log=tmp_path / "log", folder=tmp_path, tied=True)
    )
    program.launch()
    yield f"http://127.0.0.1:{port}"
    program.kill()


def _ask(url: str, target: dict[str, Any], municipality: str) -> list[float]:
    """The values that a panel's query has now, asked as Grafana asks: over a range or at once."""
    expression = target["expr"].replace("$municipality", municipality).replace("$team", TEAM)
    assert "$" not in expression
    until = time.time()
    asked = {"query": expression, "time": until, "start": until - 5, "end": until, "step": 1}
    kind = "query" if target["instant"] else "query_range"
    with urllib.request.urlopen(f"{url}/api/v1/{kind}?{urllib.parse.urlencode(asked)}", timeout=5) as answer:  # noqa: S310
        found = json.load(answer)["data"]["result"]
    samples = [sample for series in found for sample in (series.get("values") or [series.get("value")])]
    return [value for _, text in samples if not math.isnan(value := float(text))]


def _missing(url: str, municipality: str) -> list[str]:
    try:
        return [title for title, target in PROMQL if not _ask(url, target, municipality)]
    except OSError:
        return ["Prometheus does not answer yet"]


async def test_every_metric_panel_returns_data(prometheus: str, municipality: str) -> None:
    """From series that a real Prometheus scraped and rules that it evaluated, within half a minute."""
    until = time.monotonic() + DEADLINE_SECONDS
    while missing := await asyncio.to_thread(_missing, prometheus, municipality):
        assert time.monotonic() < until, missing
        await asyncio.sleep(1)  # Prometheus scrapes at its own pace; the deadline decides
