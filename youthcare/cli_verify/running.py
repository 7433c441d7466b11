"""How a verification is run: once for who waits for it, or each night by a process that stays.

Two rules. Only here is it asked what time it is. The nightly process tells by its metrics and its log lines: a
difference by municipality, what and count, and nothing of a youth.
"""

import asyncio
import os
import signal
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import orjson
import structlog
import typer

from youthcare.cli_verify.course import verify
from youthcare.cli_verify.naming import log_names
from youthcare.period import civil_day
from youthcare.runtime import metrics
from youthcare.runtime.ending import ExitCode, end_process
from youthcare.runtime.health import health_server
from youthcare.runtime.logs import configure_logging, place_of
from youthcare.runtime.processing import Unavailable
from youthcare.runtime.settings import SettingMissing, Settings
from youthcare.verifying.report import Report, Verdict, as_json, counts, difference_line, lines, told_with
from youthcare.verifying.schedule import next_run

AGAIN = timedelta(minutes=15)
"""How long after a night on which nothing could be said it is tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is asked of a verification."""

    municipality: str | None = None
    republish: bool = False
    patience_seconds: float
    processes: int


def run_once(settings: Settings, wish: Wish, *, show_youths: bool, json_to: Path | None) -> int:
    """Verify now and tell on the terminal; the exit code."""
    configure_logging("verify", "error")
    try:
        report = asyncio.run(_verified(settings, wish))
    except Exception as error:  # what our own bug says could hold a person: only its place is told
        typer.echo(f"broken: {type(error).__name__} at {place_of(error)}", err=True)
        return int(ExitCode.BROKEN)
    told = report if show_youths and _is_logged(settings, report) else told_with(report, _salt(settings))
    if json_to is None:
        typer.echo("\n".join(lines(told)))
    else:
        _write(json_to, orjson.dumps(as_json(told), option=orjson.OPT_INDENT_2).decode())
    return int(report.exit_code)


def _is_logged(settings: Settings, report: Report) -> bool:
    try:
        asyncio.run(log_names(settings, report))
    except (Unavailable, SettingMissing) as away:
        typer.echo(f"nobody is named, as the look cannot be logged: {away}", err=True)
        return False
    return True


def _write(path: Path, text: str) -> None:
    if str(path) == "-":
        typer.echo(text)
    else:
        path.write_text(text + "\n", encoding="utf-8")


def _salt(settings: Settings) -> bytes:
    """The salt of the logs; without one, one of this run alone, so that lines of one run can still be joined."""
    return settings.log_salt.encode() if settings.log_salt else os.urandom(16)


async def _verified(settings: Settings, wish: Wish) -> Report:
    return await verify(
        settings,
        civil_day(datetime.now(UTC)),
        municipality=wish.municipality,
        patience_seconds=wish.patience_seconds,
        processes=wish.processes,
        republish=wish.republish,
    )


def run_nightly(settings: Settings, wish: Wish, at: time) -> None:
    """Verify each night until SIGTERM; serves health and metrics on `METRICS_PORT`."""
    configure_logging("verify", settings.log_level)
    if settings.metrics_port is None:
        raise SettingMissing("METRICS_PORT")
    metrics.show_verify()
    try:
        asyncio.run(_nightly(settings, wish, at, settings.metrics_port))
    except Exception as error:
        end_process("verify", ExitCode.BROKEN, error)


async def _nightly(settings: Settings, wish: Wish, at: time, port: int) -> None:
    server = health_server(settings.metrics_host, port, _no_problems, settings.pair())
    serving = asyncio.create_task(server.serve())
    nights = asyncio.create_task(_nights(settings, wish, at))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, nights.cancel)
    try:
        await asyncio.wait([serving, nights], return_when=asyncio.FIRST_COMPLETED)
        if nights.done() and not nights.cancelled():
            nights.result()
    finally:
        nights.cancel()
        server.should_exit = True
        await asyncio.wait([serving, nights], timeout=5)


async def _no_problems() -> list[str]:
    """It waits for the night, and what is away by then is tried again."""
    return []


async def _nights(settings: Settings, wish: Wish, at: time) -> None:
    while True:
        await _until(next_run(datetime.now(UTC), at))
        while not tell(await _verified(settings, wish)):  # noqa: ASYNC110  # waits for the clock, not for an event
            await asyncio.sleep(AGAIN.total_seconds())


async def _until(instant: datetime) -> None:
    # In short sleeps: a clock that is set right in between moves the night with it.
    while (left := (instant - datetime.now(UTC)).total_seconds()) > 0:  # noqa: ASYNC110  # the same
        await asyncio.sleep(min(left, 60.0))


def tell(report: Report) -> bool:
    """Tell a night's report by metrics and log lines; whether anything could be said."""
    log = structlog.get_logger()
    if report.verdict is Verdict.UNKNOWN:
        log.warning("verify_postponed", reason=report.reason or "youths moved each time they were looked at")
        return False
    for kind, count in counts(report).items():
        metrics.VERIFY_DIFFERENCES.labels(kind.value).set(count)
    metrics.VERIFY_YOUTHS.set(report.youths)
    metrics.VERIFY_LAST_RUN.set_to_current_time()
    for row in report.differences:
        log.error("verify_differed", reason=difference_line(row), count=row.count)
    log.info("verify_finished", verdict=report.verdict.value, count=report.youths, seconds=round(report.seconds, 1))
    return True
