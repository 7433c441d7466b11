"""Waits until every worker has applied all that stands on its topic."""

import asyncio
import time
from datetime import UTC, datetime

import asyncpg
from rich.console import Console

from youthcare.period import civil_day
from youthcare.runtime.brokers import Inspector
from youthcare.runtime.local.running import RunningServices
from youthcare.runtime.local.stack import Stack
from youthcare.runtime.settings import Settings
from youthcare.runtime.topics import INDICATION_EVENTS, TRAJECTORY_FACTS, Topic

WORKERS: tuple[tuple[str, Topic], ...] = (
    ("trajectory", INDICATION_EVENTS),
    ("indicators", TRAJECTORY_FACTS),
    ("alerts", TRAJECTORY_FACTS),
)
PATIENCE_SECONDS = 1800.0


def wait_until_settled(stack: Stack, services: RunningServices, console: Console) -> float:
    """Return when the positions of all workers stand at the ends of their topics; the seconds that took.

    A worker that ended itself for an outage is started again.
    """
    began = time.monotonic()
    with console.status("Waiting until all tables have caught up"):
        for processor, topic in WORKERS:
            while lag_of(stack, processor, topic):
                services.revive()
                _look_again(began, processor)
        # What is due is opened by a sweep of its own, after the facts are in.
        while asyncio.run(_alerts_due(stack.dsn("admin"))):
            _look_again(began, "the sweep of alerts")
    return time.monotonic() - began


def _look_again(began: float, who: str) -> None:
    if time.monotonic() - began > PATIENCE_SECONDS:
        raise RuntimeError(f"{who} does not catch up")
    time.sleep(0.5)  # the pace of looking


async def _alerts_due(dsn: str) -> int:
    connection = await asyncpg.connect(dsn)
    try:
        due = await connection.fetchval(
            """select count(*) from alerts.alert
               where state = 'scheduled' and opens_on <= $1 or state = 'open' and closes_on < $1""",
            civil_day(datetime.now(UTC)),
        )
    finally:
        await connection.close()
    return int(due)


def lag_of(stack: Stack, processor: str, topic: Topic) -> int:
    """How many records of its topic a worker has not applied yet."""
    inspector = Inspector(Settings.from_env(stack.environment()).broker())
    ends = inspector.end_offsets(inspector.identity(topic.name))
    reached = asyncio.run(_positions(stack.dsn(processor), processor))
    return sum(max(0, end - reached.get(partition, 0)) for partition, end in ends.items())


async def _positions(dsn: str, processor: str) -> dict[int, int]:
    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch("select partition, next_offset from progress where processor = $1", processor)
    finally:
        await connection.close()
    return {row["partition"]: row["next_offset"] for row in rows}
