"""What the live tables hold, read and never written; each schema with the address of its own service.

Three rules. What is long is digested by the database, so that what travels is small. What belongs together is read in
one snapshot. A query names one schema's tables, by the role's own search path.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import orjson

from services.alerts.lifecycle import Alert
from services.alerts.store.reading import read_alerts
from services.indicators.processor import Mark
from services.trajectory.processor import YouthKey
from youthcare.cli_verify.expecting import content_digest
from youthcare.runtime.postgres import Connection, Pool, unavailable_as_such
from youthcare.wire import from_wire
from youthcare.youthfacts import YouthFacts

_FACTS = """
select municipality, youth, head, sha256(facts) as digest from youth
join unnest($1::text[], $2::text[]) as wanted (municipality, youth) using (municipality, youth)
"""
_STATEMENTS = """
select municipality, youth, sha256(body) as digest from statement
join unnest($1::text[], $2::text[]) as wanted (municipality, youth) using (municipality, youth)
"""
_BODIES = """
select municipality, youth, facts from youth
join unnest($1::text[], $2::text[]) as wanted (municipality, youth) using (municipality, youth)
where facts is not null
"""
_MARKS = """
select municipality, youth, version_rules, version_count, known_day from youth_state
join unnest($1::text[], $2::text[]) as wanted (municipality, youth) using (municipality, youth)
"""
_LAYERS = """
select municipality, youth, known_day, sha256(deltas) as digest from youth_layer
join unnest($1::text[], $2::text[]) as wanted (municipality, youth) using (municipality, youth)
"""
_ALL_TOLD = "select municipality, youth from youth where facts is not null and ($1::text is null or municipality = $1)"
_ALL_WITH_STEPS = "select distinct municipality, youth from youth_layer where $1::text is null or municipality = $1"
_ALL_WITH_ALERTS = """
select distinct municipality, youth from alert
where youth is not null and state not in ('withdrawn', 'closed') and ($1::text is null or municipality = $1)
"""
CURSOR_ROWS = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Pools:
    """A connection pool per service, each with that service's own address."""

    trajectory: Pool
    indicators: Pool
    alerts: Pool


@dataclass(slots=True, kw_only=True)
class Live:
    """What the tables hold of one youth; digests are SHA-256 of the bytes kept."""

    head: str | None = None
    facts: bytes | None = None
    statements: set[bytes] = field(default_factory=set)
    mark: Mark | None = None
    layers: dict[date, bytes] = field(default_factory=dict)
    alerts: list[Alert] = field(default_factory=list)


@asynccontextmanager
async def snapshot(pool: Pool) -> AsyncIterator[Connection]:
    """A session in which all queries see one and the same moment; raises `Unavailable`."""
    with unavailable_as_such():
        async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
            yield connection


async def read_live(pools: Pools, keys: Iterable[YouthKey]) -> Mapping[YouthKey, Live]:
    """What the tables hold of the youths given; of those they do not know, nothing."""
    wanted = sorted(set(keys))
    live: dict[YouthKey, Live] = defaultdict(Live)
    async with snapshot(pools.trajectory) as connection:
        await _read_trajectory(connection, wanted, live)
    async with snapshot(pools.indicators) as connection:
        await _read_indicators(connection, wanted, live)
    async with snapshot(pools.alerts) as connection:
        for key, alerts in (await read_alerts(connection, wanted)).items():
            live[key].alerts = alerts
    return live


async def _read_trajectory(connection: Connection, wanted: Sequence[YouthKey], live: dict[YouthKey, Live]) -> None:
    columns = columns_of(wanted)
    for row in await connection.fetch(_FACTS, *columns):
        each = live[row["municipality"], row["youth"]]
        each.head, each.facts = row["head"], row["digest"]
    for row in await connection.fetch(_STATEMENTS, *columns):
        live[row["municipality"], row["youth"]].statements.add(row["digest"])


async def _read_indicators(connection: Connection, wanted: Sequence[YouthKey], live: dict[YouthKey, Live]) -> None:
    columns = columns_of(wanted)
    for row in await connection.fetch(_MARKS, *columns):
        live[row["municipality"], row["youth"]].mark = mark_of(row)
    for row in await connection.fetch(_LAYERS, *columns):
        live[row["municipality"], row["youth"]].layers[row["known_day"]] = row["digest"]


def mark_of(row: Mapping[str, Any]) -> Mark:
    """Version and known day of the facts that were applied last."""
    return (row["version_rules"], row["version_count"]), row["known_day"]


def columns_of(keys: Sequence[YouthKey]) -> tuple[list[str], list[str]]:
    """Youths as two columns, for `unnest`."""
    return [key[0] for key in keys], [key[1] for key in keys]


async def read_content(pool: Pool, keys: Sequence[YouthKey]) -> dict[YouthKey, tuple[bytes, bool]]:
    """Of each youth a digest of what is told of it, whatever the version, and whether it is gone."""
    async with snapshot(pool) as connection:
        rows = await connection.fetch(_BODIES, *columns_of(keys))
    told = [from_wire(YouthFacts, orjson.loads(row["facts"])) for row in rows]
    return {(facts.municipality, facts.youth): (content_digest(facts), facts.gone) for facts in told}


async def list_present(pools: Pools, municipality: str | None) -> AsyncIterator[YouthKey]:
    """Every youth of whom the tables hold facts, steps or alerts that count; some more than once."""
    for pool, query in (
        (pools.trajectory, _ALL_TOLD),
        (pools.indicators, _ALL_WITH_STEPS),
        (pools.alerts, _ALL_WITH_ALERTS),
    ):
        async with snapshot(pool) as connection:
            async for row in connection.cursor(query, municipality, prefetch=CURSOR_ROWS):
                yield row["municipality"], row["youth"]
