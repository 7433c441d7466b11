"""The vertical axis of a chart: round numbers around all values, from nought unless the values lie far from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

_ROUND = (Fraction(1), Fraction(2), Fraction(5, 2), Fraction(5), Fraction(10))
_PARTS = 4
FROM_NOUGHT = Fraction(3, 5)
"""An axis starts at nought unless the lowest value is above this part of the highest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """Round numbers from the lowest to the highest, evenly spaced."""

    low: Fraction
    high: Fraction
    step: Fraction

    @property
    def starts_at_nought(self) -> bool:
        """Whether heights can be compared as sizes."""
        return self.low == 0

    @property
    def ticks(self) -> tuple[Fraction, ...]:
        """The numbers at the axis, lowest first."""
        return tuple(self.low + self.step * index for index in range(int((self.high - self.low) / self.step) + 1))

    def part(self, value: Fraction) -> Fraction:
        """How far up a value lies: 0 at the foot, 1 at the top."""
        return (value - self.low) / (self.high - self.low)


def axis_of(values: Sequence[Fraction]) -> Axis:
    """The axis that holds all values, with room above the highest."""
    low, high = min(values, default=Fraction(0)), max(values, default=Fraction(0))
    foot = low if low > high * FROM_NOUGHT else min(low, Fraction(0))
    step = _round_step(max(high - foot, abs(high) / 50) or Fraction(1))
    # Half a step below the lowest is room for its label; nought needs none.
    start = (foot - step / 2 if foot > 0 else foot) // step * step
    return Axis(low=start, high=(high // step + 1) * step, step=step)


def _round_step(span: Fraction) -> Fraction:
    """The smallest of 1, 2, 2.5, 5 times a power of ten that parts the span in at most four."""
    size = Fraction(1)
    while size * 10 * _PARTS <= span:
        size *= 10
    while size * _PARTS > span:
        size /= 10
    return next(size * part for part in _ROUND if size * part * _PARTS >= span)
