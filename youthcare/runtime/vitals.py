"""How a worker is doing: what its health page tells, and when the watchdog must end it.

1. The stream, the lag meter and the health page run in the event loop; the watchdog runs in a thread of its own,
   because a loop that hangs cannot watch itself.
2. A partition is stalled when records wait in it and neither its position nor any other has moved for the set time,
   or its own has not for ten times as long. Faust's consumer is known to die silently (engine.md §3): a restart heals
   it, since the tables are the authority. With a long backlog a partition may well wait for its turn.
3. Stopping has a time limit too: a worker that does not stop is ended.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

LAG_EVERY_SECONDS = 2.0
TURNS = 10
"""So many times as long a partition may wait while the worker is busy with others."""


@dataclass(slots=True)
class StallDetector:
    """Remembers since when each partition waits without moving."""

    stalled_seconds: float
    _since: dict[int, tuple[int, float]] = field(default_factory=dict)
    _moved_at: float = float("-inf")

    def observe(self, now: float, reached: Mapping[int, int], lag: Mapping[int, int]) -> list[int]:
        """The partitions in ``lag`` that have waited too long at the same position."""
        if any(reached.get(partition, 0) != at for partition, (at, _since) in self._since.items()):
            self._moved_at = now
        self._since = {
            partition: self._waiting(now, partition, reached.get(partition, 0))
            for partition, records in lag.items()
            if records > 0
        }
        return [each for each, (_at, since) in self._since.items() if self._is_stalled(now, since)]

    def _is_stalled(self, now: float, since: float) -> bool:
        alone = now - since >= TURNS * self.stalled_seconds
        return alone or now - max(since, self._moved_at) >= self.stalled_seconds

    def forget(self, partition: int) -> None:
        """Start counting anew: the broker has nothing to read there."""
        self._since.pop(partition, None)

    def _waiting(self, now: float, partition: int, next_offset: int) -> tuple[int, float]:
        known = self._since.get(partition)
        return known if known is not None and known[0] == next_offset else (next_offset, now)


@dataclass(slots=True)
class Vitals:
    """What is known of the worker at this moment; written by the loop, read by the loop and by the watchdog."""

    joined: bool = False
    assigned: frozenset[int] = frozenset()
    failing: bool = False
    broker_answers: bool = False
    pool_answers: bool = False
    stop_requested_at: float | None = None
    heart_beat_at: float = field(default_factory=time.monotonic)

    def problems(self) -> list[str]:
        """Why the worker is not ready; empty when it is."""
        found = {
            "has not joined its group": not self.joined,
            "its last batch failed": self.failing,
            "Kafka does not answer": not self.broker_answers,
            "PostgreSQL does not answer": not self.pool_answers,
            "is stopping": self.stop_requested_at is not None,
        }
        return [problem for problem, holds in found.items() if holds]

    async def current_problems(self) -> list[str]:
        """The same, as the health page asks it."""
        return self.problems()


class Watchdog(threading.Thread):
    """Ends the process when its loop hangs or when it does not stop in time."""

    def __init__(self, vitals: Vitals, hang_seconds: float, stop_seconds: float, end: Callable[[str], None]) -> None:
        super().__init__(name="watchdog", daemon=True)
        self._vitals = vitals
        self._hang_seconds = hang_seconds
        self._stop_seconds = stop_seconds
        self._end = end
        self._done = threading.Event()

    def run(self) -> None:
        """Look twice a second until :meth:`dismiss`."""
        while not self._done.wait(0.5):
            reason = self.reason_to_end(time.monotonic())
            if reason is not None:
                self._end(reason)

    def reason_to_end(self, now: float) -> str | None:
        """Why the process must end at this moment, if it must."""
        stop_at = self._vitals.stop_requested_at
        if stop_at is not None and now - stop_at > self._stop_seconds:
            return "stop_timeout"
        if now - self._vitals.heart_beat_at > self._hang_seconds:
            return "stalled"
        return None

    def dismiss(self) -> None:
        """The worker has stopped in time."""
        self._done.set()
