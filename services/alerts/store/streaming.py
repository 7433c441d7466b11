"""What was told, as a listener reads it on: by number after those it has, and which receivers have a heartbeat due."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from youthcare.runtime.postgres import Connection

_LAST = "select series, number from last_number where municipality = $1 and series = any($2::text[])"
_AFTER = """
select told.receiver, told.number, told.body, told.youth
from unnest($2::text[], $3::bigint[]) as heard (receiver, number)
cross join lateral (
    select receiver, number, body, youth from alert_event as event
    where event.municipality = $1 and event.receiver = heard.receiver and event.number > heard.number
    order by event.number limit $4
) as told
order by told.number, told.receiver
"""
_BEATS = """
with due as (
    insert into receiver_heartbeat (municipality, receiver, beaten_at)
    select municipality, series, $1 from last_number where series = 'supervisor' or series like 'team:%'
    order by municipality, series
    on conflict (municipality, receiver) do update set beaten_at = excluded.beaten_at
        where receiver_heartbeat.beaten_at <= excluded.beaten_at - make_interval(secs => $2)
    returning municipality, receiver
)
select due.municipality, due.receiver, coalesce(
    (select min(waiting.number) - 1 from alert_event as waiting where waiting.municipality = due.municipality
        and waiting.receiver = due.receiver and waiting.published is null), given.number) as last_number
from due join last_number as given on given.municipality = due.municipality and given.series = due.receiver
order by 1, 2
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One event as its receiver hears it; `body` is the record on the topic, `youth` whom it names."""

    receiver: str
    number: int
    body: bytes
    youth: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """A receiver and the last number up to which all was published."""

    municipality: str
    receiver: str
    last_number: int


async def last_numbers(connection: Connection, municipality: str, receivers: Sequence[str]) -> dict[str, int]:
    """The last number given to each receiver; 0 for one that was never told anything."""
    rows = await connection.fetch(_LAST, municipality, list(receivers))
    return dict.fromkeys(receivers, 0) | {row["series"]: row["number"] for row in rows}


async def told_after(connection: Connection, municipality: str, heard: Mapping[str, int], limit: int) -> list[Told]:
    """What was told to receivers after the numbers heard, by number, at most so many per receiver."""
    rows = await connection.fetch(_AFTER, municipality, list(heard), list(heard.values()), limit)
    return [Told(**row) for row in rows]


async def beats_due(connection: Connection, now: datetime, seconds: float) -> list[Beat]:
    """The receivers that were not told their last number for so many seconds; they count as told from now."""
    rows = await connection.fetch(_BEATS, now, seconds)
    return [Beat(**row) for row in rows]
