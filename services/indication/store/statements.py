"""The register of statements, which is the outbox too (design.md §3).

Two rules. A statement is written once; the same content again puts the first record back in the outbox, byte for
byte. The same identity with other content, or of another youth, is refused.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from services.indication.assertions import Assertion, body, digest, digests
from youthcare.runtime.postgres import Connection

Identity = tuple[str, str, str]
Owned = tuple[Assertion, str]
"""An assertion and the youth it is about."""

_INSERT = """
insert into statement (municipality, source, id, youth, digest, received, message, body)
select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::timestamptz[], $7::text[],
    $8::bytea[])
on conflict do nothing
returning municipality, source, id
"""
_REPEAT = """
update statement set published = null
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::bytea[])
    as again (municipality, source, id, youth, digest, published_digest)
where statement.municipality = again.municipality and statement.source = again.source
    and statement.id = again.id and statement.youth = again.youth
    and statement.digest in (again.digest, again.published_digest)
returning statement.municipality, statement.source, statement.id
"""
_FORGET = """
with gone as (
    delete from statement
    where municipality = $1 and youth = $2 and not (source = $3 and id = $4)
    returning municipality, youth, source, id
)
insert into tombstone select * from gone on conflict do nothing
"""

_MERGES = """
select youth, body from statement where municipality = $1 and position('.youth.merged.'::bytea in body) > 0
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """What became of statements: new, or the same as one that stands; anything else reuses an identity."""

    new: frozenset[Identity]
    repeated: frozenset[Identity]


async def register(connection: Connection, owned: Sequence[Owned]) -> Registered:
    """Write statements, each identity at most once; the rest of the transaction sees them."""
    # One order for all: deliveries that overlap wait for each other, never in a circle.
    rows = sorted(owned, key=lambda each: each[0].identity)
    new = frozenset(map(tuple, await connection.fetch(_INSERT, *_columns(rows))))
    others = [each for each in rows if each[0].identity not in new]
    return Registered(new=new, repeated=await _repeat(connection, others))


async def _repeat(connection: Connection, rows: Sequence[Owned]) -> frozenset[Identity]:
    if not rows:
        return frozenset()
    published = [digests(assertion)[1] for assertion, _ in rows]
    return frozenset(map(tuple, await connection.fetch(_REPEAT, *_columns(rows)[:5], published)))


def _columns(rows: Sequence[Owned]) -> list[list[object]]:
    return [
        [assertion.municipality for assertion, _ in rows],
        [assertion.source for assertion, _ in rows],
        [assertion.id for assertion, _ in rows],
        [youth for _, youth in rows],
        [digest(assertion) for assertion, _ in rows],
        [assertion.received for assertion, _ in rows],
        [assertion.message for assertion, _ in rows],
        [body(assertion, youth) for assertion, youth in rows],
    ]


async def forget(connection: Connection, assertion: Assertion, youth: str) -> None:
    """Take all of a youth from the register but the statement that asks for it; tombstones follow to the log."""
    await connection.execute(_FORGET, assertion.municipality, youth, assertion.source, assertion.id)


async def bodies_of(connection: Connection, municipality: str, youth: str) -> list[bytes]:
    """All statements about a youth, as they stand on the topic."""
    rows = await connection.fetch(
        "select body from statement where municipality = $1 and youth = $2", municipality, youth
    )
    return [row["body"] for row in rows]


async def merged_into(connection: Connection, municipality: str, youth: str) -> list[str]:
    """The youth and all that were merged into it, one through the other; the youth itself first."""
    rows = await connection.fetch(_MERGES, municipality)
    into = [(row["youth"], json.loads(row["body"])["data"]["into"]) for row in rows]
    found = [youth]
    for each in found:
        found += sorted({one for one, other in into if other == each} - {*found})
    return found
