"""Alerts as they are kept, read for folding and sweeping; the caller holds the lock of the municipality."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from services.alerts.finding import Identity, Level, Rule
from services.alerts.lifecycle import Alert, Hands, State
from services.alerts.processor import Stamp, YouthKey
from youthcare.runtime.postgres import Connection

_LOCK_CLASS = 0x616C7274
_ALERT = """
select municipality, youth, number, rule, level, anchor, occurrence, team, opens_on, closes_on, valid_from,
    evidence, terms, state, told, receivers, holder, senders, until, on_message, former, assignee, outcome, counted,
    grounded
from alert
"""
_SILENT = "state in ('open', 'acknowledged', 'snoozed') and senders && $2::text[]"
_HEARD = "state = 'stale' and not senders && $2::text[]"
_OF_YOUTHS = """
join unnest($1::text[], $2::text[]) as wanted (municipality, youth) using (municipality, youth)
"""
_STAMPS = """
select municipality, youth, version_rules, version_count, known_day from youth_state
join unnest($1::text[], $2::text[]) as wanted (municipality, youth) using (municipality, youth)
"""


async def lock_municipalities(connection: Connection, municipalities: Iterable[str]) -> None:
    """Be the only one who changes alerts of these municipalities, until the transaction ends."""
    # In order, so that two workers wait for each other instead of deadlocking.
    for municipality in sorted(set(municipalities)):
        await connection.execute("select pg_advisory_xact_lock($1, $2)", _LOCK_CLASS, int(municipality))


async def read_stamps(connection: Connection, keys: Sequence[YouthKey]) -> dict[YouthKey, Stamp]:
    """Which facts of each youth have been applied; a youth never heard of is left out."""
    rows = await connection.fetch(_STAMPS, *columns(keys))
    return {
        (row["municipality"], row["youth"]): ((row["version_rules"], row["version_count"]), row["known_day"])
        for row in rows
    }


async def read_alerts(connection: Connection, keys: Sequence[YouthKey]) -> dict[YouthKey, list[Alert]]:
    """The alerts of each youth, by number."""
    found: dict[YouthKey, list[Alert]] = defaultdict(list)
    for row in await connection.fetch(_ALERT + _OF_YOUTHS + "order by number", *columns(keys)):
        found[row["municipality"], row["youth"]].append(alert_of(row))
    return found


async def read_one(connection: Connection, municipality: str, number: int) -> tuple[str | None, Alert] | None:
    """One alert and its youth (None: of a sender)."""
    row = await connection.fetchrow(_ALERT + "where municipality = $1 and number = $2", municipality, number)
    return None if row is None else (row["youth"], alert_of(row))


async def read_of_senders(connection: Connection, municipality: str) -> list[Alert]:
    """The alerts of a municipality that are about senders, by number."""
    rows = await connection.fetch(_ALERT + "where municipality = $1 and youth is null order by number", municipality)
    return [alert_of(row) for row in rows]


async def read_due(
    connection: Connection, municipality: str, today: date, limit: int
) -> list[tuple[str | None, Alert]]:
    """Alerts of a municipality that a day changes, with their youths, those longest due first."""
    rows = await connection.fetch(
        _ALERT + "where municipality = $2 and due_on <= $1 order by due_on, number limit $3",
        today,
        municipality,
        limit,
    )
    return [(row["youth"], alert_of(row)) for row in rows]


async def read_uncertain(
    connection: Connection, municipality: str, silent: Iterable[str], limit: int
) -> list[tuple[str | None, Alert]]:
    """Alerts that rest on a silent sender and are not uncertain yet, and those that still are without reason."""
    found: list[tuple[str | None, Alert]] = []
    senders = sorted(silent)
    for condition in (_SILENT, _HEARD) if senders else (_HEARD,):
        rows = await connection.fetch(
            _ALERT + f"where municipality = $1 and {condition} order by number limit $3", municipality, senders, limit
        )
        found += [(row["youth"], alert_of(row)) for row in rows]
    return found


async def open_counts(connection: Connection) -> dict[tuple[str, str], int]:
    """How many alerts stand open, by municipality and rule."""
    rows = await connection.fetch(
        "select municipality, rule, count(*) filter (where state = 'open') as count from alert group by 1, 2"
    )
    return {(row["municipality"], row["rule"]): row["count"] for row in rows}


async def open_counts_of_teams(connection: Connection) -> dict[tuple[str, str, str], int]:
    """How many alerts stand open, by municipality, team and rule."""
    rows = await connection.fetch(
        """select municipality, coalesce(holder, team) as team, rule, count(*) filter (where state = 'open') as count
           from alert group by 1, 2, 3"""
    )
    return {(row["municipality"], row["team"], row["rule"]): row["count"] for row in rows}


def alert_of(row: Mapping[str, Any]) -> Alert:
    """An alert as the lifecycle knows it."""
    return Alert(
        number=row["number"],
        identity=Identity(
            rule=Rule(row["rule"]), level=Level(row["level"]), anchor=row["anchor"], occurrence=row["occurrence"]
        ),
        team=row["team"],
        opens_on=row["opens_on"],
        closes_on=row["closes_on"],
        valid_from=row["valid_from"],
        evidence=tuple(row["evidence"]),
        terms=row["terms"],
        state=State(row["state"]),
        told=State(row["told"]) if row["told"] else None,
        receivers=frozenset(row["receivers"]),
        holder=row["holder"] or "",
        senders=frozenset(row["senders"]),
        hands=Hands(
            until=row["until"],
            on_message=row["on_message"],
            former=State(row["former"]) if row["former"] else None,
            assignee=row["assignee"],
            outcome=row["outcome"],
            count=row["counted"],
            grounded=row["grounded"],
        ),
    )


def columns(keys: Sequence[YouthKey]) -> tuple[list[str], list[str]]:
    """Youths as two columns, for `unnest`."""
    return [key[0] for key in keys], [key[1] for key in keys]
