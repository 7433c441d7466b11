"""Topics at a real broker: made once, refused when otherwise, and keyed as every client keys."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType  # type: ignore[attr-defined]

from tests.chaos.workers import read_all
from tests.core.test_topics import PINNED
from youthcare.runtime.brokers import Inspector
from youthcare.runtime.local.stack import Stack
from youthcare.runtime.processing import Outgoing, WrongTopic
from youthcare.runtime.producing import Publisher
from youthcare.runtime.settings import BrokerSettings, Settings
from youthcare.runtime.topic_creation import create_topics
from youthcare.runtime.topics import TOPICS, Topic, youth_key


@pytest.fixture
def broker(stack: Stack) -> BrokerSettings:
    return Settings.from_env({"KAFKA_BOOTSTRAP_SERVERS": stack.bootstrap_servers}).broker()


def fresh(**changed: object) -> Topic:
    """A topic of this test alone."""
    topic = Topic(
        name=f"topics-{uuid.uuid4().hex[:8]}",
        key="k",
        value="v",
        writer="a test",
        cleanup="compact",
        compaction_lag=timedelta(hours=12),
    )
    return replace(topic, **changed)  # type: ignore[arg-type]


def test_creating_twice_changes_nothing(broker: BrokerSettings) -> None:
    """The command is idempotent: the second time it finds all as declared."""
    topic = fresh()
    first, second = create_topics(broker, [topic]), create_topics(broker, [topic])

    assert [report.created for report in (*first, *second)] == [True, False]
    assert Inspector(broker).identity(topic.name).partition_count == 12


def test_the_five_topics_get_their_declared_settings(broker: BrokerSettings) -> None:
    """What the broker says afterwards is what is declared."""
    create_topics(broker)
    admin = AdminClient({"bootstrap.servers": broker.bootstrap_servers})
    asked = {ConfigResource(ResourceType.TOPIC, topic.name): topic for topic in TOPICS}
    for resource, future in admin.describe_configs(list(asked)).items():
        topic, found = asked[resource], future.result(10)

        assert {name: found[name].value for name in topic.config()} == topic.config(), topic.name


@pytest.mark.parametrize("changed", [{"partition_count": 6}, {"cleanup": "delete"}], ids=["count", "cleanup"])
def test_a_topic_that_is_otherwise_is_refused_with_an_instruction(
    broker: BrokerSettings, changed: dict[str, object]
) -> None:
    """Never altered in place: another count is a new topic (design.md §2)."""
    topic = fresh()
    create_topics(broker, [topic])

    with pytest.raises(WrongTopic, match=r"docs/operations\.md"):
        create_topics(broker, [replace(topic, **changed)])  # type: ignore[arg-type]
    assert Inspector(broker).identity(topic.name).partition_count == 12


def test_a_topic_that_does_not_exist_says_which_command_makes_it(broker: BrokerSettings) -> None:
    """An instruction, not a stack trace."""
    with pytest.raises(WrongTopic, match="trajectwacht topics"):
        Inspector(broker).identity("no-such-topic")


async def test_librdkafka_places_a_youth_where_we_compute(broker: BrokerSettings) -> None:
    """`murmur2_random` over `municipality/youth` is our `partition_of`, for a plain producer and for ours."""
    topic = fresh()
    create_topics(broker, [topic])
    plain = Producer({"bootstrap.servers": broker.bootstrap_servers, "partitioner": "murmur2_random"})
    for municipality, youth in PINNED:
        plain.produce(topic.name, key=youth_key(municipality, youth), value=b"plain")
    assert plain.flush(20) == 0
    await Publisher(broker).publish(
        [Outgoing(topic=topic.name, key=youth_key(*youth), value=b"ours") for youth in PINNED]
    )

    found = read_all(broker.bootstrap_servers, topic.name)

    expected = {youth_key(*youth): partition for youth, partition in PINNED.items()}
    assert {(key, partition) for key, _value, partition in found} == set(expected.items())
    assert len(found) == 2 * len(PINNED)


async def test_a_given_partition_and_a_tombstone_arrive_as_given(broker: BrokerSettings) -> None:
    """The key of a statement is longer than what its partition is computed from (design.md §2)."""
    topic = fresh()
    create_topics(broker, [topic])

    await Publisher(broker).publish(
        [Outgoing(topic=topic.name, key=b"a", value=None, partition=number) for number in (3, 7)]
    )

    assert sorted(read_all(broker.bootstrap_servers, topic.name)) == [(b"a", None, 3), (b"a", None, 7)]
