"""A second process of a service that tells the first what it worked out: its work holds up no page.

1. It is forked before anything else runs, so it costs no second start, and it gives way to whoever shares its
   processor.
2. It never outlives the process that forked it: the kernel ends it, and elsewhere than on Linux the next thing that
   it tells does.
3. What it tells are values, sent as they are told; the first process hears them in its event loop.
4. It crashes as every process of ours does: of the exception the kind and the place are told.
"""

from __future__ import annotations

import asyncio
import ctypes
import multiprocessing
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from multiprocessing.connection import Connection
from typing import Any

import structlog

from youthcare.runtime.logs import fault

Tell = Callable[[object], None]
_NICENESS = 10
_PR_SET_PDEATHSIG = 1


def forked(work: Callable[[Tell], None]) -> Connection:
    """Start `work` in a process beside this one; where to hear what it tells. Before threads and event loops."""
    hearing, telling = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(
        target=_work, args=(work, telling, hearing, os.getpid()), daemon=True
    )
    process.start()
    telling.close()
    return hearing


def _work(work: Callable[[Tell], None], telling: Connection, hearing: Connection, parent: int) -> None:
    hearing.close()
    # Whoever interrupts the service from a terminal interrupts the first process, which ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(_NICENESS)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
    if os.getppid() != parent:  # it died before the line above
        return
    try:
        work(telling.send)
    except Exception as error:
        for each in error.exceptions if isinstance(error, ExceptionGroup) else [error]:
            structlog.get_logger().critical("companion_crashed", **fault(each))
        sys.exit(1)


async def heard(hearing: Connection) -> AsyncIterator[Any]:
    """What the companion tells, until it ends."""
    loop, readable = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(hearing.fileno(), readable.set)
    try:
        while True:
            await readable.wait()
            readable.clear()
            while hearing.poll():
                yield hearing.recv()
    except EOFError:
        return
    finally:
        loop.remove_reader(hearing.fileno())
