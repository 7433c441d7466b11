"""Which counts of open alerts may be shown per team (domain.md §6): none from 1 to 9, and none that follows.

A line is the teams of one municipality and rule, of which the total is shown. What is withheld of a line is two teams
at least and ten alerts at least, or else the whole line.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

SMALLEST_COUNT = 10
Place = tuple[str, str, str]
"""Municipality, team and rule."""


def visible(counts: Mapping[Place, int]) -> dict[Place, int]:
    """The counts that everyone may see."""
    lines: dict[tuple[str, str], list[Place]] = defaultdict(list)
    for place in counts:
        lines[place[0], place[2]].append(place)
    return {place: counts[place] for line in lines.values() for place in _shown(line, counts)}


def _shown(line: Iterable[Place], counts: Mapping[Place, int]) -> list[Place]:
    # The smallest first; noughts last, because withholding them hides nothing.
    rest = sorted(line, key=lambda place: (counts[place] == 0, counts[place], place))
    hidden = [place for place in rest if 0 < counts[place] < SMALLEST_COUNT]
    rest = rest[len(hidden) :]
    while hidden and rest and (len(hidden) == 1 or sum(counts[place] for place in hidden) < SMALLEST_COUNT):
        hidden.append(rest.pop(0))
    return rest
