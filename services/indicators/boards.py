"""What suppression is decided on: figures, what relates them, and the parts that nothing links."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from services.indicators.figures import Figure
from services.indicators.relations import Key, Line, Number, Relation
from services.indicators.smallness import Form


class Cell(NamedTuple):
    """What is withheld at once: a figure with all its numbers, or its pending count alone."""

    key: Key
    is_pending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """The figures, what relates them, which cells may be withheld, and which numbers count as seen anyway.

    `sums` are numbers that no figure here tells, but one of a longer period may; `pairs` are withheld together.
    """

    figures: Mapping[Key, Figure]
    relations: Sequence[Relation]
    lines: Sequence[Line]
    allowed: Collection[Cell]
    seen: Collection[Number] = frozenset()
    sums: Sequence[Form] = ()
    pairs: Sequence[tuple[Key, Key]] = ()


def components(board: Board) -> Iterator[Board]:
    """The parts of a board that no relation links; only those in which something may be withheld."""
    parent: dict[Key, Key] = {key: key for key in board.figures}
    for relation in board.relations:
        keys = [number.key for number in relation if number not in board.seen]
        for key in keys[1:]:
            parent[_root(parent, key)] = _root(parent, keys[0])
    figures: defaultdict[Key, dict[Key, Figure]] = defaultdict(dict)
    relations: defaultdict[Key, list[Relation]] = defaultdict(list)
    lines: defaultdict[Key, list[Line]] = defaultdict(list)
    allowed: defaultdict[Key, set[Cell]] = defaultdict(set)
    for key, figure in board.figures.items():
        figures[_root(parent, key)][key] = figure
    for relation in board.relations:
        unseen = next((number.key for number in relation if number not in board.seen), None)
        if unseen is not None:
            relations[_root(parent, unseen)].append(relation)
    for line in board.lines:
        lines[_root(parent, line.parts[0])].append(line)
    for cell in board.allowed:
        allowed[_root(parent, cell.key)].add(cell)
    sums: defaultdict[Key, list[Form]] = defaultdict(list)
    for form in board.sums:
        # A sum over what no relation links yet is undetermined when one of its terms is.
        if len(roots := {_root(parent, number.key) for number in form}) == 1:
            sums[roots.pop()].append(form)
    pairs: defaultdict[Key, list[tuple[Key, Key]]] = defaultdict(list)
    for pair in board.pairs:
        pairs[_root(parent, pair[0])].append(pair)
    for root, cells in allowed.items():
        yield Board(
            figures=figures[root],
            relations=relations[root],
            lines=lines[root],
            allowed=cells,
            seen=board.seen,
            sums=sums[root],
            pairs=pairs[root],
        )


def _root(parent: dict[Key, Key], key: Key) -> Key:
    while parent[key] != key:
        parent[key] = parent[parent[key]]
        key = parent[key]
    return key
