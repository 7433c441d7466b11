"""A million inputs at the doors, over all processors; a report of what became of them on standard output.

    python -m tests.fuzz.run [--inputs N] [--seed N] [--processes N] [--seconds N]

Four rules. Input number n of a seed is always the same. A process may take no more memory than its limit and an
input no more of the processor than its limit: the kernel ends what goes beyond, and the input at hand is the culprit.
An input that breaks a rule is kept in the corpus, where `make test` replays it for ever, and the run fails.
When the time is up the run ends, tells how far it came, and fails.
"""

import argparse
import multiprocessing
import os
import resource
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from random import Random
from typing import Any

from tests.fuzz.inputs import an_input
from tests.fuzz.judging import doors, outcomes
from youthcare.outcome import Reason

CORPUS = Path(__file__).parent / "corpus"
MEMORY_MAX = 2 * 1024**3  # bytes of address space; the readers themselves map some hundreds of megabytes
SECONDS_MAX = 5.0  # of the processor, for one input of some kilobytes
ENTROPY_SIZES = (8, 32, 64, 128, 256)
FAILURES_MAX = 20
# Decided against the register, so no reader gives them.
BEHIND_THE_DOORS = frozenset({Reason.ID_REUSED, Reason.ANSWERS_NOTHING})


@dataclass(slots=True)
class Ended:
    """What one process saw: inputs per outcome, failures by name, and how much memory it came to hold."""

    inputs: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    grown_megabytes: int = 0


def numbered(seed: int, number: int) -> bytes:
    """Input `number` of a seed."""
    source = Random(f"{seed}/{number}")
    return an_input(source.randbytes(source.choice(ENTROPY_SIZES)))


@contextmanager
def bounded(seconds: float) -> Iterator[None]:
    """No more processor time than this within; the kernel ends the process that takes more (SIGPROF)."""
    signal.setitimer(signal.ITIMER_PROF, seconds)
    yield
    signal.setitimer(signal.ITIMER_PROF, 0)


def limit_memory() -> None:
    """From here on this process gets no more address space than the limit."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX, MEMORY_MAX))


def _megabytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def keep(content: bytes) -> str:
    """Keep an input in the corpus; answers its name there."""
    path = CORPUS / f"found-{sha256(content).hexdigest()[:12]}.bin"
    path.write_bytes(content)
    return path.name


def _judge(content: bytes, ended: Ended) -> None:
    try:
        with bounded(SECONDS_MAX):
            ended.outcomes.update(set(outcomes(content)))
    except Exception:
        ended.failures.append(f"{keep(content)}: {traceback.format_exc().splitlines()[-1][:200]}")
    ended.inputs += 1


def judge_share(seed: int, numbers: range, until: float, at_hand: "Synchronized[int]", told: Any) -> None:
    """Judge a share of the inputs; one process does this."""
    limit_memory()
    before, ended = _megabytes(), Ended()
    for number in numbers:
        if time.monotonic() > until:
            break
        at_hand.value = number
        _judge(numbered(seed, number), ended)
        if len(ended.failures) >= FAILURES_MAX:
            break
    ended.grown_megabytes = _megabytes() - before
    told.send(ended)


def _of_process(seed: int, process: Any, at_hand: "Synchronized[int]", told: Any) -> Ended:
    """What a process tells, or that it was ended while an input was at hand."""
    try:
        ended: Ended = told.recv()
    except EOFError:
        process.join()
        name = keep(numbered(seed, at_hand.value))
        return Ended(failures=[f"{name}: the process ended with {process.exitcode}, input {at_hand.value}"])
    process.join()
    return ended


def judge_all(seed: int, inputs: int, processes: int, seconds: float) -> list[Ended]:
    """Judge all inputs of a seed, shared among processes, as far as the time allows."""
    until = time.monotonic() + seconds
    # Read once, before the processes part.
    doors(official=True), doors(official=False)
    context = multiprocessing.get_context("fork")
    started = []
    for share in range(processes):
        mine, theirs = context.Pipe(duplex=False)
        at_hand = context.Value("q", share)
        process = context.Process(
            target=judge_share, args=(seed, range(share, inputs, processes), until, at_hand, theirs)
        )
        process.start()
        theirs.close()
        started.append((process, at_hand, mine))
    return [_of_process(seed, *each) for each in started]


def report(seed: int, parts: Sequence[Ended], seconds: float) -> Iterator[str]:
    """The lines of the report, in Markdown."""
    inputs, counted = sum(part.inputs for part in parts), sum((part.outcomes for part in parts), Counter[str]())
    yield "### fuzz: anything at the doors"
    yield ""
    yield f"{inputs} inputs of seed {seed} over {len(parts)} processes in {seconds:.0f} s:"
    yield f"{inputs / seconds:.0f} per second."
    grown = max(part.grown_megabytes for part in parts)
    yield f"No input took {SECONDS_MAX:.0f} s of the processor; a process grew by at most {grown} MB."
    yield ""
    yield "| outcome | inputs in which it occurs |"
    yield "|---|---|"
    yield from (f"| `{name}` | {count} |" for name, count in counted.most_common())
    yield ""
    unreached = sorted(set(Reason) - BEHIND_THE_DOORS - set(counted))
    yield f"Reasons never given: {', '.join(unreached) or 'none'}; {', '.join(sorted(BEHIND_THE_DOORS))} come later."
    failures = [failure for part in parts for failure in part.failures]
    yield f"Inputs that broke a rule: {len(failures)}."
    yield from (f"- {failure}" for failure in failures)


def main() -> int:
    """The command; its exit code is 1 when an input broke a rule."""
    options = argparse.ArgumentParser(description="Fuzz the doors.")
    options.add_argument("--inputs", type=int, default=1_000_000)
    options.add_argument("--seed", type=int, default=int(os.environ.get("PROVE_SEED", "1")))
    options.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    options.add_argument("--seconds", type=float, default=3000)
    chosen = options.parse_args()
    began = time.monotonic()
    parts = judge_all(chosen.seed, chosen.inputs, chosen.processes, chosen.seconds)
    sys.stdout.write("\n".join(report(chosen.seed, parts, time.monotonic() - began)) + "\n")
    return int(any(part.failures for part in parts) or sum(part.inputs for part in parts) < chosen.inputs)


if __name__ == "__main__":
    sys.exit(main())
