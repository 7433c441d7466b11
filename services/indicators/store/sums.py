"""What is asked of the step log: sums of steps, and the population they are divided by."""

from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import Any

from services.indicators.definitions import ANY_DEFINITION, Indicator
from services.indicators.durations import Distribution
from services.indicators.steps import Amount, Group, StepKey
from services.indicators.waiting import Dated
from services.indicators.windows import Read, Spread, Window, spreads_of, windows_of
from youthcare.period import FAR, Period
from youthcare.runtime.postgres import Connection, beside_session


async def read_of(
    connection: Connection,
    municipality: str,
    indicator: Indicator,
    period: str,
    definition: str,
    on: date,
    known_on: date,
) -> Read:
    """What the figures of all groups in a period are read from, as known on a day."""
    windows = [window for _, window in windows_of(indicator, period, definition, on)]
    spreads = spreads_of(indicator, period, definition, on)
    return Read(
        sums={window: await sums_of(connection, municipality, window, known_on) for window in windows},
        spreads={spread: await spread_of(connection, municipality, spread, known_on) for spread in spreads},
    )


# Every group that a series is told of, each found by one look in the index: the steps of the groups lie apart.
_HELD = """
with recursive held (group_kind, group_name) as (
    (select group_kind, group_name from step where municipality = $1 and indicator = $2 and definition = $3
     order by group_kind, group_name limit 1)
    union all
    select later.group_kind, later.group_name from held cross join lateral (
        select group_kind, group_name from step where municipality = $1 and indicator = $2 and definition = $3
          and (group_kind, group_name) > (held.group_kind, held.group_name)
        order by group_kind, group_name limit 1
    ) as later
)
"""


async def sums_of(
    connection: Connection, municipality: str, window: Window, known_on: date, group_kind: str | None = None
) -> dict[Group, Amount]:
    """The summed steps of every group of a municipality, or of one kind, within a window, as known on a day."""
    rows = await connection.fetch(
        _SUMS, municipality, window.series, window.definition, window.period, window.until, known_on, group_kind
    )
    return {
        (row["group_kind"], row["group_name"]): (row["numerator"], row["denominator"], row["pending"]) for row in rows
    }


_SUMS = f"""{_HELD}
select group_kind, group_name, summed.* from held cross join lateral (
    select sum(numerator)::bigint as numerator, sum(denominator)::bigint as denominator,
           sum(pending)::bigint as pending
    from step where municipality = $1 and indicator = $2 and definition = $3
      and group_kind = held.group_kind and group_name = held.group_name
      and period = $4 and effective_day <= $5 and known_day <= $6
) as summed
where ($7::text is null or group_kind = $7) and summed.numerator is not null
"""  # noqa: S608 (a text of our own)


async def spread_of(connection: Connection, municipality: str, spread: Spread, known_on: date) -> dict[Group, Dated]:
    """The counted distribution of every group of a municipality, as known on a day."""
    named = spread.named or Period(date.min, FAR)
    rows = await connection.fetch(
        _SPREAD,
        municipality,
        spread.series,
        spread.definition,
        named.start.isoformat(),
        named.end.isoformat(),
        spread.since,
        spread.until,
        known_on,
    )
    found: dict[Group, dict[tuple[int, int], int]] = {}
    for row in rows:
        dated = found.setdefault((row["group_kind"], row["group_name"]), {})
        dated[date.fromisoformat(row["period"]).toordinal(), row["effective_day"].toordinal()] = row["count"]
    return dict(found)


_SPREAD = f"""{_HELD}
select group_kind, group_name, counted.* from held cross join lateral (
    select period, effective_day, sum(numerator)::bigint as count
    from step where municipality = $1 and indicator = $2 and definition = $3
      and group_kind = held.group_kind and group_name = held.group_name
      and period >= $4 and period < $5 and effective_day between $6 and $7 and known_day <= $8
    group by period, effective_day having sum(numerator) <> 0
) as counted
"""  # noqa: S608 (a text of our own)


async def distributions_of(
    connection: Connection,
    municipality: str,
    definition: str,
    series: str,
    on: date,
    known_on: date,
    group_kind: str | None = None,
) -> dict[Group, Distribution]:
    """How many by the period that steps name, on a day, of every group of a municipality, or of one kind."""
    rows = await connection.fetch(_DISTRIBUTIONS, municipality, series, definition, on, known_on, group_kind)
    found: dict[Group, dict[str, int]] = {}
    for row in rows:
        found.setdefault((row["group_kind"], row["group_name"]), {})[row["period"]] = row["count"]
    return dict(found)


_DISTRIBUTIONS = f"""{_HELD}
select group_kind, group_name, counted.* from held cross join lateral (
    select period, sum(numerator)::bigint as count
    from step where municipality = $1 and indicator = $2 and definition = $3
      and group_kind = held.group_kind and group_name = held.group_name
      and effective_day <= $4 and known_day <= $5
    group by period having sum(numerator) <> 0
) as counted
where $6::text is null or group_kind = $6
"""  # noqa: S608 (a text of our own)


async def list_municipalities(connection: Connection) -> list[str]:
    """The municipalities of which anything is known."""
    rows = await connection.fetch(_MUNICIPALITIES)
    return [row["municipality"] for row in rows]


# One look in the index for each; the youths of a municipality are not read.
_MUNICIPALITIES = """
with recursive held (municipality) as (
    (select municipality from youth_state order by municipality limit 1)
    union all
    select (select municipality from youth_state where municipality > held.municipality order by municipality limit 1)
    from held where held.municipality is not null
)
select municipality from held where municipality is not null
"""


async def read_steps(
    connection: Connection, municipality: str, definition: str, known_on: date, series: Sequence[str] | None = None
) -> dict[StepKey, Amount]:
    """All steps of a municipality under a definition set as known on a day, or those of some series."""
    rows = await connection.fetch(
        """select indicator, definition, period, group_kind, group_name, effective_day,
                  sum(numerator)::bigint as numerator, sum(denominator)::bigint as denominator,
                  sum(pending)::bigint as pending
           from step where municipality = $1 and definition in ($2, $4) and known_day <= $3
             and ($5::text[] is null or indicator = any($5))
           group by indicator, definition, period, group_kind, group_name, effective_day""",
        municipality,
        definition,
        known_on,
        ANY_DEFINITION,
        series,
    )
    # In a thread, as there may be hundreds of thousands: whoever else asks something is answered meanwhile.
    return await beside_session(connection, partial(_steps_of, rows))


def _steps_of(rows: Sequence[Any]) -> dict[StepKey, Amount]:
    return {StepKey(*row[:6]): row[6:] for row in map(tuple, rows)}
