"""The processes of the system, as data: the local stack, docker-compose.yml and Prometheus name the same ones.

Each of the four services is two processes, so that neither can slow or stop the other (design.md, section 8).
"""

from dataclasses import dataclass
from enum import StrEnum

SERVICES = ("indication", "trajectory", "indicators", "alerts")
TOPICS_COMMAND = ("trajectwacht", "topics")


class Part(StrEnum):
    """Which half of a service a process is."""

    WORKER = "worker"
    API = "api"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceProcess:
    """One process of the system and the command that starts it."""

    service: str
    part: Part

    @property
    def name(self) -> str:
        """The name in logs, in compose and in the Prometheus label `process`."""
        return f"{self.service}-{self.part}"

    @property
    def command(self) -> tuple[str, ...]:
        """The command, found on the PATH of an installed distribution."""
        return ("trajectwacht", self.service, str(self.part))

    @property
    def yields(self) -> bool:
        """Whether it gives way where processors are scarce: a figure may come a minute later, an alert may not."""
        return (self.service, self.part) == ("indicators", Part.WORKER)


SERVICE_PROCESSES = tuple(ServiceProcess(service=service, part=part) for service in SERVICES for part in Part)
