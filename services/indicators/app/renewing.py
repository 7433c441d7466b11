"""What the indicators API shows beside its pages, worked out in a process of its own (`companion.py`).

Gauges of the municipality are renewed every few seconds, those of teams once a day, so that no two readings tell of
one youth. What the dashboards show is renewed as well: supervisors' figures every ten minutes, everyone's once a day.
The API process hears the values and shows them.
"""

import asyncio
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from multiprocessing.connection import Connection as Hearing

import structlog

from services.indicators.api.showing import show
from services.indicators.definitions import DEFAULT_DEFINITION
from services.indicators.durations import RUNNING
from services.indicators.gauges import Gauge, Reading, duration_readings, readings, windows_on
from services.indicators.store import sums
from services.indicators.store.shown import Audience
from services.indicators.store.tables import ALL_TABLES
from youthcare.period import FAR, civil_day
from youthcare.runtime import metrics
from youthcare.runtime.clock import utc_now
from youthcare.runtime.companion import Tell, heard
from youthcare.runtime.postgres import Connection, Pool, apply_schema, open_pool, unavailable_as_such
from youthcare.runtime.processing import Unavailable
from youthcare.runtime.settings import DatabaseSettings

GAUGES_EVERY_SECONDS = 5.0
GAUGES_REST = 4  # times as long as their reading took: many municipalities never keep the database busy
SHOWN_EVERY_SECONDS = 600.0

Series = tuple[Gauge, tuple[str, ...]]
Values = Mapping[Series, float]
_GAUGES = {
    Gauge.YOUTHS_IN_CARE: metrics.YOUTHS_IN_CARE,
    Gauge.STACKED_YOUTHS: metrics.STACKED_YOUTHS,
    Gauge.STACKING_MEAN: metrics.STACKING_MEAN,
    Gauge.TRAJECTORY_DURATION: metrics.TRAJECTORY_DURATION,
    Gauge.EXITS: metrics.EXITS,
    Gauge.INFLOW: metrics.INFLOW,
    Gauge.REENTRY_WINDOWS_OPEN: metrics.REENTRY_WINDOWS_OPEN,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauged:
    """The gauges of all groups of a kind, as they are now."""

    group_kind: str
    values: Values


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewed:
    """Something was renewed to the end; its name is a label of `FIGURES_RENEWED`."""

    what: str


class Board:
    """The gauges that are shown now, by kind of group."""

    def __init__(self) -> None:
        self._shown: dict[str, set[Series]] = {}

    def show(self, found: Gauged) -> None:
        """Show these, and take down those of their kind that are no longer told: they would go on telling."""
        for (gauge, labels), value in found.values.items():
            _GAUGES[gauge].labels(*labels).set(value)
        for gauge, labels in self._shown.get(found.group_kind, set()) - found.values.keys():
            _GAUGES[gauge].remove(*labels)
        self._shown[found.group_kind] = set(found.values)


async def show_renewed(hearing: Hearing) -> None:
    """Show what the companion tells; when that ends, so does this process, since figures would stand still."""
    board = Board()
    async for told in heard(hearing):
        if isinstance(told, Gauged):
            board.show(told)
        elif isinstance(told, Renewed):
            metrics.FIGURES_RENEWED.labels(told.what).set_to_current_time()
    structlog.get_logger().error("companion_ended")
    signal.raise_signal(signal.SIGTERM)


def renew(settings: DatabaseSettings, tell: Tell) -> None:
    """What the companion does until it is ended: renew and tell; when one part ends, so does the other."""
    asyncio.run(_renew(settings, tell))


async def _renew(settings: DatabaseSettings, tell: Tell) -> None:
    async with asyncio.TaskGroup() as both:
        both.create_task(renew_gauges(settings, tell))
        both.create_task(renew_dashboards(settings, tell))


async def _opened(settings: DatabaseSettings, name: str) -> Pool:
    pool = await open_pool(settings, name, all_municipalities=True)
    try:
        # The companion may be the first of all processes to get here.
        await apply_schema(pool, ALL_TABLES)
    except Unavailable:
        pool.terminate()  # it is opened anew
        raise
    return pool


async def renew_gauges(settings: DatabaseSettings, tell: Tell) -> None:
    """Renew the gauges for ever; while the database is away they stand still."""
    pool, teams_renewed_on = None, None
    while True:
        began = time.monotonic()
        try:
            pool = pool or await _opened(settings, "indicators-gauges")
            teams_renewed_on = await _told_gauges(pool, today(), teams_renewed_on, tell)
        except Unavailable as away:
            structlog.get_logger().warning("gauges_postponed", reason=str(away))
        await asyncio.sleep(max(GAUGES_EVERY_SECONDS, GAUGES_REST * (time.monotonic() - began)))


async def _told_gauges(pool: Pool, on: date, teams_renewed_on: date | None, tell: Tell) -> date:
    with unavailable_as_such():
        async with pool.acquire() as connection:
            tell(await gauged(connection, on, "municipality"))
            if teams_renewed_on != on:
                tell(await gauged(connection, on, "team"))
    tell(Renewed(what="gauges"))
    return on


async def gauged(connection: Connection, on: date, group_kind: str) -> Gauged:
    """The gauges of a day of all municipalities, or all teams, without what is withheld."""
    values: dict[Series, float] = {}
    for municipality in await sums.list_municipalities(connection):
        summed = {
            name: await sums.sums_of(connection, municipality, window, FAR) for name, window in windows_on(on).items()
        }
        running = await sums.distributions_of(connection, municipality, DEFAULT_DEFINITION, RUNNING, on, FAR)
        found = [*readings(summed, on, group_kind), *duration_readings(running, on, group_kind)]
        values |= {(row.gauge, _labels(municipality, row)): float(row.value) for row in found}
    return Gauged(group_kind=group_kind, values=values)


def _labels(municipality: str, reading: Reading) -> tuple[str, ...]:
    own = (municipality, reading.team)
    return (*own, reading.kind) if reading.kind else own


async def renew_dashboards(settings: DatabaseSettings, tell: Tell) -> None:
    """Renew what the dashboards show for ever; while the database is away it stands still."""
    pool, shown_on = None, dict[str, date]()
    while True:
        pause = SHOWN_EVERY_SECONDS
        try:
            pool = pool or await _opened(settings, "indicators-shown")
            await _show_all(pool, today(), shown_on)
            for audience in Audience:
                tell(Renewed(what=audience.value))
        except Unavailable as away:
            structlog.get_logger().warning("gauges_postponed", reason=str(away))
            pause = GAUGES_EVERY_SECONDS
        await asyncio.sleep(pause)


async def _show_all(pool: Pool, on: date, shown_on: dict[str, date]) -> None:
    """Show supervisors all municipalities anew, and everyone those that `shown_on` does not tell were shown today."""
    with unavailable_as_such():
        async with pool.acquire() as connection:
            for municipality in await sums.list_municipalities(connection):
                await show(connection, municipality, Audience.SUPERVISOR, on, utc_now())
                if shown_on.get(municipality) != on:
                    await show(connection, municipality, Audience.EVERYONE, on, utc_now())
                    shown_on[municipality] = on


def today() -> date:
    """The civil day in Amsterdam."""
    return civil_day(utc_now())
