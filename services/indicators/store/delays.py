"""What is asked of the step log about reporting delays: counts by event day and delay, as known on a day."""

from datetime import date

from services.indicators.definitions import ANY_DEFINITION
from services.indicators.delays import SENDER, Event, series_of
from services.indicators.steps import Group
from youthcare.period import ONE_DAY, Period
from youthcare.runtime.postgres import Connection

Counted = dict[tuple[date, int], int]
"""How many events by the day they were on and the days after which they were reported."""


async def delays_of(
    connection: Connection, municipality: str, event: Event, group: Group, days: Period, known_on: date
) -> Counted:
    """The counted delays of the events of a group on the days of a closed period, as known on a day."""
    rows = await connection.fetch(
        """select effective_day, period, sum(numerator)::bigint as count
           from step where municipality = $1 and indicator = $2 and definition = $3
             and group_kind = $4 and group_name = $5 and effective_day between $6 and $7 and known_day <= $8
           group by effective_day, period having sum(numerator) <> 0""",
        municipality,
        series_of(event),
        ANY_DEFINITION,
        *group,
        days.start,
        days.end - ONE_DAY,
        known_on,
    )
    return {(row["effective_day"], int(row["period"])): row["count"] for row in rows}


async def delays_by_sender(
    connection: Connection, municipality: str, days: Period, known_on: date
) -> dict[str, dict[int, int]]:
    """How many starts and ends on the days of a closed period each sender reported after how many days."""
    rows = await connection.fetch(
        """select group_name, period, sum(numerator)::bigint as count
           from step where municipality = $1 and indicator = any($2) and definition = $3
             and group_kind = $4 and effective_day between $5 and $6 and known_day <= $7
           group by group_name, period having sum(numerator) <> 0""",
        municipality,
        [series_of(event) for event in Event],
        ANY_DEFINITION,
        SENDER,
        days.start,
        days.end - ONE_DAY,
        known_on,
    )
    found: dict[str, dict[int, int]] = {}
    for row in rows:
        found.setdefault(row["group_name"], {})[int(row["period"])] = row["count"]
    return found
