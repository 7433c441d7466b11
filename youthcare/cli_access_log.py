"""`trajectwacht access-log`: writes the heads of the log of looks outside the database, and checks its chains.

Two rules. It reads as the auditor and changes nothing in the database. What it tells names a municipality and a line,
and no person.
"""

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from youthcare.looks.chain import Found, Head, Kept
    from youthcare.runtime.auditing import Noted, Walked
    from youthcare.runtime.settings import Settings

BROKEN, AWAY = 1, 75
app = typer.Typer(help="The log of who looked at which youth.", no_args_is_help=True)
Municipality = Annotated[str | None, typer.Option(help="Four digits; without it all.")]
HeadsFile = Annotated[
    Path, typer.Option("--file", help="The file to which heads are added; kept outside the database.")
]


@app.command()
def heads(
    file: HeadsFile,
    nightly: Annotated[str | None, typer.Option(help="Stay, check and write each night at HH:MM, Dutch time.")] = None,
) -> None:
    """Add the head of each chain to a file, so that what was logged up to now cannot be made anew unseen."""
    from youthcare.runtime.settings import Settings
    from youthcare.verifying.schedule import time_of_day

    settings = Settings.from_env(os.environ)
    if nightly is None:
        print(f"{_or_away(settings, file)} heads written")
        return
    try:
        at = time_of_day(nightly)
    except ValueError:
        raise typer.BadParameter("a time of the day is written as HH:MM", param_hint="--nightly") from None
    from youthcare.runtime import metrics
    from youthcare.runtime.logs import configure_logging
    from youthcare.runtime.nightly import each_night

    configure_logging("access-log", settings.log_level)
    metrics.show_access_log()
    asyncio.run(each_night(at, lambda: night(settings, file), settings))


@app.command()
def check(
    file: Annotated[
        Path | None, typer.Option("--heads", help="The file of heads; without it the chains alone.")
    ] = None,
    municipality: Municipality = None,
) -> None:
    """Walk the chains: exit code 0 whole, 1 when a line was altered, removed or put in, 75 cannot say now."""
    from youthcare.runtime.processing import Unavailable
    from youthcare.runtime.settings import Settings

    try:
        done = asyncio.run(checked(Settings.from_env(os.environ), read_noted(file), municipality))
    except Unavailable as away:
        print(f"nothing can be said now: {away}")
        raise typer.Exit(AWAY) from None
    for kept in done.kept:
        print(told_kept(kept))
    for each in done.found:
        print(told(each))
    print(f"{'broken' if done.found else 'whole'}: {done.lines} lines")
    if done.found:
        raise typer.Exit(BROKEN)


def told_kept(kept: "Kept") -> str:
    """From which line on a chain could be walked, and since when its lines were recorded."""
    return f"{kept.municipality} from line {kept.number + 1} on: recorded before {kept.before:%Y-%m-%d} ended its term"


def told(found: "Found") -> str:
    """A fault in words, with its place."""
    from youthcare.looks.chain import MEANINGS

    return f"{found.municipality} line {found.number} {found.fault}: {MEANINGS[found.fault]}"


def _or_away(settings: "Settings", file: Path) -> int:
    from youthcare.runtime.processing import Unavailable

    try:
        return asyncio.run(write_heads(settings, file))
    except Unavailable as away:
        print(f"no head was written: {away}")
        raise typer.Exit(AWAY) from None


async def write_heads(settings: "Settings", file: Path) -> int:
    """Add the head of each chain to the file and see it on the disk; how many. Raises `Unavailable`."""
    from youthcare.runtime.auditing import as_auditor, read_heads

    async with as_auditor(settings) as connection:
        found = await read_heads(connection)
    await asyncio.to_thread(_add, file, found)
    return len(found)


def _add(file: Path, found: "list[Head]") -> None:
    from datetime import UTC, datetime

    from youthcare.looks.heads import written

    now = datetime.now(UTC)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "a", encoding="utf-8") as lines:
        lines.writelines(f"{written(head, now)}\n" for head in found)
        lines.flush()
        os.fsync(lines.fileno())


def read_noted(file: Path | None) -> "Noted":
    """The heads that were written down; raises `OSError` or `ValueError`."""
    from youthcare.looks.heads import heads_from, moments_from
    from youthcare.runtime.auditing import NOTHING_NOTED, Noted

    if file is None:
        return NOTHING_NOTED
    lines = file.read_text(encoding="utf-8").splitlines()
    return Noted(hashes=heads_from(lines), taken=moments_from(lines))


async def checked(settings: "Settings", noted: "Noted", municipality: str | None = None) -> "Walked":
    """How many lines were walked and what is wrong with them; raises `Unavailable`."""
    from youthcare.runtime.auditing import as_auditor, walked

    async with as_auditor(settings) as connection:
        return await walked(connection, noted, municipality)


def _read_or_begin(file: Path) -> "Noted":
    file.touch(mode=0o600)
    return read_noted(file)


async def night(settings: "Settings", file: Path) -> None:
    """One night: walk the chains against what was written down, tell what is wrong, and write the heads of now."""
    import structlog

    from youthcare.runtime import metrics

    done = await checked(settings, await asyncio.to_thread(_read_or_begin, file))
    log = structlog.get_logger()
    for each in done.found:
        log.error("access_log_broken", reason=told(each))
    await write_heads(settings, file)
    metrics.ACCESS_LOG_FAULTS.set(len(done.found))
    metrics.ACCESS_LOG_LAST_CHECK.set_to_current_time()
    log.info("access_log_walked", count=done.lines, verdict="broken" if done.found else "whole")
