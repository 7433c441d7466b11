"""The indicators worker and API process: facts in, steps in Postgres, figures and gauges out.

The engine (`youthcare/runtime`) gives the worker batches inside one transaction; everything of a batch is read and
written in sets. The worker publishes nothing. The API process renews the gauges beside its pages: those of the
municipality every few seconds, those of teams once a day, so that no two readings tell of one youth. Beside them it
renews what the dashboards show: supervisors' figures every ten minutes, everyone's once a day.
"""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial

import orjson
import structlog

from services.indicators.api import api
from services.indicators.api.reading import all_figures, session_of
from services.indicators.api.showing import show
from services.indicators.asking import Days
from services.indicators.definitions import DEFAULT_DEFINITION
from services.indicators.durations import RUNNING
from services.indicators.figures import csv_lines
from services.indicators.gauges import Gauge, Reading, duration_readings, readings, windows_on
from services.indicators.processor import Pair, YouthKey, YouthLayers, joined, layers_after, step_changes
from services.indicators.store import layers, publications, sums
from services.indicators.store.reference import decreed_days
from services.indicators.store.shown import Audience, grant_reading
from services.indicators.store.tables import ALL_TABLES
from youthcare.period import FAR, civil_day
from youthcare.runtime import metrics
from youthcare.runtime.kafka import run_worker
from youthcare.runtime.logs import configure_logging
from youthcare.runtime.postgres import (
    Connection,
    Pool,
    apply_schema,
    beside_session,
    open_pool,
    unavailable_as_such,
)
from youthcare.runtime.processing import Outgoing, Probe, Record, Unavailable, silent
from youthcare.runtime.settings import DatabaseSettings, Settings
from youthcare.runtime.topics import TRAJECTORY_FACTS, Topic, is_marker
from youthcare.runtime.web import serve
from youthcare.wire import from_wire
from youthcare.youthfacts import YouthFacts

GAUGES_EVERY_SECONDS = 5.0
GAUGES_REST = 4  # times as long as their reading took: many municipalities never keep the database busy
SHOWN_EVERY_SECONDS = 600.0
PART_RECORDS = 50
"""Facts whose layers are read and worked out at a time."""

Series = tuple[Gauge, tuple[str, ...]]
Told = tuple[YouthKey, YouthFacts | None]
_KEY = re.compile(r"([0-9]{4})/(.+)")
_GAUGES = {
    Gauge.YOUTHS_IN_CARE: metrics.YOUTHS_IN_CARE,
    Gauge.STACKED_YOUTHS: metrics.STACKED_YOUTHS,
    Gauge.STACKING_MEAN: metrics.STACKING_MEAN,
    Gauge.TRAJECTORY_DURATION: metrics.TRAJECTORY_DURATION,
    Gauge.EXITS: metrics.EXITS,
    Gauge.INFLOW: metrics.INFLOW,
    Gauge.REENTRY_WINDOWS_OPEN: metrics.REENTRY_WINDOWS_OPEN,
}


@dataclass(slots=True)
class IndicatorsProcessor:
    """What the engine runs: facts in, steps out."""

    name: str = "indicators"
    topic: Topic = TRAJECTORY_FACTS

    async def prepare(self, pool: Pool) -> None:
        """Make the tables."""
        await apply_schema(pool, ALL_TABLES)

    async def fold(self, connection: Connection, batch: Sequence[Record]) -> Sequence[Outgoing]:
        """Apply the facts of a batch: the log gains the difference between the youths' old and new layers."""
        pairs: dict[YouthKey, Pair] = {}
        for start in range(0, len(batch), PART_RECORDS):
            told, refused = read(batch[start : start + PART_RECORDS])
            await layers.note_refused(connection, refused)
            held = await _held(connection, told, pairs)
            decreed = await decreed_days(connection, {key[0] for key, _ in told})
            pairs = joined(pairs, await beside_session(connection, partial(layers_after, held, told, decreed)))
        changed = {key: (before, after) for key, (before, after) in pairs.items() if before != after}
        if changed:
            # Written at once: steps of two workers cross without a deadlock only in key order.
            await layers.write_layers(connection, changed)
            await _note_erased(connection, changed)
            steps = await beside_session(connection, partial(step_changes, changed))
            await layers.add_steps(connection, steps)
        return ()


