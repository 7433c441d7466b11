"""A stream worker that decides nothing: it keeps the set of ids it saw and passes each id on.

Run as a process of its own by the tests, which say in one JSON argument where things are and at which named point
(and at which time of passing it) the process must kill itself. ``broken`` makes the variant that acknowledges
before it commits: it holds the ids back and writes them half a second after the engine has moved on.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta

from youthcare.runtime.kafka import run_worker
from youthcare.runtime.logs import configure_logging
from youthcare.runtime.postgres import Connection, Pool, apply_schema
from youthcare.runtime.processing import Outgoing, Point, Record
from youthcare.runtime.producing import Publisher
from youthcare.runtime.settings import Settings, WorkerSettings
from youthcare.runtime.topics import Topic


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Where things are and how this process shall die."""

    bootstrap_servers: str
    dsn: str
    run: str
    kill_point: str | None = None
    kill_at_hit: int = 1
    kill_signal: int = signal.SIGKILL
    broken: bool = False
    metrics_port: int = 0

    def topic_in(self) -> Topic:
        """The topic that the worker reads."""
        return _topic(f"chaos-in-{self.run}")

    def topic_out(self) -> Topic:
        """The topic that the worker writes."""
        return _topic(f"chaos-out-{self.run}")

    def table(self) -> str:
        """The table of ids seen."""
        return f"seen_{self.run}"

    def processor_name(self) -> str:
        """The name of the processor."""
        return f"empty-{self.run}"

    def worker_settings(self) -> WorkerSettings:
        """The settings of a real worker, with the shortest session that Kafka allows."""
        settings = Settings.from_env(
            {
                "KAFKA_BOOTSTRAP_SERVERS": self.bootstrap_servers,
                "TRAJECTORY_DSN": self.dsn,
                "METRICS_PORT": str(self.metrics_port),
            }
        )
        return settings.worker("trajectory").model_copy(update={"session_seconds": 6.0})

    def argument(self) -> str:
        """This plan as the process reads it."""
        return json.dumps(asdict(self))


def _topic(name: str) -> Topic:
    return Topic(
        name=name,
        key="an id",
        value="an id",
        writer="a test",
        cleanup="delete",
        compaction_lag=timedelta(days=7),
    )


class EmptyProcessor:
    """Keeps the set of ids and publishes each."""

    folds_repeats = True

    def __init__(self, plan: Plan) -> None:
        self.name = plan.processor_name()
        self.topic = plan.topic_in()
        self._out = plan.topic_out().name
        self._table = plan.table()

    async def prepare(self, pool: Pool) -> None:
        """Make the table."""
        await apply_schema(pool, f"create table if not exists {self._table} (id text primary key)")

    async def fold(self, connection: Connection, batch: Sequence[Record]) -> Sequence[Outgoing]:
        """Write the ids of a batch and pass them on."""
        ids = ids_of(batch)
        await self.write(connection, ids)
        return [Outgoing(topic=self._out, key=each.encode(), value=each.encode()) for each in ids]

    async def write(self, connection: Connection, ids: Sequence[str]) -> None:
        """Add ids to the set."""
        await connection.execute(
            f"insert into {self._table} select unnest($1::text[]) on conflict do nothing", list(ids)
        )


class BrokenProcessor(EmptyProcessor):
    """Lets the engine commit its position and acknowledge, and writes the ids half a second later."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self._held_back: list[str] = []

    async def fold(self, connection: Connection, batch: Sequence[Record]) -> Sequence[Outgoing]:
        """Hold the ids back."""
        self._held_back.extend(ids_of(batch))
        return [Outgoing(topic=self._out, key=each.encode(), value=each.encode()) for each in ids_of(batch)]

    async def write_late(self, pool: Pool, _publisher: Publisher) -> None:
        """Write what was held back, for ever."""
        while True:
            await asyncio.sleep(0.5)
            ids, self._held_back = self._held_back, []
            async with pool.acquire() as connection:
                await self.write(connection, ids)


def ids_of(batch: Sequence[Record]) -> list[str]:
    """The ids that a batch carries."""
    return [record.value.decode() for record in batch if record.value is not None]


class Killer:
    """A probe that kills (or freezes) its own process at the given passing of a named point."""

    def __init__(self, plan: Plan) -> None:
        self._point = plan.kill_point
        self._hits_left = plan.kill_at_hit
        self._signal = plan.kill_signal

    def __call__(self, point: Point) -> None:
        """Hear of a point."""
        if point != self._point:
            return
        self._hits_left -= 1
        if self._hits_left == 0:
            os.kill(os.getpid(), self._signal)


def main() -> None:
    """Run the worker that the plan in the first argument describes."""
    plan = Plan(**json.loads(sys.argv[1]))
    configure_logging(plan.processor_name())
    probe = Killer(plan)
    if plan.broken:
        broken = BrokenProcessor(plan)
        run_worker(broken, plan.worker_settings(), probe, companions=[broken.write_late])
    run_worker(EmptyProcessor(plan), plan.worker_settings(), probe)


if __name__ == "__main__":
    main()
