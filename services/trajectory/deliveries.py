"""From the holding starts and ends of one indication to the days on which it was delivered (domain.md §3).

Each holding start opens a delivery. Its ends are those that name the same first day: at most one pause and one
final end count. Care days stop at the pause; running days go on to the final end, the next start, the granted or
planned last day, or stay open.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from services.trajectory.ledger import HoldingEnd, IndicationLedger
from youthcare.codes import EndReason
from youthcare.events import IndicationGranted, IndicationStarted
from youthcare.period import FAR, ONE_DAY, Period, from_days, joined


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One stretch of delivery, and its final end; None when no end was stated."""

    running: Period
    care: Period | None
    final: HoldingEnd | None

    @property
    def closing_reason(self) -> str | None:
        """The reason of the final end."""
        return self.final.reason if self.final else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """The days of one indication, its deliveries merged."""

    care: tuple[Period, ...]
    running: tuple[Period, ...]
    closing_reason: str | None
    closing_ends: tuple[HoldingEnd, ...]
    stated_last_days: tuple[date, ...]


def delivered(ledger: IndicationLedger) -> Delivered:
    """Care days, running days and closing reason of an indication."""
    rows = deliveries(ledger)
    last = max(rows, key=lambda row: (row.running.end, row.running.start), default=None)
    stated = {row.running.end - ONE_DAY for row in rows if row.closing_reason is not None}
    return Delivered(
        care=joined(row.care for row in rows if row.care is not None),
        running=joined(row.running for row in rows),
        closing_reason=last.closing_reason if last else None,
        closing_ends=tuple(_closing_ends(rows)),
        stated_last_days=tuple(sorted(stated)),
    )


def _closing_ends(rows: Sequence[Delivery]) -> Iterator[HoldingEnd]:
    """The final end of each run of running days: that of the delivery which reaches its last day and began last."""
    for run in joined(row.running for row in rows):
        last = max((row for row in rows if row.running.end == run.end), key=lambda row: row.running.start)
        if last.final is not None:
            yield last.final


def deliveries(ledger: IndicationLedger) -> tuple[Delivery, ...]:
    """The deliveries of an indication by first day; one that ends before it begins has no days."""
    finals = {start.first_day: final_end(ledger, start.first_day) for start in ledger.starts}
    first_days = [day for day, end in finals.items() if end is None or end.last_day >= day]
    planned = last_day_without_end(ledger)
    following: Sequence[date | None] = [*first_days[1:], None]
    return tuple(
        _delivery(ledger, first_day, finals[first_day], next_day, planned)
        for first_day, next_day in zip(first_days, following, strict=False)
    )


def _delivery(
    ledger: IndicationLedger,
    first_day: date,
    final: HoldingEnd | None,
    next_day: date | None,
    planned: date | None,
) -> Delivery:
    last_day = _last_running_day(first_day, final, next_day, planned)
    running = from_days(first_day, last_day)
    assert running is not None, "a delivery that ends before it begins was left out"
    pause = _earliest(ledger, first_day, paused=True)
    care_last = min(FAR if last_day is None else last_day, pause.last_day if pause else FAR)
    return Delivery(
        running=running,
        care=from_days(first_day, care_last),
        final=final,
    )


def _last_running_day(
    first_day: date, final: HoldingEnd | None, next_day: date | None, planned: date | None
) -> date | None:
    if final is not None:
        return final.last_day
    if next_day is not None:
        return next_day - ONE_DAY
    return None if planned is None else max(planned, first_day)


def final_end(ledger: IndicationLedger, first_day: date) -> HoldingEnd | None:
    """The final end of the delivery that began on a day: the earliest that is not a pause."""
    return _earliest(ledger, first_day, paused=False)


def _earliest(ledger: IndicationLedger, first_day: date, *, paused: bool) -> HoldingEnd | None:
    ends = (end for end in ledger.ends if end.first_day == first_day and (end.reason == EndReason.PAUSED) is paused)
    return min(ends, key=lambda end: (end.last_day, end.reason), default=None)


def last_day_without_end(ledger: IndicationLedger) -> date | None:
    """The last day when no end is stated: as granted, else as planned by the newest start that says so."""
    if ledger.grants:
        grant = ledger.grants[0].data
        assert isinstance(grant, IndicationGranted)
        return grant.last_day
    rows = [row for start in ledger.starts for row in start.statements]
    for row in sorted(rows, key=lambda row: (row.time, row.id, row.source), reverse=True):
        if isinstance(row.data, IndicationStarted) and row.data.planned_last_day is not None:
            return row.data.planned_last_day
    return None
