"""Whose care ended before their term: read from the facts, in parts, without changing anything."""

from collections.abc import Mapping
from datetime import date

import orjson

from services.trajectory.lasting import last_day
from youthcare.retention import DEFAULT
from youthcare.runtime.postgres import Connection
from youthcare.wire import from_wire
from youthcare.youthfacts import YouthFacts

_ROWS = 500
_PART = """
select municipality, youth, facts from youth
where (municipality, youth) > ($1, $2) and known_day < $3 and facts is not null and head = youth
order by municipality, youth limit $4
"""


async def youths_past(connection: Connection, cutoffs: Mapping[str, date]) -> dict[str, list[str]]:
    """By municipality the youths of whom all that was told lies before the day of their term."""
    found: dict[str, list[str]] = {}
    place = ("", "")
    newest = max(cutoffs.values())
    while rows := await connection.fetch(_PART, *place, newest, _ROWS):
        for municipality, youth, body in rows:
            facts = from_wire(YouthFacts, orjson.loads(body))
            last = last_day(facts)
            if not facts.gone and last is not None and last < cutoffs.get(municipality, cutoffs[DEFAULT]):
                found.setdefault(municipality, []).append(youth)
            place = (municipality, youth)
    return found
