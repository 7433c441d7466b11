"""The pages of figures: the catalogue, one figure, one under every definition set, and all as a file."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import date
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Path, Query
from starlette.responses import Response

from services.indicators.api.asked import (
    Asker,
    Question,
    asker_of,
    days_of,
    definition_of,
    question_of,
)
from services.indicators.api.reading import (
    NOTHING_WITHHELD,
    all_figures,
    figure_asked,
    session_of,
    shown,
    suppressed_beside,
)
from services.indicators.asking import Days
from services.indicators.catalogue import REPORTED
from services.indicators.definitions import DEFINITIONS
from services.indicators.exporting import Row, csv_text, json_rows, rows_of
from services.indicators.figures import Figure, decimal_text
from services.indicators.store.differing import youths_that_differ
from services.indicators.store.publications import publication_days
from services.indicators.suppression import Suppressed, suppressed
from youthcare.looks.operations import Operation
from youthcare.runtime.access_log import Looking
from youthcare.runtime.postgres import Connection, Pool, as_municipality, unavailable_as_such
from youthcare.runtime.problems import Problem
from youthcare.runtime.security import Principal, principal, require

Bearer = Annotated[Principal, Depends(principal)]
Answer = dict[str, Any]
Indicator_ = Annotated[str, Path(description="An id of the catalogue")]
Period_ = Annotated[
    str, Query(description="`2024`, `2024Q3` or `2024-09`, as the indicator is per year, quarter or month")
]
Group_ = Annotated[
    str, Query(description="`municipality`, or `team:`, `age_band:`, `care_form:`, `referrer:` and an id")
]
On = Annotated[date | None, Query(description="The day asked; today, or else the last month end")]
KnownOn = Annotated[date | None, Query(description="What was known on this day; as `on`")]
Definition_ = Annotated[str | None, Query(description="The definition set; `enschede` when left out")]


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


async def answered(connection: Connection, question: Question) -> Answer:
    """The figure asked; its numbers are null when they are withheld from the asker."""
    figure, beside = await figure_asked(
        connection,
        question.asker.municipality,
        question.indicator,
        question.period,
        question.definition,
        question.days,
        question.group,
    )
    hidden = NOTHING_WITHHELD
    if not question.asker.is_supervisor:
        hidden = await suppressed_beside(
            connection, question.asker.municipality, beside, question.definition, question.days
        )
    return answer_of(question, figure, hidden)


def answer_of(question: Question, figure: Figure, hidden: Suppressed) -> Answer:
    """A figure as its asker is told of it."""
    seen = shown(figure, hidden)
    numbers = (figure.numerator, figure.denominator, decimal_text(figure.value) or None)
    numerator, denominator, value = (None,) * 3 if seen.is_withheld else numbers
    is_pending_told = not (seen.is_withheld or seen.is_pending_withheld)
    return {
        "indicator": figure.indicator,
        "label_nl": question.indicator.label_nl,
        "meaning": question.indicator.meaning,
        "definition": question.definition,
        "period": figure.period,
        "group": "municipality" if figure.group_kind == "municipality" else f"{figure.group_kind}:{figure.group}",
        "as_of": question.days.on.isoformat(),
        "known_on": question.days.known_on.isoformat(),
        "status": figure.status,
        "numerator": numerator,
        "denominator": denominator,
        "value": value,
        "pending": figure.pending if is_pending_told else None,
        "withheld": seen.is_withheld,
    }


def add_figure_pages(app: FastAPI, pools: Sequence[Pool], today: Callable[[], date]) -> None:
    """Add the pages; the first of `pools` is there once the app runs."""

    @app.get("/v1/indicators")
    async def list_indicators(bearer: Bearer) -> list[Answer]:
        """The catalogue of indicators."""
        asker_of(bearer)
        return catalogue()

    @app.get("/v1/indicators/{indicator}")
    async def indicator_figure(
        bearer: Bearer,
        indicator: Indicator_,
        period: Period_,
        group: Group_ = "municipality",
        on: On = None,
        known_on: KnownOn = None,
        definition: Definition_ = None,
    ) -> Answer:
        """One figure of one group in one period, with its definition and status."""
        async with session_of(pools[0], bearer.municipality)() as connection:
            published = await publication_days(connection, bearer.municipality)
            question = question_of(bearer, indicator, period, group, (on, known_on), definition, today(), published)
            return await answered(connection, question)

    _add_side_by_side(app, pools, today)
    _add_export(app, pools, today)


def _add_side_by_side(app: FastAPI, pools: Sequence[Pool], today: Callable[[], date]) -> None:
    @app.get("/v1/indicators/{indicator}/definitions")
    async def indicator_under_each_definition(
        bearer: Bearer,
        looks: Looking,
        indicator: Indicator_,
        period: Period_,
        group: Group_ = "municipality",
        on: On = None,
        known_on: KnownOn = None,
    ) -> Answer:
        """The same data under every definition set, side by side, and the youths that differ; for supervisors."""
        require(bearer.is_supervisor())
        questions = [
            question_of(bearer, indicator, period, group, (on, known_on), definition, today())
            for definition in DEFINITIONS
        ]
        with unavailable_as_such():
            async with pools[0].acquire() as connection, as_municipality(connection, bearer.municipality):
                told: Answer = {"figures": [await answered(connection, question) for question in questions]}
                differing = await youths_that_differ(connection, bearer.municipality, questions)
                await looks.note(connection, Operation.FIGURES_DIFFERING, [row["youth"] for row in differing])
                return told | {"youths_that_differ": differing}


def _add_export(app: FastAPI, pools: Sequence[Pool], today: Callable[[], date]) -> None:
    @app.get("/v1/figures", response_class=Response, responses={200: {"content": {"text/csv": {}}}})
    async def export_figures(
        bearer: Bearer,
        file: Annotated[str, Query(description="`csv` or `json`")] = "csv",
        on: On = None,
        known_on: KnownOn = None,
        definition: Definition_ = None,
    ) -> Response:
        """Every figure that the asker may see, with its meaning, definition set and status in the file."""
        if file not in ("csv", "json"):
            raise Problem(422, "The file is `csv` or `json`.")
        asker = asker_of(bearer)
        under = definition_of(asker, definition)
        async with session_of(pools[0], bearer.municipality)(is_snapshot=True) as connection:
            days = days_of(asker, on, known_on, today(), await publication_days(connection, bearer.municipality))
            found = await all_figures(connection, bearer.municipality, under, days)
        return await asyncio.to_thread(_exported, file, asker, found, under, days)


def _exported(file: str, asker: Asker, figures: Sequence[Figure], definition: str, days: Days) -> Response:
    hidden = NOTHING_WITHHELD if asker.is_supervisor else suppressed(figures)
    rows = rows_of(figures, hidden, teams=None if asker.is_supervisor else asker.teams)
    return _file(file, list(rows), asker.municipality, definition, days)


def _file(file: str, rows: list[Row], municipality: str, definition: str, days: Days) -> Response:
    name = f"cijfers-{municipality}-{days.on.isoformat()}.{file}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    if file == "json":
        body = json_rows(rows, municipality, definition, days.on, days.known_on)
        return Response(body, media_type="application/json", headers=headers)
    text = csv_text(rows, definition, days.on, days.known_on)
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)
