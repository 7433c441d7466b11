"""Which team a postcode belongs to, on a day: the postcode tells it once and is then dropped (domain.md §8).

Two rules. The mapping is dated: the rows with the latest `valid_from` on or before the day hold, all others are
history. A postcode that no row names has no team; nothing is guessed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise


@dataclass(frozen=True, slots=True, kw_only=True)
class PostcodeRange:
    """The four-digit postcodes from `first` to `last`, both included, that belong to a team."""

    first: int
    last: int
    team: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamMap:
    """The division into teams that holds from a day."""

    valid_from: date
    ranges: tuple[PostcodeRange, ...]

    def team_of(self, digits: int) -> str | None:
        """The team of the digits of a postcode; None when no range holds them."""
        return next((row.team for row in self.ranges if row.first <= digits <= row.last), None)


Teams = Mapping[str, Sequence[TeamMap]]
"""Per municipality its divisions, oldest first."""


def teams_from(content: Mapping[str, Mapping[str, Sequence[Mapping[str, object]]]]) -> Teams:
    """The mapping from the content of `deploy/teams.yml`; raises `ValueError` when two teams share a postcode."""
    return {
        municipality: sorted((_team_map(row) for row in rows), key=lambda division: division.valid_from)
        for municipality, rows in content["municipalities"].items()
    }


def _team_map(row: Mapping[str, object]) -> TeamMap:
    valid_from, teams = row["valid_from"], row["teams"]
    if not isinstance(valid_from, date) or not isinstance(teams, Mapping):
        raise ValueError("a division needs a day and its teams")
    ranges = sorted(
        (_range(str(text), str(team)) for team, texts in teams.items() for text in texts),
        key=lambda each: each.first,
    )
    if any(after.first <= before.last for before, after in pairwise(ranges)):
        raise ValueError("two teams share a postcode")
    return TeamMap(valid_from=valid_from, ranges=tuple(ranges))


def _range(text: str, team: str) -> PostcodeRange:
    first, _, last = text.partition("-")
    return PostcodeRange(first=int(first), last=int(last or first), team=team)


def team_on(teams: Teams, municipality: str, postcode: str, day: date) -> str | None:
    """The team of a postcode (`7523` or `7523AB`) on a day; None when the municipality's mapping has none."""
    divisions = [division for division in teams.get(municipality, ()) if division.valid_from <= day]
    if not divisions or not postcode[:4].isdecimal():
        return None
    return divisions[-1].team_of(int(postcode[:4]))
