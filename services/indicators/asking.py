"""Who may ask which figure, of which group and day (domain.md §6, design.md §6).

A supervisor sees every group of the municipality on any day up to today. A team sees its own figures, the
municipality's and those by care form, referrer and age band, and like everybody but a supervisor only on month ends,
so that no two days tell of one youth.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from services.indicators.spans import is_month_end, last_month_end
from services.indicators.steps import Group

FOR_TEAMS = frozenset({"care_form", "referrer", "age_band"})
"""The kinds of groups that any team may ask of, and no supervisor alone."""

FOR_SUPERVISORS = frozenset({"provider", "sender"})
"""Oversight of those who give care and of those who report it."""


class Refusal(StrEnum):
    """Why a question is not answered; the value is what the asker is told."""

    FORBIDDEN = "This token does not allow figures of this group."
    UNKNOWN_GROUP = (
        "The group is `municipality`, or `team:`, `care_form:`, `referrer:`, `age_band:`, `provider:` or `sender:`"
        " and a name."
    )
    FUTURE = "A figure is asked of today or an earlier day."
    NO_MONTH_END = "Only a supervisor may ask of a day that is no month end."


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """The day a figure is asked of, and the day up to which statements are counted."""

    on: date
    known_on: date


def days_asked(
    on: date | None,
    known_on: date | None,
    today: date,
    *,
    is_supervisor: bool,
    published: frozenset[date] = frozenset(),
) -> Days | Refusal:
    """The days of a question; left out they are the latest that may be asked.

    `published` are the days that publications were asked of and known on; everybody may ask of those too.
    """
    latest = today if is_supervisor else last_month_end(today)
    days = Days(on=on or latest, known_on=known_on or latest)
    if max(days.on, days.known_on) > today:
        return Refusal.FUTURE
    if not is_supervisor and not all(is_month_end(day) or day in published for day in (days.on, days.known_on)):
        return Refusal.NO_MONTH_END
    return days


def group_asked(name: str, municipality: str, *, teams: frozenset[str], is_supervisor: bool) -> Group | Refusal:
    """The group of a question."""
    if not teams and not is_supervisor:
        return Refusal.FORBIDDEN
    if name == "municipality":
        return "municipality", municipality
    kind, _, group = name.partition(":")
    if not group or kind not in ("team", *FOR_TEAMS, *FOR_SUPERVISORS):
        return Refusal.UNKNOWN_GROUP
    may_see = is_supervisor or kind in FOR_TEAMS or (kind == "team" and group in teams)
    return (kind, group) if may_see else Refusal.FORBIDDEN
