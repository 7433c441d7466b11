"""Forgetting as tests see it: readers that catch up, rounds that are killed at a point, and a search of everything.

Rules. The broker's settings are shrunk on a stack of the test's own, so that what takes hours takes seconds: segments
roll within half a second, the cleaner looks ten times a second, a tombstone is kept no longer than one cleaning.
Nothing else differs from production. A round is a process of its own, killed as by a power cut.
"""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import yaml
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # public, but not listed as such
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)

from services.alerts.app import AlertsProcessor
from services.alerts.outbox import publish_pending
from services.indication.forgetting import STEPS, Forgetting
from services.indication.outbox.rounds import forget, forgettings
from services.indicators.app import IndicatorsProcessor, write_csv
from services.trajectory.app import TrajectoryProcessor, shipped_rules
from tests.everywhere import Content, Search, dump, files, searched
from tests.indication import World
from youthcare.runtime.brokers import Inspector
from youthcare.runtime.bulk import run_bulk
from youthcare.runtime.clock import utc_now
from youthcare.runtime.local.stack import Stack
from youthcare.runtime.postgres import open_pool
from youthcare.runtime.processing import Processor
from youthcare.runtime.producing import Publisher
from youthcare.runtime.settings import Service, Settings, shipped
from youthcare.runtime.topic_access import group_of
from youthcare.runtime.topics import CARE_ALERTS, INDICATION_EVENTS, REFUSALS, TRAJECTORY_FACTS

EVERY_POINT = tuple(
    point
    for step in STEPS[1:]
    for point in (*(["wiped-queued"] if step == "wiped" else []), f"{step}-done", f"{step}-confirmed")
)
"""Where a round may be killed, in the order in which a round passes them."""
POINTS = tuple(point for point in EVERY_POINT if not point.endswith("-confirmed"))
"""Those at which something was done and nothing is confirmed: one of each step, and one more."""
WATCH = "watch"
"""Instead of a point: a round that reads the log also when nothing is open."""
_SHRUNK = {
    "segment.ms": "500",
    "min.cleanable.dirty.ratio": "0.001",
    "delete.retention.ms": "0",
    "file.delete.delay.ms": "0",
}
SEGMENT_SECONDS = 30.0
BROKER = "1"
_CLEANER = {"log.cleaner.backoff.ms": "100"}


def shrink(stack: Stack, lag_seconds: int = 0) -> None:
    """Let the broker of a stack do within seconds what takes it hours and days.

    `lag_seconds`: how long a record is left untouched; a worker that is behind by more takes it for a loss.
    """
    lag = {"min.compaction.lag.ms": str(lag_seconds * 1000), "max.compaction.lag.ms": str(lag_seconds * 1000 + 500)}
    topics = (INDICATION_EVENTS, TRAJECTORY_FACTS, CARE_ALERTS, REFUSALS)
    admin = AdminClient({"bootstrap.servers": stack.bootstrap_servers})
    # A broker's settings go to that broker, in a request of their own.
    _alter(admin, [ConfigResource(ResourceType.BROKER, BROKER, incremental_configs=_entries(_CLEANER))])
    _alter(
        admin,
        [ConfigResource(ResourceType.TOPIC, each.name, incremental_configs=_entries(_SHRUNK | lag)) for each in topics],
    )


def _alter(admin: AdminClient, resources: list[ConfigResource]) -> None:
    for done in admin.incremental_alter_configs(resources).values():
        done.result(10)


def _entries(settings: dict[str, str]) -> list[ConfigEntry]:
    return [ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET) for name, value in settings.items()]


@dataclass(slots=True)
class Readers:
    """The three services that read the log, without their processes: they catch up when told, and say so."""

    settings: Settings
    rules: dict[str, Any] = field(default_factory=dict)

    async def catch_up(self, *names: str) -> None:
        """Fold what is new, tell of alerts, and acknowledge to Kafka what the tables now hold; all, or those named."""
        for processor in self._processors():
            if names and processor.name not in names:
                continue
            await run_bulk(processor, self.settings.worker(_service(processor)), from_start=False)
            await asyncio.to_thread(self._acknowledge, processor)
        pool = await open_pool(self.settings.database("alerts"), "test", all_municipalities=True)
        await publish_pending(pool, Publisher(self.settings.broker()), utc_now)
        await pool.close()

    def _processors(self) -> list[Processor]:
        return [TrajectoryProcessor(shipped_rules()), IndicatorsProcessor(), AlertsProcessor(self.rules)]

    def _acknowledge(self, processor: Processor) -> None:
        inspector = Inspector(self.settings.broker())
        ends = inspector.end_offsets(inspector.identity(processor.topic.name))
        consumer = Consumer(
            {"bootstrap.servers": self.settings.broker().bootstrap_servers, "group.id": group_of(processor.name)}
        )
        consumer.commit(
            offsets=[TopicPartition(processor.topic.name, each, end) for each, end in ends.items()], asynchronous=False
        )
        consumer.close()


