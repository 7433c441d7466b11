"""What of a forgotten person stands in sealed content: refused payloads, what waits, events of unknown types.

Two rules. Whose it is shows only when it is opened, so all of a municipality is opened, in parts. What is found goes
as a whole: a refusal with its record on the topic, what waits, what is kept for an upgrade.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from services.indication.forgetting import Traces
from youthcare.runtime.postgres import Connection
from youthcare.runtime.sealing import MunicipalityKeys

ROWS_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """A table with sealed content: how its rows are read in order, from the one after a key, and how one goes."""

    column: str
    read: str
    delete: str
    first: tuple[Any, Any]


_PLACES = (
    _Place(
        column="refusal.payload",
        read="""
            select sender, number, body, payload from refusal
            where municipality = $1 and (sender, number) > ($2, $3) order by sender, number limit $4
        """,
        delete="""
            with gone as (
                delete from refusal where municipality = $1 and sender = $2 and number = $3
                returning municipality, sender, number
            ), settled_by as (
                delete from refusal_key where municipality = $1 and sender = $2 and number = $3
            )
            insert into refusal_tombstone select * from gone on conflict do nothing
        """,
        first=("", 0),
    ),
    _Place(
        column="parked.payload",
        read="""
            select source, id, ''::bytea, payload from parked
            where municipality = $1 and (source, id) > ($2, $3) order by source, id limit $4
        """,
        delete="delete from parked where municipality = $1 and source = $2 and id = $3",
        first=("", ""),
    ),
    _Place(
        column="unknown_type.payload",
        read="""
            select sender, number, ''::bytea, payload from unknown_type
            where municipality = $1 and (sender, number) > ($2, $3) order by sender, number limit $4
        """,
        delete="delete from unknown_type where municipality = $1 and sender = $2 and number = $3",
        first=("", 0),
    ),
)


async def erase_traces(connection: Connection, keys: MunicipalityKeys, traces: Traces) -> dict[str, list[list[Any]]]:
    """Delete what is about the person; answers the keys of what went, per table. Doing it again finds nothing."""
    gone: dict[str, list[list[Any]]] = {}
    for place in _PLACES:
        found = [key async for key in _found(connection, keys, traces, place)]
        await connection.executemany(place.delete, [(keys.municipality, *key) for key in found])
        gone[place.column.partition(".")[0]] = [list(key) for key in found]
    return gone


async def _found(
    connection: Connection, keys: MunicipalityKeys, traces: Traces, place: _Place
) -> AsyncIterator[tuple[Any, Any]]:
    last = place.first
    while rows := await connection.fetch(place.read, keys.municipality, *last, ROWS_AT_ONCE):
        for one, other, told, sealed in rows:
            content = b"" if sealed is None else keys.unseal(place.column, sealed)
            if traces.found_in(told) or traces.found_in(content):
                yield one, other
            last = (one, other)
