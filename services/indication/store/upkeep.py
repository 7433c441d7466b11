"""What time does to what is kept: waiting ends, payloads are destroyed, unknown types are tried again.

One rule: the instant is an argument; what is done twice changes nothing more.
"""

from collections.abc import Callable
from datetime import datetime

from services.indication.assertions import NOBODY, Assertion, RefusedItem, Taken, UnknownItem, body
from services.indication.store import references, refusals
from services.indication.store.intake import take
from youthcare.outcome import Reason, Refused
from youthcare.runtime.postgres import Connection, Pool, unavailable_as_such
from youthcare.runtime.sealing import Keys

ROWS_AT_ONCE = 500


async def expire(pool: Pool, keys: Keys, now: datetime) -> int:
    """Refuse what waited for 30 days in vain and destroy payloads whose term is over; answers how many refused."""
    count = 0
    while True:
        with unavailable_as_such():
            async with pool.acquire() as connection, connection.transaction():
                gone = await references.expired(connection, keys, now, ROWS_AT_ONCE)
                await refusals.write(connection, keys, [_answers_nothing(each, now) for each in gone])
                await refusals.drop_expired(connection, now)
        count += len(gone)
        if len(gone) < ROWS_AT_ONCE:
            return count


def _answers_nothing(assertion: Assertion, now: datetime) -> RefusedItem:
    refused = Refused(reason=Reason.ANSWERS_NOTHING, identification=assertion.id)
    return RefusedItem(
        municipality=assertion.municipality,
        sender=assertion.sender,
        received=now,
        refused=refused,
        type=assertion.data.type,
        payload=body(assertion, NOBODY),
    )


_REFUSALS_AGAIN = "update refusal set published = null where published is not null and received > $1"


async def publish_again(pool: Pool, now: datetime) -> int:
    """Let the sweep publish all that was registered anew, for topics that were lost; answers how many statements.

    Refusals only as far back as their topic keeps them.
    """
    with unavailable_as_such():
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute(_REFUSALS_AGAIN, now - refusals.PAYLOAD_KEPT)
            done = await connection.execute("update statement set published = null where published is not null")
    return int(done.split()[-1])


async def retry_unknown(pool: Pool, keys: Keys, read: Callable[[UnknownItem], Taken], now: datetime) -> int:
    """Offer kept events of unknown types again; answers how many are known now."""
    known = 0
    while True:
        with unavailable_as_such():
            async with pool.acquire() as connection, connection.transaction():
                items = await refusals.take_unknown(connection, keys, now, ROWS_AT_ONCE)
                known += sum([await _retried(connection, keys, item, read(item), now) for item in items])
        if len(items) < ROWS_AT_ONCE:
            return known


async def _retried(connection: Connection, keys: Keys, item: UnknownItem, taken: Taken, now: datetime) -> bool:
    if taken.unknown:
        # Its sender was told already. Kept as of now, so that this round does not meet it again.
        await refusals.keep_unknown(connection, keys, [item], since=now)
        return False
    await take(connection, keys, taken)
    return True
