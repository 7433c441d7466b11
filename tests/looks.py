"""The log of looks in the suites: the key file that an API needs, and what stands in the log."""

import json
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import asyncpg

from youthcare.looks.line import Line, first_previous, hash_of
from youthcare.runtime.access_log import opened_subject
from youthcare.runtime.local.stack import Stack
from youthcare.runtime.sealing import KEY_BYTES, MunicipalityKeys, read_keys

OWN_NUMBERS = range(1000, 2000)
"""The municipalities that `new_municipality` gives."""
COLUMNS = ", ".join(Line.__slots__)


def key_file(folder: Path, *more: str) -> str:
    """The path of a file with keys for every municipality of the tests, and more where the file is new."""
    path = folder / "access-log-keys.json"
    if not path.exists():
        lookup, sealing = (b64encode(bytes([number]) * KEY_BYTES).decode() for number in (1, 2))
        keys = {"lookup": {"1": lookup}, "sealing": {"1": sealing}, "scrub": lookup}
        codes = ["0153", "0164", *map(str, OWN_NUMBERS), *more]
        path.write_text(json.dumps({"municipalities": dict.fromkeys(codes, keys)}))
    return str(path)


def keys_of(folder: Path, municipality: str) -> MunicipalityKeys:
    """The keys of one municipality."""
    return read_keys(Path(key_file(folder)))[municipality]


async def lines_of(stack: Stack, municipality: str) -> list[Line]:
    """Every line of a municipality, as the auditor reads it."""
    connection = await asyncpg.connect(stack.dsn("auditor"), server_settings={"app.municipality": municipality})
    try:
        rows = await connection.fetch(f"select {COLUMNS} from look order by number")
        return [Line(**row) for row in rows]
    finally:
        await connection.close()


async def as_superuser(stack: Stack, *statements: str) -> None:
    """What only who owns the server can do: past triggers, rights and row policies."""
    connection = await asyncpg.connect(stack.dsn("admin"))
    try:
        async with connection.transaction():
            await connection.execute("set local session_replication_role = replica")
            for statement in statements:
                await connection.execute(statement)
    finally:
        await connection.close()


def youths_in(lines: list[Line], keys: MunicipalityKeys) -> list[tuple[str, str | None]]:
    """The operation of each line, and the youth in it."""
    return [
        (line.name, None if line.data_subject_id is None else opened_subject(keys, line.data_subject_id))
        for line in lines
    ]


def chained_at(municipality: str, moments: Iterable[datetime]) -> list[Line]:
    """A whole chain of looks that were recorded at these moments, at nobody in particular."""
    return chained([look_of(municipality, moment) for moment in moments])


def chained(lines: Sequence[Line]) -> list[Line]:
    """Lines of one municipality with the numbers and hashes that a database gives them."""
    previous, made = first_previous(lines[0].municipality), []
    for number, line in enumerate(lines, start=1):
        bare = replace(line, number=number, previous=previous)
        made.append(replace(bare, hash=hash_of(bare)))
        previous = made[-1].hash
    return made


def look_of(municipality: str, moment: datetime, actor: str = "anna") -> Line:
    """A look without its place in a chain."""
    return Line(
        municipality=municipality,
        number=0,
        trace_id=b"t" * 16,
        span_id=b"s" * 8,
        name="alerts.view",
        status_code=1,
        start_time=moment,
        end_time=moment,
        recorded=moment,
        resource="alerts",
        processing_activity_id="urn:x",
        actor=actor,
        actor_roles="team:noord",
        purpose="zien",
        previous=b"",
        hash=b"",
    )


async def enter_lines(stack: Stack, lines: Iterable[Line]) -> None:
    """Have lines stand in the log as they are, as who owns the server can: of years ago, in a test."""
    places = ", ".join(f"${place}" for place in range(1, len(Line.__slots__) + 1))
    connection = await asyncpg.connect(stack.dsn("admin"))
    try:
        statement = f"insert into access_log.look ({COLUMNS}) values ({places})"
        await connection.executemany(statement, [[getattr(line, name) for name in Line.__slots__] for line in lines])
    finally:
        await connection.close()


async def as_keeper(stack: Stack, query: str, *given: object) -> list[asyncpg.Record]:
    """What the role that ends terms in the log is answered."""
    connection = await asyncpg.connect(stack.dsn("log_keeper"), server_settings={"app.municipality": "*"})
    try:
        rows: list[asyncpg.Record] = await connection.fetch(query, *given)
        return rows
    finally:
        await connection.close()
