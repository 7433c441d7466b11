"""`trajectwacht reference`: population, targets, external series and decreed days of one municipality."""

import asyncio
import os
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from services.indicators.reference_kinds import ReferenceKind

if TYPE_CHECKING:
    from services.indicators.reference import Refusals
    from youthcare.runtime.postgres import Connection

app = typer.Typer(help="Reference data: population, targets, external series, holidays.", no_args_is_help=True)
T = TypeVar("T")
Kind = Annotated[ReferenceKind, typer.Argument(help="population, targets, external or holidays.")]


def _four_digits(text: str) -> str:
    if re.fullmatch(r"[0-9]{4}", text) is None:
        raise typer.BadParameter("a municipality is four digits")
    return text


Municipality = Annotated[str, typer.Option(help="Four digits, such as 0153.", callback=_four_digits)]


@app.command()
def load(
    kind: Kind,
    file: Annotated[Path, typer.Argument(help="A CSV file in UTF-8, with commas.", exists=True, dir_okay=False)],
    municipality: Municipality,
    by: Annotated[str, typer.Option(help="Who enters it; kept with the import.")] = "command line",
) -> None:
    """Enter a file whole as the next import, or tell all that is wrong with it and enter nothing."""
    from services.indicators.reference import BYTES_MAX, Refusals, read
    from services.indicators.store.reference import enter

    if file.stat().st_size > BYTES_MAX:
        raise typer.BadParameter("a file of reference data is at most 2 MB")
    found = read(kind, file.read_bytes(), municipality)
    if isinstance(found, Refusals):
        raise _refused(file, found)
    outcome = _run(
        municipality, lambda connection: enter(connection, found, entered_at=datetime.now(UTC), entered_by=by)
    )
    if isinstance(outcome, Refusals):
        raise _refused(file, outcome)
    told = "was already the last import" if outcome.is_unchanged else "entered"
    typer.echo(f"{municipality} {kind.value}: import {outcome.import_number}, {outcome.row_count} rows, {told}")


@app.command("list")
def list_all(municipality: Municipality) -> None:
    """Every import, the newest first: number, kind, known from which day, rows, by whom, digest of the file."""
    from services.indicators.store.reference import list_imports

    for row in _run(municipality, lambda connection: list_imports(connection, municipality)):
        cells = (row.import_number, row.kind.value, row.known_day, row.row_count, row.entered_by, row.digest[:12])
        typer.echo("\t".join(map(str, cells)))


@app.command()
def export(
    kind: Kind,
    municipality: Municipality,
    known_on: Annotated[str | None, typer.Option(help="What was known on this day, YYYY-MM-DD; now.")] = None,
) -> None:
    """Write what holds as a CSV file, on standard output; it can be loaded again."""
    from services.indicators.reference import write
    from services.indicators.store.reference import rows_in_force

    day = _day(known_on or "9999-12-31")
    rows = _run(municipality, lambda connection: rows_in_force(connection, kind, municipality, day))
    typer.echo(write(kind, rows), nl=False)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("a day is written as YYYY-MM-DD") from None


def _refused(file: Path, refusals: "Refusals") -> typer.Exit:
    for refusal in refusals.listed:
        typer.echo(f"{file.name}, {refusal.sentence}", err=True)
    typer.echo(f"Er is niets ingevoerd: {refusals.count} fout(en).", err=True)
    return typer.Exit(2)


def _run(municipality: str, work: "Callable[[Connection], Awaitable[T]]") -> T:
    """Work of one municipality on the tables of the indicators service, in one transaction."""
    from services.indicators.store.reference_tables import TABLES
    from youthcare.runtime.postgres import apply_schema, as_municipality, open_pool, unavailable_as_such
    from youthcare.runtime.settings import Settings

    async def running() -> T:
        pool = await open_pool(Settings.from_env(os.environ).database("indicators"), "indicators-reference")
        try:
            await apply_schema(pool, TABLES)
            with unavailable_as_such():
                async with pool.acquire() as connection, as_municipality(connection, municipality):
                    return await work(connection)
        finally:
            await pool.close()

    return asyncio.run(running())
