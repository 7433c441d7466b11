"""A fingerprint of a sum of steps: one number that is equal when every cell is, without holding the cells.

It is linear: the fingerprint of a sum is the sum of the fingerprints. So each youth can be taken by itself, in any
order and in any process, and a table that holds the sums has the same number. A cell weighs the product of two
numbers drawn by a salt, one for its place and one for its days: sums that differ are polynomials in these that differ,
and have the same value modulo a prime with a chance of about 2^-124. The salt is drawn for each run.
"""

import hashlib
from collections.abc import Iterable, Sequence

Cell = tuple[object, ...]
"""Where an amount stands: its place, then its two days; every part has one text."""

PRIME = (1 << 127) - 1
DAY_PARTS = 2
PLACES_HELD_MAX = 200_000


class Fingerprinter:
    """Gives the fingerprint of cells with their amounts; holds the last weights, as youths share places and days."""

    def __init__(self, salt: bytes) -> None:
        self._salt = salt
        self._places: dict[Cell, int] = {}
        self._days: dict[Cell, int] = {}
        _, self._second, self._third = (self._drawn("amount", (number,)) for number in range(3))

    def of(self, rows: Iterable[tuple[Cell, Sequence[int]]]) -> int:
        """The fingerprint of amounts by cell; a cell may come more than once, its amounts add up."""
        total, second, third = 0, self._second, self._third
        for cell, (numerator, denominator, pending) in rows:
            amount = numerator + denominator * second + pending * third
            total += self._place(cell[:-DAY_PARTS]) * self._day(cell[-DAY_PARTS:]) % PRIME * amount
        return total % PRIME

    def _place(self, place: Cell) -> int:
        weight = self._places.get(place)
        if weight is None:
            if len(self._places) >= PLACES_HELD_MAX:
                self._places.clear()
            weight = self._places[place] = self._drawn("place", place)
        return weight

    def _day(self, days: Cell) -> int:
        weight = self._days.get(days)
        if weight is None:
            if len(self._days) >= PLACES_HELD_MAX:
                self._days.clear()
            weight = self._days[days] = self._drawn("days", days)
        return weight

    def _drawn(self, what: str, parts: Cell) -> int:
        text = "\x1f".join((what, *map(str, parts))).encode()
        return int.from_bytes(hashlib.blake2b(text, key=self._salt[:64], digest_size=24).digest(), "big") % PRIME


def plus(one: int, other: int) -> int:
    """The fingerprint of two sums together."""
    return (one + other) % PRIME
