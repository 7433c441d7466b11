"""What the naive reading sees of one youth: days, provision runs, and the norm in force on each day.

Written from domain.md §3 to §7 and decisions 0014 and 0017. Every period becomes days of a horizon first; nothing
here is shared with the rules.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property

from services.alerts.norms import Norm
from youthcare.period import Period
from youthcare.youthfacts import DefinitionFacts, IndicationFacts, YouthFacts, team_on

DAY = timedelta(days=1)
FIRST, LAST = date(2022, 6, 1), date(2028, 6, 1)
HORIZON = tuple(FIRST + DAY * number for number in range((LAST - FIRST).days + 1))
ONLY_BY_NAME = {"without-request"}
"""Levels that are off without a row of that level (decision 0017)."""
Days = frozenset[date]
Window = tuple[Norm, date, date]
"""A norm with the first and the last day on which it is the one in force."""
Holds = Callable[[Norm], Iterable[date]]
"""The days on which a condition holds under a norm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What must hold of one finding; `closes_on` None: as far as the horizon goes.

    `evidence` are the indications and requests it rests on, where decision 0017 names them.
    """

    rule: str
    level: str
    anchor: str
    occurrence: int = 1
    team: str
    opens_on: date
    closes_on: date | None
    state: str
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The norms, the alert start day and the day asked."""

    rows: tuple[Norm, ...]
    start_day: date | None
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A maximal run of running days of all indications with one care form at one provider (decision 0017)."""

    care_form: str
    provider: str | None
    first_day: date
    days: Days
    members: tuple[IndicationFacts, ...]
    first: IndicationFacts

    @property
    def begun(self) -> tuple[date, str]:
        """What orders runs: the first day, then the first indication."""
        return self.first_day, self.first.indication


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One youth and what is asked of it."""

    facts: YouthFacts
    asked: Asked
    windows_found: dict[tuple[str, str, str | None], list[Window]] = field(default_factory=dict)

    @cached_property
    def definition(self) -> DefinitionFacts:
        """Care periods and trajectories."""
        return self.facts.definitions["enschede"]

    @cached_property
    def counting(self) -> tuple[IndicationFacts, ...]:
        """The indications of care forms that count."""
        return tuple(row for row in self.facts.indications if row.counts_as_care)

    @cached_property
    def running(self) -> dict[str, Days]:
        """The running days of each counting indication."""
        return {row.indication: days_of(row.running) for row in self.counting}

    @cached_property
    def care(self) -> dict[str, Days]:
        """The care days of each counting indication."""
        return {row.indication: days_of(row.care) for row in self.counting}

    @cached_property
    def runs(self) -> tuple[Run, ...]:
        """All provision runs, in the order in which they begin."""
        return tuple(sorted(self._runs(), key=lambda run: run.begun))

    def _runs(self) -> Iterator[Run]:
        for form, provider in {(row.care_form, row.provider) for row in self.counting}:
            rows = [row for row in self.counting if (row.care_form, row.provider) == (form, provider)]
            for days in pieces({day for row in rows for day in self.running[row.indication]}):
                members = tuple(row for row in rows if self.running[row.indication] & days)
                yield Run(
                    care_form=form,
                    provider=provider,
                    first_day=min(days),
                    days=days,
                    members=members,
                    first=min((row for row in members if self._begins(row, min(days))), key=lambda row: row.indication),
                )

    def _begins(self, row: IndicationFacts, day: date) -> bool:
        return day in self.running[row.indication] and day - DAY not in self.running[row.indication]

    @cached_property
    def forms(self) -> dict[date, frozenset[str]]:
        """The care forms of all indications that run on each day."""
        rows = [(row.care_form, days_of(row.running)) for row in self.facts.indications]
        return {day: frozenset(form for form, days in rows if day in days) for day in HORIZON}

    @cached_property
    def teams(self) -> dict[date, str | None]:
        """The team on each day."""
        return {day: team_on(self.facts, day) for day in HORIZON}

    def windows(self, rule: str, level: str, form: str | None) -> list[Window]:
        """The norms of a rule with the first and last day that each is the one in force; `form`: of one form only."""
        if (rule, level, form) not in self.windows_found:
            self.windows_found[rule, level, form] = list(self._windows(rule, level, form))
        return self.windows_found[rule, level, form]

    def _windows(self, rule: str, level: str, form: str | None) -> Iterator[Window]:
        levels = (level,) if level in ONLY_BY_NAME else (None, level)
        rows = [row for row in self.asked.rows if row.rule == rule and row.level in levels]
        rows = [row for row in rows if form is None or row.care_form in (None, form)]
        told: Norm | None = None
        since = HORIZON[0]
        always = all(row.team is None and (form or row.care_form is None) for row in rows) and len(rows) == 1
        for day in HORIZON[:1] if always else HORIZON:
            norm = self._norm_on(rows, day, form)
            if norm != told:
                if told is not None:
                    yield told, since, day - DAY
                told, since = norm, day
        if told is not None:
            yield told, since, HORIZON[-1]

    def _norm_on(self, rows: list[Norm], day: date, form: str | None) -> Norm | None:
        """The most specific row, of those the newest on the day, of several care forms the mildest (0014)."""
        if any(row.team for row in rows):
            rows = [row for row in rows if row.team in (None, self.teams[day])]
        if form is None and any(row.care_form for row in rows):
            rows = [row for row in rows if row.care_form is None or row.care_form in self.forms[day]]
        begun = [row for row in rows if row.valid_from <= day]
        if not begun:
            first = min((row.valid_from for row in rows), default=None)
            begun = [row for row in rows if row.valid_from == first]
        if len(begun) <= 1:
            return begun[0] if begun else None
        best = max(map(specificity, begun))
        begun = [row for row in begun if specificity(row) == best]
        newest = [row for row in begun if all(row.valid_from >= other.valid_from for other in alike(row, begun))]
        return max(newest, key=lambda row: row.threshold or 0)

    def opened(self, rule: str, level: str, holds: Holds, form: str | None = None) -> tuple[date, Norm] | None:
        """The first day on which a condition holds under the norm then in force.

        What held already when the norm came keeps its own first day, which lies before the norm: it is historical.
        """
        for window in self.windows(rule, level, form):
            day = opening_in(window, holds(window[0]))
            if day is not None:
                return day, window[0]
        return None

    def line(
        self,
        rule: str,
        level: str,
        anchor: str,
        opened: tuple[date, Norm],
        closes_on: date | None,
        evidence: Iterable[IndicationFacts] = (),
        requests: Iterable[str] = (),
        occurrence: int = 1,
    ) -> Line:
        """A finding with its team and its state."""
        opens_on, norm = opened
        return Line(
            rule=rule,
            level=level,
            anchor=anchor,
            occurrence=occurrence,
            team=self.teams[opens_on] or "unknown",
            opens_on=opens_on,
            closes_on=closes_on,
            state=self._state(opens_on, closes_on, norm),
            evidence=tuple(sorted({name for row in evidence for name in row.evidence} | set(requests))),
        )

    def _state(self, opens_on: date, closes_on: date | None, norm: Norm) -> str:
        if opens_on < max(norm.valid_from, self.asked.start_day or date.min):
            return "historical"
        if self.asked.on < opens_on:
            return "scheduled"
        return "open" if closes_on is None or self.asked.on <= closes_on else "expired"


