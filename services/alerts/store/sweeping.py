"""The sweep: what days and silent senders change in stored alerts, municipality by municipality.

Three rules. Each part is a transaction under the municipality's lock, so that two sweepers at once do everything once.
A day that the clock shows wrongly is not swept but told (`services/alerts/sweeping.py`). Deadlines are stored, so that
a sweep reads what is due and nothing else.
"""

from collections import Counter
from datetime import date, datetime

import structlog

from services.alerts.lifecycle import due
from services.alerts.store.reading import lock_municipalities, read_due, read_uncertain
from services.alerts.store.rules import MunicipalityRules, read_rules
from services.alerts.store.senders import silent_senders, watch_senders
from services.alerts.store.sweep_days import note_swept, swept_municipalities, trusted_days
from services.alerts.store.writing import Written, write_changes
from services.alerts.sweeping import ClockRefusal
from youthcare.period import civil_day
from youthcare.runtime import metrics
from youthcare.runtime.postgres import Connection

SWEEP_ROWS = 1000


async def sweep(connection: Connection, now: datetime) -> int:
    """Take every step that is due, each once; answers how many alerts changed.

    Not inside a transaction: each municipality has its own, under its own lock.
    """
    count, refused = 0, Counter[ClockRefusal]()
    for municipality in await swept_municipalities(connection):
        done: int | ClockRefusal = await _sweep_part(connection, municipality, now)
        while isinstance(done, int) and done:
            count += done
            done = await _sweep_part(connection, municipality, now)
        if isinstance(done, ClockRefusal):
            refused[done] += 1
    _tell_refused(refused)
    return count


def _tell_refused(refused: Counter[ClockRefusal]) -> None:
    for reason in ClockRefusal:
        metrics.ALERTS_SWEEP_REFUSED.labels(reason.value).set(refused[reason])
        if refused[reason]:
            structlog.get_logger().warning("sweep_refused", reason=reason.value, count=refused[reason])


async def _sweep_part(connection: Connection, municipality: str, now: datetime) -> int | ClockRefusal:
    async with connection.transaction():
        await lock_municipalities(connection, [municipality])
        rules = await read_rules(connection, [municipality])
        trusted = (await trusted_days(connection, rules, civil_day(now)))[municipality]
        if trusted.refused is not None:
            return trusted.refused
        changes = await _changes(connection, municipality, rules[municipality], trusted.day)
        await write_changes(connection, changes, now)
        await note_swept(connection, municipality, trusted.day)
    return len(changes)


async def _changes(connection: Connection, municipality: str, rules: MunicipalityRules, day: date) -> list[Written]:
    watched = await watch_senders(connection, municipality, rules, day)
    if watched:
        return watched
    silent = await silent_senders(connection, municipality, day)
    rows = await read_due(connection, municipality, day, SWEEP_ROWS)
    rows = rows or await read_uncertain(connection, municipality, silent, SWEEP_ROWS)
    return [
        Written(youth=(municipality, youth), change=change, alert=alert)
        for youth, alert in rows
        if (change := due(alert, day, silent)) is not None
    ]
