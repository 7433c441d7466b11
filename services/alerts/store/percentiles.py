"""The percentiles of care durations: made once a quarter, kept, and entered as the norms of `outlier`."""

from datetime import date, datetime
from functools import partial

from services.alerts.inbox import Shown
from services.alerts.norms import Norms
from services.alerts.percentiles import (
    OF_TRAJECTORIES,
    Made,
    Percentiles,
    care_forms_on,
    durations_on,
    least_rank,
    made_of,
)
from services.alerts.store.diary import enter_norm
from services.alerts.store.learning import facts_in_parts, facts_of
from services.alerts.store.reading import lock_municipalities
from services.alerts.whycard import count_of
from youthcare.period import ONE_DAY, Period, quarter_of
from youthcare.runtime.postgres import Connection, beside_session, municipality_policy
from youthcare.youthfacts import YouthFacts

PERCENTILE_TABLES = """
-- ENTERED. How long trajectories with a care form lasted on the last day of a quarter; made once, never again.
create table if not exists percentile (
    municipality text not null check (municipality ~ '^[0-9]{4}$'),
    quarter text not null,
    care_form text not null,
    percent integer not null check (percent between 1 and 99),
    days integer not null check (days > 0),
    trajectories integer not null,
    made timestamptz not null,
    primary key (municipality, quarter, care_form, percent)
);
""" + municipality_policy("percentile")
_INSERTED = "insert into percentile values ($1, $2, $3, $4, $5, $6, $7)"
_MADE = "select exists (select from percentile where municipality = $1 and quarter = $2)"
_NEWEST = """
select percent, days from percentile
where municipality = $1 and care_form = $2 and quarter = (
    select max(quarter) from percentile where municipality = $1 and care_form = $2 and quarter < $3
)
"""
AUTHOR = "trajectwacht"


async def make_percentiles(
    connection: Connection, municipality: str, quarter: Period, now: datetime
) -> list[Made] | None:
    """Make and keep the percentiles of a quarter that is over, and enter the norms of `outlier`, from the day after.

    In the caller's transaction. None when they were made before.
    """
    await lock_municipalities(connection, [municipality])
    last_day = quarter.end - ONE_DAY
    if await connection.fetchval(_MADE, municipality, quarter_of(last_day)):
        return None
    found = await _measured(connection, municipality, last_day)
    rows = [
        (municipality, quarter_of(last_day), row.care_form, percent, days, row.trajectories, now)
        for row in found
        for percent, days in row.at_percent.items()
    ]
    await connection.executemany(_INSERTED, rows)
    for row in found:
        await enter_norm(connection, municipality, row.norm(quarter), AUTHOR, now)
    return found


async def _measured(connection: Connection, municipality: str, last_day: date) -> list[Made]:
    durations: dict[str, list[int]] = {}
    async for part in facts_in_parts(connection, municipality):
        found = await beside_session(connection, partial(_durations, part, last_day))
        for care_form, days in found.items():
            durations.setdefault(care_form, []).extend(days)
    return made_of(durations)


def _durations(part: list[bytes], last_day: date) -> dict[str, list[int]]:
    return durations_on(facts_of(part), Norms().definition, last_day)


async def percentiles_of(connection: Connection, municipality: str, care_form: str, on: date) -> Percentiles:
    """The percentiles of a care form of the newest quarter that was over on a day; empty when none were made."""
    rows = await connection.fetch(_NEWEST, municipality, care_form, quarter_of(on))
    return {row["percent"]: row["days"] for row in rows}


async def percentile_of(connection: Connection, alert: Shown, facts: YouthFacts | None, today: date) -> int | None:
    """How many percent of the trajectories with the same care form that of an alert exceeds on a day.

    None when it is not known, or when the alert's rule counts no days of a trajectory.
    """
    count = count_of(alert, today) if alert.rule in OF_TRAJECTORIES else None
    if count is None or facts is None:
        return None
    forms = sorted(care_forms_on(facts, count.last_day))
    known = [await percentiles_of(connection, facts.municipality, form, count.last_day) for form in forms]
    return least_rank(count.days, known)
