"""Changes of alerts, written as sets: a few commands per batch, whatever its size.

Two rules. The caller holds the lock of each municipality it writes. A change, its step in the history and what is
told of it are one transaction, and numbers are given inside it: no number is skipped and none is given twice.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.alerts.lifecycle import Alert, Change
from services.alerts.rules import sentence
from services.alerts.store.numbering import ALERT_SERIES, take_numbers
from services.alerts.store.steps import SYSTEM, Stepped, write_steps
from services.alerts.store.telling import Telling, write_events
from youthcare.runtime.postgres import Connection
from youthcare.wire import to_wire

_NAMED = ("municipality", "number", "youth", "rule", "level", "anchor", "occurrence")
_FOUND = ("team", "opens_on", "closes_on", "threshold", "valid_from", "evidence", "terms", "sentence", "senders")
_LEFT = (
    "state", "told", "receivers", "holder", "until", "on_message", "former", "assignee", "outcome", "counted",
    "grounded",
)  # fmt: skip
_ALL = (*_NAMED, *_FOUND, *_LEFT)
_TYPES = {
    "number": "bigint", "occurrence": "integer", "opens_on": "date", "closes_on": "date", "threshold": "integer",
    "valid_from": "date", "evidence": "text[]", "terms": "jsonb", "senders": "text[]", "receivers": "text[]",
    "until": "date", "on_message": "boolean", "counted": "integer", "grounded": "boolean",
}  # fmt: skip


def _rows(names: Sequence[str]) -> str:
    typed = ", ".join(f"{name} {_TYPES.get(name, 'text')}" for name in names)
    return f"jsonb_to_recordset($1::jsonb) as row ({typed})"


def _set(names: Sequence[str], source: str) -> str:
    return ", ".join(f"{name} = {source}.{name}" for name in names)


_KEPT = f"""
insert into alert ({", ".join(_ALL)}, made, changed) select {", ".join(_ALL)}, $2, $2 from {_rows(_ALL)}
on conflict (municipality, number) do update set {_set((*_FOUND, *_LEFT), "excluded")}, changed = excluded.changed
"""  # noqa: S608 - names of columns, from constants of ours
_MOVED = f"""
update alert set {_set(_LEFT, "row")}, changed = $2 from {_rows(("municipality", "number", *_LEFT))}
where alert.municipality = row.municipality and alert.number = row.number
"""  # noqa: S608
_DROPPED = """
with gone as (select * from unnest($1::text[], $2::bigint[]) as gone (municipality, number)),
    steps as (
        delete from alert_step using gone
        where alert_step.municipality = gone.municipality and alert_step.alert = gone.number
    )
delete from alert using gone where alert.municipality = gone.municipality and alert.number = gone.number
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """One change to write: of which youth (None: of a sender), on which alert as it stood, and when the news came."""

    youth: tuple[str, str | None]
    change: Change
    alert: Alert | None = None
    received_at: datetime | None = None


async def write_changes(
    connection: Connection, changes: Sequence[Written], now: datetime, actor: str = SYSTEM
) -> list[int]:
    """Write changes of alerts, their steps and what is to be told of them; the numbers, in the order given."""
    if not changes:
        return []
    numbers = await _numbers(connection, changes)
    numbered = list(zip(changes, numbers, strict=True))
    dropped = [row for row in numbered if row[0].change.state is None]
    kept = [row for row in numbered if row[0].change.state is not None and row[0].change.finding is not None]
    moved = [row for row in numbered if row[0].change.state is not None and row[0].change.finding is None]
    if dropped:
        await connection.execute(_DROPPED, [row.youth[0] for row, _ in dropped], [number for _, number in dropped])
    if kept:
        await connection.execute(_KEPT, [_kept_row(row, number) for row, number in kept], now)
    if moved:
        await connection.execute(_MOVED, [_left_row(row, number) for row, number in moved], now)
    steps = [
        Stepped(municipality=row.youth[0], number=number, change=row.change, before=row.alert)
        for row, number in (*kept, *moved)
    ]
    await write_steps(connection, steps, now, actor)
    await write_events(connection, [_telling(row, number) for row, number in numbered if row.change.tell], now)
    return numbers


async def _numbers(connection: Connection, changes: Sequence[Written]) -> list[int]:
    """The number of the alert of each change; new alerts get the next ones, in the order given."""
    wanted = Counter((row.youth[0], ALERT_SERIES) for row in changes if row.change.number is None)
    new = await take_numbers(connection, wanted)
    return [
        next(new[row.youth[0], ALERT_SERIES]) if row.change.number is None else row.change.number for row in changes
    ]


def holder_of(change: Change, alert: Alert | None) -> str:
    """The team that has an alert after a change."""
    if change.holder is not None:
        return change.holder
    assert alert is not None, "a new alert has a holder"
    return alert.team_now


def _left_row(row: Written, number: int) -> dict[str, Any]:
    change, hands = row.change, row.change.hands
    assert change.state is not None, "what is dropped has no state"
    told = change.tell[-1] if change.tell else row.alert.told if row.alert else None
    earlier = row.alert.receivers if row.alert else frozenset()
    return {
        "municipality": row.youth[0],
        "number": number,
        "state": change.state.value,
        "told": told.value if told else None,
        "receivers": sorted(change.receivers if change.tell else earlier),
        "holder": holder_of(change, row.alert),
        "until": hands.until.isoformat() if hands.until else None,
        "on_message": hands.on_message,
        "former": hands.former.value if hands.former else None,
        "assignee": hands.assignee,
        "outcome": hands.outcome,
        "counted": hands.count,
        "grounded": hands.grounded,
    }


def _kept_row(row: Written, number: int) -> dict[str, Any]:
    finding = row.change.finding
    assert finding is not None, "what is kept has its finding"
    return _left_row(row, number) | {
        "youth": row.youth[1],
        "rule": finding.rule.value,
        "level": finding.level.value,
        "anchor": finding.anchor,
        "occurrence": finding.occurrence,
        "team": finding.team,
        "opens_on": finding.opens_on.isoformat(),
        "closes_on": finding.closes_on.isoformat() if finding.closes_on else None,
        "threshold": finding.norm.threshold,
        "valid_from": finding.norm.valid_from.isoformat(),
        "evidence": list(finding.evidence),
        "terms": to_wire(finding.terms),
        "sentence": sentence(finding),
        "senders": sorted(row.change.senders),
    }


def _telling(row: Written, number: int) -> Telling:
    subject = row.change.finding or row.alert
    assert subject is not None, "what is told is about something"
    return Telling(
        municipality=row.youth[0],
        youth=row.youth[1],
        alert=number,
        identity=subject.identity,
        team=holder_of(row.change, row.alert),
        opens_on=subject.opens_on,
        closes_on=subject.closes_on,
        change=row.change,
        is_first=row.alert is None or row.alert.told is None,
        received_at=row.received_at,
    )
