"""The indicators API: figures of a municipality and its teams, to those who may see them.

What others than a supervisor may ask stands in `asking.py`, what is withheld from them in `suppression.py`.
Municipality comes from the token and from nowhere else.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Path, Query

from services.indicators.asking import Days, Refusal, days_asked, group_asked
from services.indicators.definitions import CATALOGUE, DEFAULT_DEFINITION, FLOW_TERMS, REPORTED, Indicator, Kind
from services.indicators.figures import Figure, Group, decimal_text, figure_of, window_of
from services.indicators.steps import NOTHING
from services.indicators.store.sums import population_of, sums_of
from services.indicators.store.tables import TABLES
from services.indicators.suppression import visible_pending, withheld
from youthcare.runtime.postgres import Connection, Pool, apply_schema, as_municipality, open_pool, unavailable_as_such
from youthcare.runtime.problems import Problem
from youthcare.runtime.processing import Unavailable
from youthcare.runtime.security import Forbidden, Principal, principal, token_gate
from youthcare.runtime.settings import Settings
from youthcare.runtime.web import create_app

Bearer = Annotated[Principal, Depends(principal)]
Beside = Callable[[], Coroutine[Any, Any, None]]
Answer = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked, after it was found that it may be."""

    municipality: str
    indicator: Indicator
    period: str
    group: Group
    days: Days
    is_supervisor: bool


def catalogue() -> list[Answer]:
    """Every indicator of a report, with its meaning and where that is written."""
    return [
        {
            "id": row.id,
            "label_nl": row.label_nl,
            "per": row.per.value,
            "kind": row.kind.value,
            "meaning": row.meaning,
            "source": row.source,
        }
        for row in REPORTED
    ]


async def figures_of(connection: Connection, question: Question, indicator: Indicator) -> list[Figure]:
    """The figures of every group in the period of a question."""
    window = window_of(indicator, question.period, question.days.on)
    if window is None:
        return []
    found = await sums_of(connection, question.municipality, DEFAULT_DEFINITION, window, question.days.known_on)
    people: dict[Group, int] = {}
    if indicator.kind is Kind.RATE:
        people = await population_of(connection, question.municipality, question.period)
    groups = sorted({question.group, *found, *people})
    return [
        figure_of(indicator, question.period, group, found.get(group, NOTHING), question.days.on, people.get(group, 0))
        for group in groups
    ]


async def answered(connection: Connection, question: Question) -> Answer:
    """The figure asked; its numbers are null when they are withheld from the asker."""
    is_flow = question.indicator.id in FLOW_TERMS
    family = [CATALOGUE[term] for term in FLOW_TERMS] if is_flow else [question.indicator]
    rows = [row for indicator in family for row in await figures_of(connection, question, indicator)]
    (figure,) = (
        row for row in rows if row.indicator == question.indicator.id and (row.group_kind, row.group) == question.group
    )
    if question.is_supervisor:
        return _answer(question, figure, is_withheld=False)
    return _answer(question, figure, is_withheld=(figure.indicator, question.group) in withheld(rows))


def _answer(question: Question, figure: Figure, *, is_withheld: bool) -> Answer:
    pending = figure.pending if question.is_supervisor else visible_pending(figure.pending)
    numbers = (figure.numerator, figure.denominator, decimal_text(figure.value) or None, pending)
    numerator, denominator, value, pending = (None,) * 4 if is_withheld else numbers
    return {
        "indicator": figure.indicator,
        "label_nl": question.indicator.label_nl,
        "definition": DEFAULT_DEFINITION,
        "period": figure.period,
        "group": "municipality" if figure.group_kind == "municipality" else f"team:{figure.group}",
        "as_of": question.days.on.isoformat(),
        "known_on": question.days.known_on.isoformat(),
        "status": figure.status,
        "numerator": numerator,
        "denominator": denominator,
        "value": value,
        "pending": pending,
        "withheld": is_withheld,
    }


def question_of(
    bearer: Principal, indicator: str, period: str, group: str, days: tuple[date | None, date | None], today: date
) -> Question:
    """A question that may be asked; raises `Problem`."""
    supervisor = bearer.is_supervisor()
    asked = group_asked(group, bearer.municipality, teams=bearer.teams(), is_supervisor=supervisor)
    of_days = days_asked(*days, today, is_supervisor=supervisor)
    for each in (asked, of_days):
        if isinstance(each, Refusal):
            raise Forbidden(each.value) if each is Refusal.FORBIDDEN else Problem(422, each.value)
    found = CATALOGUE.get(indicator)
    if found is None or not found.is_reported:
        raise Problem(404, "There is no such indicator; the catalogue stands at /v1/indicators.")
    assert not isinstance(asked, Refusal), "refusals were raised"
    assert not isinstance(of_days, Refusal), "refusals were raised"
    if window_of(found, period, of_days.on) is None:
        raise Problem(422, f"The period is no {found.per.value} that has begun on the day asked.")
    return Question(
        municipality=bearer.municipality,
        indicator=found,
        period=period,
        group=asked,
        days=of_days,
        is_supervisor=supervisor,
    )


def api(settings: Settings, today: Callable[[], date], beside: Beside) -> FastAPI:
    """The app with its two pages; `beside` runs as long as it does."""
    pools: list[Pool] = []
    tasks: list[asyncio.Task[None]] = []

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        pools.append(await open_pool(settings.database("indicators"), "indicators-api"))
        # The API may be the first of the two processes to start.
        await apply_schema(pools[0], TABLES)
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
    _add_pages(app, pools, today)
    return app


def _add_pages(app: FastAPI, pools: list[Pool], today: Callable[[], date]) -> None:
    @app.get("/v1/indicators")
    async def list_indicators(_bearer: Bearer) -> list[Answer]:
        """The catalogue of indicators."""
        return catalogue()

    @app.get("/v1/indicators/{indicator}")
    async def indicator_figure(
        bearer: Bearer,
        indicator: Annotated[str, Path(description="An id of the catalogue")],
        period: Annotated[str, Query(description="`2024-09` or `2024Q3`, as the indicator is per month or quarter")],
        group: Annotated[str, Query(description="`municipality` or `team:` and an id")] = "municipality",
        on: Annotated[date | None, Query(description="The day asked; today, or else the last month end")] = None,
        known_on: Annotated[date | None, Query(description="What was known on this day; as `on`")] = None,
    ) -> Answer:
        """One figure of one group in one period, with its definition and status."""
        question = question_of(bearer, indicator, period, group, (on, known_on), today())
        with unavailable_as_such():
            async with pools[0].acquire() as connection, as_municipality(connection, bearer.municipality):
                return await answered(connection, question)


async def _problems(pools: list[Pool], tasks: list[asyncio.Task[None]]) -> list[str]:
    """What is in the way of answering: the database, or gauges that stopped."""
    try:
        with unavailable_as_such():
            await pools[0].fetchval("select 1", timeout=2)
    except (IndexError, Unavailable):
        return ["database"]
    return ["gauges"] if tasks[0].done() else []
