"""The whole of a fault simulation at one moment: the broker, three services with their tables, what comes in, and
what was done so far."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import Any

import yaml

from services.trajectory.app import shipped_rules
from services.trajectory.facts import Rules
from tests.simulation import readings_indicators, readings_of_alerts  # noqa: F401 (they note what statements do)
from tests.simulation.feed import Feed, statements_of
from tests.simulation.log import Group, Log
from tests.simulation.stage import Stage
from tests.simulation.tables import Database
from tests.simulation.workers import Engine, Machine, Service, WorkerProcess, is_expected
from youthcare.events import Statement
from youthcare.runtime.processing import Processor
from youthcare.runtime.settings import shipped
from youthcare.runtime.topics import CARE_ALERTS, INDICATION_EVENTS, TRAJECTORY_FACTS, Topic

PARTITIONS = 3
YOUTHS = ("anna", "bram", "coen", "daan")


def _small(topic: Topic) -> Topic:
    return replace(topic, partition_count=PARTITIONS)


EVENTS, FACTS, ALERTS = map(_small, (INDICATION_EVENTS, TRAJECTORY_FACTS, CARE_ALERTS))


@cache
def rules() -> Rules:
    """The rules that the product ships."""
    return shipped_rules()


@cache
def norms() -> dict[str, Any]:
    """The norms that the product ships."""
    content: dict[str, Any] = yaml.safe_load(shipped("rules.yml").read_text(encoding="utf-8"))
    return content


@dataclass(slots=True, eq=False)
class Town:
    """Everything there is, and the list of what was done."""

    machine: Machine
    feed: Feed
    services: dict[str, Service]
    done: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def dice(self) -> random.Random:
        """The one source of chance."""
        return self.machine.dice

    @property
    def log(self) -> Log:
        """The broker."""
        return self.machine.log

    @property
    def trajectory(self) -> Service:
        """Statements to facts."""
        return self.services["trajectory"]

    @property
    def alerts(self) -> Service:
        """Facts to alerts."""
        return self.services["alerts"]

    @property
    def indicators(self) -> Service:
        """Facts to figures."""
        return self.services["indicators"]

    @property
    def workers(self) -> list[WorkerProcess]:
        """All live processes, frozen ones too."""
        return [each for service in self.services.values() for each in service.running]

    def note(self, what: str) -> None:
        """Add to the list of what was done."""
        self.done.append(what)

    async def bury(self) -> None:
        """Processes that ended themselves are gone; what they may not end by is raised."""
        for service in self.services.values():
            for worker in [each for each in service.processes if each.process.is_dead]:
                await self.machine.kill(worker)
                self.note(f"{worker.process.name} ended: {type(worker.ended_by).__name__}")
                if not is_expected(worker.ended_by):
                    raise AssertionError(f"{worker.process.name} broke") from worker.ended_by


def make_town(dice: random.Random, engine: Engine, stage: Stage) -> Town:
    """An empty system, and youths of whom much is still to be told."""
    log = Log()
    for topic in (EVENTS, FACTS, ALERTS):
        log.make(topic)
    machine = Machine(stage=stage, log=log, dice=dice, engine=engine)
    log.now_ms = round(machine.now.timestamp() * 1000)
    services = {
        name: Service(name=name, group=Group(topic), processor=make, database=Database(has_locks=engine.has_locks))
        for name, topic, make in _processors(engine)
    }
    feed = Feed(log=log, untold=_untold(dice))
    return Town(machine=machine, feed=feed, services=services)


def _untold(dice: random.Random) -> list[Statement]:
    youths = YOUTHS[: dice.choice((2, 3, 3, 4))]
    rows = [row for each in youths for row in statements_of(dice, each, [other for other in youths if other != each])]
    dice.shuffle(rows)
    return rows


Making = Callable[[Callable[[], datetime]], Processor]


def _processors(engine: Engine) -> list[tuple[str, Topic, Making]]:
    return [
        ("trajectory", EVENTS, lambda _clock: engine.trajectory(rules(), topic=EVENTS, facts_topic=FACTS)),
        ("alerts", FACTS, lambda clock: engine.alerts(norms(), clock=clock, topic=FACTS)),
        ("indicators", FACTS, lambda _clock: engine.indicators(topic=FACTS)),
    ]
