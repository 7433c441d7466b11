"""The findings about one youth: a pure function of facts and norms (domain.md §7).

Two rules. Nothing here knows what day it is. One finding has one identity: a second one with the same anchor (an
indication that returned twice) is told apart by its occurrence, in order of opening.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from services.alerts.finding import Finding, Rule
from services.alerts.norms import Norms
from services.alerts.overlong import overlong
from services.alerts.returned import returned
from services.alerts.stacking_level import stacking_level
from services.alerts.stacking_request import stacking_request
from youthcare.youthfacts import YouthFacts

RULES: dict[Rule, Callable[[YouthFacts, Norms], Iterable[Finding]]] = {
    Rule.RETURNED: returned,
    Rule.STACKING_LEVEL: stacking_level,
    Rule.STACKING_REQUEST: stacking_request,
    Rule.TRAJECTORY_OVERLONG: overlong,
}


def findings(facts: YouthFacts, norms: Norms) -> tuple[Finding, ...]:
    """All findings about a youth, by identity; none of a youth that is merged away or forgotten."""
    if facts.gone or norms.definition not in facts.definitions:
        return ()
    found = (finding for rule in RULES.values() for finding in rule(facts, norms))
    return tuple(_numbered(found))


def _numbered(found: Iterable[Finding]) -> Iterator[Finding]:
    same: dict[tuple[str, str, str], list[Finding]] = defaultdict(list)
    for finding in found:
        same[finding.rule, finding.level, finding.anchor].append(finding)
    for key in sorted(same):
        ordered = sorted(same[key], key=lambda finding: finding.opens_on)
        yield from (replace(finding, occurrence=index) for index, finding in enumerate(ordered, start=1))
