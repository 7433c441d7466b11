"""Up to which day the alerts of a municipality were swept, and which day somebody confirmed (`sweeping.py`)."""

from collections.abc import Iterable
from datetime import date

from services.alerts.store.rules import MunicipalityRules
from services.alerts.sweeping import TrustedDay, trusted_day
from youthcare.runtime.postgres import Connection


async def know_municipalities(connection: Connection, municipalities: Iterable[str]) -> None:
    """Have the sweep look at these municipalities from now on."""
    await connection.execute(
        "insert into sweep_day (municipality) select unnest($1::text[]) on conflict do nothing",
        sorted(set(municipalities)),
    )


async def known_municipalities(connection: Connection) -> list[str]:
    """The municipalities of which facts were applied, by any version of the service."""
    return [row["municipality"] for row in await connection.fetch("select distinct municipality from youth_state")]


async def swept_municipalities(connection: Connection) -> list[str]:
    """The municipalities that the sweep looks at."""
    return [row["municipality"] for row in await connection.fetch("select municipality from sweep_day order by 1")]


async def trusted_days(
    connection: Connection, rules: dict[str, MunicipalityRules], today: date
) -> dict[str, TrustedDay]:
    """The day to go by in each municipality when the clock says `today`."""
    rows = await connection.fetch("select * from sweep_day where municipality = any($1::text[])", sorted(rules))
    found = {row["municipality"]: row for row in rows}
    return {
        each: trusted_day(
            today,
            found[each]["last_swept"] if each in found else None,
            found[each]["accepted"] if each in found else None,
            known.practice.sweep_days_max,
        )
        for each, known in rules.items()
    }


async def note_swept(connection: Connection, municipality: str, day: date) -> None:
    """Keep that all that was due on a day is done."""
    await connection.execute(
        """insert into sweep_day (municipality, last_swept) values ($1, $2)
           on conflict (municipality) do update set last_swept = excluded.last_swept
           where sweep_day.last_swept is distinct from excluded.last_swept""",
        municipality,
        day,
    )


async def accept_day(connection: Connection, day: date, municipality: str | None) -> int:
    """Confirm a day for one municipality (None: for all that were swept before); answers for how many."""
    done = await connection.execute(
        "update sweep_day set accepted = $1 where $2::text is null or municipality = $2", day, municipality
    )
    return int(done.split()[-1])
