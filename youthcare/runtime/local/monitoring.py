"""Prometheus of the local stack; the stack also runs without it, and says so.

The configuration and the rules are those of deploy/prometheus, the very files that docker-compose.yml mounts; only
the addresses it scrapes stand in a file of this stack, which may be written again at any moment.
In the secured form it serves its own page over TLS, and asks what it scrapes over TLS, believing this stack alone.
"""

import http.client
import json
import os
import shutil
import ssl
from collections.abc import Mapping
from pathlib import Path

import yaml

from youthcare.runtime.local.certificates import MONITORING_NAME
from youthcare.runtime.local.program import Launch, Program
from youthcare.runtime.local.securing import Security
from youthcare.runtime.settings import shipped

_READY_SECONDS_MAX = 30.0


class Prometheus:
    """A Prometheus server on loopback."""

    def __init__(
        self, *, binary: str, home: Path, logs: Path, port: int, tied: bool, security: Security | None = None
    ) -> None:
        self.description = "Prometheus" + (", secured" if security else "")
        self.address = f"127.0.0.1:{port}"
        self.url = f"{'https' if security else 'http'}://{self.address}"
        self._home = home
        self._security = security
        arguments = (
            "--config.file=prometheus.yml",
            "--storage.tsdb.path=data",
            "--storage.tsdb.retention.time=15d",
            f"--web.listen-address={self.address}",
            *(("--web.config.file=web.yml",) if security else ()),
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
        if self._security is not None:
            self._secure(self._security)
        # Anew: a rule that was taken away must not go on.
        shutil.rmtree(self._home / "rules", ignore_errors=True)
        shutil.copytree(shipped("prometheus/rules"), self._home / "rules")
        self.program.launch()

    def wait_until_ready(self) -> None:
        """Wait until it answers queries."""
        trust = self._security.trust if self._security else None
        self.program.wait_until(lambda: is_ready(self.address, trust), seconds=_READY_SECONDS_MAX)

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

    def _secure(self, security: Security) -> None:
        certificates = security.certificates
        place = self._home / "prometheus.yml"
        content = yaml.safe_load(place.read_text(encoding="utf-8"))
        for job in content["scrape_configs"]:
            job |= {"scheme": "https", "tls_config": {"ca_file": str(certificates.authority), "min_version": "TLS12"}}
        place.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
        own = {
            "cert_file": str(certificates.certificate(MONITORING_NAME)),
            "key_file": str(certificates.key(MONITORING_NAME)),
            "min_version": "TLS12",
        }
        (self._home / "web.yml").write_text(yaml.safe_dump({"tls_server_config": own}), encoding="utf-8")


def is_ready(address: str, trust: ssl.SSLContext | None = None) -> bool:
    """Whether a Prometheus of that address says that it serves; `trust` asks over TLS."""
    connection = (
        http.client.HTTPConnection(address, timeout=1.0)
        if trust is None
        else http.client.HTTPSConnection(address, timeout=1.0, context=trust)
    )
    try:
        connection.request("GET", "/-/ready")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
