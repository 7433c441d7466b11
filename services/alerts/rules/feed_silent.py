"""`feed-silent`: a sender that normally reports is silent beyond its own habit (domain.md §7, decision 0017).

Source: the quarterly report explains dips by late administration (domain.md, source of the questions).

One rule: it is not about a youth, so that nothing of it is found in facts; `silence.py` says when a sender is silent.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from services.alerts.finding import Finding, Rule, Terms
from services.alerts.norms import Norms
from services.alerts.rules.spec import Spec
from services.alerts.sentences import day_nl
from youthcare.youthfacts import YouthFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class SilentTerms(Terms):
    """When a sender last reported, and how many working days at most it left between two of its days before."""

    sender: str
    last_arrival: date
    habit_working_days: int


def feed_silent(_facts: YouthFacts, _norms: Norms) -> Iterator[Finding]:
    """Nothing: facts about a youth do not say who is silent."""
    return iter(())


def sentence(finding: Finding) -> str:
    """Who reported last when, and what its habit was."""
    terms = finding.terms
    assert isinstance(terms, SilentTerms)
    count = terms.habit_working_days
    days = "1 werkdag" if count == 1 else f"{count} werkdagen"
    return (
        f"Van aanleveraar {terms.sender} kwam op {day_nl(terms.last_arrival)} het laatste bericht over begin of einde "
        f"van zorg; daarvóór zat er hoogstens {days} tussen, en op {day_nl(finding.opens_on)} is meer dan twee keer "
        f"zo lang verstreken."
    )


SPEC = Spec(
    rule=Rule.FEED_SILENT,
    find=feed_silent,
    sentence=sentence,
    label_nl="Aanleveraar zwijgt",
    ends_nl="Vervalt als de aanleveraar weer bericht.",
    source="De voortgangsrapportage verklaart dalingen door late administratie.",
    to_supervisor=True,
)
