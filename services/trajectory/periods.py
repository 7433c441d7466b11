"""Care periods and trajectories: runs of running days, how they open, how they end (domain.md §4).

Two rules. A short gap after a paper end is bridged. A start within the window after an end is a return, and both
periods then belong to one trajectory. Nothing here looks at a day: whether an exit
lasted is asked in `view.py`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from youthcare.codes import PAPER_END_REASONS, ChangeReason, EndReason
from youthcare.period import Period, add_months, joined
from youthcare.youthfacts import CarePeriod, ExitKind, IndicationFacts, Opening


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A definition set: the window in which a start is a return, and the gap a paper end may leave."""

    name: str = "enschede"
    window_months: int = 6
    paper_gap_days: int = 31
    handover_days: int = 14


def care_periods(
    rows: Sequence[IndicationFacts], definition: Definition, coverage_start: date | None
) -> tuple[CarePeriod, ...]:
    """The care periods of the indications given, by first day."""
    periods: list[CarePeriod] = []
    for run in _bridged(rows, definition):
        opening = _opening(run.start, periods, definition, coverage_start)
        periods.append(_care_period(run, opening, rows, definition))
    return tuple(periods)


def _bridged(rows: Sequence[IndicationFacts], definition: Definition) -> list[Period]:
    runs: list[Period] = []
    for run in joined(period for row in rows for period in row.running):
        if runs and _is_paper_gap(runs[-1], run, rows, definition):
            runs[-1] = Period(runs[-1].start, run.end)
        else:
            runs.append(run)
    return runs


def _is_paper_gap(before: Period, after: Period, rows: Sequence[IndicationFacts], definition: Definition) -> bool:
    gap_days = (after.start - before.end).days
    reasons = {row.closing_reason for row in ending_on(rows, before)}
    return gap_days <= definition.paper_gap_days and bool(reasons & PAPER_END_REASONS)


def ending_on(rows: Sequence[IndicationFacts], period: Period) -> Iterator[IndicationFacts]:
    """The indications whose last running day is the last day of the period."""
    return (row for row in rows if row.running and row.running[-1].end == period.end)


def _opening(
    start: date, earlier: Sequence[CarePeriod], definition: Definition, coverage_start: date | None
) -> Opening:
    if earlier:
        until = earlier[-1].until
        return Opening.RETURN if until is not None and start <= until else Opening.INFLOW
    if coverage_start is not None and start < add_months(coverage_start, definition.window_months):
        return Opening.UNKNOWN
    return Opening.INFLOW


def _care_period(run: Period, opening: Opening, rows: Sequence[IndicationFacts], definition: Definition) -> CarePeriod:
    if run.last_day is None:
        return CarePeriod(period=run, opening=opening, end_stated=False)
    ending = tuple(ending_on(rows, run))
    return CarePeriod(
        period=run,
        opening=opening,
        end_stated=any(run.last_day in row.stated_last_days for row in rows),
        exit_kind=_exit_kind(ending),
        until=add_months(run.last_day, definition.window_months),
    )


def _exit_kind(ending: Sequence[IndicationFacts]) -> ExitKind:
    reasons = {row.closing_reason for row in ending}
    if EndReason.DIED in reasons:
        return ExitKind.DIED
    if any(row.grants and row.grants[-1].change_reason == ChangeReason.MOVED for row in ending):
        return ExitKind.MOVED
    if EndReason.OTHER_DOMAIN in reasons:
        return ExitKind.OTHER_DOMAIN
    return ExitKind.ENDED


def chained(periods: Sequence[CarePeriod]) -> Iterator[tuple[CarePeriod, ...]]:
    """The care periods of each trajectory: a return belongs to the trajectory it returns to."""
    chain: list[CarePeriod] = []
    for period in periods:
        if chain and period.opening is not Opening.RETURN:
            yield tuple(chain)
            chain = []
        chain.append(period)
    if chain:
        yield tuple(chain)


def span(periods: Sequence[CarePeriod]) -> Period:
    """From the first day of the first period to the end of the last."""
    return Period(periods[0].period.start, periods[-1].period.end)
