"""Which figures are withheld from whoever is no supervisor (domain.md §6).

Numerator, denominator and their difference must each be 0 or at least 10, of a count the count itself. When one
figure alone of a line would be withheld, its smallest sibling goes with it, or else the total would tell it.
A line is a set of figures that add up: the teams of one figure, or the terms of one group's flow balance.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from services.indicators.definitions import CATALOGUE, FLOW_TERMS, Kind
from services.indicators.figures import Figure, Group

SMALLEST_COUNT = 10
Place = tuple[str, Group]
"""A figure of a period: its indicator and its group."""


def is_small(figure: Figure) -> bool:
    """Whether a figure would tell of too few people by itself."""
    return any(0 < abs(number) < SMALLEST_COUNT for number in _numbers(figure))


def _numbers(figure: Figure) -> tuple[int, ...]:
    if CATALOGUE[figure.indicator].kind is Kind.COUNT:
        return (figure.numerator,)
    return figure.numerator, figure.denominator, figure.denominator - figure.numerator


def withheld(rows: Iterable[Figure]) -> frozenset[Place]:
    """The figures of one period that are withheld; given are all groups, and of the flow balance all terms."""
    figures = {(row.indicator, (row.group_kind, row.group)): row for row in rows}
    hidden = {place for place, row in figures.items() if is_small(row)}
    lines = list(_list_lines(figures))
    while found := {_sibling(line, hidden, figures) for line in lines} - {None}:
        hidden |= {place for place in found if place is not None}
    return frozenset(hidden)


def _list_lines(figures: Mapping[Place, Figure]) -> Iterator[Sequence[Place]]:
    places = sorted(figures)
    for indicator in sorted({place[0] for place in places}):
        yield [place for place in places if place[0] == indicator and place[1][0] != "municipality"]
    for group in sorted({place[1] for place in places if place[0] in FLOW_TERMS}):
        yield [place for place in places if place[0] in FLOW_TERMS and place[1] == group]


def _sibling(line: Sequence[Place], hidden: set[Place], figures: Mapping[Place, Figure]) -> Place | None:
    """The smallest figure beside one that is withheld alone; one that is not nought, when there is such."""
    alone = [place for place in line if place in hidden]
    others = [place for place in line if place not in hidden]
    if len(alone) != 1 or not others:
        return None
    return min(others, key=lambda place: (_size(figures[place]) == 0, _size(figures[place]), place))


def _size(figure: Figure) -> int:
    return figure.numerator if CATALOGUE[figure.indicator].kind is Kind.COUNT else figure.denominator


def visible_pending(pending: int) -> int | None:
    """The pending count as others than a supervisor see it; None when it is too small to tell."""
    return None if 0 < pending < SMALLEST_COUNT else pending
