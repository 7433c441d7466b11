"""What a stack folder remembers, in `stack.json`: addresses, passwords, where the data are, and what was started.

1. Ports and passwords stay the same over stops, so that clients and notes keep working.
2. A part is remembered with the birth of its process: after a crash or a reboot nothing else is signalled.
3. The file holds passwords: only its owner may read it; it is replaced whole, never written in place.
"""

import json
import secrets
import signal
import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from youthcare.runtime.local.certificates import Certificates
from youthcare.runtime.local.database import ROLES
from youthcare.runtime.local.postgres_install import choose_user, is_reachable_by_others
from youthcare.runtime.local.private_files import write_private
from youthcare.runtime.local.process import (
    LocalStackError,
    ProcessIdentity,
    choose_free_port,
    end_process,
    is_port_free,
    is_running,
)
from youthcare.runtime.local.program import Program
from youthcare.runtime.local.securing import BROKER_USERS, Security, security_of, stored_name

BROKER, DATABASE, MONITORING = "broker", "database", "monitoring"
PORT_NAMES = ("broker", "controller", "internal", "database", "monitoring")
_FILE = "stack.json"
_STOP_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PartRecord:
    """One part as it was started; a part that others run has no process."""

    name: str
    description: str
    address: str
    process: ProcessIdentity | None
    stop_signal: int

    def is_running(self) -> bool:
        """Whether that very process lives."""
        return self.process is not None and is_running(self.process)


@dataclass(frozen=True, slots=True, kw_only=True)
class StackRecord:
    """All that a folder remembers."""

    ports: dict[str, int]
    passwords: dict[str, str]
    database_home: str
    parts: tuple[PartRecord, ...] = ()
    complete: bool = False
    secured: bool = False


def find_record(folder: Path) -> StackRecord | None:
    """What the folder remembers; None when nothing was ever started there."""
    try:
        content = json.loads((folder / _FILE).read_text(encoding="utf-8"))
        parts = tuple(_decode_part(part) for part in content.pop("parts"))
        return StackRecord(**content, parts=parts)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        raise LocalStackError(f"{folder / _FILE} is of another version or damaged; remove the folder") from None


def write_record(folder: Path, record: StackRecord) -> None:
    """Replace what the folder remembers."""
    write_private(folder / _FILE, json.dumps(asdict(record), indent=1))


def record_part(name: str, description: str, address: str, program: Program | None) -> PartRecord | None:
    """What is remembered of a part: without a program it is one that others run; None when not launched yet."""
    if program is not None and program.identity is None:
        return None
    return PartRecord(
        name=name,
        description=description,
        address=address,
        process=program.identity if program else None,
        stop_signal=int(program.how.stop_signal) if program else 0,
    )


def renew_record(folder: Path, *, secured: bool) -> StackRecord:
    """What a start works from: the remembered addresses and passwords where they still serve, else new ones.

    LocalStackError when a stack that was secured would be opened: what is in it came in behind locks.
    """
    known = find_record(folder) or StackRecord(ports={}, passwords={}, database_home="")
    if known.secured and not secured:
        raise LocalStackError(f"the stack of {folder} is a secured one: start it with --secured, or erase it first")
    names = (*ROLES, *map(stored_name, BROKER_USERS))
    passwords = {name: known.passwords.get(name) or secrets.token_urlsafe(24) for name in names}
    return replace(
        known,
        ports=_renew_ports(known.ports),
        passwords=passwords,
        database_home=_renew_home(folder, known),
        secured=secured,
    )


def find_security(folder: Path, record: StackRecord) -> Security | None:
    """How the parts of a folder's stack are reached when it is a secured one; None when it is plain."""
    if not record.secured:
        return None
    certificates = Certificates(folder=folder.resolve() / "certificates")
    return security_of(certificates, record.passwords, record.ports["internal"])


def end_parts(record: StackRecord) -> tuple[str, ...]:
    """Stop what still runs, last started first; the names of what was stopped."""
    running = [part for part in reversed(record.parts) if part.is_running()]
    for part in running:
        assert part.process is not None
        end_process(part.process, number=signal.Signals(part.stop_signal), grace_seconds=_STOP_SECONDS)
    return tuple(part.name for part in running)


def _renew_ports(known: dict[str, int]) -> dict[str, int]:
    ports = {name: port for name, port in known.items() if is_port_free(port)}
    for name in PORT_NAMES:
        while name not in ports:
            port = choose_free_port()
            if port not in ports.values():
                ports[name] = port
    return ports


def _renew_home(folder: Path, known: StackRecord) -> str:
    if known.database_home and Path(known.database_home).exists():
        return known.database_home
    own = folder / "database"
    if choose_user() is None or is_reachable_by_others(own):
        return str(own)
    # Root's own folders are closed to `nobody`, who runs the server.  Opening them is not for us to decide.
    return tempfile.mkdtemp(prefix="trajectwacht-database-")


def _decode_part(content: dict[str, object]) -> PartRecord:
    process = content.pop("process")
    identity = ProcessIdentity(**process) if isinstance(process, dict) else None
    return PartRecord(**content, process=identity)  # type: ignore[arg-type]
