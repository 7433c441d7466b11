"""`trajectwacht simulate`: writes a simulated year of messages, and what the simulator meant by them.

Two rules. The same options write the same bytes. The files hold made-up citizen numbers only.
"""

import csv
import json
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from youthcare.period import civil_day
from youthcare.simulator.figures import intended, population
from youthcare.simulator.stream import Envelope, Simulation, lives, simulate

app = typer.Typer(add_completion=False, help="Simulate the messages of a municipality.")


@app.command("simulate")
def simulate_year(
    out: Annotated[Path, typer.Option(help="Folder for messages.jsonl, truth.json and population.csv.")],
    seed: Annotated[int, typer.Option(help="Same seed, same bytes.")] = 1,
    municipality: Annotated[str, typer.Option(help="Four-digit code.")] = "0153",
    year: Annotated[int, typer.Option(help="The year that is simulated.")] = 2024,
    youths: Annotated[int, typer.Option(min=1, help="Youths in care in that year, about.")] = 4500,
) -> None:
    """Write a year of messages as they arrive at the doors, and the figures that were meant."""
    simulation = Simulation(
        seed=seed,
        municipality=municipality,
        first_day=date(year, 1, 1),
        last_day=date(year, 12, 31),
        youths_per_year=youths,
    )
    out.mkdir(parents=True, exist_ok=True)
    counts = _write_messages(simulation, out / "messages.jsonl")
    truth = {
        "simulation": _described(simulation),
        "messages": counts,
        "figures": intended(lives(simulation), simulation),
    }
    (out / "truth.json").write_text(json.dumps(truth, indent=2) + "\n", encoding="utf-8")
    _write_population(simulation, out / "population.csv")
    typer.echo(f"{sum(counts['doors'].values())} messages in {out / 'messages.jsonl'}")


def _write_messages(simulation: Simulation, path: Path) -> dict[str, Any]:
    doors: Counter[str] = Counter()
    flaws: Counter[str] = Counter()
    days = (simulation.last_day - simulation.first_day).days + 1
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with path.open("w", encoding="utf-8", newline="\n") as file, Progress(*columns) as progress:
        task = progress.add_task(str(simulation.first_day), total=days)
        for envelope in _envelopes(simulation):
            file.write(line(envelope))
            doors[envelope.door] += 1
            flaws.update([envelope.flaw] if envelope.flaw else [])
            day = civil_day(envelope.received)
            progress.update(task, completed=(day - simulation.first_day).days + 1, description=str(day))
    return {"doors": dict(sorted(doors.items())), "wrong": dict(sorted(flaws.items()))}


def _envelopes(simulation: Simulation) -> Iterator[Envelope]:
    return simulate(
        simulation.seed,
        simulation.municipality,
        simulation.first_day,
        simulation.last_day,
        simulation.youths_per_year,
    )


def line(envelope: Envelope) -> str:
    """One line of messages.jsonl; a body that is not UTF-8 is written as base64."""
    body: str | dict[str, str]
    try:
        body = envelope.body.decode("utf-8")
    except UnicodeDecodeError:
        body = {"base64": b64encode(envelope.body).decode("ascii")}
    received = envelope.received.isoformat().replace("+00:00", "Z")
    return (
        json.dumps(
            {"received": received, "door": envelope.door, "sender": envelope.sender, "body": body},
            ensure_ascii=False,
        )
        + "\n"
    )


def _described(simulation: Simulation) -> dict[str, Any]:
    return {
        "seed": simulation.seed,
        "municipality": simulation.municipality,
        "first_day": simulation.first_day.isoformat(),
        "last_day": simulation.last_day.isoformat(),
        "coverage_start": simulation.coverage_start.isoformat(),
        "youths_per_year": simulation.youths_per_year,
    }


def _write_population(simulation: Simulation, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("municipality", "quarter", "group_kind", "group", "youths"))
        rows.writerows(population(simulation))
