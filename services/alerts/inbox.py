"""The inbox as words: what stands on a line of the list, so that a professional knows it in ten seconds.

Two rules. A line names the child by the team's own case reference and by nothing else (domain.md §8). What a state
or a level is called in Dutch is said here once, for the list, the why-card and the history.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from services.alerts.acts import OUTCOME_NL, Outcome
from services.alerts.finding import UNKNOWN_TEAM
from services.alerts.sentences import day_nl
from services.alerts.states import ASKING, State

NO_REFERENCE = "geen dossiernummer bekend"
NO_YOUTH = "Aanlevering"
"""What stands in the place of a reference when an alert is about a sender and not about a youth."""
STATE_NL: Mapping[str, str] = {
    "scheduled": "gepland",
    "open": "open",
    "acknowledged": "in behandeling",
    "snoozed": "uitgesteld",
    "closed": "afgesloten",
    "withdrawn": "ingetrokken",
    "expired": "vervallen",
    "stale": "onzeker: een aanleveraar zwijgt",
    "historical": "van vóór de startdag",
}
LEVEL_NL: Mapping[str, str] = {
    "warning": "waarschuwing vooraf",
    "norm": "norm bereikt",
    "without-request": "zonder verzoek",
    "first": "eerste keer",
    "yearly": "jaarlijks",
    "paused": "pauze",
    "no-end": "zonder einde",
}
"""A rule with one level (`signal`) says it with its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An alert as the store gives it to the page."""

    number: int
    youth: str | None
    rule: str
    label_nl: str
    level: str
    anchor: str = ""
    state: str
    team: str
    case_reference: str | None = None
    opens_on: date
    closes_on: date | None = None
    sentence: str
    threshold: int | None = None
    valid_from: date
    evidence: tuple[str, ...] = ()
    terms: Mapping[str, Any] = field(default_factory=dict)
    assignee: str | None = None
    until: date | None = None
    on_message: bool = False
    former: str | None = None
    outcome: str | None = None
    changed: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the list, in words."""

    number: int
    changed: str
    reference: str
    label: str
    level: str
    sentence: str
    opened: str
    age: str
    state: str
    state_words: str
    team: str
    assignee: str
    can_be_taken: bool
    is_at_work: bool


def shown_of(row: Mapping[str, Any], label_nl: str) -> Shown:
    """An alert from a row of the store; a column that a query leaves out is unknown."""
    names = ("number", "youth", "rule", "level", "state", "case_reference", "opens_on", "closes_on", "sentence")
    more = ("anchor", "threshold", "assignee", "until", "former", "outcome", "changed")
    fields: dict[str, Any] = {name: row[name] for name in names} | {name: row.get(name) for name in more}
    return Shown(
        **fields,
        team=row.get("holder") or row["team"],
        label_nl=label_nl,
        on_message=bool(row.get("on_message")),
        valid_from=row.get("valid_from") or row["opens_on"],
        evidence=tuple(row.get("evidence") or ()),
        terms=row.get("terms") or {},
    )


def line_of(alert: Shown, today: date, reader: str) -> Line:
    """The line of an alert on a day, for one reader (who is `u` where it is theirs)."""
    return Line(
        number=alert.number,
        changed=changed_text(alert),
        reference=reference_of(alert),
        label=alert.label_nl,
        level=LEVEL_NL.get(alert.level, ""),
        sentence=alert.sentence,
        opened=day_nl(alert.opens_on),
        age=age_nl(alert.opens_on, today),
        state=alert.state,
        state_words=state_words(alert),
        team=team_nl(alert.team),
        assignee=who_nl(alert.assignee, reader),
        can_be_taken=alert.state == State.OPEN,
        is_at_work=alert.state in ASKING,
    )


def reference_of(alert: Shown) -> str:
    """Which child it is about, in the words of the team's own system; never by the identifier used inside."""
    if alert.youth is None:
        return NO_YOUTH
    return f"Dossier {alert.case_reference}" if alert.case_reference else f"Jeugdige, {NO_REFERENCE}"


def changed_text(alert: Shown) -> str:
    """When an alert last changed, so that of two such texts the greater is the newer."""
    return alert.changed.astimezone(UTC).isoformat(timespec="microseconds") if alert.changed else ""


def state_words(alert: Shown) -> str:
    """A state with what belongs to it: until when it is put off, or with which outcome it closed."""
    words = STATE_NL.get(alert.state, alert.state)
    if alert.state == State.STALE and alert.former not in (None, State.OPEN):
        return f"{words}; was {STATE_NL[alert.former]}"
    if alert.state == State.SNOOZED and alert.until is not None:
        return f"{words} tot {'volgend bericht, uiterlijk ' if alert.on_message else ''}{day_nl(alert.until)}"
    if alert.state == State.CLOSED and alert.outcome:
        return f"{words}: {OUTCOME_NL[Outcome(alert.outcome)]}"
    return words


def age_nl(opens_on: date, today: date) -> str:
    """How long an alert has been there: days up to two weeks, then weeks, then months of thirty days."""
    days = (today - opens_on).days
    if days <= 0:
        return "vandaag"
    if days < 14:
        return counted_nl(days, "dag", "dagen")
    return counted_nl(days // 7, "week", "weken") if days < 90 else counted_nl(days // 30, "maand", "maanden")


def team_nl(team: str) -> str:
    """A team as it is called; who has none stands under the supervisor."""
    return "zonder team" if team == UNKNOWN_TEAM else team


def who_nl(subject: str | None, reader: str) -> str:
    """Who it is, for a reader: `u` for themselves, nothing for nobody."""
    return "" if subject is None else "u" if subject == reader else subject


def counted_nl(count: int, one: str, more: str) -> str:
    """A count with its noun; thousands are parted by a point."""
    return f"{count:,} {one if count == 1 else more}".replace(",", ".")
