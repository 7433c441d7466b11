"""The alerts worker: turns the facts of youths into alerts, opens and expires them as days pass, and tells of them.

Three rules. Facts are applied in the batch's transaction, only when newer than those applied. A sweep opens what is
due and expires what is over, at the start, every minute, and for the youths of each batch in that batch itself. Only
here is it asked what time it is.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from services.alerts import outbox
from services.alerts.app.hearing import News, read
from services.alerts.outbox.companions import outbox_companions
from services.alerts.percentiles import Made
from services.alerts.processor import arrivals_of, stamp_of
from services.alerts.store import percentiles as store
from services.alerts.store.judging import judge, judge_again
from services.alerts.store.keeping import forget, note_applied, note_refused
from services.alerts.store.reading import lock_municipalities, open_counts, open_counts_of_teams, read_stamps
from services.alerts.store.rules import enter_first_content, read_rules
from services.alerts.store.senders import note_arrivals
from services.alerts.store.sweep_days import accept_day, know_municipalities, known_municipalities, trusted_days
from services.alerts.store.sweeping import sweep
from services.alerts.store.tables import TABLES
from services.alerts.visible import SMALLEST_COUNT, Place, visible
from youthcare.period import Period, civil_day
from youthcare.runtime import metrics
from youthcare.runtime.batch import patiently
from youthcare.runtime.clock import utc_now
from youthcare.runtime.kafka import run_worker
from youthcare.runtime.logs import configure_logging
from youthcare.runtime.postgres import Connection, Pool, apply_schema, open_pool, unavailable_as_such
from youthcare.runtime.processing import Outgoing, Probe, Record, silent
from youthcare.runtime.producing import Publisher
from youthcare.runtime.settings import Settings, shipped
from youthcare.runtime.topics import CARE_ALERTS, TRAJECTORY_FACTS, Topic, alert_key, marker_key

__all__ = ["AlertsProcessor", "OpenAlerts", "accept", "republish", "rules_content", "sweep", "worker"]

Clock = Callable[[], datetime]
SWEEP_SECONDS = 60
JUDGE_SECONDS = 1.0


@dataclass(slots=True)
class AlertsProcessor:
    """What the engine runs: facts in, alerts in tables; what is told of them leaves through the outbox."""

    first_content: Mapping[str, Any]
    clock: Clock = utc_now
    name: str = "alerts"
    topic: Topic = TRAJECTORY_FACTS
    folds_repeats: bool = False

    async def prepare(self, pool: Pool) -> None:
        """Make the tables and enter the first norms."""
        await apply_schema(pool, TABLES)
        with unavailable_as_such():
            async with pool.acquire() as connection, connection.transaction():
                await enter_first_content(connection, self.first_content)
                await know_municipalities(connection, await known_municipalities(connection))

    async def fold(self, connection: Connection, batch: Sequence[Record]) -> Sequence[Outgoing]:
        """Apply the newest facts of each youth; what was told of forgotten ones is wiped from the topic."""
        news = read(batch)
        await note_refused(connection, news.refused)
        await lock_municipalities(connection, news.municipalities)
        wiped = await forget(connection, sorted(news.forgotten))
        await self._apply(connection, news)
        return [*_wiping(wiped), *_rolling(news.marked)]

    async def _apply(self, connection: Connection, news: News) -> None:
        told = {(row.municipality, row.youth): row for row in news.told}
        stamps = await read_stamps(connection, list(told))
        newer = [row for key, row in sorted(told.items()) if key not in stamps or stamp_of(row) > stamps[key]]
        if not newer:
            return
        now = self.clock()
        rules = await read_rules(connection, {row.municipality for row in newer})
        await know_municipalities(connection, rules)
        trusted = await trusted_days(connection, rules, civil_day(now))
        days = {municipality: each.day for municipality, each in trusted.items()}
        await judge(connection, newer, rules, days, now, news.received_at)
        revisions = {municipality: known.revision for municipality, known in rules.items()}
        await note_applied(connection, newer, news.bodies, revisions, days)
        await note_arrivals(connection, {(row.municipality, *each) for row in newer for each in arrivals_of(row)})


def _wiping(told: Iterable[tuple[str, str, int]]) -> list[Outgoing]:
    return [Outgoing(topic=CARE_ALERTS.name, key=alert_key(*key), value=None) for key in told]


def _rolling(partitions: Iterable[int]) -> list[Outgoing]:
    """A marker goes on to the same partition of what is told, so that the broker's cleaner reaches that too."""
    return [
        Outgoing(topic=CARE_ALERTS.name, key=marker_key(each), value=None, partition=each)
        for each in sorted(partitions)
    ]


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


async def judge_always(pool: Pool, _publisher: Publisher, clock: Clock, patience_seconds: float) -> None:
    """Judge youths again whose norms or team changed, for ever, in small batches with pauses between."""

    async def step() -> None:
        with unavailable_as_such():
            async with pool.acquire() as connection:
                await judge_again(connection, clock())

    while True:
        await patiently(step, patience_seconds, outbox.tell)
        await asyncio.sleep(JUDGE_SECONDS)


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
    async with _tables(settings, "alerts-republish") as pool:
        return await outbox.publish_again(pool, utc_now())


@asynccontextmanager
async def _tables(settings: Settings, who: str) -> AsyncIterator[Pool]:
    """The tables, of all municipalities, for one command."""
    pool = await open_pool(settings.database("alerts"), who, all_municipalities=True)
    try:
        await apply_schema(pool, TABLES)
        with unavailable_as_such():
            yield pool
    finally:
        await pool.close()


def accept(settings: Settings, day: date, municipality: str | None = None) -> int:
    """After the clock jumped ahead: confirm that a day is right, so that it is swept; answers for how many."""
    configure_logging("alerts", settings.log_level)
    return asyncio.run(_accept(settings, day, municipality))


async def _accept(settings: Settings, day: date, municipality: str | None) -> int:
    async with _tables(settings, "alerts-accept") as pool, pool.acquire() as connection:
        return await accept_day(connection, day, municipality)


def make_percentiles(settings: Settings, municipality: str, quarter: Period) -> list[Made] | None:
    """Make the percentiles of a quarter that is over, and the norms of `outlier`; None when they were made before."""
    configure_logging("alerts", settings.log_level)
    return asyncio.run(_make_percentiles(settings, municipality, quarter))


async def _make_percentiles(settings: Settings, municipality: str, quarter: Period) -> list[Made] | None:
    async with (
        _tables(settings, "alerts-percentiles") as pool,
        pool.acquire() as connection,
        connection.transaction(),
    ):
        return await store.make_percentiles(connection, municipality, quarter, utc_now())


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
            partial(judge_always, clock=utc_now, patience_seconds=patience),
            *outbox_companions(settings, utc_now),
        ],
    )
