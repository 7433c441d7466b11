"""Two trajectory workers that die and freeze as planned and are started or woken again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.chaos.trajectory_worker import Fault, Plan
from youthcare.runtime.ending import ExitCode

ROOT = Path(__file__).resolve().parents[2]
FROZEN_SECONDS = 9.0  # longer than the session, so that Kafka gives the partitions to the other


def start_worker(plan: Plan, log: Path) -> subprocess.Popen[bytes]:
    """Start one worker as a process of its own; its lines go to ``log``."""
    with log.open("ab") as lines:
        command = [sys.executable, "-m", "tests.chaos.trajectory_worker", plan.argument()]
        return subprocess.Popen(command, cwd=ROOT, stdout=lines, stderr=lines)


@contextmanager
def working(plan: Plan, folder: Path, name: str = "worker") -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A worker with a health page; ended at the end if it still runs."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = start_worker(replace(plan, metrics_port=port), folder / f"{name}.log")
    try:
        yield process, f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def is_frozen(pid: int) -> bool:
    """Whether a process is stopped by SIGSTOP."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


@dataclass(slots=True)
class _Slot:
    process: subprocess.Popen[bytes]
    faults: list[Fault]
    frozen_at: float | None = None
    was_frozen: bool = False


@dataclass(slots=True)
class Pair:
    """Two workers; ``fates`` are the faults of one process each, dealt out as processes start."""

    plan: Plan
    fates: list[tuple[Fault, ...]]
    folder: Path
    deaths: int = 0
    freezes: int = 0
    _slots: list[_Slot] = field(default_factory=list)

    def start(self) -> None:
        """Start both."""
        self._slots = [self._started(number, self._next_fate()) for number in (0, 1)]

    def tend(self, deadline_seconds: float) -> None:
        """Wake what has been frozen long enough and start what died, until every planned fault has happened."""
        until = time.monotonic() + deadline_seconds
        while self.fates or any(slot.faults for slot in self._slots):
            assert time.monotonic() < until, f"in time only {self.deaths} deaths and {self.freezes} freezes"
            for number, slot in enumerate(self._slots):
                self._look(number, slot)
            time.sleep(0.05)  # the pace of looking; the deadline decides

    def stop(self) -> None:
        """Ask both to stop."""
        for slot in self._slots:
            slot.process.terminate()
        for slot in self._slots:
            # The signal itself is the end of one that was started a moment ago and has no handler yet.
            assert slot.process.wait(30) in (0, -signal.SIGTERM), "a worker did not stop cleanly"

    def end(self) -> None:
        """End both at once; for the end of a test that failed."""
        for slot in self._slots:
            slot.process.kill()
            slot.process.wait()

    def _look(self, number: int, slot: _Slot) -> None:
        code = slot.process.poll()
        if code == ExitCode.UNAVAILABLE and slot.was_frozen:
            # Awake, it goes on or ends with 75 (docs/operations.md): its reader may have passed over what the other
            # took meanwhile. Whoever keeps processes running starts it again; what is left to befall it still does.
            self._slots[number] = self._started(number, tuple(slot.faults))
        elif code is not None:
            assert code == -signal.SIGKILL, f"a worker ended by itself with code {code}"
            assert slot.faults, "a worker died that should have lived"
            self.deaths += 1
            self._slots[number] = self._started(number, self._next_fate())
        elif slot.frozen_at is not None:
            if time.monotonic() - slot.frozen_at > FROZEN_SECONDS:
                self._wake(slot)
        elif is_frozen(slot.process.pid):
            slot.frozen_at = time.monotonic()

    def _wake(self, slot: _Slot) -> None:
        os.kill(slot.process.pid, signal.SIGCONT)
        self.freezes += 1
        slot.frozen_at, slot.was_frozen = None, True
        slot.faults.pop(0)

    def _next_fate(self) -> tuple[Fault, ...]:
        return self.fates.pop(0) if self.fates else ()

    def _started(self, number: int, faults: tuple[Fault, ...]) -> _Slot:
        process = start_worker(replace(self.plan, faults=faults), self.folder / f"worker-{number}.log")
        return _Slot(process, list(faults))
