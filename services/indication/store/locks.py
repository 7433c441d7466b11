"""Locks on what has no row yet, held until the transaction ends.

Two rules. They are taken in one order, so that transactions never wait in a circle: gates, references, persons,
youths, and each in the order of their slots. Their number is bounded: Postgres has room for thousands, a large batch
may name more references than that.
"""

from collections.abc import Iterable
from hashlib import blake2b

from youthcare.runtime.postgres import Connection

REFERENCES, PERSONS, YOUTHS, GATES = 0x5457, 0x545A, 0x5458, 0x5459
_SLOTS = 2048
_LOCK = "select pg_advisory_xact_lock($1, slot) from (select slot from unnest($2::int[]) slot order by slot) ordered"


_SHARED = "select pg_advisory_xact_lock_shared($1, code) from (select unnest($2::int[]) code order by 1) ordered"
_ALONE = _SHARED.replace("_shared", "")


async def share_gates(connection: Connection, municipalities: Iterable[str], alone: Iterable[str]) -> None:
    """Until the transaction ends nobody is forgotten in these municipalities; `alone`: where this one forgets.

    Who forgets waits for what is being taken in, and then sees all of it; what comes later finds nobody.
    """
    closed = set(alone)
    for command, codes in ((_ALONE, closed), (_SHARED, set(municipalities) - closed)):
        if codes:
            await connection.execute(command, GATES, sorted(map(int, codes)))


async def hold(connection: Connection, family: int, places: Iterable[tuple[str, str]]) -> None:
    """Hold these places, each a municipality and what stands there, until the transaction ends."""
    slots = sorted({_slot(place) for place in places})
    if slots:
        await connection.execute(_LOCK, family, slots)


def _slot(place: tuple[str, str]) -> int:
    return int.from_bytes(blake2b("/".join(place).encode(), digest_size=4).digest(), "big") % _SLOTS
