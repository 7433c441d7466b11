"""`trajectwacht indication`: the worker and the doors of the indication service; `trajectwacht keys`: its keys."""

import os
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Doors for senders; register of statements.", no_args_is_help=True)
keys_app = typer.Typer(help="Keys of the identity table.", no_args_is_help=True)


@app.command()
def worker() -> None:
    """Take in what senders put on the topic intake, and publish what was left behind."""
    from services.indication.app import worker as run
    from youthcare.runtime.settings import Settings

    run(Settings.from_env(os.environ))


@app.command()
def api() -> None:
    """Serve POST /v1/events and POST /v1/ijw."""
    from services.indication.api import run_api
    from youthcare.runtime.settings import Settings

    run_api(Settings.from_env(os.environ))


@app.command()
def republish() -> None:
    """After indication-events was lost: publish the whole register again, oldest first; the worker's sweep does it."""
    from services.indication.app import republish as run
    from youthcare.runtime.settings import Settings

    print(f"{run(Settings.from_env(os.environ))} statements will be published again")


@app.command()
def recover() -> None:
    """After an older dump was restored, before worker and doors start: enter what stands on the log."""
    from services.indication.app import recover as run
    from youthcare.runtime.settings import Settings

    done = run(Settings.from_env(os.environ))
    print(f"{done.entered} statements entered of {done.read} records")
    print(f"{done.erased} rows erased of youths who were forgotten since; {done.raised} refusal counts raised")
    if done.differing:
        print(f"{done.differing} records differ from the register, which was left as it is")


@app.command("retry-unknown")
def retry_unknown() -> None:
    """After an upgrade: offer events of types that were unknown again."""
    from services.indication.app import retry
    from youthcare.runtime.settings import Settings

    print(f"{retry(Settings.from_env(os.environ))} events are known now")


@keys_app.command("make")
def make(
    municipality: Annotated[str, typer.Option(help="Four digits, such as 0153.")],
    file: Annotated[Path, typer.Option(help="The key file; made when absent, mode 0600.")],
) -> None:
    """Add keys for a municipality; keys that exist are never replaced."""
    from youthcare.runtime.sealing import make_keys

    if len(municipality) != 4 or not municipality.isdecimal():
        raise typer.BadParameter("a municipality is four digits")
    made = make_keys(file, municipality)
    print(f"{municipality}: keys {'made' if made else 'were there already'}")
