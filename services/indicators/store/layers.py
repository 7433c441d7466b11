"""What of each youth is in the step log, and the log itself, read and written in sets."""

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

import orjson

from services.indicators.differing import differs
from services.indicators.processor import Known, Pair, YouthKey, YouthLayers
from services.indicators.steps import Amount, Groups, SharedKey, SharedSteps, Steps, summed
from services.indicators.store.partitions import make_partitions
from youthcare.runtime.postgres import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedRecord:
    """Where in the topic a record stands that is no facts."""

    municipality: str
    topic: str
    partition: int
    offset: int


async def read_layers(connection: Connection, keys: Sequence[YouthKey]) -> dict[YouthKey, YouthLayers]:
    """What was applied of each youth given.

    Nothing is locked here: all facts of a youth come through one partition, whose position the engine has locked.
    """
    await connection.execute(_BY_KEY_ALONE)
    layers: dict[YouthKey, dict[date, SharedSteps]] = {}
    corrections: dict[YouthKey, set[date]] = {}
    for row in await connection.fetch(_READ_LAYERS, *_columns(keys)):
        key, deltas = (row["municipality"], row["youth"]), read_deltas(row["deltas"])
        layers.setdefault(key, {})[row["known_day"]] = deltas
        if row["corrects"]:
            corrections.setdefault(key, set()).add(row["known_day"])
    return {
        key: YouthLayers(
            applied=((row["version_rules"], row["version_count"]), row["known_day"]),
            layers=layers.get(key, {}),
            corrections=frozenset(corrections.get(key, ())),
        )
        for row in await connection.fetch(_READ_STATES, *_columns(keys))
        for key in [(row["municipality"], row["youth"])]
    }


# The planner would read a whole table when it deems it small, or walk an index from end to end. Nothing is read but
# the rows of the youths told of: each is looked up by itself.
_BY_KEY_ALONE = "set local enable_seqscan = off"
_READ_LAYERS = """
select layer.* from unnest($1::text[], $2::text[]) as wanted (municipality, youth) cross join lateral (
    select municipality, youth, known_day, corrects, deltas from youth_layer
    where municipality = wanted.municipality and youth = wanted.youth offset 0
) as layer
"""
_READ_STATES = """
select state.* from unnest($1::text[], $2::text[]) as wanted (municipality, youth) cross join lateral (
    select municipality, youth, version_rules, version_count, known_day from youth_state
    where municipality = wanted.municipality and youth = wanted.youth offset 0
) as state
"""


def _columns(keys: Iterable[YouthKey]) -> tuple[list[str], list[str]]:
    listed = list(keys)
    return [key[0] for key in listed], [key[1] for key in listed]


def deltas_body(steps: SharedSteps) -> bytes:
    """The steps of a layer as they are kept: sorted, so that the same layer has the same bytes, and compressed."""
    groups = {each: number for number, each in enumerate(sorted({key.groups for key in steps}))}
    rows = [
        [key.indicator, key.definitions, key.period, groups[key.groups], key.effective_day, *amount]
        for key, amount in sorted(steps.items())
    ]
    # The same few names stand in many rows: a layer shrinks several times.
    return zlib.compress(orjson.dumps([list(groups), rows]), level=1)


def read_deltas(body: bytes) -> dict[SharedKey, Amount]:
    """The steps of a layer that was kept."""
    named, rows = orjson.loads(zlib.decompress(body))
    groups = [_groups(each) for each in named]
    return {
        SharedKey(indicator, tuple(definitions), period, groups[number], _day(day)): (numerator, denominator, pending)
        for indicator, definitions, period, number, day, numerator, denominator, pending in rows
    }


def _groups(named: Sequence[Sequence[str]]) -> Groups:
    return tuple((kind, group) for kind, group in named)


@lru_cache(maxsize=20_000)
def _day(text: str) -> date:
    return date.fromisoformat(text)


async def write_layers(connection: Connection, pairs: Mapping[YouthKey, Pair]) -> None:
    """Keep of each youth the later layers instead of the earlier; of one without anything applied nothing."""
    gone = [(key, day) for key, (before, after) in pairs.items() for day, *_ in _differing(before, after)]
    made = [(key, *layer) for key, (before, after) in pairs.items() for layer in _differing(after, before)]
    await connection.execute(_DELETE_LAYERS, *_columns(key for key, _ in gone), [day for _, day in gone])
    await connection.execute(
        _INSERT_LAYERS,
        *_columns(key for key, *_ in made),
        [day for _, day, _, _ in made],
        [corrects for _, _, corrects, _ in made],
        [deltas_body(steps) for _, _, _, steps in made],
    )
    await _write_states(connection, {key: after for key, (_, after) in pairs.items()})


