"""The alert rules once more, day by day and as naively as can be: what the rules are compared with.

Written from domain.md §5 and §7 and decisions 0014 and 0017 alone. Every condition is asked of every day of a
horizon that lies well around every day that the facts name; findings are read off the days on which it holds.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from tests.naive_alerts import indications, provisions, trajectories
from tests.naive_alerts.seen import DAY, HORIZON, Asked, Line, Seen
from youthcare.period import add_months
from youthcare.youthfacts import YouthFacts

__all__ = ["COMPARED_UNTIL", "Asked", "Line", "naive_lines"]

COMPARED_UNTIL = add_months(HORIZON[-1], -12) - DAY
"""What opens later is left out, so that whatever closes within a year does so inside the horizon."""

RULES: tuple[Callable[[Seen], Iterator[Line]], ...] = (
    trajectories.overlong,
    trajectories.outlier,
    trajectories.turning,
    trajectories.returned,
    trajectories.requested,
    trajectories.stacked,
    provisions.long_running,
    provisions.unrequested,
    provisions.doubled,
    provisions.renewed,
    provisions.evaluations,
    indications.ending,
    indications.waiting,
    indications.paused,
    indications.endless,
    indications.shopped,
    indications.roaming,
)


def naive_lines(facts: YouthFacts, asked: Asked) -> list[Line]:
    """The findings of a youth, sorted; of those with one anchor the number tells which, in order of opening."""
    if facts.gone:
        return []
    seen = Seen(facts=facts, asked=asked)
    found = [line for rule in RULES for line in rule(seen) if line.opens_on <= COMPARED_UNTIL]
    return sorted(_numbered(found), key=lambda row: (row.rule, row.level, row.anchor, row.occurrence))


def _numbered(lines: Iterable[Line]) -> Iterator[Line]:
    """The yearly moments of an evaluation have their number from the moment, all others from their order (0014).

    Of what opens on one day at one anchor the order is that of what was there first: the other run, the refusal.
    """
    seen: Counter[tuple[str, str, str]] = Counter()
    for line in sorted(lines, key=lambda row: row.opens_on):
        name = (line.rule, line.level, line.anchor)
        seen[name] += 1
        by_order = (line.rule, line.level) != ("evaluation-due", "yearly")
        yield replace(line, occurrence=seen[name]) if by_order else line
