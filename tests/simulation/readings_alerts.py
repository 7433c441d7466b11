"""What the statements of the alerts service do, on tables in memory: rules, youths, sweep days and senders.

Alerts themselves stand in `readings_of_alerts.py`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from services.alerts.store import judging, keeping, reading, rules, senders
from services.alerts.store.tables import TABLES
from tests.simulation.readings_trajectory import Column
from tests.simulation.tables import Session, Values, reads

Pairs = set[tuple[Any, Any]]


def pairs(*columns: Column) -> set[tuple[Any, ...]]:
    """Columns as a set of keys."""
    return set(zip(*columns, strict=True))


@reads(TABLES, "lock table norm, municipality_setting in share row exclusive mode")
async def nothing(_session: Session) -> None:
    """Tables need no making, and what is entered at a start nobody else enters meanwhile."""


@reads("select distinct rule from norm where municipality = $1")
async def shipped_rules(session: Session, municipality: str) -> list[Values]:
    """The rules that have a norm."""
    found = {row["rule"] for row in session.values("norm") if row["municipality"] == municipality}
    return [{"rule": rule} for rule in sorted(found)]


@reads(f"insert into norm ({', '.join(rules._COLUMNS)}) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)")
async def enter_norm(session: Session, *values: Any) -> None:
    """One more."""
    row = dict(zip(rules._COLUMNS, values, strict=True)) | {"entered_at": None}
    await session.put("norm", values, row)


@reads(rules._JUDGE_ALL)
async def judge_all(session: Session) -> None:
    """Every municipality that we know has other norms now."""
    for municipality in {row["municipality"] for row in session.values("youth_state")}:
        row = await session.locked("norms_revision", (municipality,)) or {"revision": 0}
        values = {"municipality": municipality, "revision": row["revision"] + 1}
        await session.put("norms_revision", (municipality,), values)


@reads("select exists (select from municipality_setting)")
async def has_settings(session: Session) -> list[Values]:
    """Whether anything was entered."""
    return [{"exists": bool(session.rows("municipality_setting"))}]


@reads("insert into municipality_setting (municipality, alert_start_day, signals) values ($1, $2, $3)")
async def enter_setting(session: Session, municipality: str, alert_start_day: Any, signals: Any) -> None:
    """What a municipality decides."""
    row = {
        "municipality": municipality,
        "alert_start_day": alert_start_day,
        "signals": signals,
        "acknowledgement_days": None,
        "new_per_week": None,
        "sweep_days_max": None,
    }
    await session.put("municipality_setting", (municipality,), row)


@reads(rules._NORMS)
async def read_norms(session: Session, municipalities: Column) -> list[Values]:
    """In the order in which they count."""
    found = [row for row in session.values("norm") if row["municipality"] in municipalities]
    return sorted(found, key=lambda row: row["known_day"])


@reads("select * from municipality_setting where municipality = any($1::text[])")
async def read_settings(session: Session, municipalities: Column) -> list[Values]:
    """Of these municipalities."""
    return [row for row in session.values("municipality_setting") if row["municipality"] in municipalities]


@reads("select * from norms_revision where municipality = any($1::text[])")
async def read_revisions(session: Session, municipalities: Column) -> list[Values]:
    """Of these municipalities."""
    return [row for row in session.values("norms_revision") if row["municipality"] in municipalities]


@reads("select distinct municipality from youth_state")
async def known_municipalities(session: Session) -> list[Values]:
    """Of which facts were applied."""
    return [{"municipality": each} for each in sorted({row["municipality"] for row in session.values("youth_state")})]


@reads("insert into sweep_day (municipality) select unnest($1::text[]) on conflict do nothing")
async def know_municipalities(session: Session, municipalities: Column) -> None:
    """Unless known."""
    for each in municipalities:
        await session.insert("sweep_day", (each,), {"municipality": each, "last_swept": None, "accepted": None})


@reads("select municipality from sweep_day order by 1")
async def swept_municipalities(session: Session) -> list[Values]:
    """In order."""
    return [{"municipality": key[0]} for key in sorted(key for key, _ in session.rows("sweep_day"))]


@reads("select * from sweep_day where municipality = any($1::text[])")
async def sweep_days(session: Session, municipalities: Column) -> list[Values]:
    """Of these municipalities."""
    return [row for row in session.values("sweep_day") if row["municipality"] in municipalities]


@reads(
    """insert into sweep_day (municipality, last_swept) values ($1, $2)
    on conflict (municipality) do update set last_swept = excluded.last_swept
    where sweep_day.last_swept is distinct from excluded.last_swept"""
)
async def note_swept(session: Session, municipality: str, day: date) -> None:
    """When it is another day."""
    row = await session.locked("sweep_day", (municipality,)) or {"municipality": municipality, "accepted": None}
    await session.put("sweep_day", (municipality,), row | {"last_swept": day})


@reads("update sweep_day set accepted = $1 where $2::text is null or municipality = $2")
async def accept_day(session: Session, day: date, municipality: str | None) -> int:
    """Confirm a day; for how many."""
    wanted = [(key, row) for key, row in session.rows("sweep_day") if municipality in (None, key[0])]
    for key, row in wanted:
        await session.put("sweep_day", key, row | {"accepted": day})
    return len(wanted)


_STATE = (
    "municipality", "youth", "version_rules", "version_count", "known_day", "case_reference", "facts", "norms_seen",
    "revisit_on",
)  # fmt: skip


@reads(keeping._APPLIED)
async def note_applied(session: Session, *values: Any) -> None:
    """The facts of a youth that now count."""
    await session.put("youth_state", values[:2], dict(zip(_STATE, values, strict=True)))


@reads(reading._STAMPS)
async def read_stamps(session: Session, municipalities: Column, youths: Column) -> list[Values]:
    """Which facts count."""
    wanted = pairs(municipalities, youths)
    return [row for key, row in session.rows("youth_state") if key in wanted]


@reads("select version_count from youth_state where municipality = $1 and youth = $2")
async def statements_known(session: Session, municipality: str, youth: str | None) -> list[Values]:
    """How many statements the facts rest on."""
    row = session.find("youth_state", (municipality, youth))
    return [] if row is None else [{"version_count": row["version_count"]}]


@reads(keeping._FORGOTTEN_EVENTS)
async def forget_events(session: Session, municipalities: Column, youths: Column, digests: Column) -> None:
    """Their numbers stay, under a digest."""
    wanted = dict(zip(zip(municipalities, youths, strict=True), digests, strict=True))
    for key, row in session.rows("alert_event"):
        digest = wanted.get((row["municipality"], row["youth"]))
        if digest is not None:
            await session.delete("alert_event", key)
            gone = {"municipality": key[0], "digest": digest, "receiver": key[1], "number": key[2]}
            await session.put("forgotten_event", (key[0], digest, *key[1:]), gone)


@reads(keeping._WIPED_EVENTS)
async def wiped_events(session: Session, municipalities: Column, digests: Column) -> list[Values]:
    """The numbers under which something was told of the forgotten."""
    wanted = pairs(municipalities, digests)
    names = ("municipality", "receiver", "number")
    found = sorted((key[0], *key[2:]) for key, _ in session.rows("forgotten_event") if key[:2] in wanted)
    return [dict(zip(names, each, strict=True)) for each in found]


@reads(keeping._FORGOTTEN_STEPS)
async def forget_steps(session: Session, municipalities: Column, youths: Column) -> None:
    """The history of their alerts."""
    wanted = pairs(municipalities, youths)
    gone = {
        key for key, row in session.rows("alert") if (row["municipality"], row["youth"]) in wanted
    }  # municipality, number
    for key, _ in session.rows("alert_step"):
        if key[:2] in gone:
            await session.delete("alert_step", key)


def _forgetting(table: str) -> Callable[..., Any]:
    async def forget(session: Session, municipalities: Column, youths: Column) -> None:
        wanted = pairs(municipalities, youths)
        for key, row in session.rows(table):
            if (row["municipality"], row["youth"]) in wanted:
                await session.delete(table, key)

    return forget


for _table in ("alert", "youth_state"):
    reads(keeping._FORGOTTEN.format(table=_table))(_forgetting(_table))


@reads("insert into refused_record values ($1, $2, $3, $4) on conflict do nothing")
async def note_refused(session: Session, municipality: str, topic: str, partition: int, record_offset: int) -> None:
    """By its place; the indicators service does the same."""
    row = {"municipality": municipality, "topic": topic, "partition": partition, "record_offset": record_offset}
    await session.insert("refused_record", (municipality, topic, partition, record_offset), row)


@reads(senders._ARRIVALS)
async def note_arrivals(session: Session, *columns: Column) -> None:
    """Days that are new are not seen yet."""
    for key in zip(*columns, strict=True):
        row = dict(zip(("municipality", "source", "day"), key, strict=True)) | {"seen": False}
        await session.insert("sender_day", key, row)


@reads(senders._ANY_UNSEEN)
async def any_unseen(session: Session, municipality: str) -> list[Values]:
    """Whether senders reported since."""
    rows = session.values("sender_day")
    return [{"exists": any(row["municipality"] == municipality and not row["seen"] for row in rows)}]


@reads("select source, day from sender_day where municipality = $1")
async def arrivals(session: Session, municipality: str) -> list[Values]:
    """All days."""
    rows = session.values("sender_day")
    return [{"source": row["source"], "day": row["day"]} for row in rows if row["municipality"] == municipality]


@reads("update sender_day set seen = true where municipality = $1 and not seen")
async def see_arrivals(session: Session, municipality: str) -> None:
    """All days are seen."""
    for key, row in session.rows("sender_day"):
        if row["municipality"] == municipality and not row["seen"]:
            await session.put("sender_day", key, row | {"seen": True})


@reads(judging._WAITING)
async def waiting_to_be_judged(session: Session, today: date) -> list[Values]:
    """Municipalities with other norms than a youth was judged by, or with a youth whose day has come."""
    revisions = {row["municipality"]: row["revision"] for row in session.values("norms_revision")}
    found = {
        row["municipality"]
        for row in session.values("youth_state")
        if _is_behind(row, revisions.get(row["municipality"], 0)) or _is_due(row, today)
    }
    return [{"municipality": each} for each in sorted(found)]


def _is_behind(row: Values, revision: int) -> bool:
    return row["facts"] is not None and bool(row["norms_seen"] < revision)


def _is_due(row: Values, today: date) -> bool:
    return row["facts"] is not None and row["revisit_on"] is not None and bool(row["revisit_on"] <= today)


@reads(judging._TO_JUDGE)
async def to_judge(session: Session, municipality: str, revision: int, day: date, limit: int) -> list[Values]:
    """Its youths, at most so many of either kind."""
    own: Sequence[Values] = [row for row in session.values("youth_state") if row["municipality"] == municipality]
    behind = itertools.islice((row for row in own if _is_behind(row, revision)), limit)
    due = itertools.islice((row for row in own if _is_due(row, day)), limit)
    found = {row["youth"]: row["facts"] for row in (*behind, *due)}
    return [{"youth": youth, "facts": facts} for youth, facts in found.items()]


@reads(judging._JUDGED)
async def note_judged(session: Session, municipality: str, youths: Column, revision: int, days: Column) -> None:
    """By which norms, and when to look again."""
    for youth, day in zip(youths, days, strict=True):
        row = await session.locked("youth_state", (municipality, youth))
        if row is not None:
            values = row | {"norms_seen": revision, "revisit_on": day}
            await session.put("youth_state", (municipality, youth), values)
