"""How a youth's facts become steps in the log: layers by the day on which they were known.

A layer holds what the facts of one known day added to those of the days before. Facts are applied only when
(version, known day) is newer than what was applied last; they take back the layers from their known day on, and
their own layer is the difference with what is left. So any order and repetition of facts ends in the same layers.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from services.indicators.steps import NOTHING, Amount, StepKey, Steps, minus, negated, plus, summed
from services.indicators.tally import tally_all
from youthcare.youthfacts import YouthFacts

YouthKey = tuple[str, str]
"""Municipality and youth."""

Mark = tuple[tuple[int, int], date]
"""Version and known day of facts, in the order in which they supersede each other."""


class StoredKey(NamedTuple):
    """Where a step stands in the log of all municipalities; sorted, so that writers never deadlock."""

    municipality: str
    step: StepKey
    known_day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class YouthLayers:
    """What of a youth was applied last, and the steps that each known day added."""

    applied: Mark | None = None
    layers: Mapping[date, Steps] = field(default_factory=dict)
    corrections: frozenset[date] = frozenset()
    """The known days on which something was taken back or mended."""


Told = tuple[YouthKey, YouthFacts | None]
"""A youth and its facts, or None when it was erased."""

Pair = tuple[YouthLayers, YouthLayers]
"""The layers of a youth before and after."""


def apply_facts(before: YouthLayers, facts: YouthFacts) -> YouthLayers:
    """The layers after facts; those before when the facts are not newer."""
    mark = (facts.version, facts.known_day)
    if before.applied is not None and mark <= before.applied:
        return before
    kept = {day: steps for day, steps in before.layers.items() if day < facts.known_day}
    added = summed((tally_all(facts), negated(summed(kept.values()))))
    if not added:
        return YouthLayers(applied=mark, layers=kept, corrections=before.corrections & kept.keys())
    corrections = {*(before.corrections & kept.keys()), *([facts.known_day] if facts.corrects else [])}
    return YouthLayers(applied=mark, layers={**kept, facts.known_day: added}, corrections=frozenset(corrections))


def step_changes(
    pairs: Mapping[YouthKey, Pair],
) -> dict[StoredKey, Amount]:
    """What the log must gain so that it holds the later layers of each (municipality, youth), not the earlier."""
    totals: defaultdict[StoredKey, Amount] = defaultdict(lambda: NOTHING)
    for (municipality, _), (before, after) in pairs.items():
        for known_day in before.layers.keys() | after.layers.keys():
            old, new = before.layers.get(known_day, {}), after.layers.get(known_day, {})
            for key in old.keys() | new.keys():
                change = minus(new.get(key, NOTHING), old.get(key, NOTHING))
                place = StoredKey(municipality, key, known_day)
                totals[place] = plus(totals[place], change)
    return {place: totals[place] for place in sorted(totals) if totals[place] != NOTHING}


def layers_after(held: Mapping[YouthKey, YouthLayers], told: Iterable[Told]) -> dict[YouthKey, Pair]:
    """The layers of each youth before and after what was told, in that order; None erases the youth."""
    pairs: dict[YouthKey, Pair] = {}
    for key, facts in _lasting(told):
        before, now = pairs.get(key, (held.get(key, YouthLayers()),) * 2)
        pairs[key] = before, YouthLayers() if facts is None else apply_facts(now, facts)
    return pairs


def _lasting(told: Iterable[Told]) -> list[Told]:
    """What was told without the facts whose layer later ones of the same youth take back at once.

    Newer facts take back the layers from their known day on, so of a youth that is told of often only the last is
    worked out.
    """
    rows: list[Told] = []
    marks: dict[YouthKey, list[Mark]] = defaultdict(list)
    for key, facts in reversed(list(told)):
        if facts is None:
            marks.pop(key, None)
        elif any(mark > (facts.version, facts.known_day) and mark[1] <= facts.known_day for mark in marks[key]):
            continue
        else:
            marks[key].append((facts.version, facts.known_day))
        rows.append((key, facts))
    return rows[::-1]


def joined(earlier: Mapping[YouthKey, Pair], later: Mapping[YouthKey, Pair]) -> dict[YouthKey, Pair]:
    """The layers before the earlier part of a batch and after the later one."""
    return {**earlier, **{key: (earlier.get(key, pair)[0], pair[1]) for key, pair in later.items()}}
