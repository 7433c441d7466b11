"""What of each youth is in the step log, and the log itself, read and written in sets."""

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson

from services.indicators.differing import differs
from services.indicators.processor import Pair, StoredKey, YouthKey, YouthLayers
from services.indicators.steps import Amount, StepKey, Steps, summed
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
    layers: dict[YouthKey, dict[date, Steps]] = {}
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


# The planner would read a whole table when it deems it small; nothing is read but the rows of the youths told of.
_BY_KEY_ALONE = """
set local enable_seqscan = off; set local enable_bitmapscan = off;
set local enable_hashjoin = off; set local enable_mergejoin = off
"""
_READ_LAYERS = """
select municipality, youth, known_day, corrects, deltas from youth_layer
join unnest($1::text[], $2::text[]) as wanted (municipality, youth) using (municipality, youth)
"""
_READ_STATES = """
select municipality, youth, version_rules, version_count, known_day from youth_state
join unnest($1::text[], $2::text[]) as wanted (municipality, youth) using (municipality, youth)
"""


def _columns(keys: Iterable[YouthKey]) -> tuple[list[str], list[str]]:
    listed = list(keys)
    return [key[0] for key in listed], [key[1] for key in listed]


def deltas_body(steps: Steps) -> bytes:
    """The steps of a layer as they are kept: sorted, so that the same layer has the same bytes, and compressed."""
    plain = orjson.dumps([[*key[:-1], key.effective_day, *amount] for key, amount in sorted(steps.items())])
    # The same few names stand in hundreds of rows: a layer shrinks some fifteen times.
    return zlib.compress(plain, level=1)


def read_deltas(body: bytes) -> dict[StepKey, Amount]:
    """The steps of a layer that was kept."""
    return {
        StepKey(indicator, definition, period, kind, group, date.fromisoformat(day)): (numerator, denominator, pending)
        for indicator, definition, period, kind, group, day, numerator, denominator, pending in orjson.loads(
            zlib.decompress(body)
        )
    }


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


def _differing(one: YouthLayers, other: YouthLayers) -> list[tuple[date, bool, Steps]]:
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


_DELETE_LAYERS = """
delete from youth_layer as kept
using unnest($1::text[], $2::text[], $3::date[]) as gone (municipality, youth, known_day)
where kept.municipality = gone.municipality and kept.youth = gone.youth and kept.known_day = gone.known_day
"""
_INSERT_LAYERS = """
insert into youth_layer (municipality, youth, known_day, corrects, deltas)
select * from unnest($1::text[], $2::text[], $3::date[], $4::boolean[], $5::bytea[])
"""
_DELETE_STATES = """
delete from youth_state as kept using unnest($1::text[], $2::text[]) as gone (municipality, youth)
where kept.municipality = gone.municipality and kept.youth = gone.youth
"""
_UPSERT_STATES = """
insert into youth_state (municipality, youth, version_rules, version_count, known_day, differs)
select * from unnest($1::text[], $2::text[], $3::integer[], $4::integer[], $5::date[], $6::boolean[])
on conflict (municipality, youth) do update set version_rules = excluded.version_rules,
    version_count = excluded.version_count, known_day = excluded.known_day, differs = excluded.differs
"""


async def add_steps(connection: Connection, steps: Mapping[StoredKey, Amount]) -> None:
    """Add amounts to the log, in key order, so that two workers wait for each other instead of deadlocking.

    A sum of nought leaves no row, so that a rebuild leaves the same log as the stream.
    """
    if not steps:
        return
    places = sorted(steps)
    await make_partitions(connection, {place.municipality for place in places})
    amounts = ([steps[place][index] for place in places] for index in range(3))
    noughts = await connection.fetch(_ADD_STEPS, *_place_columns(places), *amounts)
    found: dict[str, list[StoredKey]] = {}
    for row in noughts:
        place = StoredKey(row["municipality"], StepKey(*tuple(row)[1:7]), row["known_day"])
        found.setdefault(place.municipality, []).append(place)
    for municipality, emptied in sorted(found.items()):
        await connection.execute(_DELETE_NOUGHTS, municipality, *_place_columns(sorted(emptied))[1:])


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
    returning *
)
select municipality, indicator, definition, period, group_kind, group_name, effective_day, known_day
from added where numerator = 0 and denominator = 0 and pending = 0
"""
_DELETE_NOUGHTS = """
delete from step as kept
using unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::date[], $8::date[])
    as emptied (indicator, definition, period, group_kind, group_name, effective_day, known_day)
where kept.municipality = $1 and kept.indicator = emptied.indicator
  and kept.definition = emptied.definition and kept.period = emptied.period
  and kept.group_kind = emptied.group_kind and kept.group_name = emptied.group_name
  and kept.effective_day = emptied.effective_day and kept.known_day = emptied.known_day
"""


def _place_columns(places: Sequence[StoredKey]) -> list[list[Any]]:
    """One list per column of the log's key."""
    return [
        [place.municipality for place in places],
        *([place.step[index] for place in places] for index in range(6)),
        [place.known_day for place in places],
    ]


async def note_refused(connection: Connection, refused: Iterable[RefusedRecord]) -> None:
    """Keep where in the topic a record stands that is no facts."""
    await connection.executemany(
        "insert into refused_record values ($1, $2, $3, $4) on conflict do nothing",
        [(row.municipality, row.topic, row.partition, row.offset) for row in refused],
    )
