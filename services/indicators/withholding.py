"""Withholding until nobody can work out what is withheld: the second half of the rule of domain.md §6.

Told which figures are withheld for their own sake, `settle` withholds further ones until three things hold of all
that is left to see, and of the relations of `relations.py`:

- no number from 1 to 9 of a withheld figure follows from what is seen;
- no withheld figure follows as a whole;
- what is withheld of a whole adds up to 0 or at least 10, for the whole minus what is seen is seen as well.

Each time the smallest figure that helps is taken, one that is not nought and not the municipality's when there is
such. The order is fixed, so that the same figures always lead to the same answer.
"""

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from services.indicators.boards import Board, Cell, components
from services.indicators.catalogue import KINDS
from services.indicators.definitions import Kind
from services.indicators.elimination import Elimination
from services.indicators.figures import Figure
from services.indicators.relations import MUNICIPALITY, PARTS, Key, Line, Number, Part, Relation
from services.indicators.smallness import PEOPLE, Form, forms, is_small, is_small_number, size_of, total_of, value_of

Known = tuple[Sequence[Form], Mapping[Number, list[int]], set[int]]
"""What is unknown in each relation, in which relations a number stands, and which of them were seen to already."""


def settle(board: Board, hidden: set[Cell]) -> None:
    """Adds to what is hidden until nothing of it can be worked out, and takes back what was too much."""
    by_key: defaultdict[Key, set[Cell]] = defaultdict(set)
    for cell in hidden:
        by_key[cell.key].add(cell)
    for part in components(board):
        mine = {cell for key in part.figures if key in by_key for cell in by_key[key]}
        first = frozenset(mine)
        while picked := set(_picks(part, mine)) - mine:
            mine |= picked
        if len(mine) > len(first) + 1:
            _give_back(part, mine, mine - first)
        hidden |= mine


def _give_back(board: Board, hidden: set[Cell], added: Collection[Cell]) -> None:
    """Shows again, the greatest first, what later choices have made needless."""
    left = _told(board, hidden)
    for cell in sorted(added, key=lambda cell: (_size(board, cell), cell), reverse=True):
        hidden.remove(cell)
        if not _told(board, hidden) <= left:
            hidden.add(cell)


def _told(board: Board, hidden: Collection[Cell]) -> set[Hashable]:
    """What can be worked out in spite of all, and the wholes of which too little is withheld."""
    picture = _picture(board, hidden)
    too_little = {line for line in board.lines if _is_line_small(board, hidden, line)}
    return {*(tuple(sorted(form.items())) for form in _exposed(board, picture)), *too_little, *_bereft(board, hidden)}


