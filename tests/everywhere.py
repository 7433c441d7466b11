"""A search of everything that a stack holds or has let out, for texts that may stand nowhere.

Three rules. It looks at all there is: each row of each table, what the broker still serves and what its segments still
hold, a dump made now, every file. A text is found in whatever form it would stand there: as it is, in UTF-16, in base
64, in hexadecimal digits, as a reference of XML, JSON or an address, and a number with blanks, dots or dashes between
its digits. What is exempt is named by the caller, with the reason in the test.
"""

import asyncio
import json
import os
import re
import subprocess
import tempfile
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, quote_plus

import asyncpg
from aiokafka.record import MemoryRecords
from confluent_kafka import Consumer

from tests.bsn_scan import TABLES_OF_ALL_SCHEMAS, messages_of, places_of
from youthcare.runtime.local.postgres_install import find_install
from youthcare.runtime.local.record import find_record
from youthcare.runtime.local.stack import Stack

ROWS_AT_ONCE = 2000
Content = tuple[str, bytes]
"""A place and what stands there."""
# A number with a blank, dot or dash between some of its digits, and no digit around it.
_SPACED = re.compile(rb"(?<![0-9])[0-9](?:[ .\-]?[0-9]){7,8}(?![0-9])")


def forms(text: str) -> Iterator[bytes]:
    """The ways in which a text may be written; UTF-16 is read by leaving out the noughts."""
    plain = text.encode()
    yield from (plain, text.encode("latin-1", "replace"), plain.hex().encode(), plain.hex().upper().encode())
    yield from (quote(text).encode(), quote_plus(text).encode(), json.dumps(text)[1:-1].encode())
    yield "".join(f"&#{ord(character)};" for character in text).encode()
    # In base 64 a text looks different after each multiple of three bytes; its ends hang on what stands beside it.
    for before in range(3):
        whole = b64encode(b"\0" * before + plain + b"\0" * (-(before + len(plain)) % 3)).decode()
        inner = whole[-(-8 * before // 6) : (8 * (before + len(plain))) // 6]
        yield inner.encode()
        yield inner.replace("+", "-").replace("/", "_").encode()
    if text.isdigit():
        yield str(int(text)).encode()


@dataclass(slots=True)
class Search:
    """Looks for texts in content of any size; `grep` does it, which reads once for all of them."""

    texts: Collection[str]
    by_form: dict[bytes, str] = field(default_factory=dict)
    _patterns: Path = field(default_factory=Path)

    def __enter__(self) -> "Search":
        for text in self.texts:
            self.by_form |= dict.fromkeys(forms(text), text)
        handle, name = tempfile.mkstemp(prefix="trajectwacht-patterns-")
        with os.fdopen(handle, "wb") as file:
            file.write(b"\n".join(sorted(self.by_form)) + b"\n")
        self._patterns = Path(name)
        return self

    def __exit__(self, *_error: object) -> None:
        self._patterns.unlink()

    def found(self, content: bytes) -> set[str]:
        """The texts that stand in content."""
        spaced = {re.sub(rb"[ .\-]", b"", each[0]) for each in _SPACED.finditer(content)}
        found = {self.by_form[each] for each in spaced & self.by_form.keys()}
        return found | self._plain(content) | (self._plain(content.replace(b"\0", b"")) if b"\0" in content else set())

    def _plain(self, content: bytes) -> set[str]:
        words = ["grep", "--text", "--only-matching", "--fixed-strings", f"--file={self._patterns}"]
        done = subprocess.run(words, input=content, capture_output=True, env={"LC_ALL": "C"}, check=False)
        assert done.returncode in (0, 1), done.stderr
        return {self.by_form[each] for each in set(done.stdout.splitlines())}

    def places(self, contents: Iterable[Content]) -> dict[str, set[str]]:
        """The places in which texts stand, and which."""
        found: dict[str, set[str]] = {}
        for place, content in contents:
            texts = self.found(content)
            if texts:
                found.setdefault(place, set()).update(texts)
        return found


async def rows(stack: Stack) -> AsyncIterator[Content]:
    """Every row of every table of every schema, with its bytes as they are."""
    connection = await asyncpg.connect(stack.dsn("admin"))
    try:
        for table in [row["name"] for row in await connection.fetch(TABLES_OF_ALL_SCHEMAS)]:
            async with connection.transaction(readonly=True):
                cursor = await connection.cursor(f"select * from {table}")
                while some := await cursor.fetch(ROWS_AT_ONCE):
                    yield f"table {table}", b"\n".join(_whole(row.values()) for row in some)
    finally:
        await connection.close()


def _whole(values: Iterable[object]) -> bytes:
    return b" ".join(each if isinstance(each, bytes) else str(each).encode() for each in values)


def records(stack: Stack, exempt: Collection[str] = ()) -> Iterator[Content]:
    """What the broker serves of every topic, Kafka's own included."""
    settings = {"bootstrap.servers": stack.bootstrap_servers, "group.id": "search", "enable.auto.commit": False}
    consumer = Consumer(settings | {"isolation.level": "read_uncommitted"})
    try:
        for message in messages_of(consumer, places_of(consumer, exempt)):
            parts = [message.key(), message.value(), *(part for header in message.headers() or () for part in header)]
            yield (
                f"topic {message.topic()}",
                b" ".join(part.encode() if isinstance(part, str) else part or b"" for part in parts),
            )
    finally:
        consumer.close()


def segments(stack: Stack, exempt: Collection[str] = ()) -> Iterator[Content]:
    """What the segments of the broker hold, served or not, unpacked; of topics that are not exempt."""
    for file in sorted(stack.folder.rglob("*.log*")):
        topic = file.parent.name.rpartition("-")[0]
        if not re.match(r"[0-9]{20}\.", file.name) or topic in exempt:
            continue
        yield f"segment of {topic}", b" ".join(_unpacked(file))


def _unpacked(segment: Path) -> Iterator[bytes]:
    # A segment may be cleaned away, or grow, while we read it: what is whole is read.
    try:
        batches = MemoryRecords(segment.read_bytes())
    except FileNotFoundError:
        return
    while (batch := batches.next_batch()) is not None:
        for record in batch:
            yield record.key or b""
            yield record.value or b""
            yield repr(record.headers).encode()


async def dump(stack: Stack, file: Path) -> Path:
    """A dump of the whole database, made now."""
    program = find_install(os.environ).folder / "pg_dump"
    done = await asyncio.create_subprocess_exec(program, f"--file={file}", stack.dsn("admin"))
    assert await done.wait() == 0
    return file


def files(folders: Iterable[Path], exempt: Callable[[Path], bool] = lambda _path: False) -> Iterator[Content]:
    """Every file below folders but those that are exempt."""
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if exempt(path) or not path.is_file() or path.is_symlink():
                continue
            try:
                yield f"file {path.relative_to(folder)}", path.read_bytes()
            except FileNotFoundError:
                continue


def database_home(stack: Stack) -> Path:
    """Where PostgreSQL keeps its files, its write-ahead log among them."""
    record = find_record(stack.folder)
    assert record is not None
    return Path(record.database_home)


async def searched(
    search: Search, stack: Stack, exempt_topics: Collection[str], others: Iterable[Content]
) -> Mapping[str, set[str]]:
    """The places of tables, topics, segments and whatever else is given in which texts stand."""
    found: dict[str, set[str]] = {}
    async for place, content in rows(stack):
        texts = search.found(content)
        if texts:
            found.setdefault(place, set()).update(texts)
    told: dict[str, list[bytes]] = {}
    for place, content in records(stack, exempt_topics):
        told.setdefault(place, []).append(content)
    found |= search.places((place, b"\n".join(parts)) for place, parts in told.items())
    found |= search.places(segments(stack, exempt_topics))
    return found | search.places(others)
