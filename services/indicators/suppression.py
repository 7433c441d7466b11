"""Which figures are withheld from whoever is no supervisor (domain.md §6, docs/decisions/0016).

Numerator, denominator and their difference must each be 0 or at least 10, and so must a pending count. What is small
is withheld, and with it as many siblings as it takes that nobody can work it out from all that is seen: of every
group, month, quarter and year together.

What is withheld in a month depends on that month alone, in a quarter on it and its months, in a year on it, its
quarters and months (and of newcomers and leavers on the years beside it). So a single question is answered as the
full report answers it, when it is given the rows of `unit_of`, and later months never change what was shown.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from services.indicators.boards import Board, Cell
from services.indicators.catalogue import CATALOGUE, FLOW_TERMS
from services.indicators.definitions import Per
from services.indicators.figures import Figure
from services.indicators.relations import (
    END,
    ENDED,
    EXITS,
    MOVES,
    OPENINGS,
    START,
    STARTED,
    STOCK,
    WHOLES,
    Key,
    Number,
    Part,
    key_of,
    lines,
    months_of,
    per_of,
    relations,
)
from services.indicators.smallness import SMALLEST_COUNT, Form, is_small, is_small_number, size_of
from services.indicators.steps import Group
from services.indicators.units import RATIO_OF_YEARS, USERS, unit_of
from services.indicators.withholding import settle

__all__ = ["SMALLEST_COUNT", "Place", "Suppressed", "is_small", "suppressed", "unit_of", "visible_pending", "withheld"]

Place = tuple[str, Group]
"""A figure of a period: its indicator and its group."""

OVERSIGHT_KINDS = frozenset({"provider", "sender"})
"""Kinds of groups that only supervisors see."""

_STAGES = (frozenset({Per.DAY, Per.MONTH}), frozenset({Per.QUARTER}), frozenset({Per.YEAR}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppressed:
    """What others than a supervisor do not see: whole figures, and of other figures the pending count."""

    figures: frozenset[Key]
    pending: frozenset[Key]


def withheld(rows: Iterable[Figure]) -> frozenset[Place]:
    """The figures of one period that are withheld; given are all rows of its unit (`unit_of`).

    Flows can be withheld of which there is no row: that nothing flowed would tell the rest.
    """
    return frozenset((key.indicator, key.group) for key in suppressed(rows).figures)


def visible_pending(pending: int) -> int | None:
    """A pending count by itself as others than a supervisor see it; None when it is too small to tell."""
    return None if is_small_number(pending) else pending


def suppressed(rows: Iterable[Figure], asked: Collection[tuple[str, str]] = ()) -> Suppressed:
    """What is withheld of figures of any number of periods; given are the rows of all groups and of whole units.

    `asked` are the indicators and periods of which rows were asked, for those of which there are none.
    """
    told = {key_of(row): row for row in rows}
    oversight = {key for key in told if _is_oversight(key)}
    figures = _with_noughts({key: row for key, row in told.items() if key not in oversight}, asked)
    hidden = set(_small(figures))
    known: set[Number] = set()
    every = [(relation, {per_of(number.key.period) for number in relation}) for relation in relations(figures)]
    for stage in range(len(_STAGES)):
        reached = frozenset[Per]().union(*_STAGES[: stage + 1])
        _withhold_linked(figures, hidden, known, _STAGES[stage])
        board = Board(
            figures={key: row for key, row in figures.items() if per_of(key.period) in reached},
            relations=[relation for relation, pers in every if pers <= reached],
            lines=[line for line in lines(figures) if per_of(line.whole.period) in reached],
            allowed=frozenset(_allowed(figures, _STAGES[stage])),
            seen=known,
            sums=list(_openings(figures)),
            pairs=list(_moves(figures)),
        )
        settle(board, hidden)
        if beside := set(_ratios_beside_hidden_ones(figures, hidden, _STAGES[stage])) - hidden:
            hidden |= beside
            settle(board, hidden)
    return Suppressed(
        figures=frozenset(oversight | {cell.key for cell in hidden if not cell.is_pending}),
        pending=frozenset(cell.key for cell in hidden if cell.is_pending),
    )


def _is_oversight(key: Key) -> bool:
    indicator = CATALOGUE.get((key.indicator, per_of(key.period)))
    return key.group[0] in OVERSIGHT_KINDS or (indicator is not None and indicator.is_for_supervisors)


def _small(figures: Mapping[Key, Figure]) -> Iterator[Cell]:
    for key, figure in figures.items():
        if is_small(figure):
            yield Cell(key)
        if is_small_number(figure.pending):
            yield Cell(key, is_pending=True)


def _with_noughts(figures: Mapping[Key, Figure], asked: Collection[tuple[str, str]]) -> Mapping[Key, Figure]:
    """The figures, with a nought for each term of a flow balance, and what sums it, that has no row.

    That nothing flowed may have to be withheld as well: a balance with one term that is not nought tells it.
    """
    balances = {(key.period, key.group) for key in figures if key.indicator in FLOW_TERMS}
    told = {key.period for key in figures} | {period for _, period in asked}
    still = {
        Key(term, period, group)
        for period, group in balances
        for term in FLOW_TERMS
        if term not in MOVES or group[0] in WHOLES
    }
    sums = {
        Key(name, period, group)
        for month, group in balances
        for period, names in ((_quarter_of(month), ENDED), (month[:4], STARTED))
        if period in told and (names is ENDED or group[0] not in WHOLES)
        for name in names
    }
    return {key: _nought(key, int(key in still)) for key in sorted(still | sums)} | {**figures}


def _quarter_of(month: str) -> str:
    return f"{month[:4]}Q{(int(month[5:]) + 2) // 3}"


def _nought(key: Key, denominator: int = 1, numerator: int = 0) -> Figure:
    return Figure(
        indicator=key.indicator,
        period=key.period,
        group_kind=key.group[0],
        group=key.group[1],
        numerator=numerator,
        denominator=denominator,
        value=Fraction(numerator, denominator) if denominator else None,
        status="final",
        pending=0,
    )


def _allowed(figures: Mapping[Key, Figure], stage: Collection[Per]) -> Iterator[Cell]:
    """The cells that may be withheld in a stage: figures that count somebody, pending counts, and flows of nought."""
    for key, figure in figures.items():
        if per_of(key.period) not in stage:
            continue
        if figure.pending:
            yield Cell(key, is_pending=True)
        if key.indicator in (START, END):
            continue  # decided by themselves: see `_hidden_stocks`
        is_still = key.indicator in (*ENDED, *STARTED) or (
            key.indicator in FLOW_TERMS and (key.indicator not in MOVES or key.group[0] in WHOLES)
        )
        if size_of(figure) or figure.numerator or is_still:
            yield Cell(key)


def _openings(figures: Mapping[Key, Figure]) -> Iterator[Form]:
    """What opened in a month or quarter in all: a year in which little else opened tells it."""
    sums: defaultdict[tuple[str, Group], dict[Number, int]] = defaultdict(dict)
    for key in figures:
        if key.indicator in OPENINGS and key.group[0] not in WHOLES:
            for period in (key.period, _quarter_of(key.period)):
                sums[period, key.group][Number(key, Part.NUMERATOR)] = 1
    yield from sums.values()


def _moves(figures: Mapping[Key, Figure]) -> Iterator[tuple[Key, Key]]:
    """Moves in and out of a group: all moves in are all moves out, so that either alone would tell of the other."""
    for key in figures:
        if key.indicator == MOVES[0] and key.group[0] in WHOLES:
            yield key, Key(MOVES[1], key.period, key.group)


def _withhold_linked(
    figures: Mapping[Key, Figure], hidden: set[Cell], known: set[Number], stage: Collection[Per]
) -> None:
    """What is withheld for the sake of other periods, by rules that look the same from both sides."""
    if Per.MONTH in stage:
        for term in (START, END):
            hidden |= {Cell(key) for key in _hidden_stocks(_stocks_of(figures, term))}
        hidden |= set(_flows_of_hidden_stocks(figures, hidden))
        known |= {Number(key, Part.NUMERATOR) for key in figures if key.indicator in (START, END)}
    if Per.QUARTER in stage:
        counted = [key for key in figures if key.indicator in STOCK]
        few = {(key.period, key.group) for key in _hidden_stocks({_stock_key(key): figures[key] for key in counted})}
        hidden |= {Cell(key) for key in counted if (key.period, key.group) in few}
        known |= {Number(key, Part.DENOMINATOR) for key in counted if (key.period, key.group) not in few}
        hidden |= set(_ended_of_hidden_stocks(figures, hidden))
        hidden |= set(_sums_of_few(figures, hidden, ENDED))
    if Per.YEAR in stage:
        hidden |= set(_sums_of_few(figures, hidden, STARTED))


def _stocks_of(figures: Mapping[Key, Figure], term: str) -> Mapping[Key, Figure]:
    return {_stock_key(key): row for key, row in figures.items() if key.indicator == term}


def _stock_key(key: Key) -> Key:
    return Key(key.indicator if key.indicator in (START, END) else END, key.period, key.group)


def _hidden_stocks(counted: Mapping[Key, Figure]) -> Iterator[Key]:
    """The groups whose stock is withheld: by the stocks alone, so that an end and the start after it agree."""
    stocks = {key: _nought(key, 1, size_of(row)) for key, row in counted.items()}
    hidden = {cell for cell in _small(stocks) if not cell.is_pending}
    allowed = frozenset(Cell(key) for key, row in stocks.items() if row.numerator)
    board = Board(figures=stocks, relations=list(relations(stocks)), lines=lines(stocks), allowed=allowed)
    settle(board, hidden)
    yield from (cell.key for cell in hidden)


def _flows_of_hidden_stocks(figures: Mapping[Key, Figure], hidden: Collection[Cell]) -> Iterator[Cell]:
    """Every flow, of nought too, of a group whose stock is withheld at one end of the month.

    Or else a stock would follow, over months in which all flows are seen, from one that is seen.
    """
    few = {(cell.key.period, cell.key.group) for cell in hidden if cell.key.indicator in (START, END)}
    for key in figures:
        is_flow = key.indicator in FLOW_TERMS and key.indicator not in (START, END)
        if is_flow and (key.period, key.group) in few and (key.indicator not in MOVES or key.group[0] in WHOLES):
            yield Cell(key)


def _ended_of_hidden_stocks(figures: Mapping[Key, Figure], hidden: Collection[Cell]) -> Iterator[Cell]:
    few = {(cell.key.period, cell.key.group) for cell in hidden if cell.key.indicator in (START, END)}
    for key in figures:
        if key.indicator in ENDED and any((month, key.group) in few for month in months_of(key.period)):
            yield Cell(key)


def _sums_of_few(
    figures: Mapping[Key, Figure], hidden: Collection[Cell], indicators: Collection[str]
) -> Iterator[Cell]:
    """What adds up over months of which, of all that is withheld, too few left or too few came.

    Together with the stocks it would tell how many left and came; of a few, or of none, that is who.
    """
    for key in figures:
        if key.indicator not in indicators or (indicators is STARTED and key.group[0] in WHOLES):
            continue
        months = [month for month in months_of(key.period) if Cell(Key(EXITS, month, key.group)) in hidden]
        came = [Key(term, month, key.group) for month in months for term in (*OPENINGS, *MOVES)]
        exits = sum(figures[Key(EXITS, month, key.group)].numerator for month in months)
        others = sum(figures[each].numerator for each in came if Cell(each) in hidden)
        if months and min(exits, others) < SMALLEST_COUNT:
            yield Cell(key)


def _ratios_beside_hidden_ones(
    figures: Mapping[Key, Figure], hidden: Collection[Cell], stage: Collection[Per]
) -> Iterator[Cell]:
    """Newcomers and leavers of a year, when those of a year beside it are few, or its users are withheld.

    Who has care in two years is neither: users less newcomers are last year's users less its leavers.
    """
    few: defaultdict[Group, set[int]] = defaultdict(set)
    for key, row in figures.items():
        is_few = key.indicator == RATIO_OF_YEARS and is_small(row)
        if is_few or (key.indicator == USERS and Cell(key) in hidden):
            few[key.group].add(int(key.period))
    for key in figures:
        is_asked = key.indicator == RATIO_OF_YEARS and per_of(key.period) in stage
        if is_asked and few[key.group] & {int(key.period) + step for step in (-1, 0, 1)}:
            yield Cell(key)
