"""A heartbeat per receiver on `care-alerts`: the last number and the time, so that a receiver sees a gap.

Two rules. It tells the number up to which all was published, so what is still on its way is no gap. It is not
counted: its key ends in a word where that of an event has a number.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime

import orjson

from services.alerts.outbox import tell
from services.alerts.store.streaming import Beat, beats_due
from youthcare.runtime.batch import patiently
from youthcare.runtime.postgres import Pool, unavailable_as_such
from youthcare.runtime.processing import Outgoing
from youthcare.runtime.producing import Publisher
from youthcare.runtime.topics import CARE_ALERTS
from youthcare.wire import instant_text

KEY_END = "heartbeat"
_LOOKS_PER_BEAT = 10


async def beat(pool: Pool, publisher: Publisher, now: datetime, seconds: float) -> int:
    """Tell every receiver that was not told for so long its last number; answers how many. Raises `Unavailable`."""
    with unavailable_as_such():
        async with pool.acquire() as connection, connection.transaction():
            due = await beats_due(connection, now, seconds)
            await publisher.publish([_outgoing(each, now) for each in due])
    return len(due)


def _outgoing(due: Beat, now: datetime) -> Outgoing:
    content = {
        "municipality": due.municipality,
        "receiver": due.receiver,
        "kind": KEY_END,
        "last_number": due.last_number,
        "time": instant_text(now),
    }
    key = f"{due.municipality}/{due.receiver}/{KEY_END}".encode()
    return Outgoing(topic=CARE_ALERTS.name, key=key, value=orjson.dumps(content, option=orjson.OPT_SORT_KEYS))


async def heartbeat_always(
    pool: Pool, publisher: Publisher, clock: Callable[[], datetime], patience_seconds: float, seconds: float
) -> None:
    """Beat every so many seconds, for ever; raises `Unavailable` when an outage outlasts patience."""

    async def step() -> None:
        await beat(pool, publisher, clock(), seconds)

    while True:
        await patiently(step, patience_seconds, tell)
        await asyncio.sleep(seconds / _LOOKS_PER_BEAT)
