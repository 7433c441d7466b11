"""Changes of alerts, written as sets: a few commands per batch, whatever its size.

Two rules. The caller holds the lock of each municipality it writes. A change and what is told of it are one
transaction, and numbers are given inside it: no number is skipped and none is given twice.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import structlog

from services.alerts.lifecycle import Alert, Change, State
from services.alerts.processor import Told, YouthKey, event
from services.alerts.sentences import sentence
from services.alerts.store.reading import columns
from youthcare.runtime.postgres import Connection
from youthcare.runtime.processing import Record
from youthcare.wire import to_wire
from youthcare.youthfacts import YouthFacts

ALERT_SERIES = "alert"

_KEPT = """
insert into alert (municipality, number, youth, rule, level, anchor, occurrence, team, opens_on, closes_on, threshold,
    valid_from, evidence, terms, sentence, state, told, receivers, made, changed)
select municipality, number, youth, rule, level, anchor, occurrence, team, opens_on, closes_on, threshold,
    valid_from, evidence, terms, sentence, state, told, receivers, $2, $2
from jsonb_to_recordset($1::jsonb) as row (municipality text, number bigint, youth text, rule text, level text,
    anchor text, occurrence integer, team text, opens_on date, closes_on date, threshold integer, valid_from date,
    evidence text[], terms jsonb, sentence text, state text, told text, receivers text[])
on conflict (municipality, number) do update set team = excluded.team, opens_on = excluded.opens_on,
    closes_on = excluded.closes_on, threshold = excluded.threshold, valid_from = excluded.valid_from,
    evidence = excluded.evidence, terms = excluded.terms, sentence = excluded.sentence, state = excluded.state,
    told = excluded.told, receivers = excluded.receivers, changed = excluded.changed
"""
_MOVED = """
update alert set state = row.state, told = row.told, receivers = row.receivers, changed = $2
from jsonb_to_recordset($1::jsonb) as row (municipality text, number bigint, state text, told text, receivers text[])
where alert.municipality = row.municipality and alert.number = row.number
"""
_DROPPED = """
delete from alert using unnest($1::text[], $2::bigint[]) as gone (municipality, number)
where alert.municipality = gone.municipality and alert.number = gone.number
"""
_TAKEN = """
insert into last_number (municipality, series, number)
select * from unnest($1::text[], $2::text[], $3::bigint[])
on conflict (municipality, series) do update set number = last_number.number + excluded.number
returning municipality, series, number
"""
_EVENTS = """
insert into alert_event
    (municipality, receiver, number, alert, youth, rule, state, body, opens, received_at, recorded)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""
_APPLIED = """
insert into youth_state (municipality, youth, version_rules, version_count, known_day, case_reference)
values ($1, $2, $3, $4, $5, $6)
on conflict (municipality, youth) do update set version_rules = excluded.version_rules,
    version_count = excluded.version_count, known_day = excluded.known_day, case_reference = excluded.case_reference
"""

_FORGOTTEN = """
delete from {table} as kept using unnest($1::text[], $2::text[]) as gone (municipality, youth)
where kept.municipality = gone.municipality and kept.youth = gone.youth
"""
_FORGOTTEN_EVENTS = _FORGOTTEN.format(table="alert_event") + "returning kept.municipality, kept.receiver, kept.number"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """One change to write: of which youth, on which alert as it stood, and when the news of it was received."""

    youth: YouthKey
    change: Change
    alert: Alert | None = None
    received_at: datetime | None = None


async def note_applied(connection: Connection, facts: Sequence[YouthFacts]) -> None:
    """Note which facts of each youth now count."""
    await connection.executemany(_APPLIED, [_applied_row(row) for row in facts])


def _applied_row(facts: YouthFacts) -> tuple[Any, ...]:
    references = [row.case_reference for row in facts.registrations if row.case_reference]
    return (facts.municipality, facts.youth, *facts.version, facts.known_day, references[-1] if references else None)


async def write_changes(connection: Connection, changes: Sequence[Written], now: datetime) -> None:
    """Write changes of alerts and what is to be told of them."""
    if not changes:
        return
    numbered = await _numbered(connection, changes)
    dropped = [row for row in numbered if row[0].change.state is None]
    kept = [row for row in numbered if row[0].change.state is not None and row[0].change.finding is not None]
    moved = [row for row in numbered if row[0].change.state is not None and row[0].change.finding is None]
    await connection.execute(_DROPPED, [row.youth[0] for row, _ in dropped], [number for _, number in dropped])
    await connection.execute(_KEPT, [_kept_row(row, number) for row, number in kept], now)
    await connection.execute(_MOVED, [_state_row(row, number) for row, number in moved], now)
    await _write_events(connection, numbered, now)


