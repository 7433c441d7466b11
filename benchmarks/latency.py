"""From a message at the door to its facts and its alert, through all eight processes, beside a bare round trip.

Rules. A request for care is sent by HTTP, a fixed number a second, for a youth whose care runs; so each leads to one
`stacking-request`. The clock starts when the request is sent and stops when a plain consumer has the record. The
peer is a plain producer and the same consumer: the same bytes over the same broker, between any two messages.
"""

import asyncio
import json
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import httpx
import orjson
from confluent_kafka import Consumer, Message, Producer, TopicPartition

from benchmarks.ground import MUNICIPALITY, Ground, open_ground
from benchmarks.results import Result, counts, percentile, show
from youthcare.cli_demo.feeding import Doors
from youthcare.runtime.brokers import Inspector, client_config
from youthcare.runtime.local.running import RunningServices
from youthcare.runtime.processing import Unavailable
from youthcare.runtime.topic_creation import create_topics
from youthcare.runtime.topics import CARE_ALERTS, TRAJECTORY_FACTS, Topic
from youthcare.simulator.population import citizen_numbers

PER_SECOND, SECONDS = 10, 60
PATIENCE_SECONDS = 60.0
SOURCE = f"/{MUNICIPALITY}/wijkteam-noord"
PROVIDER = "99900001"
CARE_DAYS = 40
AT_ONCE = 100
ROUND_TRIP = Topic(
    name="benchmark-round-trip",
    key="request",
    value="the body of a request",
    writer="benchmarks",
    cleanup="delete",
    compaction_lag=timedelta(0),
)


@dataclass(slots=True)
class Arrivals(threading.Thread):
    """One plain consumer of the three topics; notes when each request is first seen on each."""

    ground: Ground
    seen: dict[str, dict[str, float]] = field(default_factory=dict)
    _stop_asked: threading.Event = field(default_factory=threading.Event)
    _reading: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        threading.Thread.__init__(self, daemon=True)
        self.seen = {topic.name: {} for topic in (ROUND_TRIP, TRAJECTORY_FACTS, CARE_ALERTS)}

    def __hash__(self) -> int:
        return id(self)

    def run(self) -> None:
        """Read from the present ends until told to stop."""
        broker = self.ground.settings().broker()
        consumer, inspector = Consumer(client_config(broker) | {"group.id": "arrivals"}), Inspector(broker)
        ends = [(name, inspector.end_offsets(inspector.identity(name))) for name in self.seen]
        consumer.assign([TopicPartition(name, each, end) for name, each_end in ends for each, end in each_end.items()])
        self._reading.set()
        while not self._stop_asked.is_set():
            message = consumer.poll(0.05)
            if message is not None and message.error() is None:
                self._note(message, time.monotonic())
        consumer.close()

    def begin(self) -> None:
        """Start and return when the ends are known."""
        self.start()
        if not self._reading.wait(PATIENCE_SECONDS):
            raise Unavailable("the topics cannot be read")

    def finish(self, requests: Sequence[str]) -> None:
        """Stop when every request was seen on every topic; raises `Unavailable` when that takes too long."""
        began = time.monotonic()
        while any(len(found) < len(requests) for found in self.seen.values()):
            if time.monotonic() - began > PATIENCE_SECONDS:
                raise Unavailable(f"seen: {[len(found) for found in self.seen.values()]} of {len(requests)}")
            time.sleep(0.1)  # the pace of looking
        self._stop_asked.set()
        self.join(10)

    def _note(self, message: Message, now: float) -> None:
        topic, value = str(message.topic()), message.value() or b""
        for request in _requests(topic, message.key() or b"", value):
            self.seen[topic].setdefault(request, now)


def _requests(topic: str, key: bytes, value: bytes) -> Iterator[str]:
    """The requests that a record tells of."""
    if topic == ROUND_TRIP.name:
        yield key.decode()
    elif topic == CARE_ALERTS.name:
        # The heartbeat of a receiver is about no alert.
        yield from filter(None, [orjson.loads(value).get("anchor")])
    else:
        yield from (row["request"] for row in orjson.loads(value).get("requests", ()))


def measure(ground: Ground, per_second: int = PER_SECOND, seconds: int = SECONDS) -> list[Result]:
    """Start all services, give youths care, ask for more, and tell how long each step took."""
    create_topics(ground.settings().broker(), [ROUND_TRIP])
    services = RunningServices(stack=ground.stack, settings=ground.environment)
    began = time.monotonic()
    services.start()
    try:
        ready = time.monotonic() - began
        doors = Doors(services.url("indication"), ground.issuer, MUNICIPALITY)
        bsns = list(islice(citizen_numbers(), per_second * seconds))
        arrivals, sent, produced = asyncio.run(_ask(ground, doors, bsns, 1 / per_second))
    finally:
        services.stop()
    starts = (("start of Kafka and PostgreSQL", ground.start_seconds), ("start of the eight processes", ready))
    return [
        *_results(arrivals, sent, produced),
        *(Result(name=name, unit="s", runs=[taken]) for name, taken in starts),
    ]


