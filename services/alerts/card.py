"""The why-card as a whole: what the page of one alert says, what may be done with it, and what was done.

One rule: what is offered is what the table of steps allows, so that nobody is offered what is then refused.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from services.alerts.acts import OUTCOME_NL, SNOOZE_DAYS_MAX, Acknowledge, Assign, Close, Note, Outcome, Snooze, allowed
from services.alerts.inbox import (
    LEVEL_NL,
    STATE_NL,
    Shown,
    age_nl,
    changed_text,
    reference_of,
    state_words,
    team_nl,
    who_nl,
)
from services.alerts.sentences import day_nl
from services.alerts.states import Cause, State
from services.alerts.whycard import (
    CountLine,
    Statement,
    count_line,
    count_of,
    moment_nl,
    percentile_nl,
    statements,
    threshold_nl,
)
from youthcare.youthfacts import YouthFacts

NARROW, WIDE = 340, 760
"""How many units wide a drawing is on a telephone and on a desk screen."""
SNOOZE_PROPOSED = timedelta(days=14)
SYSTEM = "system"
CAUSE_NL: Mapping[str, str] = {
    Cause.FOUND: "Melding gevonden",
    Cause.FACTS: "Veranderd door nieuwe gegevens",
    Cause.DAY: "Veranderd doordat een dag verstreek",
    Cause.LAPSED: "In behandeling verlopen, weer open",
    Cause.SNOOZE_ENDED: "Uitstel voorbij, weer open",
    Cause.REOPENED: "Heropend door een nieuw bericht",
    Cause.HANDED_OVER: "Overgedragen aan een ander team",
    Cause.GROUND_GONE: "De grond viel weg nadat de melding was afgesloten",
    Cause.SENDER_SILENT: "Onzeker: een aanleveraar zwijgt",
    Cause.SENDER_HEARD: "De aanleveraar meldt weer",
    Cause.ACKNOWLEDGED: "In behandeling genomen",
    Cause.SNOOZED: "Uitgesteld",
    Cause.ASSIGNED: "Toegewezen",
    Cause.CLOSED: "Afgesloten",
    Cause.NOTED: "Notitie",
}

LED_TO_NL: Mapping[str, str] = {
    **STATE_NL,
    State.OPEN: "Geopend",
    State.SCHEDULED: "Gepland voor later",
    State.EXPIRED: "Vervallen: de situatie eindigde",
    State.WITHDRAWN: "Ingetrokken: door nieuwe gegevens viel de grond weg",
}
"""A step that facts or days took is best said by the state that it led to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """What may be done with an alert now; days are as a form writes them."""

    number: int
    may_take: bool
    may_snooze: bool
    may_assign: bool
    may_close: bool
    may_note: bool
    snooze_from: str
    snooze_to: str
    snooze_proposed: str
    outcomes: tuple[tuple[str, str], ...]

    @property
    def may_anything(self) -> bool:
        """Whether anything but a note is offered."""
        return self.may_take or self.may_snooze or self.may_assign or self.may_close

    @property
    def signature(self) -> str:
        """Names what is offered, so that a page replaces its forms only when that changes."""
        told = (self.may_take, self.may_snooze, self.may_assign, self.may_close)
        return "".join("ja"[each] for each in told)


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """One line of the history."""

    when: str
    who: str
    what: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """The page of one alert, in words and places."""

    number: int
    changed: str
    title: str
    label: str
    level: str
    sentence: str
    state_words: str
    opened: str
    age: str
    team: str
    assignee: str
    told: str
    threshold: str
    percentile: str
    ends: str
    count_words: str
    count_narrow: CountLine | None
    count_wide: CountLine | None
    statements: tuple[Statement, ...]
    acts: Offered
    history: tuple[Past, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known around an alert: the youth's facts, its steps, who was told, and its percentile."""

    facts: YouthFacts | None
    steps: Sequence[Mapping[str, Any]]
    receivers: Iterable[str] = ()
    percentile: int | None = None


def card_of(alert: Shown, known: Known, ends_nl: str, today: date, reader: str) -> Card:
    """The card of an alert on a day, for one reader."""
    count = count_of(alert, today)
    return Card(
        number=alert.number,
        changed=changed_text(alert),
        title=f"{reference_of(alert)}: {alert.label_nl}",
        label=alert.label_nl,
        level=LEVEL_NL.get(alert.level, ""),
        sentence=alert.sentence,
        state_words=state_words(alert),
        opened=day_nl(alert.opens_on),
        age=age_nl(alert.opens_on, today),
        team=team_nl(alert.team),
        assignee=who_nl(alert.assignee, reader),
        told=told_nl(known.receivers) if alert.state == State.WITHDRAWN else "",
        threshold=threshold_nl(alert),
        percentile=percentile_nl(known.percentile),
        ends=ends_nl,
        count_words=count.words if count else "",
        count_narrow=count_line(count, NARROW) if count else None,
        count_wide=count_line(count, WIDE) if count else None,
        statements=statements(known.facts, alert.evidence) if known.facts else (),
        acts=offered(alert.number, State(alert.state), today),
        history=tuple(past_of(step, reader) for step in reversed(known.steps)),
    )


def offered(number: int, state: State, today: date) -> Offered:
    """What may be done with an alert in a state, on a day."""
    acts = allowed(state)
    return Offered(
        number=number,
        may_take=Acknowledge in acts,
        may_snooze=Snooze in acts,
        may_assign=Assign in acts,
        may_close=Close in acts,
        may_note=Note in acts,
        snooze_from=(today + timedelta(days=1)).isoformat(),
        snooze_to=(today + timedelta(days=SNOOZE_DAYS_MAX)).isoformat(),
        snooze_proposed=(today + SNOOZE_PROPOSED).isoformat(),
        outcomes=tuple((each.value, OUTCOME_NL[each]) for each in Outcome),
    )


def past_of(step: Mapping[str, Any], reader: str) -> Past:
    """A step of the history in words: what, until when or to whom, by whom and when."""
    at: datetime = step["at"]
    return Past(
        when=moment_nl(at),
        who="automatisch" if step["actor"] == SYSTEM else who_nl(step["actor"], reader),
        what=f"{_what(step)}{_more(step)}",
        why=step["note"] or "",
    )


def _what(step: Mapping[str, Any]) -> str:
    if step["cause"] in (Cause.FACTS, Cause.DAY, Cause.FOUND):
        return LED_TO_NL[step["after"]]
    return CAUSE_NL[step["cause"]]


def _more(step: Mapping[str, Any]) -> str:
    if step["cause"] == Cause.SNOOZED and step["until"]:
        return f" tot {day_nl(step['until'])}"
    if step["cause"] == Cause.ACKNOWLEDGED and step["until"]:
        return f", verloopt op {day_nl(step['until'])}"
    if step["cause"] == Cause.ASSIGNED:
        return f" aan {step['assignee'] or 'niemand'}"
    if step["cause"] == Cause.HANDED_OVER:
        return f": {step['team']}"
    return f": {OUTCOME_NL[Outcome(step['outcome'])]}" if step["cause"] == Cause.CLOSED and step["outcome"] else ""


def told_nl(receivers: Iterable[str]) -> str:
    """Who was told of an alert."""
    names = sorted(receivers)
    return ", ".join("toezichthouder" if name == "supervisor" else name.replace("team:", "team ") for name in names)
