"""What ends by its term in the tables of this service, and the wish to forget whose care ended long ago.

Three rules. Who is past the term is forgotten by the steps of every forgetting, and by no road of its own. It is asked
again here, while nobody delivers: whoever was told of since is kept. A sender's refusals keep their numbers.
"""

from collections.abc import Sequence
from datetime import datetime

from services.indication.assertions import Assertion
from services.indication.store import forgetting, statements
from services.indication.store.locks import share_gates
from youthcare.events import YouthForgotten
from youthcare.runtime.postgres import Connection
from youthcare.runtime.retaining import Ending, until_of
from youthcare.runtime.sealing import Keys
from youthcare.runtime.topics import youth_digest

_PAST_REFUSALS = f"""
select municipality, sender, number from refusal where published is not null and received < {until_of("refusal")}
"""  # noqa: S608 - ours
_PAST_DISCLOSURES = f"""
select municipality, number from disclosure where told < {until_of("disclosure")}
"""  # noqa: S608 - ours
_PAST_STRANGERS = f"""
select municipality, lookup from identity where made < {until_of("identity")} and not exists (
    select from statement where statement.municipality = identity.municipality and statement.youth = identity.youth)
"""  # noqa: S608 - ours
ENDINGS = (
    Ending(
        kind="refusals",
        past=_PAST_REFUSALS,
        end=f"""
            with past as ({_PAST_REFUSALS} order by received limit $4 for update skip locked), waited as (
                delete from refusal_key as kept using past where kept.municipality = past.municipality
                    and kept.sender = past.sender and kept.number = past.number
            )
            delete from refusal as kept using past where kept.municipality = past.municipality
                and kept.sender = past.sender and kept.number = past.number returning kept.municipality
        """,  # noqa: S608 - ours
    ),
    Ending(
        kind="disclosures",
        past=_PAST_DISCLOSURES,
        end=f"""
            with past as ({_PAST_DISCLOSURES} order by told limit $4 for update skip locked)
            delete from disclosure as kept using past where kept.municipality = past.municipality
                and kept.number = past.number returning kept.municipality
        """,  # noqa: S608 - ours
    ),
    # A person of whom nothing was taken in: not on the log, so nothing but this row tells of it.
    Ending(
        kind="youths",
        past=_PAST_STRANGERS,
        end=f"""
            with past as ({_PAST_STRANGERS} order by made limit $4 for update skip locked)
            delete from identity as kept using past where kept.municipality = past.municipality
                and kept.lookup = past.lookup returning kept.municipality
        """,  # noqa: S608 - ours
    ),
)
_NEWEST = "select max(received) from statement where municipality = $1 and youth = any($2::text[])"

_KEPT = """
select count(*) from (
    select from statement where municipality = $1 and youth = any($2::text[]) group by youth having max(received) < $3
) as kept
"""


async def forget_past(
    connection: Connection, keys: Keys, municipality: str, youths: Sequence[str], until: datetime, now: datetime
) -> int:
    """Begin the forgetting of youths of whom nothing came since `until`; answers of how many. In a transaction."""
    await share_gates(connection, (), {municipality})
    count = 0
    for youth in youths:
        members = await statements.merged_into(connection, municipality, youth)
        newest = await connection.fetchval(_NEWEST, municipality, members)
        if newest is not None and newest < until:
            await _begin(connection, keys, _wish(municipality, youth, now), youth)
            count += 1
    return count


async def count_kept(connection: Connection, municipality: str, youths: Sequence[str], until: datetime) -> int:
    """Of how many of these youths the register has something, and nothing since `until`."""
    return int(await connection.fetchval(_KEPT, municipality, youths, until))


async def _begin(connection: Connection, keys: Keys, wish: Assertion, youth: str) -> None:
    await statements.register(connection, [(wish, youth)])
    await forgetting.begin(connection, keys, wish, youth)


def _wish(municipality: str, youth: str, now: datetime) -> Assertion:
    """The wish that the end of a term is; its source says that nobody asked for it."""
    return Assertion(
        municipality=municipality,
        source=source_of(municipality),
        id=f"term-{youth_digest(municipality, youth)[:24]}",
        time=now,
        received=now,
        data=YouthForgotten(),
        sender=source_of(municipality),
    )


def source_of(municipality: str) -> str:
    """Under which source a wish stands that a term brought."""
    return f"/{municipality}/bewaartermijn"
