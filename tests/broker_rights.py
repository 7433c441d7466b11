"""Who may read and write which topic, as a table, and how a broker is asked and its log is read."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, KafkaError, Message, Producer, TopicPartition

from youthcare.runtime.access_granting import MECHANISM
from youthcare.runtime.brokers import client_config
from youthcare.runtime.local.securing import SENDER
from youthcare.runtime.local.stack import Stack
from youthcare.runtime.settings import Settings
from youthcare.runtime.topic_access import INSPECTING_GROUP, OPERATOR, Right, Rule, Thing, declared
from youthcare.runtime.topics import TOPICS

RIGHTS = """
                    operator  indication  trajectory  indicators  alerts  auditor  sender
intake              rw        r-          --          --          --      --       -w
indication-events   rw        rw          r-          --          --      r-       --
trajectory-facts    rw        r-          -w          r-          r-      r-       --
care-alerts         rw        r-          --          --          -w      --       --
refusals            rw        rw          --          --          --      --       --
"""
"""`r`: may read, `w`: may write, `-`: may not. The whole of it: five topics, seven users."""
REFUSED = (KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.GROUP_AUTHORIZATION_FAILED)
Matrix = dict[tuple[str, str], str]
_LINE = re.compile(
    r"Principal = User:(\S+) is (Allowed|Denied) operation = (\w+) .* on resource = (\w+):LITERAL:(\S+) "
)
_RIGHTS = {
    "READ": Right.READ,
    "WRITE": Right.WRITE,
    "DESCRIBE": Right.SEE,
    "DESCRIBE_CONFIGS": Right.SEE_SETTINGS,
}
SUPER_USERS = (OPERATOR, "CN=broker")
"""Those whom the broker allows everything, by deploy/local/kafka/secured.properties; no rule is theirs."""
_THINGS = {"Topic": Thing.TOPIC, "Group": Thing.GROUP}


def matrix() -> Matrix:
    """The table by user and topic."""
    head, *lines = RIGHTS.strip("\n").splitlines()
    rows = [line.split() for line in lines]
    return {(user, row[0]): told for row in rows for user, told in zip(head.split(), row[1:], strict=True)}


def client(stack: Stack, user: str, **more: Any) -> dict[str, Any]:
    """The settings of a plain client that comes as a user of the broker."""
    broker = Settings.from_env(stack.environment(user)).broker()
    assert broker.sasl_mechanism in (None, MECHANISM)
    return {**client_config(broker), "log_level": 0, **more}


def asked_of(stack: Stack, user: str) -> Matrix:
    """What the broker lets a user do with each topic, tried with a record written and one read."""
    written, read = _written(stack, user), _read(stack, user)
    return {
        (user, topic.name): ("r" if read[topic.name] else "-") + ("w" if written[topic.name] else "-")
        for topic in TOPICS
    }


def _written(stack: Stack, user: str) -> Mapping[str, bool]:
    producer = Producer(client(stack, user, **{"message.timeout.ms": 20_000}))
    told: dict[str, bool] = {}

    def tell(name: str, error: KafkaError | None) -> None:
        assert error is None or error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED, (user, name, error)
        told[name] = error is None

    for topic in TOPICS:
        producer.produce(
            topic.name, key=b"0000/a-test", value=b"{}", partition=0, on_delivery=_telling(tell, topic.name)
        )
    assert producer.flush(30) == 0
    return told


def _telling(tell: Any, name: str) -> Any:
    return lambda error, _message: tell(name, error)


def _read(stack: Stack, user: str) -> Mapping[str, bool]:
    names = {"group.id": INSPECTING_GROUP, "enable.partition.eof": True, "enable.auto.commit": False}
    consumer = Consumer(client(stack, user, **names))
    seen = consumer.list_topics(timeout=30).topics
    # What a user may not even see is answered at once, and of the rest each is tried.
    told = {topic.name: False for topic in TOPICS if topic.name not in seen}
    try:
        consumer.assign([TopicPartition(topic.name, 0, 0) for topic in TOPICS if topic.name in seen])
        for _ in range(600):
            message = consumer.poll(0.1)
            if message is not None and message.topic():
                told.setdefault(str(message.topic()), _is_let(user, message))
            if len(told) == len(TOPICS):
                return told
    finally:
        consumer.close()
    raise AssertionError(f"{user} was told about {sorted(told)} alone")


def _is_let(user: str, message: Message) -> bool:
    error = message.error()
    if error is None or error.code() == KafkaError._PARTITION_EOF:  # the library names it so
        return True
    assert error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED, (user, message.topic(), error)
    return False


def told_by(logs: Path) -> tuple[set[Rule], set[Rule]]:
    """What a secured broker has allowed and what it has refused, by its own log; the rights that count here.

    To see what one may read or write is no right of its own, and super users are left out.
    """
    allowed: set[Rule] = set()
    refused: set[Rule] = set()
    for path in sorted(logs.glob("broker-access*.log")):
        for user, verdict, operation, thing, name in _LINE.findall(path.read_text(encoding="utf-8")):
            if operation in _RIGHTS and thing in _THINGS and user not in SUPER_USERS:
                rule = Rule(user=user, right=_RIGHTS[operation], thing=_THINGS[thing], name=name)
                (allowed if verdict == "Allowed" else refused).add(rule)
    more = {(rule.user, rule.thing, rule.name) for rule in declared([SENDER]) if rule.right is not Right.SEE}
    implied = {rule for rule in allowed if rule.right is Right.SEE and (rule.user, rule.thing, rule.name) in more}
    return allowed - implied, refused
