"""`trajectwacht verify`: folds the log and compares facts, steps and alerts with the live tables.

Three rules. It reads what others wrote and changes nothing, but for `--republish`. Each schema is read with the address
of its own service. On the terminal and in logs no youth is named, unless the operator asks for it on the terminal.
"""

import os
from pathlib import Path
from typing import Annotated

import typer

PATIENCE_SECONDS = 300.0


def verify(
    municipality: Annotated[str | None, typer.Option(help="Four digits; without it all are compared.")] = None,
    republish: Annotated[bool, typer.Option(help="Publish the facts of youths that differ again.")] = False,
    show_youths: Annotated[bool, typer.Option(help="Name youths on the terminal, not by a digest.")] = False,
    json: Annotated[Path | None, typer.Option(help="Write a summary to this file; - for standard output.")] = None,
    nightly: Annotated[str | None, typer.Option(help="Stay, and run each night at HH:MM, Dutch time.")] = None,
    patience: Annotated[float, typer.Option(help="Seconds to wait for services that lag.")] = PATIENCE_SECONDS,
    processes: Annotated[int, typer.Option(min=0, help="Processes that compute; 0: one per core.")] = 0,
) -> None:
    """Compare every youth and every figure with the log: exit code 0 equal, 1 different, 75 cannot say now."""
    from youthcare.cli_verify.running import Wish, run_nightly, run_once
    from youthcare.runtime.settings import Settings
    from youthcare.verifying.schedule import time_of_day

    settings = Settings.from_env(os.environ)
    wish = Wish(
        municipality=municipality,
        republish=republish,
        patience_seconds=patience,
        processes=processes or os.cpu_count() or 1,
    )
    if nightly is None:
        raise typer.Exit(run_once(settings, wish, show_youths=show_youths, json_to=json))
    try:
        at = time_of_day(nightly)
    except ValueError:
        raise typer.BadParameter("a time of the day is written as HH:MM", param_hint="--nightly") from None
    run_nightly(settings, wish, at)
