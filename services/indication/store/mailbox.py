"""The SQL of the mailbox: which refusals somebody sees, the payload of one, and what its sender says of it.

Two rules. Opening a payload and writing down who got it is one transaction: nobody gets what is not written down.
Nothing here decides who may; the caller gives what the bearer sees.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from services.indication.mailbox import Position, Question, Settlement, Sight
from services.indication.store.settling import waits_no_longer
from youthcare.runtime.postgres import Connection
from youthcare.runtime.sealing import Keys

_SEEN = """
($3 or sender = any($1::text[]) or exists (select from unnest($2::text[]) start where starts_with(sender, start)))
"""
_COLUMNS = """
select sender, number, received, body, payload_until, payload is not null as is_kept, settled, settled_as, settled_by,
    readers, payload
from refusal where municipality = $4 and """
_LIST = (
    _COLUMNS.replace("readers, payload", "readers")
    + _SEEN
    + """
    and ($5::text is null or sender = $5)
    and ($6::text is null or convert_from(body, 'UTF8')::json ->> 'code' = $6)
    and ($7::boolean is null or (settled is not null) = $7)
    and ($8::timestamptz is null or received >= $8)
    and ($9::timestamptz is null or (received, sender, number) < ($9, $10, $11))
order by received desc, sender desc, number desc limit $12
"""
)
_ONE = _COLUMNS + _SEEN + " and number = $5 and ($6::text is null or sender = $6) order by sender for update"
_HANDLED = """
update refusal set settled = $4, settled_as = $5, settled_by = $6
where municipality = $1 and sender = $2 and number = $3 and settled is null
"""
_DISCLOSED = """
insert into disclosure (municipality, kind, actor, told, sender, refusal) values ($1, 'payload', $2, $3, $4, $5)
"""


class SeveralSendersError(Exception):
    """More than one sender has a refusal of this number; the asker must name one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One refusal as it is kept: what was told on the topic, and what became of it."""

    told: Mapping[str, Any]
    sender: str
    number: int
    received: datetime
    payload_until: datetime | None
    settled: datetime | None
    settled_as: str | None
    settled_by: str | None
    readers: tuple[str, ...] = ()
    sealed: bytes | None = None

    @property
    def position(self) -> Position:
        """Where it stands in the order of pages."""
        return Position(received=self.received, sender=self.sender, number=self.number)


async def list_refusals(connection: Connection, municipality: str, asked: Question) -> list[Kept]:
    """A page of refusals, the newest first, and one more when there is a next page."""
    after = asked.after
    rows = await connection.fetch(
        _LIST,
        *_seen(asked.sight),
        municipality,
        asked.sender,
        None if asked.code is None else asked.code.value,
        None if asked.state is None else asked.state.value == "settled",
        asked.since,
        *((None, None, None) if after is None else (after.received, after.sender, after.number)),
        asked.limit + 1,
    )
    return [_kept(row) for row in rows]


async def find_refusal(
    connection: Connection, municipality: str, sight: Sight, number: int, sender: str | None
) -> Kept | None:
    """One refusal, held until the transaction ends; None when it is not there or not seen.

    Raises ``SeveralSendersError`` when no sender is named and several have this number.
    """
    rows = await connection.fetch(_ONE, *_seen(sight), municipality, number, sender)
    if len(rows) > 1:
        raise SeveralSendersError
    return _kept(rows[0]) if rows else None


async def open_payload(
    connection: Connection, keys: Keys, municipality: str, kept: Kept, actor: str, at: datetime
) -> bytes | None:
    """The payload of a refusal, written down as told to `actor`; None when it is not kept any more."""
    if kept.sealed is None or kept.payload_until is None or kept.payload_until <= at:
        # The hourly sweep may not have come yet; the term has.
        return None
    await connection.execute(_DISCLOSED, municipality, actor, at, kept.sender, kept.number)
    return keys[municipality].unseal("refusal.payload", kept.sealed)


async def handled(
    connection: Connection, municipality: str, kept: Kept, outcome: Settlement, actor: str, at: datetime
) -> None:
    """Note what the sender says became of a refusal; one that is settled already stays as it is."""
    place = (municipality, kept.sender, kept.number)
    await connection.execute(_HANDLED, *place, at, outcome.value, actor)
    await waits_no_longer(connection, [place])


def _seen(sight: Sight) -> tuple[list[str], list[str], bool]:
    return sorted(sight.sources), list(sight.parties), sight.all_senders


def _kept(row: Mapping[str, Any]) -> Kept:
    return Kept(
        told=orjson.loads(row["body"]),
        sender=row["sender"],
        number=row["number"],
        received=row["received"],
        payload_until=row["payload_until"] if row["is_kept"] else None,
        settled=row["settled"],
        settled_as=row["settled_as"],
        settled_by=row["settled_by"],
        readers=tuple(row.get("readers") or ()),
        sealed=row.get("payload"),
    )
