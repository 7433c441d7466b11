"""Which youths make a figure differ between definition sets: for supervisors alone, read when it is asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.indicators.asking import Days
from services.indicators.definitions import Indicator
from services.indicators.differing import contribution
from services.indicators.steps import Group, SharedKey, spread, summed
from services.indicators.store.layers import read_deltas
from youthcare.runtime.postgres import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which figure of which group under which definition set."""

    indicator: Indicator
    period: str
    group: Group
    days: Days
    definition: str


async def youths_that_differ(connection: Connection, municipality: str, asked: Sequence[Asked]) -> list[dict[str, Any]]:
    """Every youth that adds something else to a figure under one definition set than under another.

    Only youths are looked at whose steps differ between the sets at all (`youth_state.differs`).
    """
    found: dict[str, list[dict[SharedKey, tuple[int, int, int]]]] = {}
    rows = await connection.fetch(
        """select youth, deltas from youth_layer join youth_state using (municipality, youth)
           where municipality = $1 and youth_state.differs and youth_layer.known_day <= $2 order by youth""",
        municipality,
        asked[0].days.known_on,
    )
    for row in rows:
        found.setdefault(row["youth"], []).append(read_deltas(row["deltas"]))
    told = []
    for youth, layers in found.items():
        steps = spread(summed(layers))
        by_definition = {
            each.definition: contribution(steps, each.indicator, each.period, each.group, each.definition, each.days.on)
            for each in asked
        }
        if len(set(by_definition.values())) > 1:
            told.append({"youth": youth, "contributions": by_definition})
    return told
