"""What was refused: numbered per sender, kept as it goes to the topic, its payload sealed for 90 days.

Two rules. A refusal is written in the transaction of the delivery it belongs to: it is never lost and never told
of something that was not decided. The payload leaves Postgres only to its own sender, and each time is written
down (`mailbox.py`).
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import orjson

from schemas.refusals import Refusal
from services.indication.assertions import RefusedItem, UnknownItem
from services.indication.store.settling import wait
from youthcare.runtime.postgres import Connection
from youthcare.runtime.sealing import Keys

PAYLOAD_KEPT = timedelta(days=90)
UNKNOWN_KEPT = timedelta(days=365)
Sender = tuple[str, str]
"""Municipality and sender."""

_NUMBER = """
insert into refusal_count (municipality, sender, last) values ($1, $2, $3)
on conflict (municipality, sender) do update set last = refusal_count.last + excluded.last
returning last
"""
_INSERT = """
insert into refusal (municipality, sender, number, received, body, payload, payload_until, readers)
select municipality, sender, number, received, body, payload, payload_until,
    array(select jsonb_array_elements_text(readers::jsonb))
from unnest($1::text[], $2::text[], $3::bigint[], $4::timestamptz[], $5::bytea[], $6::bytea[], $7::timestamptz[],
    $8::text[]) as item (municipality, sender, number, received, body, payload, payload_until, readers)
"""
_KEEP_UNKNOWN = """
insert into unknown_type (municipality, sender, payload, received, expires, offered)
select * from unnest($1::text[], $2::text[], $3::bytea[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[])
"""
_TAKE_UNKNOWN = """
delete from unknown_type where (municipality, sender, number) in (
    select municipality, sender, number from unknown_type where offered < $1
    order by number limit $2 for update skip locked
)
returning municipality, sender, payload, received
"""
_DROP_PAYLOADS = "update refusal set payload = null where payload is not null and payload_until <= $1"
_DROP_UNKNOWN = "delete from unknown_type where expires <= $1"


async def write(connection: Connection, keys: Keys, items: Sequence[RefusedItem]) -> None:
    """Number and keep refusals."""
    if not items:
        return
    numbers = await _numbers(connection, items)
    rows = [(item, next(numbers[item.municipality, item.sender])) for item in items]
    await connection.execute(
        _INSERT,
        [item.municipality for item, _ in rows],
        [item.sender for item, _ in rows],
        [number for _, number in rows],
        [item.received for item, _ in rows],
        [record_of(item, number) for item, number in rows],
        [_sealed(keys, item) for item, _ in rows],
        [item.received + PAYLOAD_KEPT for item, _ in rows],
        [orjson.dumps(item.readers).decode() for item, _ in rows],
    )
    await wait(connection, rows)


async def _numbers(connection: Connection, items: Sequence[RefusedItem]) -> Mapping[Sender, Iterator[int]]:
    counts = Counter((item.municipality, item.sender) for item in items)
    numbers = {}
    # One order for all: two deliveries that refuse for the same senders never wait in a circle.
    for (municipality, sender), count in sorted(counts.items()):
        last = await connection.fetchval(_NUMBER, municipality, sender, count)
        numbers[municipality, sender] = iter(range(last - count + 1, last + 1))
    return numbers


def record_of(item: RefusedItem, number: int) -> bytes:
    """The refusal as it goes to the topic."""
    refusal = Refusal.model_validate(
        {
            "municipality": item.municipality,
            "sender": item.sender,
            "number": number,
            "received": item.received.isoformat(),
            "type": item.type,
            "identification": item.refused.identification,
            "field": item.refused.field,
            "code": item.refused.reason,
            "guidance": item.refused.guidance,
        }
    )
    return orjson.dumps(refusal.model_dump(mode="json", exclude_none=True), option=orjson.OPT_SORT_KEYS)


def _sealed(keys: Keys, item: RefusedItem) -> bytes | None:
    own = keys.get(item.municipality)
    return None if own is None or item.payload is None else own.seal("refusal.payload", item.payload)


async def keep_unknown(
    connection: Connection, keys: Keys, items: Sequence[UnknownItem], since: datetime | None = None
) -> None:
    """Keep events of unknown types, sealed, for after an upgrade; `since` when they were last offered."""
    if items:
        await connection.execute(
            _KEEP_UNKNOWN,
            [item.municipality for item in items],
            [item.sender for item in items],
            [keys[item.municipality].seal("unknown_type.payload", item.payload) for item in items],
            [item.received for item in items],
            [item.received + UNKNOWN_KEPT for item in items],
            [since or item.received for item in items],
        )


async def take_unknown(connection: Connection, keys: Keys, before: datetime, limit: int) -> list[UnknownItem]:
    """Events of unknown types last offered before an instant; they are kept no longer."""
    rows = await connection.fetch(_TAKE_UNKNOWN, before, limit)
    return [
        UnknownItem(
            municipality=row["municipality"],
            sender=row["sender"],
            received=row["received"],
            payload=keys[row["municipality"]].unseal("unknown_type.payload", row["payload"]),
        )
        for row in rows
    ]


async def drop_expired(connection: Connection, now: datetime) -> None:
    """Destroy payloads whose term is over."""
    await connection.execute(_DROP_PAYLOADS, now)
    await connection.execute(_DROP_UNKNOWN, now)
