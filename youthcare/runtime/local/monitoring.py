"""Prometheus of the local stack; the stack also runs without it, and says so.

The configuration and the rules are those of deploy/prometheus, the very files that docker-compose.yml mounts; only
the addresses it scrapes stand in a file of this stack, which may be written again at any moment.
"""

import http.client
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from youthcare.runtime.local.program import Launch, Program
from youthcare.runtime.settings import shipped

_READY_SECONDS_MAX = 30.0


class Prometheus:
    """A Prometheus server on loopback."""

    description = "Prometheus"

    def __init__(self, *, binary: str, home: Path, logs: Path, port: int, tied: bool) -> None:
        self.address = f"127.0.0.1:{port}"
        self.url = f"http://{self.address}"
        self._home = home
        arguments = (
            "--config.file=prometheus.yml",
            "--storage.tsdb.path=data",
            "--storage.tsdb.retention.time=15d",
            f"--web.listen-address={self.address}",
        )
        self.program = Program(
            Launch(
                name="monitoring",
                command=(binary, *arguments),
                log=logs / "monitoring.log",
                folder=home,
                tied=tied,
            )
        )

    def launch(self) -> None:
        """Start without waiting."""
        self._home.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(shipped("prometheus/prometheus.yml"), self._home / "prometheus.yml")
        # Anew: a rule that was taken away must not go on.
        shutil.rmtree(self._home / "rules", ignore_errors=True)
        shutil.copytree(shipped("prometheus/rules"), self._home / "rules")
        self.program.launch()

    def wait_until_ready(self) -> None:
        """Wait until it answers queries."""
        self.program.wait_until(lambda: is_ready(self.address), seconds=_READY_SECONDS_MAX)

    def start(self) -> None:
        """Start and wait."""
        self.launch()
        self.wait_until_ready()

    def stop(self) -> None:
        """Stop cleanly."""
        self.program.stop()

    def write_targets(self, targets: Mapping[str, str]) -> None:
        """What to scrape from now on: process name to host and port; an empty mapping scrapes nothing."""
        place = self._home / "targets" / "services.json"
        place.parent.mkdir(parents=True, exist_ok=True)
        groups = [{"targets": [address], "labels": {"process": name}} for name, address in sorted(targets.items())]
        partial = place.with_suffix(".partial")
        partial.write_text(json.dumps(groups, indent=1), encoding="utf-8")
        os.replace(partial, place)


def is_ready(address: str) -> bool:
    """Whether a Prometheus of that address says that it serves."""
    connection = http.client.HTTPConnection(address, timeout=1.0)
    try:
        connection.request("GET", "/-/ready")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
