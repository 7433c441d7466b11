"""Ends what is past its term in the tables of one service: in small batches, the oldest terms first.

Three rules. A batch is one transaction, and a run that is stopped goes on where it was. What another process holds is
left to the next run. Each statement is told the terms: of the municipalities that chose one, and of all others.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path

import yaml

from youthcare.period import AMSTERDAM
from youthcare.retention import DEFAULT, Terms, terms_from
from youthcare.runtime.postgres import Connection, Pool, unavailable_as_such
from youthcare.runtime.settings import Settings, shipped

ROWS_AT_ONCE = 500
Counts = Mapping[tuple[str, str], int]
"""How many, by municipality and kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a kind is found and ended in one table.

    `past` gives the municipality of each row past its term; `end` ends so many of them ($4) and gives the same. Both
    are told the term as `until_of` reads it.
    """

    kind: str
    past: str
    end: str


def until_of(table: str) -> str:
    """SQL: before which instant a row of a table is past its term."""
    return f"""coalesce((
        select chosen.until from unnest($2::text[], $3::timestamptz[]) as chosen (municipality, until)
        where chosen.municipality = {table}.municipality), $1::timestamptz)"""  # noqa: S608 - ours


def terms_of(settings: Settings) -> Terms:
    """The register of `RETENTION_FILE`, else the shipped one; raises `ValueError` that says what is wrong with it."""
    path = Path(settings.retention_file) if settings.retention_file else shipped("retention.yml")
    return terms_from(yaml.safe_load(path.read_text(encoding="utf-8")))


def midnight(day: date) -> datetime:
    """The instant at which a civil day begins in Amsterdam, in UTC."""
    return datetime.combine(day, time(), AMSTERDAM).astimezone(UTC)


def _given(cutoffs: Mapping[str, date]) -> tuple[datetime, list[str], list[datetime]]:
    own = sorted(cutoffs.keys() - {DEFAULT})
    return midnight(cutoffs[DEFAULT]), own, [midnight(cutoffs[each]) for each in own]


async def end_past(pool: Pool, endings: Sequence[Ending], terms: Terms, today: date) -> Counter[tuple[str, str]]:
    """End all that is past its term; answers how many rows. Raises `Unavailable`, and what was ended stays so."""
    done = Counter[tuple[str, str]]()
    for ending in endings:
        given = _given(terms.cutoffs(ending.kind, today))
        while ended := await _batch(pool, ending, given):
            done.update((municipality, ending.kind) for municipality in ended)
    return done


async def _batch(pool: Pool, ending: Ending, given: tuple[datetime, list[str], list[datetime]]) -> list[str]:
    with unavailable_as_such():
        async with pool.acquire() as connection, connection.transaction():
            rows = await connection.fetch(ending.end, *given, ROWS_AT_ONCE)
    return [row["municipality"] for row in rows]


async def count_past(
    connection: Connection, endings: Sequence[Ending], terms: Terms, today: date
) -> Counter[tuple[str, str]]:
    """How many rows are past their term now."""
    found = Counter[tuple[str, str]]()
    for ending in endings:
        given = _given(terms.cutoffs(ending.kind, today))
        query = f"select municipality, count(*) as rows from ({ending.past}) as past group by municipality"  # noqa: S608 - ours
        for row in await connection.fetch(query, *given):
            found[row["municipality"], ending.kind] += row["rows"]
    return found
