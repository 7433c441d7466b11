"""One Apache Kafka node in KRaft mode, broker and controller in one Java process.

1. The settings shared with docker-compose.yml stand in deploy/local/kafka/server.properties; the addresses and
   the folder of this stack are added after them.
2. The data folder is formatted once; a marker says that formatting ended, a folder without it is made anew.
3. After a stop or a kill, `start` comes back on the same port with the same data.
4. In the secured form deploy/local/kafka/secured.properties is laid over them, and every start gives the users of
   the broker their passwords, over the listener that takes the broker's own certificate alone.
"""

import base64
import shutil
import socket
import uuid
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from youthcare.runtime.access_granting import set_passwords
from youthcare.runtime.brokers import client_config
from youthcare.runtime.local.certificates import BROKER_NAME
from youthcare.runtime.local.class_archive import choose_archive_option
from youthcare.runtime.local.jars import find_cache
from youthcare.runtime.local.process import LocalStackError
from youthcare.runtime.local.program import Launch, Program, run_tool
from youthcare.runtime.local.securing import Security
from youthcare.runtime.processing import Unavailable
from youthcare.runtime.settings import BrokerSettings, shipped

_FORMAT_SECONDS_MAX = 60.0
_READY_SECONDS_MAX = 90.0
# Two handshakes and a password's rounds of hashing come before the first answer of a secured one.
_ANSWER_SECONDS = 5.0


