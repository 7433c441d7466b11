"""The rules of domain.md §7, one file each, and the findings about one youth: a pure function of facts and norms.

Three rules. Nothing here knows what day it is. One finding has one identity: findings with the same rule, level and
anchor (an indication that returned twice) are told apart by their occurrence, in order of opening and of one day in
the order of their rule. Only a yearly evaluation says itself which one it is.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from services.alerts.finding import Finding, Level, Rule
from services.alerts.norms import Norms
from services.alerts.rules import (
    duplicate_provision,
    end_near,
    evaluation_due,
    feed_silent,
    indication_overlong,
    outlier,
    residential_moves,
    returned,
    serial_renewal,
    shopping,
    sleeper,
    stacking_level,
    stacking_request,
    stacking_unrequested,
    trajectory_overlong,
    turning_18,
    waiting_long,
)
from services.alerts.rules.spec import Spec
from youthcare.youthfacts import YouthFacts

_MODULES = (
    duplicate_provision,
    end_near,
    evaluation_due,
    feed_silent,
    indication_overlong,
    outlier,
    residential_moves,
    returned,
    serial_renewal,
    shopping,
    sleeper,
    stacking_level,
    stacking_request,
    stacking_unrequested,
    trajectory_overlong,
    turning_18,
    waiting_long,
)
SPECS: Mapping[Rule, Spec] = {module.SPEC.rule: module.SPEC for module in _MODULES}
"""Every rule by its value."""
LABEL_NL: Mapping[Rule, str] = {rule: spec.label_nl for rule, spec in SPECS.items()}
ENDS_NL: Mapping[Rule, str] = {rule: spec.ends_nl for rule, spec in SPECS.items()}


def sentence(finding: Finding) -> str:
    """The one sentence of an alert, in Dutch."""
    return SPECS[finding.rule].sentence(finding)


def findings(facts: YouthFacts, norms: Norms) -> tuple[Finding, ...]:
    """All findings about a youth, by identity; none of a youth that is merged away or forgotten.

    Those that open after `norms.until` are left out: what the others are called does not depend on them.
    """
    if facts.gone or norms.definition not in facts.definitions:
        return ()
    with_norms = {row.rule for row in norms.rows}
    found = (finding for rule, spec in SPECS.items() if rule in with_norms for finding in spec.find(facts, norms))
    return tuple(finding for finding in _numbered(found) if finding.opens_on <= norms.until)


def _numbered(found: Iterable[Finding]) -> Iterator[Finding]:
    same: dict[tuple[str, str, str], list[Finding]] = defaultdict(list)
    for finding in found:
        same[finding.rule, finding.level, finding.anchor].append(finding)
    for key in sorted(same):
        ordered = sorted(same[key], key=lambda finding: finding.opens_on)
        if ordered[0].level is Level.YEARLY:
            yield from ordered
        else:
            yield from (replace(finding, occurrence=index) for index, finding in enumerate(ordered, start=1))
