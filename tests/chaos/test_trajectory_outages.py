"""The trajectory service outlives outages of Kafka and Postgres, moving partitions, and restored or emptied stores."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from services.trajectory.app import empty, rebuild_from_topic
from tests.chaos.trajectories import Feed, facts_table, judge, make_topics, settle
from tests.chaos.trajectory_pair import ROOT, is_frozen, working
from tests.chaos.trajectory_worker import Fault, Plan
from tests.chaos.workers import ready, until
from tests.looks import key_file
from tests.stack import new_municipality, run_stack
from tests.tokens import AUDIENCE, ISSUER, Issuer
from youthcare.runtime.brokers import client_config
from youthcare.runtime.local.stack import Stack
from youthcare.runtime.postgres import open_pool

OUTAGE_SECONDS = 20


@pytest.fixture
def own_stack() -> Iterator[Stack]:
    """A stack that a test may break."""
    with run_stack(with_monitoring=False) as running:
        yield running


@pytest.fixture
def plan(stack: Stack) -> Plan:
    """A run of its own in the shared stack."""
    return run_in(stack)


def run_in(stack: Stack) -> Plan:
    """A run with topics of its own."""
    made = Plan(bootstrap_servers=stack.bootstrap_servers, dsn=stack.dsn("trajectory"), run=uuid.uuid4().hex[:8])
    make_topics(made)
    return made


def feed_of(plan: Plan, youths_min: int = 60, per_second: int = 200) -> Feed:
    """A feed about a municipality of its own."""
    return Feed(plan, new_municipality(), 20240930, youths_min, per_second)


@contextmanager
def serving(stack: Stack, folder: Path) -> Iterator[str]:
    """The service's API as a process of its own; its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    keys = folder / "jwks.json"
    keys.write_bytes(Issuer().jwks())
    tokens = {"JWKS_FILE": str(keys), "TOKEN_ISSUER": ISSUER, "TOKEN_AUDIENCE": AUDIENCE}
    log = {"ACCESS_LOG_KEYS_FILE": key_file(folder)}
    environment = {**os.environ, "TRAJECTORY_DSN": stack.dsn("trajectory"), "HTTP_PORT": str(port), **tokens, **log}
    command = [sys.executable, "-c", "from youthcare.cli import main; main()", "trajectory", "api"]
    with (folder / "api.log").open("ab") as lines:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=lines, stderr=lines)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def problems(address: str) -> list[str]:
    """What a process says is in the way; its status agrees."""
    answer = httpx.get(f"{address}/health/ready", timeout=10)
    found: list[str] = answer.json()["problems"]
    assert answer.status_code == (503 if found else 200)
    return found


def shares(plan: Plan) -> list[int]:
    """How many partitions each member of the group holds, as the broker tells; empty while it cannot tell yet."""
    admin = AdminClient(client_config(plan.worker_settings().broker))
    try:
        members = admin.describe_consumer_groups([plan.group()])[plan.group()].result(10).members
    except KafkaException:
        return []
    return sorted(len(member.assignment.topic_partitions) for member in members)


def stopped(worker: subprocess.Popen[bytes]) -> bool:
    """Ask a worker to stop; whether it did so cleanly."""
    worker.terminate()
    return worker.wait(30) == 0


def test_the_service_comes_back_by_itself_after_outages(own_stack: Stack, tmp_path: Path) -> None:
    """Kafka away for 20 s, Postgres dropped at once: nothing lost, the same process, readiness true (issue 2)."""
    plan = run_in(own_stack)
    feed = feed_of(plan)
    with working(plan, tmp_path) as (worker, address), serving(own_stack, tmp_path) as api:
        until(lambda: ready(address) and ready(api), "worker and API are ready at first", 60)
        feed.start()
        own_stack.broker.stop()
        away_since = time.monotonic()
        until(lambda: "Kafka does not answer" in problems(address), "the worker tells that Kafka is away")
        assert problems(api) == [], "the API needs no Kafka"
        until(lambda: time.monotonic() - away_since > OUTAGE_SECONDS, "the outage is over")
        own_stack.broker.start()
        until(lambda: ready(address), "ready after Kafka came back", 60)
        own_stack.database.stop(mode="immediate")
        until(lambda: "PostgreSQL does not answer" in problems(address), "the worker tells that Postgres is away")
        until(lambda: problems(api) == ["database"], "the API tells that Postgres is away")
        own_stack.database.start()
        until(lambda: ready(address) and ready(api), "ready after Postgres came back", 60)
        sent = feed.finish()
        settle(plan)

        assert worker.poll() is None, "the worker ended"
        assert judge(plan, sent).exact()
        assert stopped(worker)


def test_faust_moves_the_partitions_of_a_worker_that_stops(plan: Plan, tmp_path: Path) -> None:
    """Two workers share the twelve partitions; one stops, and the other has them all and goes on (issue 2)."""
    feed = feed_of(plan)
    with working(plan, tmp_path, "first") as (first, _), working(plan, tmp_path, "second") as (second, _):
        until(lambda: shares(plan) == [6, 6], "two workers with six partitions each", 60)
        feed.start()
        assert stopped(first)
        until(lambda: shares(plan) == [12], "one worker with twelve partitions")
        sent = feed.finish()
        settle(plan)

        assert judge(plan, sent).exact()
        assert stopped(second)


