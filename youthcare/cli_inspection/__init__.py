"""`trajectwacht inspection`: all that is kept about one child, in one file, for the right of inspection (AVG art. 15).

Three rules. The export is a look: it is logged, with who made it for whom and why, before anything is written. The
file is for its owner alone and is never written over another. A BSN is asked on the terminal and never an argument.
"""

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer

from youthcare.personal_number import holds_personal_number, is_personal_number

AWAY, NOBODY = 75, 1


def inspection(
    municipality: Annotated[str, typer.Option(help="Four digits.")],
    out: Annotated[Path, typer.Option(help="The file to write; it must not be there yet.")],
    by: Annotated[str, typer.Option(help="The privacy officer for whom this is made; stands in the log.")],
    reason: Annotated[str, typer.Option(help="Why, such as the number of the request; stands in the log.")],
    youth: Annotated[str | None, typer.Option(help="The youth's identifier.")] = None,
    case_reference: Annotated[str | None, typer.Option(help="Or the case reference of its team.")] = None,
    ask_bsn: Annotated[bool, typer.Option("--ask-bsn", help="Or its BSN, asked on the terminal.")] = False,
) -> None:
    """Write all about one child to a file: exit code 0 written, 1 there is nobody or more than one, 75 not now."""
    from youthcare.cli_inspection.gathering import Asked, NobodyFound, inspected
    from youthcare.runtime.processing import Unavailable
    from youthcare.runtime.settings import Settings

    if sum((youth is not None, case_reference is not None, ask_bsn)) != 1:
        raise typer.BadParameter("name one of --youth, --case-reference and --ask-bsn")
    if len(municipality) != 4 or not municipality.isdecimal():
        raise typer.BadParameter("a municipality is four digits", param_hint="--municipality")
    if out.exists():
        raise typer.BadParameter("the file is there already", param_hint="--out")
    _refuse_numbers(youth, reason, by)
    bsn = typer.prompt("BSN", hide_input=True) if ask_bsn else None
    asked = Asked(
        municipality=municipality,
        youth=youth,
        case_reference=case_reference,
        bsn=bsn,
        by=by.strip(),
        reason=reason.strip(),
    )
    try:
        content = asyncio.run(inspected(Settings.from_env(os.environ), asked))
    except NobodyFound as nobody:
        print(nobody)
        raise typer.Exit(NOBODY) from None
    except Unavailable as away:
        print(f"nothing was written: {away}")
        raise typer.Exit(AWAY) from None
    write_private(out, content)
    print(f"written to {out}, {len(content)} bytes")


def _refuse_numbers(youth: str | None, *texts: str) -> None:
    if is_personal_number(youth or "") or any(map(holds_personal_number, texts)):
        raise typer.BadParameter("what is written in the log for good may hold no BSN; --ask-bsn asks for one")


def write_private(path: Path, content: bytes) -> None:
    """Write a new file that only its owner reads; raises `FileExistsError`."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