def _differing(one: YouthLayers, other: YouthLayers) -> list[tuple[date, bool, SharedSteps]]:
    return [
        (day, day in one.corrections, steps)
        for day, steps in one.layers.items()
        if other.layers.get(day) != steps or (day in one.corrections) != (day in other.corrections)
    ]


async def _write_states(connection: Connection, youths: Mapping[YouthKey, YouthLayers]) -> None:
    erased = sorted(key for key, youth in youths.items() if youth.applied is None)
    marks = sorted(
        (key, youth.applied, differs(summed(youth.layers.values())))
        for key, youth in youths.items()
        if youth.applied is not None
    )
    await connection.execute(_DELETE_STATES, *_columns(erased))
    await connection.execute(
        _UPSERT_STATES,
        *_columns(key for key, _, _ in marks),
        [version[0] for _, (version, _), _ in marks],
        [version[1] for _, (version, _), _ in marks],
        [known_day for _, (_, known_day), _ in marks],
        [is_different for _, _, is_different in marks],
    )


# By place: all rows of a youth are written by one worker, so none moves between the look and the deletion.
_DELETE_LAYERS = """
delete from youth_layer where ctid = any(array(
    select layer.ctid
    from unnest($1::text[], $2::text[], $3::date[]) as gone (municipality, youth, known_day) cross join lateral (
        select ctid from youth_layer
        where municipality = gone.municipality and youth = gone.youth and known_day = gone.known_day offset 0
    ) as layer
))
"""
_INSERT_LAYERS = """
insert into youth_layer (municipality, youth, known_day, corrects, deltas)
select * from unnest($1::text[], $2::text[], $3::date[], $4::boolean[], $5::bytea[])
"""
_DELETE_STATES = """
delete from youth_state where ctid = any(array(
    select state.ctid from unnest($1::text[], $2::text[]) as gone (municipality, youth) cross join lateral (
        select ctid from youth_state where municipality = gone.municipality and youth = gone.youth offset 0
    ) as state
))
"""
_UPSERT_STATES = """
insert into youth_state (municipality, youth, version_rules, version_count, known_day, differs)
select * from unnest($1::text[], $2::text[], $3::integer[], $4::integer[], $5::date[], $6::boolean[])
on conflict (municipality, youth) do update set version_rules = excluded.version_rules,
    version_count = excluded.version_count, known_day = excluded.known_day, differs = excluded.differs
"""


async def add_steps(connection: Connection, gained: Mapping[Known, Steps]) -> None:
    """Add amounts to the log, in key order, so that two workers wait for each other instead of deadlocking.

    A sum of nought leaves no row, so that a rebuild leaves the same log as the stream.
    """
    if not gained:
        return
    await make_partitions(connection, {municipality for municipality, _ in gained})
    noughts: dict[str, list[tuple[int, int]]] = {}
    for row in await connection.fetch(_ADD_STEPS, *_columns_of(gained)):
        noughts.setdefault(row["municipality"], []).append(row["ctid"])
    for municipality, found in sorted(noughts.items()):
        await connection.execute(_DELETE_NOUGHTS, municipality, found)


_ADD_STEPS = """
with added as (
    insert into step as kept (
        municipality, indicator, definition, period, group_kind, group_name, effective_day, known_day,
        numerator, denominator, pending
    )
    select * from unnest(
        $1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::date[], $8::date[],
        $9::bigint[], $10::bigint[], $11::bigint[]
    )
    on conflict (municipality, indicator, definition, period, group_kind, group_name, effective_day, known_day)
    do update set numerator = kept.numerator + excluded.numerator,
        denominator = kept.denominator + excluded.denominator,
        pending = kept.pending + excluded.pending
    returning municipality, ctid, numerator, denominator, pending
)
select municipality, ctid from added where numerator = 0 and denominator = 0 and pending = 0
"""
# Where they lie in the partition of the municipality; we wrote them, so nobody moves them before we commit.
_DELETE_NOUGHTS = "delete from step where municipality = $1 and ctid = any($2::tid[])"


def _columns_of(gained: Mapping[Known, Steps]) -> list[Sequence[Any]]:
    """One list per column of the log, sorted by its key."""
    rows: list[tuple[Any, ...]] = []
    for (municipality, known_day), steps in sorted(gained.items()):
        rows += ((municipality, *key, known_day, *steps[key]) for key in sorted(steps))
    return list(zip(*rows, strict=True))


async def note_refused(connection: Connection, refused: Iterable[RefusedRecord]) -> None:
    """Keep where in the topic a record stands that is no facts."""
    await connection.executemany(
        "insert into refused_record values ($1, $2, $3, $4) on conflict do nothing",
        [(row.municipality, row.topic, row.partition, row.offset) for row in refused],
    )