async def _numbered(connection: Connection, changes: Sequence[Written]) -> list[tuple[Written, int]]:
    """Each change with the number of its alert; new alerts get the next ones, in the order given."""
    wanted = Counter((row.youth[0], ALERT_SERIES) for row in changes if row.change.number is None)
    numbers = await _take_numbers(connection, wanted)
    return [
        (row, next(numbers[row.youth[0], ALERT_SERIES]) if row.change.number is None else row.change.number)
        for row in changes
    ]


async def _take_numbers(
    connection: Connection, wanted: Mapping[tuple[str, str], int]
) -> dict[tuple[str, str], Iterator[int]]:
    """The next numbers of each series, as many as wanted."""
    series = sorted(wanted)
    rows = await connection.fetch(_TAKEN, *columns(series), [wanted[each] for each in series])
    last = {(row["municipality"], row["series"]): row["number"] for row in rows}
    return {each: iter(range(last[each] - wanted[each] + 1, last[each] + 1)) for each in series}


def _state_row(row: Written, number: int) -> dict[str, Any]:
    change = row.change
    assert change.state is not None, "what is dropped has no state"
    told = change.tell[-1] if change.tell else row.alert.told if row.alert else None
    earlier = row.alert.receivers if row.alert else frozenset()
    return {
        "municipality": row.youth[0],
        "number": number,
        "state": change.state.value,
        "told": told.value if told else None,
        "receivers": sorted(change.receivers if change.tell else earlier),
    }


def _kept_row(row: Written, number: int) -> dict[str, Any]:
    finding = row.change.finding
    assert finding is not None, "what is kept has its finding"
    return _state_row(row, number) | {
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
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Telling:
    row: Written
    alert: int
    state: State
    receiver: str
    opens: bool

    @property
    def series(self) -> tuple[str, str]:
        return self.row.youth[0], self.receiver


async def _write_events(connection: Connection, numbered: Sequence[tuple[Written, int]], now: datetime) -> None:
    told = [telling for row, number in numbered for telling in _tellings(row, number)]
    numbers = await _take_numbers(connection, Counter(each.series for each in told))
    await connection.executemany(_EVENTS, [_event_row(each, next(numbers[each.series]), now) for each in told])


def _tellings(row: Written, alert: int) -> Iterator[_Telling]:
    """What is told of one change, by state and receiver; the very first of an alert is marked."""
    never_told = row.alert is None or row.alert.told is None
    for state_index, state in enumerate(row.change.tell):
        for receiver_index, receiver in enumerate(sorted(row.change.receivers)):
            opens = never_told and state_index == receiver_index == 0
            yield _Telling(row=row, alert=alert, state=state, receiver=receiver, opens=opens)


def _event_row(telling: _Telling, number: int, now: datetime) -> tuple[Any, ...]:
    municipality, youth = telling.row.youth
    subject = telling.row.change.finding or telling.row.alert
    assert subject is not None, "what is told is about something"
    told = Told(
        municipality=municipality,
        youth=youth,
        alert=telling.alert,
        identity=subject.identity,
        team=subject.team,
        opens_on=subject.opens_on,
        closes_on=subject.closes_on,
    )
    body = orjson.dumps(event(told, telling.state, telling.receiver, number, now), option=orjson.OPT_SORT_KEYS)
    return (
        municipality,
        telling.receiver,
        number,
        telling.alert,
        youth,
        subject.identity.rule.value,
        telling.state.value,
        body,
        telling.opens,
        telling.row.received_at,
        now,
    )


async def forget(connection: Connection, youths: Sequence[YouthKey]) -> list[tuple[str, str, int]]:
    """Remove all that is kept of forgotten youths; the keys of what was told of them, to be wiped from the topic."""
    rows = await connection.fetch(_FORGOTTEN_EVENTS, *columns(youths))
    for table in ("alert", "youth_state"):
        await connection.execute(_FORGOTTEN.format(table=table), *columns(youths))
    return [(row["municipality"], row["receiver"], row["number"]) for row in rows]


async def note_refused(connection: Connection, records: Sequence[Record]) -> None:
    """Keep where in the topic a record stands that is no facts; its content stays in the topic."""
    for record in records:
        structlog.get_logger().warning(
            "record_refused", topic=record.topic, partition=record.partition, offset=record.offset
        )
    rows = [(_municipality_of(record), record.topic, record.partition, record.offset) for record in records]
    await connection.executemany("insert into refused_record values ($1, $2, $3, $4) on conflict do nothing", rows)


def _municipality_of(record: Record) -> str:
    named = (record.key or b"").decode(errors="replace").partition("/")[0]
    return named if re.fullmatch("[0-9]{4}", named) else ""
