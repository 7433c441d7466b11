"""The SQL of recognising a lost youth (`services/indication/recognition.py`).

One rule: whether a youth is nobody's is asked under its lock, so that two deliveries at once do not give it twice.
"""

from collections.abc import Collection, Mapping, Sequence

from services.indication.assertions import Assertion
from services.indication.recognition import Person, Place, Standing, claim, persons_of, recognised
from services.indication.store.locks import YOUTHS, hold
from services.indication.store.statements import Identity
from youthcare.runtime.postgres import Connection

_STANDING = """
select municipality, source, id, youth, digest, body from statement
join unnest($1::text[], $2::text[], $3::text[]) as wanted (municipality, source, id)
using (municipality, source, id)
"""
_TAKEN = """
select municipality, youth from unnest($1::text[], $2::text[]) as wanted (municipality, youth)
where exists (select 1 from identity where identity.municipality = wanted.municipality
        and identity.youth = wanted.youth)
    or exists (select 1 from statement where statement.municipality = wanted.municipality
        and statement.youth = wanted.youth
        and convert_from(statement.body, 'UTF8')::json ->> 'type' like '%.youth.forgotten.%')
"""


async def lost_youths(
    connection: Connection, assertions: Sequence[Assertion], known: Mapping[Person, str]
) -> Mapping[Person, str]:
    """The youths of persons who are not known and are recognised by what comes again."""
    about = [each for each in assertions if persons_of(each) - known.keys()]
    standing = await _standing(connection, about)
    claims = [told for each in about if each.identity in standing and (told := claim(each, standing[each.identity]))]
    places = {(person[0], youth) for told in claims for person, youth in told.items()}
    if not places:
        return {}
    await hold(connection, YOUTHS, places)
    return recognised(claims, known, await _taken(connection, places))


async def _standing(connection: Connection, assertions: Sequence[Assertion]) -> Mapping[Identity, Standing]:
    if not assertions:
        return {}
    columns = ([each.identity[part] for each in assertions] for part in range(3))
    rows = await connection.fetch(_STANDING, *columns)
    return {
        (row["municipality"], row["source"], row["id"]): Standing(
            youth=row["youth"], digest=row["digest"], body=row["body"]
        )
        for row in rows
    }


async def _taken(connection: Connection, places: Collection[Place]) -> frozenset[Place]:
    columns = ([place[part] for place in places] for part in range(2))
    return frozenset(map(tuple, await connection.fetch(_TAKEN, *columns)))
