"""The page of a series: the figures of one group in many periods, in one answer.

A supervisor's is read at once. For others each period is decided on with all that a single question of it rests on
(`suppressed_beside`), so a long series takes them as long as so many single questions.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import date
from itertools import islice
from typing import Annotated, Any

from fastapi import FastAPI, Query

from services.indicators.api.asked import (
    Asker,
    Question,
    asker_of,
    days_of,
    definition_of,
    group_of,
    indicator_of,
)
from services.indicators.api.figures import (
    Answer,
    Bearer,
    Definition_,
    Group_,
    Indicator_,
    KnownOn,
    On,
    answer_of,
    answered,
)
from services.indicators.api.reading import NOTHING_WITHHELD, session_of
from services.indicators.catalogue import REPORTED
from services.indicators.definitions import Indicator, Per
from services.indicators.figures import (
    POPULATED,
    Figure,
    figure_of,
    figures_by_group,
    people_by_quarter,
    population_of,
)
from services.indicators.population import PopulationRow
from services.indicators.spans import find_days_of, list_names, name_of, per_of
from services.indicators.steps import NOTHING
from services.indicators.store.reference import read_population
from services.indicators.store.series import read_series
from services.indicators.windows import Read
from youthcare.period import ONE_DAY, Period
from youthcare.runtime.postgres import Connection, Pool
from youthcare.runtime.problems import Problem

PERIODS_MAX = 240
"""Twenty years of months."""

OF_A_PERIOD = frozenset({"period", "status", "numerator", "denominator", "value", "pending", "withheld"})
"""What differs between the periods of a series; the rest of an answer is told once."""

First = Annotated[str, Query(description="The first year, quarter or month: `2015`, `2015Q1` or `2015-01`")]
Last = Annotated[str, Query(description="The last year, quarter or month")]
Per_ = Annotated[Per | None, Query(description="The length of the periods, of an indicator that has more than one")]


def add_series_page(app: FastAPI, pools: Sequence[Pool], today: Callable[[], date]) -> None:
    """Add the page; the first of `pools` is there once the app runs."""

    @app.get("/v1/indicators/{indicator}/series")
    async def indicator_series(
        bearer: Bearer,
        indicator: Indicator_,
        first: First,
        last: Last,
        group: Group_ = "municipality",
        per: Per_ = None,
        on: On = None,
        known_on: KnownOn = None,
        definition: Definition_ = None,
    ) -> Answer:
        """The figures of one group in every period from the first to the last that has begun; at most 240."""
        asker = asker_of(bearer)
        days = days_of(asker, on, known_on, today())
        found, periods = _periods_asked(asker, indicator, per, Period(*_span(first, last)), days.on)
        questions = [
            Question(
                asker=asker,
                group=group_of(asker, group),
                indicator=found,
                period=period,
                days=days,
                definition=definition_of(asker, definition),
            )
            for period in periods
        ]
        return await series_answered(pools[0], questions)


def _span(first: str, last: str) -> tuple[date, date]:
    days = [None if (per := per_of(name)) in (None, Per.DAY) else find_days_of(per, name) for name in (first, last)]
    if days[0] is None or days[1] is None or days[1].end <= days[0].start:
        raise Problem(422, "A series runs from a year, quarter or month to a later one.")
    return days[0].start, days[1].end


def _periods_asked(asker: Asker, name: str, per: Per | None, days: Period, on: date) -> tuple[Indicator, Sequence[str]]:
    """The indicator and its periods within the days that have begun; raises `Problem` or `Forbidden`."""
    # Month, quarter, year: the names of periods sort as their lengths do.
    pers = [each for each in Per if any((row.id, row.per) == (name, each) for row in REPORTED)]
    found = indicator_of(asker, name, name_of(per or next(iter(pers), Per.YEAR), days.start), on)
    periods = list(islice(list_names(found.per, days.start, min(days.end - ONE_DAY, on)), PERIODS_MAX + 1))
    if len(periods) > PERIODS_MAX:
        raise Problem(422, f"A series has at most {PERIODS_MAX} periods.")
    return found, periods


async def series_answered(pool: Pool, questions: Sequence[Question]) -> Answer:
    """A series, all of one indicator and group; its numbers are null where they are withheld from the asker."""
    session = session_of(pool, questions[0].asker.municipality)
    rows: list[dict[str, Any]] = []
    if questions[0].asker.is_supervisor:
        async with session() as connection:
            reads, people = await _read(connection, questions)
        figures = await asyncio.to_thread(_figures, questions, reads, people)
        rows = [answer_of(*each, NOTHING_WITHHELD) for each in zip(questions, figures, strict=True)]
    else:
        for question in questions:
            async with session() as connection:
                rows.append(await answered(connection, question))
    told = {name: value for name, value in rows[0].items() if name not in OF_A_PERIOD}
    figures_told = [{name: row[name] for name in row if name in OF_A_PERIOD} for row in rows]
    return {**told, "per": questions[0].indicator.per.value, "figures": figures_told}


async def _read(
    connection: Connection, questions: Sequence[Question]
) -> tuple[dict[str, Read], Sequence[PopulationRow]]:
    one, municipality = questions[0], questions[0].asker.municipality
    periods = [question.period for question in questions]
    reads = await read_series(connection, municipality, one.indicator, periods, one.definition, one.days, one.group)
    is_populated = one.indicator.kind in POPULATED
    return reads, await read_population(connection, municipality, one.days.known_on) if is_populated else []


def _figures(
    questions: Sequence[Question], reads: dict[str, Read], population: Sequence[PopulationRow]
) -> list[Figure]:
    """The figure of each period; nought when nothing counts in it, as the page of a single figure has it."""
    people = people_by_quarter(population, questions[0].asker.municipality)
    return [_figure(question, reads[question.period], people.get(question.period, {})) for question in questions]


def _figure(question: Question, read: Read, people: dict[tuple[str, str], int]) -> Figure:
    place = question.indicator, question.period
    found = figures_by_group(*place, question.definition, question.days.on, read, people).get(question.group)
    population = population_of(question.group, people)
    return found or figure_of(*place, question.group, NOTHING, question.days.on, population)
