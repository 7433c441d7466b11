"""The step log has a partition per municipality: made by whoever comes first, and as closed as the whole."""

import asyncio

from tests.indicators import TABLE, fold, indicators_pool, indicators_settings, records, village
from tests.naive_indicators import told_layers
from tests.stack import new_municipality
from youthcare.runtime.postgres import Pool, as_municipality, open_pool
from youthcare.runtime.settings import Settings

__all__ = ["indicators_pool", "indicators_settings"]


async def test_workers_that_meet_new_municipalities_at_once_make_each_partition_once(pool: Pool) -> None:
    """Four workers, three municipalities that nobody knew, every worker with two of them: none fails or waits long."""
    new = [new_municipality() for _ in range(3)]
    told = {
        (each, team): records(told_layers(village(each, youths=3, team=team), TABLE, None))
        for each in new
        for team in ("noord", "oost", "zuid")
    }
    batches = [
        told[new[0], "noord"] + told[new[2], "noord"],
        told[new[2], "oost"] + told[new[1], "oost"],
        told[new[1], "noord"] + told[new[0], "oost"],
        told[new[2], "zuid"] + told[new[0], "zuid"],
    ]

    async with asyncio.timeout(30):
        await asyncio.gather(*(fold(pool, batch) for batch in batches))

    made = await pool.fetch("select relname from pg_class where relkind = 'r' and relname = any($1)", _names(new))
    assert sorted(row["relname"] for row in made) == sorted(_names(new))


def _names(municipalities: list[str]) -> list[str]:
    return [f"step_{each}" for each in municipalities]


async def test_a_partition_by_its_own_name_shows_another_municipality_nothing(
    settings: Settings, pool: Pool, municipality: str
) -> None:
    """The wall stands around each table of persons, also around the parts of one."""
    other = new_municipality()
    await fold(pool, records(told_layers(village(municipality), TABLE, None)))
    api = await open_pool(settings.database("indicators"), "test")

    async with api.acquire() as connection:
        async with as_municipality(connection, municipality):
            own = await connection.fetchval(f"select count(*) from step_{municipality}")
        async with as_municipality(connection, other):
            others = await connection.fetchval(f"select count(*) from step_{municipality}")
    await api.close()

    assert (own > 0, others) == (True, 0)


async def test_a_municipality_with_an_odd_code_has_its_partition_too(pool: Pool) -> None:
    """Facts are outside data: a code that is no name of a table holds up nobody."""
    odd = "x' or " + "y" * 80

    for _ in range(2):
        await fold(pool, records(told_layers(village(odd, youths=1), TABLE, None)))

    assert await pool.fetchval("select count(*) from step where municipality = $1", odd) > 0
