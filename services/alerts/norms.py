"""Which norm is in force for a youth on a day (domain.md §7).

Three rules. Of the rows that apply the most specific wins: the municipality's own before the shipped default, then
one for the level, for a care form, for a team; of those the newest on that day. Of several care forms that run at
once the mildest norm counts; what is about one care form is judged by the rows for that form and for all. Before the
first norm that first one is looked at too: what it finds there is historical.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from youthcare.period import FAR, Period
from youthcare.youthfacts import YouthFacts, team_on

DEFAULT = "default"
ONLY_BY_NAME = frozenset({"without-request"})
"""Levels that only a row of their own turns on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Norm:
    """One row of norms ("normen"): a threshold in the unit of its rule, valid from a day; None: no number."""

    rule: str
    valid_from: date
    threshold: int | None = None
    level: str | None = None
    care_form: str | None = None
    team: str | None = None
    own: bool = False
    """Set by the municipality itself, not the shipped placeholder."""

    @property
    def number(self) -> int:
        """The threshold of a rule that has one."""
        assert self.threshold is not None, "the norm of this rule has a number"
        return self.threshold

    @property
    def specificity(self) -> tuple[bool, bool, bool, bool]:
        """The greater, the sooner it wins."""
        return self.own, self.level is not None, self.care_form is not None, self.team is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Norms:
    """The norms of one municipality and the definition set whose periods its rules read.

    `until`: findings that open after that day are not looked for.
    """

    rows: tuple[Norm, ...] = ()
    definition: str = "enschede"
    until: date = FAR


def foreseen(norms: Norms, today: date) -> Norms:
    """The norms for findings that are kept on a day: those that open up to the last day of the next year.

    Care without an end has an evaluation to come in each of twenty years; what nobody waits for yet is not kept.
    """
    return replace(norms, until=date(today.year + 1, 12, 31))


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The days from the opening of a finding on, as far as the condition then holds without interruption."""

    norm: Norm
    days: Period

    @property
    def day(self) -> date:
        """The day on which it opens."""
        return self.days.start


def opened(stretches: Iterable[InForce], holds: Callable[[Norm], Iterable[Period]]) -> Opened | None:
    """When a condition is first met under the norm then in force; None: never.

    `holds` gives the days without interruption on which it would hold if a norm always were in force, in order.
    """
    for stretch in stretches:
        for days in holds(stretch.norm):
            day = stretch.opening(days)
            if day is not None:
                return Opened(norm=stretch.norm, days=Period(day, days.end))
    return None


def norm_on(
    facts: YouthFacts, norms: Norms, rule: str, level: str, day: date, care_form: str | None = None
) -> Norm | None:
    """The norm of a rule that is in force for a youth on a day; None when the municipality has none.

    `care_form`: the one that the rule looks at; None: all that run that day.
    """
    rows = _of_rule(norms, rule, level, care_form)
    return _chosen(rows, facts, day, care_form)


def in_force(
    facts: YouthFacts, norms: Norms, rule: str, level: str, care_form: str | None = None
) -> tuple[InForce, ...]:
    """Which norm of a rule counts for a youth on which days, from the beginning of time; `care_form` as above."""
    rows = _of_rule(norms, rule, level, care_form)
    days = sorted({date.min, *(row.valid_from for row in rows), *_turning_days(rows, facts, care_form)})
    found: list[InForce] = []
    for start, end in zip(days, [*days[1:], FAR], strict=True):
        norm = _chosen(rows, facts, start, care_form)
        if found and found[-1].norm == norm and found[-1].days.end == start:
            found[-1] = InForce(norm=norm, days=Period(found[-1].days.start, end))
        elif norm is not None and start < end:
            found.append(InForce(norm=norm, days=Period(start, end)))
    return tuple(found)


def _of_rule(norms: Norms, rule: str, level: str, care_form: str | None) -> list[Norm]:
    levels = (level,) if level in ONLY_BY_NAME else (None, level)
    return [
        row
        for row in norms.rows
        if row.rule == rule and row.level in levels and (care_form is None or row.care_form in (None, care_form))
    ]


def _is_alike(rows: Sequence[Norm], care_form: str | None) -> bool:
    """Whether rows apply on every day alike, whatever the team and the care forms that run."""
    return all(row.team is None and (row.care_form is None or care_form is not None) for row in rows)


def _turning_days(rows: Sequence[Norm], facts: YouthFacts, care_form: str | None) -> Iterator[date]:
    """The days on which a youth may come under another norm because of a team or a care form."""
    if _is_alike(rows, care_form):
        return
    yield from (registered.valid_from for registered in facts.registrations)
    for row in facts.indications:
        for period in (*row.running, *row.care):
            yield from (period.start, period.end)


def _chosen(rows: Sequence[Norm], facts: YouthFacts, day: date, care_form: str | None) -> Norm | None:
    applying = _applying(rows, facts, day, care_form)
    newest: dict[tuple[bool, str | None, str | None, str | None], Norm] = {}
    for row in sorted(applying, key=lambda row: row.valid_from):
        if row.valid_from <= day:
            newest[row.own, row.level, row.care_form, row.team] = row
    if newest:
        return max(newest.values(), key=_rank)
    first = min((row.valid_from for row in applying), default=None)
    begun = [row for row in applying if row.valid_from == first]
    return max(begun, key=_rank, default=None)


def _rank(row: Norm) -> tuple[Any, int]:
    """The most specific comes last, of equals the mildest."""
    return row.specificity, row.threshold or 0


def _applying(rows: Sequence[Norm], facts: YouthFacts, day: date, care_form: str | None) -> list[Norm]:
    if _is_alike(rows, care_form):
        return list(rows)
    team = team_on(facts, day)
    forms = {row.care_form for row in facts.indications if any(run.covers(day) for run in row.running)}
    if care_form is not None:
        forms = {care_form}
    return [row for row in rows if row.team in (None, team) and (row.care_form is None or row.care_form in forms)]
