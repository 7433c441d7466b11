"""Days decreed to be no working day, from the file that names them to the timeliness that is counted."""

from datetime import UTC, date, datetime

from services.indicators.reference import ReferenceFile, read
from services.indicators.reference_kinds import ReferenceKind
from services.indicators.store.reference import Entered, enter
from tests import builders
from tests.indicators import TABLE, fold, indicators_pool, indicators_settings, records
from tests.naive_indicators import told_layers
from youthcare.runtime.postgres import Pool

__all__ = ["indicators_pool", "indicators_settings"]

_IN_TIME = """
select known_day, numerator, denominator from step
where municipality = $1 and indicator = 'timeliness' and group_kind = 'municipality' order by known_day
"""


async def test_a_decreed_day_counts_for_what_becomes_known_after_it_was_entered(pool: Pool, municipality: str) -> None:
    """Begun on Monday 7 October 2024 and recorded on the 15th: in time, as Friday the 11th was no working day.

    What was known before keeps the judgement of its day, so that a rebuild gives what was live.
    """
    await decree(pool, municipality, date(2024, 10, 11), datetime(2024, 10, 17, 8, tzinfo=UTC))
    told = [
        builders.started(
            municipality=municipality,
            youth=f"known-on-{day}",
            indication=f"{municipality}-{day}",
            first_day="2024-10-07",
            time="2024-10-15T10:00:00Z",
            received=f"2024-10-{day}T10:00:00Z",
        )
        for day in (16, 18)
    ]

    await fold(pool, records(facts for each in told for facts in told_layers([each], TABLE, None)))

    async with pool.acquire() as connection:
        rows = await connection.fetch(_IN_TIME, municipality)
    assert [tuple(row) for row in rows] == [(date(2024, 10, 16), 0, 1), (date(2024, 10, 18), 1, 1)]


async def decree(pool: Pool, municipality: str, day: date, entered_at: datetime) -> None:
    """Enter a decreed day of a municipality."""
    file = read(ReferenceKind.HOLIDAYS, f"day,label\n{day.isoformat()},Aangewezen\n".encode(), municipality)
    assert isinstance(file, ReferenceFile), file
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("select set_config('app.municipality', $1, true)", municipality)
        assert isinstance(await enter(connection, file, entered_at=entered_at, entered_by="test"), Entered)
