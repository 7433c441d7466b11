"""Runs fault simulations: one seed, or many from the command line.

    python -m tests.simulation.run --seeds 10000 --seed 20261122

A run is its seed and nothing else: the same steps, the same batches, the same bytes.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import signal
import sys
import traceback
from collections import Counter
from pathlib import Path

from structlog.testing import capture_logs

from tests.simulation.director import one_step, start
from tests.simulation.ending import check_end, come_to_rest
from tests.simulation.judge import Judge
from tests.simulation.stage import STAGE, SimulatedLoop, Stage
from tests.simulation.town import Town, make_town
from tests.simulation.workers import Engine

KEPT = Path(__file__).parent / "kept_seeds.txt"
STEPS = 80
WORKERS = 6
SEED_SECONDS_MAX = 60.0
"""Of processor; most take a tenth of one."""
PRODUCTION = Engine()


class Failed(Exception):
    """A seed that something did not hold under, with the row of steps that led there."""

    def __init__(self, seed: int, why: str, steps: list[str]) -> None:
        super().__init__(seed, why, steps)
        self.seed, self.why, self.steps = seed, why, steps

    def __str__(self) -> str:
        rows = "\n".join(f"{number:4} {each}" for number, each in enumerate(self.steps, start=1))
        return (
            f"seed {self.seed}: {self.why}\n{rows}\nAdd the seed to tests/simulation/kept_seeds.txt when it is mended."
        )


def simulate(seed: int, engine: Engine = PRODUCTION, steps: int = STEPS) -> dict[str, int]:
    """One run to its end; how often each step was taken. Raises `Failed`."""
    loop = SimulatedLoop()
    stage = Stage()
    mark = STAGE.set(stage)
    try:
        with capture_logs():
            return loop.run_until_complete(_run(seed, engine, stage, steps))
    finally:
        STAGE.reset(mark)
        loop.close()


async def _run(seed: int, engine: Engine, stage: Stage, steps: int) -> dict[str, int]:
    town = make_town(random.Random(seed), engine, stage)
    try:
        await _play(town, steps)
    except Exception as error:
        why = "".join(traceback.format_exception(error)) if not _is_plain(error) else str(error)
        raise Failed(seed, why, town.done) from error
    finally:
        for worker in list(town.workers):
            await town.machine.kill(worker)
    return town.counts


def _is_plain(error: Exception) -> bool:
    return isinstance(error, AssertionError) and error.__cause__ is None


async def _play(town: Town, steps: int) -> None:
    judge = Judge(town)
    for _ in range(WORKERS):
        await start(town)
    for _ in range(steps):
        await one_step(town)
        judge.look()
    town.note("the faults end")
    await come_to_rest(town, judge)
    check_end(town)


def kept_seeds() -> list[int]:
    """The seeds that once failed."""
    rows = (row.partition("#")[0].strip() for row in KEPT.read_text(encoding="utf-8").splitlines())
    return [int(row) for row in rows if row]


def keep(failed: Failed) -> None:
    """Have a seed run for ever, with the first line of what it found."""
    if failed.seed not in kept_seeds():
        with KEPT.open("a", encoding="utf-8") as kept:
            kept.write(f"{failed.seed}  # {failed.why.strip().splitlines()[-1][:100]}\n")


def tried(seed: int) -> tuple[dict[str, int], Failed | None]:
    """How often each step was taken, or how the seed failed; one that has no end fails too."""
    signal.signal(signal.SIGVTALRM, _too_long)
    signal.setitimer(signal.ITIMER_VIRTUAL, SEED_SECONDS_MAX)
    try:
        return simulate(seed), None
    except Failed as failed:
        return {}, failed
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def _too_long(_number: int, _frame: object) -> None:
    raise TimeoutError(f"not at its end after {SEED_SECONDS_MAX:.0f} seconds of processor")


def main() -> int:
    """Many seeds over all processors; a report on standard output, failures on the other; 1 when one failed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    seeds = range(given.seed, given.seed + given.seeds)
    counts: Counter[str] = Counter()
    failures = []
    with multiprocessing.get_context("spawn").Pool(given.processes) as pool:
        for taken, failed in pool.imap_unordered(tried, seeds, chunksize=20):
            counts += Counter(taken)
            if failed is not None:
                failures.append(failed.seed)
                keep(failed)
                sys.stderr.write(f"{failed}\n")
    sys.stdout.write(report(seeds, failures, counts))
    return 1 if failures else 0


def report(seeds: range, failures: list[int], counts: Counter[str]) -> str:
    """How many seeds, how many failed, and what was done to them, as Markdown."""
    told = f"{len(seeds)} seeds from {seeds.start}, {len(failures)} failed: lost, double and wrong are 0 in the others."
    rows = [f"| {name.replace('_', ' ')} | {count} |" for name, count in sorted(counts.items())]
    return "\n".join([told, f"Failed: {sorted(failures)}.", "", "| step | taken |", "|---|---|", *rows, ""])


if __name__ == "__main__":
    sys.exit(main())
