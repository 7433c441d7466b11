"""The alerts API: which alerts there are, why each is there, what people do with it, and the norms behind them.

Three rules. Municipality comes from the token and from nowhere else. An alert that a bearer may not see looks the same
as one that does not exist. Each look at a youth is logged before it is answered.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial

from fastapi import FastAPI

from services.alerts.api.alerts import add_alerts
from services.alerts.api.break_glass import add_break_glass
from services.alerts.api.break_glass_pages import PATH as BREAK_GLASS_PAGE
from services.alerts.api.break_glass_pages import add_break_glass_pages
from services.alerts.api.digests import add_digests
from services.alerts.api.forms import add_forms
from services.alerts.api.login import add_login, browsing
from services.alerts.api.looks import add_looks
from services.alerts.api.norms import add_norms
from services.alerts.api.pages import add_pages
from services.alerts.api.stream import add_stream
from services.alerts.api.supervisor_pages import add_supervisor_pages
from services.alerts.api.usefulness import add_usefulness
from services.alerts.api.webhooks import add_webhooks
from services.alerts.store.tables import TABLES
from youthcare.runtime.access_log import access_log, keep_looks
from youthcare.runtime.browsing import Browsing
from youthcare.runtime.clock import utc_now
from youthcare.runtime.logs import configure_logging
from youthcare.runtime.openid import openid_client
from youthcare.runtime.postgres import Pool, apply_schema, database_problems
from youthcare.runtime.security import token_gate
from youthcare.runtime.settings import Settings
from youthcare.runtime.starting import open_with_tables
from youthcare.runtime.web import create_app, serve

__all__ = ["api", "run_api"]


def api(settings: Settings, now: Callable[[], datetime] = utc_now) -> FastAPI:
    """The app with its doors; `now` gives an instant in UTC."""
    pools: list[Pool] = []

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        # The API may be the first of the two processes to start.
        make = partial(apply_schema, ddl=TABLES)
        pools.append(await open_with_tables(settings.database("alerts"), "alerts-api", make))
        yield
        await pools.pop().close()

    gate, at_issuer = token_gate(settings.token()), settings.openid()
    client = None if at_issuer is None else openid_client(at_issuer, gate)
    app = create_app(
        "Trajectwacht: alerts",
        gate=gate,
        http=settings.http(),
        problems=lambda: database_problems(pools),
        lifespan=lifespan,
        browsing=_browsing(at_issuer=client is not None),
    )
    keep_looks(app, access_log(settings), now)
    # Fixed paths below /v1/alerts/ come before the one that ends in a number.
    add_usefulness(app, pools, now)
    add_stream(app, pools, settings.database("alerts"))
    add_webhooks(app, pools, settings, now)
    add_digests(app, pools, now)
    add_alerts(app, pools, now)
    add_looks(app, pools)
    add_break_glass(app, pools, now)
    add_break_glass_pages(app, pools, now)
    add_norms(app, pools, now)
    add_login(app, gate, client)
    add_pages(app, pools, now)
    add_forms(app, pools, now)
    add_supervisor_pages(app, pools, now)
    return app


def _browsing(*, at_issuer: bool) -> Browsing:
    """The pages of the inbox, and that of looking beyond one's own team."""
    pages = browsing(at_issuer=at_issuer)
    return replace(pages, takes_cookie=lambda path: path == BREAK_GLASS_PAGE or pages.takes_cookie(path))


def run_api(settings: Settings) -> None:
    """Serve until stopped."""
    configure_logging("alerts", settings.log_level)
    serve(api(settings), settings.http())
