"""Kafka away for twenty seconds and Postgres restarted under a running stream: the worker comes back by itself."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.chaos.empty_processor import Plan
from tests.chaos.workers import Sender, judge, make_topics, ready, settle, until, working
from tests.stack import run_stack
from youthcare.runtime.local.stack import Stack

# The trajectory suites prove the same engine with the real processor in `make test`; this one runs in `make prove`.
pytestmark = pytest.mark.prove
OUTAGE_SECONDS = 20


@pytest.fixture
def own_stack() -> Iterator[Stack]:
    """A stack that this test may break."""
    with run_stack(with_monitoring=False) as running:
        yield running


def problems(address: str) -> list[str]:
    """What the worker says is in the way."""
    found: list[str] = httpx.get(f"{address}/health/ready", timeout=10).json()["problems"]
    return found


def test_a_worker_comes_back_by_itself_after_outages(own_stack: Stack, tmp_path: Path) -> None:
    """Nothing is lost, the same process goes on, and readiness tells the truth meanwhile (issue 2)."""
    plan = Plan(
        bootstrap_servers=own_stack.bootstrap_servers, dsn=own_stack.dsn("trajectory"), run=uuid.uuid4().hex[:8]
    )
    make_topics(plan)
    sender = Sender(plan, 3000, per_second=200)
    with working(plan, tmp_path) as (worker, address):
        until(lambda: ready(address), "ready at first")
        sender.start()
        own_stack.broker.stop()
        away_since = time.monotonic()
        until(lambda: "Kafka does not answer" in problems(address), "the outage of Kafka shows")
        until(lambda: time.monotonic() - away_since > OUTAGE_SECONDS, "the outage is over")
        own_stack.broker.start()
        until(lambda: ready(address), "ready after Kafka came back", seconds=60)
        for _ in range(3):
            own_stack.database.restart(mode="immediate")
            until(lambda: ready(address), "ready after PostgreSQL came back", seconds=60)
        sent = sender.finish()
        settle(plan, 60)

        assert worker.poll() is None, "the worker ended"
        assert judge(plan, sent).exact()
        worker.terminate()
        assert worker.wait(30) == 0
