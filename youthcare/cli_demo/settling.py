"""Waits until every worker has applied all that stands on its topic."""

import asyncio
import time

import asyncpg
from rich.console import Console

from youthcare.runtime.brokers import Inspector
from youthcare.runtime.local.stack import Stack
from youthcare.runtime.settings import Settings
from youthcare.runtime.topics import INDICATION_EVENTS, TRAJECTORY_FACTS, Topic

WORKERS: tuple[tuple[str, Topic], ...] = (
    ("trajectory", INDICATION_EVENTS),
    ("indicators", TRAJECTORY_FACTS),
    ("alerts", TRAJECTORY_FACTS),
)
PATIENCE_SECONDS = 1800.0


def wait_until_settled(stack: Stack, console: Console) -> float:
    """Return when the positions of all workers stand at the ends of their topics; the seconds that took."""
    began = time.monotonic()
    with console.status("Waiting until all tables have caught up"):
        for processor, topic in WORKERS:
            while lag_of(stack, processor, topic):
                if time.monotonic() - began > PATIENCE_SECONDS:
                    raise RuntimeError(f"{processor} does not catch up")
                time.sleep(0.5)  # the pace of looking
    return time.monotonic() - began


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
