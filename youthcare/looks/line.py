"""One line of the log of looks, in the shape of the standard Logboek Dataverwerkingen, and its hash.

Two rules. The hash is over every field and over the hash of the line before, each field with its length in bytes
before it, so that no two lines give one text. It is worked out here apart from the database that wrote it
(`deploy/postgres/access_log.sql`), so that a database that lies is found out.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A look at one youth, or the operation above looks at many (then without a data subject).

    `data_subject_id` is sealed; `data_subject_key` is the keyed digest by which the lines of a youth are found.
    `resource` is the service as the database knows it, `recorded` the database's own clock. `break_glass` is the
    number of the stated reason under which somebody looked beyond the own team.
    """

    municipality: str
    number: int
    trace_id: bytes
    span_id: bytes
    parent_span_id: bytes | None = None
    foreign_trace_id: bytes | None = None
    foreign_span_id: bytes | None = None
    name: str
    status_code: int
    start_time: datetime
    end_time: datetime
    recorded: datetime
    resource: str
    processing_activity_id: str
    data_subject_id: bytes | None = None
    data_subject_id_type: str | None = None
    data_subject_key: bytes | None = None
    actor: str
    actor_roles: str
    purpose: str
    break_glass: int | None = None
    previous: bytes
    hash: bytes


def first_previous(municipality: str) -> bytes:
    """What stands in the place of the hash of a line before, in the first line of a municipality."""
    return hashlib.sha256(f"access_log/{municipality}".encode()).digest()


def hash_of(line: Line) -> bytes:
    """The hash that a line must have, by what else stands in it."""
    return hashlib.sha256("".join(map(_field, _values(line))).encode()).digest()


def _field(value: str | None) -> str:
    return "-" if value is None else f"{len(value.encode())}:{value}"


def _values(line: Line) -> Iterator[str | None]:
    # First what is the line's own, then what all lines of one operation share: the database joins that once.
    yield from (_hex(line.previous), str(line.number), _hex(line.span_id), _hex(line.parent_span_id))
    yield from (_hex(line.data_subject_id), line.data_subject_id_type, _hex(line.data_subject_key))
    yield None if line.break_glass is None else str(line.break_glass)
    yield from (line.municipality, _hex(line.trace_id), _hex(line.foreign_trace_id), _hex(line.foreign_span_id))
    yield from (line.name, str(line.status_code), _instant(line.start_time), _instant(line.end_time))
    yield from (_instant(line.recorded), line.resource, line.processing_activity_id)
    yield from (line.actor, line.actor_roles, line.purpose)


def _hex(value: bytes | None) -> str | None:
    return None if value is None else value.hex()


def _instant(moment: datetime) -> str:
    return str((moment - _EPOCH) // timedelta(microseconds=1))
