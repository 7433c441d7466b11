"""Decisions read from bytes: the same bytes always make the same input.

Two rules. Hypothesis, a seeded generator and a file all give bytes, so that one maker of inputs serves them all and a
failure shrinks as bytes shrink. When the bytes are used up every decision is the first, so that short bytes make
plain inputs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

Thing = TypeVar("Thing")


@dataclass(slots=True)
class Entropy:
    """The bytes, and how many of them are used."""

    content: bytes
    at: int = 0

    def below(self, limit: int) -> int:
        """A number from 0 up to but not including `limit`."""
        width = 1 if limit <= 256 else 4
        taken = self.content[self.at : self.at + width]
        self.at += width
        return int.from_bytes(taken, "little") % limit

    def one(self, things: Sequence[Thing]) -> Thing:
        """One of these."""
        return things[self.below(len(things))]

    def once_in(self, times: int) -> bool:
        """True about once in so many times; never when the bytes are used up."""
        return self.below(times) == times - 1

    def few(self, most: int) -> int:
        """A small number, low ones more often."""
        return min(self.below(most + 1), self.below(most + 1))

    def raw(self, most: int) -> bytes:
        """Bytes as they are, at most so many."""
        length = self.below(most + 1)
        taken = self.content[self.at : self.at + length]
        self.at += length
        return taken
