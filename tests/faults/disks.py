"""Disks that fill up: a small tmpfs under a folder, and a limit on how far a process's log file may grow.

One rule: what is called full is full for who writes there, by the kernel's own answer (`ENOSPC`, or `EFBIG` at the
limit `RLIMIT_FSIZE`), and whoever has no right to mount gets None and says so.
"""

import contextlib
import os
import resource
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_PACE_SECONDS = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """A small file system of its own."""

    folder: Path

    def full_for(self, seconds: float) -> None:
        """Take every free byte, again and again, for so long; then give them back."""
        filler = self.folder / "filler"
        until = time.monotonic() + seconds
        try:
            with filler.open("ab") as out:
                while time.monotonic() < until:
                    _take_all(out.fileno())
                    time.sleep(_PACE_SECONDS)  # the pace of taking; the deadline decides
        finally:
            filler.unlink()


def _take_all(file: int) -> None:
    with contextlib.suppress(OSError):
        place = os.fstatvfs(file)
        os.posix_fallocate(file, os.fstat(file).st_size, max(1, place.f_bavail * place.f_frsize))
    # What is left is less than was asked for at once.
    with contextlib.suppress(OSError):
        os.lseek(file, 0, os.SEEK_END)
        for _ in range(1000):
            os.write(file, b"\0" * 4096)


@contextlib.contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Disk | None]:
    """A tmpfs over a folder, gone at the end; None where this user may not mount."""
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0755", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        yield None
        return
    try:
        yield Disk(folder=folder)
    finally:
        subprocess.run(["umount", str(folder)], capture_output=True, check=True)


@contextlib.contextmanager
def log_that_cannot_grow(pid: int, log: Path) -> Iterator[None]:
    """A process that may write no file further than its log goes now; a process that has ended needs no freeing."""
    with contextlib.suppress(ProcessLookupError):
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (log.stat().st_size, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
