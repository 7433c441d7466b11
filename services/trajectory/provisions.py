"""Provisions: on which days they count for stacking, and when one replaced another (domain.md §4 and §5).

A provision is a care form at a provider. A non-residential one does not count on a day on which the same provider
also gives residential care; an unknown provider is never the same provider. A renewal is no stacking: the same
provision counts once.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from services.trajectory.periods import Definition
from youthcare.period import FAR, Period, joined, without
from youthcare.youthfacts import IndicationFacts, ProvisionDays, Switch

Provision = tuple[str, str | None]


def provision_order(provision: Provision) -> tuple[str, str]:
    """Sorts provisions; an unknown provider comes first."""
    return provision[0], provision[1] or ""


def counted(rows: Sequence[IndicationFacts]) -> tuple[ProvisionDays, ...]:
    """The days on which each provision counts for stacking."""
    residence = _residence_by_provider(rows)
    days: dict[Provision, list[Period]] = defaultdict(list)
    for row in rows:
        if row.stackable:
            hidden = () if row.residential or row.provider is None else residence[row.provider]
            days[row.care_form, row.provider].extend(without(row.care, hidden))
    return tuple(
        ProvisionDays(care_form=provision[0], provider=provision[1], days=joined(days[provision]))
        for provision in sorted(days, key=provision_order)
        if days[provision]
    )


def _residence_by_provider(rows: Iterable[IndicationFacts]) -> dict[str, list[Period]]:
    residence: dict[str, list[Period]] = defaultdict(list)
    for row in rows:
        if row.residential and row.provider is not None:
            residence[row.provider].extend(row.care)
    return residence


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Care days of one provision without a gap longer than a paper gap."""

    provision: Provision
    days: Period


def runs(rows: Iterable[IndicationFacts], within: Period, gap_days: int) -> list[Run]:
    """The runs of care of every provision within a trajectory, by first day."""
    care: dict[Provision, list[Period]] = defaultdict(list)
    for row in rows:
        parts = (period.clipped(within.start, within.end) for period in row.care)
        care[row.care_form, row.provider].extend(part for part in parts if part is not None)
    found = [
        Run(provision=provision, days=period)
        for provision, periods in care.items()
        for period in joined(periods, gap_days)
    ]
    return sorted(found, key=lambda run: (run.days.start, provision_order(run.provision)))


def switches(rows: Iterable[IndicationFacts], within: Period, definition: Definition) -> tuple[Switch, ...]:
    """When one provision replaced another ("wisseling"), by first day of the replacing run."""
    return tuple(
        _switch(before, after, max(after.days.start, before.days.end))
        for before, after in _replacements(rows, within, definition)
    )


def moves(residential: Iterable[IndicationFacts], definition: Definition) -> tuple[Switch, ...]:
    """When one residential provision replaced another ("overplaatsing"), on the first day of the replacing run.

    Trajectories lie further apart than a replacement may, so all care is looked at as one.
    """
    found = _replacements(residential, Period(date.min, FAR), definition)
    return tuple(_switch(before, after, after.days.start) for before, after in found)


def _replacements(rows: Iterable[IndicationFacts], within: Period, definition: Definition) -> Iterator[tuple[Run, Run]]:
    replaced: set[int] = set()
    ordered = runs(rows, within, definition.paper_gap_days)
    for index, run in enumerate(ordered):
        candidates = [
            before
            for before in range(index)
            if before not in replaced and _hands_over(ordered[before], run, definition)
        ]
        if candidates:
            taken = max(candidates, key=lambda i: (ordered[i].days.end, provision_order(ordered[i].provision)))
            replaced.add(taken)
            yield ordered[taken], run


def _hands_over(before: Run, after: Run, definition: Definition) -> bool:
    """Whether `after` may have replaced `before`: it ended first, shortly before or with a short overlap."""
    if before.provision == after.provision or before.days.end == FAR or before.days.start == after.days.start:
        return False
    days_between = (after.days.start - before.days.end).days
    return before.days.end < after.days.end and (-definition.handover_days <= days_between <= definition.paper_gap_days)


def _switch(before: Run, after: Run, day: date) -> Switch:
    return Switch(
        day=day,
        provider=before.provision[1] != after.provision[1],
        care_form=before.provision[0] != after.provision[0],
    )
