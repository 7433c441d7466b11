"""Which norm is in force for a youth on a day (domain.md §7).

Three rules. Of the rows that apply the most specific wins: the municipality's own before the shipped default, then
one for the level, for a care form, for a team; of those the newest on that day. Of several care forms that run at
once the mildest norm counts. Before the first norm that first one is looked at too: what it finds there is
historical.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from youthcare.period import FAR, Period
from youthcare.youthfacts import YouthFacts, team_on

DEFAULT = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Norm:
    """One row of norms ("normen"): a threshold, in days or in provisions, valid from a day; None: no number."""

    rule: str
    valid_from: date
    threshold: int | None = None
    level: str | None = None
    care_form: str | None = None
    team: str | None = None
    own: bool = False
    """Set by the municipality itself, not the shipped placeholder."""

    @property
    def specificity(self) -> tuple[bool, bool, bool, bool]:
        """The greater, the sooner it wins."""
        return self.own, self.level is not None, self.care_form is not None, self.team is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Norms:
    """The norms of one municipality and the definition set whose periods its rules read."""

    rows: tuple[Norm, ...] = ()
    definition: str = "enschede"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalSetting:
    """What a municipality decides about signals as such; without a start day nothing is historical by it."""

    alert_start_day: date | None = None
    signals: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """A norm and days without interruption on which it is the one that counts."""

    norm: Norm
    days: Period

    def opening(self, holds: Period) -> date | None:
        """The first day on which a condition that would hold on all days of `holds` is met under this norm.

        What held already when the norm came keeps its own first day, which lies before the norm: it is historical.
        What held already when the youth came under the norm (another team, another care form) opens that day.
        """
        due_before = self.days.start <= self.norm.valid_from and holds.start < self.norm.valid_from
        day = holds.start if due_before else max(holds.start, self.days.start)
        return day if day < min(holds.end, self.days.end) else None


def norms_of(content: Mapping[str, Any], municipality: str, known_on: date | None = None) -> Norms:
    """The norms of a municipality from the content of `deploy/rules.yml`, as known on a day (None: as known now)."""
    return norms_from(content["norms"], municipality, known_on)


def norms_from(rows: Iterable[Mapping[str, Any]], municipality: str, known_on: date | None = None) -> Norms:
    """The norms of a municipality and the default ones, from rows of `deploy/rules.yml` or of the table `norm`.

    Of rows that differ only in the number the one with the latest `known_day` counts.
    """
    newest: dict[tuple[Any, ...], Mapping[str, Any]] = {}
    for row in sorted(rows, key=lambda row: row["known_day"]):
        if row["municipality"] in (municipality, DEFAULT) and (known_on is None or row["known_day"] <= known_on):
            names = ("municipality", "rule", "level", "care_form", "team", "valid_from")
            newest[tuple(row.get(name) for name in names)] = row
    return Norms(rows=tuple(_norm(row) for row in newest.values()))


def _norm(row: Mapping[str, Any]) -> Norm:
    number = row.get("days")
    return Norm(
        rule=row["rule"],
        valid_from=row["valid_from"],
        threshold=row.get("threshold") if number is None else number,
        level=row.get("level"),
        care_form=row.get("care_form"),
        team=row.get("team"),
        own=row["municipality"] != DEFAULT,
    )


def setting_of(content: Mapping[str, Any], municipality: str) -> SignalSetting:
    """What a municipality decided about signals, else the default, from the content of `deploy/rules.yml`."""
    rows = content["municipalities"]
    row = {**rows.get(DEFAULT, {}), **rows.get(municipality, {})}
    return SignalSetting(alert_start_day=row.get("alert_start_day"), signals=row.get("signals", True))


def norm_on(facts: YouthFacts, norms: Norms, rule: str, level: str, day: date) -> Norm | None:
    """The norm of a rule that is in force for a youth on a day; None when the municipality has none."""
    rows = _of_rule(norms, rule, level)
    return _chosen(rows, facts, day)


def in_force(facts: YouthFacts, norms: Norms, rule: str, level: str) -> tuple[InForce, ...]:
    """Which norm of a rule counts for a youth on which days, from the beginning of time."""
    rows = _of_rule(norms, rule, level)
    days = sorted({date.min, *(row.valid_from for row in rows), *_turning_days(rows, facts)})
    found: list[InForce] = []
    for start, end in zip(days, [*days[1:], FAR], strict=True):
        norm = _chosen(rows, facts, start)
        if found and found[-1].norm == norm and found[-1].days.end == start:
            found[-1] = InForce(norm=norm, days=Period(found[-1].days.start, end))
        elif norm is not None and start < end:
            found.append(InForce(norm=norm, days=Period(start, end)))
    return tuple(found)


def _of_rule(norms: Norms, rule: str, level: str) -> list[Norm]:
    return [row for row in norms.rows if row.rule == rule and row.level in (None, level)]


def _turning_days(rows: Sequence[Norm], facts: YouthFacts) -> Iterator[date]:
    """The days on which a youth may come under another norm because of a team or a care form."""
    if all(row.team is None and row.care_form is None for row in rows):
        return
    yield from (registered.valid_from for registered in facts.registrations)
    for row in facts.indications:
        for period in (*row.running, *row.care):
            yield from (period.start, period.end)


def _chosen(rows: Sequence[Norm], facts: YouthFacts, day: date) -> Norm | None:
    applying = _applying(rows, facts, day)
    newest: dict[tuple[bool, str | None, str | None, str | None], Norm] = {}
    for row in sorted(applying, key=lambda row: row.valid_from):
        if row.valid_from <= day:
            newest[row.own, row.level, row.care_form, row.team] = row
    if newest:
        return max(newest.values(), key=lambda row: (row.specificity, row.threshold or 0))
    return min(applying, key=lambda row: (row.valid_from, *(not part for part in row.specificity)), default=None)


def _applying(rows: Sequence[Norm], facts: YouthFacts, day: date) -> list[Norm]:
    if all(row.team is None and row.care_form is None for row in rows):
        return list(rows)
    team = team_on(facts, day)
    forms = {row.care_form for row in facts.indications if any(run.covers(day) for run in row.running)}
    return [row for row in rows if row.team in (None, team) and (row.care_form is None or row.care_form in forms)]
