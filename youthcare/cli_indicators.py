"""`trajectwacht indicators`: the worker and the API of the indicators service, and its reference data."""

import os
from typing import Annotated

import typer

app = typer.Typer(help="Figures per team and municipality.", no_args_is_help=True)


@app.command()
def worker() -> None:
    """Turn trajectory-facts into steps, of which figures are sums."""
    from services.indicators.app import worker as run
    from youthcare.runtime.settings import Settings

    run(Settings.from_env(os.environ))


@app.command()
def api() -> None:
    """Serve the figures over HTTP and as gauges."""
    from services.indicators.app import run_api
    from youthcare.runtime.settings import Settings

    run_api(Settings.from_env(os.environ))


@app.command()
def csv(
    municipality: Annotated[str, typer.Option(help="Four digits.")],
    on: Annotated[str, typer.Option(help="The day asked, YYYY-MM-DD.")],
    known_on: Annotated[str | None, typer.Option(help="Only what was received up to and including this day.")] = None,
) -> None:
    """Write every figure of the live tables as indicators.csv, unsuppressed, on standard output."""
    from datetime import date

    from services.indicators.app import write_csv
    from youthcare.runtime.settings import Settings

    day, known_day = date.fromisoformat(on), date.fromisoformat(known_on or "9999-12-31")
    typer.echo(write_csv(Settings.from_env(os.environ), municipality, day, known_day), nl=False)


@app.command()
def show_dashboards(
    municipality: Annotated[str, typer.Option(help="Four digits.")],
    role: Annotated[str, typer.Option(help="dashboard_reader, oversight_reader, or a role that is in one of them.")],
) -> None:
    """Let a reading role of the dashboards see a municipality."""
    from services.indicators.app import show_dashboards as let_see
    from youthcare.runtime.settings import Settings

    let_see(Settings.from_env(os.environ), municipality, role)
    typer.echo(f"{role} sees {municipality}")
