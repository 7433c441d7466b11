"""Rewriting what stands under older keys: look-ups, sealed BSNs and sealed payloads of one municipality.

Three rules. Only the sealed columns change, and the version beside them; nothing is published. Each batch is one
short transaction, and messages flow meanwhile: who looks up finds by the old key or by the new. Stopped at any
moment, it is started again and does what is left.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.indication.identity import lookup
from youthcare.runtime.postgres import Connection, Pool, unavailable_as_such
from youthcare.runtime.sealing import MunicipalityKeys

ROWS_AT_ONCE = 500
Probe = Callable[[], None]

# Whole youths, as one youth may have several rows; the look-up changes under way, the youth does not.
_IDENTITIES = """
select youth, lookup, key_version, bsn_sealed, former from identity
where municipality = $1 and youth in (
    select distinct youth from identity where municipality = $1 and youth > $2 order by youth limit $3
)
order by youth, lookup for update
"""
_REWRITE_IDENTITY = """
update identity set lookup = $4, key_version = $2, bsn_sealed = $5, former = $6
where municipality = $1 and lookup = $3
"""
_LEFT_IDENTITIES = """
select count(*) from identity where municipality = $1
    and (key_version <> $2 or $3 <> any (select get_byte(each, 0) from unnest(former || bsn_sealed) as each))
"""


# What would find somebody who is being forgotten is not rewritten: it goes with the next rounds of the forgetting.
_LEFT_TRACES = """
select count(*) from forgetting where municipality = $1 and traces is not null and get_byte(traces, 0) <> $2
"""


@dataclass(frozen=True, slots=True)
class _Sealed:
    """A table with sealed payloads: the two columns that are its key with the municipality, and where they start."""

    table: str
    keys: tuple[str, str]
    start: tuple[str, str | int]

    def read(self) -> str:
        """The next rows that stand under another key, after a key."""
        first, second = self.keys
        return (
            f"select {first}, {second}, payload from {self.table} where municipality = $1 and payload is not null"  # noqa: S608
            f" and get_byte(payload, 0) <> $2 and ({first}, {second}) > ($3, $4)"
            f" order by {first}, {second} limit $5 for update"
        )

    def rewrite(self) -> str:
        """The same row under the key in use."""
        first, second = self.keys
        return f"update {self.table} set payload = $4 where municipality = $1 and {first} = $2 and {second} = $3"  # noqa: S608

    def left(self) -> str:
        """How many stand under another key."""
        return (
            f"select count(*) from {self.table} where municipality = $1 and payload is not null"  # noqa: S608
            " and get_byte(payload, 0) <> $2"
        )


_PAYLOADS = (
    _Sealed("refusal", ("sender", "number"), ("", 0)),
    _Sealed("parked", ("source", "id"), ("", "")),
    _Sealed("unknown_type", ("sender", "number"), ("", 0)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotated:
    """How many rows were rewritten."""

    identities: int
    payloads: int


def silent() -> None:
    """The probe of production: nothing happens between two batches."""


async def rotate(pool: Pool, own: MunicipalityKeys, at_once: int = ROWS_AT_ONCE, probe: Probe = silent) -> Rotated:
    """Rewrite all that does not stand under the keys in use; raises `Unavailable`."""
    identities = payloads = 0
    async for count in _identities(pool, own, at_once):
        identities += count
        probe()
    for each in _PAYLOADS:
        async for count in _payloads(pool, own, each, at_once):
            payloads += count
            probe()
    return Rotated(identities=identities, payloads=payloads)


async def left_under_others(pool: Pool, own: MunicipalityKeys) -> int:
    """How many rows do not stand under the keys in use; raises `Unavailable`."""
    with unavailable_as_such():
        async with pool.acquire() as connection:
            place, version = own.municipality, own.sealing_version
            left = [await connection.fetchval(_LEFT_IDENTITIES, place, own.lookup_version, version)]
            left += [await connection.fetchval(_LEFT_TRACES, place, version)]
            left += [await connection.fetchval(each.left(), place, version) for each in _PAYLOADS]
    return sum(map(int, left))


async def _identities(pool: Pool, own: MunicipalityKeys, at_once: int) -> AsyncIterator[int]:
    after = ""
    while True:
        with unavailable_as_such():
            async with pool.acquire() as connection, connection.transaction():
                rows = await connection.fetch(_IDENTITIES, own.municipality, after, at_once)
                count = await _rewrite_identities(connection, own, rows)
        if not rows:
            return
        after = rows[-1]["youth"]
        yield count


async def _rewrite_identities(connection: Connection, own: MunicipalityKeys, rows: Sequence[Mapping[str, Any]]) -> int:
    others = [row for row in rows if not _stands(row, own)]
    if not others:
        return 0
    await connection.executemany(_REWRITE_IDENTITY, [_rewritten(row, own) for row in others])
    return len(others)


def _rewritten(row: Mapping[str, Any], own: MunicipalityKeys) -> tuple[object, ...]:
    bsn = own.unseal("bsn", row["bsn_sealed"])
    place = lookup(own.lookup[own.lookup_version], own.municipality, bsn.decode())
    former = [own.seal("bsn", own.unseal("bsn", each)) for each in row["former"]]
    return own.municipality, own.lookup_version, row["lookup"], place, own.seal("bsn", bsn), former


def _stands(row: Mapping[str, Any], own: MunicipalityKeys) -> bool:
    versions = {each[0] for each in (row["bsn_sealed"], *row["former"])}
    return bool(row["key_version"] == own.lookup_version and versions == {own.sealing_version})


async def _payloads(pool: Pool, own: MunicipalityKeys, sealed: _Sealed, at_once: int) -> AsyncIterator[int]:
    place, after = f"{sealed.table}.payload", sealed.start
    while True:
        with unavailable_as_such():
            async with pool.acquire() as connection, connection.transaction():
                rows = await connection.fetch(sealed.read(), own.municipality, own.sealing_version, *after, at_once)
                fresh = [(own.municipality, row[0], row[1], own.seal(place, own.unseal(place, row[2]))) for row in rows]
                await connection.executemany(sealed.rewrite(), fresh)
        if not rows:
            return
        after = (rows[-1][0], rows[-1][1])
        yield len(rows)
