"""How far the forgetting of each youth is: begun in the delivery that asks for it, and confirmed step by step.

Three rules. What a step does and that it was confirmed stand in one transaction, or the step may be done again. The
identifier and the sealed traces go as soon as no step needs them. What is certified names nobody.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from services.indication.assertions import Assertion
from services.indication.forgetting import Confirmed, Forgetting, Step, Traces, names_in, request_digest, traces_from
from services.indication.logged import Logged
from services.indication.store import identities, references, statements
from youthcare.runtime.postgres import Connection
from youthcare.runtime.sealing import Keys
from youthcare.runtime.topics import youth_digest

_COLUMN = "forgetting.traces"
_BEGIN = """
insert into forgetting (municipality, digest, request, youth, traces, requested) values ($1, $2, $3, $4, $5, $6)
on conflict do nothing
"""
_CONFIRM = """
insert into forgetting_step (municipality, digest, step, confirmed, evidence) values ($1, $2, $3, $4, $5)
on conflict (municipality, digest, step) do nothing
"""
_READ = """
select f.municipality, f.digest, f.youth, f.requested, f.marked, f.certified, (
    select coalesce(jsonb_agg(jsonb_build_array(step, confirmed, evidence)), '[]') from forgetting_step s
    where s.municipality = f.municipality and s.digest = f.digest
) as steps
from forgetting f
"""
_OPEN = _READ + "where f.certified is null order by f.requested, f.municipality, f.digest"
_OF_REQUEST = _READ + "where f.municipality = $1 and f.request = $2 order by f.digest"
_OF_MUNICIPALITY = _READ + "where f.municipality = $1 order by f.requested, f.digest"
_ONE = _READ + "where f.municipality = $1 and f.digest = $2"
_TRACES = "select traces from forgetting where municipality = $1 and digest = $2"
_UNSEALED = "update forgetting set traces = null where municipality = $1 and digest = $2"
_MARKED = "update forgetting set marked = $1 where certified is null"
_CERTIFIED = "update forgetting set certified = $3, youth = null where municipality = $1 and digest = $2"
_STATED = "select count(*) from statement where municipality = $1 and youth = $2 and published is null"
_LEFT = """
select (select count(*) from statement where municipality = $1 and youth = $2)
    + (select count(*) from tombstone where municipality = $1 and youth = $2)
