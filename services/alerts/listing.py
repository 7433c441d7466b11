"""The list of the inbox: what is asked of it, and the two parts in which it answers.

Two rules. What nobody took up is new this week as far as the team's week has room, and later otherwise; nothing is
hidden (`ranking.py`). A choice that is none of ours counts as no choice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode

from services.alerts.finding import Rule
from services.alerts.inbox import STATE_NL, Line, Shown, line_of, team_nl
from services.alerts.ranking import Cut, Place, key_of, place_of
from services.alerts.states import ASKING, State

LIMIT = 50
AGES_NL: Mapping[str, str] = {"": "elke leeftijd", "7": "ouder dan een week", "30": "ouder dan 30 dagen"} | {
    "90": "ouder dan 90 dagen"
}
COUNT_MAX = 1000
"""Beyond this a count says no more than that there are more."""
COUNTED = (State.OPEN, State.ACKNOWLEDGED, State.SNOOZED, State.STALE)
"""The states whose counts stand above the list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What the reader asks to see; empty lets all pass, and no state is what is open."""

    team: str = ""
    rule: str = ""
    state: str = State.OPEN.value
    days: str = ""
    before: int | None = None

    def opened_until(self, today: date) -> date | None:
        """The last day on which an alert that is old enough opened."""
        return today - timedelta(days=int(self.days) + 1) if self.days else None

    def address(self, **changed: object) -> str:
        """The address of the list with this choice, changed; a change of anything begins at its first page."""
        asked = {"team": self.team, "regel": self.rule, "stand": self.state, "ouder": self.days} | changed
        kept = {name: value for name, value in asked.items() if value and (name, value) != ("stand", State.OPEN.value)}
        return f"/?{urlencode(kept)}" if kept else "/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """One choice on the page."""

    name: str
    label: str
    chosen: str
    choices: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One part of the list."""

    anchor: str
    title: str
    explained: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """How many alerts stand in a state, and where they are listed."""

    count: str
    words: str
    address: str
    is_here: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The page of the list."""

    title: str
    counters: tuple[Counter, ...]
    filters: tuple[Filter, ...]
    is_filtered: bool
    sections: tuple[Section, ...]
    shows_team: bool
    next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """The workload guard: the cut of each team, and how many new alerts a team gets in a week."""

    cuts: Mapping[str, Cut]
    new_per_week: int


def choice_of(asked: Mapping[str, str], teams: Sequence[str]) -> Choice:
    """A choice from the address of the page."""
    before = asked.get("na", "")
    return Choice(
        team=_one_of(asked.get("team", ""), teams),
        rule=_one_of(asked.get("regel", ""), [rule.value for rule in Rule]),
        state=_one_of(asked.get("stand", ""), STATE_NL) or State.OPEN.value,
        days=_one_of(asked.get("ouder", ""), AGES_NL),
        before=int(before) if before.isascii() and before.isdigit() and len(before) < 19 else None,
    )


def _one_of(value: str, known: Sequence[str] | Mapping[str, str]) -> str:
    return value if value in known else ""


def filters_of(choice: Choice, teams: Sequence[str], labels: Mapping[str, str]) -> tuple[Filter, ...]:
    """The choices that the page offers; the team only where there is more than one."""
    of_team = [("", "alle teams"), *((team, team_nl(team)) for team in teams)]
    rules = [("", "alle regels"), *sorted(labels.items(), key=lambda pair: pair[1])]
    built = [
        Filter(name="team", label="Team", chosen=choice.team, choices=tuple(of_team)),
        Filter(name="regel", label="Regel", chosen=choice.rule, choices=tuple(rules)),
        Filter(name="stand", label="Stand", chosen=choice.state, choices=tuple(STATE_NL.items())),
        Filter(name="ouder", label="Leeftijd", chosen=choice.days, choices=tuple(AGES_NL.items())),
    ]
    return tuple(built if len(teams) > 1 else built[1:])


def counters_of(choice: Choice, counts: Mapping[State, int]) -> tuple[Counter, ...]:
    """How many alerts stand in each state where somebody is still to do something."""
    assert set(counts) <= ASKING
    return tuple(
        Counter(
            count="meer dan 1.000" if counts.get(state, 0) > COUNT_MAX else str(counts.get(state, 0)),
            words="onzeker" if state is State.STALE else STATE_NL[state],
            address=choice.address(stand=state.value),
            is_here=choice.state == state.value,
        )
        for state in COUNTED
    )


def sections_of(alerts: Sequence[Shown], choice: Choice, week: Week, today: date, reader: str) -> tuple[Section, ...]:
    """The list in parts: what is new this week, and what comes later; another state is one part."""
    lines = [(line_of(alert, today, reader), _place(alert, week)) for alert in alerts]
    if choice.state != State.OPEN.value:
        title = STATE_NL[choice.state].capitalize()
        found = [Section(anchor="lijst", title=title, explained="", lines=tuple(line for line, _place in lines))]
    else:
        found = [_section(place, lines, week) for place in Place]
    return tuple(section for section in found if section.lines)


def _place(alert: Shown, week: Week) -> Place | None:
    cut = week.cuts.get(alert.team, Cut(room=0))
    return place_of(State(alert.state), key_of(alert.level, alert.opens_on, alert.number), cut)


def _section(place: Place, lines: Sequence[tuple[Line, Place | None]], week: Week) -> Section:
    inside = tuple(line for line, found in lines if found is place)
    if place is Place.NEW:
        words = f"Ten hoogste {week.new_per_week} per team en week: bereikte normen eerst, dan wat het langst wacht."
        return Section(anchor="nieuw", title="Nieuw deze week", explained=words, lines=inside)
    words = "Dit wordt deze week nog niet van het team gevraagd; oppakken mag."
    return Section(anchor="daarna", title="Daarna", explained=words, lines=inside)