def _service(processor: Processor) -> Service:
    names: dict[str, Service] = {"trajectory": "trajectory", "indicators": "indicators", "alerts": "alerts"}
    return names[processor.name]


def readers_of(world: World) -> Readers:
    """The readers of a world, with signals on."""
    rules = yaml.safe_load(shipped("rules.yml").read_text(encoding="utf-8"))
    rules["municipalities"]["0153"] = {"signals": True, "alert_start_day": date(2020, 1, 1)}
    return Readers(Settings.from_env(environment_of(world)), rules)


def environment_of(world: World) -> dict[str, str]:
    """The settings of every service of a world; markers are published in every round."""
    return {**world.environment(), **world.stack.environment(), "FORGET_MARK_SECONDS": "0"}


@dataclass(slots=True)
class Rounds:
    """Starts rounds of `trajectwacht forget run`, each a process of its own."""

    parent: "subprocess.Popen[str]"
    killed: int = 0

    def run(self, point: str = "") -> int:
        """One round, killed at the point when it comes there; its exit code, negative for a signal."""
        assert self.parent.stdin is not None
        assert self.parent.stdout is not None
        self.parent.stdin.write(f"{point}\n")
        self.parent.stdin.flush()
        line = self.parent.stdout.readline()
        assert line, "the process that starts rounds has ended"
        code = int(line)
        self.killed += code == -signal.SIGKILL
        return code


@contextmanager
def rounds_of(environment: Mapping[str, str], log: Path) -> Iterator[Rounds]:
    """Rounds with these settings; what they say goes into the log."""
    with log.open("ab") as said:
        parent = subprocess.Popen(
            [sys.executable, "-m", "tests.forgetting"],
            env={**os.environ, **environment, "LOG_SALT": "salt-of-a-test"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        )
        try:
            yield Rounds(parent)
        finally:
            parent.kill()
            parent.wait()


def main() -> None:
    """For each line a point: fork, run one round that dies there, tell the exit code."""
    for line in sys.stdin:
        # Forked before any thread or connection, so that a round costs no import.
        child = os.fork()
        if child == 0:
            _round(line.strip())
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _round(point: str) -> None:
    # What the round logs must not stand between the exit codes.
    os.dup2(2, 1)

    def die(reached: str) -> None:
        if reached == point:
            os.kill(os.getpid(), signal.SIGKILL)

    done = forget(Settings.from_env(os.environ), watch=point == WATCH, probe=die)
    os._exit(0 if done else 1)


async def found_anywhere(
    stack: Stack,
    folder: Path,
    needles: Sequence[str],
    others: Sequence[Content] = (),
    patience_seconds: float = SEGMENT_SECONDS,
) -> dict[str, set[str]]:
    """Where one of the texts stands: tables, topics and their segments, a dump made now, logs, and what else is given.

    A broker removes the files that it has cleaned a moment later; what still stands there then is an answer.
    """
    logs = list(files([stack.folder / "logs", (await dump(stack, folder / "after.sql")).parent]))
    found: dict[str, set[str]] = {}

    async def in_no_segment() -> bool:
        found.clear()
        found.update(await searched(search, stack, (), [*logs, *others]))
        return not any(place.startswith("segment") for place in found)

    with Search(needles) as search, suppress(AssertionError):
        await eventually(in_no_segment, "the segments are clean", patience_seconds)
    return found


async def forgotten_though_killed(
    rounds: Rounds, settings: Settings, points: Sequence[str], wait: Callable[[], Awaitable[None]], seconds: float = 60
) -> None:
    """Go on until all is certified, killed once at each point; what others do, they do while we wait."""

    async def dies_at(point: str) -> bool:
        if rounds.run(point) == -signal.SIGKILL:
            return True
        # What it waits for is done by others: the readers, and the broker's cleaner.
        await wait()
        return False

    for point in points:
        await eventually(lambda: dies_at(point), point, seconds)  # noqa: B023

    async def is_certified() -> bool:
        await wait()
        # Not always: the session of a round that was killed may hold the lock a moment longer, a broker may be away.
        return rounds.run() == 0 and all(each.certified for each in await stated(settings))

    await eventually(is_certified, "certified", seconds)


async def figures(settings: Settings) -> str:
    """All live figures of 0153 on a day."""
    return await asyncio.to_thread(write_csv, settings, "0153", date(2026, 1, 1), date(9999, 12, 31))


async def stated(settings: Settings) -> list[Forgetting]:
    """How far each forgetting in 0153 is."""
    return await asyncio.to_thread(forgettings, settings, "0153")


async def eventually(holds: Callable[[], Awaitable[bool]], what: str, seconds: float = 60) -> None:
    """Wait until something holds; the deadline decides, the pause is only the pace of looking."""
    began = datetime.now(UTC)
    while not await holds():
        assert (datetime.now(UTC) - began).total_seconds() < seconds, f"not in time: {what}"
        await asyncio.sleep(0.1)


if __name__ == "__main__":
    main()
