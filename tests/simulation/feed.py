"""What comes in: a handful of youths, what is told of them, and the indication service's part in forgetting.

It does what the indication service promises on `indication-events`: a statement is told byte for byte the same each
time; after a wish nothing new is told of the youth; all of its records are wiped, the wish last; what is on the log
again later is wiped again. Whoever was merged into a forgotten youth is forgotten with it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from services.trajectory.processor import touches
from services.trajectory.store import statement_body
from tests import builders
from tests.simulation.log import Log
from youthcare.events import Statement, YouthMerged
from youthcare.runtime.processing import Record
from youthcare.runtime.topics import INDICATION_EVENTS, TRAJECTORY_FACTS, partition_of, statement_key
from youthcare.wire import statement_from_wire

MUNICIPALITY = "0153"
RECEIVED = ("2024-03-04T10:00:00Z", "2024-06-30T22:30:00Z", "2024-07-01T09:00:00Z")
PRODUCTS = ("45A04", "43A02", "45A04", "46A02", "42A03")
REASONS = ("31", "20", "37")
PROVIDERS = (builders.PROVIDER, builders.OTHER_PROVIDER)
SOURCES = (builders.TEAM_NORTH, builders.TEAM_NORTH, builders.IJW)
POISON = (b"{", b"\xff\xfe", b"[]", b"{}", b'{"specversion":"1.0","id":"1"}', b"null")
_AGAIN = ("forgotten", "again")
Enveloping = Callable[[str], builders.Envelope]


def statements_of(
    dice: random.Random, youth: str, others: Sequence[str], municipality: str = MUNICIPALITY
) -> Iterator[Statement]:
    """A registration, one or two indications with corrections, and now and then a merge."""

    def envelope(name: str) -> builders.Envelope:
        source = dice.choice(SOURCES)
        return {
            "youth": youth,
            "municipality": municipality,
            "source": source,
            "id": f"{youth[0]}-{name}",
            "received": dice.choice(RECEIVED),
        }

    rows = [builders.registered(team=dice.choice(("noord", "zuid")), birth_date="2008-05-05", **envelope("r"))]
    for number in range(dice.choice((1, 2))):
        rows += _indication(dice, f"{youth[0]}{number}", envelope)
    if others and dice.random() < 0.15:
        rows.append(builders.merged(into=dice.choice(others), **envelope("m")))
    return map(statement_from_wire, rows)


def _indication(dice: random.Random, name: str, envelope: Enveloping) -> Iterator[builders.Statement]:
    first = date(2024, 1, 1) + timedelta(days=dice.randrange(120))
    begun, stopped = first.isoformat(), (first + timedelta(days=dice.randrange(-5, 300))).isoformat()
    end = {"indication": name, "first_day": begun, "last_day": stopped, "reason": dice.choice(REASONS)}
    product, provider = dice.choice(PRODUCTS), dice.choice(PROVIDERS)
    yield builders.started(
        indication=name, first_day=begun, product=product, provider=provider, **envelope(f"{name}-s")
    )
    if dice.random() < 0.6:
        yield builders.granted(
            indication=name, first_day=begun, product=product, provider=provider, **envelope(f"{name}-g")
        )
    if dice.random() < 0.6:
        yield builders.ended(**end, **envelope(f"{name}-e"))
    if dice.random() < 0.3:
        yield builders.ended_retracted(**end, **envelope(f"{name}-er"))
    if dice.random() < 0.2:
        yield builders.started_retracted(indication=name, first_day=begun, **envelope(f"{name}-sr"))


@dataclass(slots=True, eq=False)
class Feed:
    """What is told and what is still to be told; who is to be forgotten."""

    log: Log
    untold: list[Statement] = field(default_factory=list)
    told: list[Statement] = field(default_factory=list)
    poison: list[Record] = field(default_factory=list)
    forgotten: set[str] = field(default_factory=set)
    """Of whom a wish stands or stood on the log."""
    by_key: dict[bytes, Statement] = field(default_factory=dict)

    def tell(self, row: Statement) -> None:
        """Put a statement on the log."""
        key = statement_key(row.municipality, row.youth, row.source, row.id)
        self.by_key[key] = row
        self.log.append(INDICATION_EVENTS.name, key, statement_body(row), partition=self._partition(row.youth))

    def tell_next(self, count: int) -> list[Statement]:
        """Tell the next statements."""
        now, self.untold = self.untold[:count], self.untold[count:]
        self.told += now
        for row in now:
            self.tell(row)
        return now

    def spoil(self, dice: random.Random) -> Record:
        """Put something on a topic that means nothing."""
        topic = dice.choice((INDICATION_EVENTS, INDICATION_EVENTS, TRAJECTORY_FACTS)).name
        key = dice.choice((b"0153/x/y/z", b"\xff", b"nothing"))
        record = self.log.append(topic, key, dice.choice(POISON), partition=dice.randrange(self._count))
        self.poison.append(record)
        return record

    def forget(self, youth: str) -> list[str]:
        """A wish: of the youth and of all whom the register knows as merged into it; nothing more is told of them."""
        known = sorted({row.youth for row in self.told})
        gone = [youth, *(each for each in known if _leads_to(each, youth, self.told))]
        gone = [each for each in gone if each not in self.forgotten]
        for each in gone:
            wish = builders.forgotten(
                youth=each, municipality=MUNICIPALITY, id=f"{each[0]}-w", received="2024-07-02T09:00:00Z"
            )
            row = statement_from_wire(wish)
            self.told.append(row)
            self.tell(row)
        self.forgotten |= set(gone)
        forgotten = {(MUNICIPALITY, each) for each in self.forgotten}
        # A merge into somebody whom nobody knows would make a new youth, which is not this story.
        self.untold = [row for row in self.untold if not touches(row, forgotten)]
        return gone

    def wipe(self, youth: str) -> int:
        """Tombstones for all that the log has of a forgotten youth, the wish last, then one that asks again."""
        keys = self._living(youth)
        for key in sorted(keys, key=lambda key: key.endswith(b"-w")):
            self._put_tombstone(youth, key)
        return len(keys)

    def is_on_the_log(self, youth: str) -> bool:
        """Whether a record of the youth still has content."""
        return bool(self._living(youth))

    def ask_again(self, youth: str) -> None:
        """Have the trajectory service wipe a youth once more, for readers that a late record escaped."""
        self._put_tombstone(youth, statement_key(MUNICIPALITY, youth, *_AGAIN))

    def known(self) -> list[Statement]:
        """What counts in the end: all that was told of those who are not forgotten."""
        return [row for row in self.told if row.youth not in self.forgotten]

    @property
    def _count(self) -> int:
        return self.log.topics[INDICATION_EVENTS.name].partition_count

    def _partition(self, youth: str) -> int:
        return partition_of(MUNICIPALITY, youth, self._count)

    def _put_tombstone(self, youth: str, key: bytes) -> None:
        self.log.append(INDICATION_EVENTS.name, key, None, partition=self._partition(youth))

    def _living(self, youth: str) -> list[bytes]:
        prefix = f"{MUNICIPALITY}/{youth}/".encode()
        last = self.log.last_by_key(INDICATION_EVENTS.name)
        return [key for key, record in last.items() if key.startswith(prefix) and record.value is not None]


def _leads_to(youth: str, into: str, told: Sequence[Statement]) -> bool:
    """Whether merges that were told lead from one youth to another."""
    seen, edge = set(), {youth}
    while edge:
        seen |= edge
        edge = {row.data.into for row in told if isinstance(row.data, YouthMerged) and row.youth in edge} - seen
    return youth != into and into in seen
