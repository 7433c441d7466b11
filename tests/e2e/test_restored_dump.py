"""An older PostgreSQL under a newer Kafka: everything comes back."""

import asyncio
import os
import subprocess
from pathlib import Path

from tests.e2e.town import Year, ask, missing, simulated_year, town
from youthcare.cli_demo.settling import WORKERS, lag_of
from youthcare.runtime.local.postgres_install import find_install
from youthcare.runtime.local.services import SERVICES
from youthcare.runtime.local.stack import Stack

__all__ = ["simulated_year"]


def test_an_older_dump_under_a_newer_log_loses_nothing(year: Year, tmp_path: Path) -> None:
    """Workers read the difference again by themselves, as positions were restored with the tables.

    The register is filled from the log before the doors open. Senders repeat what they sent since: it is taken in
    again and changes nothing, also of youths whom the dump did not know.
    """
    first, second = year
    with town(tmp_path) as here:
        here.feed(first)
        here.settle()
        dump(here.stack, tmp_path / "older.dump")
        here.feed(second)
        here.settle()
        known = here.ask(FACTS)
        here.services.stop()

        restore(here.stack, tmp_path / "older.dump")
        behind = [lag_of(here.stack, processor, topic) for processor, topic in WORKERS]
        here.command("indication", "recover")
        here.services.start()
        here.settle()

        assert min(behind) > 0, "the dump is older than the log"
        assert here.compared().differences == []
        assert here.ask(FACTS) == known

        here.feed(second)
        here.settle()

        assert here.compared().differences == []
        assert here.ask(FACTS) == known
        assert missing(here, "indication-events") == 0


FACTS = "select municipality, youth, facts from trajectory.youth where facts is not null order by 1, 2"


def dump(stack: Stack, file: Path) -> None:
    """Back up the whole database as it is now."""
    _postgres("pg_dump", "--format=custom", f"--file={file}", stack.dsn("admin"))


def restore(stack: Stack, file: Path) -> None:
    """Put the backup in the place of what is there."""
    for schema in (*SERVICES, "dashboard", "oversight", "access_log"):
        asyncio.run(ask(stack.dsn("admin"), f"drop schema if exists {schema} cascade"))
    _postgres("pg_restore", f"--dbname={stack.dsn('admin')}", "--exit-on-error", str(file))


def _postgres(program: str, *arguments: str) -> None:
    folder = find_install(os.environ).folder
    done = subprocess.run([folder / program, *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
