"""Gathers all about one child from the tables of each service, each by that service's own address.

Two rules. A youth that was merged with others is one child: what is kept under each of their identifiers belongs to
it. The line in the log of looks comes first; without it nothing is handed over.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson

from services.alerts.api.looks import told
from services.alerts.store.asking import youths_referred
from youthcare.cli_inspection.reading import EXPLAINED_NL, read_alerts, read_figures, read_ledger, read_youth_of_bsn
from youthcare.cli_verify.naming import operator
from youthcare.cli_verify.tables import snapshot
from youthcare.looks.operations import Operation
from youthcare.runtime.access_log import AccessLog, Looks, Onlooker, access_log, looks_at
from youthcare.runtime.postgres import Pool, open_pool, unavailable_as_such
from youthcare.runtime.settings import Service, Settings

LINES_MAX = 1_000_000


class NobodyFound(Exception):
    """There is no such child, or more than one; the text says which and repeats nothing that was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which child (by one of three), by whom and why."""

    municipality: str
    youth: str | None = None
    case_reference: str | None = None
    bsn: str | None = field(default=None, repr=False)
    by: str
    reason: str


async def inspected(settings: Settings, asked: Asked) -> bytes:
    """All about the child as one JSON document; raises `NobodyFound`, `Unavailable` and `SettingMissing`."""
    log, now = access_log(settings), datetime.now(UTC)
    youth = await _meant(settings, asked)
    async with (
        _pool(settings, "trajectory") as ledgers,
        _pool(settings, "indicators") as figures,
        _pool(settings, "alerts") as alerts,
    ):
        async with snapshot(ledgers) as connection:
            ledger = await read_ledger(connection, asked.municipality, youth)
        youths: list[str] = ledger["youths"]
        async with snapshot(figures) as connection:
            steps = await read_figures(connection, asked.municipality, youths)
        async with snapshot(alerts) as connection:
            signals = await read_alerts(connection, asked.municipality, youths)
        if not ledger["statements"] and not steps and not signals:
            raise NobodyFound("nothing is kept about this child here")
        looks = await _logged(alerts, log, asked, youths, now)
    head = {"municipality": asked.municipality, "made_at": now, "made_for": asked.by, "reason": asked.reason}
    document = {"toelichting": EXPLAINED_NL, **head, **ledger, "figures": steps, "alerts": signals, "access_log": looks}
    return orjson.dumps(document, option=orjson.OPT_INDENT_2)


async def _meant(settings: Settings, asked: Asked) -> str:
    if asked.youth is not None:
        return asked.youth
    if asked.case_reference is not None:
        async with _pool(settings, "alerts") as pool, snapshot(pool) as connection:
            found = await youths_referred(connection, asked.municipality, asked.case_reference)
    else:
        async with _pool(settings, "indication") as pool, snapshot(pool) as connection:
            found = await read_youth_of_bsn(connection, settings, asked.municipality, asked.bsn or "")
    if len(found) != 1:
        raise NobodyFound("more than one child has this reference" if found else "there is no such child here")
    return found[0]


async def _logged(pool: Pool, log: AccessLog, asked: Asked, youths: list[str], now: datetime) -> list[dict[str, Any]]:
    """Write the look, then read the log, so that the export holds itself."""
    who = Onlooker(municipality=asked.municipality, actor=f"{operator()} for {asked.by}", roles="privacy-officer")
    looks, keys = Looks(log=log, who=who, started=now), log.keys_of(asked.municipality)
    with unavailable_as_such():
        async with pool.acquire() as connection:
            async with connection.transaction():
                await looks.note(connection, Operation.INSPECTION_EXPORT, youths, asked.reason)
            found = [
                {"youth": youth} | told(line)
                for youth in youths
                for line in await looks_at(connection, keys, youth, before=None, limit=LINES_MAX)
            ]
    return sorted(found, key=lambda row: int(row["number"]))


@asynccontextmanager
async def _pool(settings: Settings, service: Service) -> AsyncIterator[Pool]:
    wanted = settings.database(service).model_copy(update={"connections_max": 2})
    pool = await open_pool(wanted, "inspection", all_municipalities=True)
    try:
        yield pool
    finally:
        await pool.close()
