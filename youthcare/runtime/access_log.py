"""Writes the log of looks: no look without a line, in the transaction that read what is shown.

1. A line is written before the answer leaves; when it cannot be written, for whatever reason, the answer is 503.
2. The write is the last statement of its transaction, because it holds the lock of the municipality's chain
   (`deploy/postgres/access_log.sql`).
3. Who was looked at stands sealed in the line, with a keyed digest beside it; the keys stand in a file of their own.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import asyncpg
import structlog
import yaml
from fastapi import Depends, FastAPI
from starlette.requests import HTTPConnection

from youthcare.looks.line import Line
from youthcare.looks.operations import Operation, Register, register_from
from youthcare.looks.tracing import Caller, caller_of
from youthcare.runtime.clock import utc_now
from youthcare.runtime.processing import Unavailable
from youthcare.runtime.sealing import Keys, MunicipalityKeys, read_keys
from youthcare.runtime.security import principal
from youthcare.runtime.settings import SettingMissing, Settings, shipped

if TYPE_CHECKING:
    from youthcare.runtime.postgres import Connection

SUBJECT_TYPE = "urn:trajectwacht:jeugdige"
"""What kind of identifier a data subject has in the log: the random one of a youth."""
_COLUMN = "data_subject_id"
_SCOPE = "trajectwacht.looks"
_OK = 1
_APPEND = "select access_log.append($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17)"
_LOOKS = "select * from access_log.looks_at($1, $2, $3, $4)"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessLog:
    """What lines are made with: the keys per municipality and the processing register."""

    keys: Keys = field(repr=False)
    register: Register

    def keys_of(self, municipality: str) -> MunicipalityKeys:
        """The keys of a municipality; raises `Unavailable` without: what cannot be logged is not shown."""
        found = self.keys.get(municipality)
        if found is None:
            raise Unavailable("the log of looks has no keys for this municipality")
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Onlooker:
    """Who looks: the subject of a token, or the operator of a command, with the roles held at that moment."""

    municipality: str
    actor: str
    roles: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """The looks of one request, or of one command."""

    log: AccessLog
    who: Onlooker
    caller: Caller | None = None
    started: datetime
    under: dict[str, int] = field(default_factory=dict)
    """By youth the number of the stated reason under which it is looked at (`break_glass.py`)."""

    async def note(
        self,
        connection: Connection,
        operation: Operation,
        youths: Iterable[str | None],
        purpose: str | None = None,
    ) -> None:
        """Write that these youths are looked at now, as the last statement of the transaction that read them.

        Without a youth there is nothing to write. `purpose`: another than that of the register. Raises `Unavailable`.
        """
        seen = list(dict.fromkeys(youth for youth in youths if youth is not None))
        if seen:
            await _append(connection, self._given(operation, seen, purpose))

    def again(self) -> Looks:
        """The next look of who stays and listens: it begins now."""
        return replace(self, started=utc_now())

    def _given(self, operation: Operation, seen: Sequence[str], purpose: str | None) -> list[object]:
        keys, activity = self.log.keys_of(self.who.municipality), self.log.register[operation]
        # Of many youths the first line is the operation, and each youth has a line below it.
        subjects: list[str | None] = [*seen] if len(seen) == 1 else [None, *seen]
        return [
            self.who.municipality,
            secrets.token_bytes(16),
            self.caller.trace_id if self.caller else None,
            self.caller.span_id if self.caller else None,
            operation.value,
            _OK,
            self.started,
            max(self.started, utc_now()),
            activity.identity,
            self.who.actor,
            self.who.roles,
            purpose or activity.purpose,
            SUBJECT_TYPE,
            [secrets.token_bytes(8) for _ in subjects],
            [None if youth is None else sealed_subject(keys, youth) for youth in subjects],
            [None if youth is None else subject_key(keys, youth) for youth in subjects],
            [None if youth is None else self.under.get(youth) for youth in subjects],
        ]


async def _append(connection: Connection, given: Sequence[object]) -> None:
    with unwritable_as_such():
        await connection.execute(_APPEND, *given)


@contextmanager
def unwritable_as_such() -> Iterator[None]:
    """Turn whatever keeps the log from being written into `Unavailable`: then nothing is shown."""
    try:
        yield
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
        structlog.get_logger().error("look_not_logged", error_type=type(error).__name__)
        raise Unavailable(f"the log of looks cannot be written: {type(error).__name__}") from None


def subject_key(keys: MunicipalityKeys, youth: str, version: int | None = None) -> bytes:
    """By what the lines of a youth are found: a digest under the newest look-up key, or that of a version."""
    key = keys.lookup[keys.lookup_version if version is None else version]
    return hmac.new(key, f"{keys.municipality}/{youth}".encode(), sha256).digest()


def subject_keys(keys: MunicipalityKeys, youth: str) -> list[bytes]:
    """The same under every version, so that lines from before a rotation are found."""
    return [subject_key(keys, youth, version) for version in sorted(keys.lookup)]


def sealed_subject(keys: MunicipalityKeys, youth: str) -> bytes:
    """A youth as it stands in the log."""
    return keys.seal(_COLUMN, youth.encode())


def opened_subject(keys: MunicipalityKeys, sealed: bytes) -> str:
    """The youth of a line; raises `SealBrokenError`."""
    return keys.unseal(_COLUMN, sealed).decode()


async def looks_at(
    connection: Connection, keys: MunicipalityKeys, youth: str, *, before: int | None, limit: int
) -> list[Line]:
    """The lines about a youth, the newest first, of those with a number below `before`."""
    rows = await connection.fetch(_LOOKS, keys.municipality, subject_keys(keys, youth), before, limit)
    return [Line(**row) for row in rows]


def access_log(settings: Settings) -> AccessLog:
    """The log as the settings describe it; raises `SettingMissing`, `OSError` or `ValueError`."""
    if settings.access_log_keys_file is None:
        raise SettingMissing("ACCESS_LOG_KEYS_FILE")
    file = settings.processing_activities_file
    text = (Path(file) if file else shipped("processing-activities.yml")).read_text(encoding="utf-8")
    register = register_from(yaml.safe_load(text)["activities"])
    return AccessLog(keys=read_keys(Path(settings.access_log_keys_file)), register=register)


def keep_looks(app: FastAPI, log: AccessLog, clock: Callable[[], datetime] = utc_now) -> None:
    """Let an app log looks: its routes take `Looking`. `clock` gives the moment at which a look begins, in UTC."""
    app.state.access_log, app.state.clock = log, clock


def looks_of(request: HTTPConnection) -> Looks:
    """FastAPI dependency: the looks of the bearer of this request; the same ones whenever it is asked."""
    if _SCOPE not in request.scope:
        request.scope[_SCOPE] = _looks_of(request)
    found: Looks = request.scope[_SCOPE]
    return found


def _looks_of(request: HTTPConnection) -> Looks:
    bearer = principal(request)
    return Looks(
        log=request.app.state.access_log,
        who=Onlooker(municipality=bearer.municipality, actor=bearer.subject, roles=",".join(sorted(bearer.roles))),
        caller=caller_of(request.headers.get("traceparent")),
        started=request.app.state.clock(),
    )


Looking = Annotated[Looks, Depends(looks_of)]
"""The looks of the request, for the routes that show youths."""