async def _note_erased(connection: Connection, changed: Mapping[YouthKey, Pair]) -> None:
    """Publications say how many youths were erased since; nobody can be told from a count per day."""
    gone = Counter(
        municipality
        for (municipality, _), (before, after) in changed.items()
        if before.applied is not None and after.applied is None
    )
    for municipality, youths in sorted(gone.items()):
        await publications.note_erased(connection, municipality, today(), youths)


async def _held(
    connection: Connection, told: Sequence[Told], earlier: Mapping[YouthKey, Pair]
) -> dict[YouthKey, YouthLayers]:
    """What is held of the youths told of: as the earlier parts of the batch left them, else as the tables have it."""
    keys = {key for key, _ in told}
    held = await layers.read_layers(connection, sorted(keys - earlier.keys()))
    return held | {key: earlier[key][1] for key in keys & earlier.keys()}


def read(batch: Sequence[Record]) -> tuple[list[Told], list[layers.RefusedRecord]]:
    """The facts of a batch, None for an erased youth; a record that is neither is refused by its place."""
    told: list[Told] = []
    refused: list[layers.RefusedRecord] = []
    for record in (each for each in batch if not is_marker(each.key)):
        key = _KEY.fullmatch((record.key or b"").decode(errors="replace"))
        facts = _find_facts(record.value) if record.value is not None else None
        if facts is not None:
            told.append(((facts.municipality, facts.youth), facts))
        elif record.value is None and key is not None:
            told.append(((key[1], key[2]), None))
        else:
            refused.append(_refused(record, key[1] if key else ""))
    return told, refused


def _find_facts(value: bytes) -> YouthFacts | None:
    # Whatever stands on the topic is outside data here, so that a wrong shape is refused and not our bug.
    try:
        return from_wire(YouthFacts, orjson.loads(value))
    except (ValueError, TypeError, KeyError, AttributeError, AssertionError):
        return None


def _refused(record: Record, municipality: str) -> layers.RefusedRecord:
    structlog.get_logger().warning(
        "record_refused", topic=record.topic, partition=record.partition, offset=record.offset
    )
    return layers.RefusedRecord(
        municipality=municipality, topic=record.topic, partition=record.partition, offset=record.offset
    )


def now() -> datetime:
    """The instant, in UTC."""
    return datetime.now(UTC)


def today() -> date:
    """The civil day in Amsterdam."""
    return civil_day(now())


class Board:
    """The gauges that are shown now, by kind of group."""

    def __init__(self) -> None:
        self._shown: dict[str, set[Series]] = {}

    async def renew(self, connection: Connection, on: date, group_kind: str) -> None:
        """Show the figures of a day for all municipalities, or all teams; what is withheld disappears."""
        values: dict[Series, float] = {}
        for municipality in await sums.list_municipalities(connection):
            summed = {
                name: await sums.sums_of(connection, municipality, window, FAR)
                for name, window in windows_on(on).items()
            }
            running = await sums.distributions_of(connection, municipality, DEFAULT_DEFINITION, RUNNING, on, FAR)
            found = [*readings(summed, on, group_kind), *duration_readings(running, on, group_kind)]
            values |= {(row.gauge, _labels(municipality, row)): float(row.value) for row in found}
        self._show(values, group_kind)

    def _show(self, values: Mapping[Series, float], group_kind: str) -> None:
        for (gauge, labels), value in values.items():
            _GAUGES[gauge].labels(*labels).set(value)
        for gauge, labels in self._shown.get(group_kind, set()) - values.keys():
            _GAUGES[gauge].remove(*labels)
        self._shown[group_kind] = set(values)


def _labels(municipality: str, reading: Reading) -> tuple[str, ...]:
    own = (municipality, reading.team)
    return (*own, reading.kind) if reading.kind else own


