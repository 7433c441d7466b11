"""The alert rules once more, day by day and as naively as can be: what the rules are compared with.

Written from domain.md §5 and §7. Every condition is asked of every day of a horizon; findings are read off the days
on which it holds. Periods become sets of days first; nothing here is shared with the rules.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from youthcare.period import Period, civil_day
from youthcare.youthfacts import CarePeriod, IndicationFacts, RequestFacts, YouthFacts, team_on

DAY = timedelta(days=1)
Days = frozenset[date]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What must hold of one finding; `closes_on` None: as far as the horizon goes."""

    rule: str
    level: str
    anchor: str
    team: str
    opens_on: date
    closes_on: date | None
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One norm per rule, valid from one day; the day asked and the alert start day."""

    norm_days: int
    threshold: int
    valid_from: date
    start_day: date | None
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Naive:
    """The findings of one youth, by counting."""

    facts: YouthFacts
    asked: Asked
    horizon: tuple[date, ...]

    def lines(self) -> list[Line]:
        """All findings, sorted."""
        if self.facts.gone:
            return []
        found = [*self.overlong(), *self.stacked(), *self.returned(), *self.requested()]
        return sorted(found, key=lambda row: (row.rule, row.level, row.anchor, row.opens_on))

    def days(self, periods: Iterable[Period]) -> Days:
        """The days of the horizon that lie in periods."""
        return frozenset(day for period in periods for day in self.horizon if period.covers(day))

    def line(self, rule: str, level: str, anchor: str, opens_on: date, closes_on: date | None) -> Line:
        """A finding with its team and its state."""
        start = max(self.asked.valid_from, self.asked.start_day or date.min)
        if opens_on < start:
            state = "historical"
        elif self.asked.on < opens_on:
            state = "scheduled"
        elif closes_on is None or self.asked.on <= closes_on:
            state = "open"
        else:
            state = "expired"
        return Line(
            rule=rule,
            level=level,
            anchor=anchor,
            team=team_on(self.facts, opens_on) or "unknown",
            opens_on=opens_on,
            closes_on=closes_on,
            state=state,
        )

    def last(self, days: Days) -> date | None:
        """The last of days; None when they go on to the end of the horizon."""
        return None if max(days) == self.horizon[-1] else max(days)

    def overlong(self) -> list[Line]:
        """Count the days of each trajectory until the norm, and until 80 % of it."""
        found: list[Line] = []
        under = self.facts.definitions["enschede"]
        running = self.days(row.period for row in under.care_periods)
        warning_days = next(count for count in range(10_000) if count * 100 >= self.asked.norm_days * 80)
        for trajectory in under.trajectories:
            days = self.days([trajectory.period])
            counted = {day: index for index, day in enumerate(sorted(days), start=1)}
            norm = [day for day in sorted(days & running) if counted[day] >= self.asked.norm_days]
            warned = [day for day in sorted(days & running) if counted[day] >= warning_days]
            if norm:
                found.append(self.line("trajectory-overlong", "norm", trajectory.anchor, norm[0], self.last(days)))
            until = norm[0] - DAY if norm else self.last(days)
            if warned and (until is None or warned[0] <= until):
                found.append(self.line("trajectory-overlong", "warning", trajectory.anchor, warned[0], until))
        return found

    def counting(self) -> list[IndicationFacts]:
        """The indications of care forms that count."""
        return [row for row in self.facts.indications if row.counts_as_care]

    def provisions(self, day: date) -> set[tuple[str, str | None]]:
        """The provisions that count for stacking on a day, from the indications themselves (domain.md §5)."""
        cared = [row for row in self.counting() if any(period.covers(day) for period in row.care)]
        at_home = {row.provider for row in cared if row.residential and row.provider is not None}
        return {
            (row.care_form, row.provider)
            for row in cared
            if row.stackable and (row.residential or row.provider not in at_home)
        }

    def stacked(self) -> list[Line]:
        """Walk over the days and note where the threshold is reached and where it is left."""
        found: list[Line] = []
        run: list[date] = []
        for day in (*self.horizon, None):
            if day is not None and len(self.provisions(day)) >= self.asked.threshold:
                run.append(day)
            elif run:
                anchor = self.stacking_anchor(run[0])
                found.append(self.line("stacking-level", "signal", anchor, run[0], self.last(frozenset(run))))
                run = []
        return found

    def stacking_anchor(self, day: date) -> str:
        """The smallest counting indication that begins that day, else that has care that day."""
        wanted = self.provisions(day)
        rows = [row for row in self.counting() if row.stackable and (row.care_form, row.provider) in wanted]
        cared = {row.indication: self.days(row.care) for row in rows}
        on_day = sorted(name for name, days in cared.items() if day in days)
        begun = [name for name in on_day if day - DAY not in cared[name]]
        return (begun or on_day)[0]

    def returned(self) -> list[Line]:
        """Every care period that the facts call a return."""
        rows: tuple[CarePeriod, ...] = self.facts.definitions["enschede"].care_periods
        return [
            self.line(
                "returned",
                "signal",
                self.begun(row.period.start),
                row.period.start,
                self.last(self.days([row.period])),
            )
            for row in rows
            if row.opening == "return"
        ]

    def begun(self, day: date) -> str:
        """The smallest indication whose running days begin on a day."""
        running = {row.indication: self.days(row.running) for row in self.counting()}
        return min(name for name, days in running.items() if day in days and day - DAY not in days)

    def requested(self) -> list[Line]:
        """Every request that would add care to care that runs."""
        return [
            self.line("stacking-request", "signal", row.request, civil_day(row.requested), self.decided(row))
            for row in self.facts.requests
            if self.adds(row) and (self.decided(row) or date.max) >= civil_day(row.requested)
        ]

    def adds(self, request: RequestFacts) -> bool:
        """A change request with a new product; any other request on a day with running care."""
        kinds = {product.kind for product in request.products}
        if kinds & {"keep", "change"}:
            return "new" in kinds
        day = civil_day(request.requested)
        return any(period.covers(day) for row in self.counting() for period in row.running)

    def decided(self, request: RequestFacts) -> date | None:
        """The day of the rejection or of the first grant that carries the reference."""
        days = {
            grant.granted_at.date()
            for row in self.facts.indications
            for grant in row.grants
            if grant.request == request.request
        }
        if request.answer == "rejected" and request.answered:
            days.add(civil_day(request.answered))
        return min(days) if days else None


def naive_lines(facts: YouthFacts, asked: Asked) -> list[Line]:
    """The findings of a youth, over a horizon that lies well around every day that its facts name."""
    first, last = date(2022, 6, 1), date(2028, 6, 1)
    horizon = tuple(first + DAY * number for number in range((last - first).days + 1))
    return Naive(facts=facts, asked=asked, horizon=horizon).lines()
