"""Looking beyond one's own team ("noodinzage") in words: what stands now for who asked, and the supervisor's week.

One rule: a youth is named by the case reference of its own team and by nothing else, as everywhere on a page.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from services.alerts.inbox import NO_REFERENCE, Line, counted_nl
from services.alerts.sentences import day_nl
from youthcare.period import AMSTERDAM, civil_day, start_of_day

WEEK = timedelta(days=7)
REASON_NL = "Schrijf in tien tot vijfhonderd tekens waarom u deze jeugdige moet inzien, zonder nummer van een persoon."
NOBODY_NL = "Er is hier geen jeugdige met dit dossiernummer."
SEVERAL_NL = "Dit dossiernummer hoort bij meer dan één jeugdige; vraag het team welke bedoeld is."
BLOCKED_NL = "Noodinzage is voor wie bij een team hoort."


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingLine:
    """A youth that is open to the reader now: under which number, why, until when, and its alerts."""

    number: int
    reference: str
    reason: str
    ends: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedLine:
    """One line of the supervisor's week."""

    number: int
    asked: str
    ends: str
    who: str
    roles: str
    reference: str
    reason: str
    looks: str


def reference_nl(case_reference: str | None) -> str:
    """Which youth it is, in the words of the team's own system."""
    return f"Dossier {case_reference}" if case_reference else f"Jeugdige, {NO_REFERENCE}"


def stated_lines(rows: Iterable[Mapping[str, Any]], references: Mapping[str, str | None]) -> tuple[StatedLine, ...]:
    """The week, the newest first; `rows` are stated reasons by their fields."""
    lines = [
        StatedLine(
            number=row["number"],
            asked=clock_nl(row["asked"]),
            ends=clock_nl(row["ends"]),
            who=row["actor"],
            roles=roles_nl(row["roles"]),
            reference=reference_nl(references.get(row["youth"])),
            reason=row["reason"],
            looks=counted_nl(row["looks"], "inzage", "inzagen"),
        )
        for row in rows
    ]
    return tuple(reversed(lines))


def roles_nl(roles: str) -> str:
    """The teams among the roles of who asked."""
    teams = [role.removeprefix("team:") for role in roles.split(",") if role.startswith("team:")]
    return f"team {', '.join(teams)}"


def clock_nl(instant: datetime) -> str:
    """A moment with the time of the day, as the reader's clock shows it."""
    return f"{day_nl(civil_day(instant))}, {instant.astimezone(AMSTERDAM):%H.%M} uur"


def week_from(first_day: date) -> tuple[datetime, datetime]:
    """The seven days from a day on, as instants: from midnight to midnight in Amsterdam."""
    return start_of_day(first_day), start_of_day(first_day + WEEK)


def last_week(today: date) -> date:
    """The first of the seven days that end with today."""
    return today - WEEK + timedelta(days=1)
