"""The chain of a municipality's lines, and what is wrong with it: a line altered, removed or put in, and where.

Three rules. A chain that fits in itself can still have been made anew from some line on, or cut off at its end: heads
that were written elsewhere tell that. Lines that went at the end of their term leave the head that the chain goes on
from, and heads from elsewhere tell whether their term was over. Of several faults in a row the first names the place.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from youthcare.looks.line import Line, first_previous, hash_of


class Fault(StrEnum):
    """What is wrong with a chain at a place."""

    ALTERED = "altered"
    REMOVED = "removed"
    INSERTED = "inserted"
    REWRITTEN = "rewritten"
    CUT_OFF = "cut-off"
    TOO_SOON = "too-soon"


MEANINGS: Mapping[Fault, str] = {
    Fault.ALTERED: "its content is not what its hash was made of",
    Fault.REMOVED: "lines before it are gone",
    Fault.INSERTED: "it does not follow from the line before it",
    Fault.REWRITTEN: "its hash is another than the head that was written down",
    Fault.CUT_OFF: "a head was written down for it, and it is gone",
    Fault.TOO_SOON: "what was removed up to here had not come to the end of its term",
}
TERM_MIN = timedelta(days=365)
"""No look goes sooner, whatever a municipality chose; the database holds to a year as well."""
_SLACK = timedelta(minutes=10)
"""So much later than its line a head may be written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The last line of a municipality at some moment: its number and hash."""

    municipality: str
    number: int
    hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The head that stayed when lines went: the last of these, recorded before `before`, gone at `removed` (UTC)."""

    municipality: str
    number: int
    hash: bytes
    before: datetime
    removed: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A fault, and the line at which it shows."""

    municipality: str
    number: int
    fault: Fault


@dataclass(slots=True, kw_only=True)
class Walk:
    """A walk along the lines of one municipality, by number; `heads` are those written down elsewhere.

    `taken`: when each of these was written down. It begins after `kept`, or at the first line.
    """

    municipality: str
    heads: Mapping[int, bytes]
    taken: Mapping[int, datetime] = field(default_factory=dict)
    kept: Kept | None = None
    number: int = 0
    hash: bytes = b""

    def __post_init__(self) -> None:
        self.hash = first_previous(self.municipality)
        if self.kept is not None:
            self.number, self.hash = self.kept.number, self.kept.hash

    def begin(self) -> Iterator[Found]:
        """What is wrong with the head from which the chain goes on."""
        if self.kept is None:
            return
        if self.heads.get(self.kept.number, self.kept.hash) != self.kept.hash:
            yield self._found(self.kept.number, Fault.REWRITTEN)
        # What stood after a head was recorded after it was taken.
        younger = any(
            number < self.kept.number and taken - _SLACK > self.kept.before for number, taken in self.taken.items()
        )
        if younger or self.kept.before > self.kept.removed - TERM_MIN:
            yield self._found(self.kept.number, Fault.TOO_SOON)

    def step(self, line: Line) -> Iterator[Found]:
        """What is wrong with the next line, which becomes the one to follow."""
        if hash_of(line) != line.hash:
            yield self._found(line.number, Fault.ALTERED)
        if line.number != self.number + 1:
            yield self._found(line.number, Fault.REMOVED)
        elif line.previous != self.hash:
            yield self._found(line.number, Fault.INSERTED)
        if self.heads.get(line.number, line.hash) != line.hash:
            yield self._found(line.number, Fault.REWRITTEN)
        self.number, self.hash = line.number, line.hash

    def end(self) -> Iterator[Found]:
        """What is wrong with where the chain ends."""
        last = max(self.heads, default=0)
        if last > self.number:
            yield self._found(last, Fault.CUT_OFF)

    def _found(self, number: int, fault: Fault) -> Found:
        return Found(municipality=self.municipality, number=number, fault=fault)


def faults(
    municipality: str,
    lines: Iterable[Line],
    heads: Mapping[int, bytes],
    kept: Kept | None = None,
    taken: Mapping[int, datetime] | None = None,
) -> list[Found]:
    """All that is wrong with the lines of a municipality, given in the order of their numbers."""
    walk = Walk(municipality=municipality, heads=heads, taken=taken or {}, kept=kept)
    found = [*walk.begin(), *(each for line in lines for each in walk.step(line))]
    return found + list(walk.end())
