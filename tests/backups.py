"""The backup and the restore of the manual, as its scripts do them, against a stack of the tests."""

import os
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

from tests.conftest import REPOSITORY
from youthcare.runtime.local.database import READERS
from youthcare.runtime.local.postgres_install import find_install
from youthcare.runtime.local.services import SERVICES
from youthcare.runtime.local.stack import Stack

Files = tuple[Path, Path]
"""Everything else, and who the youths are."""


def back_up(stack: Stack, folder: Path) -> Files:
    """Back up the database as it is now."""
    files = folder / "everything-else.dump", folder / "identities.dump"
    _run(stack, "back-up", *map(str, files))
    return files


def restore(stack: Stack, files: Files, *options: str) -> None:
    """Put the backup in the place of what is there; `options` as the script knows them."""
    _run(stack, "restore", *options, *map(str, files))


def refused_restore(stack: Stack, files: Files) -> str:
    """What the script says when it does not restore."""
    done = _started(stack, "restore", *map(str, files))
    assert done.returncode == 65, done.stderr
    return done.stderr


def read_dump(file: Path) -> str:
    """All that stands in a backup, as SQL."""
    program = find_install(os.environ).folder / "pg_restore"
    done = subprocess.run([program, "--file=-", file], capture_output=True, text=True, timeout=60, check=True)
    return done.stdout


def _run(stack: Stack, script: str, *arguments: str) -> None:
    done = _started(stack, script, *arguments)
    assert done.returncode == 0, done.stderr


def _started(stack: Stack, script: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    admin = urlsplit(stack.dsn("admin"))
    environment = {
        "PATH": f"{find_install(os.environ).folder}:{os.environ['PATH']}",
        "PGHOST": str(admin.hostname),
        "PGPORT": str(admin.port),
        "PGUSER": str(admin.username),
        "PGPASSWORD": str(admin.password),
        **{f"{role.upper()}_PASSWORD": str(urlsplit(stack.dsn(role)).password) for role in (*SERVICES, *READERS)},
    }
    command = [str(REPOSITORY / "deploy/postgres" / script), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
