"""`trajectwacht forget`: the steps by which a youth is forgotten, how far each is, and the certificate."""

import asyncio
import json
import os
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from datetime import time

    from youthcare.runtime.settings import Settings

app = typer.Typer(help="Forgetting of youths; the wish itself comes over HTTP.", no_args_is_help=True)
Municipality = Annotated[str, typer.Option(help="Four digits, such as 0153.")]


@app.command()
def run(
    watch: Annotated[
        bool, typer.Option("--watch", help="Read the log also when nothing is open, for what came late.")
    ] = False,
    every: Annotated[float, typer.Option(help="Seconds between rounds, for ever; 0: one round.")] = 0.0,
    watch_at: Annotated[
        str | None, typer.Option(help="With --every: the first round after HH:MM, Dutch time, reads the log too.")
    ] = None,
) -> None:
    """Go through the steps of every forgetting that is open, each as far as it can be confirmed; once an hour."""
    from services.indication.outbox.rounds import forget, make_tables
    from youthcare.runtime.settings import Settings

    settings = Settings.from_env(os.environ)
    if every:
        asyncio.run(_stay(settings, every, watch, None if watch_at is None else _time(watch_at)))
        return
    make_tables(settings)
    print("round done" if forget(settings, watch=watch) else "another process does this now")


def _time(text: str) -> "time":
    from youthcare.verifying.schedule import time_of_day

    try:
        return time_of_day(text)
    except ValueError:
        raise typer.BadParameter("a time of the day is written as HH:MM", param_hint="--watch-at") from None


async def _stay(settings: "Settings", every: float, watch: bool, watch_at: "time | None") -> None:
    from youthcare.runtime import metrics
    from youthcare.runtime.nightly import staying

    metrics.show_forgetting()
    await staying(_rounds(settings, every, watch, watch_at), settings)


async def _rounds(settings: "Settings", every: float, watch: bool, watch_at: "time | None") -> None:
    from datetime import UTC, datetime

    from youthcare.verifying.schedule import next_run

    due = None if watch_at is None else next_run(datetime.now(UTC), watch_at)
    await _make_tables(settings)
    while True:
        watches = watch or (due is not None and datetime.now(UTC) >= due)
        if await _round(settings, watches) and due is not None and watch_at is not None:
            due = next_run(datetime.now(UTC), watch_at) if watches else due
        await asyncio.sleep(every)


async def _make_tables(settings: "Settings") -> None:
    """Once, before the first round, however long the database is away."""
    import structlog

    from services.indication.outbox.rounds import make_tables
    from youthcare.runtime.batch import patiently

    def tell(away: Exception | None) -> None:
        if away is not None:
            structlog.get_logger().warning("forget_postponed", reason=str(away))

    await patiently(lambda: asyncio.to_thread(make_tables, settings), float("inf"), tell)


async def _round(settings: "Settings", watch: bool) -> bool:
    """One round, and what it left; whether it came to its end."""
    import structlog

    from services.indication.outbox.rounds import forget
    from youthcare.runtime.processing import Unavailable

    try:
        # In a thread, as a round has a loop of its own and takes minutes; the pages of health go on.
        done = await asyncio.to_thread(forget, settings, watch=watch)
        await asyncio.to_thread(_tell, settings)
    except Unavailable as away:
        structlog.get_logger().warning("forget_postponed", reason=str(away))
        return False
    if done:
        _note_round(watch)
        structlog.get_logger().info("forget_round_done")
    return done


def _note_round(watch: bool) -> None:
    from youthcare.runtime import metrics

    metrics.FORGET_LAST_ROUND.set_to_current_time()
    if watch:
        metrics.FORGET_LAST_WATCH.set_to_current_time()


def _tell(settings: "Settings") -> None:
    from datetime import UTC, datetime

    from services.indication.forgetting import ages
    from services.indication.outbox.rounds import forgettings
    from youthcare.runtime import metrics

    for age, count in ages(forgettings(settings, None), datetime.now(UTC)).items():
        metrics.FORGETTINGS.labels(age).set(count)


@app.command()
def status(municipality: Municipality) -> None:
    """How far each forgetting is, and which are beyond the promise of 72 hours."""
    from datetime import UTC, datetime

    from services.indication.outbox.rounds import forgettings
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
    from services.indication.forgetting import certificate as certificate_of
    from services.indication.outbox.rounds import forgettings
    from youthcare.runtime.settings import Settings

    found = forgettings(Settings.from_env(os.environ), municipality, digest)
    if not found:
        raise typer.BadParameter("nobody was forgotten under this digest")
    print(json.dumps(certificate_of(found[0]), indent=2, ensure_ascii=False))
