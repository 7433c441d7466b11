"""Whose message or request something refers to, and what waits until that is known.

Two rules. Who tells a reference and who waits for it take the same lock, so that neither passes the other unseen.
What waited for 30 days is refused: it answers nothing.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.indication.assertions import Assertion, digest, from_parked_form, parked_form
from services.indication.store.locks import REFERENCES, hold
from youthcare.runtime.postgres import Connection
from youthcare.runtime.sealing import Keys

PATIENCE = timedelta(days=30)
Place = tuple[str, str]
"""Municipality and look-up of a reference."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Known:
    """A message or request that has come: the name that statements write, and whose it is."""

    name: str
    youth: str


_FIND = """
select municipality, reference, name, youth from reference
join unnest($1::text[], $2::text[]) as wanted (municipality, reference) using (municipality, reference)
"""
_TELL = """
insert into reference (municipality, reference, name, youth)
select * from unnest($1::text[], $2::text[], $3::text[], $4::text[])
on conflict do nothing
returning municipality, reference
"""
_PARK = """
insert into parked (municipality, reference, source, id, sender, digest, payload, received, expires)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
on conflict (municipality, source, id) do nothing
"""
_PARKED_ALIKE = "select digest = $4 from parked where municipality = $1 and source = $2 and id = $3"
_RELEASE = """
delete from parked using unnest($1::text[], $2::text[]) as known (municipality, reference)
where parked.municipality = known.municipality and parked.reference = known.reference
returning parked.municipality, payload
"""
_EXPIRED = """
delete from parked where (municipality, source, id) in (
    select municipality, source, id from parked where expires <= $1
    order by expires limit $2 for update skip locked
)
returning municipality, payload
"""
_FORGET = """
with gone as (
    delete from reference where municipality = $1 and youth = $2 returning municipality, reference
)
insert into forgotten_reference select municipality, reference, $3 from gone on conflict do nothing
"""
_FORGOTTEN = """
select municipality, reference from forgotten_reference
join unnest($1::text[], $2::text[]) as wanted (municipality, reference) using (municipality, reference)
"""


async def lock(connection: Connection, places: Iterable[Place]) -> None:
    """Hold these references until the transaction ends; always in one order."""
    await hold(connection, REFERENCES, places)


async def known(connection: Connection, places: Collection[Place]) -> Mapping[Place, Known]:
    """The references that are known, with name and youth."""
    if not places:
        return {}
    rows = await connection.fetch(_FIND, *_columns(places))
    return {(row["municipality"], row["reference"]): Known(name=row["name"], youth=row["youth"]) for row in rows}


async def tell(connection: Connection, told: Mapping[Place, Known]) -> list[Place]:
    """Write whose these references are; answers those that were not known before."""
    if not told:
        return []
    # One order for all: deliveries that tell the same references wait for each other, never in a circle.
    rows = sorted(told.items())
    columns = _columns(place for place, _ in rows)
    names, youths = [each.name for _, each in rows], [each.youth for _, each in rows]
    fresh = await connection.fetch(_TELL, *columns, names, youths)
    return [(row["municipality"], row["reference"]) for row in fresh]


async def release(connection: Connection, keys: Keys, places: Collection[Place]) -> list[Assertion]:
    """What waited for these references; it waits no longer."""
    if not places:
        return []
    return _opened(keys, await connection.fetch(_RELEASE, *_columns(places)))


async def expired(connection: Connection, keys: Keys, now: datetime, limit: int) -> list[Assertion]:
    """What has waited too long; it waits no longer."""
    return _opened(keys, await connection.fetch(_EXPIRED, now, limit))


async def park(connection: Connection, keys: Keys, assertion: Assertion) -> bool:
    """Let an assertion wait; false when other content waits under the same identity."""
    payload = keys[assertion.municipality].seal("parked.payload", parked_form(assertion))
    expires = assertion.received + PATIENCE
    await connection.execute(
        _PARK,
        assertion.municipality,
        assertion.refers_to,
        assertion.source,
        assertion.id,
        assertion.sender,
        digest(assertion),
        payload,
        assertion.received,
        expires,
    )
    return bool(await connection.fetchval(_PARKED_ALIKE, *assertion.identity, digest(assertion)))


async def forget(connection: Connection, municipality: str, youth: str, now: datetime) -> None:
    """Remove whose references these were; what answers them later is about nobody."""
    await connection.execute(_FORGET, municipality, youth, now)


async def forgotten(connection: Connection, places: Collection[Place]) -> frozenset[Place]:
    """Those of the references that were a youth's who was forgotten."""
    if not places:
        return frozenset()
    return frozenset(map(tuple, await connection.fetch(_FORGOTTEN, *_columns(places))))


def _opened(keys: Keys, rows: Sequence[Mapping[str, object]]) -> list[Assertion]:
    return [from_parked_form(_payload(keys, row)) for row in rows]


def _payload(keys: Keys, row: Mapping[str, object]) -> bytes:
    sealed = row["payload"]
    assert isinstance(sealed, bytes)
    return keys[str(row["municipality"])].unseal("parked.payload", sealed)


def _columns(places: Iterable[Place]) -> tuple[list[str], list[str]]:
    rows = list(places)
    return [municipality for municipality, _ in rows], [reference for _, reference in rows]
