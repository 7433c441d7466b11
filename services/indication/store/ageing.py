"""Counts of refusals per sender: how old what is open is, and what was repaired in time (`mailbox.py`)."""

from collections import defaultdict
from datetime import datetime, timedelta

from services.indication.mailbox import AGE_CLASSES, AGE_DAYS, REPAIR_COHORT, REPAIR_TERM, Ageing, Sight
from youthcare.runtime.postgres import Connection, Pool, unavailable_as_such

_SEEN = """
($1 or sender = any($2::text[]) or exists (select from unnest($3::text[]) start where starts_with(sender, start)))
"""
# The class by its place in AGE_CLASSES: an age of exactly so many days still belongs to the younger one.
_AGED = """
select municipality, sender, age, count(*) as count, min(received) as oldest from (
    select municipality, sender, received,
        (select count(*) from unnest($5::interval[]) days where $4 - received > days)::int as age
    from refusal where settled is null
) aged
where """
_OPEN = _AGED + _SEEN + " group by municipality, sender, age"
_COHORT = """
select municipality, sender, count(*) as matured, count(*) filter (where settled <= received + $6) as repaired
from refusal where received >= $4 and received < $5 and """
_REPAIRED = _COHORT + _SEEN + " group by municipality, sender"
EVERYBODY = Sight(sources=frozenset(), all_senders=True)


async def ageing(connection: Connection, sight: Sight, now: datetime) -> list[Ageing]:
    """The senders with open refusals, or with some in the repair cohort; of the municipalities of the session."""
    seen = (sight.all_senders, sorted(sight.sources), list(sight.parties))
    days = [timedelta(days=each) for each in AGE_DAYS]
    until = now - REPAIR_TERM
    opened: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    oldest: dict[tuple[str, str], datetime] = {}
    for row in await connection.fetch(_OPEN, *seen, now, days):
        place = (row["municipality"], row["sender"])
        opened[place][AGE_CLASSES[row["age"]]] = row["count"]
        oldest[place] = min(row["oldest"], oldest.get(place, row["oldest"]))
    rows = await connection.fetch(_REPAIRED, *seen, until - REPAIR_COHORT, until, REPAIR_TERM)
    matured = {(row["municipality"], row["sender"]): (row["matured"], row["repaired"]) for row in rows}
    return [
        Ageing(
            municipality=place[0],
            sender=place[1],
            open=opened.get(place, {}),
            oldest=oldest.get(place),
            matured=matured.get(place, (0, 0))[0],
            repaired=matured.get(place, (0, 0))[1],
        )
        for place in sorted(opened.keys() | matured.keys())
    ]


async def ageing_of_all(pool: Pool, now: datetime) -> list[Ageing]:
    """The same for a worker, whose sessions see all municipalities; raises `Unavailable`."""
    with unavailable_as_such():
        async with pool.acquire() as connection:
            return await ageing(connection, EVERYBODY, now)
