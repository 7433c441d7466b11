"""Findings and stored alerts with readable defaults, for tests of what becomes of alerts."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from services.alerts.finding import Finding, Level, Rule, Terms
from services.alerts.lifecycle import Alert, Hands, State, receivers_of
from services.alerts.norms import Norm
from youthcare.wire import to_wire

NORM = Norm(rule="trajectory-overlong", threshold=100, valid_from=date(2015, 1, 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class SomeTerms(Terms):
    """What a finding says, for those who do not care."""

    days: int = 100


FINDING = Finding(
    rule=Rule.TRAJECTORY_OVERLONG,
    level=Level.NORM,
    anchor="0153-1",
    opens_on=date(2024, 4, 9),
    closes_on=date(2024, 6, 30),
    team="noord",
    evidence=("one",),
    terms=SomeTerms(),
    norm=NORM,
)


def stored(state: State, finding: Finding = FINDING, told: State | None = None, **hands: Any) -> Alert:
    """The alert of a finding in a state; told of it, unless it is one that nobody was told of."""
    untold = state in (State.SCHEDULED, State.HISTORICAL)
    told = told or (None if untold else state)
    return Alert(
        number=7,
        identity=finding.identity,
        team=finding.team,
        opens_on=finding.opens_on,
        closes_on=finding.closes_on,
        valid_from=finding.norm.valid_from,
        evidence=finding.evidence,
        terms=to_wire(finding.terms),
        state=state,
        told=told,
        receivers=receivers_of(finding.rule, finding.team) if told else frozenset(),
        hands=Hands(**hands),
    )


def on_senders(alert: Alert, *senders: str) -> Alert:
    """The same alert, resting on what these senders said."""
    return replace(alert, senders=frozenset(senders))
