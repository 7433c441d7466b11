"""`trajectwacht indication`: the worker and the doors of the indication service; `trajectwacht keys`: its keys."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Doors for senders; register of statements.", no_args_is_help=True)
keys_app = typer.Typer(help="Keys of the identity table.", no_args_is_help=True)
Municipality = Annotated[str, typer.Option(help="Four digits, such as 0153.")]
KeyFile = Annotated[Path, typer.Option(help="The key file, mode 0600; `make` makes it when absent.")]


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


@app.command("rotate-keys")
def rotate_keys(municipality: Municipality) -> None:
    """Rewrite what stands under older keys, while messages flow; stopped, it is run again and does what is left."""
    from services.indication.app import rotate_keys as run
    from youthcare.runtime.settings import Settings

    done = run(Settings.from_env(os.environ), _four_digits(municipality))
    print(f"{municipality}: {done.identities} identities and {done.payloads} payloads rewritten")


@app.command("retire-keys")
def retire_keys(municipality: Municipality) -> None:
    """Remove older keys from the key file of the settings, when nothing stands under them any more."""
    from services.indication.app import left_under_older_keys
    from youthcare.runtime.key_rotation import retire_older
    from youthcare.runtime.settings import Settings

    settings = Settings.from_env(os.environ)
    left = left_under_older_keys(settings, _four_digits(municipality))
    if left:
        print(f"{municipality}: {left} rows stand under other keys; run rotate-keys first")
        raise typer.Exit(1)
    gone = retire_older(Path(str(settings.identity_keys_file)), municipality)
    print(f"{municipality}: versions retired: {', '.join(map(str, gone)) or 'none'}")


@keys_app.command("announce")
def announce(municipality: Municipality, file: KeyFile) -> None:
    """First step of a rotation: add a version that is not in use; then start all processes of the service again."""
    from youthcare.runtime.key_rotation import announce_keys

    print(f"{municipality}: version {_or_told(announce_keys, file, municipality)} announced")


@keys_app.command("use")
def use(municipality: Municipality, file: KeyFile) -> None:
    """Second step: use the announced version; start all processes again, then run `indication rotate-keys`."""
    from youthcare.runtime.key_rotation import use_announced

    print(f"{municipality}: version {_or_told(use_announced, file, municipality)} in use")


def _or_told(step: Callable[[Path, str], int], file: Path, municipality: str) -> int:
    try:
        return step(file, _four_digits(municipality))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _four_digits(municipality: str) -> str:
    if len(municipality) != 4 or not municipality.isdecimal():
        raise typer.BadParameter("a municipality is four digits")
    return municipality


@keys_app.command("make")
def make(municipality: Municipality, file: KeyFile) -> None:
    """Add keys for a municipality; keys that exist are never replaced."""
    from youthcare.runtime.sealing import make_keys

    made = make_keys(file, _four_digits(municipality))
    print(f"{municipality}: keys {'made' if made else 'were there already'}")
