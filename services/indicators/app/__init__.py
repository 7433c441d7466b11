"""The indicators worker and API process: facts in, steps in Postgres, figures and gauges out.

The engine (`youthcare/runtime`) gives the worker batches inside one transaction; everything of a batch is read and
written in sets. The worker publishes nothing. The API process serves pages and shows the gauges that its companion
works out (`renewing.py`).
"""

import asyncio
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

import orjson
import structlog

from services.indicators.api import api
from services.indicators.api.reading import all_figures, session_of
from services.indicators.app.renewing import renew, show_renewed, today
from services.indicators.asking import Days
from services.indicators.definitions import DEFAULT_DEFINITION
from services.indicators.figures import csv_lines
from services.indicators.processor import Pair, YouthKey, YouthLayers, joined, layers_after, step_changes
from services.indicators.store import layers, publications
from services.indicators.store.reference import decreed_days
from services.indicators.store.shown import grant_reading
from services.indicators.store.tables import ALL_TABLES
from youthcare.runtime.clock import utc_now
from youthcare.runtime.companion import forked
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
from youthcare.runtime.processing import Outgoing, Probe, Record, silent
from youthcare.runtime.settings import DatabaseSettings, Settings
from youthcare.runtime.topics import TRAJECTORY_FACTS, Topic, is_marker
from youthcare.runtime.web import serve
from youthcare.wire import from_wire
from youthcare.youthfacts import YouthFacts

PART_RECORDS = 50
"""Facts whose layers are read and worked out at a time."""

Told = tuple[YouthKey, YouthFacts | None]
_KEY = re.compile(r"([0-9]{4})/(.+)")


@dataclass(slots=True)
class IndicatorsProcessor:
    """What the engine runs: facts in, steps out."""

    name: str = "indicators"
    topic: Topic = TRAJECTORY_FACTS
    folds_repeats: bool = False

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
    hearing = forked(partial(renew, gauges))
    serve(api(settings, utc_now, partial(show_renewed, hearing)), settings.http())


def write_csv(settings: Settings, municipality: str, on: date, known_on: date) -> str:
    """`indicators.csv` from the live tables, unsuppressed, as `trajectwacht replay` writes it."""
    return asyncio.run(_write_csv(settings.database("indicators"), municipality, on, known_on))


async def _write_csv(settings: DatabaseSettings, municipality: str, on: date, known_on: date) -> str:
    pool = await open_pool(settings, "indicators-csv")
    async with session_of(pool, municipality)(is_snapshot=True) as connection:
        rows = await all_figures(connection, municipality, DEFAULT_DEFINITION, Days(on=on, known_on=known_on))
    await pool.close()
    return "".join(f"{line}\n" for line in csv_lines(rows))
