"""Who was forgotten: their rows go, a digest stays, and what comes of them later is known by it (decision 0020).

Three rules. A youth is erased when its `youth.forgotten` stands in the ledger and a record of it was wiped from the
log. Whoever shares a ledger with it keeps a version that never goes back. Doing it twice changes nothing more.
"""

from collections.abc import Collection, Mapping

from services.trajectory.processor import YouthKey
from youthcare.runtime.postgres import Connection
from youthcare.runtime.topics import youth_digest

_FIND = """
select municipality, digest from forgotten
join unnest($1::text[], $2::text[]) as wanted (municipality, digest) using (municipality, digest)
"""
_ASKED = """
select distinct s.municipality, s.youth from statement s
join unnest($1::text[], $2::text[]) as wanted (municipality, youth) using (municipality, youth)
where position('.youth.forgotten.'::bytea in s.body) > 0
"""
_NOTE = """
insert into forgotten (municipality, digest, head, statements)
select gone.municipality, gone.digest, gone.head, 1 + (
    select count(*) from statement
    where statement.municipality = gone.municipality and statement.youth = gone.youth
)
from unnest($1::text[], $2::text[], $3::text[], $4::text[]) as gone (municipality, youth, digest, head)
on conflict do nothing
"""
_DELETE = """
delete from {table} as kept using unnest($1::text[], $2::text[]) as gone (municipality, youth)
where kept.municipality = gone.municipality and kept.youth = gone.youth
"""
_PASSED_ON = """
update forgotten set head = gone.head
from unnest($1::text[], $2::text[], $3::text[]) as gone (municipality, youth, head)
where forgotten.municipality = gone.municipality and forgotten.head = gone.youth
"""
_ALONE = """
update youth set head = youth.youth from unnest($1::text[], $2::text[]) as gone (municipality, youth)
where youth.municipality = gone.municipality and youth.head = gone.youth
"""
_LOST = """
select forgotten.municipality, head, sum(statements)::integer as statements from forgotten
join unnest($1::text[], $2::text[]) as wanted (municipality, youth)
    on forgotten.municipality = wanted.municipality and forgotten.head = wanted.youth
group by forgotten.municipality, head
"""


async def forgotten_among(connection: Connection, youths: Collection[YouthKey]) -> frozenset[YouthKey]:
    """Those of the youths who were forgotten before."""
    by_digest = {(key[0], youth_digest(*key)): key for key in youths}
    rows = await connection.fetch(_FIND, *_columns(by_digest))
    return frozenset(by_digest[row["municipality"], row["digest"]] for row in rows)


async def asked_to_forget(connection: Connection, youths: Collection[YouthKey]) -> frozenset[YouthKey]:
    """Those of the youths whose `youth.forgotten` stands in the ledger."""
    return frozenset(map(tuple, await connection.fetch(_ASKED, *_columns(youths))))


async def erase(connection: Connection, heads: Mapping[YouthKey, str]) -> None:
    """Remove all rows of youths, each with the youth whose ledger it had joined; their digests stay."""
    gone = sorted(heads)
    staying = [None if (key[0], heads[key]) in heads else heads[key] for key in gone]
    await connection.execute(_NOTE, *_columns(gone), [youth_digest(*key) for key in gone], staying)
    # What their own ledgers had lost before counts in the version of whoever is left of the group.
    await connection.execute(_PASSED_ON, *_columns(gone), staying)
    for table in ("statement", "youth"):
        await connection.execute(_DELETE.format(table=table), *_columns(gone))
    # Who had joined them and is still here: under a head that is gone its own erasure would make that one's row anew.
    await connection.execute(_ALONE, *_columns(gone))


async def lost_statements(connection: Connection, youths: Collection[YouthKey]) -> dict[YouthKey, int]:
    """How much the version of each youth must stand above the number of its statements; those with nothing left out."""
    rows = await connection.fetch(_LOST, *_columns(youths))
    return {(row["municipality"], row["head"]): row["statements"] for row in rows}


def _columns(keys: Collection[YouthKey]) -> tuple[list[str], list[str]]:
    rows = sorted(keys)
    return [key[0] for key in rows], [key[1] for key in rows]
