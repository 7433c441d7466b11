"""From a youth's facts to its alerts, and to what is told of them: ties rules, lifecycle and sentences together.

Three rules. Facts count only when they are newer than those applied: by version, then by known day; so any order and
any repetition end alike. What is told outside holds no sentence and no evidence. Replay and the live service call the
same functions.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from services.alerts.finding import Finding, Identity
from services.alerts.lifecycle import Alert, Cause, Change, Latest, State, applied, state_on
from services.alerts.norms import Norms, SignalSetting, foreseen
from services.alerts.rules import findings, sentence
from youthcare.period import civil_day
from youthcare.wire import instant_text
from youthcare.youthfacts import YouthFacts, team_on

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
    found = findings(facts, foreseen(norms, today)) if setting.signals else ()
    latest = Latest(count=facts.version[1], team=team_on(facts, today))
    changes = applied(stored, found, today, setting.alert_start_day, latest)
    return tuple(
        change if change.finding is None else replace(change, senders=senders_of(facts, change.finding))
        for change in changes
    )


def revisit_day(facts: YouthFacts, today: date) -> date:
    """The next day on which a registration begins to count, as the team may be another from then on, or a year begins.

    With a year findings come into sight that open in the one after it (`foreseen`).
    """
    registered = (row.valid_from for row in facts.registrations if row.valid_from > today)
    return min((date(today.year + 1, 1, 1), *registered))


def senders_of(facts: YouthFacts, finding: Finding) -> frozenset[str]:
    """The senders whose silence makes a finding uncertain: of the starts and ends of the indications it rests on.

    Indications that had ended when the finding opened are left out: nothing more is to be heard of them.
    """
    wanted = set(finding.evidence)
    return frozenset(
        recorded.source
        for row in facts.indications
        if wanted.intersection(row.evidence) and row.running and _ran_on(row.last_running_day, finding.opens_on)
        for recorded in (*row.starts, *row.ends)
        if recorded.source
    )


def _ran_on(last_day: date | None, day: date) -> bool:
    return last_day is None or last_day >= day


def arrivals_of(facts: YouthFacts) -> frozenset[tuple[str, date]]:
    """On which civil days starts and ends were received, by sender; what was withdrawn since is not among them."""
    return frozenset(
        (recorded.source, civil_day(recorded.received))
        for row in facts.indications
        for recorded in (*row.starts, *row.ends)
        if recorded.source and recorded.received is not None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What an alert event says of its alert, beside its state; of an alert about a sender no youth."""

    municipality: str
    youth: str | None
    alert: int
    identity: Identity
    team: str
    opens_on: date
    closes_on: date | None


def event(
    told: Told, state: State, receiver: str, number: int, time: datetime, cause: Cause = Cause.FACTS
) -> dict[str, Any]:
    """The value on `care-alerts`: that an alert reached a state and why, numbered per receiver (design.md §2)."""
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
        "cause": cause.value,
    }


def replayed(facts: Iterable[YouthFacts], norms: Norms, start_day: date | None, on: date) -> list[dict[str, Any]]:
    """The lines of `alerts.jsonl`: every finding with its due state on a day (design.md §5)."""
    rows = ((finding, row.youth) for row in facts for finding in findings(row, foreseen(norms, on)))
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