"""
_WIPE_WISH = """
with gone as (
    delete from statement where municipality = $1 and youth = $2 returning municipality, youth, source, id
)
insert into tombstone select * from gone on conflict do nothing
"""
_WIPE_AGAIN = """
insert into tombstone (municipality, youth, source, id)
select * from unnest($1::text[], $2::text[], $3::text[], $4::text[]) on conflict do nothing
"""
_KNOWN_DIGESTS = """
select municipality, digest from forgetting
join unnest($1::text[], $2::text[]) as wanted (municipality, digest) using (municipality, digest)
where certified is not null
"""
_REOPEN = "update forgetting set certified = null, youth = $3 where municipality = $1 and digest = $2"
_UNCONFIRM = "delete from forgetting_step where municipality = $1 and digest = $2 and step = any($3::text[])"


async def begin(connection: Connection, keys: Keys, assertion: Assertion, youth: str) -> set[tuple[str, str]]:
    """Take who a youth is, and all that were merged into it, from the tables of identity; answers whom.

    Of everyone but the youth itself a wish of its own is registered, so that each reader of the log hears of each.
    """
    municipality = assertion.municipality
    members = await statements.merged_into(connection, municipality, youth)
    wish = request_digest(*assertion.identity)
    for number, each in enumerate(members):
        own = assertion if each == youth else replace(assertion, id=f"merged-{wish[:16]}-{number}")
        if own is not assertion:
            await statements.register(connection, [(own, each)])
        await _begin(connection, keys, own, each, wish)
    return {(municipality, each) for each in members}


async def _begin(connection: Connection, keys: Keys, wish: Assertion, youth: str, request: str) -> None:
    municipality, digest = wish.municipality, youth_digest(wish.municipality, youth)
    bodies = await statements.bodies_of(connection, municipality, youth)
    numbers = await identities.numbers_of(connection, keys, municipality, youth)
    traces = keys[municipality].seal(_COLUMN, Traces(numbers=numbers, names=names_in(bodies)).body())
    await connection.execute(_BEGIN, municipality, digest, request, youth, traces, wish.received)
    await identities.forget(connection, municipality, youth)
    await references.forget(connection, municipality, youth, wish.received)
    await statements.forget(connection, wish, youth)
    await confirm(connection, municipality, digest, Step.REQUESTED, wish.received, {"statements": len(bodies)})


async def resume(connection: Connection, wishes: Iterable[Logged]) -> None:
    """Open again what a restored register knows no more: wishes that stand on the log."""
    for row in wishes:
        digest = youth_digest(row.municipality, row.youth)
        request = request_digest(row.municipality, row.source, row.id)
        await connection.execute(_BEGIN, row.municipality, digest, request, row.youth, None, row.received)
        await confirm(connection, row.municipality, digest, Step.REQUESTED, row.received, {"recovered": True})


async def confirm(
    connection: Connection, municipality: str, digest: str, step: Step, now: datetime, evidence: Mapping[str, Any]
) -> None:
    """Write that a step was confirmed; the first time stays."""
    await connection.execute(_CONFIRM, municipality, digest, step.value, now, dict(evidence))


async def open_ones(connection: Connection) -> list[Forgetting]:
    """All that are not certified, oldest wish first."""
    return [_forgetting(row) for row in await connection.fetch(_OPEN)]


async def of_request(connection: Connection, municipality: str, request: str) -> list[Forgetting]:
    """Those that one wish asked for: the youth, and those merged into it."""
    return [_forgetting(row) for row in await connection.fetch(_OF_REQUEST, municipality, request)]


async def of_municipality(connection: Connection, municipality: str) -> list[Forgetting]:
    """All that were ever asked in a municipality, oldest first."""
    return [_forgetting(row) for row in await connection.fetch(_OF_MUNICIPALITY, municipality)]


async def find(connection: Connection, municipality: str, digest: str) -> Forgetting | None:
    """The forgetting of one youth."""
    row = await connection.fetchrow(_ONE, municipality, digest)
    return None if row is None else _forgetting(row)


def _forgetting(row: Mapping[str, Any]) -> Forgetting:
    confirmed = tuple(
        Confirmed(step=Step(step), at=datetime.fromisoformat(at), evidence=evidence)
        for step, at, evidence in row["steps"]
    )
    return Forgetting(
        municipality=row["municipality"],
        digest=row["digest"],
        youth=row["youth"],
        requested=row["requested"],
        marked=row["marked"],
        certified=row["certified"],
        confirmed=confirmed,
    )


async def traces_of(connection: Connection, keys: Keys, one: Forgetting) -> Traces:
    """By what the person is found in sealed content; nothing once that was searched."""
    sealed = await connection.fetchval(_TRACES, one.municipality, one.digest)
    if sealed is None:
        return Traces(numbers=frozenset(), names=frozenset())
    return traces_from(keys[one.municipality].unseal(_COLUMN, sealed))


async def drop_traces(connection: Connection, one: Forgetting) -> None:
    """Destroy what would find the person."""
    await connection.execute(_UNSEALED, one.municipality, one.digest)


async def is_told(connection: Connection, one: Forgetting) -> bool:
    """Whether the wish stands on the log."""
    return not await connection.fetchval(_STATED, one.municipality, one.youth)


async def wipe_wish(connection: Connection, one: Forgetting) -> None:
    """Take the wish itself from the register; its tombstone is the last of the youth."""
    await connection.execute(_WIPE_WISH, one.municipality, one.youth)


async def is_wiped(connection: Connection, one: Forgetting) -> bool:
    """Whether the register has nothing of the youth any more, and every tombstone is on the log."""
    return not await connection.fetchval(_LEFT, one.municipality, one.youth)


async def wipe_again(connection: Connection, keys: Iterable[Sequence[str]]) -> None:
    """Have records wiped that landed after their tombstone: municipality, youth, source and id of each."""
    rows = sorted(map(tuple, keys))
    await connection.execute(_WIPE_AGAIN, *([row[part] for row in rows] for part in range(4)))


async def note_marked(connection: Connection, now: datetime) -> None:
    """Note that markers were published for all that are open."""
    await connection.execute(_MARKED, now)


async def certify(connection: Connection, one: Forgetting, now: datetime) -> None:
    """Close it: the identifier goes, the digest stays."""
    await connection.execute(_CERTIFIED, one.municipality, one.digest, now)


async def unconfirm(connection: Connection, one: Forgetting, steps: Iterable[Step]) -> None:
    """Take back that steps were confirmed, so that they are gone through again."""
    await connection.execute(_UNCONFIRM, one.municipality, one.digest, [step.value for step in steps])


async def reopen(connection: Connection, youths: Iterable[tuple[str, str]], steps: Iterable[Step]) -> int:
    """Go through steps again for youths who were certified and of whom something came late; answers of how many."""
    by_digest = {(key[0], youth_digest(*key)): key[1] for key in youths}
    columns = ([each[part] for each in by_digest] for part in range(2))
    found = [tuple(row) for row in await connection.fetch(_KNOWN_DIGESTS, *columns)]
    names = [step.value for step in steps]
    for place in found:
        await connection.execute(_REOPEN, *place, by_digest[place])
        await connection.execute(_UNCONFIRM, *place, names)
    return len(found)
