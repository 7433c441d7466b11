"""The real trajectory worker as a process of its own, told in one JSON argument when it shall die or freeze.

Rules: it reads and writes the topics of its run; faults come one after the other, each at a named point. ``broken``
makes the variant that acknowledges before it commits: it holds statements back for longer than Kafka's commit
interval, and folds them after the engine has moved on.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace

from services.trajectory.app import TrajectoryProcessor, shipped_rules
from youthcare.runtime.kafka import run_worker
from youthcare.runtime.logs import configure_logging
from youthcare.runtime.postgres import Connection, Pool
from youthcare.runtime.processing import Outgoing, Point, Record
from youthcare.runtime.producing import Publisher
from youthcare.runtime.settings import Settings, WorkerSettings
from youthcare.runtime.topics import INDICATION_EVENTS, TRAJECTORY_FACTS, Topic

HELD_BACK_SECONDS = 3.0
SESSION_SECONDS = 6.0  # the shortest that Kafka allows


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A signal that the process sends itself when it passes a point for the given time after the fault before."""

    point: str
    signal: int
    at_hit: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Where things are and what shall befall this process."""

    bootstrap_servers: str
    dsn: str
    run: str
    faults: tuple[Fault, ...] = ()
    broken: bool = False
    metrics_port: int = 0

    def events(self) -> Topic:
        """The topic of statements."""
        return replace(INDICATION_EVENTS, name=f"indication-events-{self.run}")

    def facts(self) -> Topic:
        """The topic of facts."""
        return replace(TRAJECTORY_FACTS, name=f"trajectory-facts-{self.run}")

    def processor_name(self) -> str:
        """The name of the processor, and with it of its positions and its group."""
        return f"trajectory-{self.run}"

    def group(self) -> str:
        """The consumer group that Faust makes of it."""
        return f"trajectwacht-{self.processor_name()}"

    def worker_settings(self) -> WorkerSettings:
        """The settings of a real worker, with a short session."""
        environment = {
            "KAFKA_BOOTSTRAP_SERVERS": self.bootstrap_servers,
            "TRAJECTORY_DSN": self.dsn,
            "METRICS_PORT": str(self.metrics_port),
        }
        return (
            Settings.from_env(environment).worker("trajectory").model_copy(update={"session_seconds": SESSION_SECONDS})
        )

    def processor(self) -> TrajectoryProcessor:
        """The service's own processor, on the topics of this run."""
        return TrajectoryProcessor(
            shipped_rules(), name=self.processor_name(), topic=self.events(), facts_topic=self.facts()
        )

    def argument(self) -> str:
        """This plan as the process reads it."""
        return json.dumps(asdict(self))


def plan_from(argument: str) -> Plan:
    """The plan that an argument holds."""
    content = json.loads(argument)
    faults = tuple(Fault(**fault) for fault in content.pop("faults"))
    return Plan(faults=faults, **content)


@dataclass(slots=True)
class Fate:
    """A probe that brings the faults about, in their order."""

    faults: list[Fault]
    passed: int = 0

    def __call__(self, point: Point) -> None:
        """Hear of a point."""
        if not self.faults or point != self.faults[0].point:
            return
        self.passed += 1
        if self.passed >= self.faults[0].at_hit:
            self.passed = 0
            os.kill(os.getpid(), self.faults.pop(0).signal)


@dataclass(slots=True)
class AcknowledgesFirst:
    """Lets the engine commit its position and acknowledge, and folds what it was given seconds later."""

    inner: TrajectoryProcessor
    name: str
    topic: Topic
    folds_repeats: bool = True
    held_back: list[Record] = field(default_factory=list)

    async def prepare(self, pool: Pool) -> None:
        """As the real one."""
        await self.inner.prepare(pool)

    async def fold(self, _connection: Connection, batch: Sequence[Record]) -> Sequence[Outgoing]:
        """Hold the batch back."""
        self.held_back.extend(batch)
        return ()

    async def fold_late(self, pool: Pool, publisher: Publisher) -> None:
        """Fold what was held back, for ever."""
        while True:
            await asyncio.sleep(HELD_BACK_SECONDS)
            batch, self.held_back = self.held_back, []
            async with pool.acquire() as connection, connection.transaction():
                await publisher.publish(await self.inner.fold(connection, batch))


def main() -> None:
    """Run the worker that the plan in the first argument describes."""
    plan = plan_from(sys.argv[1])
    configure_logging(plan.processor_name())
    fate = Fate(list(plan.faults))
    if plan.broken:
        broken = AcknowledgesFirst(plan.processor(), name=plan.processor_name(), topic=plan.events())
        run_worker(broken, plan.worker_settings(), fate, companions=[broken.fold_late])
    run_worker(plan.processor(), plan.worker_settings(), fate)


if __name__ == "__main__":
    main()
