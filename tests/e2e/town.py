"""A stack of one's own with all services, fed through the doors, for what is lost and comes back.

Rules. What is done to it is done as `docs/operations.md` says, by the commands that it names. Afterwards the live
tables equal what `replay` makes of the log.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import orjson
import pytest
import yaml

from tests.commands import invoked
from tests.indication import World, records, until
from tests.stack import run_stack
from youthcare.cli import app
from youthcare.cli_demo.feeding import Doors, http_client
from youthcare.cli_demo.settling import WORKERS, lag_of
from youthcare.cli_demo.verifying import Comparison, compare
from youthcare.cli_replay import read_statements
from youthcare.period import civil_day
from youthcare.runtime.local.running import RunningServices
from youthcare.runtime.local.securing import SENDER
from youthcare.runtime.local.services import SERVICES
from youthcare.runtime.local.stack import Stack
from youthcare.runtime.local_issuer import LocalIssuer, local_issuer
from youthcare.runtime.sealing import make_keys
from youthcare.runtime.settings import shipped
from youthcare.runtime.topic_access import OPERATOR
from youthcare.runtime.topics import Topic
from youthcare.simulator import Envelope, simulate

MUNICIPALITY, SEED, YOUTHS = "0153", 7, 30
AT_ONCE = 8
# Deadlines and no paces: a machine with other work takes the time that it takes.
SETTLE_SECONDS, READY_SECONDS = 600.0, 600.0
UNPUBLISHED = """
select count(*) from (select published from indication.statement union all
                      select published from indication.refusal union all
                      select published from alerts.alert_event) as told
where published is null
"""
DUE = """
select count(*) from alerts.alert
where state = 'scheduled' and opens_on <= current_date or state = 'open' and closes_on < current_date
"""


def today() -> date:
    """The civil day on which the services run."""
    return civil_day(datetime.now(UTC))


@dataclass(slots=True)
class Town:
    """A stack, its keys and its eight processes, which may be stopped and started again."""

    stack: Stack
    services: RunningServices
    issuer: LocalIssuer
    rules: Path

    def environment(self, user: str = OPERATOR) -> dict[str, str]:
        """What a command needs to know of this town, as one user of a secured broker."""
        return {**os.environ, **self.services.settings, **self.stack.environment(user)}

    def invoke(self, *words: str) -> None:
        """Run a command of the product in this process, which has read the whole product already."""
        result = invoked(app, words, env=self.environment() | {"METRICS_PORT": "0"})
        assert result.exit_code == 0, result.output[-2000:]

    def command(self, *words: str, user: str = OPERATOR) -> str:
        """Run a command of the product as a process and answer what it printed."""
        environment = self.environment(user) | {"METRICS_PORT": "0"}
        done = subprocess.run(
            [self.program(), *words], env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    def refused_workers(self) -> dict[str, tuple[int, str]]:
        """Start all four workers, which are to end by themselves: the exit code and the log of each."""
        environment = self.environment() | {"METRICS_PORT": "0"}
        started = {
            service: subprocess.Popen(
                [self.program(), service, "worker"], env=environment, stdout=subprocess.PIPE, text=True
            )
            for service in SERVICES
        }
        try:
            printed = {service: process.communicate(timeout=60)[0] for service, process in started.items()}
        finally:
            for process in started.values():
                process.kill()
                process.wait()
        return {service: (process.returncode, printed[service]) for service, process in started.items()}

    def feed(self, envelopes: Sequence[Envelope]) -> None:
        """Deliver messages, a few at a time, in about their order; none is refused that should not be."""
        doors = Doors(self.services.url("indication"), self.issuer, MUNICIPALITY, trust=self.services.trust)
        assert asyncio.run(_delivered(doors, envelopes)) == []

    def settle(self) -> None:
        """Wait until what was registered is published, what is on the log in the tables, and what is due open."""
        until(lambda: self._is_none(UNPUBLISHED), "the register is published", SETTLE_SECONDS)
        for processor, topic in WORKERS:
            until(lambda: self._has_applied(processor, topic), f"{processor} has caught up", SETTLE_SECONDS)  # noqa: B023
        until(lambda: self._is_none(DUE), "alerts that are due are open", SETTLE_SECONDS)

    def _has_applied(self, processor: str, topic: Topic) -> bool:
        ended = [program.how for program in self.services.programs.values() if not program.is_running()]
        assert ended == [], "\n".join(how.log.read_text()[-1000:] for how in ended)
        return not lag_of(self.stack, processor, topic)

    def _is_none(self, count: str) -> bool:
        return not self.ask(count)[0]["count"]

    def compared(self) -> Comparison:
        """Live against replay, over everything on the log; of what stands there twice the earliest reception counts."""
        lines = [orjson.dumps(value) for value in self.topic("indication-events")]
        return compare(self.stack, list(read_statements(lines)), self.rules, today())

    def topic(self, name: str) -> list[dict[str, Any]]:
        """All that stands on a topic."""
        found = records(World(self.stack, self.rules.parent), name)
        return [value for _, value, _ in found if value is not None]

    def metrics(self) -> list[tuple[str, bytes]]:
        """The metrics page of each process."""
        trust = self.services.trust or True
        pages = {name: f"{self.services.address(name)}/metrics" for name in self.services.ports}
        return [(f"metrics of {name}", httpx.get(url, timeout=30, verify=trust).content) for name, url in pages.items()]

    def ask(self, query: str) -> list[asyncpg.Record]:
        """Rows, as the owner of the database sees them."""
        return asyncio.run(ask(self.stack.dsn("admin"), query))

    def program(self) -> str:
        """Where the product's command stands."""
        return str(Path(sys.executable).with_name("trajectwacht"))


