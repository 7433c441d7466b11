"""Which steps a figure is read from: plain sums (`Window`) and counted distributions (`Spread`).

Whoever has the steps, in memory or in Postgres, answers these questions; nothing else of a figure asks for steps.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from services.indicators.definitions import At, Indicator, Kind, Term, definition_of
from services.indicators.spans import find_days_of, name_of, next_first_day
from services.indicators.steps import Amount, Group
from services.indicators.waiting import GRANTED, LAPSED, STARTED, Dated, Waits
from youthcare.period import ONE_DAY, Period

DISTRIBUTIONS = frozenset({Kind.QUANTILE, Kind.SURVIVAL})


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The sum of the steps of a series, with this period, up to and including `until`."""

    series: str
    definition: str
    period: str
    until: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How many by the first day that steps name, within `named`, and the day of the step, from `since` to `until`."""

    series: str
    definition: str
    until: date
    since: date = date.min
    named: Period | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """The answers: of each window and spread, by group."""

    sums: Mapping[Window, Mapping[Group, Amount]] = field(default_factory=dict)
    spreads: Mapping[Spread, Mapping[Group, Dated]] = field(default_factory=dict)
    waits: Mapping[Group, Waits] | None = None
    """Where who has the steps counted the waits themselves, instead of the spreads they follow from."""
    durations: Mapping[Group, Mapping[int, int]] | None = None
    """Where they counted how many last so many days, likewise."""


def windows_of(indicator: Indicator, period: str, definition: str, on: date) -> list[tuple[Term, Window]]:
    """The plain sums of the figure of a period on a day; none when the period has not begun."""
    days = days_asked(indicator, period, on)
    if days is None or indicator.kind in DISTRIBUTIONS:
        return []
    return [(term, window) for term in indicator.terms for window in _window(indicator, term, days, definition, on)]


def days_asked(indicator: Indicator, period: str, on: date) -> Period | None:
    """The days of the period of a figure; None when it is none of this indicator or has not begun."""
    days = find_days_of(indicator.per, period)
    return None if days is None or on < days.start else days


def _window(indicator: Indicator, term: Term, days: Period, definition: str, on: date) -> Iterator[Window]:
    if term.at is At.NEXT_END and on < days.end:
        return
    until = {
        At.END: min(on, days.end - ONE_DAY),
        At.BEFORE: days.start - ONE_DAY,
        At.BOUND: on,
        At.NEXT_END: min(on, next_first_day(indicator.per, days.end) - ONE_DAY),
    }[term.at]
    period = name_of(indicator.per, days.start) if term.at is At.BOUND else ""
    yield Window(series=term.series, definition=definition_of(term.series, definition), period=period, until=until)


def spreads_of(indicator: Indicator, period: str, definition: str, on: date) -> tuple[Spread, ...]:
    """The distributions that the figure of a period is read from."""
    days = days_asked(indicator, period, on)
    if days is None or indicator.kind not in DISTRIBUTIONS:
        return ()
    if indicator.kind is Kind.SURVIVAL:
        return tuple(
            Spread(series=series, definition=definition_of(series, definition), until=on, named=days)
            for series in (GRANTED, STARTED, LAPSED)
        )
    (term,) = indicator.terms
    return (
        Spread(
            series=term.series,
            definition=definition_of(term.series, definition),
            until=min(on, days.end - ONE_DAY),
            since=days.start if term.at is At.WITHIN else date.min,
        ),
    )


def series_of(indicator: Indicator) -> tuple[str, ...]:
    """The series that the figures of an indicator are read from."""
    if indicator.kind is Kind.SURVIVAL:
        return GRANTED, STARTED, LAPSED
    return tuple(sorted({term.series for term in indicator.terms}))
