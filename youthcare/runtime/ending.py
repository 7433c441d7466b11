"""Ending the process: at once, from any thread, with a code that says why, and nothing acknowledged.

``os._exit`` and not an exception: Faust acknowledges what an agent was given when the agent raises
(engine.md §3).
"""

from __future__ import annotations

import os
from enum import IntEnum
from typing import NoReturn

import structlog

from youthcare.runtime import logs, metrics
from youthcare.runtime.processing import WrongTopic


class ExitCode(IntEnum):
    """Exit codes of ``sysexits.h``; a supervisor restarts all of them, and a 78 needs a person."""

    BROKEN = 70
    UNAVAILABLE = 75
    WRONG_TOPIC = 78


_REASONS = {
    ExitCode.BROKEN: "broken",
    ExitCode.UNAVAILABLE: "unavailable",
    ExitCode.WRONG_TOPIC: "wrong_topic",
}


def end_process(
    service: str, code: ExitCode, error: BaseException | None = None, reason: str | None = None
) -> NoReturn:
    """Tell why, and end this process now."""
    said = reason or _REASONS[code]
    metrics.WORKER_ENDINGS.labels(service, said).inc()
    keys = logs.fault(error) if error is not None else {}
    if isinstance(error, WrongTopic):
        keys["instruction"] = str(error)  # names topics and commands only
    structlog.get_logger().error("process_ended", reason=said, exit_code=int(code), **keys)
    logs.flush_output()
    os._exit(code)
