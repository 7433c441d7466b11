"""Works out what an audience is shown of a municipality, by the same questions as the API asks, and writes it.

Everyone is told of the last month end, as known then; supervisors of today. The steps are read once, series by series:
no facts and no youth are read.
"""

import asyncio
from collections.abc import Sequence
from datetime import date, datetime

from services.indicators.api.reading import all_figures
from services.indicators.asking import Days
from services.indicators.definitions import DEFAULT_DEFINITION
from services.indicators.relations import Key
from services.indicators.spans import last_month_end
from services.indicators.store import reference
from services.indicators.store.shown import Audience, Telling, renew_shown
from services.indicators.suppression import suppressed
from youthcare.runtime.postgres import Connection


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
    found = await all_figures(connection, municipality, definition, Days(on=on, known_on=on))
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
