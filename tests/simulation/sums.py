"""The sums that must stand in the step log, kept up with the layers of all youths; only what changed is worked out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from services.indicators.steps import NOTHING, Amount, StepKey, minus, plus, spread
from services.indicators.store.layers import read_deltas
from tests.simulation.tables import Values

_AMOUNT = ("numerator", "denominator", "pending")


@lru_cache(maxsize=4096)
def _steps(body: bytes) -> dict[StepKey, Amount]:
    return dict(spread(read_deltas(body)))


@dataclass(slots=True, eq=False)
class Sums:
    """Of all layers together per known day, and of each youth."""

    bodies: dict[Any, bytes] = field(default_factory=dict)
    totals: dict[Any, Amount] = field(default_factory=dict)

    def follow(self, layers: Mapping[Any, Values]) -> None:
        """Take over what is kept of youths now."""
        now = {key: row["deltas"] for key, row in layers.items()}
        for key in self.bodies.keys() | now.keys():
            before, after = self.bodies.get(key), now.get(key)
            if before != after:
                self._change(key, before, after)
        self.bodies = now

    def of_youth(self, municipality: str, youth: str) -> dict[StepKey, Amount]:
        """The sum of all layers of a youth."""
        total: dict[StepKey, Amount] = {}
        for key, body in self.bodies.items():
            if key[:2] == (municipality, youth):
                for step, amount in _steps(body).items():
                    total[step] = plus(total.get(step, NOTHING), amount)
        return {step: amount for step, amount in total.items() if amount != NOTHING}

    def are_in(self, rows: Mapping[Any, Values]) -> bool:
        """Whether a step log holds these sums and nothing else."""
        if len(rows) != len(self.totals):
            return False
        totals = self.totals
        return all(
            totals.get(key) == (row["numerator"], row["denominator"], row["pending"]) for key, row in rows.items()
        )

    def _change(self, key: Any, before: bytes | None, after: bytes | None) -> None:
        municipality, _, day = key
        for body, count in ((before, minus), (after, plus)):
            for step, amount in (_steps(body) if body is not None else {}).items():
                place = (municipality, *step, day)
                total = count(self.totals.get(place, NOTHING), amount)
                self.totals[place] = total
                if total == NOTHING:
                    del self.totals[place]
