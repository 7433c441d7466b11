"""What a topic still holds of youths, read from its start to its end of now.

Two rules. On the topics of youths the key tells whose a record is, on `care-alerts` its value, and on `refusals` what
was noted when they were found. A look is made anew for every step.
"""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from youthcare.runtime.processing import Record
from youthcare.runtime.reading import Span, span_of
from youthcare.runtime.settings import BrokerSettings
from youthcare.runtime.topics import CARE_ALERTS, REFUSALS, Topic, is_marker

Place = tuple[str, str]
"""Municipality and youth."""


@dataclass(slots=True, kw_only=True)
class Look:
    """What stands of the youths asked for: any record, any content, and the keys whose last record has content."""

    ends: dict[int, int]
    seen: set[Place] = field(default_factory=set)
    held: set[Place] = field(default_factory=set)
    living: dict[bytes, Place] = field(default_factory=dict)
    others: set[Place] = field(default_factory=set)
    """Everyone else of whom a key has content."""

    def keys_of(self, place: Place) -> list[bytes]:
        """The keys of a youth that still have content, which a tombstone should have taken."""
        return sorted(key for key, whose in self.living.items() if whose == place)

    def take(self, record: Record, place: Place | None, wanted: Collection[Place]) -> None:
        """Note one record, in the order of its partition."""
        key = record.key or b""
        if record.value is None:
            self.living.pop(key, None)
        if place is None or place not in wanted:
            self.others |= {place} if place is not None and record.value is not None else set()
            return
        self.seen.add(place)
        if record.value is not None:
            self.held.add(place)
            self.living[key] = place


async def look(broker: BrokerSettings, topic: Topic, wanted: Collection[Place], keys: Mapping[bytes, Place]) -> Look:
    """What a topic holds of the youths given; `keys` are those of refusals. Raises `Unavailable`."""
    span = await span_of(broker, topic.name)
    found = Look(ends=dict(span.ends))
    if topic is CARE_ALERTS:
        await _read(span, _by_value, wanted, found)
    elif topic is REFUSALS:
        await _read(span, lambda record: keys.get(record.key or b""), wanted, found)
    else:
        await _read(span, _by_key, wanted, found)
    return found


async def _read(span: Span, whose: Callable[[Record], Place | None], wanted: Collection[Place], found: Look) -> None:
    asked = frozenset(wanted)
    async for batch in span.batches():
        for record in batch:
            if not is_marker(record.key):
                found.take(record, whose(record), asked)


def _by_key(record: Record) -> Place | None:
    parts = (record.key or b"").decode(errors="replace").split("/", 2)
    return (parts[0], parts[1]) if len(parts) > 1 else None


def _by_value(record: Record) -> Place | None:
    content = json.loads(record.value or b"{}")
    youth = content.get("youth")
    return (content["municipality"], youth) if youth else None
