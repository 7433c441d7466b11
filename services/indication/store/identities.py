"""Which youth a BSN is: given once per municipality and BSN, at random (domain.md §8).

Four rules. The BSN reaches Postgres only as an HMAC and sealed. All look-up keys find; new rows are written under the
one in use. While keys rotate, two processes may use different ones: then a new person is given a youth under a lock.
Who was known before a restore gets the same youth again (`recognition.py`).
"""

import uuid
from collections.abc import Awaitable, Callable, Collection, Mapping

from services.indication.identity import lookup
from services.indication.recognition import Person
from services.indication.store.locks import PERSONS, hold
from youthcare.runtime.postgres import Connection
from youthcare.runtime.processing import Unavailable
from youthcare.runtime.sealing import Keys

Recognise = Callable[[Mapping[Person, str]], Awaitable[Mapping[Person, str]]]
"""Told who is known, tells which youths others are who had one before."""

_FIND = """
select wanted.position, identity.youth
from unnest($1::text[], $2::bytea[]) with ordinality as wanted (municipality, lookup, position)
join identity using (municipality, lookup)
"""
_GIVE = """
insert into identity (municipality, lookup, key_version, bsn_sealed, youth)
select * from unnest($1::text[], $2::bytea[], $3::smallint[], $4::bytea[], $5::text[])
on conflict do nothing
"""
_OUT_OF_REACH = """
select 1 from identity
join unnest($1::text[], $2::smallint[], $3::smallint[]) as own (municipality, oldest, newest) using (municipality)
where key_version < oldest or key_version > newest limit 1
"""
_KNOWN = "select 1 from identity where municipality = $1 and youth = $2 limit 1"
_NUMBERS = "select bsn_sealed, former from identity where municipality = $1 and youth = $2"
_FORGET = "delete from identity where municipality = $1 and youth = $2"


async def youths_of(
    connection: Connection, keys: Keys, persons: Collection[Person], recognise: Recognise
) -> Mapping[Person, str]:
    """The youth of each person, given now to those who had none."""
    found = await _found(connection, keys, persons)
    # One order for all: two deliveries with the same new persons wait for each other, never in a circle.
    missing = sorted(set(persons) - found.keys())
    if not missing:
        return found
    if any(len(keys[municipality].lookup) > 1 for municipality, _ in missing):
        await _wait_for_others(connection, keys, missing)
        found |= await _found(connection, keys, missing)
        missing = [person for person in missing if person not in found]
        if not missing:
            return found
    await refuse_wrong_keys(connection, keys, *{municipality for municipality, _ in missing})
    await _give(connection, keys, missing, await recognise(found))
    # Read again, because another delivery may have been first.
    return found | await _found(connection, keys, missing)


async def _wait_for_others(connection: Connection, keys: Keys, persons: Collection[Person]) -> None:
    """Wait for whoever gives these persons a youth now, perhaps under another key than ours.

    The place is made with the oldest key, which all processes know until it is retired.
    """
    oldest = {municipality: own.lookup[min(own.lookup)] for municipality, own in keys.items()}
    places = [(person[0], lookup(oldest[person[0]], *person).hex()) for person in persons]
    await hold(connection, PERSONS, places)


async def refuse_wrong_keys(connection: Connection, keys: Keys, *municipalities: str) -> None:
    """Give nobody a youth when there are identities that our keys cannot find: who it is may be among them.

    Raises `Unavailable`.
    """
    places = sorted(municipalities)
    oldest, newest = ([side(keys[place].lookup) for place in places] for side in (min, max))
    if await connection.fetchval(_OUT_OF_REACH, places, oldest, newest):
        raise Unavailable("identities stand under keys that this process does not have; it needs another key file")


async def _found(connection: Connection, keys: Keys, persons: Collection[Person]) -> dict[Person, str]:
    asked = [(person, lookup(key, *person)) for person in persons for key in keys[person[0]].lookup.values()]
    rows = await connection.fetch(_FIND, [person[0] for person, _ in asked], [value for _, value in asked])
    return {asked[row["position"] - 1][0]: row["youth"] for row in rows}


async def _give(
    connection: Connection, keys: Keys, persons: Collection[Person], recognised: Mapping[Person, str]
) -> None:
    own = [keys[municipality] for municipality, _ in persons]
    await connection.execute(
        _GIVE,
        [municipality for municipality, _ in persons],
        [lookup(each.lookup[each.lookup_version], *person) for each, person in zip(own, persons, strict=True)],
        [each.lookup_version for each in own],
        [each.seal("bsn", person[1].encode()) for each, person in zip(own, persons, strict=True)],
        [recognised.get(person) or uuid.uuid4().hex for person in persons],
    )


async def is_known(connection: Connection, municipality: str, youth: str) -> bool:
    """Whether the youth identifier was given in this municipality."""
    return await connection.fetchval(_KNOWN, municipality, youth) is not None


async def find(connection: Connection, keys: Keys, persons: Collection[Person]) -> Mapping[Person, str]:
    """The youths of those who have one; nobody is given one."""
    return await _found(connection, keys, persons)


async def numbers_of(connection: Connection, keys: Keys, municipality: str, youth: str) -> frozenset[str]:
    """The BSNs under which a youth is known, or was before they were corrected."""
    rows = await connection.fetch(_NUMBERS, municipality, youth)
    sealed = [each for row in rows for each in (row["bsn_sealed"], *row["former"])]
    return frozenset(keys[municipality].unseal("bsn", each).decode() for each in sealed)


async def forget(connection: Connection, municipality: str, youth: str) -> None:
    """Remove who the youth is, so that a later message gets a new youth."""
    await connection.execute(_FORGET, municipality, youth)
