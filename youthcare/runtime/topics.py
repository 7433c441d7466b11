"""The five topics of the system: name, key, writer, cleanup, each declared once.

1. One service writes a topic; others answer through another topic.
2. A partition count is fixed for a topic's life: another count is another topic (docs/operations.md).
3. All that is said about one youth stays in order: the partition is murmur2 over ``municipality/youth``, as
   Kafka's own Java client computes it, so that any sender and any tool finds the same one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256

PARTITION_COUNT = 12
MESSAGE_BYTES_MAX = 26 * 1024 * 1024
_MILLISECOND = timedelta(milliseconds=1)


def _ms(period: timedelta) -> str:
    return str(period // _MILLISECOND)


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """One topic. ``compaction_lag``: how long the broker leaves a record untouched; ``complete_while_young``:
    whether within that time no offset may be missing (false where senders may use transactions)."""

    name: str
    key: str
    value: str
    writer: str
    cleanup: str
    compaction_lag: timedelta
    complete_while_young: bool = True
    partition_count: int = PARTITION_COUNT
    more_config: tuple[tuple[str, str], ...] = field(default=())

    def config(self) -> dict[str, str]:
        """The topic's settings at the broker."""
        return {"cleanup.policy": self.cleanup, **dict(self.more_config)}


_COMPACTED = (
    ("min.compaction.lag.ms", _ms(timedelta(hours=12))),
    ("max.compaction.lag.ms", _ms(timedelta(hours=24))),
)

INTAKE = Topic(
    name="intake",
    key="the sender's choice",
    value="a CloudEvent or an iJw message as the sender wrote it, with its BSN",
    writer="senders",
    cleanup="delete",
    compaction_lag=timedelta(days=7),
    complete_while_young=False,
    more_config=(
        ("retention.ms", _ms(timedelta(days=7))),
        ("max.message.bytes", str(MESSAGE_BYTES_MAX)),
    ),
)
INDICATION_EVENTS = Topic(
    name="indication-events",
    key="municipality/youth/source/id",
    value="a canonical statement; null when forgotten",
    writer="indication",
    cleanup="compact",
    compaction_lag=timedelta(hours=12),
    more_config=_COMPACTED,
)
TRAJECTORY_FACTS = Topic(
    name="trajectory-facts",
    key="municipality/youth",
    value="YouthFacts with version and known day; null when forgotten",
    writer="trajectory",
    cleanup="compact",
    compaction_lag=timedelta(hours=12),
    more_config=_COMPACTED,
)
CARE_ALERTS = Topic(
    name="care-alerts",
    key="municipality/receiver/number, or municipality/receiver/heartbeat",
    value="an alert event, numbered per receiver, or that receiver's heartbeat",
    writer="alerts",
    cleanup="compact,delete",
    compaction_lag=timedelta(hours=12),
    more_config=(*_COMPACTED, ("retention.ms", _ms(timedelta(days=730)))),
)
REFUSALS = Topic(
    name="refusals",
    key="municipality/sender/number",
    value="a refusal: identification, field, code, guidance; never the payload",
    writer="indication",
    cleanup="compact,delete",
    compaction_lag=timedelta(hours=12),
    more_config=(*_COMPACTED, ("retention.ms", _ms(timedelta(days=90)))),
)
TOPICS: tuple[Topic, ...] = (INTAKE, INDICATION_EVENTS, TRAJECTORY_FACTS, CARE_ALERTS, REFUSALS)


def youth_key(municipality: str, youth: str) -> bytes:
    """The key of ``trajectory-facts``, and what the partition of a statement is computed from."""
    return f"{municipality}/{youth}".encode()


def statement_key(municipality: str, youth: str, source: str, statement: str) -> bytes:
    """The key of ``indication-events``: one statement, so that compaction keeps each of them."""
    return f"{municipality}/{youth}/{source}/{statement}".encode()


def alert_key(municipality: str, receiver: str, number: int) -> bytes:
    """The key of ``care-alerts``: the number runs per receiver."""
    return f"{municipality}/{receiver}/{number}".encode()


def refusal_key(municipality: str, sender: str, number: int) -> bytes:
    """The key of ``refusals``: the number runs per sender."""
    return f"{municipality}/{sender}/{number}".encode()


def youth_digest(municipality: str, youth: str) -> str:
    """What may be kept of a youth who was forgotten: SHA-256 of the key, in hexadecimal.

    The identifier is 122 random bits, so nobody finds it from the digest; who has the identifier can ask after it.
    """
    return sha256(youth_key(municipality, youth)).hexdigest()


def marker_key(partition: int) -> bytes:
    """The key of a marker: a record without a value that says nothing and makes the broker roll the partition's
    segment, so that its cleaner reaches what lies before it (docs/privacy.md)."""
    return f"{_MARKERS}/{partition}/roll".encode()


def is_marker(key: bytes | None) -> bool:
    """Whether a record of any topic of ours is a marker, which all readers pass over."""
    return (key or b"").startswith(_MARKERS.encode() + b"/")


# No municipality has this code.
_MARKERS = "0000/marker"


def partition_of(municipality: str, youth: str, count: int = PARTITION_COUNT) -> int:
    """The partition of all statements and facts of a youth."""
    return (murmur2(youth_key(municipality, youth)) & 0x7FFFFFFF) % count


def murmur2(data: bytes) -> int:
    """Kafka's murmur2 of 32 bits, unsigned (``org.apache.kafka.common.utils.Utils.murmur2``)."""
    multiplier, mask = 0x5BD1E995, 0xFFFFFFFF
    value = 0x9747B28C ^ len(data)
    whole = len(data) - len(data) % 4
    for start in range(0, whole, 4):
        block = int.from_bytes(data[start : start + 4], "little") * multiplier & mask
        block = (block ^ block >> 24) * multiplier & mask
        value = value * multiplier & mask ^ block
    if whole < len(data):
        value = (value ^ int.from_bytes(data[whole:], "little")) * multiplier & mask
    value = (value ^ value >> 13) * multiplier & mask
    return value ^ value >> 15
