"""Mail in the tables: to whom, what is due, what was sent.

Two rules. The mail of a day is made once per team, in one transaction with the note that it was. An address gets its
mails in the order of their days.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from services.alerts.digest import SUPERVISOR, Digest, monday_of
from youthcare.period import start_of_day
from youthcare.runtime.postgres import Connection

_MAKING_LOCK = 0x64696765
_FIRST_PERIOD = timedelta(days=1)
_WEEK = timedelta(days=7)
_KEPT = timedelta(days=90)
"""How long it is kept that a mail was sent."""
_SHOWN_DEAD = timedelta(days=7)

_MADE = """
with due as (
    select team.municipality, team.team, made.number as since, coalesce(given.number, 0) as through
    from (select distinct municipality, team from digest_address where team <> '*') as team
    left join digest_day as made using (municipality, team)
    left join last_number as given
        on given.municipality = team.municipality and given.series = 'team:' || team.team
    where made.day is null or made.day < $1
), counted as (
    select due.*, (
        select count(distinct told.alert) from alert_event as told
        join alert on alert.municipality = told.municipality and alert.number = told.alert and alert.state = 'open'
        where told.municipality = due.municipality and told.receiver = 'team:' || due.team and told.state = 'open'
            and told.number > coalesce(due.since, 0) and told.number <= due.through
            and (due.since is not null or told.recorded > $2)
    ) as alerts from due
), noted as (
    insert into digest_day (municipality, team, day, number) select municipality, team, $1, through from counted
    on conflict (municipality, team) do update set day = excluded.day, number = excluded.number
)
insert into digest (municipality, team, day, address, alerts)
select counted.municipality, counted.team, $1, address, alerts
from counted join digest_address using (municipality, team) where alerts > 0
on conflict do nothing
"""
_MADE_WEEKLY = """
with due as (
    select kept.municipality from (select distinct municipality from digest_address where team = $4) as kept
    left join digest_day as made on made.municipality = kept.municipality and made.team = $4
    where made.day is null or made.day < $1
), counted as (
    select municipality, access_log.reasons_counted(municipality, $2, $3) as reasons from due
), noted as (
    insert into digest_day (municipality, team, day, number) select municipality, $4, $1, reasons from counted
    on conflict (municipality, team) do update set day = excluded.day, number = excluded.number
)
insert into digest (municipality, team, day, address, alerts)
select counted.municipality, team, $1, address, reasons
from counted join digest_address using (municipality) where team = $4 and reasons > 0
on conflict do nothing
"""
_CLAIMED = """
update digest set lease = $1, leased_until = now() + make_interval(secs => $2)
from (
    select municipality, team, day, address from digest as waiting
    where state = 'waiting' and due_at <= now() and (leased_until is null or leased_until <= now())
        and not exists (select from digest as earlier where earlier.municipality = waiting.municipality
            and earlier.team = waiting.team and earlier.address = waiting.address and earlier.state = 'waiting'
            and earlier.day < waiting.day)
    order by municipality, team, day, address limit 1 for update skip locked
) as due
where digest.municipality = due.municipality and digest.team = due.team and digest.day = due.day
    and digest.address = due.address
returning digest.municipality, digest.team, digest.day, digest.address, alerts, failures
"""
_IS_OURS = "municipality = $1 and team = $2 and day = $3 and address = $4 and lease = $5"
_SENT = f"""
update digest set state = 'done', sent_at = now(), last_failure = null, lease = null, leased_until = null
where {_IS_OURS}
"""  # noqa: S608 - from a constant of ours
_PUT_OFF = f"""
update digest set failures = failures + 1, last_failure = $6, state = $7,
    due_at = now() + make_interval(secs => $8), lease = null, leased_until = null where {_IS_OURS}
"""  # noqa: S608
_LISTED = """
select kept.team, kept.address, kept.entered_by, kept.entered_at, last.day as last_day, last.state as last_state,
    last.failures, last.last_failure
