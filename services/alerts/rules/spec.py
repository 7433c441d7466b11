"""What a rule is: how it finds, what it says, where its question comes from, and to whom it speaks (domain.md §7)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from services.alerts.finding import Finding, Rule
from services.alerts.norms import Norms
from youthcare.youthfacts import YouthFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """One rule.

    `find` gives its findings about a youth in their order, `sentence` the one Dutch sentence of a finding of it.
    `label_nl` is its name and `ends_nl` what would end it. `source` says, in Dutch as readers see it, which
    observation of the municipality's report on youth care it answers. An unknown team is always the supervisor's.
    """

    rule: Rule
    find: Callable[[YouthFacts, Norms], Iterable[Finding]]
    sentence: Callable[[Finding], str]
    label_nl: str
    ends_nl: str
    source: str
    to_team: bool = False
    to_supervisor: bool = False
