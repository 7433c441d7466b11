"""What the simulator meant: the figures of its own year, from what it intended and not from its messages.

Two rules. These are targets beside which measured figures can be laid, never expected values: lateness and noise
make measured figures differ. Care forms that don't count as youth help are left out, as in domain.md §3 and §5.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from statistics import median
from typing import Any

from youthcare.codes import PAPER_END_REASONS
from youthcare.period import (
    ONE_DAY,
    Period,
    add_months,
    joined,
    month_of,
    months_of,
    quarter_of,
    quarters_of,
    without,
)
from youthcare.simulator.assignments import Assignment
from youthcare.simulator.population import TEAMS, is_invented, youths_living
from youthcare.simulator.stream import Life, Simulation

PAPER_GAP_DAYS = 31  # domain.md §4
CARE_FORMS = {"diagnostics": "ambulatory", "basic-mental-health": "mental-health"}
Provisions = dict[tuple[str, str], tuple[Period, ...]]


@dataclass(slots=True, kw_only=True)
class Tally:
    """Counts over all youths of one year."""

    year: Period
    counts: Counter[str] = field(default_factory=Counter)
    teams: Counter[str] = field(default_factory=Counter)
    referrers: Counter[str] = field(default_factory=Counter)
    forms: Counter[str] = field(default_factory=Counter)
    stacked: Counter[str] = field(default_factory=Counter)
    provisions: Counter[str] = field(default_factory=Counter)
    users: Counter[str] = field(default_factory=Counter)
    durations: list[int] = field(default_factory=list)

    def add(self, life: Life) -> None:
        """Counts one youth."""
        helping = [one for one in life.assignments if one.running and one.provision.offer.counts]
        periods = care_periods(helping)
        self._flows(helping, periods)
        care = joined(period for one in helping for period in one.care)
        within = [part for period in care if (part := period.clipped(self.year.start, self.year.end))]
        if within:
            self._in_care(life, helping, within)
            self._stacking(provisions(helping))

    def _flows(self, helping: Sequence[Assignment], periods: Sequence[Period]) -> None:
        for place, period in enumerate(periods):
            before = periods[place - 1] if place else None
            after = periods[place + 1] if place + 1 < len(periods) else None
            self.counts["running_at_start"] += period.covers(self.year.start - ONE_DAY)
            self.counts["running_at_end"] += period.covers(self.year.end - ONE_DAY)
            if self.year.covers(period.start):
                back = before is not None and period.start <= add_months(before.end - ONE_DAY, 6)
                self._opened(helping, period, "returns" if back else "inflow")
            if self.year.covers(period.end - ONE_DAY):
                self.counts["exits"] += 1
                back = after is not None and after.start <= add_months(period.end - ONE_DAY, 6)
                self.counts["exits_returned"] += back
                self.durations.append(period.days)

    def _opened(self, helping: Sequence[Assignment], period: Period, kind: str) -> None:
        first = next(one for one in helping if one.running and one.running.start == period.start)
        offer = first.provision.offer
        self.counts[kind] += 1
        self.counts["openings_residential"] += offer.residential
        self.counts["openings_crisis"] += offer.category == "46"
        self.counts["openings_crisis_residential"] += offer.form == "crisis-residence"
        self.referrers[first.provision.referrer.name.lower()] += 1

    def _in_care(self, life: Life, helping: Sequence[Assignment], within: Sequence[Period]) -> None:
        last_care_day = within[-1].end - ONE_DAY
        adult_on = add_months(life.youth.birth_date, 216)
        minor = within[0].start < adult_on
        self.counts["youths"] += 1
        self.counts["youths_0_17"] += minor
        self.counts["youths_18_22"] += last_care_day >= adult_on
        self.counts["invented_bsn"] += is_invented(life.youth.bsn)
        self.teams[life.youth.home(last_care_day)[0]] += minor
        for form in {
            one.provision.offer.form
            for one in helping
            for period in one.care
            if period.clipped(self.year.start, self.year.end)
        }:
            self.forms[CARE_FORMS.get(form, form)] += 1

    def _stacking(self, by_provision: Provisions) -> None:
        in_year = sum(
            any(period.clipped(self.year.start, self.year.end) for period in periods)
            for periods in by_provision.values()
        )
        self.counts["stacked_in_year"] += in_year > 1
        for month in months_of(self.year):
            number = sum(
                any(period.clipped(month.start, month.end) for period in periods) for periods in by_provision.values()
            )
            name = month_of(month.start)
            self.users[name] += number > 0
            self.stacked[name] += number > 1
            self.provisions[name] += number if number > 1 else 0


def care_periods(helping: Sequence[Assignment]) -> tuple[Period, ...]:
    """The runs of days with care; an administrative stop of at most 31 days is bridged (domain.md §4)."""
    running = [period for one in helping if (period := one.running) is not None]
    starts = sorted(period.start for period in running)
    bridges = [
        Period(stop, begin)
        for one in helping
        if (stop := _paper_end(one)) is not None
        for begin in starts
        if 0 < (begin - stop).days <= PAPER_GAP_DAYS
    ]
    return joined([*running, *bridges])


def _paper_end(one: Assignment) -> date | None:
    stops = one.spells[-1].stops if one.spells else ()
    return stops[-1][0] + ONE_DAY if stops and stops[-1][1] in PAPER_END_REASONS else None


def provisions(helping: Iterable[Assignment]) -> Provisions:
    """Care days by care form and provider; no help beside residence at the same provider (domain.md §5)."""
    cared = [(one.provision, one.care) for one in helping]
    result: Provisions = {}
    for provision, care in cared:
        days = care
        if not provision.offer.residential:
            days = without(
                care,
                [
                    period
                    for other, periods in cared
                    for period in periods
                    if other.offer.residential and other.provider == provision.provider
                ],
            )
        key = CARE_FORMS.get(provision.offer.form, provision.offer.form), provision.provider
        result[key] = (*result.get(key, ()), *days)
    return result


def intended(lives: Iterable[Life], simulation: Simulation) -> dict[str, Any]:
    """The figures the simulator meant for the days it simulates."""
    tally = Tally(year=Period(simulation.first_day, simulation.last_day + ONE_DAY))
    for life in lives:
        tally.add(life)
    return dict(_rows(tally, simulation.youths_per_year))


def population(simulation: Simulation) -> Iterator[tuple[str, str, str, str, int]]:
    """Youths 0–17 per quarter: municipality, quarter, group kind, group, youths (design.md §5)."""
    living = [(team.id, youths_living(team, simulation.youths_per_year)) for team in TEAMS]
    for quarter in quarters_of(Period(simulation.coverage_start, simulation.last_day + ONE_DAY)):
        name = quarter_of(quarter.start)
        yield simulation.municipality, name, "municipality", simulation.municipality, sum(n for _, n in living)
        for team, youths in living:
            yield simulation.municipality, name, "team", team, youths


def _rows(tally: Tally, youths_per_year: int) -> Iterator[tuple[str, Any]]:
    counts, openings = tally.counts, tally.counts["inflow"] + tally.counts["returns"]
    yield "counts", dict(sorted(counts.items()))
    yield "youths_0_17_by_team", dict(sorted(tally.teams.items()))
    yield (
        "care_share_by_team",
        {team.id: _share(tally.teams[team.id], youths_living(team, youths_per_year)) for team in TEAMS},
    )
    yield "care_form_users", dict(sorted(tally.forms.items()))
    yield (
        "opening_referrer_share",
        {name: _share(number, openings) for name, number in sorted(tally.referrers.items())},
    )
    yield "inflow_share", _share(counts["inflow"], counts["youths"])
    yield "residential_opening_share", _share(counts["openings_residential"], openings)
    yield "openings_per_exit", _share(openings, counts["exits"])
    yield "returned_share", _share(counts["exits_returned"], counts["exits"])
    yield "stacking_share_year", _share(counts["stacked_in_year"], counts["youths"])
    yield (
        "stacking_mean_by_month",
        {month: _share(tally.provisions[month], tally.stacked[month]) for month in sorted(tally.users)},
    )
    yield (
        "stacking_share_by_month",
        {month: _share(tally.stacked[month], tally.users[month]) for month in sorted(tally.users)},
    )
    yield "ended_period_days_median", median(tally.durations) if tally.durations else None


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0
