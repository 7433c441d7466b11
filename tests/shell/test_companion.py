"""The process beside a service: what it tells is heard, and it is never left behind."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from youthcare.runtime.companion import Tell, forked, heard

_SERVICE = """
import os, sys, time
from youthcare.runtime.companion import forked

def work(tell):
    print(os.getpid(), flush=True)
    time.sleep(600)

forked(work)
time.sleep(600)
"""


def test_what_the_companion_tells_is_heard_until_it_ends() -> None:
    """Values arrive whole and in order, also large ones; its end is the end of what is heard."""
    large = dict.fromkeys(range(100000), "value")

    def work(tell: Tell) -> None:
        for told in ("first", large, os.getpid()):
            tell(told)

    async def listen() -> list[object]:
        return [told async for told in heard(hearing)]

    hearing = forked(work)
    found = asyncio.run(asyncio.wait_for(listen(), 30))

    assert found[:2] == ["first", large]
    assert found[2] not in (None, os.getpid())


def test_the_companion_ends_with_the_service_however_that_ends() -> None:
    """A service that is killed leaves no process that goes on asking the database."""
    with subprocess.Popen([sys.executable, "-c", _SERVICE], stdout=subprocess.PIPE, text=True) as service:
        assert service.stdout is not None
        companion = Path("/proc") / service.stdout.readline().strip()
        ran = companion.exists()

        service.send_signal(signal.SIGKILL)
        service.wait()

    deadline = time.monotonic() + 30
    while _runs(companion) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert ran
    assert not _runs(companion)


def _runs(process: Path) -> bool:
    """Whether a process works: one that ended and that nobody asked after is still listed."""
    try:
        return "\nState:\tZ" not in (process / "status").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return False
