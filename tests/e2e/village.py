"""The golden village through the real doors: what was answered, what the trajectory service then knows.

Rules. The indication API and the trajectory worker are processes of their own, with their own settings and logs;
the trajectory API answers in this process. Whose facts are whose is found as only the keeper of the keys can: by
looking the number up in the identity table.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from confluent_kafka import Consumer, TopicPartition

from services.indication.identity import lookup
from services.trajectory.api import api
from services.trajectory.store import find_facts
from tests.conftest import REPOSITORY
from tests.indication import CHAIN, TEAM, World, free_port, running, until
from tests.stories.cases import Case, Message
from youthcare.runtime.sealing import read_keys
from youthcare.runtime.settings import Settings
from youthcare.youthfacts import YouthFacts

MUNICIPALITY, EVENTS = "0153", "indication-events"
CARRIED = "nl.jeugdzorg.message.carried.v1"
SOURCES = (CHAIN, TEAM, "/0153/wijkteam-centrum")
Refusal = tuple[str, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lived:
    """What became of each case, by its name; a case without a youth is missing from all but the refusals."""

    refusals: Mapping[str, Sequence[Refusal]]
    facts: Mapping[str, YouthFacts]
    statement_counts: Mapping[str, int]
    answers: Mapping[tuple[str, date], Mapping[str, Any]]
    texts: Mapping[str, str]
    logs: Sequence[Path]


@contextmanager
def trajectory_worker(world: World, folder: Path) -> Iterator[str]:
    """`trajectwacht trajectory worker` as a process; answers where it tells its metrics."""
    port, log = free_port(), folder / "trajectory-worker.log"
    dsn = world.stack.dsn("trajectory")
    settings = world.environment(TRAJECTORY_DSN=dsn, METRICS_PORT=str(port), LOG_LEVEL="debug")
    command = [sys.executable, "-m", "youthcare.cli", "trajectory", "worker"]
    with log.open("ab") as out:
        handle = subprocess.Popen(command, env={**os.environ, **settings}, cwd=REPOSITORY, stdout=out, stderr=out)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        handle.terminate()
        handle.wait(timeout=30)


def live(world: World, village: Sequence[Case], folder: Path) -> Lived:
    """Feed all cases, each in its order of arrival, and wait until the trajectory tables have caught up."""
    with running(world, "api", folder, LOG_LEVEL="debug") as doors, trajectory_worker(world, folder) as worker:
        with httpx.Client(base_url=doors.address, headers=world.header(*SOURCES), timeout=60) as client:
            responses = {case.name: [_post(client, message) for message in case.messages] for case in village}
            texts = {"metrics of the doors": client.get("/metrics").text}
        until(lambda: asyncio.run(_caught_up(world)), "the trajectory tables have caught up")
        texts["metrics of the worker"] = httpx.get(f"{worker}/metrics").text
    texts |= {f"answers to {name}": "\n".join(row.text for row in rows) for name, rows in responses.items()}
    refusals = {name: _refusals(rows) for name, rows in responses.items()}
    return asyncio.run(_known(world, village, refusals, texts, sorted(folder.glob("*.log"))))


def _post(client: httpx.Client, message: Message) -> httpx.Response:
    response = client.post("/v1/ijw" if message.is_xml else "/v1/events", content=message.body)
    assert response.status_code in (202, 207, 422), response.text
    return response


def _refusals(responses: Sequence[httpx.Response]) -> list[Refusal]:
    answers = [answer for response in responses for answer in response.json()]
    return [(answer["code"], answer.get("field")) for answer in answers if answer["status"] == "refused"]


@asynccontextmanager
async def _session(world: World, service: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    connection = await asyncpg.connect(world.stack.dsn(service), server_settings={"app.municipality": "*"})
    try:
        yield connection
    finally:
        await connection.close()


async def _caught_up(world: World) -> bool:
    """Whether the worker's positions have reached the ends of the topic as they are now."""
    ends = _ends(world)
    async with _session(world, "trajectory") as connection:
        if await connection.fetchval("select to_regclass('progress')") is None:
            return False
        rows = await connection.fetch(
            "select partition, next_offset from progress where processor = 'trajectory' and topic = $1", EVENTS
        )
    reached = {row["partition"]: row["next_offset"] for row in rows}
    return all(reached.get(partition, 0) >= end for partition, end in ends.items())


def _ends(world: World) -> Mapping[int, int]:
    """The end of each partition of `indication-events` that holds anything."""
    consumer = Consumer({"bootstrap.servers": world.stack.bootstrap_servers, "group.id": "ends"})
    try:
        partitions = consumer.list_topics(EVENTS, 10).topics[EVENTS].partitions
        marks = {each: consumer.get_watermark_offsets(TopicPartition(EVENTS, each), 10) for each in partitions}
        return {partition: high for partition, (_low, high) in marks.items() if high > 0}
    finally:
        consumer.close()


async def _known(
    world: World,
    village: Sequence[Case],
    refusals: Mapping[str, Sequence[Refusal]],
    texts: Mapping[str, str],
    logs: Sequence[Path],
) -> Lived:
    youths = await _youths(world, village)
    async with _session(world, "trajectory") as connection:
        found = {name: await find_facts(connection, MUNICIPALITY, youth) for name, youth in youths.items()}
        counts = {name: await connection.fetchval(_COUNT, MUNICIPALITY, youth) for name, youth in youths.items()}
    return Lived(
        refusals=refusals,
        facts={name: facts for name, facts in found.items() if facts is not None},
        statement_counts=counts,
        answers=await _answers(world, village, youths),
        texts=texts,
        logs=logs,
    )


_COUNT = f"""
select count(*) from statement
where municipality = $1 and youth = $2 and convert_from(body, 'UTF8')::jsonb ->> 'type' <> '{CARRIED}'
"""


async def _youths(world: World, village: Sequence[Case]) -> Mapping[str, str]:
    """The youth of each case that has one, as the identity table tells to who holds its key."""
    own = read_keys(world.folder / "keys.json")[MUNICIPALITY]
    async with _session(world, "indication") as connection:
        rows = await connection.fetch("select lookup, youth from identity where municipality = $1", MUNICIPALITY)
    by_lookup = {row["lookup"]: row["youth"] for row in rows}
    marks = {case.name: lookup(own.lookup[own.lookup_version], MUNICIPALITY, case.bsn) for case in village}
    return {name: by_lookup[mark] for name, mark in marks.items() if mark in by_lookup}


async def _answers(
    world: World, village: Sequence[Case], youths: Mapping[str, str]
) -> Mapping[tuple[str, date], Mapping[str, Any]]:
    """What a supervisor is answered about each youth on each day that its case asks."""
    app = api(Settings.from_env(world.environment(TRAJECTORY_DSN=world.stack.dsn("trajectory"))))
    header = world.issuer.header("supervisor")
    answers: dict[tuple[str, date], Mapping[str, Any]] = {}
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://trajectory", headers=header) as client:
            for case in village:
                for expected in case.expected if case.name in youths else ():
                    place = f"/v1/youths/{youths[case.name]}/trajectory"
                    response = await client.get(place, params={"on": expected.on.isoformat()})
                    assert response.status_code == 200, response.text
                    answers[case.name, expected.on] = response.json()
    return answers
