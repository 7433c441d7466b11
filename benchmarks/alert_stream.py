"""From a statement on Kafka to the last byte of its alert on the event stream, as a plain client reads it.

Rules. Requests for care are put on `intake`, a fixed number a second, for youths whose care runs; so each leads to one
`stacking-request`. The clock starts when the record is handed to Kafka's client and stops when the empty line that
ends the event was read from the socket. All eight processes run beside it. The peer is a plain producer and a plain
consumer of the same bytes over the same broker, between any two requests.
"""

import asyncio
import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice

import httpx
import orjson
from confluent_kafka import Consumer, Message, Producer, TopicPartition

from benchmarks.ground import MUNICIPALITY, Ground, open_ground
from benchmarks.latency import PATIENCE_SECONDS, ROUND_TRIP, give_care, request_for
from benchmarks.results import Result, counts, percentile, show
from youthcare.cli_demo.feeding import Doors
from youthcare.runtime.brokers import Inspector, client_config
from youthcare.runtime.local.running import RunningServices
from youthcare.runtime.processing import Unavailable
from youthcare.runtime.topic_creation import create_topics
from youthcare.runtime.topics import CARE_ALERTS, INDICATION_EVENTS, INTAKE, TRAJECTORY_FACTS
from youthcare.simulator.population import citizen_numbers

PER_SECOND, SECONDS = 200, 30
PATH = "/v1/alerts/stream"
TEAM = "noord"
ON_THE_WAY = (INDICATION_EVENTS, TRAJECTORY_FACTS, CARE_ALERTS)


@dataclass(slots=True)
class Listener:
    """A plain client of the stream; notes when the last byte about each request was read."""

    url: str
    token: str
    heard: dict[str, float] = field(default_factory=dict)
    listening: asyncio.Event = field(default_factory=asyncio.Event)
    events: int = 0

    async def listen(self) -> None:
        """Read until cancelled."""
        headers = {"Authorization": f"Bearer {self.token}"}
        async with (
            httpx.AsyncClient(timeout=None, trust_env=False) as client,  # noqa: S113 - it is there to wait
            client.stream("GET", self.url + PATH, headers=headers) as answer,
        ):
            if answer.status_code != httpx.codes.OK:
                raise Unavailable(f"the stream answered {answer.status_code}")
            record = ""
            async for line in answer.aiter_lines():
                self.listening.set()
                if line.startswith("data: "):
                    record = line[6:]
                elif not line and record:
                    self._note(json.loads(record)["anchor"])
                    record = ""

    def _note(self, anchor: str) -> None:
        self.events += 1
        self.heard.setdefault(anchor, time.monotonic())


@dataclass(slots=True)
class Hops(threading.Thread):
    """A plain consumer of each topic on the way and of the peer's; notes when each request was first seen on each."""

    ground: Ground
    seen: dict[str, dict[str, float]] = field(default_factory=dict)
    reading: threading.Event = field(default_factory=threading.Event)
    _stop_asked: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        threading.Thread.__init__(self, daemon=True)
        self.seen = {topic.name: {} for topic in (ROUND_TRIP, *ON_THE_WAY)}

    def __hash__(self) -> int:
        return id(self)

    def run(self) -> None:
        """Read from the present ends until told to stop."""
        broker = self.ground.settings().broker()
        consumer, inspector = Consumer(client_config(broker) | {"group.id": "hops"}), Inspector(broker)
        ends = [(name, inspector.end_offsets(inspector.identity(name))) for name in self.seen]
        consumer.assign([TopicPartition(name, each, end) for name, at in ends for each, end in at.items()])
        self.reading.set()
        while not self._stop_asked.is_set():
            for message in consumer.consume(1000, 0.05):
                if message.error() is None:
                    self._note(message, time.monotonic())
        consumer.close()

    def finish(self) -> None:
        """Stop reading."""
        self._stop_asked.set()
        self.join(10)

    def _note(self, message: Message, now: float) -> None:
        topic = str(message.topic())
        for request in _requests(topic, message.key() or b"", message.value() or b"{}"):
            self.seen[topic].setdefault(request, now)


def _requests(topic: str, key: bytes, value: bytes) -> Iterator[str]:
    """The requests that a record tells of."""
    content = {} if topic == ROUND_TRIP.name else orjson.loads(value)
    if topic == ROUND_TRIP.name:
        yield key.decode()
    elif topic == INDICATION_EVENTS.name:
        yield content.get("data", {}).get("request", "")
    elif topic == TRAJECTORY_FACTS.name:
        yield from (row["request"] for row in content.get("requests", ()))
    else:
        yield content.get("anchor", "")