def _bereft(board: Board, hidden: Collection[Cell]) -> Iterator[Cell]:
    """The cells that are still seen of a pair that is withheld together."""
    for pair in board.pairs:
        cells = [cell for cell in map(Cell, pair) if cell not in hidden]
        if len(cells) == 1 and cells[0] in board.allowed:
            yield from cells


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What is withheld, and what the relations say of it."""

    figures: Sequence[Key]
    pending: Sequence[Key]
    unknown: AbstractSet[Number]
    equations: Sequence[Form]
    solution: Elimination[Number]


def _picture(board: Board, hidden: Collection[Cell]) -> Picture:
    figures = [key for key in board.figures if Cell(key) in hidden]
    pending = [key for key in board.figures if Cell(key, is_pending=True) in hidden]
    unknown = {Number(key, part) for key in figures for part in Part} | {Number(key, Part.PENDING) for key in pending}
    unknown -= set(board.seen)
    equations = [{number: each[number] for number in each if number in unknown} for each in board.relations]
    return Picture(
        figures=figures, pending=pending, unknown=unknown, equations=equations, solution=Elimination(equations)
    )


def _picks(board: Board, hidden: Collection[Cell]) -> Iterator[Cell]:
    """What to withhold next; nothing when all is settled."""
    if not hidden:
        return
    picture = _picture(board, hidden)
    yield from _remainders(board, hidden)
    yield from _bereft(board, hidden)
    touching = _touching(board.relations)
    covered: set[int] = set()
    for form in _exposed(board, picture):
        yield from _cover(board, hidden, form, (picture.equations, touching, covered))


def _touching(relations: Sequence[Relation]) -> Mapping[Number, list[int]]:
    found: defaultdict[Number, list[int]] = defaultdict(list)
    for index, relation in enumerate(relations):
        for number in relation:
            found[number].append(index)
    return found


def _exposed(board: Board, picture: Picture) -> Iterator[Form]:
    """What follows from what is seen and should not."""

    def follows(form: Form) -> bool:
        return picture.solution.is_determined({each: form[each] for each in form if each in picture.unknown})

    seen = frozenset(board.seen)
    for key in picture.figures:
        figure = board.figures[key]
        rows = [row for row in forms(figure) if not seen.issuperset(row[0])]
        if rows and _counts_somebody(figure):
            told = [row for row in rows if follows(row[0])]
            is_found = len(told) == len(rows) and KINDS[key.indicator] not in (Kind.QUANTILE, Kind.SURVIVAL)
            yield from (form for form, value in told if is_found or is_small_number(value))
    for form in board.sums:
        value = sum(factor * value_of(board.figures[number.key], number.part) for number, factor in form.items())
        if is_small_number(value) and not picture.unknown.isdisjoint(form) and follows(form):
            yield form
    for key in sorted({*picture.figures, *picture.pending}):
        number: Form = {Number(key, Part.PENDING): 1}
        if is_small_number(board.figures[key].pending) and follows(number):
            yield number


def _counts_somebody(figure: Figure) -> bool:
    """Of a public population in which nobody was counted there is nothing to hide; neither in a nought."""
    return size_of(figure) != 0 or (KINDS[figure.indicator] not in PEOPLE and figure.numerator != 0)


def _cover(
    board: Board,
    hidden: Collection[Cell],
    form: Form,
    known: Known,
) -> Iterator[Cell]:
    """A cell for every relation that tells a number by itself; else the nearest cell from which it follows."""
    equations, touching, covered = known
    direct = [index for number in form for index in touching.get(number, ()) if len(equations[index]) == 1]
    fresh = [cell for index in direct if index not in covered for cell in _best(board, hidden, [index], known)]
    if fresh or covered.intersection(direct):
        covered.update(direct)
        yield from fresh
        return
    yield from _nearest(board, hidden, form, known)


def _nearest(
    board: Board,
    hidden: Collection[Cell],
    form: Form,
    known: Known,
) -> Iterator[Cell]:
    """The cell to withhold that is the fewest relations away; none when one near was taken for another number."""
    equations, touching, covered = known
    reached, layer = set(form), list(form)
    while layer:
        near = sorted({index for number in layer for index in touching.get(number, ())})
        if covered.intersection(near):
            return
        lone = [index for index in near if len(equations[index]) == 1]
        if best := [*_best(board, hidden, lone, known)] or [*_best(board, hidden, near, known)]:
            covered.update(near)
            yield from best
            return
        layer = sorted({number for index in near for number in equations[index] if number not in reached})
        reached.update(layer)


def _best(board: Board, hidden: Collection[Cell], indices: Iterable[int], known: Known) -> Iterator[Cell]:
    """The cell that hides a number of these relations at the least cost."""
    found = [
        (_cost(board, cell, number, known), cell)
        for index in indices
        for number in board.relations[index]
        for cell in [Cell(number.key, is_pending=number.part is Part.PENDING)]
        if cell not in hidden and Cell(number.key) not in hidden and cell in board.allowed
    ]
    if found:
        yield min(found)[1]


def _cost(board: Board, cell: Cell, number: Number, known: Known) -> tuple[bool, bool, int, int]:
    """The municipality last, then noughts, then what would force most others, then the greatest."""
    equations, touching, _ = known
    parts = (Part.PENDING,) if cell.is_pending else PARTS[KINDS[cell.key.indicator]]
    others = {index for part in parts for index in touching.get(Number(cell.key, part), ())}
    forced = sum(not equations[index] for index in others)
    is_nought = value_of(board.figures[cell.key], number.part) == 0
    return cell.key.group[0] == MUNICIPALITY, is_nought, forced, _size(board, cell)


def _size(board: Board, cell: Cell) -> int:
    figure = board.figures[cell.key]
    return figure.pending if cell.is_pending else size_of(figure)


def _remainders(board: Board, hidden: Collection[Cell]) -> Iterator[Cell]:
    """One more part of every whole that is seen and of which too little is withheld."""
    for line in board.lines:
        withheld = _withheld_of(board, hidden, line)
        if withheld and _is_too_little(withheld):
            yield from _larger(board, hidden, line, withheld)
        pending = _pending_of(board, hidden, line)
        if is_small_number(sum(board.figures[key].pending for key in pending)):
            yield from _larger_pending(board, line, pending)


def _is_line_small(board: Board, hidden: Collection[Cell], line: Line) -> bool:
    withheld = _withheld_of(board, hidden, line)
    pending = sum(board.figures[key].pending for key in _pending_of(board, hidden, line))
    return (bool(withheld) and _is_too_little(withheld)) or is_small_number(pending)


def _withheld_of(board: Board, hidden: Collection[Cell], line: Line) -> list[Figure]:
    """The withheld parts of a whole that is seen."""
    if Cell(line.whole) in hidden:
        return []
    return [board.figures[key] for key in line.parts if Cell(key) in hidden]


def _pending_of(board: Board, hidden: Collection[Cell], line: Line) -> list[Key]:
    """The parts of which the pending count is withheld, when that of the whole is seen."""

    def is_hidden(key: Key) -> bool:
        return Cell(key) in hidden or Cell(key, is_pending=True) in hidden

    return [] if is_hidden(line.whole) else [key for key in line.parts if is_hidden(key)]


def _larger(board: Board, hidden: Collection[Cell], line: Line, withheld: Sequence[Figure]) -> Iterator[Cell]:
    others = [key for key in line.parts if Cell(key) not in hidden and Cell(key) in board.allowed]
    useful = [
        (_is_too_little([*withheld, board.figures[key]]), size_of(board.figures[key]), key)
        for key in others
        if size_of(board.figures[key]) != 0
    ]
    if useful:
        yield Cell(min(useful)[2])
    elif Cell(line.whole) in board.allowed:
        yield Cell(line.whole)


def _larger_pending(board: Board, line: Line, pending: Sequence[Key]) -> Iterator[Cell]:
    cells = [Cell(key, is_pending=True) for key in line.parts if key not in pending]
    useful = [cell for cell in cells if cell in board.allowed]
    if useful:
        yield min(useful, key=lambda cell: (board.figures[cell.key].pending, cell))


def _is_too_little(withheld: Sequence[Figure]) -> bool:
    """Whether the sum of figures is small; or nought, which tells that each of them is."""
    total = total_of(withheld)
    is_nought = total.numerator == 0 and (total.denominator == 0 or KINDS[total.indicator] is Kind.COUNT)
    return is_small(total) or is_nought
