"""What a running process is and how it is ended.

1. A process is known by its number *and* the moment it was born, so a number that the system gave to another
   program is never signalled.
2. Waiting is waiting on the kernel's handle of that process (pidfd), never sleeping and looking again.
3. An end is asked for first and taken after a grace period.
Linux only: it reads /proc and uses pidfd, which need no library.
"""

import contextlib
import os
import random
import select
import signal
import socket
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# Below the range from which Linux takes the local port of an outgoing connection (32768 and up): a port of a
# stopped broker cannot be taken by a client that is trying to reach it.
PORT_RANGE = range(20000, 32000)
_ENDED_STATES = {"Z", "X"}
_SECONDS_AFTER_KILL = 10.0
# Longer than any process takes from being given a port to listening on it.
_RESERVED_SECONDS = 300.0


class LocalStackError(Exception):
    """The local stack cannot do what was asked; the message says what to do about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessIdentity:
    """One process of this boot: `born` is the boot's identity and the clock tick of the start."""

    pid: int
    born: str


def find_identity(pid: int) -> ProcessIdentity | None:
    """The identity of the process that has this number now; None when there is none, or only its remains."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The second field is the program's name in brackets and may hold anything; the rest counts from its end.
    fields = status.rpartition(")")[2].split()
    if fields[0] in _ENDED_STATES:
        return None
    boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return ProcessIdentity(pid=pid, born=f"{boot}/{fields[19]}")


def is_running(identity: ProcessIdentity) -> bool:
    """Whether that very process still runs."""
    return find_identity(identity.pid) == identity


def send_signal(identity: ProcessIdentity, number: signal.Signals) -> bool:
    """Signal that very process; False when it is gone."""
    with _open_handle(identity) as handle:
        if handle is None:
            return False
        signal.pidfd_send_signal(handle, number)
        return True


def wait_for_end(identity: ProcessIdentity, seconds: float) -> bool:
    """Whether the process ends within so many seconds."""
    with _open_handle(identity) as handle:
        return handle is None or _ends_within(handle, seconds)


def end_process(identity: ProcessIdentity, *, number: signal.Signals, grace_seconds: float) -> None:
    """Ask the process to end, take its life after the grace period; nothing happens when it is gone."""
    with _open_handle(identity) as handle:
        if handle is None:
            return
        for request, seconds in ((number, grace_seconds), (signal.SIGKILL, _SECONDS_AFTER_KILL)):
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, request)
            if _ends_within(handle, seconds):
                return
    raise LocalStackError(f"process {identity.pid} does not end, not even by SIGKILL")


def choose_free_port() -> int:
    """A TCP port of 127.0.0.1 on which nobody listens now, and which nobody else was given in the last minutes."""
    for port in random.sample(PORT_RANGE, len(PORT_RANGE)):
        if is_port_free(port) and _reserve(port):
            return port
    raise LocalStackError(f"no free port between {PORT_RANGE.start} and {PORT_RANGE.stop}")


def _reserve(port: int) -> bool:
    """Whether this port is ours for now: between its choice and its use another stack may be looking for one."""
    folder = Path(tempfile.gettempdir()) / f"trajectwacht-ports-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    place = folder / str(port)
    with contextlib.suppress(FileNotFoundError):
        if time.time() - place.stat().st_mtime > _RESERVED_SECONDS:
            place.unlink()
    try:
        place.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def is_port_free(port: int) -> bool:
    """Whether a server could listen on this port of 127.0.0.1 now."""
    with socket.socket() as candidate:
        # As Java and PostgreSQL do: connections that are still closing do not keep a port taken.
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


@contextlib.contextmanager
def _open_handle(identity: ProcessIdentity) -> Iterator[int | None]:
    try:
        handle = os.pidfd_open(identity.pid)
    except ProcessLookupError:
        yield None
        return
    try:
        # Asked after opening: the handle cannot pass to another process, the number can.
        yield handle if is_running(identity) else None
    finally:
        os.close(handle)


def _ends_within(handle: int, seconds: float) -> bool:
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    return bool(poll.poll(max(0, round(seconds * 1000))))
