"""Messages per second through `POST /v1/ijw`, with one connection and with sixteen, beside a bare app.

Rules. The bodies are right messages of a simulated year, each sent once; the first part warms up. The peer reads the
same bodies and puts them on a topic (`bare_door.py`). Both are one process; both answer when Kafka has acknowledged.
"""

import http.client
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice

from benchmarks.bare_door import TOPIC
from benchmarks.ground import MUNICIPALITY, Ground, Running, open_ground, product_command
from benchmarks.results import Result, counts, show
from benchmarks.statements import envelopes
from youthcare.runtime.processing import Unavailable
from youthcare.runtime.topic_creation import create_topics
from youthcare.runtime.topics import Topic

MESSAGES, ROUNDS, YOUTHS = 500, 3, 900
CONNECTIONS = (1, 16)
PATIENCE_SECONDS = 60.0
BODIES = Topic(
    name=TOPIC, key="none", value="a message", writer="benchmarks", cleanup="delete", compaction_lag=timedelta(0)
)


@dataclass(slots=True)
class Measured:
    """Messages per second round by round, and processor time in milliseconds per message."""

    rates: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


def bodies(count: int, youths: int = YOUTHS) -> list[bytes]:
    """The first so many messages of the chain in a simulated year."""
    year = envelopes(MUNICIPALITY, youths)
    return list(islice((envelope.body for envelope in year if envelope.door == "ijw"), count))


def needed(messages: int = MESSAGES, rounds: int = ROUNDS) -> int:
    """How many bodies a run sends to each door: one part to warm up, one per round and number of connections."""
    return messages * (1 + rounds * len(CONNECTIONS))


def measure(ground: Ground, sent: Sequence[bytes], rounds: int = ROUNDS) -> list[Result]:
    """Send the bodies to both doors by turns, in equal parts."""
    create_topics(ground.settings().broker(), [BODIES])
    parts = _parts(sent, 1 + rounds * len(CONNECTIONS))
    with (
        ground.running("indication-api", *product_command("indication", "api")) as ours,
        ground.running("bare-door", sys.executable, "-m", "benchmarks.bare_door") as bare,
    ):
        doors, headers = {"ours": ours, "peer": bare}, _headers(ground)
        measured = {(name, count): Measured() for name in doors for count in CONNECTIONS}
        warm = next(parts)
        for running in doors.values():
            _send(running, headers, warm, max(CONNECTIONS))
        for _ in range(rounds):
            for count in CONNECTIONS:
                part = next(parts)
                for name, running in doors.items():
                    _time(measured[name, count], running, headers, part, count)
    return [
        result for count in CONNECTIONS for result in _results(measured["ours", count], measured["peer", count], count)
    ]


def _results(ours: Measured, peer: Measured, count: int) -> Iterator[Result]:
    by = f"{count} connection{'s' if count > 1 else ''}"
    bare = Result(name=f"peer: bare app, {by}", unit="messages/s", runs=peer.rates)
    bare_cpu = Result(name=f"peer: processor time, {by}", unit="ms/message", runs=peer.cpu)
    yield bare
    yield Result(name=f"POST /v1/ijw, {by}", unit="messages/s", runs=ours.rates, peer=bare.value)
    yield bare_cpu
    yield Result(name=f"processor time, {by}", unit="ms/message", runs=ours.cpu, peer=bare_cpu.value)


def _parts(sent: Sequence[bytes], count: int) -> Iterator[Sequence[bytes]]:
    size = len(sent) // count
    return (sent[number * size : (number + 1) * size] for number in range(count))


def _headers(ground: Ground) -> dict[str, str]:
    roles = [f"sender:urn:ijw:{MUNICIPALITY}"]
    token = ground.issuer.token(MUNICIPALITY, roles, datetime.now(UTC))
    return {"Authorization": f"Bearer {token}", "Content-Type": "application/xml"}


def _time(into: Measured, running: Running, headers: dict[str, str], part: Sequence[bytes], count: int) -> None:
    began, used = time.monotonic(), running.cpu_seconds()
    _send(running, headers, part, count)
    into.rates.append(len(part) / (time.monotonic() - began))
    into.cpu.append((running.cpu_seconds() - used) * 1000 / len(part))


def _send(running: Running, headers: dict[str, str], part: Sequence[bytes], count: int) -> None:
    """Send all over so many connections that stay open; plain sockets, to leave the machine to the doors."""
    left = iter(part)  # one iterator that all share: each takes the next

    def deliver(_connection: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=PATIENCE_SECONDS)
        for body in left:
            connection.request("POST", "/v1/ijw", body, headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status not in {202, 207}:
                raise Unavailable(f"the door answered {answer.status}")
        connection.close()

    with ThreadPoolExecutor(count) as pool:
        list(pool.map(deliver, range(count)))


def main() -> None:
    """Measure on a stack of its own and show."""
    asked = counts(__doc__, messages=MESSAGES, rounds=ROUNDS)
    sent = bodies(needed(asked.messages, asked.rounds))
    with open_ground() as ground:
        checked = "with" if "IJW_SCHEMA_FOLDER" in ground.environment else "without"
        show(f"Doors, {len(sent)} messages, {checked} the official schemas", measure(ground, sent, asked.rounds))


if __name__ == "__main__":
    main()
