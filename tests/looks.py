"""The log of looks in the suites: the key file that an API needs, and what stands in the log."""

import json
from base64 import b64encode
from pathlib import Path

import asyncpg

from youthcare.looks.line import Line
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
