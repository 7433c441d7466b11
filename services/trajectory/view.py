"""What the facts say on a day: the answer to "who is in care today" (domain.md §3 to §5, design.md §5).

Facts do not know what day it is; `view` asks them. What begins after the day asked does not exist yet, what
ends on that day or later still runs.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from services.trajectory.provisions import provision_order
from youthcare.period import (
    ONE_DAY,
    Period,
    days_within,
    joined,
    month_of,
    months_of,
    quarter_of,
    quarters_of,
)
from youthcare.youthfacts import CarePeriod, DefinitionFacts, IndicationFacts, Trajectory, YouthFacts

View = dict[str, Any]


def view(facts: YouthFacts, on: date, definition: str = "enschede") -> View:
    """One line of `facts.jsonl`: what holds for a youth on a day, under a definition set (design.md §5)."""
    under = facts.definitions[definition]
    care = [row for row in facts.indications if row.counts_as_care]
    return {
        "youth": facts.youth,
        "version": list(facts.version),
        "in_care": any(_in_care(row, on) for row in care),
        "provisions_today": provisions_on(care, on),
        "care_periods": [_period_view(row, rest, on) for row, rest in _existing(under.care_periods, on)],
        "trajectories": list(_trajectories(under, care, on)),
        "provisions_by_month": provisions_by_month(under, on),
        "residential_days": residential_days(care, on),
        "residential_periods": [_period_view(row, rest, on) for row, rest in _existing(under.residential_periods, on)],
        "waiting": [
            {"indication": row.indication, "since": row.grants[-1].first_day.isoformat()}
            for row in care
            if is_waiting(row, on)
        ],
    }


def _in_care(row: IndicationFacts, on: date) -> bool:
    return any(period.covers(on) for period in row.care)


def provisions_on(rows: Iterable[IndicationFacts], on: date) -> list[list[str | None]]:
    """Every provision with care on a day, as (care form, provider), whether or not it counts for stacking."""
    found = {(row.care_form, row.provider) for row in rows if _in_care(row, on)}
    return [list(provision) for provision in sorted(found, key=provision_order)]


def is_waiting(row: IndicationFacts, on: date) -> bool:
    """Whether the indication is granted on a day and not started on or before it ("wachtend")."""
    if not row.grants or (row.first_start is not None and row.first_start <= on):
        return False
    grant = row.grants[-1]
    return grant.first_day <= on and (grant.last_day is None or on <= grant.last_day)


def _existing(periods: Sequence[CarePeriod], on: date) -> Iterator[tuple[CarePeriod, CarePeriod | None]]:
    """The periods that exist on a day, each with the next one that does."""
    known = [row for row in periods if row.period.start <= on]
    following: list[CarePeriod | None] = [*known[1:], None]
    return zip(known, following, strict=False)


def _period_view(row: CarePeriod, following: CarePeriod | None, on: date) -> View:
    ended = _has_ended(row.period, on)
    return {
        "first_day": row.period.start.isoformat(),
        "last_day": _last_day(row.period) if ended else None,
        "assumed_end": ended and not row.end_stated,
        "opening": row.opening.value,
        "exit": _exit_view(row, following, on) if ended else None,
    }


def _has_ended(period: Period, on: date) -> bool:
    return period.end <= on


def _last_day(period: Period) -> str:
    return (period.end - ONE_DAY).isoformat()


def _exit_view(row: CarePeriod, following: CarePeriod | None, on: date) -> View:
    assert row.exit_kind is not None, "a period that ended has a kind"
    assert row.until is not None, "a period that ended has a window"
    return {"kind": row.exit_kind.value, "until": row.until.isoformat(), "status": exit_status(row, following, on)}


def exit_status(row: CarePeriod, following: CarePeriod | None, on: date) -> str:
    """Whether the exit lasted: `returned`, `sustainable` ("duurzaam"), or `pending` until the window closes."""
    assert row.until is not None, "only an ended period has an exit"
    if following is not None and following.period.start <= row.until:
        return "returned"
    return "sustainable" if on > row.until else "pending"


def _trajectories(under: DefinitionFacts, care: Sequence[IndicationFacts], on: date) -> Iterator[View]:
    for trajectory in under.trajectories:
        if trajectory.period.start <= on:
            yield _trajectory_view(trajectory, under, care, on)


def _trajectory_view(trajectory: Trajectory, under: DefinitionFacts, care: Sequence[IndicationFacts], on: date) -> View:
    last = _last_existing(under.care_periods, trajectory, on)
    end = min(last.period.end, on + ONE_DAY)
    days = joined(period for row in care for period in row.care)
    switches = [row for row in trajectory.switches if row.day <= on]
    return {
        "first_day": trajectory.period.start.isoformat(),
        "last_day": _last_day(last.period) if _has_ended(last.period, on) else None,
        "care_duration_days": (end - trajectory.period.start).days,
        "care_days": days_within(days, trajectory.period.start, end),
        "provider_switches": sum(row.provider for row in switches),
        "care_form_switches": sum(row.care_form for row in switches),
    }


def _last_existing(periods: Sequence[CarePeriod], trajectory: Trajectory, on: date) -> CarePeriod:
    existing = [row for row in periods if row.period.start <= on and trajectory.period.covers(row.period.start)]
    return existing[-1]


def provisions_by_month(under: DefinitionFacts, on: date) -> dict[str, int]:
    """Distinct provisions that count per month up to a day; months with fewer than two are left out."""
    counts: Counter[str] = Counter()
    for provision in under.provisions:
        parts = (period.clipped(date.min, on + ONE_DAY) for period in provision.days)
        months = {month_of(piece.start) for part in parts if part is not None for piece in months_of(part)}
        counts.update(months)
    return {month: counts[month] for month in sorted(counts) if counts[month] >= 2}


def residential_days(care: Iterable[IndicationFacts], on: date) -> dict[str, int]:
    """Days with residential care per quarter up to a day, the last day of care included."""
    counts: Counter[str] = Counter()
    for period in joined(period for row in care if row.residential for period in row.care):
        part = period.clipped(date.min, on + ONE_DAY)
        for piece in quarters_of(part) if part is not None else ():
            counts[quarter_of(piece.start)] += piece.days
    return {quarter: counts[quarter] for quarter in sorted(counts)}
