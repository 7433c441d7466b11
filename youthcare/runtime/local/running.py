"""The eight processes of the four services, beside a local stack: started, waited for, stopped.

Each is a tied child on a free port of loopback, with the settings of the stack and of a local issuer of tokens. A
process is given the database address of its own service alone, and on a secured stack its own user of the broker.
"""

import http.client
import json
import os
import ssl
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from youthcare.runtime.local.process import choose_free_port
from youthcare.runtime.local.program import Launch, Program
from youthcare.runtime.local.services import SERVICE_PROCESSES, Part, ServiceProcess
from youthcare.runtime.local.stack import Stack

READY_SECONDS = 90.0


@dataclass(slots=True)
class RunningServices:
    """The processes by name, and the port of each; `own` are settings of one service, which go before all others."""

    stack: Stack
    settings: Mapping[str, str]
    own: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)
    programs: dict[str, Program] = field(default_factory=dict)
    give_way: bool = True
    """Whether those give way of which it is no matter when they are done; not where all wait for all of them."""
    ready_seconds: float = READY_SECONDS
    """How long each may take to be ready; a machine with too much to do needs more."""

    def start(self) -> None:
        """Start all eight and return when each says that it is ready; stops all when one fails."""
        for process in SERVICE_PROCESSES:
            self.ports[process.name] = choose_free_port()
            self.programs[process.name] = Program(self._launch(process))
        trust = self.trust
        try:
            for program in self.programs.values():
                program.launch()
            for name, program in self.programs.items():
                port = self.ports[name]
                program.wait_until(lambda port=port: is_ready(port, trust), seconds=self.ready_seconds)  # type: ignore[misc]
        except BaseException:
            self.stop()
            raise
        self.stack.write_targets({name: f"127.0.0.1:{port}" for name, port in self.ports.items()})

    @property
    def trust(self) -> ssl.SSLContext | None:
        """How a client believes the doors of a secured stack; None when they stand in the open."""
        return self.stack.security.trust if self.stack.security else None

    def url(self, service: str) -> str:
        """Where the API of a service answers."""
        return self.address(f"{service}-api")

    def address(self, process: str) -> str:
        """Where a process shows its pages."""
        return f"{'https' if self.stack.security else 'http'}://127.0.0.1:{self.ports[process]}"

    def revive(self) -> None:
        """Start again what has ended by itself, as whoever keeps processes running does in production."""
        for program in self.programs.values():
            if not program.is_running():
                program.launch()

    def stop(self) -> None:
        """Stop all, each with its grace period."""
        for program in self.programs.values():
            program.stop()

    def _launch(self, process: ServiceProcess) -> Launch:
        port = "METRICS_PORT" if process.part is Part.WORKER else "HTTP_PORT"
        own = {
            **self.stack.environment_of(process.service),
            **self.own.get(process.service, {}),
            port: str(self.ports[process.name]),
        }
        known = {**os.environ, **self.settings, **own}
        foreign = self.stack.environment().keys() - own.keys()
        return Launch(
            name=process.name,
            command=(str(Path(sys.executable).with_name(process.command[0])), *process.command[1:]),
            log=self.stack.folder / "logs" / f"{process.name}.log",
            folder=self.stack.folder,
            environment={name: value for name, value in known.items() if name not in foreign},
            yields=process.yields and self.give_way,
        )


def is_ready(port: int, trust: ssl.SSLContext | None = None) -> bool:
    """Whether the process on this port says that it can work; ``trust`` asks over TLS."""
    return not problems_of(port, trust)


def problems_of(port: int, trust: ssl.SSLContext | None = None) -> list[str]:
    """What a process says is in its way; that it does not answer is one thing too."""
    connection = (
        http.client.HTTPConnection("127.0.0.1", port, timeout=2.0)
        if trust is None
        else http.client.HTTPSConnection("127.0.0.1", port, timeout=2.0, context=trust)
    )
    try:
        connection.request("GET", "/health/ready")
        answer = connection.getresponse()
        content = json.loads(answer.read())
        return [] if answer.status == http.client.OK else list(content["problems"])
    except (OSError, http.client.HTTPException, ValueError):
        time.sleep(0.1)  # the pace of asking; who waits has a deadline of its own
        return ["no answer"]
    finally:
        connection.close()
