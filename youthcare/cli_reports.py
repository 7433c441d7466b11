"""`trajectwacht publish` and `trajectwacht report`: freeze the report of a quarter, and write it as files."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

if TYPE_CHECKING:
    from services.indicators.api.reading import Session
    from services.indicators.asking import Days

T = TypeVar("T")
Quarter = Annotated[str, typer.Argument(help="Such as 2024Q3.")]
Municipality = Annotated[str, typer.Option(help="Four digits, such as 0153.")]
Definition = Annotated[str, typer.Option(help="enschede, cbs-statline or cbs-outcome.")]
On = Annotated[str | None, typer.Option(help="The day the figures are asked of, YYYY-MM-DD; today.")]


def publish(
    quarter: Quarter,
    municipality: Municipality,
    definition: Definition = "enschede",
    on: On = None,
    by: Annotated[str, typer.Option(help="Who publishes; kept with the publication.")] = "command line",
) -> None:
    """Freeze every cell of the report of a quarter, with all that it rests on and a hash over both."""
    from services.indicators.api.publication_pages import quarter_asked
    from services.indicators.api.publications import publish as freeze

    days = _days(on)

    async def frozen(session: "Session") -> None:
        asked = quarter_asked(quarter, days.on)
        made = await freeze(session, municipality, asked, definition, days, datetime.now(UTC), by)
        typer.echo(f"{made.quarter} publication {made.number}: as of {made.as_of}, digest {made.digest}")

    asyncio.run(_with_tables(municipality, frozen))


def report(
    quarter: Quarter,
    municipality: Municipality,
    definition: Definition = "enschede",
    on: On = None,
    out: Annotated[Path, typer.Option(help="The folder for the files.")] = Path(),
) -> None:
    """Write the council report of a quarter as HTML and PDF: as it was published, or else as it would be."""
    from services.indicators.api.publication_pages import quarter_asked
    from services.indicators.api.reports import report_of
    from services.indicators.report.app import write_report
    from services.indicators.report.model import Report

    days = _days(on)

    async def gathered(session: "Session") -> Report:
        return await report_of(session, municipality, quarter_asked(quarter, days.on), definition, days, days.known_on)

    written = write_report(asyncio.run(_with_tables(municipality, gathered)), out)
    typer.echo(f"{written.html}\n{written.pdf}")


def _days(on: str | None) -> "Days":
    from services.indicators.asking import Days
    from youthcare.period import civil_day

    today = civil_day(datetime.now(UTC))
    return Days(on=date.fromisoformat(on) if on else today, known_on=today)


async def _with_tables(municipality: str, work: "Callable[[Session], Awaitable[T]]") -> T:
    from services.indicators.api.reading import session_of
    from services.indicators.store.tables import ALL_TABLES
    from youthcare.runtime.postgres import apply_schema, open_pool
    from youthcare.runtime.settings import Settings

    settings = Settings.from_env(os.environ).database("indicators")
    pool = await open_pool(settings, "indicators-reports")
    try:
        await apply_schema(pool, ALL_TABLES)
        return await work(session_of(pool, municipality))
    finally:
        await pool.close()
