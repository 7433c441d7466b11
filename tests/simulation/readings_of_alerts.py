"""What the statements about alerts do, on tables in memory: alerts, their steps, what is told, and the outbox."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import asyncpg
import orjson

from services.alerts import outbox
from services.alerts.store import numbering, reading, senders, steps, telling, writing
from tests.simulation.readings_alerts import pairs
from tests.simulation.readings_trajectory import Column
from tests.simulation.tables import Key, Session, Values, reads

_DATES = frozenset(name for name, kind in writing._TYPES.items() if kind == "date")
_IDENTITY = ("municipality", "youth", "rule", "level", "anchor", "occurrence")
_SENDERS_OWN = ("open", "acknowledged", "snoozed")


def _typed(row: Values) -> Values:
    """A row of JSON in the types of the table."""
    stored = orjson.loads(orjson.dumps(row))
    return {
        name: date.fromisoformat(value) if name in _DATES and value is not None else value
        for name, value in stored.items()
    }


def due_on(row: Values) -> date | None:
    """The day on which days alone change an alert: what the trigger computes."""
    after = row["closes_on"] + timedelta(days=1) if row["closes_on"] is not None else None
    if row["state"] == "scheduled":
        return row["opens_on"]  # type: ignore[no-any-return]
    if row["state"] in ("acknowledged", "snoozed"):
        return min((day for day in (row["until"], after) if day is not None), default=None)
    return after if row["state"] in ("open", "stale") else None


async def _put_alert(session: Session, key: Key, row: Values) -> None:
    identity = [row[name] for name in _IDENTITY]
    for other, held in session.rows("alert"):
        if other != key and [held[name] for name in _IDENTITY] == identity:
            raise asyncpg.UniqueViolationError("duplicate key value violates unique constraint")
    await session.put("alert", key, row | {"due_on": due_on(row)})


@reads(writing._KEPT)
async def keep_alerts(session: Session, rows: Sequence[Values], now: datetime) -> None:
    """New alerts, and those whose finding says something else."""
    for given in map(_typed, rows):
        key = (given["municipality"], given["number"])
        held = await session.locked("alert", key)
        named = given if held is None else {name: held[name] for name in writing._NAMED}
        made = now if held is None else held["made"]
        await _put_alert(session, key, given | named | {"made": made, "changed": now})


@reads(writing._MOVED)
async def move_alerts(session: Session, rows: Sequence[Values], now: datetime) -> None:
    """Alerts that reach a state without their finding."""
    for given in map(_typed, rows):
        key = (given["municipality"], given["number"])
        held = await session.locked("alert", key)
        if held is not None:
            left = {name: given[name] for name in writing._LEFT}
            await _put_alert(session, key, held | left | {"changed": now})


@reads(writing._DROPPED)
async def drop_alerts(session: Session, municipalities: Column, numbers: Column) -> None:
    """Alerts that nobody was told of, with their steps."""
    gone = pairs(municipalities, numbers)
    for table in ("alert_step", "alert"):
        for key, _ in session.rows(table):
            if key[:2] in gone:
                await session.delete(table, key)


@reads(numbering._TAKEN)
async def take_numbers(session: Session, municipalities: Column, series: Column, counts: Column) -> list[Values]:
    """So many further."""
    taken = []
    for municipality, name, count in zip(municipalities, series, counts, strict=True):
        held = await session.locked("last_number", (municipality, name)) or {"number": 0}
        row = {"municipality": municipality, "series": name, "number": held["number"] + count}
        await session.put("last_number", (municipality, name), row)
        taken.append(row)
    return taken


@reads(steps._STEPS)
async def write_steps(session: Session, *given: Any) -> None:
    """After the last step of each alert."""
    *columns, now, actor, notes = given
    names = ("municipality", "alert", "place", "cause", "before", "after", "team", "until", "assignee", "outcome")
    held: dict[Key, int] = {}
    for key, _ in session.rows("alert_step"):
        held[key[:2]] = max(held.get(key[:2], 0), key[2])
    for values in zip(*columns, notes, strict=True):
        row = dict(zip((*names, "note"), values, strict=True)) | {"at": now, "actor": actor}
        place = (row["municipality"], row["alert"])
        row["step"] = row.pop("place") + held.get(place, 0)
        if session.find("alert_step", (*place, row["step"])) is not None:
            raise asyncpg.UniqueViolationError("duplicate key value violates unique constraint")
        await session.put("alert_step", (*place, row["step"]), row)


_EVENT = (
    "municipality", "receiver", "number", "alert", "youth", "rule", "state", "body", "opens", "received_at",
    "recorded",
)  # fmt: skip


@reads(telling._EVENTS)
async def write_events(session: Session, *columns: Column) -> None:
    """What is told and not published yet."""
    for values in zip(*columns, strict=True):
        if session.find("alert_event", values[:3]) is not None:
            raise asyncpg.UniqueViolationError("duplicate key value violates unique constraint")
        await session.put("alert_event", values[:3], dict(zip(_EVENT, values, strict=True)) | {"published": None})


@reads(outbox._PENDING)
async def pending_events(session: Session, limit: int) -> list[Values]:
    """The first that wait and that nobody else holds."""
    waiting = sorted(key for key, row in session.rows("alert_event") if row["published"] is None)
    free = (key for key in waiting if session.try_lock(("alert_event", key)))
    found = (session.find("alert_event", key) for key in itertools.islice(free, limit))
    return [row for row in found if row is not None]


@reads(outbox._PUBLISHED)
async def note_published(
    session: Session, municipalities: Column, receivers: Column, numbers: Column, now: datetime
) -> None:
    """The broker has them."""
    for key in zip(municipalities, receivers, numbers, strict=True):
        row = await session.locked("alert_event", key)
        if row is not None:
            await session.put("alert_event", key, row | {"published": now})


def _alerts(session: Session, wanted: Callable[[Values], bool]) -> list[Values]:
    found = (row for row in session.values("alert") if wanted(row))
    return sorted(found, key=lambda row: (row["municipality"], row["number"]))


@reads(reading._ALERT + reading._OF_YOUTHS + "order by number")
async def alerts_of_youths(session: Session, municipalities: Column, youths: Column) -> list[Values]:
    """By number."""
    wanted = pairs(municipalities, youths)
    return _alerts(session, lambda row: (row["municipality"], row["youth"]) in wanted)


@reads(reading._ALERT + "where municipality = $1 and number = $2")
async def one_alert(session: Session, municipality: str, number: int) -> list[Values]:
    """One or none."""
    row = session.find("alert", (municipality, number))
    return [] if row is None else [row]


@reads(reading._ALERT + "where municipality = $1 and youth is null order by number")
async def alerts_of_senders(session: Session, municipality: str) -> list[Values]:
    """Those that are about no youth."""
    return _alerts(session, lambda row: row["municipality"] == municipality and row["youth"] is None)


@reads(reading._ALERT + "where municipality = $2 and due_on <= $1 order by due_on, number limit $3")
async def alerts_due(session: Session, today: date, municipality: str, limit: int) -> list[Values]:
    """Those longest due first."""
    due = _alerts(session, lambda row: row["municipality"] == municipality and (row["due_on"] or date.max) <= today)
    return sorted(due, key=lambda row: (row["due_on"], row["number"]))[:limit]


@reads(reading._ALERT + f"where municipality = $1 and {reading._SILENT} order by number limit $3")
async def alerts_of_the_silent(session: Session, municipality: str, silent: Column, limit: int) -> list[Values]:
    """Those that rest on a silent sender."""
    return _alerts(
        session,
        lambda row: (
            row["municipality"] == municipality
            and row["state"] in _SENDERS_OWN
            and not set(silent).isdisjoint(row["senders"])
        ),
    )[:limit]


@reads(reading._ALERT + f"where municipality = $1 and {reading._HEARD} order by number limit $3")
async def alerts_of_the_heard(session: Session, municipality: str, silent: Column, limit: int) -> list[Values]:
    """Those that are uncertain without reason."""
    return _alerts(
        session,
        lambda row: (
            row["municipality"] == municipality and row["state"] == "stale" and set(silent).isdisjoint(row["senders"])
        ),
    )[:limit]


@reads(senders._SILENT)
async def silent_senders(session: Session, municipality: str, day: date) -> list[Values]:
    """Of whom an alert stands that holds on the day."""
    found = {
        row["anchor"]
        for row in session.values("alert")
        if row["municipality"] == municipality
        and row["youth"] is None
        and row["state"] in (*_SENDERS_OWN, "closed")
        and row["opens_on"] <= day
        and (row["closes_on"] is None or row["closes_on"] >= day)
    }
    return [{"anchor": each} for each in sorted(found)]
