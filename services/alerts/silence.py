"""`feed-silent`: when a sender is silent beyond its own habit (domain.md §7, decision 0017).

Three rules. Arrivals are the civil days on which starts and ends of a sender were received. A sender that arrived on
at least ten days in the 91 days up to its last arrival has a habit: the longest of its nine last gaps, in working
days. It is silent from the first working day on which more than twice that habit, and at least three working days,
have passed since its last arrival (that day is the last of them); so the day is known in advance and stored, like
every other.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from services.alerts.finding import Finding, Level, Rule
from services.alerts.norms import Norm, Norms
from services.alerts.rules.feed_silent import SilentTerms
from youthcare.period import ONE_DAY
from youthcare.workingdays import add_working_days, count_working_days

HABIT_ARRIVALS = 10
HABIT_DAYS = 91
SILENT_WORKING_DAYS_MIN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """A sender is silent from `first_day` on, up to `last_day`, the day before it reported again (None: it did not)."""

    last_arrival: date
    habit_working_days: int
    first_day: date
    last_day: date | None = None


def silences(arrivals: Sequence[date]) -> Iterator[Silence]:
    """Every silence of a sender in order, the last one yet to come or running; `arrivals` may stand in any order."""
    days = sorted(set(arrivals))
    for index, last_arrival in enumerate(days):
        habit = _habit(days[: index + 1])
        following = days[index + 1] if index + 1 < len(days) else None
        if habit is None:
            continue
        first_day = add_working_days(last_arrival, max(2 * habit + 1, SILENT_WORKING_DAYS_MIN))
        if following is None:
            yield Silence(last_arrival=last_arrival, habit_working_days=habit, first_day=first_day)
        elif first_day < following:
            yield Silence(
                last_arrival=last_arrival,
                habit_working_days=habit,
                first_day=first_day,
                last_day=following - ONE_DAY,
            )


def _habit(days: Sequence[date]) -> int | None:
    """The longest of the nine last gaps in working days; None for who reports too seldom to have a habit."""
    recent = days[-HABIT_ARRIVALS:]
    if len(recent) < HABIT_ARRIVALS or recent[0] <= days[-1] - timedelta(days=HABIT_DAYS):
        return None
    return max(count_working_days(one, other) for one, other in pairwise(recent))


def silent_findings(arrivals: Mapping[str, Sequence[date]], norms: Norms) -> tuple[Finding, ...]:
    """The findings about senders, by sender and order of silence; none without a norm, as then the rule is off.

    `arrivals` are the days on which each sender of one municipality reported. A finding is about no youth and of no
    team; its anchor is the sender, and a silence that is yet to come has the next occurrence.
    """
    rows = [row for row in norms.rows if row.rule == Rule.FEED_SILENT]
    return tuple(
        _finding(sender, occurrence, silence, _norm_on(rows, silence.first_day))
        for sender, days in sorted(arrivals.items())
        for occurrence, silence in enumerate(silences(days), start=1)
        if rows
    )


def _norm_on(rows: Sequence[Norm], day: date) -> Norm:
    """The newest row in force on a day, the municipality's own before the shipped one; else the first there is."""
    in_force = [row for row in rows if row.valid_from <= day]
    if in_force:
        return max(in_force, key=lambda row: (row.own, row.valid_from))
    return min(rows, key=lambda row: row.valid_from)


def _finding(sender: str, occurrence: int, silence: Silence, norm: Norm) -> Finding:
    return Finding(
        rule=Rule.FEED_SILENT,
        level=Level.SIGNAL,
        anchor=sender,
        occurrence=occurrence,
        opens_on=silence.first_day,
        closes_on=silence.last_day,
        terms=SilentTerms(
            sender=sender, last_arrival=silence.last_arrival, habit_working_days=silence.habit_working_days
        ),
        norm=norm,
    )
