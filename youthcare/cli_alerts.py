"""`trajectwacht alerts`: the worker and the API of the alerts service."""

import os

import typer

app = typer.Typer(help="Alerts to teams and supervisors.", no_args_is_help=True)


@app.command()
def worker() -> None:
    """Turn the facts of youths into alerts, open them when they are due, and tell of them."""
    from services.alerts.app import worker as run
    from youthcare.runtime.settings import Settings

    run(Settings.from_env(os.environ))


@app.command()
def api() -> None:
    """Serve the alerts over HTTP."""
    from services.alerts.api import run_api
    from youthcare.runtime.settings import Settings

    run_api(Settings.from_env(os.environ))


@app.command()
def republish() -> None:
    """After care-alerts was lost: tell all alerts of the last two years again, under the same numbers."""
    from services.alerts.app import republish as run
    from youthcare.runtime.settings import Settings

    print(f"{run(Settings.from_env(os.environ))} alert events will be published again")
