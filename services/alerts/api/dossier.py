"""The dossier of a stacking request, from the facts that are kept (`dossier.py`)."""

from datetime import date
from typing import Any

from services.alerts.dossier import dossier
from services.alerts.finding import Rule
from services.alerts.store.asking import Row, find_facts
from youthcare.runtime.postgres import Connection
from youthcare.wire import to_wire


async def dossier_of(connection: Connection, municipality: str, row: Row, today: date) -> dict[str, Any] | None:
    """The dossier of an alert's request as of today; None for another rule, or without facts."""
    if row["rule"] != Rule.STACKING_REQUEST:
        return None
    facts = await find_facts(connection, municipality, row["youth"])
    found = None if facts is None else dossier(facts, row["anchor"], today)
    shown: dict[str, Any] | None = None if found is None else to_wire(found)
    return shown
