"""The history of alerts: a row for every change of state and for whatever people did, in the same transaction.

One rule: rows are only added; the last row of an alert says what it is now.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.alerts.lifecycle import Alert, Cause, Change, State
from youthcare.runtime.postgres import Connection

SYSTEM = "system"
_STEPS = """
insert into alert_step
    (municipality, alert, step, at, actor, cause, before, after, team, until, assignee, outcome, note)
select row.municipality, row.alert, row.place + coalesce(
        (select max(step) from alert_step as s where s.municipality = row.municipality and s.alert = row.alert), 0),
    $11, $12, row.cause, row.before, row.after, row.team, row.until, row.assignee, row.outcome, row.note
from unnest($1::text[], $2::bigint[], $3::integer[], $4::text[], $5::text[], $6::text[], $7::text[], $8::date[],
        $9::text[], $10::text[], $13::text[])
    as row (municipality, alert, place, cause, before, after, team, until, assignee, outcome, note)
"""
_HISTORY = """
select step, at, actor, cause, before, after, team, until, assignee, outcome, note from alert_step
where municipality = $1 and alert = $2 order by step
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stepped:
    """A change of a numbered alert, and the alert as it stood."""

    municipality: str
    number: int
    change: Change
    before: Alert | None


async def write_steps(connection: Connection, changes: Sequence[Stepped], now: datetime, actor: str) -> None:
    """Add the steps of changes; a change that moves days alone is none."""
    rows = [row for change in changes for row in steps_of(change)]
    if not rows:
        return
    (*first, notes) = map(list, zip(*rows, strict=True))
    await connection.execute(_STEPS, *first, now, actor, notes)


def steps_of(stepped: Stepped) -> Iterator[tuple[Any, ...]]:
    """The steps of one change, in order: what opened and expired at once took two."""
    change, before = stepped.change, stepped.before
    assert change.state is not None, "what is dropped leaves no step"
    if before is not None and not is_step(change, before):
        return
    earlier: State | None = before.state if before else None
    team = change.holder if change.holder is not None else before.team_now if before else ""
    states = change.tell if len(change.tell) > 1 else (change.state,)
    for place, state in enumerate(states, start=1):
        yield (
            stepped.municipality,
            stepped.number,
            place,
            change.cause.value,
            earlier.value if earlier else None,
            state.value,
            team,
            change.hands.until,
            change.hands.assignee,
            change.hands.outcome,
            change.note,
        )
        earlier = state


def is_step(change: Change, before: Alert) -> bool:
    """Whether a change is more than days that moved."""
    moves = change.holder is not None and change.holder != before.team_now
    return change.state is not before.state or change.hands != before.hands or moves or change.cause is Cause.NOTED


async def history_of(connection: Connection, municipality: str, number: int) -> list[Mapping[str, Any]]:
    """The steps of one alert, the first first; none when there is no such alert.

    A row: `step`, `at` (UTC), `actor` (who, or `system`), `cause`, `before` (null: it was new), `after`, and the
    `team`, `until`, `assignee` and `outcome` after it, and the `note` that was written.
    """
    rows: list[Mapping[str, Any]] = await connection.fetch(_HISTORY, municipality, number)
    return rows
