"""The alerts worker: turns the facts of youths into alerts, opens and expires them as days pass, and tells of them.

Three rules. Facts are applied in the batch's transaction, only when newer than those applied. A sweep opens what is
due and expires what is over, at the start, every minute, and for the youths of each batch in that batch itself. Only
here is it asked what time it is.
"""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import yaml

from services.alerts import outbox
from services.alerts.lifecycle import due
from services.alerts.processor import YouthKey, newest, stamp_of, youth_changes
from services.alerts.store.reading import (
    lock_municipalities,
    municipalities_due,
    open_counts,
    open_counts_of_teams,
    read_alerts,
    read_due,
    read_stamps,
)
from services.alerts.store.rules import enter_first_content, read_rules
from services.alerts.store.tables import TABLES
from services.alerts.store.writing import Written, forget, note_applied, note_refused, write_changes
from services.alerts.visible import SMALLEST_COUNT, Place, visible
from youthcare.period import civil_day
from youthcare.runtime import metrics
from youthcare.runtime.batch import patiently
from youthcare.runtime.kafka import run_worker
from youthcare.runtime.logs import configure_logging
from youthcare.runtime.postgres import Connection, Pool, apply_schema, open_pool, unavailable_as_such
from youthcare.runtime.processing import Outgoing, Probe, Record, silent
from youthcare.runtime.producing import Publisher
from youthcare.runtime.settings import Settings, shipped
from youthcare.runtime.topics import CARE_ALERTS, TRAJECTORY_FACTS, Topic, alert_key
from youthcare.wire import from_wire
from youthcare.youthfacts import YouthFacts

Clock = Callable[[], datetime]
SWEEP_SECONDS = 60
SWEEP_ROWS = 1000
_KEY = re.compile(r"([0-9]{4})/(.+)")


def utc_now() -> datetime:
    """The clock of production."""
    return datetime.now(UTC)


@dataclass(slots=True, kw_only=True)
class News:
    """What a batch brings: facts in the order told, who is forgotten, when news came, and records that are none."""

    told: list[YouthFacts] = field(default_factory=list)
    forgotten: set[YouthKey] = field(default_factory=set)
    received_at: dict[YouthKey, datetime] = field(default_factory=dict)
    refused: list[Record] = field(default_factory=list)

    @property
    def municipalities(self) -> set[str]:
        """Whose alerts may change."""
        return {row.municipality for row in self.told} | {key[0] for key in self.forgotten}


def read(batch: Sequence[Record]) -> News:
    """The news of a batch; a record that is no facts is refused by its place, never by its content."""
    news = News()
    for record in batch:
        key = _KEY.fullmatch((record.key or b"").decode(errors="replace"))
        facts = _find_facts(record.value) if record.value is not None else None
        if facts is not None:
            news.told.append(facts)
            news.received_at |= _received_at(record, facts)
        elif record.value is None and key is not None:
            news.forgotten.add((key[1], key[2]))
            news.told = [row for row in news.told if (row.municipality, row.youth) != (key[1], key[2])]
        else:
            news.refused.append(record)
    return news


def _find_facts(value: bytes) -> YouthFacts | None:
    # Whatever stands on the topic is outside data here, so that a wrong shape is refused and stops nothing.
    try:
        facts = from_wire(YouthFacts, orjson.loads(value))
        return facts if _KEY.fullmatch(f"{facts.municipality}/{facts.youth}") else None
    except (ValueError, TypeError, KeyError, AttributeError, AssertionError):
        return None


def _received_at(record: Record, facts: YouthFacts) -> dict[YouthKey, datetime]:
    """When the newest statement behind the facts was received, as their teller says in a header; for the metric."""
    stated = dict(record.headers).get("received-at", b"").decode(errors="replace")
    try:
        instant = datetime.fromisoformat(stated)
    except ValueError:
        return {}
    return {(facts.municipality, facts.youth): instant} if instant.tzinfo else {}


