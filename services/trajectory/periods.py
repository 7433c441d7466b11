"""Care periods and trajectories: runs of running days, how they open, how they end (domain.md §4).

Two rules. A short gap after a paper end is bridged. A start within the window after an end is a return, and both
periods then belong to one trajectory. Nothing here looks at a day: whether an exit
lasted is asked in `view.py`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from youthcare.codes import PAPER_END_REASONS, ChangeReason, EndReason
from youthcare.period import ONE_DAY, Period, add_months, joined
from youthcare.youthfacts import CarePeriod, ExitKind, IndicationFacts, Opening


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A definition set: the window in which a start is a return, and the gap a paper end may leave."""

    name: str = "enschede"
    window_months: int = 6
    to_half_year: bool = False
    """The window lasts to the end of the half-year after the one in which the period ended, whatever its months."""
    paper_gap_days: int = 31
    handover_days: int = 14

    def until(self, last_day: date) -> date:
        """The last day on which a start is a return after a period that ended on `last_day`."""
        if self.to_half_year:
            return add_months(_half_year(last_day), 12) - ONE_DAY
        return add_months(last_day, self.window_months)

    def covered_from(self, coverage_start: date) -> date:
        """The first day on which a start without earlier care is known to be an inflow."""
        if self.to_half_year:
            return add_months(_half_year(coverage_start - ONE_DAY), 12)
        return add_months(coverage_start, self.window_months)


def _half_year(day: date) -> date:
    """The first day of the half-year that holds a day."""
    return date(day.year, 1 if day.month <= 6 else 7, 1)


DEFINITIONS = (
    Definition(),
    Definition(name="cbs-statline", window_months=60, paper_gap_days=0),
    Definition(name="cbs-outcome", to_half_year=True, paper_gap_days=0),
)
"""The definition sets that the product ships; `deploy/definitions.yml` names their sources."""


FIVE_YEARS_MONTHS = 60


def care_periods(
    rows: Sequence[IndicationFacts], definition: Definition, coverage_start: date | None
) -> tuple[CarePeriod, ...]:
    """The care periods of the indications given, by first day."""
    periods: list[CarePeriod] = []
    for run in _bridged(rows, definition):
        periods.append(_care_period(run, periods, rows, definition, coverage_start))
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


def _opening(start: date, until: date | None, covered_from: date | None) -> Opening:
    """How a period opens that begins after a window until a day; without earlier care there is no such day."""
    if until is not None:
        return Opening.RETURN if start <= until else Opening.INFLOW
    if covered_from is not None and start < covered_from:
        return Opening.UNKNOWN
    return Opening.INFLOW


def _five_years(start: date, earlier: Sequence[CarePeriod], coverage_start: date | None) -> Opening:
    """A period without care in the five years before is new; what lies before the feed cannot be known."""
    last_day = earlier[-1].period.last_day if earlier else None
    if last_day is not None and start <= add_months(last_day, FIVE_YEARS_MONTHS):
        return Opening.RETURN
    covered_from = add_months(coverage_start, FIVE_YEARS_MONTHS) if coverage_start else None
    return _opening(start, None, covered_from)


def _care_period(
    run: Period,
    earlier: Sequence[CarePeriod],
    rows: Sequence[IndicationFacts],
    definition: Definition,
    coverage_start: date | None,
) -> CarePeriod:
    ending = tuple(ending_on(rows, run))
    is_open = run.last_day is None
    covered_from = definition.covered_from(coverage_start) if coverage_start else None
    return CarePeriod(
        period=run,
        opening=_opening(run.start, earlier[-1].until if earlier else None, covered_from),
        five_years=_five_years(run.start, earlier, coverage_start),
        crisis=any(row.crisis for row in rows for period in row.running if period.start == run.start),
        end_stated=not is_open and any(run.last_day in row.stated_last_days for row in rows),
        exit_kind=None if is_open else _exit_kind(ending),
        until=None if run.last_day is None else definition.until(run.last_day),
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
