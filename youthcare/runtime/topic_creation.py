"""Making the topics, and refusing a topic that is there but otherwise than declared.

1. Running it twice changes nothing.
2. Another partition count or cleanup is never altered in place: it would break the order of a youth's statements
   or throw away the log. The refusal says so; how to move to a new topic stands in docs/operations.md.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from confluent_kafka import KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # public, but not listed as such
    AdminClient,
    ConfigResource,
    NewTopic,
    ResourceType,
)

from youthcare.runtime.brokers import ANSWER_SECONDS, Inspector, answered, client_config
from youthcare.runtime.processing import Unavailable, WrongTopic
from youthcare.runtime.settings import BrokerSettings
from youthcare.runtime.topics import TOPICS, Topic


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicReport:
    """What was found or done for one topic."""

    name: str
    created: bool
    partition_count: int


def create_topics(
    settings: BrokerSettings, topics: Sequence[Topic] = TOPICS, replication: int = 1
) -> list[TopicReport]:
    """Make what is missing and check what is there.

    Raises ``WrongTopic`` when an existing topic has another partition count or cleanup, ``Unavailable``
    when the broker does not answer.
    """
    admin = AdminClient(client_config(settings))
    inspector = Inspector(settings)
    reports = []
    for topic in topics:
        created = _created(admin, topic, replication)
        if created:
            _wait_until_served(inspector, topic)
        else:
            _require_as_declared(admin, inspector, topic)
        reports.append(TopicReport(name=topic.name, created=created, partition_count=topic.partition_count))
    return reports


def _created(admin: AdminClient, topic: Topic, replication: int) -> bool:
    wanted = NewTopic(
        topic.name,
        num_partitions=topic.partition_count,
        replication_factor=replication,
        config=topic.config(),
    )
    try:
        admin.create_topics([wanted], request_timeout=ANSWER_SECONDS)[topic.name].result(ANSWER_SECONDS)
    except KafkaException as error:
        if error.args[0].name() == "TOPIC_ALREADY_EXISTS":
            return False
        raise Unavailable(f"Kafka: {error.args[0].name()}") from None
    except TimeoutError:
        raise Unavailable("Kafka does not answer") from None
    return True


def _wait_until_served(inspector: Inspector, topic: Topic) -> None:
    """The controller has made the topic; wait until the brokers know it too and answer for all partitions."""
    deadline = time.monotonic() + ANSWER_SECONDS
    while True:
        try:
            inspector.end_offsets(inspector.identity(topic.name))
            return
        except (WrongTopic, Unavailable):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _require_as_declared(admin: AdminClient, inspector: Inspector, topic: Topic) -> None:
    found_count = inspector.identity(topic.name).partition_count
    resource = ConfigResource(ResourceType.TOPIC, topic.name)
    found = answered(admin.describe_configs([resource], request_timeout=ANSWER_SECONDS)[resource])
    found_cleanup = set(str(found["cleanup.policy"].value).split(","))
    if found_count == topic.partition_count and found_cleanup == set(topic.cleanup.split(",")):
        return
    raise WrongTopic(
        f"Topic {topic.name} has {found_count} partitions and cleanup {','.join(sorted(found_cleanup))}; declared "
        f"are {topic.partition_count} and {topic.cleanup}. It is not altered in place: make a new topic by "
        f"moving to a new topic (docs/operations.md)."
    )