def _results(arrivals: Arrivals, sent: dict[str, float], produced: dict[str, float]) -> list[Result]:
    def taken(topic: Topic, since: dict[str, float]) -> list[float]:
        return [(arrivals.seen[topic.name][request] - at) * 1000 for request, at in since.items()]

    results: list[Result] = []
    round_trip = taken(ROUND_TRIP, produced)
    for name, share in (("median", 0.5), ("p99", 0.99)):
        peer = percentile(round_trip, share)
        results.append(Result(name=f"peer: produce and consume, {name}", unit="ms", runs=[peer]))
        for what, topic in (("facts", TRAJECTORY_FACTS), ("alert", CARE_ALERTS)):
            value = percentile(taken(topic, sent), share)
            results.append(Result(name=f"event to {what}, {name}", unit="ms", runs=[value], peer=peer))
    return results


async def _ask(
    ground: Ground, doors: Doors, bsns: Sequence[str], pause: float
) -> tuple[Arrivals, dict[str, float], dict[str, float]]:
    """All that is sent: the care first, then a request and a bare record by turns, on the beat of the clock."""
    arrivals, sent, produced = Arrivals(ground), dict[str, float](), dict[str, float]()
    producer = Producer(client_config(ground.settings().broker()) | {"acks": "all"})
    async with httpx.AsyncClient(timeout=PATIENCE_SECONDS, trust_env=False) as client, asyncio.TaskGroup() as group:
        await give_care(doors, client, bsns)
        arrivals.begin()
        began = time.monotonic()
        for number, bsn in enumerate(bsns):
            request, body = request_for(number, bsn)
            await asyncio.sleep(began + number * pause - time.monotonic())
            sent[request] = time.monotonic()
            group.create_task(_deliver(doors, client, body))
            await asyncio.sleep(pause / 2)
            produced[request] = time.monotonic()
            producer.produce(ROUND_TRIP.name, key=request, value=body)
            producer.poll(0)
    await asyncio.to_thread(producer.flush, PATIENCE_SECONDS)
    await asyncio.to_thread(arrivals.finish, list(sent))
    return arrivals, sent, produced


async def give_care(doors: Doors, client: httpx.AsyncClient, bsns: Sequence[str]) -> None:
    """Have the care of each citizen begin, many in one message."""
    for start in range(0, len(bsns), AT_ONCE):
        events = [_started(start + number, bsn) for number, bsn in enumerate(bsns[start : start + AT_ONCE])]
        await _deliver(doors, client, json.dumps(events).encode())


async def _deliver(doors: Doors, client: httpx.AsyncClient, body: bytes) -> None:
    answers = await doors.post(client, "events", SOURCE, body)
    if any(answer["status"] != "accepted" for answer in answers):
        raise Unavailable(f"the doors answered {[answer.get('code') for answer in answers][:3]}")


def _event(identification: str, kind: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": identification,
        "source": SOURCE,
        "type": f"nl.jeugdzorg.{kind}.v1",
        "municipality": MUNICIPALITY,
        "time": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "data": data,
    }


def _started(number: int, bsn: str) -> dict[str, Any]:
    first_day = datetime.now(UTC).date() - timedelta(days=CARE_DAYS)
    return _event(
        f"benchmark-started-{number}",
        "indication.started",
        {
            "bsn": bsn,
            "indication": f"{MUNICIPALITY}-{900_000 + number}",
            "first_day": first_day.isoformat(),
            "provider": PROVIDER,
            "product": {"category": "45", "code": "45A04"},
            "team": "noord",
        },
    )


def request_for(number: int, bsn: str) -> tuple[str, bytes]:
    """The name of a request and the event that makes it."""
    request = f"{PROVIDER}-VOT-{number}"
    first_day = datetime.now(UTC).date() + timedelta(days=14)
    product = {"kind": "new", "product": {"category": "41"}, "first_day": first_day.isoformat()}
    data = {"bsn": bsn, "request": request, "provider": PROVIDER, "referrer": "02", "products": [product]}
    return request, json.dumps(_event(f"benchmark-requested-{number}", "care.requested", data)).encode()


def main() -> None:
    """Measure on a stack of its own and show."""
    asked = counts(__doc__, rate=PER_SECOND, seconds=SECONDS)
    with open_ground() as ground:
        title = f"Latency at {asked.rate} messages a second for {asked.seconds} s"
        show(title, measure(ground, asked.rate, asked.seconds))


if __name__ == "__main__":
    main()
