"""What follows from a set of linear equations: exact elimination over the whole numbers modulo a prime.

The coefficients are small, so that no pivot of the rational solution vanishes modulo a prime this large: what is
determined here is determined over the fractions, and the other way round.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from typing import Generic, TypeVar

PRIME = 2**61 - 1
Unknown = TypeVar("Unknown", bound=Hashable)


class Elimination(Generic[Unknown]):
    """The equations taken in so far, each solved for one unknown in terms of those that stay free.

    Only coefficients are kept: whether something is determined does not depend on the numbers that are known.
    """

    def __init__(self, equations: Iterable[Mapping[Unknown, int]]) -> None:
        self._solved: dict[Unknown, dict[Unknown, int]] = {}
        self._used_by: defaultdict[Unknown, set[Unknown]] = defaultdict(set)
        for equation in equations:
            self._take_in(equation)

    def is_determined(self, form: Mapping[Unknown, int]) -> bool:
        """Whether the equations leave one value for a sum of unknowns."""
        return not self._reduced(form)

    def _reduced(self, form: Mapping[Unknown, int]) -> dict[Unknown, int]:
        rest: dict[Unknown, int] = {}
        for unknown, factor in form.items():
            _add(rest, self._solved.get(unknown, {unknown: 1}), factor)
        return rest

    def _take_in(self, equation: Mapping[Unknown, int]) -> None:
        rest = self._reduced(equation)
        if not rest:
            return
        # The unknown that stands in fewest solutions: substituting it costs least.
        pivot = min(rest, key=lambda unknown: len(self._used_by.get(unknown, ())))
        inverse = -pow(rest.pop(pivot), -1, PRIME)
        solution = {unknown: factor * inverse % PRIME for unknown, factor in rest.items()}
        for other in self._used_by.pop(pivot, set()):
            self._substitute(other, pivot, solution)
        self._keep(pivot, solution)

    def _substitute(self, other: Unknown, pivot: Unknown, solution: Mapping[Unknown, int]) -> None:
        kept = self._solved[other]
        factor = kept.pop(pivot)
        _add(kept, solution, factor)
        for unknown in solution:
            users = self._used_by[unknown]
            users.add(other) if unknown in kept else users.discard(other)

    def _keep(self, pivot: Unknown, solution: dict[Unknown, int]) -> None:
        self._solved[pivot] = solution
        for unknown in solution:
            self._used_by[unknown].add(pivot)


def _add(total: dict[Unknown, int], form: Mapping[Unknown, int], factor: int) -> None:
    """Adds a multiple of a form to a total, which keeps no noughts."""
    for unknown, each in form.items():
        value = (total.get(unknown, 0) + each * factor) % PRIME
        if value:
            total[unknown] = value
        else:
            total.pop(unknown, None)
