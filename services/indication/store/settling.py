"""The SQL of settling refusals by what is accepted later (`services/indication/settling.py`).

Two rules. What only shares its message or number with what is accepted is not settled by a delivery that refuses it
again: there it is not known which of the two was meant last. It is done in the transaction of the delivery: what is
answered as accepted has settled.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.indication.assertions import RefusedItem
from services.indication.mailbox import Settlement
from services.indication.settling import SAME, waiting_keys
from youthcare.runtime.postgres import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """An accepted statement or message, and the keys that it settles."""

    municipality: str
    sender: str
    identification: str
    keys: frozenset[str]


Refusal = tuple[str, str, int]
"""Municipality, sender and number."""

_WAIT = """
insert into refusal_key (municipality, sender, key, number, identification)
select * from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[]) on conflict do nothing
"""
# Locked in one order, so that deliveries that settle the same wait for each other, never in a circle.
_SETTLE = """
with held as (
    select municipality, sender, number, offered.name from refusal_key
    join unnest($1::text[], $2::text[], $3::text[], $4::text[]) as offered (municipality, sender, key, name)
    using (municipality, sender, key)
    where starts_with(key, $8) or identification <> all($5::text[])
    order by municipality, sender, number, key for update of refusal_key
)
update refusal set settled = greatest($6, refusal.received), settled_as = $7, settled_by = held.name
from held
where refusal.municipality = held.municipality and refusal.sender = held.sender
    and refusal.number = held.number and refusal.settled is null
returning refusal.municipality, refusal.sender, refusal.number
"""
_WAITS_NO_LONGER = """
delete from refusal_key using unnest($1::text[], $2::text[], $3::bigint[]) as done (municipality, sender, number)
where refusal_key.municipality = done.municipality and refusal_key.sender = done.sender
    and refusal_key.number = done.number
"""


async def wait(connection: Connection, rows: Iterable[tuple[RefusedItem, int]]) -> None:
    """Note under which keys refusals, each with its number, wait for what settles them."""
    keyed = [
        (item.municipality, item.sender, key, number, item.refused.identification)
        for item, number in rows
        for key in sorted(waiting_keys(item.refused, item.message))
    ]
    if keyed:
        await connection.execute(_WAIT, *_columns(keyed, 5))


async def settle(connection: Connection, offers: Sequence[Offer], refused: Collection[str], at: datetime) -> None:
    """Settle what these acceptances settle; `refused` are the identifications that the same delivery refuses."""
    keyed = [(each.municipality, each.sender, key, each.identification) for each in offers for key in sorted(each.keys)]
    if not keyed:
        return
    accepted = Settlement.ACCEPTED.value
    rows = await connection.fetch(_SETTLE, *_columns(keyed, 4), list(refused), at, accepted, SAME)
    await waits_no_longer(connection, [(row["municipality"], row["sender"], row["number"]) for row in rows])


async def waits_no_longer(connection: Connection, refusals: Sequence[Refusal]) -> None:
    """Forget under which keys settled refusals waited."""
    if refusals:
        await connection.execute(_WAITS_NO_LONGER, *_columns(refusals, 3))


def _columns(rows: Sequence[Sequence[object]], width: int) -> list[list[object]]:
    return [[row[part] for row in rows] for part in range(width)]
