"""Works out what an audience is shown of a municipality, by the same questions as the API asks, and writes it.

Everyone is told of the last month end, as known then; supervisors of today. Each figure is a sum of steps over its
own period: no facts and no youth are read, and earlier months do not make it dearer.
"""

import asyncio
from collections.abc import Sequence
from datetime import date, datetime

from services.indicators.catalogue import REPORTED
from services.indicators.definitions import DEFAULT_DEFINITION
from services.indicators.figures import Figure, figures_by_group, people_by_quarter
from services.indicators.relations import Key
from services.indicators.spans import last_month_end, list_names
from services.indicators.store import reference, sums
from services.indicators.store.shown import SHOWN_MONTHS, Audience, Telling, renew_shown
from services.indicators.suppression import suppressed
from youthcare.runtime.postgres import Connection

YEARS_BEFORE = SHOWN_MONTHS // 12 + 1
"""Withholding looks at whole years and at the year beside them: one more year than is shown."""


async def show(
    connection: Connection,
    municipality: str,
    audience: Audience,
    today: date,
    now: datetime,
    definitions: Sequence[str] = (DEFAULT_DEFINITION,),
) -> int:
    """Renew what an audience is shown of a municipality; how many rows that are.

    Everyone is shown one definition set alone: two sets side by side would tell by their difference.
    """
    count = 0
    for definition in definitions if audience is Audience.SUPERVISOR else (DEFAULT_DEFINITION,):
        telling = await _telling(connection, municipality, definition, audience, today)
        count += await renew_shown(connection, municipality, telling, now)
    return count


async def _telling(
    connection: Connection, municipality: str, definition: str, audience: Audience, today: date
) -> Telling:
    on = today if audience is Audience.SUPERVISOR else last_month_end(today)
    found = await _list_figures(connection, municipality, definition, on)
    targets = await reference.targets_of(connection, municipality, None, on)
    return Telling(
        definition=definition,
        on=on,
        known_on=on,
        figures=found,
        # In a thread: it may take seconds, and pages are served beside it.
        suppressed=None if audience is Audience.SUPERVISOR else await asyncio.to_thread(suppressed, found),
        targets={Key(row.indicator, row.period, (row.group_kind, row.group)): row.target for row in targets},
    )


async def _list_figures(connection: Connection, municipality: str, definition: str, on: date) -> list[Figure]:
    people = people_by_quarter(await reference.read_population(connection, municipality, on), municipality)
    found: list[Figure] = []
    for indicator in REPORTED:
        for period in list_names(indicator.per, date(on.year - YEARS_BEFORE, 1, 1), on):
            read = await sums.read_of(connection, municipality, indicator, period, definition, on, on)
            found += figures_by_group(indicator, period, definition, on, read, people.get(period, {})).values()
    return found
