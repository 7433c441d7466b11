"""From a youth's facts to its alerts, and to what is told of them: ties rules, lifecycle and sentences together.

Three rules. Facts count only when they are newer than those applied: by version, then by known day; so any order and
any repetition end alike. What is told outside holds no sentence and no evidence. Replay and the live service call the
same functions.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from services.alerts.finding import Finding, Identity
from services.alerts.lifecycle import Alert, Change, State, applied, state_on
from services.alerts.norms import Norms, SignalSetting
from services.alerts.rules import findings
from services.alerts.sentences import sentence
from youthcare.wire import instant_text
from youthcare.youthfacts import YouthFacts

YouthKey = tuple[str, str]
Stamp = tuple[tuple[int, int], date]
"""What orders the facts of one youth: version, then known day."""


def stamp_of(facts: YouthFacts) -> Stamp:
    """The place of facts in the order of what was told about their youth."""
    return facts.version, facts.known_day


def newest(facts: Iterable[YouthFacts]) -> dict[YouthKey, YouthFacts]:
    """The newest facts of each youth: for alerts only the last layer of knowledge matters."""
    found: dict[YouthKey, YouthFacts] = {}
    for row in facts:
        key = (row.municipality, row.youth)
        if key not in found or stamp_of(row) > stamp_of(found[key]):
            found[key] = row
    return found


def youth_changes(
    facts: YouthFacts, stored: Sequence[Alert], norms: Norms, setting: SignalSetting, today: date
) -> tuple[Change, ...]:
    """What changes in the alerts of a youth now that these are its facts; with signals off nothing is left."""
    found = findings(facts, norms) if setting.signals else ()
    return applied(stored, found, today, setting.alert_start_day)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What an alert event says of its alert, beside its state."""

    municipality: str
    youth: str
    alert: int
    identity: Identity
    team: str
    opens_on: date
    closes_on: date | None


def event(told: Told, state: State, receiver: str, number: int, time: datetime) -> dict[str, Any]:
    """The value on `care-alerts`: that an alert reached a state, numbered per receiver (design.md §2)."""
    return {
        "municipality": told.municipality,
        "receiver": receiver,
        "number": number,
        "time": instant_text(time),
        "alert": told.alert,
        "rule": told.identity.rule.value,
        "level": told.identity.level.value,
        "anchor": told.identity.anchor,
        "youth": told.youth,
        "team": told.team,
        "opens_on": told.opens_on.isoformat(),
        "closes_on": told.closes_on.isoformat() if told.closes_on else None,
        "state": state.value,
    }


def replayed(facts: Iterable[YouthFacts], norms: Norms, start_day: date | None, on: date) -> list[dict[str, Any]]:
    """The lines of `alerts.jsonl`: every finding with its due state on a day (design.md §5)."""
    rows = ((finding, row.youth) for row in facts for finding in findings(row, norms))
    return [alert_line(finding, youth, start_day, on) for finding, youth in sorted(rows, key=_order)]


def _order(row: tuple[Finding, str]) -> tuple[str, str, str, str, int]:
    finding, youth = row
    return finding.rule, finding.level, finding.anchor, youth, finding.occurrence


def alert_line(finding: Finding, youth: str, start_day: date | None, on: date) -> dict[str, Any]:
    """One finding as `alerts.jsonl` and the comparison of live with replay write it."""
    return {
        "rule": finding.rule.value,
        "level": finding.level.value,
        "anchor": finding.anchor,
        "youth": youth,
        "team": finding.team,
        "opens_on": finding.opens_on.isoformat(),
        "closes_on": finding.closes_on.isoformat() if finding.closes_on else None,
        "state": state_on(finding, on, start_day).value,
        "evidence": list(finding.evidence),
        "sentence": sentence(finding),
    }
