"""`trajectwacht local`: the local stack for people, in the background until `down`."""

import time
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from youthcare.runtime.local.background import PartStatus, erase_stack, list_status, stop_stack
from youthcare.runtime.local.process import LocalStackError
from youthcare.runtime.local.stack import Stack, StackRunsAlreadyError, start_stack

DEFAULT_FOLDER = Path(".local/stack")
Folder = Annotated[Path, typer.Option(help="Where data, logs and addresses are kept.")]

app = typer.Typer(help="A local stack without Docker: broker, database and monitoring.", no_args_is_help=True)
_console = Console(highlight=False)


@app.command()
def up(
    folder: Folder = DEFAULT_FOLDER,
    secured: Annotated[
        bool, typer.Option("--secured", help="TLS everywhere, and nobody comes in without a name.")
    ] = False,
) -> None:
    """Start the stack in the background and print its addresses."""
    began = time.monotonic()
    try:
        stack = start_stack(folder, tied=False, secured=secured, say=_console.print)
    except StackRunsAlreadyError:
        _console.print("The stack runs already.")
        _print_status(list_status(folder))
    except LocalStackError as error:
        _refuse(error)
    else:
        _console.print(f"The stack is ready after {time.monotonic() - began:.1f} s.")
        _print_status(list_status(folder))
        _print_notes(stack)


@app.command()
def down(
    folder: Folder = DEFAULT_FOLDER,
    erase: Annotated[bool, typer.Option("--erase", help="Remove the data as well.")] = False,
) -> None:
    """Stop the stack; the data stay unless they are to be erased."""
    try:
        stopped = erase_stack(folder) if erase else stop_stack(folder)
    except LocalStackError as error:
        _refuse(error)
    _console.print(f"Stopped: {', '.join(stopped)}." if stopped else "Nothing ran.")


@app.command()
def status(folder: Folder = DEFAULT_FOLDER) -> None:
    """Say of each part whether it runs and is ready; the exit code is 1 unless all are."""
    try:
        parts = list_status(folder)
    except LocalStackError as error:
        _refuse(error)
    _print_status(parts)
    if not parts or not all(part.ready for part in parts):
        raise typer.Exit(1)


def _print_status(parts: tuple[PartStatus, ...]) -> None:
    if not parts:
        _console.print("Nothing runs.")
        return
    table = Table("part", "what", "address", "running", "ready", box=None)
    for part in parts:
        table.add_row(part.name, part.description, part.address, _say_yes(part.running), _say_yes(part.ready))
    _console.print(table)


def _print_notes(stack: Stack) -> None:
    for lack in stack.list_lacks():
        _console.print(f"Lacks {lack}.")
    _console.print(f"Settings for the services, with passwords: {stack.folder / 'stack.env'}")
    if stack.security is not None:
        _console.print(f"Of each service alone: {stack.folder / 'stack-SERVICE.env'}")
        _console.print(f"Who vouches for all parts: {stack.security.certificates.authority}")
    _console.print(f"Logs: {stack.folder / 'logs'}")


def _say_yes(fact: bool) -> str:
    return "yes" if fact else "no"


def _refuse(error: LocalStackError) -> NoReturn:
    _console.print(f"Refused: {error}.", style="red")
    raise typer.Exit(1)