async def renew_for_ever(settings: DatabaseSettings) -> None:
    """Renew the gauges until the process ends; while the database is away they stand still."""
    board, pool, teams_renewed_on = Board(), None, None
    try:
        while True:
            began = time.monotonic()
            try:
                pool = pool or await open_pool(settings, "indicators-gauges", all_municipalities=True)
                teams_renewed_on = await _renewed(board, pool, today(), teams_renewed_on)
            except Unavailable as away:
                structlog.get_logger().warning("gauges_postponed", reason=str(away))
            await asyncio.sleep(max(GAUGES_EVERY_SECONDS, GAUGES_REST * (time.monotonic() - began)))
    finally:
        if pool is not None:
            pool.terminate()


async def _renewed(board: Board, pool: Pool, on: date, teams_renewed_on: date | None) -> date:
    with unavailable_as_such():
        async with pool.acquire() as connection:
            await board.renew(connection, on, "municipality")
            if teams_renewed_on != on:
                await board.renew(connection, on, "team")
    metrics.FIGURES_RENEWED.labels("gauges").set_to_current_time()
    return on


async def show_for_ever(settings: DatabaseSettings) -> None:
    """Renew what the dashboards show until the process ends; while the database is away it stands still."""
    pool, shown_on = None, dict[str, date]()
    try:
        while True:
            pause = SHOWN_EVERY_SECONDS
            try:
                pool = pool or await open_pool(settings, "indicators-shown", all_municipalities=True)
                await show_all(pool, today(), shown_on)
            except Unavailable as away:
                structlog.get_logger().warning("gauges_postponed", reason=str(away))
                pause = GAUGES_EVERY_SECONDS
            await asyncio.sleep(pause)
    finally:
        if pool is not None:
            pool.terminate()


async def show_all(pool: Pool, on: date, shown_on: dict[str, date]) -> None:
    """Show supervisors all municipalities anew, and everyone those that `shown_on` does not tell were shown today."""
    with unavailable_as_such():
        async with pool.acquire() as connection:
            for municipality in await sums.list_municipalities(connection):
                await show(connection, municipality, Audience.SUPERVISOR, on, now())
                if shown_on.get(municipality) != on:
                    await show(connection, municipality, Audience.EVERYONE, on, now())
                    shown_on[municipality] = on
    for audience in Audience:
        metrics.FIGURES_RENEWED.labels(audience.value).set_to_current_time()


async def renew_all(settings: DatabaseSettings) -> None:
    """What the API process does beside its pages; when one part ends, so does the other."""
    async with asyncio.TaskGroup() as both:
        both.create_task(renew_for_ever(settings))
        both.create_task(show_for_ever(settings))


def show_dashboards(settings: Settings, municipality: str, role: str) -> None:
    """Let a reading role of the dashboards see a municipality."""
    asyncio.run(_grant(settings.database("indicators"), municipality, role))


async def _grant(settings: DatabaseSettings, municipality: str, role: str) -> None:
    pool = await open_pool(settings, "indicators-grant", all_municipalities=True)
    await apply_schema(pool, ALL_TABLES)
    with unavailable_as_such():
        async with pool.acquire() as connection:
            await grant_reading(connection, municipality, role)
    await pool.close()


def worker(settings: Settings, probe: Probe = silent) -> None:
    """Run the indicators worker until it is stopped."""
    configure_logging("indicators", settings.log_level)
    run_worker(IndicatorsProcessor(), settings.worker("indicators"), probe)


def run_api(settings: Settings) -> None:
    """Serve figures and gauges until stopped."""
    configure_logging("indicators", settings.log_level)
    gauges = settings.database("indicators").model_copy(update={"connections_max": 1})
    serve(api(settings, now, partial(renew_all, gauges)), settings.http())


def write_csv(settings: Settings, municipality: str, on: date, known_on: date) -> str:
    """`indicators.csv` from the live tables, unsuppressed, as `trajectwacht replay` writes it."""
    return asyncio.run(_write_csv(settings.database("indicators"), municipality, on, known_on))


async def _write_csv(settings: DatabaseSettings, municipality: str, on: date, known_on: date) -> str:
    pool = await open_pool(settings, "indicators-csv")
    async with session_of(pool, municipality)(is_snapshot=True) as connection:
        rows = await all_figures(connection, municipality, DEFAULT_DEFINITION, Days(on=on, known_on=known_on))
    await pool.close()
    return "".join(f"{line}\n" for line in csv_lines(rows))
