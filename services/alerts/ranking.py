"""In which order a team sees its alerts, and which of them are asked of it this week (issue: teams drown in signals).

Three rules. There is no score on a child: a reached norm comes before a signal and a signal before a warning, then
what is open longest, then the number. Of the alerts that nobody took up the first so many are *new* this week and the
rest are *later*: visible, ranked, and not asked yet. What the team took up since Monday counts as new too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from services.alerts.states import State

Key = tuple[int, date, int]
"""The place of an alert in the order: by level, by the day it opened, by number."""
_BEFORE = {"norm": 0, "warning": 2}
_BETWEEN = 1


class Place(StrEnum):
    """Whether an open alert is asked of its team this week."""

    NEW = "new"  # nieuw
    LATER = "later"  # later


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """How many more alerts may be new to a team this week, and the last of them; None: all that are open are."""

    room: int
    last: Key | None = None


def key_of(level: str, opens_on: date, number: int) -> Key:
    """The place of an alert; the smaller, the sooner."""
    return _BEFORE.get(level, _BETWEEN), opens_on, number


def week_of(day: date) -> date:
    """The Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def rooms(teams: Mapping[str, int], new_per_week: int) -> dict[str, int]:
    """How many more alerts may be new to each team, by how many it took up this week."""
    return {team: max(0, new_per_week - taken) for team, taken in teams.items()}


def place_of(state: State, key: Key, cut: Cut) -> Place | None:
    """Where an alert stands under the cut of its team; None for one that does not stand open."""
    if state is not State.OPEN:
        return None
    is_new = cut.room > 0 and (cut.last is None or key <= cut.last)
    return Place.NEW if is_new else Place.LATER
