"""No BSN in clear where none may be: every table of every schema, every topic but `intake`, and given texts.

One rule: it looks at all there is, not at what is expected to hold one; the caller names the numbers it used.
"""

import re
from collections.abc import AsyncIterator, Collection, Iterable, Iterator
from pathlib import Path

import asyncpg
from confluent_kafka import Consumer, Message, TopicPartition

from youthcare.runtime.local.stack import Stack

QUIET_LOOKS = 20
_ROWS_AT_ONCE = 2000
TABLES_OF_ALL_SCHEMAS = """
select quote_ident(schemaname) || '.' || quote_ident(tablename) as name from pg_tables
where schemaname not in ('pg_catalog', 'information_schema') order by 1
"""


def scan_text(place: str, text: str, numbers: Collection[str]) -> list[str]:
    """The places in a text where one of the numbers stands, also with blanks, dots or dashes between its digits."""
    bare = re.sub(r"(?<=[0-9])[ .\-](?=[0-9])", "", text)
    return [place for number in numbers if number in text or number in bare]


async def scan_tables(stack: Stack, numbers: Collection[str]) -> list[str]:
    """The tables, of any schema, in which one of the numbers stands in any column, bytes included."""
    connection = await asyncpg.connect(stack.dsn("admin"))
    try:
        found = []
        for table in [row["name"] for row in await connection.fetch(TABLES_OF_ALL_SCHEMAS)]:
            async for text in _lines(connection, table):
                found += [each for each in scan_text(table, text, numbers) if each not in found]
        return found
    finally:
        await connection.close()


async def _lines(connection: "asyncpg.Connection[asyncpg.Record]", table: str) -> AsyncIterator[str]:
    """All rows of a table, some at a time; bytes as text too, as a number in a record's body stands there in digits."""
    async with connection.transaction(readonly=True):
        cursor = await connection.cursor(f"select t::text as line, to_jsonb(t) as row from {table} t")
        while rows := await cursor.fetch(_ROWS_AT_ONCE):
            yield "\n".join(f"{row['line']}\n{_unpacked(row['row'])}" for row in rows)


def _unpacked(row: str) -> str:
    """The bytes of a row, which Postgres shows in hexadecimal digits, as characters."""
    return "\n".join(bytes.fromhex(digits).decode("latin-1") for digits in re.findall(r"\\\\x((?:[0-9a-f]{2})+)", row))


def scan_topics(stack: Stack, numbers: Collection[str], exempt: Collection[str] = ("intake",)) -> list[str]:
    """The topics, internal ones of Kafka included, in which one of the numbers stands in key, value or header."""
    consumer = Consumer(
        {
            "bootstrap.servers": stack.bootstrap_servers,
            "group.id": "scan",
            "enable.auto.commit": False,
            "isolation.level": "read_uncommitted",
        }
    )
    try:
        return [
            found
            for each in messages_of(consumer, places_of(consumer, exempt))
            for found in scan_text(str(each.topic()), f"{each.key()!r} {each.value()!r} {each.headers()!r}", numbers)
        ]
    finally:
        consumer.close()


def places_of(consumer: Consumer, exempt: Collection[str]) -> list[TopicPartition]:
    """Every partition of every topic but the exempt ones."""
    listed = consumer.list_topics(timeout=10).topics
    return [
        TopicPartition(name, partition, 0)
        for name, topic in listed.items()
        if name not in exempt
        for partition in topic.partitions
    ]


def messages_of(consumer: Consumer, places: list[TopicPartition]) -> Iterator[Message]:
    """All records that stand there now."""
    ends = {(each.topic, each.partition): consumer.get_watermark_offsets(each, 10) for each in places}
    left = {place: high for place, (low, high) in ends.items() if low < high}
    consumer.assign([TopicPartition(topic, partition, ends[topic, partition][0]) for topic, partition in left])
    quiet = 0
    # An end may be the mark of a transaction, or what compaction took: then nothing more comes.
    while left and quiet < QUIET_LOOKS:
        batch = consumer.consume(1000, 0.1)
        quiet = 0 if batch else quiet + 1
        for each in batch:
            topic, partition, offset = str(each.topic()), each.partition() or 0, each.offset() or 0
            yield each
            if offset + 1 >= left.get((topic, partition), 0):
                left.pop((topic, partition), None)


def scan_files(paths: Iterable[Path], numbers: Collection[str]) -> list[str]:
    """The files, such as logs, in which one of the numbers stands."""
    return [
        found
        for path in paths
        for found in scan_text(path.name, path.read_text(encoding="utf-8", errors="replace"), numbers)
    ]
