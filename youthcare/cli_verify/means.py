"""What a verification works with: the broker, a pool per service, the rules in force, and the lock of verifications."""

import asyncio
import os
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date

import asyncpg

from services.alerts.store.rules import read_rules
from services.indicators.store.reference import decreed_days
from services.trajectory.app import shipped_rules
from services.trajectory.facts import Rules
from services.trajectory.store import coverage_starts
from youthcare.cli_verify.expecting import Ground
from youthcare.cli_verify.tables import Pools, snapshot
from youthcare.runtime.postgres import Pool, open_pool, unavailable_as_such
from youthcare.runtime.settings import BrokerSettings, Service, Settings
from youthcare.youthfacts import RULES_REVISION

CONNECTIONS_MAX = 4
_ALONE = 0x76657269
"""The number of the lock under which one verification runs at a time."""


class CannotSay(Exception):
    """Nothing can be compared now; the text says why, and names no youth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What all parts of one verification share."""

    broker: BrokerSettings
    pools: Pools
    rules: Rules
    salt: bytes
    today: date
    municipality: str | None
    patience_seconds: float
    processes: int


@asynccontextmanager
async def open_means(
    settings: Settings, today: date, *, municipality: str | None, patience_seconds: float, processes: int
) -> AsyncIterator[Means]:
    """Open what is needed and be the only verification; raises `CannotSay` or `Unavailable`."""
    broker = settings.broker()
    async with (
        _pool(settings, "trajectory") as trajectory,
        _alone(trajectory),
        _pool(settings, "indicators") as indicators,
        _pool(settings, "alerts") as alerts,
    ):
        await _require_this_release(trajectory)
        yield Means(
            broker=broker,
            pools=Pools(trajectory=trajectory, indicators=indicators, alerts=alerts),
            rules=shipped_rules(settings.care_forms_file),
            salt=os.urandom(32),
            today=today,
            municipality=municipality,
            patience_seconds=patience_seconds,
            processes=processes,
        )


@asynccontextmanager
async def _pool(settings: Settings, service: Service) -> AsyncIterator[Pool]:
    wanted = settings.database(service).model_copy(update={"connections_max": CONNECTIONS_MAX})
    pool = await open_pool(wanted, "verify", all_municipalities=True)
    try:
        yield pool
    finally:
        await asyncio.wait_for(pool.close(), timeout=10)


@asynccontextmanager
async def _alone(pool: Pool) -> AsyncIterator[None]:
    """Hold the lock of verifications as long as the session lasts; the server frees it when we are gone."""
    with unavailable_as_such():
        async with pool.acquire() as connection:
            if not await connection.fetchval("select pg_try_advisory_lock($1)", _ALONE):
                raise CannotSay("another verification runs")
            try:
                yield
            finally:
                await connection.execute("select pg_advisory_unlock($1)", _ALONE)


async def _require_this_release(pool: Pool) -> None:
    try:
        async with snapshot(pool) as connection:
            revision = await connection.fetchval("select revision from rules_revision")
    except asyncpg.UndefinedTableError:
        raise CannotSay("the tables are not there: start the workers first") from None
    if revision != RULES_REVISION:
        raise CannotSay(f"the tables hold facts of rules revision {revision}, this release has {RULES_REVISION}")


async def read_ground(means: Means, municipalities: Collection[str]) -> Ground:
    """The settings and norms in force now, as the services have entered them."""
    async with snapshot(means.pools.trajectory) as connection:
        coverage = await coverage_starts(connection)
    async with snapshot(means.pools.alerts) as connection:
        alert_rules = await read_rules(connection, municipalities)
    async with snapshot(means.pools.indicators) as connection:
        decreed = await decreed_days(connection, municipalities)
    return Ground(
        rules=means.rules,
        coverage=coverage,
        decreed=decreed,
        alert_rules=alert_rules,
        salt=means.salt,
        today=means.today,
    )
