"""How numbers are written in Dutch: comma for decimals, point for thousands, half up by integer arithmetic.

A change between two figures is the difference of the figures as written, so that a reader who subtracts finds it too.
"""

from dataclasses import dataclass, replace
from fractions import Fraction

SPACE = "\u00a0"
"""Keeps a number and its unit on one line."""
MINUS = "\u2212"
_ONE = Fraction(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """In what a figure is written, and the words for more, less and the same of it."""

    axis_nl: str
    scale: Fraction = _ONE
    decimals: int = 0
    before: str = ""
    after: str = ""
    difference_nl: str = ""
    more_nl: str = "meer"
    less_nl: str = "minder"
    same_nl: str = "evenveel als"


PERCENT = Unit(axis_nl="procent", scale=Fraction(100), decimals=1, after="%", difference_nl="procentpunt")
COUNT = Unit(axis_nl="aantal")
MEAN = Unit(axis_nl="gemiddeld aantal", decimals=2, more_nl="hoger", less_nl="lager", same_nl="even hoog als")
GRADE = Unit(axis_nl="rapportcijfer", decimals=1, more_nl="hoger", less_nl="lager", same_nl="even hoog als")
DAYS = Unit(
    axis_nl="dagen",
    after="dagen",
    difference_nl="dagen",
    more_nl="langer",
    less_nl="korter",
    same_nl="even lang als",
)
MEAN_DAYS = replace(DAYS, decimals=1)
MILLIONS = Unit(
    axis_nl="miljoen euro",
    scale=Fraction(1, 1_000_000),
    decimals=1,
    before="€",
    after="miljoen",
    difference_nl="miljoen euro",
)


def half_up(value: Fraction, decimals: int) -> int:
    """A value in units of its last decimal, half away from nought: 1.25 with one decimal is 13."""
    scaled = int((abs(value) * 10**decimals * 2 + 1) // 2)
    return -scaled if value < 0 else scaled


def written(scaled: int, decimals: int) -> str:
    """A number in units of its last decimal, as Dutch readers write it: 12345 with one decimal is `1.234,5`."""
    whole, rest = divmod(abs(scaled), 10**decimals)
    text = f"{whole:,}".replace(",", ".") + (f",{rest:0{decimals}d}" if decimals else "")
    return f"{MINUS}{text}" if scaled < 0 else text


def counted(number: int) -> str:
    """A whole number, such as `28.900`."""
    return written(number, 0)


def in_steps(value: Fraction, unit: Unit) -> int:
    """A figure as it is written, in units of its last decimal."""
    return half_up(value * unit.scale, unit.decimals)


def bare(value: Fraction, unit: Unit) -> str:
    """A figure without its unit, for an axis that names it."""
    return written(in_steps(value, unit), unit.decimals)


def shown(value: Fraction, unit: Unit) -> str:
    """A figure with its unit: `1,1 %`, `45,3 dagen`, `€ 12,3 miljoen`."""
    return _with_unit(bare(value, unit), unit.before, unit.after)


def change_in_steps(now: Fraction, earlier: Fraction, unit: Unit) -> int:
    """The difference of two figures as written, in units of the last decimal."""
    return in_steps(now, unit) - in_steps(earlier, unit)


def size_shown(steps: int, unit: Unit) -> str:
    """How large a difference is, without its sign: `0,1 procentpunt`."""
    return _with_unit(written(abs(steps), unit.decimals), "", unit.difference_nl)


def _with_unit(number: str, before: str, after: str) -> str:
    return SPACE.join(part for part in (before, number, after) if part)
