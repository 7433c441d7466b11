"""The ledgers and facts in PostgreSQL: sets of statements, and what was last told of each youth.

Everything here is *derived* from `indication-events` and can be dropped and rebuilt, but for the settings of a
municipality, which are *entered*. Municipality is the first column; the row policy binds every session to it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import orjson

from services.trajectory.processor import YouthKey
from youthcare.events import Statement
from youthcare.runtime.postgres import Connection, municipality_policy
from youthcare.wire import from_wire, instant_text, statement_from_wire, statement_to_wire, to_wire
from youthcare.youthfacts import YouthFacts

TABLES = (
    """
-- derived: one row per youth ever heard of; `head` is the youth whose ledger it joined, mostly itself
create table if not exists youth (
    municipality text not null,
    youth text not null,
    head text not null,
    version_rules integer not null default 0,
    version_count integer not null default 0,
    known_day date,
    facts bytea,
    primary key (municipality, youth)
);
create index if not exists youth_by_head on youth (municipality, head);

-- derived: the ledgers; the set of statements by identity
create table if not exists statement (
    municipality text not null,
    source text not null,
    id text not null,
    youth text not null,
    received timestamptz not null,
    body bytea not null,
    primary key (municipality, source, id)
);
create index if not exists statement_by_youth on statement (municipality, youth);

-- derived: records of the topic that are no statement; their content stays in the topic
create table if not exists refused_record (
    municipality text not null,
    topic text not null,
    partition integer not null,
    record_offset bigint not null,
    reason text not null,
    primary key (municipality, topic, partition, record_offset)
);

-- entered: what a municipality sets; first content from the shipped municipalities.yml
create table if not exists municipality_setting (
    municipality text not null primary key,
    coverage_start date
);

-- entered: who was forgotten, by a digest of the identifier; what comes of them later is passed over. `head` is the
-- youth whose ledger lost statements with them, `statements` how many, and one for the loss itself
create table if not exists forgotten (
    municipality text not null,
    digest text not null,
    head text,
    statements integer not null,
    primary key (municipality, digest)
);
create index if not exists forgotten_by_head on forgotten (municipality, head) where head is not null;

-- derived: the highest rules revision that has written facts here
create table if not exists rules_revision (
    only_row boolean primary key default true check (only_row),
    revision integer not null
);
"""
    + municipality_policy("youth")
    + municipality_policy("statement")
    + municipality_policy("refused_record")
    + municipality_policy("municipality_setting")
    + municipality_policy("forgotten")
)


EMPTIED = "truncate youth, statement, refused_record"
"""Drops all that is derived; what is entered stays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedRecord:
    """A record that is no statement, by its place in the topic."""

    municipality: str
    topic: str
    partition: int
    offset: int
    reason: str


async def raise_revision(connection: Connection, revision: int) -> int:
    """Note that facts are now written under a revision; the highest that ever wrote here."""
    row = await connection.fetchval(
        """insert into rules_revision (revision) values ($1)
           on conflict (only_row) do update set revision = greatest(rules_revision.revision, excluded.revision)
           returning revision""",
        revision,
    )
    return int(row)


async def enter_settings(connection: Connection, first_content: Mapping[str, date | None]) -> None:
    """Enter a municipality's first settings; what it has set since stays."""
    await connection.executemany(
        "insert into municipality_setting (municipality, coverage_start) values ($1, $2) on conflict do nothing",
        list(first_content.items()),
    )


async def coverage_starts(connection: Connection) -> dict[str, date | None]:
    """The first day on which each municipality's feed is complete."""
    rows = await connection.fetch("select municipality, coverage_start from municipality_setting")
    return {row["municipality"]: row["coverage_start"] for row in rows}


async def lock_groups(connection: Connection, keys: Iterable[YouthKey]) -> dict[YouthKey, str]:
    """Lock the youths given and all that are merged with them; the head of each, by youth.

    Rows are made and locked in key order, so that two workers wait for each other instead of deadlocking.
    """
    heads: dict[YouthKey, str] = {}
    wanted = sorted(set(keys))
    while wanted:
        await _make(connection, wanted)
        heads.update(await _lock(connection, wanted))
        wanted = sorted(await _kin(connection, heads) - heads.keys())
    return heads


async def _make(connection: Connection, keys: Sequence[YouthKey]) -> None:
    await connection.execute(
        """insert into youth (municipality, youth, head)
           select municipality, youth, youth from unnest($1::text[], $2::text[]) as wanted (municipality, youth)
           order by municipality, youth on conflict do nothing""",
        *_columns(keys),
    )


