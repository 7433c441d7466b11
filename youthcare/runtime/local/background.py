"""A stack seen from outside, by its folder: how it is, stopping it, and removing what it left.

This is what `trajectwacht local status` and `down` need: nothing here has the parts as objects, only their
addresses and the identities of their processes.
"""

import contextlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from youthcare.runtime.local.database import accepts_sessions
from youthcare.runtime.local.jars import lock_file
from youthcare.runtime.local.kafka import answers
from youthcare.runtime.local.monitoring import is_ready
from youthcare.runtime.local.record import (
    BROKER,
    DATABASE,
    MONITORING,
    PartRecord,
    StackRecord,
    end_parts,
    find_record,
    find_security,
    write_record,
)
from youthcare.runtime.local.services import SERVICES
from youthcare.runtime.local.stack import settings_file

_OWN_FOLDERS = ("database", "kafka", "tansu", "monitoring", "logs", "certificates")
_OWN_FILES = ("lock", "stack.json", *(settings_file(each) for each in ("", *SERVICES)))


@dataclass(frozen=True, slots=True, kw_only=True)
class PartStatus:
    """What `status` tells of one part: its process lives, and it does its work."""

    name: str
    description: str
    address: str
    running: bool
    ready: bool


def list_status(folder: Path) -> tuple[PartStatus, ...]:
    """How each part of the folder's stack is now; empty when nothing was started or all was stopped."""
    record = find_record(folder)
    if record is None or not record.parts:
        return ()
    probes = _probes(folder, record)
    return tuple(_look_at(part, probes[part.name]) for part in record.parts)


def stop_stack(folder: Path) -> tuple[str, ...]:
    """Stop what runs of the folder's stack; the names of the parts that were stopped."""
    if find_record(folder) is None:
        return ()
    with lock_file(folder / "lock"):
        # Read under the lock: a start may just have ended.
        record = find_record(folder)
        assert record is not None
        stopped = end_parts(record)
        write_record(folder, replace(record, parts=(), complete=False))
    return stopped


def erase_stack(folder: Path) -> tuple[str, ...]:
    """Stop the stack and remove its data, passwords and logs; the names of the parts that were stopped."""
    stopped = stop_stack(folder)
    record = find_record(folder)
    if record is None:
        return stopped
    shutil.rmtree(record.database_home, ignore_errors=True)
    # Only what a stack makes: a folder given by mistake keeps all else it holds.
    for name in _OWN_FOLDERS:
        shutil.rmtree(folder / name, ignore_errors=True)
    for name in _OWN_FILES:
        (folder / name).unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        folder.rmdir()
    return stopped


def _probes(folder: Path, record: StackRecord) -> dict[str, Callable[[str], bool]]:
    security = find_security(folder, record)
    if security is None:
        return {BROKER: answers, DATABASE: accepts_sessions, MONITORING: is_ready}
    trust = security.trust
    return {
        BROKER: lambda address: answers(address, security.operator(address)),
        DATABASE: lambda address: accepts_sessions(address, trust),
        MONITORING: lambda address: is_ready(address, trust),
    }


def _look_at(part: PartRecord, probe: Callable[[str], bool]) -> PartStatus:
    ready = probe(part.address)
    running = part.is_running() if part.process else ready
    return PartStatus(
        name=part.name,
        description=part.description,
        address=part.address,
        running=running,
        ready=running and ready,
    )
