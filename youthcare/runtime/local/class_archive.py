"""The Java class archive that halves a broker's start: made once by Java itself, kept beside the cached jars.

Java writes it when the first broker stops cleanly, into that broker's own folder; the next start moves it to the
per-user cache.  An archive that is torn or of another Java is refused by Java, which then starts without it.
Measured on two cores: ready after 1.5 s with it, 3.4 s without (docs/decisions/0007).
"""

import hashlib
import os
import shutil
from pathlib import Path

_OWN_NAME = "classes.jsa"


def choose_archive_option(*, java: str, jars: Path, cache: Path, home: Path) -> str:
    """The Java option that uses the archive of these jars, or that makes one; adopts one made before."""
    kept = cache / f"classes-{_identify(java, jars)}.jsa"
    made = home / _OWN_NAME
    if made.exists() and not kept.exists():
        _adopt(made, kept)
    if kept.exists():
        return f"-XX:SharedArchiveFile={kept}"
    return f"-XX:ArchiveClassesAtExit={made}"


def _identify(java: str, jars: Path) -> str:
    # Java compares the path and the time of every jar, so an archive serves this place and this Java alone.
    program = Path(java).resolve()
    return hashlib.sha256(f"{program} {program.stat().st_mtime_ns} {jars}".encode()).hexdigest()[:12]


def _adopt(made: Path, kept: Path) -> None:
    kept.parent.mkdir(parents=True, exist_ok=True)
    partial = kept.with_suffix(f".{os.getpid()}.partial")
    shutil.move(made, partial)
    os.replace(partial, kept)