def measure(ground: Ground, per_second: int = PER_SECOND, seconds: int = SECONDS) -> list[Result]:
    """Start all services, give youths care, ask for more at the pace, and tell how long each alert took."""
    create_topics(ground.settings().broker(), [ROUND_TRIP])
    services = RunningServices(stack=ground.stack, settings=ground.environment)
    services.start()
    try:
        bsns = list(islice(citizen_numbers(), per_second * seconds))
        doors = Doors(services.url("indication"), ground.issuer, MUNICIPALITY)
        token = ground.issuer.token(MUNICIPALITY, [f"team:{TEAM}"], datetime.now(UTC), timedelta(hours=1))
        listener = Listener(url=services.url("alerts"), token=token)
        sent, produced, hops = asyncio.run(_ask(ground, doors, bsns, listener, per_second))
    finally:
        services.stop()
    return _results(listener, sent, produced, hops)


async def _ask(
    ground: Ground, doors: Doors, bsns: Sequence[str], listener: Listener, per_second: int
) -> tuple[dict[str, float], dict[str, float], Hops]:
    """Care first; when its facts have settled, the requests on the beat of the clock, and bare records between them."""
    async with httpx.AsyncClient(timeout=PATIENCE_SECONDS, trust_env=False) as client:
        await give_care(doors, client, bsns)
    listening, hops = asyncio.create_task(listener.listen()), Hops(ground)
    hops.start()
    await asyncio.wait_for(listener.listening.wait(), PATIENCE_SECONDS)
    await _settled(ground, listener)
    await asyncio.to_thread(hops.reading.wait, PATIENCE_SECONDS)
    try:
        sent, produced = await _produce(ground, bsns, 1 / per_second)
        await _heard(sent, [listener.heard, *(hops.seen[topic.name] for topic in ON_THE_WAY)])
        await _heard(produced, [hops.seen[ROUND_TRIP.name]])
    finally:
        listening.cancel()
        hops.finish()
    return sent, produced, hops


async def _produce(ground: Ground, bsns: Sequence[str], pause: float) -> tuple[dict[str, float], dict[str, float]]:
    sent, produced = dict[str, float](), dict[str, float]()
    producer = Producer(client_config(ground.settings().broker()) | {"acks": "all", "linger.ms": 0})
    began = time.monotonic()
    for number, bsn in enumerate(bsns):
        request, body = request_for(number, bsn)
        await asyncio.sleep(began + number * pause - time.monotonic())
        sent[request] = time.monotonic()
        producer.produce(INTAKE.name, key=request, value=body)
        producer.poll(0)
        if number % 10 == 0:
            produced[request] = time.monotonic()
            producer.produce(ROUND_TRIP.name, key=request, value=body)
    await asyncio.to_thread(producer.flush, PATIENCE_SECONDS)
    return sent, produced


async def _settled(ground: Ground, listener: Listener) -> None:
    """Wait until the alerts worker has what was fed, so that the pace alone is measured."""
    broker, quiet, last = ground.settings().broker(), 0, -1
    inspector = Inspector(broker)
    while quiet < 3:
        await asyncio.sleep(1)
        topics = [inspector.identity(name) for name in ("trajectory-facts", "care-alerts")]
        ends = [await asyncio.to_thread(inspector.end_offsets, topic) for topic in topics]
        count = sum(sum(each.values()) for each in ends) + listener.events
        quiet, last = (quiet + 1 if count == last else 0), count


async def _heard(sent: Mapping[str, float], places: Sequence[Mapping[str, float]]) -> None:
    """Wait until every request was seen everywhere; raises `Unavailable` when that takes too long."""
    began = time.monotonic()
    while missing := sum(len(sent.keys() - seen.keys()) for seen in places):
        if time.monotonic() - began > PATIENCE_SECONDS:
            raise Unavailable(f"{missing} of {len(sent)} requests were not heard of")
        await asyncio.sleep(0.1)


def _results(listener: Listener, sent: dict[str, float], produced: dict[str, float], hops: Hops) -> list[Result]:
    trips = _taken(produced, hops.seen[ROUND_TRIP.name])
    steps = {f"statement to {topic.name}": _taken(sent, hops.seen[topic.name]) for topic in ON_THE_WAY}
    steps["statement to the stream"] = _taken(sent, listener.heard)
    results: list[Result] = []
    for name, share in (("median", 0.5), ("p99", 0.99)):
        peer = percentile(trips, share)
        results.append(Result(name=f"peer: produce and consume, {name}", unit="ms", runs=[peer]))
        results += [
            Result(name=f"{step}, {name}", unit="ms", runs=[percentile(taken, share)], peer=peer)
            for step, taken in steps.items()
        ]
    pace = (len(sent) - 1) / (max(sent.values()) - min(sent.values()))
    return [*results, Result(name="pace that was kept", unit="statements/s", runs=[pace])]


def _taken(since: Mapping[str, float], seen: Mapping[str, float]) -> list[float]:
    return [(seen[request] - at) * 1000 for request, at in since.items()]


def main() -> None:
    """Measure on a stack of its own and show."""
    asked = counts(__doc__, rate=PER_SECOND, seconds=SECONDS)
    with open_ground() as ground:
        title = f"Event stream at {asked.rate} statements a second for {asked.seconds} s"
        show(title, measure(ground, asked.rate, asked.seconds))


if __name__ == "__main__":
    main()
