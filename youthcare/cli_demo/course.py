"""The course of the demo, from an empty folder to the last line on the screen."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

import yaml
from rich.console import Console

from youthcare.cli_demo import show
from youthcare.cli_demo.feeding import Doors, feed_year
from youthcare.cli_demo.reporting import Desk, last_quarter
from youthcare.cli_demo.settling import wait_until_settled
from youthcare.cli_demo.verifying import Comparison, compare, read_log
from youthcare.cli_demo.village import VILLAGE, check_village, feed_village
from youthcare.runtime.access_granting import grant_access
from youthcare.runtime.local.running import RunningServices
from youthcare.runtime.local.securing import SENDER
from youthcare.runtime.local.stack import Stack, start_stack
from youthcare.runtime.local_issuer import LocalIssuer, local_issuer
from youthcare.runtime.sealing import make_keys
from youthcare.runtime.settings import Settings, shipped
from youthcare.runtime.topic_creation import create_topics

ALERT_DAYS = 90
"""The demo's alert start day lies so many days back: older signals are historical, not a flood."""


@dataclass(slots=True, kw_only=True)
class Course:
    """One run of the demo."""

    console: Console
    folder: Path
    municipality: str
    today: date
    first_day: date
    youths: int
    seed: int
    secured: bool = False
    differences: list[str] = field(default_factory=list)

    def run(self, *, stay: bool) -> None:
        """Everything, in order; `differences` tells what was not right."""
        with start_stack(self.folder / "stack", secured=self.secured, say=self.console.print) as stack:
            kind = "Secured stack" if self.secured else "Stack"
            self.console.print(f"{kind} ready: {stack.broker.description}, PostgreSQL, Prometheus.")
            with self._services(stack) as services:
                self._feed_and_check(stack, services)
                if stay:
                    self.console.print("All keeps running until Ctrl-C.")
                    signal.pause()

    @contextmanager
    def _services(self, stack: Stack) -> Iterator[RunningServices]:
        issuer = local_issuer(self.folder / "keys")
        for name in ("identity-keys.json", "access-log-keys.json"):
            make_keys(self.folder / "keys" / name, self.municipality)
        settings = self._settings(issuer)
        operator = Settings.from_env({**settings, **stack.environment()}).broker()
        create_topics(operator)
        if self.secured:
            grant_access(operator, senders=[SENDER])
        services = RunningServices(stack=stack, settings=settings)
        began = time.monotonic()
        services.start()
        try:
            self.console.print(f"Eight processes ready after {time.monotonic() - began:.1f} s.")
            yield services
        finally:
            services.stop()

    def _settings(self, issuer: LocalIssuer) -> dict[str, str]:
        schemas = os.environ.get("IJW_SCHEMA_FOLDER")
        return {
            **issuer.environment(),
            "IDENTITY_KEYS_FILE": str(self.folder / "keys" / "identity-keys.json"),
            "ACCESS_LOG_KEYS_FILE": str(self.folder / "keys" / "access-log-keys.json"),
            "LOG_SALT": os.urandom(16).hex(),
            "RULES_FILE": str(self._rules()),
            **({"IJW_SCHEMA_FOLDER": schemas} if schemas else {}),
        }

    def _rules(self) -> Path:
        content = yaml.safe_load(shipped("rules.yml").read_text(encoding="utf-8"))
        start_day = self.today - timedelta(days=ALERT_DAYS)
        content["municipalities"][self.municipality] = {"signals": True, "alert_start_day": start_day}
        path = self.folder / "rules.yml"
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
        return path

    def _feed_and_check(self, stack: Stack, services: RunningServices) -> None:
        issuer = local_issuer(self.folder / "keys")
        trust = services.trust
        doors = Doors(services.url("indication"), issuer, self.municipality, trust=trust)
        desk = Desk(url=services.url("indicators"), issuer=issuer, municipality=self.municipality, trust=trust)
        self.differences += desk.enter_reference()
        fed = feed_village(doors, VILLAGE) if VILLAGE.is_dir() else {}
        self.console.print(f"Golden village: {len(fed)} youths fed.")
        if self.youths:
            self._feed_year(doors)
        settled = wait_until_settled(stack, services, self.console)
        statements = read_log(stack)
        self.differences += check_village(fed, statements, services.url("trajectory"), issuer, self.municipality, trust)
        self.console.print(f"Golden village: {'all right' if not self.differences else 'not right'}.")
        result = compare(stack, statements, self.folder / "rules.yml", self.today)
        self.differences += result.differences
        self._tell(stack, services, issuer, result, settled)
        began = time.monotonic()
        for path in desk.save_report(last_quarter(self.today), self.folder):
            self.console.print(f"Council report: {path}", soft_wrap=True)
        self.console.print(f"Report made in {time.monotonic() - began:.1f} s.")

    def _feed_year(self, doors: Doors) -> None:
        began = datetime.now().astimezone()
        tally = feed_year(doors, self.seed, self.first_day, self.today - timedelta(days=1), self.youths, self.console)
        seconds = (datetime.now().astimezone() - began).total_seconds()
        self.console.print(
            f"Simulated year: {tally.messages} messages in {seconds:.0f} s ({tally.messages / seconds:.0f}/s), "
            f"{tally.refused} refused on purpose, {tally.unexpected} refused unexpectedly."
        )
        self.differences += [f"{tally.unexpected} messages were refused unexpectedly"] if tally.unexpected else []

    def _tell(
        self, stack: Stack, services: RunningServices, issuer: LocalIssuer, result: Comparison, seconds: float
    ) -> None:
        self.console.print(f"All tables caught up {seconds:.0f} s after the last message.")
        show.figures(self.console, result)
        show.open_alerts(self.console, result)
        show.addresses(self.console, stack, services, issuer, self.municipality)
        for difference in self.differences:
            self.console.print(f"[red]{difference}[/red]")
        verdict = "live differs from replay" if result.differences else "live equals replay"
        self.console.print(
            f"[bold]{verdict}[/bold] ({result.youths} youths, {result.figures} figures, {result.alerts} alerts)"
        )
