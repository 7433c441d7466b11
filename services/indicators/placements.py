"""Scopes and placements: which care a figure of a group counts, and which group it belongs to (domain.md §6).

1. Of the municipality, team and age band a youth is in one at a time; all its care counts. What its care forms,
   referrers and providers are it is in all at once; of such a group only the group's own indications count.
2. A kind of which all indications are in one group needs no scope of its own: the group goes with the whole.
3. A figure of a period belongs to the group of the last care day in it, up to the day asked.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from services.indicators.ages import band_changes, band_on, find_birth_date
from services.indicators.definitions import Per
from services.indicators.spans import turns
from services.indicators.steps import Groups
from youthcare.period import FAR, ONE_DAY, Period, joined
from youthcare.youthfacts import (
    UNKNOWN_GROUP,
    CarePeriod,
    DefinitionFacts,
    GroupKind,
    GroupPeriods,
    IndicationFacts,
    YouthFacts,
    group_of,
    team_on,
)

UNKNOWN_TEAM = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Days on end in the same groups."""

    days: Period
    groups: Groups


@dataclass(frozen=True, slots=True, kw_only=True)
class Placing:
    """In which groups a youth is on each day: those of the last change on or before it."""

    changes: tuple[date, ...]
    groups: tuple[Groups, ...]

    def on(self, day: date) -> Groups:
        """The groups of a day."""
        return self.groups[bisect_right(self.changes, day) - 1]

    def placed(self, periods: Iterable[Period]) -> tuple[Placement, ...]:
        """The days of disjoint periods, cut where the groups change; sorted."""
        return tuple(placement for period in periods for placement in self._cut(period))

    def _cut(self, period: Period) -> Iterator[Placement]:
        first = bisect_right(self.changes, period.start)
        cuts = [day for day in self.changes[first:] if day < period.end]
        for start, end in zip((period.start, *cuts), (*cuts, period.end), strict=True):
            yield Placement(days=Period(start, end), groups=self.on(start))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The indications that figures of some groups count, and the days on which the youth is in which of them."""

    placing: Placing
    rows: tuple[IndicationFacts, ...]
    care: tuple[Placement, ...]
    care_days: tuple[Period, ...]
    """The runs of care days, cut where the groups change."""
    care_turns: Mapping[Per, tuple[date, ...]]
    """Of care days the days that `spans.turns` gives; kept, as nearly every figure asks for them."""
    birth_date: date | None
    kind: GroupKind | None = None
    group: str = ""

    def care_periods(self, under: DefinitionFacts) -> Sequence[CarePeriod]:
        """The care periods of these indications under a definition set."""
        own = self._own(under)
        return under.care_periods if own is None else own.care_periods

    def residential_periods(self, under: DefinitionFacts) -> Sequence[CarePeriod]:
        """Their residential periods."""
        own = self._own(under)
        return under.residential_periods if own is None else own.residential_periods

    def _own(self, under: DefinitionFacts) -> GroupPeriods | None:
        return next((row for row in under.groups if (row.kind, row.group) == (self.kind, self.group)), None)


def scopes(facts: YouthFacts) -> tuple[Scope, ...]:
    """The scopes of a youth: all its care, and that of each group which holds some of it and not all."""
    rows = tuple(row for row in facts.indications if row.counts_as_care)
    groups = {kind: sorted({group_of(row, kind) for row in rows}) for kind in GroupKind}
    shared: Groups = tuple((kind.value, found[0]) for kind, found in groups.items() if len(found) == 1)
    birth_date = find_birth_date(facts)
    parts = [
        _scope(_still(((kind.value, group),)), _of(rows, kind, group), birth_date, kind, group)
        for kind, found in groups.items()
        if len(found) > 1
        for group in found
    ]
    return (_scope(_placing(facts, birth_date, shared), rows, birth_date), *parts)


def _of(rows: Sequence[IndicationFacts], kind: GroupKind, group: str) -> tuple[IndicationFacts, ...]:
    return tuple(row for row in rows if group_of(row, kind) == group)


def _scope(
    placing: Placing,
    rows: tuple[IndicationFacts, ...],
    birth_date: date | None,
    kind: GroupKind | None = None,
    group: str = "",
) -> Scope:
    care = placing.placed(joined(period for row in rows for period in row.care))
    days = tuple(placement.days for placement in care)
    return Scope(
        placing=placing,
        rows=rows,
        care=care,
        care_days=days,
        care_turns={per: tuple(turns(days, per)) for per in (Per.MONTH, Per.QUARTER, Per.YEAR)},
        birth_date=birth_date,
        kind=kind,
        group=group,
    )


def _still(groups: Groups) -> Placing:
    return Placing(changes=(date.min,), groups=(groups,))


def _placing(facts: YouthFacts, birth_date: date | None, shared: Groups) -> Placing:
    """The groups of the youth as a whole, cut on every day on which they differ from the day before."""
    changes: list[date] = []
    found: list[Groups] = []
    for day in sorted({date.min, *_days_of_change(facts), *band_changes(birth_date)}):
        age_band = ("age_band", band_on(birth_date, day))
        groups = (("municipality", facts.municipality), ("team", team_of(facts, day)), age_band, *shared)
        if not found or found[-1] != groups:
            changes.append(day)
            found.append(groups)
    return Placing(changes=tuple(changes), groups=tuple(found))


def _days_of_change(facts: YouthFacts) -> Iterator[date]:
    """Every day on which the team may differ from the day before."""
    yield from (row.valid_from for row in facts.registrations)
    for row in facts.indications:
        if row.team is not None:
            yield from (day for period in (*row.care, *row.running) for day in (period.start, period.end) if day < FAR)


def team_of(facts: YouthFacts, day: date) -> str:
    """The team on a day as a group of figures."""
    return team_on(facts, day) or UNKNOWN_TEAM


def granted_groups(scope: Scope, row: IndicationFacts, day: date) -> Groups:
    """The groups of an indication on a day: its own, and of the youth; without a known team that of the indication."""
    if row.team is None:
        return scope.placing.on(day)
    return tuple(("team", row.team) if group == ("team", UNKNOWN_GROUP) else group for group in scope.placing.on(day))


def last_groups(care: Sequence[Placement], first_day: date, on: date) -> Groups | None:
    """The groups on the last care day from a first day up to a day; None without a care day."""
    index = bisect_right(care, on, key=lambda placement: placement.days.start) - 1
    if index < 0 or min(care[index].days.end - ONE_DAY, on) < first_day:
        return None
    return care[index].groups


def shown(groups: Groups) -> Groups:
    """The groups of which gauges are shown: the municipality and its teams (design.md §7)."""
    return tuple(group for group in groups if group[0] in ("municipality", "team"))