def test_a_worker_frozen_between_produce_and_flush_leaves_nothing_wrong(plan: Plan, tmp_path: Path) -> None:
    """Its lock and its group give it up, the other takes over; woken, it spoils neither table nor reader (§1.5)."""
    frozen = replace(plan, faults=(Fault(point="after-produce", signal=signal.SIGSTOP, at_hit=2),))
    feed = feed_of(plan, 120)
    with working(frozen, tmp_path, "first") as (first, _), working(plan, tmp_path, "second"):
        until(lambda: shares(plan) == [6, 6], "two workers with six partitions each", 60)
        feed.start()
        until(lambda: is_frozen(first.pid), "the first is frozen")
        until(lambda: shares(plan) == [12], "the other has all")
        sent = feed.finish()
        settle(plan)
        os.kill(first.pid, signal.SIGCONT)
        until(lambda: shares(plan) == [6, 6], "the woken one is back", 60)
        more = Feed(plan, sent[0].municipality, 20240930, 120, 1000)
        more.start()
        more.finish()
        settle(plan)

        assert judge(plan, sent).exact()


@pytest.mark.prove
def test_tables_restored_from_an_older_copy_are_caught_up(own_stack: Stack, tmp_path: Path) -> None:
    """A newer log over an older database: positions in the tables are the authority, and what is missing is read."""
    plan = run_in(own_stack)
    data = next((own_stack.folder / "database").glob("data-*"))
    sent = []
    for round_number in (1, 2):
        feed = feed_of(plan)
        with working(plan, tmp_path, f"round-{round_number}") as (worker, _):
            feed.start()
            sent.append(feed.finish())
            settle(plan)
            assert stopped(worker)
        if round_number == 1:
            own_stack.database.stop()
            copy_whole(data, tmp_path / "copy")
            own_stack.database.start()
    own_stack.database.stop()
    shutil.rmtree(data)
    copy_whole(tmp_path / "copy", data)
    own_stack.database.start()
    assert not facts_table(plan, sent[1][0].municipality), "the copy is older than the second round"

    with working(plan, tmp_path, "after"):
        settle(plan)

    assert all(judge(plan, each).exact() for each in sent)


def copy_whole(source: Path, target: Path) -> None:
    """Copy a folder with its owners and modes."""
    subprocess.run(["cp", "-a", str(source), str(target)], check=True)


def test_an_emptied_kafka_stops_the_worker_with_an_instruction(plan: Plan, tmp_path: Path) -> None:
    """Topics made anew under tables that know the old ones: exit code 78, said what to do, nothing lost."""
    feed = feed_of(plan)
    with working(plan, tmp_path, "before") as (worker, _):
        feed.start()
        sent = feed.finish()
        settle(plan)
        assert stopped(worker)
    before = facts_table(plan, sent[0].municipality)
    remake_topics(plan)

    with working(plan, tmp_path, "after") as (worker, _):
        assert worker.wait(60) == 78

    told = (tmp_path / "after.log").read_text()
    assert f"Restore topic {plan.events().name}" in told
    assert "topics accept` for each service" in told, "what to do is not cut off"
    assert facts_table(plan, sent[0].municipality) == before


def remake_topics(plan: Plan) -> None:
    """Delete the topics of a run and make them again, empty."""
    admin = AdminClient(client_config(plan.worker_settings().broker))
    names = [plan.events().name, plan.facts().name]
    for deleted in admin.delete_topics(names).values():
        deleted.result(30)
    until(lambda: not set(names) & set(admin.list_topics(timeout=10).topics), "the topics are gone")
    make_topics(plan)


@pytest.mark.prove
def test_a_rebuild_that_is_cut_short_is_finished_by_the_worker(plan: Plan, tmp_path: Path) -> None:
    """Tables emptied and the command killed before it filled them: their positions went with them (engine.md §1)."""
    feed = feed_of(plan)
    with working(plan, tmp_path, "before") as (worker, _):
        feed.start()
        sent = feed.finish()
        settle(plan)
        assert stopped(worker)
    asyncio.run(emptied(plan))
    assert not facts_table(plan, sent[0].municipality)

    with working(plan, tmp_path, "after"):
        settle(plan)

    assert judge(plan, sent).exact()


@pytest.mark.prove
def test_a_rebuild_beside_a_live_worker_leaves_what_replay_says(plan: Plan, tmp_path: Path) -> None:
    """The whole topic in large batches, while the worker goes on or is started again (engine.md §1)."""
    feed = feed_of(plan)
    with working(plan, tmp_path, "live"):
        feed.start()
        until(lambda: bool(facts_table(plan, feed.municipality)), "the first facts", 60)
        asyncio.run(rebuild_from_topic(plan.processor(), plan.worker_settings()))
        sent = feed.finish()
    with working(plan, tmp_path, "again"):
        settle(plan)

    assert judge(plan, sent).exact()


async def emptied(plan: Plan) -> None:
    """Do the first half of a rebuild."""
    pool = await open_pool(plan.worker_settings().database, "test", all_municipalities=True)
    await empty(plan.processor(), pool)
    await pool.close()
