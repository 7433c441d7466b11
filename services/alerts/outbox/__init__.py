"""From the outbox to `care-alerts`: what is committed is told, and what a crash left behind too.

Two rules. A row is marked after the broker has it; what may not have arrived goes again with the same key and the
same bytes. Two workers never hold the same row.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import asyncpg
import structlog

from youthcare.runtime import metrics
from youthcare.runtime.batch import patiently
from youthcare.runtime.postgres import Pool, unavailable_as_such
from youthcare.runtime.processing import Outgoing, Unavailable
from youthcare.runtime.producing import Publisher
from youthcare.runtime.topics import CARE_ALERTS, alert_key

PAUSE_SECONDS = 0.2
_ROWS_MAX = 1000
_PENDING = """
select municipality, receiver, number, rule, body, opens, received_at from alert_event
where published is null order by municipality, receiver, number limit $1 for update skip locked
"""
_PUBLISHED = """
update alert_event set published = $4
from unnest($1::text[], $2::text[], $3::bigint[]) as done (municipality, receiver, number)
where alert_event.municipality = done.municipality and alert_event.receiver = done.receiver
    and alert_event.number = done.number
"""


_AGAIN = "update alert_event set published = null, opens = false where published is not null and recorded > $1"
_KEPT = timedelta(days=730)
"""As long as the topic keeps what was told."""


async def publish_again(pool: Pool, now: datetime) -> int:
    """After `care-alerts` was lost: let the outbox tell all again, under the same numbers; answers how many."""
    with unavailable_as_such():
        async with pool.acquire() as connection:
            # Not opened again: the metrics have counted them.
            done = await connection.execute(_AGAIN, now - _KEPT)
    return int(done.split()[-1])


async def publish_pending(pool: Pool, publisher: Publisher, clock: Callable[[], datetime]) -> int:
    """Publish what waits, oldest number first per receiver; answers how many. Raises `Unavailable`."""
    with unavailable_as_such():
        async with pool.acquire() as connection, connection.transaction():
            rows = await connection.fetch(_PENDING, _ROWS_MAX)
            await publisher.publish([_outgoing(row) for row in rows])
            columns = ([row[name] for row in rows] for name in ("municipality", "receiver", "number"))
            await connection.execute(_PUBLISHED, *columns, clock())
    _measure(rows, clock())
    return len(rows)


def _outgoing(row: asyncpg.Record) -> Outgoing:
    key = alert_key(row["municipality"], row["receiver"], row["number"])
    return Outgoing(topic=CARE_ALERTS.name, key=key, value=row["body"])


def _measure(rows: Sequence[asyncpg.Record], now: datetime) -> None:
    for row in rows:
        if row["opens"]:
            metrics.ALERTS_OPENED.labels(row["rule"]).inc()
            if row["received_at"] is not None:
                metrics.EVENT_TO_ALERT.observe(max(0.0, (now - row["received_at"]).total_seconds()))


async def publish_always(
    pool: Pool, publisher: Publisher, clock: Callable[[], datetime], patience_seconds: float
) -> None:
    """Publish as rows come, for ever; raises `Unavailable` when an outage outlasts patience."""

    async def step() -> None:
        while await publish_pending(pool, publisher, clock):
            pass

    while True:
        await patiently(step, patience_seconds, tell)
        await asyncio.sleep(PAUSE_SECONDS)


def tell(away: Unavailable | None) -> None:
    """Log an outage that is being waited for."""
    if away is not None:
        structlog.get_logger().warning("outbox_postponed", reason=str(away))
