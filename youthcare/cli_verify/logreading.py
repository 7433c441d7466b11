"""The log as `verify` folds it: youth by youth, some partitions at a time, and youths that were merged at the end.

Three rules. One partition is held at once, or several small ones, beside those who were merged. Of each key of
`trajectory-facts` only the digest of its last record is held. A youth is told by the key of a record, so that what is
not asked for is not decoded.
"""

import hashlib
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field, replace

import orjson

from services.trajectory.processor import YouthKey, components
from youthcare.cli_verify.expecting import Values
from youthcare.events import YouthMerged
from youthcare.runtime.processing import Record
from youthcare.runtime.reading import Span

_MERGED = YouthMerged.type.encode()
GROUPS_AT_ONCE = 100
HELD_MAX = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Whom a reading is about: everyone, one municipality, or these youths and those merged with them."""

    municipality: str | None = None
    youths: frozenset[YouthKey] | None = None

    def key_of(self, record: Record) -> YouthKey | None:
        """The youth of a record on either topic; None when it is not wanted or no youth's."""
        parts = (record.key or b"").decode(errors="replace").split("/", 2)
        if len(parts) < 2 or self.municipality not in (None, parts[0]):
            return None
        return parts[0], parts[1]

    def takes(self, key: YouthKey) -> bool:
        """Whether a youth is wanted."""
        return self.youths is None or key in self.youths


@dataclass(slots=True)
class Kin:
    """Who belongs together, and whose statements the log holds at all."""

    groups: dict[YouthKey, int] = field(default_factory=dict)
    municipalities: set[str] = field(default_factory=set)

    def with_all(self, wanted: Wanted) -> Wanted:
        """The same wish, widened to all who are merged with those wanted."""
        if wanted.youths is None:
            return wanted
        numbers = {self.groups[key] for key in wanted.youths if key in self.groups}
        kin = {key for key, number in self.groups.items() if number in numbers}
        return replace(wanted, youths=wanted.youths | kin)


async def read_kin(span: Span, wanted: Wanted) -> Kin:
    """Who was merged with whom, over all partitions: the only thing that must be known before the fold."""
    kin, links = Kin(), list[tuple[YouthKey, YouthKey]]()
    async for batch in span.batches():
        for record in batch:
            key = wanted.key_of(record)
            if key is None or record.value is None:
                continue
            kin.municipalities.add(key[0])
            if _MERGED in record.value:
                links += _links(key, record.value)
    for number, group in enumerate(components(links)):
        kin.groups |= dict.fromkeys(group, number)
    return kin


def _links(key: YouthKey, value: bytes) -> Iterable[tuple[YouthKey, YouthKey]]:
    try:
        into = orjson.loads(value)["data"]["into"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return []  # a text that only looks like one, or no statement at all
    return [(key, (key[0], str(into)))]


async def read_groups(span: Span, wanted: Wanted, kin: Kin) -> AsyncIterator[list[Values]]:
    """The records of each group of youths, a few groups at once; tombstones take away what their key said."""
    merged: dict[int, _Held] = defaultdict(_Held)
    for some in _spans_to_hold(span):
        alone: dict[YouthKey, _Held] = defaultdict(_Held)
        async for batch in some.batches():
            for record in batch:
                key = wanted.key_of(record)
                if key is not None and wanted.takes(key):
                    number = kin.groups.get(key)
                    (alone[key] if number is None else merged[number]).add(record)
        for part in _in_parts(alone):
            yield part
    for part in _in_parts(merged):
        yield part


def _spans_to_hold(span: Span) -> Iterable[Span]:
    """Partitions that are read and held together: as many as hold no more than `HELD_MAX` records, but at least one."""
    some: dict[int, int] = {}
    held = 0
    for partition, end in sorted(span.ends.items()):
        count = end - span.starts.get(partition, 0)
        if some and held + count > HELD_MAX:
            yield replace(span, ends=some)
            some, held = {}, 0
        some[partition] = end
        held += count
    yield replace(span, ends=some)


def _in_parts(held: "Mapping[YouthKey, _Held] | Mapping[int, _Held]") -> Iterable[list[Values]]:
    part: list[Values] = []
    for each in held.values():
        part.append(each.values())
        if len(part) == GROUPS_AT_ONCE:
            yield part
            part = []
    if part:
        yield part


@dataclass(slots=True)
class _Held:
    """The records of one group by key; a key whose records differ keeps each of them."""

    by_key: dict[bytes, tuple[bytes, ...]] = field(default_factory=dict)

    def add(self, record: Record) -> None:
        """Take one record, in the order of its partition."""
        key, value = record.key or b"", record.value
        if value is None:
            self.by_key.pop(key, None)
        elif value not in (known := self.by_key.get(key, ())):
            self.by_key[key] = (*known, value)

    def values(self) -> list[bytes]:
        """All that was said and not taken away."""
        return [value for values in self.by_key.values() for value in values]


async def read_last_facts(span: Span, wanted: Wanted) -> dict[YouthKey, bytes | None]:
    """Of each youth the digest of the last record on `trajectory-facts`; None for a tombstone."""
    found: dict[YouthKey, bytes | None] = {}
    async for batch in span.batches():
        for record in batch:
            key = wanted.key_of(record)
            if key is not None and wanted.takes(key):
                found[key] = None if record.value is None else hashlib.sha256(record.value).digest()
    return found
