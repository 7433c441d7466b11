"""What is kept of youths beside their alerts: which facts count, the facts themselves, and which records were none."""

import re
import zlib
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import orjson
import structlog

from services.alerts.processor import YouthKey, revisit_day
from services.alerts.store.reading import columns
from youthcare.runtime.postgres import Connection
from youthcare.runtime.processing import Record
from youthcare.runtime.topics import youth_digest
from youthcare.wire import from_wire
from youthcare.youthfacts import YouthFacts

_APPLIED = """
insert into youth_state
    (municipality, youth, version_rules, version_count, known_day, case_reference, facts, norms_seen, revisit_on)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
on conflict (municipality, youth) do update set version_rules = excluded.version_rules,
    version_count = excluded.version_count, known_day = excluded.known_day, case_reference = excluded.case_reference,
    facts = excluded.facts, norms_seen = excluded.norms_seen, revisit_on = excluded.revisit_on
"""
_FORGOTTEN = """
delete from {table} as kept using unnest($1::text[], $2::text[]) as gone (municipality, youth)
where kept.municipality = gone.municipality and kept.youth = gone.youth
"""
_FORGOTTEN_EVENTS = f"""
with gone as (
    {_FORGOTTEN.format(table="alert_event")} returning kept.municipality, kept.youth, kept.receiver, kept.number
)
insert into forgotten_event (municipality, digest, receiver, number)
select gone.municipality, digest, receiver, number from gone
join unnest($1::text[], $2::text[], $3::text[]) as wanted (municipality, youth, digest) using (municipality, youth)
"""  # noqa: S608 - a constant of ours
_WIPED_EVENTS = """
select municipality, receiver, number from forgotten_event
join unnest($1::text[], $2::text[]) as wanted (municipality, digest) using (municipality, digest)
order by municipality, receiver, number
"""
_FORGOTTEN_STEPS = """
delete from alert_step as kept using alert, unnest($1::text[], $2::text[]) as gone (municipality, youth)
where alert.municipality = gone.municipality and alert.youth = gone.youth
    and kept.municipality = alert.municipality and kept.alert = alert.number
"""


async def note_applied(
    connection: Connection,
    facts: Sequence[YouthFacts],
    bodies: Mapping[YouthKey, bytes],
    revisions: Mapping[str, int],
    days: Mapping[str, date],
) -> None:
    """Keep the facts of each youth that now count, and under which revision of the norms and on which day judged.

    `bodies` are the facts as they were told: JSON, kept as it is.
    """
    rows = [
        _applied_row(row, bodies[row.municipality, row.youth], revisions[row.municipality], days[row.municipality])
        for row in facts
    ]
    await connection.executemany(_APPLIED, rows)


def _applied_row(facts: YouthFacts, body: bytes, revision: int, today: date) -> tuple[Any, ...]:
    references = [row.case_reference for row in facts.registrations if row.case_reference]
    return (
        facts.municipality,
        facts.youth,
        *facts.version,
        facts.known_day,
        references[-1] if references else None,
        zlib.compress(body, 1),
        revision,
        revisit_day(facts, today),
    )


def facts_from(kept: bytes) -> YouthFacts:
    """The facts as they are kept."""
    return from_wire(YouthFacts, orjson.loads(zlib.decompress(kept)))


async def forget(connection: Connection, youths: Sequence[YouthKey]) -> list[tuple[str, str, int]]:
    """Remove all that is kept of forgotten youths; the keys of what was told of them, to be wiped from the topic.

    The keys stay, under a digest: what a frozen process told late is wiped when the youth is forgotten again.
    """
    if not youths:
        return []
    digests = [youth_digest(*key) for key in youths]
    await connection.execute(_FORGOTTEN_EVENTS, *columns(youths), digests)
    rows = await connection.fetch(_WIPED_EVENTS, columns(youths)[0], digests)
    await connection.execute(_FORGOTTEN_STEPS, *columns(youths))
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
