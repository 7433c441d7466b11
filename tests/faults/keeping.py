"""Keeps processes running as compose's `restart: unless-stopped` does, and counts how each ended.

One rule: a process is started again whatever its exit code, after a pause that doubles as long as it ends at once.
"""

import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from youthcare.runtime.local.program import Program

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, LIVED_SECONDS = 0.1, 5.0, 10.0
_PACE_SECONDS = 0.05


@dataclass(slots=True)
class _Life:
    began: float
    pause: float = FIRST_PAUSE_SECONDS
    ended: float | None = None


@dataclass(slots=True)
class Keeper(threading.Thread):
    """Starts again what ended; `endings` counts exit codes by process, a signal as a negative number."""

    programs: dict[str, Program]
    endings: Counter[tuple[str, int]] = field(default_factory=Counter)
    _lives: dict[str, _Life] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stop_asked: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        threading.Thread.__init__(self, name="keeper", daemon=True)

    def __hash__(self) -> int:
        return id(self)

    def run(self) -> None:
        """Look at all, twenty times a second."""
        while not self._stop_asked.wait(_PACE_SECONDS):
            for name in list(self.programs):
                with self._lock:
                    program = self.programs.get(name)
                    if program is not None and not program.is_running():
                        self._tend(name, program)

    def release(self, name: str) -> Program:
        """Keep a process no longer; it is the caller's to stop."""
        with self._lock:
            return self.programs.pop(name)

    def finish(self) -> None:
        """Start nothing any more."""
        self._stop_asked.set()
        self.join(10)

    def _tend(self, name: str, program: Program) -> None:
        now = time.monotonic()
        life = self._lives.setdefault(name, _Life(began=float("-inf")))
        if life.ended is None:
            if program.exit_code is None and program.identity is not None:
                return  # its last threads are still on their way out: how it ended is known a moment later
            life.ended = now
            life.pause = FIRST_PAUSE_SECONDS if now - life.began > LIVED_SECONDS else life.pause * 2
            if program.exit_code is not None:  # else it was never launched
                self.endings[name, program.exit_code] += 1
        if now - life.ended >= min(life.pause, LONGEST_PAUSE_SECONDS):
            program.launch()
            life.began, life.ended = time.monotonic(), None
