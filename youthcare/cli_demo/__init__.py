"""`trajectwacht demo`: everything on this machine, fed through its doors, checked against a replay of its own log.

Three rules. All that goes in goes through the HTTP doors. All that is checked is compared with what `replay` makes
of the same log. Nothing is left running when it ends, however it ends.
"""

import shutil
import signal
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

FOLDER = Path(".local/demo")
MUNICIPALITY = "0153"


def demo(
    folder: Annotated[Path, typer.Option(help="Data and logs; emptied at the start.")] = FOLDER,
    youths: Annotated[int, typer.Option(min=0, help="Youths in the simulated year; 0: the village alone.")] = 4500,
    seed: Annotated[int, typer.Option(help="Seed of the simulated year.")] = 1,
    stay: Annotated[bool, typer.Option(help="Stay until Ctrl-C.")] = True,
    secured: Annotated[
        bool, typer.Option("--secured", help="TLS everywhere, and nobody comes in without a name.")
    ] = False,
) -> None:
    """Start the stack and all services, feed the golden village and a simulated year, check, and show."""
    from youthcare.cli_demo.course import Course
    from youthcare.period import civil_day

    # A stop by the system is to leave nothing behind either.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    today = civil_day(datetime.now(UTC))
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    course = Course(
        console=Console(highlight=False),
        folder=folder.resolve(),
        municipality=MUNICIPALITY,
        today=today,
        first_day=year_before(today),
        youths=youths,
        seed=seed,
        secured=secured,
    )
    try:
        course.run(stay=stay)
    except KeyboardInterrupt:
        course.console.print("Stopped.")
    if course.differences:
        raise typer.Exit(1)


def year_before(today: date) -> date:
    """The first day of a year that ends yesterday."""
    return today - timedelta(days=365)
