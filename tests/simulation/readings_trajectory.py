"""What the statements of the engine and of the trajectory service do, on tables in memory.

One function per statement, by its very text: when production changes a statement, its reading is not found and must
be looked at. That each does what PostgreSQL does is proven in `test_memory_store.py`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from services.trajectory import store
from services.trajectory.store import forgotten
from tests.simulation.tables import Session, Values, reads
from youthcare.runtime import progress
from youthcare.runtime.progress import PROGRESS_TABLE

Column = Sequence[Any]


@reads(
    PROGRESS_TABLE,
    store.TABLES,
    "set local client_min_messages = warning",
    "select 1",
)
async def nothing(_session: Session) -> None:
    """Tables are there as soon as somebody writes to them."""


@reads("select pg_advisory_xact_lock($1)", "select pg_advisory_xact_lock($1, $2)")
async def advisory_lock(session: Session, *number: int) -> None:
    """Hold a number until the transaction ends."""
    await session.lock(("advisory", number))


@reads(progress._READ)
async def read_positions(session: Session, processor: str, topic: str) -> list[Values]:
    """All positions of a processor in a topic."""
    return [row for key, row in session.rows("progress") if key[:2] == (processor, topic)]


@reads(progress._LOCK)
async def lock_positions(session: Session, processor: str, topic: str, partitions: Column) -> list[Values]:
    """Some of them, locked in order."""
    wanted = sorted(
        key for key, _ in session.rows("progress") if key[:2] == (processor, topic) and key[2] in partitions
    )
    return [row for key in wanted if (row := await session.locked("progress", key)) is not None]


@reads(progress._REGISTER)
async def register_partitions(
    session: Session, processor: str, topic: str, topic_id: str, count: int, partitions: Column, offsets: Column
) -> None:
    """Begin at these offsets, unless there is a position."""
    for partition, offset in zip(partitions, offsets, strict=True):
        row = {
            "processor": processor,
            "topic": topic,
            "topic_id": topic_id,
            "partition_count": count,
            "partition": partition,
            "next_offset": offset,
            "last_timestamp_ms": 0,
        }
        await session.insert("progress", (processor, topic, partition), row)


@reads(progress._ADVANCE)
async def advance(
    session: Session, processor: str, topic: str, partitions: Column, offsets: Column, times_ms: Column
) -> None:
    """Move forwards, never back."""
    for partition, offset, time_ms in zip(partitions, offsets, times_ms, strict=True):
        key = (processor, topic, partition)
        row = await session.locked("progress", key)
        if row is not None and row["next_offset"] < offset:
            await session.put("progress", key, row | {"next_offset": offset, "last_timestamp_ms": time_ms})


@reads(
    """insert into rules_revision (revision) values ($1)
    on conflict (only_row) do update set revision = greatest(rules_revision.revision, excluded.revision)
    returning revision"""
)
async def raise_revision(session: Session, revision: int) -> list[Values]:
    """The highest revision that ever wrote here."""
    row = await session.locked("rules_revision", (True,)) or {"only_row": True, "revision": revision}
    await session.put("rules_revision", (True,), row | {"revision": max(revision, row["revision"])})
    return [{"revision": max(revision, row["revision"])}]


@reads("insert into municipality_setting (municipality, coverage_start) values ($1, $2) on conflict do nothing")
async def enter_setting(session: Session, municipality: str, coverage_start: Any) -> None:
    """Unless there is one."""
    row = {"municipality": municipality, "coverage_start": coverage_start}
    await session.insert("municipality_setting", (municipality,), row)


@reads("select municipality, coverage_start from municipality_setting")
async def coverage_starts(session: Session) -> list[Values]:
    """All of them."""
    return session.values("municipality_setting")


@reads("insert into refused_record values ($1, $2, $3, $4, $5) on conflict do nothing")
async def note_refused(
    session: Session, municipality: str, topic: str, partition: int, record_offset: int, reason: str
) -> None:
    """By its place."""
    row = {
        "municipality": municipality,
        "topic": topic,
        "partition": partition,
        "record_offset": record_offset,
        "reason": reason,
    }
    await session.insert("refused_record", (municipality, topic, partition, record_offset), row)


@reads(
    """insert into youth (municipality, youth, head)
    select municipality, youth, youth from unnest($1::text[], $2::text[]) as wanted (municipality, youth)
    order by municipality, youth on conflict do nothing"""
)
async def make_youths(session: Session, municipalities: Column, youths: Column) -> None:
    """Each its own head, in key order."""
    for municipality, youth in sorted(zip(municipalities, youths, strict=True)):
        row = {
            "municipality": municipality,
            "youth": youth,
            "head": youth,
            "version_rules": 0,
            "version_count": 0,
            "known_day": None,
            "facts": None,
        }
        await session.insert("youth", (municipality, youth), row)


@reads(
    """select y.municipality, y.youth, y.head from youth y
    join unnest($1::text[], $2::text[]) as wanted (municipality, youth) using (municipality, youth)
    order by y.municipality, y.youth for update of y"""
)
async def lock_youths(session: Session, municipalities: Column, youths: Column) -> list[Values]:
    """In key order."""
    wanted = sorted(key for key in zip(municipalities, youths, strict=True) if session.find("youth", key))
    rows = [await session.locked("youth", key) for key in wanted]
    return [{name: row[name] for name in ("municipality", "youth", "head")} for row in rows if row is not None]


@reads(
    """select y.municipality, y.youth from youth y
    join unnest($1::text[], $2::text[]) as wanted (municipality, head) using (municipality, head)"""
)
async def kin(session: Session, municipalities: Column, heads: Column) -> list[Values]:
    """Who shares one of these heads."""
    wanted = set(zip(municipalities, heads, strict=True))
    return [
        {"municipality": row["municipality"], "youth": row["youth"]}
        for row in session.values("youth")
        if (row["municipality"], row["head"]) in wanted
    ]


@reads(
    """insert into statement (municipality, source, id, youth, received, body)
    select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::bytea[])
    on conflict do nothing returning municipality, source, id"""
)
async def add_statements(session: Session, *columns: Column) -> list[Values]:
    """Those that were new."""
    new = []
    for values in zip(*columns, strict=True):
        row = dict(zip(("municipality", "source", "id", "youth", "received", "body"), values, strict=True))
        if await session.insert("statement", values[:3], row):
            new.append({name: row[name] for name in ("municipality", "source", "id")})
    return new


@reads(
    """select body from statement
    join unnest($1::text[], $2::text[]) as wanted (municipality, youth) using (municipality, youth)"""
)
async def read_statements(session: Session, municipalities: Column, youths: Column) -> list[Values]:
    """Those about these youths."""
    wanted = set(zip(municipalities, youths, strict=True))
    return [
        {"body": row["body"]} for row in session.values("statement") if (row["municipality"], row["youth"]) in wanted
    ]


@reads(
    """update youth set head = told.head, version_rules = told.version_rules,
    version_count = told.version_count, known_day = told.known_day, facts = told.facts
    from unnest($1::text[], $2::text[], $3::text[], $4::integer[], $5::integer[], $6::date[], $7::bytea[])
    as told (municipality, youth, head, version_rules, version_count, known_day, facts)
    where youth.municipality = told.municipality and youth.youth = told.youth"""
)
async def write_facts(session: Session, *columns: Column) -> None:
    """Of youths that have a row."""
    names = ("municipality", "youth", "head", "version_rules", "version_count", "known_day", "facts")
    for values in zip(*columns, strict=True):
        if await session.locked("youth", values[:2]) is not None:
            await session.put("youth", values[:2], dict(zip(names, values, strict=True)))


@reads(forgotten._FIND)
async def forgotten_among(session: Session, municipalities: Column, digests: Column) -> list[Values]:
    """Those of the digests that are kept."""
    wanted = set(zip(municipalities, digests, strict=True))
    return [{"municipality": key[0], "digest": key[1]} for key, _ in session.rows("forgotten") if key in wanted]


@reads(forgotten._ASKED)
async def asked_to_forget(session: Session, municipalities: Column, youths: Column) -> list[Values]:
    """Whose wish stands in the ledger."""
    wanted = set(zip(municipalities, youths, strict=True))
    found = {
        (row["municipality"], row["youth"])
        for row in session.values("statement")
        if (row["municipality"], row["youth"]) in wanted and b".youth.forgotten." in row["body"]
    }
    return [{"municipality": municipality, "youth": youth} for municipality, youth in sorted(found)]


@reads(forgotten._NOTE)
async def note_forgotten(
    session: Session, municipalities: Column, youths: Column, digests: Column, heads: Column
) -> None:
    """A digest, and how much went with it."""
    for municipality, youth, digest, head in zip(municipalities, youths, digests, heads, strict=True):
        lost = sum((row["municipality"], row["youth"]) == (municipality, youth) for row in session.values("statement"))
        row = {"municipality": municipality, "digest": digest, "head": head, "statements": 1 + lost}
        await session.insert("forgotten", (municipality, digest), row)


@reads(forgotten._PASSED_ON)
async def pass_on(session: Session, municipalities: Column, youths: Column, heads: Column) -> None:
    """What was lost before counts with who is left, if anybody is."""
    left = dict(zip(zip(municipalities, youths, strict=True), heads, strict=True))
    for key, row in session.rows("forgotten"):
        if (row["municipality"], row["head"]) in left:
            await session.put("forgotten", key, row | {"head": left[row["municipality"], row["head"]]})


@reads(forgotten._ALONE)
async def leave_alone(session: Session, municipalities: Column, youths: Column) -> None:
    """Whose head is gone is its own."""
    gone = set(zip(municipalities, youths, strict=True))
    for key, row in session.rows("youth"):
        if (row["municipality"], row["head"]) in gone:
            await session.put("youth", key, row | {"head": row["youth"]})


async def _remove(session: Session, table: str, pairs: Iterable[tuple[Any, Any]]) -> None:
    wanted = set(pairs)
    for key, row in session.rows(table):
        if (row["municipality"], row["youth"]) in wanted:
            await session.delete(table, key)


@reads(forgotten._DELETE.format(table="statement"))
async def delete_statements(session: Session, municipalities: Column, youths: Column) -> None:
    """All of these youths."""
    await _remove(session, "statement", zip(municipalities, youths, strict=True))


@reads(forgotten._DELETE.format(table="youth"))
async def delete_youths(session: Session, municipalities: Column, youths: Column) -> None:
    """Their rows."""
    await _remove(session, "youth", zip(municipalities, youths, strict=True))


@reads(forgotten._LOST)
async def lost_statements(session: Session, municipalities: Column, youths: Column) -> list[Values]:
    """How much the ledgers of these youths lost."""
    wanted = set(zip(municipalities, youths, strict=True))
    lost: defaultdict[tuple[str, str], int] = defaultdict(int)
    for row in session.values("forgotten"):
        if (row["municipality"], row["head"]) in wanted:
            lost[row["municipality"], row["head"]] += row["statements"]
    return [{"municipality": key[0], "head": key[1], "statements": count} for key, count in lost.items()]
