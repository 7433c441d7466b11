"""What the alerts service makes of the facts that a run of crashes left on the topic, against what replay says."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any

import asyncpg

from services.alerts.app import AlertsProcessor, rules_content, sweep
from services.trajectory.app import shipped_rules
from tests.chaos.trajectory_worker import Plan
from youthcare.cli_replay import alerts_of, facts_of
from youthcare.events import Statement
from youthcare.period import civil_day
from youthcare.runtime.bulk import run_bulk
from youthcare.runtime.clock import utc_now
from youthcare.runtime.local.stack import Stack
from youthcare.runtime.postgres import open_pool
from youthcare.runtime.settings import Settings

Alerts = Counter[tuple[Any, ...]]
NAMES = ("rule", "level", "anchor", "youth", "opens_on", "closes_on", "state")


def alerts_left(plan: Plan, stack: Stack, municipality: str) -> Alerts:
    """Every alert that stands after the topic was read twice from its start, and how often it stands there."""
    return asyncio.run(_left(plan, stack, municipality))


async def _left(plan: Plan, stack: Stack, municipality: str) -> Alerts:
    settings = Settings.from_env({**stack.environment(), "METRICS_PORT": "0"})
    processor = AlertsProcessor(rules_content(settings), name=f"alerts-{plan.run}", topic=plan.facts())
    for _ in range(2):
        await run_bulk(processor, settings.worker("alerts"), from_start=True)
    pool = await open_pool(settings.database("alerts"), "chaos", all_municipalities=True)
    async with pool.acquire() as connection:
        await sweep(connection, utc_now())
    await pool.close()
    return await _standing(stack, municipality)


async def _standing(stack: Stack, municipality: str) -> Alerts:
    connection = await asyncpg.connect(stack.dsn("admin"))
    try:
        rows = await connection.fetch(
            "select * from alerts.alert where municipality = $1 and state <> 'withdrawn' and youth is not null",
            municipality,
        )
    finally:
        await connection.close()
    return Counter(tuple(_plain(row[name]) for name in NAMES) for row in rows)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def alerts_replayed(sent: Sequence[Statement], stack: Stack) -> Alerts:
    """The alerts that replay finds in the same statements today."""
    today = civil_day(utc_now())
    content = rules_content(Settings.from_env(stack.environment()))
    rows = alerts_of(facts_of(sent, shipped_rules(), today), content, today)
    return Counter(tuple(row[name] for name in NAMES) for row in rows)
