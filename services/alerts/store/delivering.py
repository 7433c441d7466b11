"""Webhooks in the tables: entered and removed by people, claimed, moved on and put off by the worker.

Two rules. Who delivers holds a lease, told apart by a token: what it writes counts while the lease is its own. The
clock of leases and pauses is the database's, so that workers need not agree on the time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from services.alerts.store.numbering import take_numbers
from youthcare.runtime.postgres import Connection

WEBHOOK_SERIES = "webhook"

_ENTERED = """
insert into webhook (municipality, number, receiver, url, secret, entered_by, entered_at, next_number)
values ($1, $2, $3, $4, $5, $6, $7, coalesce($8, 1 + coalesce(
    (select number from last_number where municipality = $1 and series = $3), 0)))
on conflict (municipality, receiver, url) do nothing returning number
"""
_LISTED = """
select w.number, w.receiver, w.url, w.state, w.next_number, coalesce(l.number, 0) as last_number, w.failures,
    w.last_failure, w.delivered_at,
    case when w.failures > 0 and w.state = 'active' then w.due_at end as next_attempt_at, w.entered_by, w.entered_at
from webhook w left join last_number l on l.municipality = w.municipality and l.series = w.receiver
where w.municipality = $1 order by w.number
"""
_REPLAYED = """
update webhook set next_number = $3, state = 'active', failures = 0, last_failure = null, due_at = now(), lease = null
where municipality = $1 and number = $2 returning number
"""
_CLAIMED = """
update webhook set lease = $1, leased_until = now() + make_interval(secs => $2)
from (
    select municipality, number from webhook as waiting
    where state = 'active' and due_at <= now() and (leased_until is null or leased_until <= now())
        and exists (select from alert_event as told where told.municipality = waiting.municipality
            and told.receiver = waiting.receiver and told.number >= waiting.next_number)
    for update skip locked
) as due
where webhook.municipality = due.municipality and webhook.number = due.number
returning webhook.municipality, webhook.number, receiver, url, secret, next_number, failures
"""
_WAITING = """
select number, body from alert_event where municipality = $1 and receiver = $2 and number >= $3 order by number limit $4
"""
_MOVED_ON = """
update webhook set next_number = $4, failures = 0, last_failure = null, delivered_at = now(),
    leased_until = now() + make_interval(secs => $5)
where municipality = $1 and number = $2 and lease = $3 returning number
"""
_PUT_OFF = """
update webhook set failures = failures + 1, last_failure = $4, state = $5,
    due_at = now() + make_interval(secs => $6), lease = null, leased_until = null
where municipality = $1 and number = $2 and lease = $3
"""
_RELEASED = (
    "update webhook set lease = null, leased_until = null where municipality = $1 and number = $2 and lease = $3"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A webhook that this worker delivers to while its lease lasts; `secret` is sealed."""

    municipality: str
    number: int
    receiver: str
    url: str
    secret: bytes = field(repr=False)
    next_number: int
    failures: int
    lease: UUID

    @property
    def place(self) -> str:
        """Where its secret is sealed for."""
        return secret_place(self.number)


def secret_place(number: int) -> str:
    """The place that the secret of a webhook is sealed for: that of no other webhook."""
    return f"webhook.secret.{number}"


async def take_webhook_number(connection: Connection, municipality: str) -> int:
    """The number of a webhook that is about to be entered."""
    series = (municipality, WEBHOOK_SERIES)
    return next((await take_numbers(connection, {series: 1}))[series])


async def enter_webhook(
    connection: Connection,
    *,
    municipality: str,
    number: int,
    receiver: str,
    url: str,
    secret: bytes,
    actor: str,
    now: datetime,
    first: int | None,
) -> bool:
    """Enter a webhook that begins at a number (None: with what is told from now on); false when it is there already."""
    values = (municipality, number, receiver, url, secret, actor, now, first)
    return await connection.fetchval(_ENTERED, *values) is not None


async def list_webhooks(connection: Connection, municipality: str) -> Sequence[Mapping[str, Any]]:
    """The webhooks of a municipality and how each stands, without their secrets."""
    rows: Sequence[Mapping[str, Any]] = await connection.fetch(_LISTED, municipality)
    return rows


async def remove_webhook(connection: Connection, municipality: str, number: int) -> bool:
    """Remove a webhook; false when there is none."""
    done = await connection.execute("delete from webhook where municipality = $1 and number = $2", municipality, number)
    return bool(done != "DELETE 0")


async def replay_webhook(connection: Connection, municipality: str, number: int, first: int) -> bool:
    """Have a webhook go on from a number of its receiver, dead or not; false when there is no such webhook.

    A delivery under way ends first; that it was done is not written any more.
    """
    return await connection.fetchval(_REPLAYED, municipality, number, first) is not None


async def claim_webhooks(connection: Connection, lease: UUID, seconds: float) -> list[Claimed]:
    """Take every webhook for which something waits and that nobody else delivers to."""
    rows = await connection.fetch(_CLAIMED, lease, seconds)
    return [Claimed(**row, lease=lease) for row in rows]


async def read_waiting(connection: Connection, claimed: Claimed, first: int, limit: int) -> list[tuple[int, bytes]]:
    """What is to be delivered, by number, from a number on; a number that is missing was of a forgotten youth."""
    rows = await connection.fetch(_WAITING, claimed.municipality, claimed.receiver, first, limit)
    return [(row["number"], row["body"]) for row in rows]


async def move_on(connection: Connection, claimed: Claimed, next_number: int, seconds: float) -> bool:
    """Note that all before a number was delivered, and keep the lease; false when it is no longer ours."""
    values = (claimed.municipality, claimed.number, claimed.lease, next_number, seconds)
    return await connection.fetchval(_MOVED_ON, *values) is not None


async def put_off(connection: Connection, claimed: Claimed, failure: str, pause: float | None) -> None:
    """Note a failure and give the lease back: again after a pause in seconds, or never by itself (None)."""
    state = "dead" if pause is None else "active"
    values = (claimed.municipality, claimed.number, claimed.lease, failure, state, pause or 0.0)
    await connection.execute(_PUT_OFF, *values)


async def release(connection: Connection, claimed: Claimed) -> None:
    """Give the lease back."""
    await connection.execute(_RELEASED, claimed.municipality, claimed.number, claimed.lease)


async def count_dead(connection: Connection) -> int:
    """How many webhooks are dead."""
    count: int = await connection.fetchval("select count(*) from webhook where state = 'dead'")
    return count