async def _lock(connection: Connection, keys: Sequence[YouthKey]) -> dict[YouthKey, str]:
    rows = await connection.fetch(
        """select y.municipality, y.youth, y.head from youth y
           join unnest($1::text[], $2::text[]) as wanted (municipality, youth) using (municipality, youth)
           order by y.municipality, y.youth for update of y""",
        *_columns(keys),
    )
    return {(row["municipality"], row["youth"]): row["head"] for row in rows}


async def _kin(connection: Connection, heads: Mapping[YouthKey, str]) -> set[YouthKey]:
    """The heads of the youths given, and all that share one."""
    wanted = sorted({(key[0], head) for key, head in heads.items()})
    rows = await connection.fetch(
        """select y.municipality, y.youth from youth y
           join unnest($1::text[], $2::text[]) as wanted (municipality, head) using (municipality, head)""",
        *_columns(wanted),
    )
    return {(row["municipality"], row["youth"]) for row in rows} | set(wanted)


def _columns(keys: Sequence[YouthKey]) -> tuple[list[str], list[str]]:
    return [key[0] for key in keys], [key[1] for key in keys]


async def add_statements(connection: Connection, statements: Sequence[Statement]) -> set[tuple[str, str, str]]:
    """Add statements to their ledgers; the identities that were new. What is there already stays as it is."""
    rows = await connection.fetch(
        """insert into statement (municipality, source, id, youth, received, body)
           select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::bytea[])
           on conflict do nothing returning municipality, source, id""",
        [row.municipality for row in statements],
        [row.source for row in statements],
        [row.id for row in statements],
        [row.youth for row in statements],
        [row.received for row in statements],
        [statement_body(row) for row in statements],
    )
    return {(row["municipality"], row["source"], row["id"]) for row in rows}


def statement_body(statement: Statement) -> bytes:
    """The canonical bytes of a statement."""
    return orjson.dumps(statement_to_wire(statement), option=orjson.OPT_SORT_KEYS)


async def read_statements(connection: Connection, keys: Sequence[YouthKey]) -> list[Statement]:
    """All statements about the youths given."""
    rows = await connection.fetch(
        """select body from statement
           join unnest($1::text[], $2::text[]) as wanted (municipality, youth) using (municipality, youth)""",
        *_columns(keys),
    )
    return [statement_from_wire(orjson.loads(row["body"])) for row in rows]


async def write_facts(connection: Connection, facts: Sequence[YouthFacts], heads: Mapping[YouthKey, str]) -> None:
    """Keep the newest facts of each youth, and who it is merged into."""
    await connection.execute(
        """update youth set head = told.head, version_rules = told.version_rules,
                  version_count = told.version_count, known_day = told.known_day, facts = told.facts
           from unnest($1::text[], $2::text[], $3::text[], $4::integer[], $5::integer[], $6::date[], $7::bytea[])
                as told (municipality, youth, head, version_rules, version_count, known_day, facts)
           where youth.municipality = told.municipality and youth.youth = told.youth""",
        [row.municipality for row in facts],
        [row.youth for row in facts],
        [heads[row.municipality, row.youth] for row in facts],
        [row.version[0] for row in facts],
        [row.version[1] for row in facts],
        [row.known_day for row in facts],
        [facts_body(row) for row in facts],
    )


def facts_body(facts: YouthFacts) -> bytes:
    """The canonical bytes of facts, as they stand on `trajectory-facts`."""
    return orjson.dumps(to_wire(facts), option=orjson.OPT_SORT_KEYS)


async def find_facts(connection: Connection, municipality: str, youth: str) -> YouthFacts | None:
    """What was last told of a youth; None when nothing is known under this identifier."""
    body = await connection.fetchval(
        "select facts from youth where municipality = $1 and youth = $2", municipality, youth
    )
    return None if body is None else from_wire(YouthFacts, orjson.loads(body))


async def note_refused(connection: Connection, refused: Sequence[RefusedRecord]) -> None:
    """Keep where in the topic a record stands that is no statement."""
    await connection.executemany(
        "insert into refused_record values ($1, $2, $3, $4, $5) on conflict do nothing",
        [(row.municipality, row.topic, row.partition, row.offset, row.reason) for row in refused],
    )


def received_header(statements: Iterable[Statement]) -> bytes:
    """The newest reception among statements, for the latency that readers measure."""
    return instant_text(max(row.received for row in statements)).encode()
