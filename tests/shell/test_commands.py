"""The commands of the product as they are typed, each run against real tables: what they print and leave behind.

Those that keep running, and those of the stack, the demo and of what was lost, are run by suites of their own.
"""

import asyncio
import os
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from typer.main import get_command

from services.alerts.app import AlertsProcessor
from tests.alert_norms import SHIPPED
from tests.commands import invoked
from tests.conftest import REPOSITORY
from tests.indication import world_of
from tests.indicators import TABLE, fold, indicators_pool, indicators_settings, records, village
from tests.naive_indicators import told_layers
from youthcare.cli import app
from youthcare.runtime.local.stack import Stack
from youthcare.runtime.postgres import Pool, open_pool
from youthcare.runtime.settings import Settings

__all__ = ["indicators_pool", "indicators_settings"]

ELSEWHERE = {
    "replay", "simulate", "demo", "verify", "indication worker", "indication api", "indication republish",
    "indication recover", "trajectory worker", "trajectory api", "indicators worker", "indicators api",
    "alerts worker", "alerts api", "alerts republish", "local up", "local down", "local status", "reference load",
    "reference list", "reference export", "topics", "topics accept", "topics access", "topics users", "rebuild",
    "inspection", "access-log heads", "access-log check", "forget run", "forget status", "forget certificate",
    "retention run", "retention status",
    "keys announce", "keys use", "indication rotate-keys", "indication retire-keys",
}  # fmt: skip
HERE = {
    "publish", "report", "indicators csv", "indicators show-dashboards", "alerts sweep", "alerts percentiles",
    "indication retry-unknown", "keys make", "schemas",
}  # fmt: skip


def all_commands() -> set[str]:
    """The words of every command."""
    found = set()
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]
        inner = getattr(command, "commands", {})
        found |= {f"{name} {each}" for each in inner} | ({name} if not inner or name == "topics" else set())
    return found


def test_every_command_is_run_by_a_suite() -> None:
    """A command that is added is run here, or named with those that another suite runs."""
    assert all_commands() == ELSEWHERE | HERE


async def typed(environment: dict[str, str], *words: str) -> str:
    """What a command prints; it must end well. In a thread, because it has a loop of its own."""
    result = await asyncio.to_thread(invoked, app, list(words), env=environment)
    assert result.exit_code == 0, (result.output, result.exception)
    return result.stdout


@pytest.fixture
def environment(stack: Stack) -> dict[str, str]:
    """What an operator sets."""
    names = ("indication", "trajectory", "indicators", "alerts")
    return {
        "KAFKA_BOOTSTRAP_SERVERS": stack.bootstrap_servers,
        **{f"{name.upper()}_DSN": stack.dsn(name) for name in names},
    }


async def test_a_report_is_published_and_written(
    environment: dict[str, str], pool: Pool, municipality: str, tmp_path: Path
) -> None:
    """The files hold what was published: the publication's day stands in them, not today's."""
    await fold(pool, records(told_layers(village(municipality), TABLE, date(2020, 1, 1))))
    words = ("2024Q1", "--municipality", municipality)

    published = await typed(environment, "publish", *words, "--on", "2024-04-01", "--by", "griffie")
    written = await typed(environment, "report", *words, "--out", str(tmp_path))

    assert published.startswith("2024Q1 publication 1: as of 2024-04-01, digest ")
    html, pdf = map(Path, written.split())
    assert "1 april 2024" in html.read_text(encoding="utf-8")
    assert pdf.read_bytes().startswith(b"%PDF-")


async def test_figures_are_written_as_replay_writes_them(
    environment: dict[str, str], pool: Pool, municipality: str
) -> None:
    """Unsuppressed, of a day."""
    await fold(pool, records(told_layers(village(municipality), TABLE, date(2020, 1, 1))))

    told = await typed(environment, "indicators", "csv", "--municipality", municipality, "--on", "2024-02-29")

    assert f"in_care,2024-02,municipality,{municipality},30,1,30.000000," in told


async def test_a_reading_role_sees_a_municipality_from_then_on(
    environment: dict[str, str], pool: Pool, municipality: str
) -> None:
    """As the dashboards read."""
    words = ("--municipality", municipality, "--role", "dashboard_reader")

    told = await typed(environment, "indicators", "show-dashboards", *words)

    assert told == f"dashboard_reader sees {municipality}\n"
    assert await pool.fetchval("select true from dashboard_access where municipality = $1", municipality)


async def test_a_day_is_confirmed_and_percentiles_are_made_once(
    environment: dict[str, str], stack: Stack, municipality: str
) -> None:
    """Of the twenty-four trajectories that run; and the sweep after a long stop."""
    facts = told_layers(village(municipality), TABLE, date(2020, 1, 1))
    alerts = await open_pool(Settings.from_env(environment).database("alerts"), "test", all_municipalities=True)
    processor = AlertsProcessor(SHIPPED, clock=lambda: datetime(2024, 10, 15, 12, tzinfo=UTC))
    await processor.prepare(alerts)
    async with alerts.acquire() as connection, connection.transaction():
        await processor.fold(connection, records(facts))
    quarter = ("alerts", "percentiles", "--municipality", municipality, "--quarter", "2024Q3")

    swept = await typed(environment, "alerts", "sweep", "--accept-day", "2024-12-01", "--municipality", municipality)
    made, again = await typed(environment, *quarter), await typed(environment, *quarter)
    await alerts.close()

    assert swept == "1 municipalities are swept up to 2024-12-01\n"
    assert made.splitlines()[0].startswith("ambulatory: 24 trajectories, 95 % last at most ")
    assert again == "the percentiles of 2024Q3 were made before, and stay as they are\n"


async def test_keys_are_made_once_and_events_of_unknown_types_are_offered_again(
    environment: dict[str, str], stack: Stack, municipality: str, tmp_path: Path
) -> None:
    """A key that exists is never replaced."""
    keys = tmp_path / "keys.json"
    made = await typed(environment, "keys", "make", "--file", str(keys), "--municipality", municipality)
    first = keys.read_bytes()
    again = await typed(environment, "keys", "make", "--file", str(keys), "--municipality", municipality)
    world = world_of(stack)

    offered = await typed(world.environment(METRICS_PORT="0"), "indication", "retry-unknown")

    assert (made, again) == (f"{municipality}: keys made\n", f"{municipality}: keys were there already\n")
    assert keys.read_bytes() == first
    assert os.stat(keys).st_mode & 0o077 == 0
    assert offered


async def test_schemas_are_written_as_they_stand_in_the_repository(environment: dict[str, str], tmp_path: Path) -> None:
    """What is exported is what is kept."""
    printed = await typed(environment, "schemas", "--folder", str(tmp_path))

    written = [Path(line) for line in printed.split()]
    assert written
    assert all(path.read_bytes() == (REPOSITORY / "schemas" / path.name).read_bytes() for path in written)
