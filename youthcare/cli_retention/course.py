"""One run of retention: each service's tables, the youths whose care ended long ago, and the log of looks.

Two rules. What was ended stays ended when something further on is away. Only so many youths are begun with in a run,
since each is a row of steps that reads the log; the rest is told as past its term, and comes the next night.
"""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime

import structlog

from services.alerts.store import retention as alerts
from services.alerts.store.tables import TABLES as ALERTS_TABLES
from services.indication.api.opening import load_keys
from services.indication.store import prepare
from services.indication.store import retention as indication
from services.trajectory.store import TABLES as TRAJECTORY_TABLES
from services.trajectory.store import retention as trajectory
from youthcare.period import civil_day
from youthcare.retention import DEFAULT, Terms
from youthcare.runtime import metrics
from youthcare.runtime.postgres import Pool, apply_schema, open_pool, unavailable_as_such
from youthcare.runtime.retaining import count_past, end_past, midnight, terms_of
from youthcare.runtime.retaining_looks import count_past_looks, end_past_looks
from youthcare.runtime.sealing import Keys
from youthcare.runtime.settings import Service, Settings

YOUTHS_MAX = 500
"""Of how many youths in a municipality the forgetting is begun in one run."""
_AT_ONCE = 20
Counts = Counter[tuple[str, str]]


async def keep_terms(settings: Settings, now: datetime | None = None, youths_max: int = YOUTHS_MAX) -> Counts:
    """End what is past its term at an instant (UTC, now); answers how many by municipality and kind."""
    at, terms = now or datetime.now(UTC), terms_of(settings)
    today, done = civil_day(at), Counts()
    async with _tables(settings, "indication") as identities:
        done += await end_past(identities, indication.ENDINGS, terms, today)
        youths = await _youths(settings, terms, today)
        begun = {municipality: each[:youths_max] for municipality, each in youths.items()}
        done += await _forget_youths(identities, load_keys(settings), begun, terms, at)
    async with _tables(settings, "alerts") as signals:
        done += await end_past(signals, alerts.ENDINGS, terms, today)
    return done + await end_past_looks(settings, terms, today)


async def past_terms(settings: Settings, now: datetime | None = None) -> Counts:
    """What is past its term and still there, by municipality and kind; changes nothing."""
    terms, today = terms_of(settings), civil_day(now or datetime.now(UTC))
    found = Counts()
    youths, cutoffs = await _youths(settings, terms, today), terms.cutoffs("youths", today)
    async with _tables(settings, "indication") as pool, pool.acquire() as connection:
        for municipality, each in youths.items():
            until = midnight(cutoffs.get(municipality, cutoffs[DEFAULT]))
            found[municipality, "youths"] += await indication.count_kept(connection, municipality, each, until)
    for service, endings in (("indication", indication.ENDINGS), ("alerts", alerts.ENDINGS)):
        async with _tables(settings, service) as pool, pool.acquire() as connection:
            found += await count_past(connection, endings, terms, today)
    return +found + await count_past_looks(settings, terms, today)


async def night(settings: Settings) -> None:
    """One night: end what is past its term, and tell by metrics and log lines what was done and what is left."""
    log = structlog.get_logger()
    for (municipality, kind), count in sorted((await keep_terms(settings)).items()):
        metrics.RETENTION_ENDED.labels(kind).inc(count)
        log.info("term_ended", reason=f"{municipality} {kind}", count=count)
    left = Counter[str]()
    for (_municipality, kind), count in (await past_terms(settings)).items():
        left[kind] += count
    for kind in metrics.RETAINED:
        metrics.RETENTION_PAST.labels(kind).set(left[kind])
    metrics.RETENTION_LAST_RUN.set_to_current_time()
    log.info("terms_kept", count=left.total())


async def _youths(settings: Settings, terms: Terms, today: date) -> dict[str, list[str]]:
    """Whose care ended before their term, by municipality, as the trajectory service knows it."""
    async with _tables(settings, "trajectory") as pool, pool.acquire() as connection:
        return await trajectory.youths_past(connection, terms.cutoffs("youths", today))


async def _forget_youths(
    pool: Pool, keys: Keys, youths: Mapping[str, Sequence[str]], terms: Terms, now: datetime
) -> Counts:
    done, cutoffs = Counts(), terms.cutoffs("youths", civil_day(now))
    for municipality, found in sorted(youths.items()):
        until = midnight(cutoffs.get(municipality, cutoffs[DEFAULT]))
        for start in range(0, len(found), _AT_ONCE):
            part = found[start : start + _AT_ONCE]
            async with pool.acquire() as connection, connection.transaction():
                count = await indication.forget_past(connection, keys, municipality, part, until, now)
            done[municipality, "youths"] += count
    return +done


@asynccontextmanager
async def _tables(settings: Settings, service: str) -> AsyncIterator[Pool]:
    """The tables of a service, of all municipalities, by its own address; raises `Unavailable`."""
    names: dict[str, Service] = {"indication": "indication", "trajectory": "trajectory", "alerts": "alerts"}
    pool = await open_pool(settings.database(names[service]), "retention", all_municipalities=True)
    try:
        if service == "indication":
            await prepare(pool)
        else:
            await apply_schema(pool, ALERTS_TABLES if service == "alerts" else TRAJECTORY_TABLES)
        with unavailable_as_such():
            yield pool
    finally:
        await pool.close()
