"""Locks on what has no row yet, held until the transaction ends.

Two rules. They are taken in one order, so that transactions never wait in a circle: references before youths, and
each in the order of their slots. Their number is bounded: Postgres has room for thousands, a large batch may name
more references than that.
"""

from collections.abc import Iterable
from hashlib import blake2b

from youthcare.runtime.postgres import Connection

REFERENCES, YOUTHS = 0x5457, 0x5458
_SLOTS = 2048
_LOCK = "select pg_advisory_xact_lock($1, slot) from (select slot from unnest($2::int[]) slot order by slot) ordered"


async def hold(connection: Connection, family: int, places: Iterable[tuple[str, str]]) -> None:
    """Hold these places, each a municipality and what stands there, until the transaction ends."""
    slots = sorted({_slot(place) for place in places})
    if slots:
        await connection.execute(_LOCK, family, slots)


def _slot(place: tuple[str, str]) -> int:
    return int.from_bytes(blake2b("/".join(place).encode(), digest_size=4).digest(), "big") % _SLOTS