class KafkaBroker:
    """Apache Kafka on loopback; `description` and `lacks` are for the screen."""

    lacks: tuple[str, ...] = ()

    def __init__(
        self,
        *,
        java: str,
        jars: Path,
        home: Path,
        logs: Path,
        port: int,
        controller_port: int,
        tied: bool,
        environment: Mapping[str, str],
        security: Security | None = None,
    ) -> None:
        self.bootstrap_servers = f"127.0.0.1:{port}"
        self.more_settings = ""
        """Lines that go before all others from the next start on: further listeners, for tests of faults."""
        self.description = f"Apache Kafka {_read_version(jars)}, one KRaft node" + (", secured" if security else "")
        self._security = security
        self._home = home
        self._ports = (port, controller_port)
        self._jars = jars
        self._cache = find_cache(environment)
        self._base = Launch(
            name="broker",
            command=(java,),
            log=logs / "broker.log",
            folder=home,
            environment=environment,
            tied=tied,
            grace_seconds=30.0,
        )
        self.program = Program(self._base)

    @property
    def folder(self) -> Path:
        """Where its settings and data stand."""
        return self._home

    def launch(self) -> None:
        """Start without waiting; formats the data folder the first time."""
        self._home.mkdir(parents=True, exist_ok=True)
        if self._security is not None:
            # What topics hold lies here as well, in the open.
            self._home.chmod(0o700)
        self._write_settings()
        self._format_once()
        options = ("-Xmx512m", self._choose_archive_option())
        self.program.how = self._launch_java(*options, "kafka.Kafka", "server.properties")
        self.program.launch()

    def wait_until_ready(self) -> None:
        """Wait until a client sees a registered broker; a secured one is told the passwords of its users first."""
        operator = None
        if self._security is not None:
            operator = self._security.operator(self.bootstrap_servers)
            self.program.wait_until(self._knows_its_users, seconds=_READY_SECONDS_MAX)
        self.program.wait_until(lambda: answers(self.bootstrap_servers, operator), seconds=_READY_SECONDS_MAX)

    def start(self) -> None:
        """Start and wait, on the same address and data as before."""
        self.launch()
        self.wait_until_ready()

    def stop(self) -> None:
        """Stop cleanly; a client sees connections refused."""
        self.program.stop()

    def kill(self) -> None:
        """End it as a power cut would."""
        self.program.kill()

    def _knows_its_users(self) -> bool:
        assert self._security is not None, "only a secured broker has users"
        machine = self._security.machine()
        try:
            if answers(machine.bootstrap_servers, machine):
                set_passwords(machine, self._security.passwords)
                return True
        except Unavailable:
            pass  # it has only just come up; asked again
        return False

    def _launch_java(self, *arguments: str) -> Launch:
        logging = f"-Dlog4j2.configurationFile={self._home / 'log4j2.properties'}"
        shared = ("-XX:+ExitOnOutOfMemoryError", "-cp", f"{self._jars}/*", logging)
        return replace(self._base, command=(*self._base.command, *shared, *arguments))

    def _choose_archive_option(self) -> str:
        java = self._base.command[0]
        return choose_archive_option(java=java, jars=self._jars, cache=self._cache, home=self._home)

    def _write_settings(self) -> None:
        settings = shipped("local/kafka/server.properties").read_text(encoding="utf-8")
        if self._security is not None:
            settings += "\n" + shipped("local/kafka/secured.properties").read_text(encoding="utf-8")
        (self._home / "server.properties").write_text(
            settings + self._own_settings() + self.more_settings, encoding="utf-8"
        )
        shutil.copyfile(shipped("local/kafka/log4j2.properties"), self._home / "log4j2.properties")

    def _own_settings(self) -> str:
        port, controller_port = self._ports
        listeners = f"{self._client_listeners(port)},CONTROLLER://127.0.0.1:{controller_port}"
        return (
            "\n# This stack's own.\n"
            f"listeners={listeners}\n"
            f"advertised.listeners={listeners}\n"
            f"controller.quorum.bootstrap.servers=127.0.0.1:{controller_port}\n"
            f"log.dirs={self._home / 'data'}\n"
            f"{self._own_certificates()}"
        )

    def _client_listeners(self, port: int) -> str:
        if self._security is None:
            return f"PLAINTEXT://127.0.0.1:{port}"
        return f"CLIENTS://127.0.0.1:{port},INTERNAL://127.0.0.1:{self._security.internal_port}"

    def _own_certificates(self) -> str:
        if self._security is None:
            return ""
        certificates = self._security.certificates
        return (
            f"ssl.keystore.location={certificates.both(BROKER_NAME)}\n"
            f"ssl.truststore.location={certificates.authority}\n"
        )

    def _format_once(self) -> None:
        marker = self._home / "formatted"
        if marker.exists():
            return
        shutil.rmtree(self._home / "data", ignore_errors=True)
        arguments = ("format", "--standalone", f"--cluster-id={_make_cluster_id()}", "-c", "server.properties")
        # A short run: the quick compiler alone, which would cost a broker half its speed, saves a third here.
        options = ("-Xmx256m", "-XX:TieredStopAtLevel=1")
        run_tool(self._launch_java(*options, "kafka.tools.StorageTool", *arguments), seconds=_FORMAT_SECONDS_MAX)
        marker.touch()


def answers(bootstrap_servers: str, settings: BrokerSettings | None = None) -> bool:
    """Whether a broker of that address has registered itself and answers a client; a secured one, who is known."""
    if not _listens(bootstrap_servers):
        return False
    quiet: dict[str, Any] = {
        **(client_config(settings) if settings else {"bootstrap.servers": bootstrap_servers}),
        "log_level": 0,
        "error_cb": lambda _error: None,
    }
    try:
        return bool(AdminClient(quiet).list_topics(timeout=_ANSWER_SECONDS if settings else 1.0).brokers)
    except KafkaException:
        return False


def _listens(bootstrap_servers: str) -> bool:
    # Asked first because it is refused at once, where a Kafka client tries again until its time is up.
    host, _, port = bootstrap_servers.split(",", maxsplit=1)[0].rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=1.0).close()
    except OSError:
        return False
    return True


def _make_cluster_id() -> str:
    # Kafka's own form: sixteen random bytes in URL-safe base 64; a leading dash would read as an option.
    identity = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode("ascii").rstrip("=")
    return identity if not identity.startswith("-") else _make_cluster_id()


def _read_version(jars: Path) -> str:
    names = [path.stem.removeprefix("kafka-clients-") for path in jars.glob("kafka-clients-*.jar")]
    if not names:
        raise LocalStackError(f"no Kafka in {jars}")
    return names[0]
