"""The alerts API: which alerts there are, and why each is there.

Two rules. A team sees its own alerts, a supervisor all of one municipality; an alert that a bearer may not see looks
the same as one that does not exist. Each alert explains itself: its sentence, what it rests on, rule and threshold
with the day it is valid from, and what would end it (domain.md §7).
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import date
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Path, Query

from services.alerts.finding import Rule
from services.alerts.lifecycle import State
from services.alerts.sentences import ENDS_NL, LABEL_NL
from services.alerts.store.asking import Question, find_alert, list_alerts
from youthcare.runtime.logs import configure_logging
from youthcare.runtime.postgres import Pool, as_municipality, database_problems, open_pool, unavailable_as_such
from youthcare.runtime.problems import Problem
from youthcare.runtime.security import Principal, principal, require, token_gate
from youthcare.runtime.settings import Settings
from youthcare.runtime.web import create_app, serve

NUMBER_MAX = 2**63 - 1
Bearer = Annotated[Principal, Depends(principal)]
Number = Annotated[int, Path(ge=1, le=NUMBER_MAX)]


def api(settings: Settings) -> FastAPI:
    """The app with its two pages."""
    pools: list[Pool] = []

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        pools.append(await open_pool(settings.database("alerts"), "alerts-api"))
        yield
        await pools.pop().close()

    app = create_app(
        "Trajectwacht: alerts",
        gate=token_gate(settings.token()),
        http=settings.http(),
        problems=lambda: database_problems(pools),
        lifespan=lifespan,
    )
    _add_pages(app, pools)
    return app


def _add_pages(app: FastAPI, pools: list[Pool]) -> None:
    @app.get("/v1/alerts")
    async def alerts(bearer: Bearer, question: Annotated[Question, Depends(_question)]) -> dict[str, Any]:
        """A page of alerts, the newest first; `next` is the `before` of the next page, null on the last."""
        with unavailable_as_such():
            async with pools[0].acquire() as connection, as_municipality(connection, bearer.municipality):
                rows = await list_alerts(connection, bearer.municipality, question)
        shown = rows[: question.limit]
        return {
            "alerts": [_listed(row) for row in shown],
            "next": shown[-1]["number"] if len(rows) > question.limit else None,
        }

    @app.get("/v1/alerts/{number}")
    async def alert(bearer: Bearer, number: Number) -> dict[str, Any]:
        """One alert and why it is there."""
        teams = _teams(bearer)
        with unavailable_as_such():
            async with pools[0].acquire() as connection, as_municipality(connection, bearer.municipality):
                row = await find_alert(connection, bearer.municipality, number, teams)
        if row is None:
            raise Problem(404, "No such alert here.")
        return _explained(row)


def _question(
    bearer: Bearer,
    team: Annotated[str | None, Query(max_length=60)] = None,
    rule: Rule | None = None,
    state: State | None = None,
    on: Annotated[date | None, Query(description="Alerts whose condition holds on this day")] = None,
    before: Annotated[int | None, Query(ge=1, le=NUMBER_MAX)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Question:
    teams = _teams(bearer)
    if team is not None:
        require(bearer.may_see_team(team))
        teams = [team]
    return Question(teams=teams, rule=rule, state=state, on=on, before=before, limit=limit)


def _teams(bearer: Principal) -> list[str] | None:
    """The teams whose alerts a bearer may see; None: of all. Raises `Forbidden` for whoever has none."""
    if bearer.is_supervisor():
        return None
    require(bool(bearer.teams()))
    return sorted(bearer.teams())


def _listed(row: Mapping[str, Any]) -> dict[str, Any]:
    names = ("number", "rule", "level", "state", "team", "youth", "case_reference", "opens_on", "closes_on", "sentence")
    return {"label_nl": LABEL_NL[Rule(row["rule"])]} | {name: row[name] for name in names}


def _explained(row: Mapping[str, Any]) -> dict[str, Any]:
    more = ("anchor", "threshold", "valid_from", "evidence", "terms", "changed")
    return _listed(row) | {name: row[name] for name in more} | {"ends_nl": ENDS_NL[Rule(row["rule"])]}


def run_api(settings: Settings) -> None:
    """Serve until stopped."""
    configure_logging("alerts", settings.log_level)
    serve(api(settings), settings.http())
