"""The ground of a benchmark: a local stack of its own on loopback, with topics, keys and settings.

Three rules. The database writes through to the disk, as in production. Nothing outlives the run. A benchmark runs
the product's own commands as processes; it changes nothing in them.
"""

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import yaml

from youthcare.runtime.local.background import erase_stack
from youthcare.runtime.local.process import choose_free_port
from youthcare.runtime.local.program import Launch, Program
from youthcare.runtime.local.running import READY_SECONDS, is_ready
from youthcare.runtime.local.stack import Stack, start_stack
from youthcare.runtime.local_issuer import LocalIssuer, local_issuer
from youthcare.runtime.sealing import make_keys
from youthcare.runtime.settings import Settings
from youthcare.runtime.topic_creation import create_topics

MUNICIPALITY = "0153"
REPOSITORY = Path(__file__).resolve().parent.parent
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """A running stack, what a service needs to find it, and how long its start took."""

    stack: Stack
    start_seconds: float
    issuer: LocalIssuer
    environment: dict[str, str]

    def settings(self) -> Settings:
        """The settings as a process reads them; the ports are nobody's."""
        return Settings.from_env(
            {**self.stack.environment(), **self.environment, "HTTP_PORT": "0", "METRICS_PORT": "0"}
        )

    @contextmanager
    def running(self, name: str, *command: str, **environment: str) -> Iterator["Running"]:
        """One process beside the stack, ready; stopped at the end."""
        port = choose_free_port()
        ports = {"HTTP_PORT": str(port), "METRICS_PORT": str(port)}
        launch = Launch(
            name=name,
            command=command,
            log=self.stack.folder / "logs" / f"{name}.log",
            folder=REPOSITORY,
            environment={**os.environ, **self.stack.environment(), **self.environment, **ports, **environment},
        )
        running = Running(program=Program(launch), port=port)
        running.program.launch()
        try:
            running.program.wait_until(lambda: is_ready(port), seconds=READY_SECONDS)
            yield running
        finally:
            running.program.stop()


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A process that is measured."""

    program: Program
    port: int

    def cpu_seconds(self) -> float:
        """The processor time it has used so far, all its threads together."""
        identity = self.program.identity
        if identity is None:
            return 0.0
        fields = Path(f"/proc/{identity.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS


def product_command(*arguments: str) -> tuple[str, ...]:
    """The installed command of the product with these arguments."""
    return (str(Path(sys.executable).with_name("trajectwacht")), *arguments)


@contextmanager
def open_ground() -> Iterator[Ground]:
    """Start a stack in a folder of its own and remove both at the end."""
    folder = Path(tempfile.mkdtemp(prefix="trajectwacht-benchmark-"))
    # Root's database server runs as another user, who must be able to pass.
    folder.chmod(0o711)
    try:
        began = time.monotonic()
        with start_stack(folder / "stack", with_monitoring=False) as stack:
            yield _ground(stack, folder, time.monotonic() - began)
    finally:
        erase_stack(folder / "stack")
        shutil.rmtree(folder, ignore_errors=True)


def _ground(stack: Stack, folder: Path, start_seconds: float) -> Ground:
    issuer = local_issuer(folder / "keys")
    for name in ("identity-keys.json", "access-log-keys.json"):
        make_keys(folder / "keys" / name, MUNICIPALITY)
    schemas = os.environ.get("IJW_SCHEMA_FOLDER")
    environment = {
        **issuer.environment(),
        "IDENTITY_KEYS_FILE": str(folder / "keys" / "identity-keys.json"),
        "ACCESS_LOG_KEYS_FILE": str(folder / "keys" / "access-log-keys.json"),
        # What is measured is the door and not its limit: one sender sends all.
        "HTTP_REQUESTS_PER_MINUTE": "1000000",
        "LOG_SALT": os.urandom(16).hex(),
        "RULES_FILE": str(_rules(folder)),
        **({"IJW_SCHEMA_FOLDER": schemas} if schemas else {}),
    }
    ground = Ground(stack=stack, start_seconds=start_seconds, issuer=issuer, environment=environment)
    create_topics(ground.settings().broker())
    return ground


def _rules(folder: Path) -> Path:
    """The shipped norms, with signals on from the first day."""
    content = yaml.safe_load((REPOSITORY / "deploy" / "rules.yml").read_text(encoding="utf-8"))
    content["municipalities"][MUNICIPALITY] = {"signals": True, "alert_start_day": date(2015, 1, 1)}
    path = folder / "rules.yml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path
