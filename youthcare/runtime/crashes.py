"""What a crash leaves behind: that it happened and where, never what was in hand.

1. The memory of a process holds messages with a BSN, so the kernel writes no core of it, and nobody but root reads it
   while it runs.
2. Of an exception that nobody caught, the type and the place are told, as in a log line (``logs.py``); the text only of
   an exception of our own, which is written for whoever reads it, and of one that names a file.
3. A warning of a library is told by its template: some put a value into their text.

Every command begins with this, so what only a crash needs is imported by the crash.
"""

from __future__ import annotations

import ctypes
import logging
import resource
import sys
import threading

_PR_SET_DUMPABLE = 4
_OWN = ("youthcare.", "services.", "schemas.")


def keep_memory_from_disk() -> None:
    """From here on the kernel writes no core of this process; children that are started are given no core either.

    The limit alone would not do: where cores go to a program, the kernel asks whether a process may be dumped.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def sentence_of(error: BaseException) -> str:
    """What a command that failed prints of an exception."""
    from youthcare.runtime.logs import place_of  # noqa: PLC0415

    said = f"{type(error).__name__} at {place_of(error)}"
    return f"{error} ({said})" if _speaks(error) else said


def _speaks(error: BaseException) -> bool:
    if isinstance(error, OSError):
        return error.filename is not None
    return type(error).__module__.startswith(_OWN)


def tell_by_place() -> None:
    """Have the log tell, by type and place, what nobody catches: in a thread, in a destructor, of a warning."""
    threading.excepthook = _of_thread
    sys.unraisablehook = _unraisable
    logging.captureWarnings(True)


def _of_thread(arguments: threading.ExceptHookArgs) -> None:
    if arguments.exc_type is not SystemExit:
        _tell("thread_ended", arguments.exc_value)


def _unraisable(arguments: sys.UnraisableHookArgs) -> None:
    _tell("exception_ignored", arguments.exc_value)


def _tell(event: str, error: BaseException | None) -> None:
    import structlog  # noqa: PLC0415

    from youthcare.runtime.logs import fault  # noqa: PLC0415

    structlog.get_logger().error(event, **({} if error is None else fault(error)))
