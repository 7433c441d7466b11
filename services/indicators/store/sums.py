"""What is asked of the step log: sums of steps, and the population they are divided by."""

from collections.abc import Sequence
from datetime import date

from services.indicators.durations import Distribution
from services.indicators.figures import Group, Window
from services.indicators.population import PopulationRow
from services.indicators.steps import Amount, StepKey
from youthcare.runtime.postgres import Connection


async def sums_of(
    connection: Connection, municipality: str, definition: str, window: Window, known_on: date
) -> dict[Group, Amount]:
    """The summed steps of every group of a municipality within a window, as known on a day."""
    rows = await connection.fetch(
        """select group_kind, group_name, sum(numerator) as numerator, sum(denominator) as denominator,
                  sum(pending) as pending
           from step where municipality = $1 and indicator = $2 and definition = $3 and period = $4
             and effective_day <= $5 and known_day <= $6 group by group_kind, group_name""",
        municipality,
        window.series,
        definition,
        window.period,
        window.until,
        known_on,
    )
    return {
        (row["group_kind"], row["group_name"]): (row["numerator"], row["denominator"], row["pending"]) for row in rows
    }


async def distributions_of(
    connection: Connection, municipality: str, definition: str, series: str, on: date, known_on: date
) -> dict[Group, Distribution]:
    """The counted distribution of every group of a municipality on a day: how many by period, as known on a day."""
    rows = await connection.fetch(
        """select group_kind, group_name, period, sum(numerator) as count
           from step where municipality = $1 and indicator = $2 and definition = $3
             and effective_day <= $4 and known_day <= $5
           group by group_kind, group_name, period having sum(numerator) <> 0""",
        municipality,
        series,
        definition,
        on,
        known_on,
    )
    found: dict[Group, dict[str, int]] = {}
    for row in rows:
        found.setdefault((row["group_kind"], row["group_name"]), {})[row["period"]] = row["count"]
    return dict(found)


async def list_municipalities(connection: Connection) -> list[str]:
    """The municipalities of which anything is known."""
    rows = await connection.fetch("select distinct municipality from youth_state order by municipality")
    return [row["municipality"] for row in rows]


async def population_of(connection: Connection, municipality: str, quarter: str) -> dict[Group, int]:
    """The population aged 0-17 of every group in a quarter."""
    rows = await connection.fetch(
        "select group_kind, group_name, youths from population where municipality = $1 and quarter = $2",
        municipality,
        quarter,
    )
    return {(row["group_kind"], row["group_name"]): row["youths"] for row in rows}


async def enter_population(connection: Connection, rows: Sequence[PopulationRow]) -> None:
    """Enter population; rows of the same quarter and group are replaced."""
    await connection.executemany(
        """insert into population (municipality, quarter, group_kind, group_name, youths)
           values ($1, $2, $3, $4, $5)
           on conflict (municipality, quarter, group_kind, group_name) do update set youths = excluded.youths""",
        [(row.municipality, row.quarter, row.group_kind, row.group, row.youths) for row in rows],
    )


async def read_steps(
    connection: Connection, municipality: str, definition: str, known_on: date
) -> dict[StepKey, Amount]:
    """All steps of a municipality as known on a day; for the whole report at once."""
    rows = await connection.fetch(
        """select indicator, definition, period, group_kind, group_name, effective_day,
                  sum(numerator) as numerator, sum(denominator) as denominator, sum(pending) as pending
           from step where municipality = $1 and definition = $2 and known_day <= $3
           group by indicator, definition, period, group_kind, group_name, effective_day""",
        municipality,
        definition,
        known_on,
    )
    return {StepKey(*tuple(row)[:6]): (row["numerator"], row["denominator"], row["pending"]) for row in rows}


async def read_population(connection: Connection, municipality: str) -> list[PopulationRow]:
    """The population of every quarter and group of a municipality."""
    rows = await connection.fetch(
        """select municipality, quarter, group_kind, group_name as "group", youths from population
           where municipality = $1 order by quarter, group_kind, group_name""",
        municipality,
    )
    return [PopulationRow(**dict(row)) for row in rows]
