"""Before derived tables are emptied: that nobody works on them, and that nothing told before is read into them again.

Two rules. What was told and not yet read would come before what is told anew, and hide it: so all of it is read first.
The broker takes a group's position from an outsider only while the group has no members: that is how we know.
"""

import asyncio
from collections.abc import Mapping

from confluent_kafka import Consumer, KafkaException, TopicPartition

from youthcare.runtime.brokers import Inspector, client_config
from youthcare.runtime.postgres import Connection
from youthcare.runtime.processing import Unavailable
from youthcare.runtime.progress import read_positions
from youthcare.runtime.settings import BrokerSettings
from youthcare.runtime.topic_access import group_of
from youthcare.runtime.topics import Topic


async def stopped(broker: BrokerSettings, service: str, topic: Topic) -> None:
    """See that no worker of a service runs, wherever it is in a topic; raises `Unavailable`."""
    inspector = Inspector(broker)
    identity = await asyncio.to_thread(inspector.identity, topic.name)
    reached = await asyncio.to_thread(inspector.committed, group_of(service), identity)
    if reached:
        await asyncio.to_thread(_acknowledge, broker, service, topic, reached)


async def rest(broker: BrokerSettings, connection: Connection, service: str, topic: Topic) -> None:
    """See that the workers of a service are stopped and have read all of a topic; raises `Unavailable`."""
    inspector = Inspector(broker)
    identity = await asyncio.to_thread(inspector.identity, topic.name)
    ends = await asyncio.to_thread(inspector.end_offsets, identity)
    positions = await read_positions(connection, service, identity)
    reached = {each: position.next_offset for each, position in positions.items()}
    if any(end > reached.get(partition, 0) for partition, end in ends.items()):
        raise Unavailable(f"the {service} worker has not read all that was told; let it catch up, then stop it")
    await asyncio.to_thread(_acknowledge, broker, service, topic, ends)


def _acknowledge(broker: BrokerSettings, service: str, topic: Topic, ends: Mapping[int, int]) -> None:
    # Else a worker would begin where it last acknowledged, which may lie before what its tables held.
    consumer = Consumer(client_config(broker) | {"group.id": group_of(service), "enable.auto.commit": False})
    try:
        reached = [TopicPartition(topic.name, each, end) for each, end in ends.items()]
        consumer.commit(offsets=reached, asynchronous=False)
    except KafkaException as error:
        raise Unavailable(f"a {service} worker still runs, or Kafka is away: {error.args[0].name()}") from None
    finally:
        consumer.close()
