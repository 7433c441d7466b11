"""Publications: a report that is frozen, and why its figures differ from those of today (domain.md §6).

A published cell never changes. What it would be now, asked of the same day, is reached in stages, each with its cause:
worked out again from what was known then (a difference is a changed definition, or an erased youth), with the
statements that came late, with the corrections, and with newer reference data. A cell that differs is told once for
each stage in which it changed, so that the stages add up and nothing changes in silence.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from fractions import Fraction
from hashlib import sha256
from typing import Any

from services.indicators.catalogue import REPORTED
from services.indicators.figures import Figure, decimal_text, place_of
from services.indicators.spans import find_days_of, list_names, per_of
from services.indicators.units import unit_of
from youthcare.period import ONE_DAY, Period, add_months

QUARTERS_SHOWN = 8
"""How many quarters a report shows, its own included."""

CellKey = tuple[str, str, str, str]
"""Indicator, period, kind of group and group."""


class Cause(StrEnum):
    """Why a figure differs from the one that was published (domain.md §6)."""

    DEFINITION = "definition"
    ERASURE = "erasure"
    LATE_STATEMENT = "late-statement"
    CORRECTION = "correction"
    REFERENCE_DATA = "reference-data"
    UNEXPLAINED = "unexplained"
    """None of the others: a defect, and an operational alert."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """A frozen report; `content` says what it rests on: revisions, reference imports, log positions."""

    municipality: str
    quarter: str
    number: int
    definition: str
    as_of: date
    known_on: date
    published_at: datetime
    published_by: str
    content: Mapping[str, Any]
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A cell before and after one stage; None where there is no such cell."""

    key: CellKey
    cause: Cause
    before: Figure | None
    after: Figure | None


Stage = tuple[Cause, Sequence[Figure]]
"""The figures after a stage, and what a difference with the stage before is due to."""


def cells_of(figures: Iterable[Figure], quarter: str) -> tuple[Figure, ...]:
    """The figures of a report: of its quarter and the seven before it, with their months and years."""
    shown = days_shown(quarter)
    return tuple(figure for figure in figures if _is_shown(figure, shown))


def asked_of(quarter: str) -> frozenset[tuple[str, str]]:
    """The indicators and periods of the report of a quarter, and of all that decides what of them is shown."""
    shown = days_shown(quarter)
    asked = {(row.id, name) for row in REPORTED for name in list_names(row.per, shown.start, shown.end - ONE_DAY)}
    return frozenset(asked.union(*(unit_of(*each) for each in asked)))


def days_shown(quarter: str) -> Period:
    """The days that the report of a quarter looks back on."""
    per = per_of(quarter)
    days = find_days_of(per, quarter) if per else None
    assert days is not None, "a report is of a quarter"
    return Period(add_months(days.start, -3 * (QUARTERS_SHOWN - 1)), days.end)


def _is_shown(figure: Figure, shown: Period) -> bool:
    per = per_of(figure.period)
    days = find_days_of(per, figure.period) if per else None
    return days is not None and days.start < shown.end and days.end > shown.start


def digest_of(cells: Iterable[Figure], content: Mapping[str, Any]) -> str:
    """The hash of a publication: of its cells, sorted, and of all that it rests on."""
    told = [
        [*place_of(row), row.numerator, row.denominator, decimal_text(row.value), row.status, row.pending]
        for row in sorted(cells, key=place_of)
    ]
    canonical = json.dumps([told, content], sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return sha256(canonical.encode()).hexdigest()


def changes(published: Sequence[Figure], stages: Iterable[Stage]) -> Iterator[Change]:
    """Every cell that a stage changed, from the published figures through each stage in turn."""
    before = {place_of(row): row for row in published}
    for cause, figures in stages:
        after = {place_of(row): row for row in figures}
        for key in sorted(before.keys() | after.keys()):
            if before.get(key) != after.get(key):
                yield Change(key=key, cause=cause, before=before.get(key), after=after.get(key))
        before = after


def cause_of_recomputing(then: Mapping[str, Any], now: Mapping[str, Any], erased_youths: int) -> Cause:
    """Why figures that are worked out again from what was known then differ from the published ones."""
    if then != now:
        return Cause.DEFINITION
    return Cause.ERASURE if erased_youths else Cause.UNEXPLAINED


def difference(change: Change) -> Fraction | None:
    """By how much the value changed; None where one of both has none."""
    one, other = change.before, change.after
    if one is None or other is None or one.value is None or other.value is None:
        return None
    return other.value - one.value
