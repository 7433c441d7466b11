"""Publications in Postgres: frozen once, read for ever; and the layers that came after them."""

from collections.abc import Iterable, Sequence
from datetime import date
from fractions import Fraction
from typing import Any

from services.indicators.figures import Figure
from services.indicators.publishing import Publication
from services.indicators.relations import Key, key_of
from services.indicators.steps import Amount, SharedKey, StepKey, plus, spread
from services.indicators.store.layers import read_deltas
from services.indicators.suppression import Suppressed
from youthcare.runtime.postgres import Connection


async def freeze(connection: Connection, publication: Publication, cells: Sequence[Figure], hidden: Suppressed) -> int:
    """Keep a publication under the next number of its quarter, inside the caller's transaction; the number.

    What others than a supervisor are not shown is decided now, and kept: later figures must not tell it.
    """
    lock = f"publication/{publication.municipality}/{publication.quarter}"
    await connection.execute("select pg_advisory_xact_lock(hashtextextended($1, 0))", lock)
    number: int = await connection.fetchval(
        """insert into publication (municipality, quarter, number, definition, as_of, known_on, published_at,
                                    published_by, content, digest)
           select $1, $2, 1 + coalesce(max(number), 0), $3, $4, $5, $6, $7, $8, $9
           from publication where municipality = $1 and quarter = $2 returning number""",
        publication.municipality,
        publication.quarter,
        publication.definition,
        publication.as_of,
        publication.known_on,
        publication.published_at,
        publication.published_by,
        publication.content,
        publication.digest,
    )
    await connection.executemany(
        "insert into publication_cell values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        [
            (
                *(publication.municipality, publication.quarter, number),
                *(row.indicator, row.period, row.group_kind, row.group),
                *(row.numerator, row.denominator, row.value is not None, row.status, row.pending),
                *(key in hidden.figures, key in hidden.pending),
            )
            for row in cells
            for key in [key_of(row)]
        ],
    )
    return number


async def list_publications(connection: Connection, municipality: str, quarter: str | None = None) -> list[Publication]:
    """The publications of a municipality, or of one quarter, the newest first."""
    rows = await connection.fetch(
        """select municipality, quarter, number, definition, as_of, known_on, published_at, published_by, content,
                  digest
           from publication where municipality = $1 and ($2::text is null or quarter = $2)
           order by published_at desc, quarter desc, number desc""",
        municipality,
        quarter,
    )
    return [Publication(**dict(row)) for row in rows]


async def publication_days(connection: Connection, municipality: str) -> frozenset[date]:
    """The days that publications were asked of and known on."""
    rows = await connection.fetch("select as_of, known_on from publication where municipality = $1", municipality)
    return frozenset(day for row in rows for day in (row["as_of"], row["known_on"]))


async def read_cells(connection: Connection, publication: Publication, is_quantile: Iterable[str]) -> list[Figure]:
    """The frozen cells; of the indicators given the value is the numerator itself, of others the fraction."""
    quantiles = frozenset(is_quantile)
    rows = await connection.fetch(
        """select indicator, period, group_kind, group_name, numerator, denominator, has_value, status, pending
           from publication_cell where municipality = $1 and quarter = $2 and number = $3""",
        publication.municipality,
        publication.quarter,
        publication.number,
    )
    return [_figure(dict(row), quantiles) for row in rows]


async def read_hidden(connection: Connection, publication: Publication) -> Suppressed:
    """What of a publication others than a supervisor are not shown."""
    rows = await connection.fetch(
        """select indicator, period, group_kind, group_name, withheld, pending_withheld from publication_cell
           where municipality = $1 and quarter = $2 and number = $3 and (withheld or pending_withheld)""",
        publication.municipality,
        publication.quarter,
        publication.number,
    )
    keys = {Key(row["indicator"], row["period"], (row["group_kind"], row["group_name"])): row for row in rows}
    return Suppressed(
        figures=frozenset(key for key, row in keys.items() if row["withheld"]),
        pending=frozenset(key for key, row in keys.items() if row["pending_withheld"]),
    )


def _figure(row: dict[str, Any], quantiles: frozenset[str]) -> Figure:
    value = None
    if row["has_value"]:
        value = Fraction(row["numerator"], 1 if row["indicator"] in quantiles else row["denominator"])
    return Figure(
        indicator=row["indicator"],
        period=row["period"],
        group_kind=row["group_kind"],
        group=row["group_name"],
        numerator=row["numerator"],
        denominator=row["denominator"],
        value=value,
        status=row["status"],
        pending=row["pending"],
    )


async def late_steps(
    connection: Connection, municipality: str, after: date, until: date, *, corrects: bool
) -> dict[StepKey, Amount]:
    """The steps that the known days after one day, up to another, added; only of youths that were told of then."""
    rows = await connection.fetch(
        """select deltas from youth_layer
           where municipality = $1 and known_day > $2 and known_day <= $3 and corrects = $4""",
        municipality,
        after,
        until,
        corrects,
    )
    totals: dict[SharedKey, Amount] = {}
    for row in rows:
        for key, amount in read_deltas(row["deltas"]).items():
            totals[key] = plus(totals[key], amount) if key in totals else amount
    return spread(totals)


async def erased_since(connection: Connection, municipality: str, day: date) -> int:
    """How many youths were erased on or after a day."""
    found: int = await connection.fetchval(
        "select coalesce(sum(youths), 0)::int from erasure where municipality = $1 and day >= $2", municipality, day
    )
    return found


async def note_erased(connection: Connection, municipality: str, day: date, youths: int) -> None:
    """Count youths that were erased on a day."""
    await connection.execute(
        """insert into erasure values ($1, $2, $3)
           on conflict (municipality, day) do update set youths = erasure.youths + excluded.youths""",
        municipality,
        day,
        youths,
    )


async def log_positions(connection: Connection) -> dict[str, int]:
    """Up to where the facts of each partition are in the figures; none before a worker has made its table."""
    if await connection.fetchval("select to_regclass('progress')") is None:
        return {}
    rows = await connection.fetch("select partition, next_offset from progress where processor = 'indicators'")
    return {str(row["partition"]): row["next_offset"] for row in rows}
