"""What is asked of the broker outside the stream: identities, offsets, and one record at a time.

All calls are blocking and are made off the event loop by their callers. A broker that does not answer is
``Unavailable``; what it answers is the truth about a topic, also when the stream believes otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from datetime import timedelta
from typing import TypeVar

from confluent_kafka import (
    Consumer,
    ConsumerGroupTopicPartitions,
    KafkaException,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # public, not listed
    AdminClient,
    ConfigResource,
    OffsetSpec,
    ResourceType,
)

from youthcare.runtime.processing import TopicIdentity, Unavailable, WrongTopic
from youthcare.runtime.settings import BrokerSettings
from youthcare.runtime.topic_access import INSPECTING_GROUP

ANSWER_SECONDS = 10.0
EARLIEST: OffsetSpec = OffsetSpec.earliest()  # type: ignore[no-untyped-call]
LATEST: OffsetSpec = OffsetSpec.latest()  # type: ignore[no-untyped-call]
_NOT_TOLD = ("TOPIC_AUTHORIZATION_FAILED", "CLUSTER_AUTHORIZATION_FAILED")
T = TypeVar("T")


def client_config(settings: BrokerSettings) -> dict[str, str | int | float | bool]:
    """The part of a librdkafka configuration that says how to reach and trust the broker."""
    given = {
        "bootstrap.servers": settings.bootstrap_servers,
        "security.protocol": settings.security,
        "ssl.ca.location": settings.ca_file,
        "ssl.certificate.location": settings.certificate_file,
        "ssl.key.location": settings.key_file,
        "sasl.mechanism": settings.sasl_mechanism,
        "sasl.username": settings.username,
        "sasl.password": settings.password,
        # The client's own log lines can hold keys; ours say what is worth telling.
        "log_level": "2",
    }
    return {name: value for name, value in given.items() if value is not None}


class Inspector:
    """Asks the broker about one topic; safe to call from several threads in turn."""

    def __init__(self, settings: BrokerSettings) -> None:
        self._config = client_config(settings)
        self._admin = AdminClient(dict(self._config))

    def identity(self, topic: str) -> TopicIdentity:
        """Id and partition count; raises ``WrongTopic`` when the topic does not exist, else ``Unavailable``."""
        future = self._admin.describe_topics(TopicCollection([topic]), request_timeout=ANSWER_SECONDS)[topic]
        try:
            described = future.result(ANSWER_SECONDS)
        except KafkaException as error:
            if error.args[0].name() == "UNKNOWN_TOPIC_OR_PART":
                raise WrongTopic(f"Topic {topic} does not exist: run `trajectwacht topics`.") from None
            raise Unavailable(f"Kafka: {error.args[0].name()}") from None
        except TimeoutError:
            raise Unavailable("Kafka does not answer") from None
        return TopicIdentity(name=topic, topic_id=str(described.topic_id), partition_count=len(described.partitions))

    def first_offsets(self, identity: TopicIdentity) -> dict[int, int]:
        """The first offset that each partition still holds."""
        return self._offsets(identity, EARLIEST)

    def end_offsets(self, identity: TopicIdentity) -> dict[int, int]:
        """The offset after the last record of each partition, records of open transactions included."""
        return self._offsets(identity, LATEST)

    def committed(self, group: str, identity: TopicIdentity) -> dict[int, int]:
        """The next offset of each partition that a group has acknowledged; a partition it never had is left out."""
        asked = [TopicPartition(identity.name, each) for each in range(identity.partition_count)]
        wanted = [ConsumerGroupTopicPartitions(group, asked)]
        futures = self._admin.list_consumer_group_offsets(wanted, request_timeout=ANSWER_SECONDS)
        found = answered(futures[group]).topic_partitions or []
        return {each.partition: each.offset for each in found if each.offset >= 0}

    def _offsets(self, identity: TopicIdentity, which: OffsetSpec) -> dict[int, int]:
        asked = {TopicPartition(identity.name, each): which for each in range(identity.partition_count)}
        futures = self._admin.list_offsets(asked, request_timeout=ANSWER_SECONDS)
        return {each.partition: answered(future).offset for each, future in futures.items()}

    def compaction_lag(self, topic: str) -> timedelta | None:
        """How long this broker leaves a record of a topic untouched; None: it does not compact it, or does not say."""
        wanted = ConfigResource(ResourceType.TOPIC, topic)
        future = self._admin.describe_configs([wanted], request_timeout=ANSWER_SECONDS)[wanted]
        try:
            found = {name: entry.value for name, entry in future.result(ANSWER_SECONDS).items()}
        except KafkaException as error:
            if error.args[0].name() in _NOT_TOLD:
                return None
            raise Unavailable(f"Kafka: {error.args[0].name()}") from None
        except TimeoutError:
            raise Unavailable("Kafka does not answer") from None
        compacts = "compact" in (found.get("cleanup.policy") or "")
        return timedelta(milliseconds=int(found["min.compaction.lag.ms"] or 0)) if compacts else None

    def first_held(self, topic: str, partition: int, offset: int, wait_seconds: float = 3.0) -> int | None:
        """The offset of the first record that can be read from ``offset`` on; None when there is none."""
        settings = self._config | {"group.id": INSPECTING_GROUP, "enable.auto.commit": False}
        consumer = Consumer(settings | {"auto.offset.reset": "earliest", "fetch.wait.max.ms": 100})
        try:
            consumer.assign([TopicPartition(topic, partition, offset)])
            message = consumer.poll(wait_seconds)
            if message is None:
                return None
            _raise_unavailable(message.error())
            return message.offset()
        finally:
            consumer.close()


def answered(future: Future[T]) -> T:
    """What the broker answered; raises ``Unavailable`` when it did not, or could not."""
    try:
        return future.result(ANSWER_SECONDS)
    except KafkaException as error:
        raise Unavailable(f"Kafka: {error.args[0].name()}") from None
    except TimeoutError:
        raise Unavailable("Kafka does not answer") from None


def _raise_unavailable(error: object | None) -> None:
    if error is not None:
        name = getattr(error, "name", None)
        raise Unavailable(f"Kafka: {name() if callable(name) else 'error'}")


def total_lag(ends: Mapping[int, int], reached: Mapping[int, int], partitions: Iterable[int]) -> dict[int, int]:
    """Per partition how many offsets are still to be read."""
    return {each: max(0, ends.get(each, 0) - reached.get(each, 0)) for each in partitions}
