"""The indication service as tests use it: doors in this process or as real processes, on the running stack.

Rules. Everything behind the doors is real. Each test takes persons, numbers and ids of its own, so that tests share
one broker and one database; topics are read from their start and filtered.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from services.indication.api import make_app, run_api
from services.indication.api.opening import opened
from services.indication.api.service import Clock, Probe, silent
from services.indication.app import worker
from services.indication.identity import bsn_valid
from tests.conftest import shared_folder
from tests.looks import key_file
from tests.tokens import Issuer
from youthcare.runtime.brokers import client_config
from youthcare.runtime.clock import utc_now
from youthcare.runtime.local.stack import Stack
from youthcare.runtime.sealing import make_keys
from youthcare.runtime.security import token_gate
from youthcare.runtime.settings import BrokerSettings, Settings
from youthcare.runtime.topic_creation import create_topics
from youthcare.runtime.topics import PARTITION_COUNT
from youthcare.runtime.web import serve

MUNICIPALITIES = ("0153", "0164")
CHAIN, TEAM = "urn:ijw:0153", "/0153/wijkteam-noord"
# Every run begins elsewhere, so that a database that stays does not know the persons of the run before.
_numbers = count(time.time_ns() // 1000 % 40_000_000 + 950_000_000)
_names = count(time.time_ns() // 1000 % 1_000_000_000)


def new_bsn() -> str:
    """A valid number of a person nobody has seen yet."""
    return next(text for number in _numbers if bsn_valid(text := str(number)))


def new_name(prefix: str = "B") -> str:
    """An identification of at most twelve characters that was not used before, and could hold no BSN."""
    number = next(_names)
    return f"{prefix}{number // 1000}-{number % 1000}"[:12]


def new_number() -> int:
    """A ToewijzingNummer that was not used before."""
    return next(_names) % 900_000_000 + 10_000_000


@dataclass(slots=True)
class World:
    """One stack with its topics, keys and issuer."""

    stack: Stack
    folder: Path
    issuer: Issuer = field(default_factory=Issuer)

    def environment(self, **more: str) -> dict[str, str]:
        """The settings by which a service finds this world."""
        token = self.issuer.settings(self.folder)
        return {
            "KAFKA_BOOTSTRAP_SERVERS": self.stack.bootstrap_servers,
            "INDICATION_DSN": self.stack.dsn("indication"),
            "IDENTITY_KEYS_FILE": str(self.folder / "keys.json"),
            "IJW_SCHEMA_FOLDER": str(shared_folder() / "ijw" / "xsd"),
            "JWKS_FILE": str(token.jwks_file),
            "TOKEN_ISSUER": token.issuer,
            "TOKEN_AUDIENCE": token.audience,
            "ACCESS_LOG_KEYS_FILE": key_file(self.folder),
            "HTTP_HOST": "127.0.0.1",
            "HTTP_PORT": "0",
            "METRICS_PORT": "0",
            **more,
        }

    def settings(self) -> Settings:
        """The same, read."""
        return Settings.from_env(self.environment())

    def broker(self) -> BrokerSettings:
        """How to reach Kafka."""
        return self.settings().broker()

    def header(self, *sources: str, municipality: str = "0153", roles: tuple[str, ...] = ()) -> dict[str, str]:
        """The header of a sender for these sources."""
        named = [f"sender:{source}" for source in sources or (CHAIN, TEAM)]
        return self.issuer.header(*named, *roles, municipality=municipality)


def world_of(stack: Stack) -> World:
    """The world of a stack; its keys live as long as its database, since only they open what is sealed there."""
    folder = stack.folder / "indication"
    folder.mkdir(exist_ok=True)
    world = World(stack, folder)
    for municipality in MUNICIPALITIES:
        make_keys(world.folder / "keys.json", municipality)
    create_topics(world.broker())
    return world


@dataclass(slots=True)
class Door:
    """A client of the doors that speaks for the chain and for one team of 0153 unless told otherwise."""

    world: World
    http: httpx.AsyncClient

    async def post(self, path: str, content: bytes) -> httpx.Response:
        """One request."""
        return await self.http.post(path, content=content, headers=self.world.header())

    async def xml(self, body: bytes) -> tuple[int, list[dict[str, str]]]:
        """Deliver an iJw message; answers status and answers."""
        response = await self.post("/v1/ijw", body)
        return response.status_code, response.json()

    async def event(self, content: object) -> tuple[int, list[dict[str, str]]]:
        """State one event or a list; answers status and answers."""
        response = await self.post("/v1/events", json.dumps(content).encode())
        return response.status_code, response.json()


@asynccontextmanager
async def open_door(world: World, clock: Clock = utc_now, probe: Probe = silent) -> AsyncIterator[Door]:
    """The doors in this process."""
    settings = world.settings()
    app = make_app(token_gate(settings.token()), settings.http(), partial(opened, settings, clock, probe))
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://door", timeout=60) as http:
            # The first request makes the gate read its keys.
            assert (await http.get("/openapi.json", headers=world.header())).status_code == 200
            yield Door(world, http)


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@dataclass(slots=True)
class Process:
    """A real process of the service and where it answers."""

    handle: subprocess.Popen[bytes]
    address: str
    log: Path

    def kill(self) -> None:
        """End it as a power cut would."""
        self.handle.send_signal(signal.SIGKILL)
        self.handle.wait()


@contextmanager
def running(world: World, part: str, folder: Path, **environment: str) -> Iterator[Process]:
    """`trajectwacht indication worker|api` as a process, ready; stopped at the end."""
    port, log = free_port(), folder / f"indication-{part}.log"
    settings = {"HTTP_PORT": str(port), "METRICS_PORT": str(port)}
    environment = {**os.environ, **world.environment(**settings, **environment)}
    command = [sys.executable, "-m", "tests.indication", part]
    with log.open("ab") as out:
        handle = subprocess.Popen(command, env=environment, stdout=out, stderr=out)
    process = Process(handle, f"http://127.0.0.1:{port}", log)
    try:
        until(lambda: _is_ready(process), f"indication {part} ready, see {log.read_text()[-2000:]}")
        yield process
    finally:
        if handle.poll() is None:
            handle.terminate()
            handle.wait(timeout=30)


def _is_ready(process: Process) -> bool:
    assert process.handle.poll() is None, process.log.read_text()[-3000:]
    try:
        return httpx.get(f"{process.address}/health/ready").status_code == 200
    except httpx.TransportError:
        return False


def until(holds: Callable[[], object], what: str, seconds: float = 60) -> None:
    """Wait until something holds; the deadline decides, the pause is only the pace of looking."""
    deadline, pace = time.monotonic() + seconds, threading.Event()
    while not holds():
        assert time.monotonic() < deadline, f"not in time: {what}"
        pace.wait(0.05)


def records(world: World, topic: str) -> list[tuple[str, dict[str, Any] | None, int]]:
    """All records of a topic now: key, value, partition; in the order of each partition."""
    consumer = Consumer(
        {
            **client_config(Settings.from_env(world.stack.environment()).broker()),
            "group.id": "reader",
            "enable.auto.commit": False,
            "enable.partition.eof": False,
            "fetch.wait.max.ms": 20,
        }
    )
    found: list[tuple[str, dict[str, Any] | None, int]] = []
    try:
        ends = _ends(consumer, topic)
        consumer.assign([TopicPartition(topic, partition, 0) for partition in ends])
        reached = dict.fromkeys(ends, 0)
        while any(reached[partition] < end for partition, end in ends.items()):
            for message in consumer.consume(500, 0.1):
                assert message.error() is None, message.error()
                value, partition, offset = message.value(), message.partition(), message.offset()
                assert partition is not None
                assert offset is not None
                decoded = None if value is None else json.loads(value)
                found.append(((message.key() or b"").decode(), decoded, partition))
                reached[partition] = offset + 1
    finally:
        consumer.close()
    return found


def _marks(consumer: Consumer, place: TopicPartition) -> tuple[int, int]:
    """The first and the next offset; a broker that has just come back takes up its partitions one by one."""
    deadline = time.monotonic() + 30
    while True:
        try:
            low, high = consumer.get_watermark_offsets(place, 10)
        except KafkaException as failure:
            if failure.args[0].code() != KafkaError.NOT_LEADER_FOR_PARTITION or time.monotonic() > deadline:
                raise
            time.sleep(0.1)  # the pace of asking
        else:
            return low, high


def _ends(consumer: Consumer, topic: str) -> dict[int, int]:
    count_of = len(consumer.list_topics(topic, 10).topics[topic].partitions)
    assert topic == "intake" or count_of == PARTITION_COUNT
    marks = {each: _marks(consumer, TopicPartition(topic, each)) for each in range(count_of)}
    return {partition: high for partition, (_low, high) in marks.items() if high > 0}


def ends_of(world: World, topic: str) -> dict[int, int]:
    """Where each partition of a topic ends that holds anything."""
    broker = client_config(Settings.from_env(world.stack.environment()).broker())
    consumer = Consumer({**broker, "group.id": "reader"})
    try:
        return _ends(consumer, topic)
    finally:
        consumer.close()


def statements(world: World, *ids: str) -> list[dict[str, Any]]:
    """The records on `indication-events` with these ids, repeats included."""
    rows = records(world, "indication-events")
    return [value for _key, value, _partition in rows if value is not None and value["id"] in ids]


def refusals(world: World, sender: str) -> list[dict[str, Any]]:
    """What was refused for a sender of 0153, by number."""
    rows = [value for _key, value, _partition in records(world, "refusals") if value is not None]
    told = [row for row in rows if row["sender"] == sender and row["municipality"] == "0153"]
    return sorted(told, key=lambda row: row["number"])


async def fetch(world: World, query: str, *arguments: object, municipality: str = "*") -> list[asyncpg.Record]:
    """Rows as a session of the service's own role sees them; `*` sees all municipalities."""
    connection = await asyncpg.connect(world.stack.dsn("indication"))
    try:
        await connection.execute("select set_config('app.municipality', $1, false)", municipality)
        rows: list[asyncpg.Record] = await connection.fetch(query, *arguments)
        return rows
    finally:
        await connection.close()


def main(part: str) -> None:
    """Run one part of the service with the settings of the environment; `AFTER_COMMIT=kill` dies there."""
    settings = Settings.from_env(os.environ)
    if part == "worker":
        worker(settings)
    elif os.environ.get("AFTER_COMMIT") != "kill":
        run_api(settings)
    else:
        _run_dying_api(settings)


def _run_dying_api(settings: Settings) -> None:
    def die(_point: str) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    gate, http = token_gate(settings.token()), settings.http()
    serve(make_app(gate, http, partial(opened, settings, utc_now, die)), http)


if __name__ == "__main__":
    main(sys.argv[1])
