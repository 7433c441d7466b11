"""Which rules are worth having: what became of their alerts, per rule and team.

Two rules. A rule that is closed as *already known* at least nine times in ten, of at least ten closed, is marked. The
figures are about rules and never about who closed an alert.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median_low

from services.alerts.acts import Outcome

KNOWN_TENTHS = 9
CLOSED_MIN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """What became of one opened alert: seconds until somebody took it up (None: nobody did), how it was closed last."""

    rule: str
    team: str
    seconds_to_acknowledge: int | None = None
    outcome: str | None = None
    withdrawn: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Usefulness:
    """One rule in one team; `team` empty for all teams. `seconds_to_acknowledge` is the (lower) median."""

    rule: str
    team: str = ""
    opened: int = 0
    acknowledged: int = 0
    seconds_to_acknowledge: int | None = None
    outcomes: Mapping[str, int] = field(default_factory=dict)
    withdrawn: int = 0

    @property
    def closed(self) -> int:
        """How many were closed by people."""
        return sum(self.outcomes.values())

    @property
    def mostly_known(self) -> bool:
        """Whether it mostly tells what is already known."""
        known = self.outcomes.get(Outcome.ALREADY_KNOWN.value, 0)
        return self.closed >= CLOSED_MIN and 10 * known >= KNOWN_TENTHS * self.closed


def usefulness(lives: Iterable[Life]) -> tuple[Usefulness, ...]:
    """By rule, all teams first, then by team."""
    groups: dict[tuple[str, str], list[Life]] = {}
    for life in lives:
        for team in ("", life.team):
            groups.setdefault((life.rule, team), []).append(life)
    return tuple(_of(rule, team, rows) for (rule, team), rows in sorted(groups.items()))


def _of(rule: str, team: str, rows: Sequence[Life]) -> Usefulness:
    waits = [row.seconds_to_acknowledge for row in rows if row.seconds_to_acknowledge is not None]
    counts = {each.value: sum(row.outcome == each.value for row in rows) for each in Outcome}
    return Usefulness(
        rule=rule,
        team=team,
        opened=len(rows),
        acknowledged=len(waits),
        seconds_to_acknowledge=median_low(waits) if waits else None,
        outcomes={outcome: count for outcome, count in counts.items() if count},
        withdrawn=sum(row.withdrawn for row in rows),
    )
