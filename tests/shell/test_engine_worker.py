"""A real worker as a process: its group, its health, its stopping, and what it does with positions."""

from __future__ import annotations

import asyncio
import os
import signal
import uuid
from dataclasses import replace
from pathlib import Path

import asyncpg
import httpx
import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from tests.chaos.empty_processor import Plan
from tests.chaos.workers import Sender, judge, make_topics, ready, settle, until, working
from youthcare.runtime.brokers import client_config
from youthcare.runtime.local.stack import Stack


@pytest.fixture
def plan(stack: Stack) -> Plan:
    made = Plan(bootstrap_servers=stack.bootstrap_servers, dsn=stack.dsn("trajectory"), run=uuid.uuid4().hex[:8])
    make_topics(made)
    return made


def send(plan: Plan, count: int) -> set[str]:
    """Send ids and return them."""
    sender = Sender(plan, count, per_second=5000)
    sender.start()
    return sender.finish()


def execute(plan: Plan, statement: str) -> None:
    """Run one statement as the service's role."""

    async def run() -> None:
        connection = await asyncpg.connect(plan.dsn)
        await connection.execute(statement)
        await connection.close()

    asyncio.run(run())


def test_faust_moves_the_partitions_of_a_worker_that_stops(plan: Plan, tmp_path: Path) -> None:
    """Two workers share the twelve partitions; one is asked to stop, leaves at once, and the other has them all."""
    with working(plan, tmp_path, "first") as (first, _), working(plan, tmp_path, "second") as (second, address):
        until(lambda: shares(plan) == [6, 6], "two workers with six partitions each")
        first.terminate()
        assert first.wait(25) == 0
        until(lambda: shares(plan) == [12], "one worker with twelve partitions", seconds=5)
        sent = send(plan, 500)
        settle(plan, 30)

        assert judge(plan, sent).exact()
        assert 'youthcare_consumer_lag{partition="11"' in httpx.get(f"{address}/metrics").text
        second.terminate()
        assert second.wait(25) == 0


def shares(plan: Plan) -> list[int]:
    """How many partitions each member of the group holds, as the broker tells; empty while it cannot tell yet."""
    group = f"trajectwacht-{plan.processor_name()}"
    admin = AdminClient(client_config(plan.worker_settings().broker))
    try:
        members = admin.describe_consumer_groups([group])[group].result(10).members
    except KafkaException:
        return []
    return sorted(len(member.assignment.topic_partitions) for member in members)


def test_tables_older_than_kafkas_positions_are_caught_up(plan: Plan, tmp_path: Path) -> None:
    """Postgres restored from an older dump under a newer log: read again from the tables' position (engine.md §1)."""
    with working(plan, tmp_path) as (worker, _):
        sent = send(plan, 600)
        settle(plan, 30)
        worker.terminate()
        assert worker.wait(25) == 0
    execute(plan, f"delete from {plan.table()}")
    execute(plan, f"update progress set next_offset = 0 where processor = '{plan.processor_name()}'")

    with working(plan, tmp_path):
        settle(plan, 30)

    assert judge(plan, sent).exact()


def test_a_reader_that_passed_over_records_starts_again_from_its_position(plan: Plan, tmp_path: Path) -> None:
    """What comes lies beyond the position: nothing is applied, the exit code asks for a start, and that heals it."""
    with working(plan, tmp_path) as (worker, _):
        sent = send(plan, 600)
        settle(plan, 30)
        execute(plan, f"delete from {plan.table()}")
        execute(plan, f"update progress set next_offset = 0 where processor = '{plan.processor_name()}'")
        sent |= send(plan, 24)
        assert worker.wait(30) == 75
    assert '"reason": "skipped"' in (tmp_path / "worker.log").read_text()

    with working(plan, tmp_path, "again"):
        settle(plan, 30)

    assert judge(plan, sent).exact()


def test_tables_that_are_gone_are_filled_again(plan: Plan, tmp_path: Path) -> None:
    """Without any position the whole topic is read, though Kafka has the group at the end."""
    with working(plan, tmp_path) as (worker, _):
        sent = send(plan, 300)
        settle(plan, 30)
        worker.terminate()
        assert worker.wait(25) == 0
    execute(plan, f"drop table {plan.table()}")
    execute(plan, f"delete from progress where processor = '{plan.processor_name()}'")

    with working(plan, tmp_path):
        settle(plan, 30)

    assert judge(plan, sent).exact()


def test_a_replaced_topic_stops_the_worker_with_an_instruction(plan: Plan, tmp_path: Path) -> None:
    """Tables built from another topic of the same name: exit code 78, and the log says what to do."""
    with working(plan, tmp_path) as (worker, address):
        until(lambda: ready(address), "ready")
        worker.terminate()
        assert worker.wait(25) == 0
    execute(plan, f"update progress set topic_id = 'another' where processor = '{plan.processor_name()}'")

    with working(plan, tmp_path, "second") as (worker, _):
        assert worker.wait(30) == 78
    assert "topics accept" in (tmp_path / "second.log").read_text()


def test_a_worker_frozen_between_produce_and_flush_harms_nothing(plan: Plan, tmp_path: Path) -> None:
    """Its group and its session give it up; the other takes over, and the woken one neither loses nor spoils."""
    frozen = replace(plan, kill_point="after-produce", kill_at_hit=2, kill_signal=signal.SIGSTOP)
    sender = Sender(plan, 1500, per_second=200)
    with working(frozen, tmp_path, "first") as (first, _), working(plan, tmp_path, "second"):
        until(lambda: shares(plan) == [6, 6], "two workers with six partitions each")
        sender.start()
        until(lambda: stopped(first.pid), "the first is frozen")
        until(lambda: shares(plan) == [12], "the other has all")
        sent = sender.finish()
        settle(plan, 40)
        os.kill(first.pid, signal.SIGCONT)
        until(lambda: shares(plan) == [6, 6], "the woken one is back")

        assert judge(plan, sent | send_more(plan, len(sent))).exact()


def stopped(pid: int) -> bool:
    """Whether a process is frozen by SIGSTOP."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def send_more(plan: Plan, already: int) -> set[str]:
    """Send the ids after those already sent, wait until they are applied, and return them."""
    sender = Sender(plan, already + 300, per_second=2000, sent={f"id-{number}" for number in range(already)})
    sender.start()
    sent = sender.finish()
    settle(plan, 30)
    return sent
