"""Provisions as they run: renewals joined, their first indication, extensions, and what follows an indication.

Three rules (docs/decisions/0017). A provision run is a maximal run of running days of all indications with the same
care form and provider; an unknown provider is one provider. The indications of a run are those with a running day in
it; its first indication is the smallest that has a run of running days beginning on its first day. Only care forms
that count are looked at.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from services.alerts.concerned import counting
from youthcare.codes import ChangeReason
from youthcare.period import FAR, ONE_DAY, Period, joined
from youthcare.youthfacts import Grant, IndicationFacts, YouthFacts

FOLLOW_UP_DAYS = 31


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvisionRun:
    """Days without interruption on which a provision runs, and its indications with a running day in it, by id."""

    care_form: str
    provider: str | None
    days: Period
    rows: tuple[IndicationFacts, ...]

    @property
    def first(self) -> IndicationFacts:
        """The smallest indication that has a run of running days beginning on the first day."""
        return next(row for row in self.rows if any(run.start == self.days.start for run in row.running))

    @property
    def order(self) -> tuple[date, str]:
        """Of two runs the one with the smaller order began earlier."""
        return self.days.start, self.first.indication

    def rows_until(self, day: date) -> list[IndicationFacts]:
        """The indications with a running day from the first day of the run up to and including a day."""
        return [row for row in self.rows if has_day(row.running, self.days.start, day)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """An indication was extended, or a provision went on under a new number, on a day."""

    day: date
    row: IndicationFacts


def has_day(periods: Iterable[Period], first_day: date, last_day: date) -> bool:
    """Whether a day of periods lies from `first_day` up to and including `last_day`."""
    return any(period.start <= last_day and first_day < period.end for period in periods)


def days_after(day: date, count: int) -> date:
    """So many days after a day, never past `FAR`."""
    return day + timedelta(days=count) if count < (FAR - day).days else FAR


def provision_runs(facts: YouthFacts) -> tuple[ProvisionRun, ...]:
    """The provision runs of a youth, the earliest first, of one day by their first indications."""
    groups: dict[tuple[str, str | None], list[IndicationFacts]] = defaultdict(list)
    for row in counting(facts):
        groups[row.care_form, row.provider].append(row)
    found = (
        ProvisionRun(
            care_form=care_form,
            provider=provider,
            days=days,
            rows=tuple(row for row in rows if any(days.covers(run.start) for run in row.running)),
        )
        for (care_form, provider), rows in groups.items()
        for days in joined(run for row in rows for run in row.running)
    )
    return tuple(sorted(found, key=lambda run: run.order))


def extensions(run: ProvisionRun) -> tuple[Extension, ...]:
    """The extensions in a provision run, by day: newer grants of its indications, and new numbers ("verlengingen")."""
    found = (
        Extension(day=day, row=row)
        for row in run.rows
        for day in (*_extended_on(row), *_renewed_on(run, row))
        if run.days.covers(day)
    )
    return tuple(sorted(found, key=lambda each: (each.day, each.row.indication)))


def _extended_on(row: IndicationFacts) -> Iterator[date]:
    return (after.granted_at.date() for before, after in pairwise(row.grants) if _is_extension(before, after))


def _is_extension(before: Grant, after: Grant) -> bool:
    return after.change_reason == ChangeReason.EXTENDED or (after.last_day or FAR) > (before.last_day or FAR)


def _renewed_on(run: ProvisionRun, row: IndicationFacts) -> Iterator[date]:
    """The day on which an indication began while its provision ran: another number ran the day before."""
    first_day = row.running[0].start
    if first_day > run.days.start:
        yield first_day


def first_known_on(row: IndicationFacts) -> date:
    """The civil day on which an indication is first known of: its first grant or its first running day."""
    days = [grant.granted_at.date() for grant in row.grants[:1]] + [run.start for run in row.running[:1]]
    return min(days)


def follow_up_known_on(facts: YouthFacts, row: IndicationFacts, last_day: date) -> date | None:
    """The civil day on which a follow-up of an indication that is granted until a day is first known; None: no such.

    A follow-up is another indication of the same care form, at whatever provider, that runs or is granted past that
    day and begins at most 31 days after it.
    """
    latest = days_after(last_day, FOLLOW_UP_DAYS)
    others = (each for each in counting(facts) if each.care_form == row.care_form and each is not row)
    known = (
        first_known_on(each)
        for each in others
        if _runs_on(each, last_day, latest) or _is_granted_on(each, last_day, latest)
    )
    return min(known, default=None)


def _runs_on(row: IndicationFacts, last_day: date, latest: date) -> bool:
    return bool(row.running) and row.running[0].start <= latest and row.running[-1].end > last_day + ONE_DAY


def _is_granted_on(row: IndicationFacts, last_day: date, latest: date) -> bool:
    grant = row.grants[-1] if row.grants else None
    return grant is not None and grant.first_day <= latest and (grant.last_day is None or grant.last_day > last_day)
