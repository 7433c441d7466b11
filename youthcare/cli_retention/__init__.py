"""`trajectwacht retention`: ends what is past its term, and says how the terms are kept (docs/privacy.md).

Two rules. Each service's tables are reached by that service's own address. Who is past the term is not erased here: its
forgetting is begun, and `forget run` goes through the steps.
"""

import asyncio
import os
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from datetime import time

    from youthcare.runtime.settings import Settings

AWAY = 75
app = typer.Typer(help="Terms of retention: what is past its term ends.", no_args_is_help=True)


@app.command()
def run(
    nightly: Annotated[str | None, typer.Option(help="Stay, and run each night at HH:MM, Dutch time.")] = None,
) -> None:
    """End what is past its term, in small batches; stopped, it is run again and does what is left."""
    from youthcare.cli_retention.course import keep_terms
    from youthcare.cli_retention.words import ended_lines
    from youthcare.runtime.logs import configure_logging
    from youthcare.runtime.processing import Unavailable
    from youthcare.runtime.settings import Settings

    settings = Settings.from_env(os.environ)
    if nightly is not None:
        _stay(settings, _time(nightly))
        return
    configure_logging("retention", "error")
    try:
        done = asyncio.run(keep_terms(settings))
    except Unavailable as away:
        print(f"niet afgerond: {away}")
        raise typer.Exit(AWAY) from None
    print("\n".join(ended_lines(done)))


@app.command()
def status(
    table: Annotated[bool, typer.Option("--table", help="The register alone, as a Markdown table.")] = False,
) -> None:
    """In Dutch: each kind of data, its term, what is done at its end, and what is past its term now."""
    from youthcare.cli_retention.course import past_terms
    from youthcare.cli_retention.words import status_lines, table_lines
    from youthcare.runtime.processing import Unavailable
    from youthcare.runtime.retaining import terms_of
    from youthcare.runtime.settings import Settings

    settings = Settings.from_env(os.environ)
    if table:
        print("\n".join(table_lines(terms_of(settings))))
        return
    try:
        left = asyncio.run(past_terms(settings))
    except Unavailable as away:
        print(f"niet te zeggen: {away}")
        raise typer.Exit(AWAY) from None
    print("\n".join(status_lines(terms_of(settings), left)))


def _time(text: str) -> "time":
    from youthcare.verifying.schedule import time_of_day

    try:
        return time_of_day(text)
    except ValueError:
        raise typer.BadParameter("a time of the day is written as HH:MM", param_hint="--nightly") from None


def _stay(settings: "Settings", at: "time") -> None:
    from youthcare.cli_retention.course import night
    from youthcare.runtime import metrics
    from youthcare.runtime.logs import configure_logging
    from youthcare.runtime.nightly import each_night

    configure_logging("retention", settings.log_level)
    metrics.show_retention()
    asyncio.run(each_night(at, lambda: night(settings), settings))
