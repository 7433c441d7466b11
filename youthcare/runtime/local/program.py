"""A program that the local stack runs as its child, again and again on the same address and data.

1. A *tied* child dies with its parent, however the parent dies: the kernel sends it the death signal
   (PR_SET_PDEATHSIG).  A detached one outlives it, for `trajectwacht local up`.
2. Every child has its own session: Ctrl-C reaches the parent alone, which stops its children in order.
3. What a child prints goes to its log file; errors name that file and never quote it.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from youthcare.runtime.local.process import (
    LocalStackError,
    ProcessIdentity,
    end_process,
    find_identity,
    is_running,
    wait_for_end,
)

_PR_SET_PDEATHSIG = 1
_PAUSE_SECONDS = 0.05
_NICENESS = 10
_LIBC = ctypes.CDLL(None, use_errno=True)
# The death signal comes when the *thread* that started the child ends. So one thread, which lives as long as
# this process, starts all children, whatever thread asks for them.
_STARTER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="local-stack-starter")


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """How a program is started and stopped.  `user` is a numeric user to run as; None is our own.

    `yields`: whether it lets others go first where processors are scarce.
    """

    name: str
    command: tuple[str, ...]
    log: Path
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    tied: bool = True
    yields: bool = False
    user: int | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL
    grace_seconds: float = 20.0


class Program:
    """One program of the stack; `launch` again after an end runs it again."""

    def __init__(self, launch: Launch) -> None:
        self.how = launch
        self._child: subprocess.Popen[bytes] | None = None
        self._identity: ProcessIdentity | None = None
        self._on_launch: Callable[[], None] | None = None

    @property
    def identity(self) -> ProcessIdentity | None:
        """Who runs now, or ran last; None when it was never launched."""
        return self._identity

    @property
    def exit_code(self) -> int | None:
        """How the last child ended, a signal as a negative number; None while it runs or was never launched."""
        return None if self._child is None else self._child.poll()

    def is_running(self) -> bool:
        """Whether the child lives."""
        return self._identity is not None and is_running(self._identity)

    def tell_launches(self, listener: Callable[[], None]) -> None:
        """Call the listener after every launch, so that whoever keeps the identity keeps the right one."""
        self._on_launch = listener

    def launch(self) -> None:
        """Start the child without waiting for anything; a second time while it runs is our mistake."""
        assert not self.is_running(), f"{self.how.name} runs already"
        self._reap()
        self._child = _STARTER.submit(_start, self.how).result()
        self._identity = find_identity(self._child.pid)
        if self._on_launch is not None:
            self._on_launch()

    def wait_until(self, ready: Callable[[], bool], *, seconds: float) -> None:
        """Wait until it is ready; LocalStackError when it ends first or takes longer."""
        deadline = time.monotonic() + seconds
        while not ready():
            if self._identity is None or wait_for_end(self._identity, _PAUSE_SECONDS):
                raise LocalStackError(f"{self.how.name} ended while starting; see {self.how.log}")
            if time.monotonic() > deadline:
                raise LocalStackError(f"{self.how.name} not ready in {seconds:g} s; see {self.how.log}")

    def stop(self, number: signal.Signals | None = None) -> None:
        """End the child by its stop signal, or another, and after the grace period by SIGKILL."""
        if self._identity is not None:
            end_process(self._identity, number=number or self.how.stop_signal, grace_seconds=self.how.grace_seconds)
        self._reap()

    def kill(self) -> None:
        """End the child without a word, as a power cut would."""
        self.stop(signal.SIGKILL)

    def _reap(self) -> None:
        if self._child is not None:
            self._child.wait()


def run_tool(launch: Launch, *, seconds: float) -> None:
    """Run a program to its end; LocalStackError when it fails or takes longer."""
    child = _STARTER.submit(_start, launch).result()
    try:
        code = child.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        raise LocalStackError(f"{launch.name} took longer than {seconds:g} s; see {launch.log}") from None
    finally:
        child.kill()
        child.wait()
    if code != 0:
        raise LocalStackError(f"{launch.name} failed with code {code}; see {launch.log}")


def _start(launch: Launch) -> subprocess.Popen[bytes]:
    launch.log.parent.mkdir(parents=True, exist_ok=True)
    with launch.log.open("ab") as log:
        return subprocess.Popen(
            launch.command,
            cwd=launch.folder,
            env=dict(launch.environment),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=launch.user,
            group=launch.user,
            extra_groups=None if launch.user is None else [],
            # Runs after the change of user, which would clear the death signal, and before exec, which keeps it.
            preexec_fn=_before(launch),  # noqa: PLW1509
        )


def _before(launch: Launch) -> Callable[[], None]:
    tie = _tie(launch.death_signal) if launch.tied else None

    def prepare() -> None:
        if launch.yields:
            _give_way()
        if tie is not None:
            tie()

    return prepare


def _give_way() -> None:
    """Let others go first; for a desktop's kernel, which shares processors out by session, the session too."""
    os.nice(_NICENESS)
    with contextlib.suppress(OSError), open("/proc/self/autogroup", "w", encoding="ascii") as group:
        group.write(str(_NICENESS))


def _tie(death_signal: signal.Signals) -> Callable[[], None]:
    parent = os.getpid()

    def set_death_signal() -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != parent:  # the parent died before the line above
            os._exit(1)

    return set_death_signal
