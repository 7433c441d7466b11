"""`trajectwacht trajectory`: the worker and the API of the trajectory service."""

import os

import typer

app = typer.Typer(help="Ledgers and facts of youths.", no_args_is_help=True)


@app.command()
def worker() -> None:
    """Fold indication-events into ledgers and publish the facts of each youth."""
    from services.trajectory.app import worker as run
    from youthcare.runtime.settings import Settings

    run(Settings.from_env(os.environ))


@app.command()
def api() -> None:
    """Serve the trajectory of a youth over HTTP."""
    from services.trajectory.api import run_api
    from youthcare.runtime.settings import Settings

    run_api(Settings.from_env(os.environ))
