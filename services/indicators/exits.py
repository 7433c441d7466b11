"""Did the exit last: the sustainable-exit cohort of a quarter, and the re-entry windows (domain.md §4 and §6).

An exit belongs to the quarter in which its window closes (`until`). On day D the latest exit of a youth with
`until` before D counts; a youth whose window is still open is pending. The groups are those of the exit's last day.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from services.indicators.placements import Scope, shown
from services.indicators.steps import Groups, State, state_of, together
from youthcare.period import FAR, ONE_DAY, quarter_of
from youthcare.youthfacts import COHORT_EXITS, CarePeriod, Opening


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """The end of a care period: it exists from `since`, and is decided after `until` or by a return."""

    since: date
    until: date
    groups: Groups
    returned_on: date | None
    is_cohort: bool


def exits(scope: Scope, periods: Sequence[CarePeriod]) -> tuple[Exit, ...]:
    """The exits of the care periods of a scope that end, by last day."""
    following: list[CarePeriod | None] = [*periods[1:], None]
    pairs = zip(periods, following, strict=True) if periods else ()
    return tuple(_exit(scope, row, after) for row, after in pairs if row.period.end != FAR)


def _exit(scope: Scope, row: CarePeriod, after: CarePeriod | None) -> Exit:
    assert row.until is not None, "a period that ends has a window"
    returned = after is not None and after.opening is Opening.RETURN
    return Exit(
        since=row.period.end,
        until=row.until,
        groups=scope.placing.on(row.period.end - ONE_DAY),
        returned_on=after.period.start if after is not None and returned else None,
        is_cohort=row.exit_kind in COHORT_EXITS,
    )


def cohorts(rows: Iterable[Exit]) -> dict[str, list[Exit]]:
    """The exits of the cohort by the quarter in which their window closes."""
    quarters: dict[str, list[Exit]] = {}
    for row in rows:
        if row.is_cohort:
            quarters.setdefault(quarter_of(row.until), []).append(row)
    return quarters


def sustainable_on(quarter: str, rows: Sequence[Exit], on: date) -> State:
    """The youth in the cohort of a quarter on a day ("duurzame uitstroom")."""
    decided = [row for row in rows if row.until < on]
    pending = [row for row in rows if row.since <= on <= row.until]
    counted = [
        state_of("sustainable_exit_rate", quarter, row.groups, amount)
        for row, amount in (
            *((row, (int(row.returned_on is None), 1, 0)) for row in decided[-1:]),
            *((row, (0, 0, 1)) for row in pending[-1:]),
        )
    ]
    return together(counted)


def windows_open_on(rows: Iterable[Exit], on: date) -> State:
    """The exits that are pending on a day, of whatever kind ("open termijn")."""
    pending = [row for row in rows if row.since <= on <= row.until and not _has_returned(row, on)]
    return together(state_of("windows_open", "", shown(row.groups), (1, 1, 0)) for row in pending)


def _has_returned(row: Exit, on: date) -> bool:
    return row.returned_on is not None and row.returned_on <= on


def days_of_change(rows: Iterable[Exit]) -> Iterator[date]:
    """First days of exits, returns, and the days after windows close."""
    for row in rows:
        yield row.since
        if row.returned_on is not None:
            yield row.returned_on
        if row.until < FAR:
            yield row.until + ONE_DAY
