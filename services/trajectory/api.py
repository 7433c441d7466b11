"""The trajectory API: what is known of one youth on a day, to those whose youth it is.

A team sees the youths it has on the day asked, a supervisor all of one municipality. What a bearer may not see
looks the same as what does not exist. Who stated a reason sees the youth it was stated for while that stands. Each look
is logged before it is answered.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from functools import partial
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Query

from services.trajectory import store
from services.trajectory.view import view
from youthcare.looks.operations import Operation
from youthcare.period import civil_day
from youthcare.runtime.access_log import Looking, Looks, access_log, keep_looks
from youthcare.runtime.break_glass import standing
from youthcare.runtime.logs import configure_logging
from youthcare.runtime.postgres import (
    Pool,
    apply_schema,
    as_municipality,
    database_problems,
    unavailable_as_such,
)
from youthcare.runtime.problems import Problem
from youthcare.runtime.security import Principal, principal, token_gate
from youthcare.runtime.settings import Settings
from youthcare.runtime.starting import open_with_tables
from youthcare.runtime.web import create_app, serve
from youthcare.youthfacts import YouthFacts, team_on

Bearer = Annotated[Principal, Depends(principal)]


def trajectory_of(facts: YouthFacts, on: date) -> dict[str, Any]:
    """The answer of the API: the view on a day, what it rests on, and what was known when."""
    return {
        "on": on.isoformat(),
        "known_day": facts.known_day.isoformat(),
        "definition": "enschede",
        "team": team_on(facts, on),
        **view(facts, on),
        "evidence": {row.indication: list(row.evidence) for row in facts.indications},
    }


async def _visible_facts(pool: Pool, bearer: Principal, looks: Looks, youth: str, on: date) -> YouthFacts:
    with unavailable_as_such():
        async with pool.acquire() as connection, as_municipality(connection, bearer.municipality):
            facts = await store.find_facts(connection, bearer.municipality, youth)
            if facts is None or facts.gone:
                raise Problem(404, "No such youth here.")
            if not bearer.may_see_team(team_on(facts, on)):
                await standing(connection, looks)
                if youth not in looks.under:
                    raise Problem(404, "No such youth here.")
            await looks.note(connection, Operation.TRAJECTORY_VIEW, [youth])
    return facts


def api(settings: Settings) -> FastAPI:
    """The app with its one page."""
    pools: list[Pool] = []

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        make = partial(apply_schema, ddl=store.TABLES)
        pools.append(await open_with_tables(settings.database("trajectory"), "trajectory-api", make))
        yield
        await pools.pop().close()

    app = create_app(
        "Trajectwacht: trajectories",
        gate=token_gate(settings.token()),
        http=settings.http(),
        problems=lambda: database_problems(pools),
        lifespan=lifespan,
    )
    keep_looks(app, access_log(settings))

    @app.get("/v1/youths/{youth}/trajectory")
    async def trajectory(
        bearer: Bearer,
        looks: Looking,
        youth: str,
        on: Annotated[date | None, Query(description="A day; today when left out")] = None,
    ) -> dict[str, Any]:
        """Care periods, trajectories, stacking and waiting on a day, with the statements they rest on."""
        day = on or civil_day(datetime.now(UTC))
        return trajectory_of(await _visible_facts(pools[0], bearer, looks, youth, day), day)

    return app


def run_api(settings: Settings) -> None:
    """Serve until stopped."""
    configure_logging("trajectory", settings.log_level)
    serve(api(settings), settings.http())
