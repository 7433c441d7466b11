"""How a youth's facts become steps in the log: layers by the day on which they were known.

A layer holds what the facts of one known day added to those of the days before. Facts are applied only when
(version, known day) is newer than what was applied last; they take back the layers from their known day on, and
their own layer is the difference with what is left. So any order and repetition of facts ends in the same layers.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from datetime import date

from services.indicators.delays import NOTHING_DECREED, Decreed, decreed_on
from services.indicators.steps import (
    NOTHING,
    Amount,
    SharedKey,
    SharedSteps,
    StepKey,
    minus,
    negated,
    plus,
    spread,
    summed,
)
from services.indicators.tally import shared_tally
from youthcare.workingdays import NONE_DECREED
from youthcare.youthfacts import YouthFacts

YouthKey = tuple[str, str]
"""Municipality and youth."""

Mark = tuple[tuple[int, int], date]
"""Version and known day of facts, in the order in which they supersede each other."""


Known = tuple[str, date]
"""A municipality and the day on which something became known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class YouthLayers:
    """What of a youth was applied last, and the steps that each known day added."""

    applied: Mark | None = None
    layers: Mapping[date, SharedSteps] = field(default_factory=dict)
    corrections: frozenset[date] = frozenset()
    """The known days on which something was taken back or mended."""


Told = tuple[YouthKey, YouthFacts | None]
"""A youth and its facts, or None when it was erased."""

Pair = tuple[YouthLayers, YouthLayers]
"""The layers of a youth before and after."""


def apply_facts(before: YouthLayers, facts: YouthFacts, decreed: Set[date] = NONE_DECREED) -> YouthLayers:
    """The layers after facts; those before when the facts are not newer. `decreed` as in `tally_all`."""
    mark = (facts.version, facts.known_day)
    if before.applied is not None and mark <= before.applied:
        return before
    kept = {day: steps for day, steps in before.layers.items() if day < facts.known_day}
    added = added_by(shared_tally(facts, decreed), kept.values())
    if not added:
        return YouthLayers(applied=mark, layers=kept, corrections=before.corrections & kept.keys())
    corrections = {*(before.corrections & kept.keys()), *([facts.known_day] if facts.corrects else [])}
    return YouthLayers(applied=mark, layers={**kept, facts.known_day: added}, corrections=frozenset(corrections))


def added_by(total: SharedSteps, earlier: Iterable[SharedSteps]) -> dict[SharedKey, Amount]:
    """What a youth's steps add to those of earlier layers; nothing when no group gains or loses anything."""
    before = summed(earlier)
    added = summed((total, negated(before)))
    # Without anything before nothing cancels: what a youth adds to a group is never nothing.
    return added if not before or spread(added) else {}


def step_changes(pairs: Mapping[YouthKey, Pair]) -> dict[Known, dict[StepKey, Amount]]:
    """What the log must gain so that it holds the later layers of each (municipality, youth), not the earlier."""
    changed: defaultdict[Known, dict[SharedKey, Amount]] = defaultdict(dict)
    for (municipality, _), (before, after) in pairs.items():
        for known_day in before.layers.keys() | after.layers.keys():
            totals = changed[municipality, known_day]
            for key, change in _change(before.layers.get(known_day, {}), after.layers.get(known_day, {})):
                totals[key] = plus(totals.get(key, NOTHING), change)
    gained = {known: spread(totals) for known, totals in changed.items()}
    return {known: steps for known, steps in gained.items() if steps}


def _change(old: SharedSteps, new: SharedSteps) -> Iterator[tuple[SharedKey, Amount]]:
    for key in old.keys() | new.keys():
        change = minus(new.get(key, NOTHING), old.get(key, NOTHING))
        if change != NOTHING:
            yield key, change


def layers_after(
    held: Mapping[YouthKey, YouthLayers], told: Iterable[Told], decreed: Decreed = NOTHING_DECREED
) -> dict[YouthKey, Pair]:
    """The layers of each youth before and after what was told, in that order; None erases the youth."""
    pairs: dict[YouthKey, Pair] = {}
    for key, facts in _lasting(told):
        before, now = pairs.get(key, (held.get(key, YouthLayers()),) * 2)
        pairs[key] = before, _applied(now, facts, decreed)
    return pairs


def _applied(now: YouthLayers, facts: YouthFacts | None, decreed: Decreed) -> YouthLayers:
    if facts is None:
        return YouthLayers()
    return apply_facts(now, facts, decreed_on(decreed, facts.municipality, facts.known_day))


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
