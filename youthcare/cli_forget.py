"""`trajectwacht forget`: the steps by which a youth is forgotten, how far each is, and the certificate."""

import json
import os
import time
from typing import Annotated

import typer

app = typer.Typer(help="Forgetting of youths; the wish itself comes over HTTP.", no_args_is_help=True)
Municipality = Annotated[str, typer.Option(help="Four digits, such as 0153.")]


@app.command()
def run(
    watch: Annotated[
        bool, typer.Option("--watch", help="Read the log also when nothing is open, for what came late.")
    ] = False,
    every: Annotated[float, typer.Option(help="Seconds between rounds, for ever; 0: one round.")] = 0.0,
) -> None:
    """Go through the steps of every forgetting that is open, each as far as it can be confirmed; once an hour."""
    from services.indication.app import forget
    from youthcare.runtime.settings import Settings

    settings = Settings.from_env(os.environ)
    while True:
        done = forget(settings, watch=watch)
        print("round done" if done else "another process does this now")
        if not every:
            return
        time.sleep(every)


@app.command()
def status(municipality: Municipality) -> None:
    """How far each forgetting is, and which are beyond the promise of 72 hours."""
    from datetime import UTC, datetime

    from services.indication.app import forgettings
    from youthcare.runtime.settings import Settings

    now = datetime.now(UTC)
    for each in forgettings(Settings.from_env(os.environ), municipality):
        step = "certified" if each.step is None else f"next {each.step}"
        print(f"{each.digest} requested {each.requested:%Y-%m-%d %H:%M} {step}{' LATE' if each.is_late(now) else ''}")


@app.command()
def certificate(
    digest: Annotated[str, typer.Argument(help="Of the youth, as `status` tells it.")], municipality: Municipality
) -> None:
    """Where and when each place was confirmed empty, as JSON; it names no person."""
    from services.indication.app import forgettings
    from services.indication.forgetting import certificate as certificate_of
    from youthcare.runtime.settings import Settings

    found = forgettings(Settings.from_env(os.environ), municipality, digest)
    if not found:
        raise typer.BadParameter("nobody was forgotten under this digest")
    print(json.dumps(certificate_of(found[0]), indent=2, ensure_ascii=False))