async def ask(dsn: str, query: str) -> list[asyncpg.Record]:
    """The rows of a query."""
    connection = await asyncpg.connect(dsn)
    try:
        rows: list[asyncpg.Record] = await connection.fetch(query)
        return rows
    finally:
        await connection.close()


async def _delivered(doors: Doors, envelopes: Sequence[Envelope]) -> list[list[dict[str, Any]]]:
    """Deliver; the answers that are not as the messages deserve."""
    wrong: list[list[dict[str, Any]]] = []
    left = iter(envelopes)

    async with http_client(doors.trust) as client, asyncio.TaskGroup() as group:

        async def deliver() -> None:
            for envelope in left:  # one iterator that all share: each takes the next
                source = f"urn:ijw:{MUNICIPALITY}" if envelope.door == "ijw" else envelope.sender
                answers = await doors.post(client, envelope.door, source, envelope.body)
                if any(answer["status"] == "refused" for answer in answers) != bool(envelope.flaw):
                    wrong.append(answers)

        for _ in range(AT_ONCE):
            group.create_task(deliver())
    return wrong


def made_settings(folder: Path, municipalities: Sequence[str]) -> tuple[LocalIssuer, dict[str, str], Path]:
    """An issuer of tokens, settings with keys and rules for these municipalities, and where the rules stand."""
    issuer = local_issuer(folder)
    rules = folder / "rules.yml"
    content = yaml.safe_load(shipped("rules.yml").read_text(encoding="utf-8"))
    for municipality in municipalities:
        for name in ("identity-keys.json", "access-log-keys.json"):
            make_keys(folder / name, municipality)
        content["municipalities"][municipality] = {"signals": True, "alert_start_day": today() - timedelta(days=90)}
    rules.write_text(yaml.safe_dump(content), encoding="utf-8")
    settings = {
        **issuer.environment(),
        "IDENTITY_KEYS_FILE": str(folder / "identity-keys.json"),
        "ACCESS_LOG_KEYS_FILE": str(folder / "access-log-keys.json"),
        "LOG_SALT": "salt-of-a-test",
        "RULES_FILE": str(rules),
    }
    return issuer, settings, rules


@contextmanager
def town(
    folder: Path, *, monitored: bool = False, secured: bool = False, settings: Mapping[str, str] | None = None
) -> Iterator[Town]:
    """A town that is up, plain or behind locks, with more settings when given; all that it started is ended."""
    issuer, made, rules = made_settings(folder, [MUNICIPALITY])
    chosen = {**made, **(settings or {})}
    with run_stack(with_monitoring=monitored, secured=secured) as stack:
        running = RunningServices(stack=stack, settings=chosen, ready_seconds=READY_SECONDS, give_way=False)
        found = Town(stack, running, issuer, rules)
        found.invoke("topics")
        if secured:
            found.invoke("topics", "access", "--sender", SENDER)
        try:
            running.start()
            yield found
        finally:
            running.stop()


@pytest.fixture(name="year", scope="module")
def simulated_year() -> tuple[Sequence[Envelope], Sequence[Envelope]]:
    """The two halves of a simulated year, by reception."""
    last = today() - timedelta(days=1)
    envelopes = list(simulate(SEED, MUNICIPALITY, last - timedelta(days=364), last, YOUTHS))
    return envelopes[: len(envelopes) // 2], envelopes[len(envelopes) // 2 :]


Year = tuple[Sequence[Envelope], Sequence[Envelope]]
ON_TOPIC = {
    "indication-events": "select body from indication.statement",
    "refusals": "select body from indication.refusal",
    "care-alerts": "select body from alerts.alert_event",
}
"""What the tables say that stands on a topic."""


def missing(here: Town, topic: str) -> int:
    """How many records stand in the tables and not, with the same content, on their topic."""
    there = {json.dumps(value) for value in here.topic(topic)}
    return sum(json.dumps(json.loads(row["body"])) not in there for row in here.ask(ON_TOPIC[topic]))
