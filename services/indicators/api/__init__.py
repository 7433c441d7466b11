"""The indicators API: figures of a municipality and its groups, to those who may see them.

What others than a supervisor may ask stands in `asking.py`, what is withheld from them in `suppression.py`.
Municipality comes from the token and from nowhere else.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import date, datetime
from functools import partial
from typing import Any

from fastapi import FastAPI

from services.indicators.api.delays import add_delay_pages
from services.indicators.api.figures import add_figure_pages, catalogue
from services.indicators.api.publication_pages import add_publication_pages
from services.indicators.api.reference import add_reference_pages
from services.indicators.api.reports import add_report_pages
from services.indicators.api.series import add_series_page
from services.indicators.store.tables import ALL_TABLES
from youthcare.period import civil_day
from youthcare.runtime.access_log import access_log, keep_looks
from youthcare.runtime.postgres import Pool, apply_schema, database_problems
from youthcare.runtime.security import token_gate
from youthcare.runtime.settings import Settings
from youthcare.runtime.starting import open_with_tables
from youthcare.runtime.web import create_app

Beside = Callable[[], Coroutine[Any, Any, None]]

__all__ = ["api", "catalogue"]


def api(settings: Settings, now: Callable[[], datetime], beside: Beside) -> FastAPI:
    """The app with its pages; `beside` runs as long as it does."""
    pools: list[Pool] = []
    tasks: list[asyncio.Task[None]] = []

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        # The API may be the first of the two processes to start.
        make = partial(apply_schema, ddl=ALL_TABLES)
        pools.append(await open_with_tables(settings.database("indicators"), "indicators-api", make))
        tasks.append(asyncio.create_task(beside()))
        yield
        tasks[0].cancel()
        await pools[0].close()

    app = create_app(
        "Trajectwacht: indicators",
        gate=token_gate(settings.token()),
        http=settings.http(),
        problems=lambda: _problems(pools, tasks),
        lifespan=lifespan,
    )

    keep_looks(app, access_log(settings))

    def today() -> date:
        return civil_day(now())

    add_figure_pages(app, pools, today)
    add_series_page(app, pools, today)
    add_reference_pages(app, pools, now)
    add_publication_pages(app, pools, now)
    add_delay_pages(app, pools, today)
    add_report_pages(app, pools, now)
    return app


async def _problems(pools: list[Pool], tasks: list[asyncio.Task[None]]) -> list[str]:
    """What is in the way of answering: the database, or gauges that stopped."""
    return await database_problems(pools) or (["gauges"] if tasks[0].done() else [])