@dataclass(slots=True)
class AlertsProcessor:
    """What the engine runs: facts in, alerts in tables; what is told of them leaves through the outbox."""

    first_content: Mapping[str, Any]
    clock: Clock = utc_now
    name: str = "alerts"
    topic: Topic = TRAJECTORY_FACTS

    async def prepare(self, pool: Pool) -> None:
        """Make the tables and enter the first norms."""
        await apply_schema(pool, TABLES)
        with unavailable_as_such():
            async with pool.acquire() as connection, connection.transaction():
                await enter_first_content(connection, self.first_content)

    async def fold(self, connection: Connection, batch: Sequence[Record]) -> Sequence[Outgoing]:
        """Apply the newest facts of each youth; what was told of forgotten ones is wiped from the topic."""
        news = read(batch)
        await note_refused(connection, news.refused)
        await lock_municipalities(connection, news.municipalities)
        wiped = await forget(connection, sorted(news.forgotten))
        await self._apply(connection, news)
        return [Outgoing(topic=CARE_ALERTS.name, key=alert_key(*key), value=None) for key in wiped]

    async def _apply(self, connection: Connection, news: News) -> None:
        told = newest(news.told)
        stamps = await read_stamps(connection, list(told))
        newer = {key: row for key, row in told.items() if key not in stamps or stamp_of(row) > stamps[key]}
        alerts = await read_alerts(connection, list(newer))
        rules = await read_rules(connection, {key[0] for key in newer})
        now = self.clock()
        changes = [
            Written(
                youth=key,
                change=change,
                alert=next((each for each in alerts[key] if each.number == change.number), None),
                received_at=news.received_at.get(key),
            )
            for key, facts in sorted(newer.items())
            for change in youth_changes(facts, alerts[key], rules[key[0]].norms, rules[key[0]].setting, civil_day(now))
        ]
        await write_changes(connection, changes, now)
        await note_applied(connection, [newer[key] for key in sorted(newer)])


async def sweep(connection: Connection, now: datetime) -> int:
    """Open every alert that is due and expire every one that is over, each once; answers how many changed.

    Not inside a transaction: each municipality has its own, under its own lock.
    """
    today, count = civil_day(now), 0
    for municipality in await municipalities_due(connection, today):
        while changed := await _sweep_municipality(connection, municipality, today, now):
            count += changed
    return count


async def _sweep_municipality(connection: Connection, municipality: str, today: date, now: datetime) -> int:
    async with connection.transaction():
        await lock_municipalities(connection, [municipality])
        rows = await read_due(connection, municipality, today, SWEEP_ROWS)
        changes = [
            Written(youth=youth, change=change, alert=alert)
            for youth, alert in rows
            if (change := due(alert, today)) is not None
        ]
        await write_changes(connection, changes, now)
    return len(changes)


@dataclass(slots=True)
class OpenAlerts:
    """The gauge of open alerts: of municipalities as they are now, of teams as they were once that day."""

    counted_on: date | None = None
    of_teams: Mapping[Place, int] = field(default_factory=dict)

    async def renew(self, connection: Connection, today: date) -> None:
        """Show what stands open; a small cell, and what would tell it, is not shown (domain.md §6 and §8)."""
        if self.counted_on != today:
            self.of_teams, self.counted_on = visible(await open_counts_of_teams(connection)), today
        counts = await open_counts(connection)
        metrics.ALERTS_OPEN.clear()
        for (municipality, rule), count in counts.items():
            if count == 0 or count >= SMALLEST_COUNT:
                metrics.ALERTS_OPEN.labels(municipality, "", rule).set(count)
        for place, count in self.of_teams.items():
            metrics.ALERTS_OPEN.labels(*place).set(count)


async def sweep_always(pool: Pool, _publisher: Publisher, clock: Clock, patience_seconds: float) -> None:
    """Sweep at once and every minute, for ever; raises `Unavailable` when an outage outlasts patience."""

    shown = OpenAlerts()

    async def step() -> None:
        with unavailable_as_such():
            async with pool.acquire() as connection:
                await sweep(connection, clock())
                await shown.renew(connection, civil_day(clock()))

    while True:
        await patiently(step, patience_seconds, outbox.tell)
        await asyncio.sleep(SWEEP_SECONDS)


def rules_content(settings: Settings) -> dict[str, Any]:
    """The first norms and settings: those of `RULES_FILE`, else the shipped ones."""
    path = Path(settings.rules_file) if settings.rules_file else shipped("rules.yml")
    content: dict[str, Any] = yaml.safe_load(path.read_text())
    return content


def republish(settings: Settings) -> int:
    """After `care-alerts` was lost: have the worker tell everything again; answers how many."""
    configure_logging("alerts", settings.log_level)
    return asyncio.run(_republish(settings))


async def _republish(settings: Settings) -> int:
    pool = await open_pool(settings.database("alerts"), "alerts-republish", all_municipalities=True)
    try:
        await apply_schema(pool, TABLES)
        return await outbox.publish_again(pool, utc_now())
    finally:
        await pool.close()


def worker(settings: Settings, probe: Probe = silent) -> None:
    """Run the alerts worker until it is stopped."""
    configure_logging("alerts", settings.log_level)
    needed = settings.worker("alerts")
    patience = needed.patience_seconds
    run_worker(
        AlertsProcessor(rules_content(settings)),
        needed,
        probe,
        companions=[
            partial(sweep_always, clock=utc_now, patience_seconds=patience),
            partial(outbox.publish_always, clock=utc_now, patience_seconds=patience),
        ],
    )
