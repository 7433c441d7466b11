"""`trajectwacht alerts`: the worker and the API of the alerts service."""

import os
from datetime import UTC, datetime
from typing import Annotated

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


@app.command()
def sweep(
    accept_day: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The day that is right, YYYY-MM-DD.")],
    municipality: Annotated[str | None, typer.Option(help="Only this municipality.")] = None,
) -> None:
    """After a long stop, or a clock that jumped ahead: confirm that a day is right, so that the worker sweeps it."""
    from services.alerts.app import accept as run
    from youthcare.runtime.settings import Settings

    done = run(Settings.from_env(os.environ), accept_day.date(), municipality)
    print(f"{done} municipalities are swept up to {accept_day:%Y-%m-%d}")


@app.command()
def percentiles(
    municipality: Annotated[str, typer.Option(help="Four digits.")],
    quarter: Annotated[str, typer.Option(help="A quarter that is over, as 2024Q3.")],
) -> None:
    """Once a quarter: make the percentiles of care duration per care form, which `outlier` and the cards read."""
    from services.alerts.app import make_percentiles as run
    from services.indicators.definitions import Per
    from services.indicators.spans import find_days_of
    from youthcare.period import civil_day
    from youthcare.runtime.settings import Settings

    days = find_days_of(Per.QUARTER, quarter)
    if days is None or days.end > civil_day(datetime.now(UTC)):
        raise typer.BadParameter("a quarter that is over, as 2024Q3", param_hint="--quarter")
    made = run(Settings.from_env(os.environ), municipality, days)
    if made is None:
        print(f"the percentiles of {quarter} were made before, and stay as they are")
        return
    for row in made:
        print(f"{row.care_form}: {row.trajectories} trajectories, 95 % last at most {row.at_percent[95]} days")
    print(f"{len(made)} care forms; care forms with fewer than twenty trajectories have none")
