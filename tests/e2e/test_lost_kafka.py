"""An empty Kafka under an old PostgreSQL: everything comes back."""

import shutil
from pathlib import Path

from tests.e2e.town import ON_TOPIC, Year, missing, simulated_year, town
from youthcare.runtime.local.services import SERVICES
from youthcare.runtime.local.stack import Stack

__all__ = ["simulated_year"]

WRONG_TOPIC = 78


def test_an_empty_kafka_under_an_old_database_loses_nothing(year: Year, tmp_path: Path) -> None:
    """The workers refuse the new topics and say what to do; when that is done everything is as it was, and goes on."""
    first, second = year
    with town(tmp_path) as here:
        here.feed(first)
        here.settle()
        here.services.stop()
        lose_topics(here.stack)
        here.invoke("topics")

        ended = here.refused_workers()
        assert {service: code for service, (code, _) in ended.items()} == dict.fromkeys(SERVICES, WRONG_TOPIC)
        assert [service for service, (_, log) in ended.items() if "trajectwacht topics accept" not in log] == []

        for service in SERVICES:
            here.invoke("topics", "accept", service)
        here.invoke("indication", "republish")
        here.invoke("alerts", "republish")
        here.services.start()
        here.feed(second)
        here.settle()

        assert here.compared().differences == []
        assert {topic: missing(here, topic) for topic in ON_TOPIC} == dict.fromkeys(ON_TOPIC, 0)


def lose_topics(stack: Stack) -> None:
    """The broker's disk is gone: a new cluster starts on the same address, with nothing in it."""
    stack.broker.stop()
    shutil.rmtree(stack.folder / "kafka")
    stack.broker.start()