def opening_in(window: Window, holds: Iterable[date]) -> date | None:
    """The first of the days on which a condition holds that a norm finds while it is in force, or found before it."""
    norm, since, until = window
    days = [day for day in holds if day <= until]
    if since <= norm.valid_from and days and min(days) < norm.valid_from:
        return min(days)
    return min((day for day in days if day >= since), default=None)


def days_of(periods: Iterable[Period]) -> Days:
    """The days of the horizon that lie in periods."""
    return frozenset(day for period in periods for day in between(period.start, period.last_day))


def between(first: date, last: date | None) -> tuple[date, ...]:
    """The days of the horizon from a first up to a last day."""
    start = max(0, (first - FIRST).days)
    return HORIZON[start:] if last is None else HORIZON[start : max(0, (last - FIRST).days + 1)]


def pieces(days: Iterable[date], gap_days: int = 0) -> list[Days]:
    """The maximal runs of days, gaps of at most so many days joined."""
    found: list[list[date]] = []
    for day in sorted(days):
        if found and (day - found[-1][-1]).days <= gap_days + 1:
            found[-1].append(day)
        else:
            found.append([day])
    return [frozenset(run) for run in found]


def always(days: Iterable[date]) -> Holds:
    """Holds on these days, whatever the norm."""
    return lambda _: days


def counted(days: Iterable[date]) -> Holds:
    """Holds from the day on which days count the norm's number; the first day counts as 1."""
    numbered = list(enumerate(sorted(days), start=1))
    return lambda norm: [day for number, day in numbered if number >= number_of(norm)]


def under(one: Norm, days: Iterable[date]) -> Holds:
    """Holds on these days under one norm alone."""
    return lambda norm: days if norm == one else ()


def number_of(norm: Norm) -> int:
    """The number of a norm."""
    assert norm.threshold is not None, "the rule has a number"
    return norm.threshold


def last_of(days: Iterable[date]) -> date | None:
    """The last of days; None when they go on to the end of the horizon."""
    last = max(days)
    return None if last == HORIZON[-1] else last


def earliest(*days: date | None) -> date | None:
    """The earliest of days, None standing for none."""
    return min((day for day in days if day is not None), default=None)


def specificity(row: Norm) -> tuple[bool, bool, bool, bool]:
    """Own before shipped, then for the level, for a care form, for a team."""
    return row.own, row.level is not None, row.care_form is not None, row.team is not None


def alike(row: Norm, rows: Iterable[Norm]) -> Iterator[Norm]:
    """The rows that differ from a row in number and day alone."""
    names = (row.own, row.level, row.care_form, row.team)
    return (other for other in rows if (other.own, other.level, other.care_form, other.team) == names)
