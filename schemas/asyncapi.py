"""The AsyncAPI 3.0 document of the five topics, from their declarations in `youthcare/runtime/topics.py`.

One rule: it holds no shape of its own; every message points at the JSON Schema file beside it.
"""

from typing import Any

from youthcare.runtime.topics import TOPICS, Topic

_TITLES = {
    "intake": "What a sender on Kafka states",
    "indication-events": "Canonical statement",
    "trajectory-facts": "Facts of a youth",
    "care-alerts": "An alert reached a state, or the heartbeat of a receiver",
    "refusals": "A refusal",
}


_ABOUT = (
    "Topics of Trajectwacht. A value that is null on a compacted topic means: forgotten; under a key that begins with "
    "0000/marker it means nothing."
)


def document() -> dict[str, Any]:
    """The whole document."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Trajectwacht",
            "version": "1.0.0",
            "description": _ABOUT,
            "license": {"name": "EUPL-1.2"},
        },
        "defaultContentType": "application/json",
        "channels": {topic.name: _channel(topic) for topic in TOPICS},
        "operations": {f"{_verb(topic)}-{topic.name}": _operation(topic) for topic in TOPICS},
    }


def _channel(topic: Topic) -> dict[str, Any]:
    return {
        "address": topic.name,
        "description": f"Key: {topic.key}. Value: {topic.value}. Written by: {topic.writer}.",
        "messages": {"value": _message(topic)},
        "bindings": {"kafka": {"partitions": topic.partition_count, "topicConfiguration": _configuration(topic)}},
    }


def _message(topic: Topic) -> dict[str, Any]:
    message: dict[str, Any] = {
        "title": _TITLES[topic.name],
        "payload": {"$ref": f"./{topic.name}.schema.json"},
        "bindings": {"kafka": {"key": {"type": "string", "description": topic.key}}},
    }
    if topic.name in _DESCRIPTIONS:
        message["description"] = _DESCRIPTIONS[topic.name]
    return message


_DESCRIPTIONS = {
    "intake": (
        "One event, a list of events, or an iJw message as XML, told by its first character. It says itself for which "
        "municipality and source it speaks: the broker's access rights decide who may write here."
    ),
    "care-alerts": (
        "Numbers run per receiver without gaps. Under `municipality/receiver/heartbeat` stands, once a minute, up to "
        "which number all was published; a record of that key has `kind` and no `number`."
    ),
}


def _configuration(topic: Topic) -> dict[str, Any]:
    return {"cleanup.policy": topic.cleanup.split(",")}


def _verb(topic: Topic) -> str:
    return "receive" if topic.name == "intake" else "send"


def _operation(topic: Topic) -> dict[str, Any]:
    return {"action": _verb(topic), "channel": {"$ref": f"#/channels/{topic.name}"}}
