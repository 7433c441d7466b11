"""What of a figure is a number of people, and when it is too small to tell (domain.md §6)."""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

from services.indicators.catalogue import KINDS
from services.indicators.definitions import Kind
from services.indicators.figures import Figure
from services.indicators.relations import Key, Number, Part

SMALLEST_COUNT = 10
PEOPLE = (Kind.RATE, Kind.COMPLEMENT)
"""The kinds of which the denominator is the population, which is public."""


Form = Mapping[Number, int]
"""A sum of numbers, with their factors."""


def is_small_number(number: int) -> bool:
    """Whether a number tells of too few people."""
    return 0 < abs(number) < SMALLEST_COUNT


def forms(figure: Figure) -> Iterator[tuple[Form, int]]:
    """Numerator, denominator and their difference, with their values, as far as they are no public knowledge."""
    key = Key(figure.indicator, figure.period, (figure.group_kind, figure.group))
    kind = KINDS[figure.indicator]
    numerator, denominator = Number(key, Part.NUMERATOR), Number(key, Part.DENOMINATOR)
    if kind in (Kind.QUANTILE, Kind.SURVIVAL):
        yield {denominator: 1}, figure.denominator
        return
    yield {numerator: 1}, figure.numerator
    if kind is Kind.RATIO:
        yield {denominator: 1}, figure.denominator
        yield {denominator: 1, numerator: -1}, figure.denominator - figure.numerator
    elif kind in PEOPLE and figure.denominator:
        yield {numerator: -1}, figure.denominator - figure.numerator


def is_small(figure: Figure) -> bool:
    """Whether a figure would tell of too few people by itself."""
    return any(is_small_number(value) for _, value in forms(figure))


def size_of(figure: Figure) -> int:
    """How many a figure counts."""
    kind = KINDS[figure.indicator]
    if kind is Kind.COMPLEMENT:
        return figure.denominator - figure.numerator
    return figure.numerator if kind in (Kind.COUNT, Kind.RATE) else figure.denominator


def value_of(figure: Figure, part: Part) -> int:
    """One number of a figure."""
    return {
        Part.NUMERATOR: figure.numerator,
        Part.DENOMINATOR: figure.denominator,
        Part.PENDING: figure.pending,
    }[part]


def total_of(rows: Sequence[Figure]) -> Figure:
    """The sum of figures, as if they were one."""
    numerator, denominator = sum(row.numerator for row in rows), sum(row.denominator for row in rows)
    return Figure(
        indicator=rows[0].indicator,
        period=rows[0].period,
        group_kind=rows[0].group_kind,
        group=rows[0].group,
        numerator=numerator,
        denominator=denominator,
        value=Fraction(numerator, denominator) if denominator else None,
        status=rows[0].status,
        pending=sum(row.pending for row in rows),
    )
