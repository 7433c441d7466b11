"""Every figure by plain SQL over care days, for many histories in one run: loads the tables, runs the files in order.

Rules: the SQL is written from domain.md §3-§6 and decisions 0011, 0013 and 0015; it takes from facts what an
indication is, the days on which it was delivered, and registrations, and nothing that follows from a definition set.
All of it is in temporary tables of one transaction, which is rolled back.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg

from services.indicators.population import PopulationRow
from youthcare.youthfacts import IndicationFacts, YouthFacts

SCRIPTS = sorted(Path(__file__).parent.glob("[0-9]_*.sql"))
TABLES, *QUESTIONS = SCRIPTS


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The newest facts of the youths of one ledger, and what is asked of them."""

    municipality: str
    youths: Sequence[YouthFacts]
    on: date
    coverage_start: date | None = None
    population: Sequence[PopulationRow] = ()
    """The group of the municipality itself is its code."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class FigureRow:
    """One figure; `numerator` is None where a median is not reached."""

    history: int
    definition: str
    indicator: str
    period: str
    group_kind: str
    group: str
    numerator: int | None
    denominator: int
    pending: int
    status: str


async def figures_by_sql(dsn: str, histories: Sequence[History], decreed: Iterable[date] = ()) -> list[FigureRow]:
    """Every figure of every history under every definition set; `history` is the place in the sequence."""
    # Compiling a query takes longer than answering it here.
    connection = await asyncpg.connect(dsn, server_settings={"jit": "off"})
    try:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(TABLES.read_text())
        for table, rows in (*_rows_of(histories).items(), ("decreed", [(day,) for day in decreed])):
            await connection.copy_records_to_table(table, records=rows)
        for script in QUESTIONS:
            await connection.execute(script.read_text())
        found = await connection.fetch(
            "SELECT history, definition, indicator, period, group_kind, group_name,"
            " numerator, denominator, pending, status FROM figure"
        )
        await transaction.rollback()
    finally:
        await connection.close()
    return [_figure(*row) for row in found]


def _figure(*row: Any) -> FigureRow:
    history, definition, indicator, period, group_kind, group, numerator, denominator, pending, status = row
    return FigureRow(
        history=history,
        definition=definition,
        indicator=indicator,
        period=period,
        group_kind=group_kind,
        group=group,
        numerator=None if numerator is None else int(numerator),
        denominator=int(denominator),
        pending=int(pending),
        status=status,
    )


Records = list[tuple[Any, ...]]


def _rows_of(histories: Sequence[History]) -> Mapping[str, Records]:
    """The rows of every table, by its name."""
    tables: dict[str, Records] = {}
    for number, history in enumerate(histories):
        tables.setdefault("question", []).append((number, history.municipality, history.on, history.coverage_start))
        for people in history.population:
            row = (number, people.quarter, people.group_kind, people.group, people.youths)
            tables.setdefault("population", []).append(row)
        for facts in history.youths:
            if not facts.gone:
                for table, cells in _rows_of_youth(facts):
                    tables.setdefault(table, []).append((number, facts.youth, *cells))
    return tables


def _rows_of_youth(facts: YouthFacts) -> Iterator[tuple[str, tuple[Any, ...]]]:
    yield "youth", ()
    for place, row in enumerate(facts.registrations):
        yield "registration", (place, row.valid_from, row.birth_date, row.team)
    for indication in facts.indications:
        for table, cells in _rows_of_indication(indication):
            yield table, (indication.indication, *cells)


def _rows_of_indication(row: IndicationFacts) -> Iterator[tuple[str, tuple[Any, ...]]]:
    yield "indication", _attributes(row)
    for periods, is_care in ((row.care, True), (row.running, False)):
        for period in periods:
            yield "stretch", (is_care, period.first_day, period.last_day)
    for place, grant in enumerate(row.grants, start=1):
        days = (grant.granted_at.date(), grant.first_day, grant.last_day)
        yield "granted", (place, *days, grant.change_reason, grant.received)
    for one in (*row.starts, *row.ends):
        yield "recorded", (one.day, one.time, one.source)


def _attributes(row: IndicationFacts) -> tuple[Any, ...]:
    residential = None if row.residential is None else row.residential.value
    return (
        row.care_form,
        row.provider,
        row.referrer,
        row.team,
        row.crisis,
        residential,
        row.counts_as_care,
        row.stackable,
        row.closing_reason,
        row.first_start,
    )