from digest_address as kept
left join lateral (
    select day, state, failures, last_failure from digest where municipality = kept.municipality
        and team = kept.team and address = kept.address order by day desc limit 1
) as last on true
where kept.municipality = $1 order by kept.team, kept.address
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedDigest:
    """A mail that this worker sends while its lease lasts."""

    digest: Digest
    failures: int
    lease: UUID

    @property
    def key(self) -> tuple[str, str, date, str, UUID]:
        """What tells the row, and that it is ours."""
        mail = self.digest
        return mail.municipality, mail.team, mail.day, mail.address, self.lease


async def make_digests(connection: Connection, day: date, now: datetime) -> int:
    """Make the mail of a day for every team that has addresses and had none for it yet; answers how many mails.

    Counted are the alerts that were told as open since the last such mail (for a first mail: in a day) and still are.
    The supervisor's mail is made once a week, about the week before.
    """
    async with connection.transaction():
        if not await connection.fetchval("select pg_try_advisory_xact_lock($1)", _MAKING_LOCK):
            return 0
        made = await connection.execute(_MADE, day, now - _FIRST_PERIOD)
        monday = monday_of(day)
        since, until = start_of_day(monday - _WEEK), start_of_day(monday)
        weekly = await connection.execute(_MADE_WEEKLY, monday, since, until, SUPERVISOR)
        await connection.execute("delete from digest where day < $1 and state <> 'waiting'", day - _KEPT)
    return int(made.split()[-1]) + int(weekly.split()[-1])


async def claim_digest(connection: Connection, lease: UUID, seconds: float) -> ClaimedDigest | None:
    """Take a mail that is due and that nobody else sends; None when there is none."""
    row = await connection.fetchrow(_CLAIMED, lease, seconds)
    if row is None:
        return None
    values = {name: row[name] for name in ("municipality", "team", "day", "address", "alerts")}
    return ClaimedDigest(digest=Digest(**values), failures=row["failures"], lease=lease)


async def note_sent(connection: Connection, claimed: ClaimedDigest) -> None:
    """Note that the mail server took a mail."""
    await connection.execute(_SENT, *claimed.key)


async def put_off_digest(connection: Connection, claimed: ClaimedDigest, failure: str, pause: float | None) -> None:
    """Note a failure: again after a pause in seconds, or never (None)."""
    state = "dead" if pause is None else "waiting"
    await connection.execute(_PUT_OFF, *claimed.key, failure, state, pause or 0.0)


async def count_dead_digests(connection: Connection, day: date) -> int:
    """How many mails of the last week were given up."""
    count: int = await connection.fetchval(
        "select count(*) from digest where state = 'dead' and day > $1", day - _SHOWN_DEAD
    )
    return count


async def enter_address(
    connection: Connection, *, municipality: str, team: str, address: str, actor: str, now: datetime
) -> bool:
    """Enter an address for the mail of a team; false when it is there already."""
    done = await connection.execute(
        "insert into digest_address values ($1, $2, $3, $4, $5) on conflict do nothing",
        municipality, team, address, actor, now,
    )  # fmt: skip
    return bool(done != "INSERT 0 0")


async def list_addresses(connection: Connection, municipality: str) -> Sequence[Mapping[str, Any]]:
    """The addresses of a municipality, and what became of the last mail to each."""
    rows: Sequence[Mapping[str, Any]] = await connection.fetch(_LISTED, municipality)
    return rows


async def remove_address(connection: Connection, municipality: str, team: str, address: str) -> bool:
    """Remove an address and all that is kept of mails to it; false when there is none."""
    key = (municipality, team, address)
    await connection.execute("delete from digest where municipality = $1 and team = $2 and address = $3", *key)
    done = await connection.execute(
        "delete from digest_address where municipality = $1 and team = $2 and address = $3", *key
    )
    return bool(done != "DELETE 0")
