"""What a batch of `trajectory-facts` brings: the newest facts of each youth, who is forgotten, and what is no facts."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

import orjson

from services.alerts.processor import YouthKey
from youthcare.runtime.processing import Record
from youthcare.runtime.topics import is_marker
from youthcare.wire import from_wire
from youthcare.youthfacts import YouthFacts

_KEY = re.compile(r"([0-9]{4})/(.+)")


@dataclass(slots=True, kw_only=True)
class News:
    """What a batch brings: the newest facts of each youth as told and as JSON, who is forgotten, what is no facts."""

    told: list[YouthFacts] = field(default_factory=list)
    bodies: dict[YouthKey, bytes] = field(default_factory=dict)
    forgotten: set[YouthKey] = field(default_factory=set)
    received_at: dict[YouthKey, datetime] = field(default_factory=dict)
    refused: list[Record] = field(default_factory=list)
    marked: set[int] = field(default_factory=set)
    """The partitions on which a marker stands."""

    @property
    def municipalities(self) -> set[str]:
        """Whose alerts may change."""
        return {row.municipality for row in self.told} | {key[0] for key in self.forgotten}


def read(batch: Sequence[Record]) -> News:
    """The news of a batch; a record that is no facts is refused by its place, never by its content.

    Of what is told of one youth only the newest is made out: the rest would be taken back at once.
    """
    news = News()
    told: dict[YouthKey, list[_Raw]] = {}
    for record in batch:
        if is_marker(record.key):
            news.marked.add(record.partition)
            continue
        key = _KEY.fullmatch((record.key or b"").decode(errors="replace"))
        raw = _find_raw(record)
        if raw is not None:
            told.setdefault(raw.youth, []).append(raw)
        elif record.value is None and key is not None:
            news.forgotten.add((key[1], key[2]))
            told.pop((key[1], key[2]), None)
        else:
            news.refused.append(record)
    for raws in told.values():
        _take_newest(news, raws)
    return news


class _Raw(NamedTuple):
    """A record that tells of a youth, by what orders such records."""

    stamp: tuple[Any, Any]
    youth: YouthKey
    record: Record
    content: Any


# Whatever stands on the topic is outside data here, so that a wrong shape is refused and stops nothing.
_WRONG_SHAPE = (ValueError, TypeError, KeyError, AttributeError, AssertionError)


def _find_raw(record: Record) -> _Raw | None:
    try:
        content = orjson.loads(record.value or b"")
        rules, count = content["version"]
        key = _KEY.fullmatch(f"{content['municipality']}/{content['youth']}")
        stamp = (int(rules), int(count)), date.fromisoformat(content["known_day"])
    except _WRONG_SHAPE:
        return None
    return None if key is None else _Raw(stamp=stamp, youth=(key[1], key[2]), record=record, content=content)


def _take_newest(news: News, raws: Sequence[_Raw]) -> None:
    for raw in sorted(raws, key=lambda raw: raw.stamp, reverse=True):
        try:
            facts = from_wire(YouthFacts, raw.content)
        except _WRONG_SHAPE:
            news.refused.append(raw.record)
            continue
        news.told.append(facts)
        news.bodies[raw.youth] = raw.record.value or b""
        news.received_at |= _received_at(raw.record, facts)
        return


def _received_at(record: Record, facts: YouthFacts) -> dict[YouthKey, datetime]:
    """When the newest statement behind the facts was received, as their teller says in a header; for the metric."""
    stated = dict(record.headers).get("received-at", b"").decode(errors="replace")
    try:
        instant = datetime.fromisoformat(stated)
    except ValueError:
        return {}
    return {(facts.municipality, facts.youth): instant} if instant.tzinfo else {}
