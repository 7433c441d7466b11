"""The drawing of a youth's care as numbers: where each bar, mark and step stands on one axis of days.

Three rules. The layout is whole numbers only and the template draws it, once for a telephone and once for a desk.
What a shape tells is also an entry of the table beside it, so that nobody needs to see it. A day before the first
known one is never drawn, and what has no end is drawn up to today.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from services.alerts.drawing import EDGE, Axis, Bar, Drawing, Entry, Label, ticks_of
from services.alerts.inbox import counted_nl
from services.alerts.sentences import care_nl, day_nl
from youthcare.codes import ChangeReason
from youthcare.period import FAR, ONE_DAY, Period, from_days, without
from youthcare.youthfacts import DefinitionFacts, IndicationFacts, Opening, YouthFacts

LABEL, BAR, GAP, LEVEL = 16, 14, 10, 12
AHEAD_DAYS = 366
OPENING_NL = {
    Opening.INFLOW: "instroom",
    Opening.RETURN: "herinstroom",
    Opening.UNKNOWN: "begin onbekend",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An alert as the drawing shows it; `shown` marks the one that the page is about."""

    number: int
    label_nl: str
    state_nl: str
    opens_on: date
    closes_on: date | None = None
    shown: bool = False


def timeline(facts: YouthFacts, definition: str, told: Sequence[Told], today: date, width: int) -> Drawing | None:
    """The care of a youth as it is known on a day, `width` units wide; None when nothing is known of it."""
    under = facts.definitions.get(definition, DefinitionFacts())
    axis = _axis(facts, under, told, today, width)
    if axis is None:
        return None
    rows = _Rows(axis=axis, today=today)
    rows.add_indications(facts.indications)
    rows.add_care_periods(under)
    depths = tuple(depths_of(under, today))
    depth_top = rows.add_depth(depths)
    rows.add_told(told)
    return Drawing(
        width=width,
        height=rows.y,
        summary=_summary(facts, depths),
        ticks=tuple(ticks_of(axis)),
        today=axis.x(today),
        bars=tuple(rows.bars),
        labels=tuple(rows.labels),
        steps=_steps(axis, depths, depth_top, today),
        depth=_deepest(depths),
        depth_top=depth_top,
        entries=tuple(rows.entries),
    )


def depths_of(under: DefinitionFacts, today: date) -> Iterator[tuple[date, int]]:
    """How many provisions count from a day on, for stacking (domain.md §5); each change once, up to today."""
    changes: dict[date, int] = {}
    for provision in under.provisions:
        for period in provision.days:
            if period.start <= today:
                changes[period.start] = changes.get(period.start, 0) + 1
                changes[period.end] = changes.get(period.end, 0) - 1
    depth = 0
    for day in sorted(changes):
        if changes[day] and day <= today:
            depth += changes[day]
            yield day, depth


def waits_of(row: IndicationFacts, today: date) -> Period | None:
    """The days from granted first day to the first start; without one up to today or the granted last day."""
    if not row.grants or row.grants[-1].change_reason == ChangeReason.DELETED:
        return None
    grant = row.grants[-1]
    last = row.first_start - ONE_DAY if row.first_start else min(grant.last_day or today, today)
    return from_days(grant.first_day, last)


class _Rows:
    """The rows of a drawing, from top to bottom; `y` is where the next begins."""

    def __init__(self, *, axis: Axis, today: date) -> None:
        self.axis, self.today, self.y = axis, today, 2 * LABEL
        self.bars: list[Bar] = []
        self.labels: list[Label] = []
        self.entries: list[Entry] = []

    def add_indications(self, rows: Iterable[IndicationFacts]) -> None:
        """Each indication: waiting dashed, pauses hatched, care filled; no colour stands alone."""
        for row in sorted(rows, key=_begin):
            waiting = waits_of(row, self.today)
            if not row.running and waiting is None:
                continue
            name = _name(row)
            y = self._labelled(name)
            for kind, words, periods in _stretches(row, waiting):
                for period in periods:
                    shown = self._until_today(period)
                    self.bars.append(self.axis.bar(kind, shown, y, BAR, _said(words, period)))
                    self._enter(f"{words}: {name}", period, "")
            self.y = y + BAR + GAP

    def add_care_periods(self, under: DefinitionFacts) -> None:
        """Care periods, each with how it began, and the window after it in which a start is a return."""
        if not under.care_periods:
            return
        y = self._labelled("Zorgperioden en de termijn voor herinstroom")
        for row, after in zip(under.care_periods, [*under.care_periods[1:], None], strict=True):
            if row.period.start > self.today:
                continue
            words = f"Zorgperiode ({OPENING_NL[row.opening]})"
            self.bars.append(self.axis.bar("period", self._until_today(row.period), y, BAR, _said(words, row.period)))
            self._enter("Zorgperiode", row.period, OPENING_NL[row.opening])
            window = _window(row.period, row.until, after.period.start if after else None)
            if window is not None:
                words = "Termijn voor herinstroom"
                self.bars.append(self.axis.bar("window", window, y, BAR, _said(words, window)))
                self._enter(words, window, "")
        self.y = y + BAR + GAP

    def add_depth(self, depths: Sequence[tuple[date, int]]) -> int:
        """Room for the step line of stacking; answers the y of its greatest depth."""
        deepest = _deepest(depths)
        if deepest == 0:
            return self.y
        top = self._labelled(f"Voorzieningen tegelijk (hoogste aantal: {deepest})")
        for (day, depth), after in zip(depths, [*(each[0] for each in depths[1:]), None], strict=True):
            if depth > 1:
                period = Period(day, after or self.today + ONE_DAY)
                self._enter(f"{depth} voorzieningen tegelijk", period, "")
        self.y = top + deepest * LEVEL + GAP
        return top

    def add_told(self, told: Iterable[Told]) -> None:
        """Each alert from the day it opened on, on the same axis."""
        for each in sorted(told, key=lambda one: (one.opens_on, one.number)):
            # Without its number, which tells a reader nothing: the words must fit a telephone.
            words = f"{each.label_nl} ({each.state_nl})"
            y = self._labelled(words, strong=each.shown)
            last = each.closes_on if each.closes_on and each.closes_on <= self.today else None
            period = from_days(each.opens_on, last) or Period(each.opens_on, each.opens_on + ONE_DAY)
            kind = "told-shown" if each.shown else "told"
            self.bars.append(self.axis.bar(kind, self._until_today(period), y, BAR // 2, _said(words, period)))
            self._enter(f"Melding {each.number}: {each.label_nl}", period, each.state_nl)
            self.y = y + BAR // 2 + GAP

    def _labelled(self, words: str, *, strong: bool = False) -> int:
        self.labels.append(Label(x=EDGE, y=self.y + LABEL - 4, words=words, strong=strong))
        return self.y + LABEL

    def _until_today(self, period: Period) -> Period:
        """What is open is drawn to today; what began after today keeps one day."""
        if period.end != FAR:
            return period
        return Period(period.start, max(self.today, period.start) + ONE_DAY)

    def _enter(self, what: str, period: Period, more: str) -> None:
        last = period.last_day
        self.entries.append(
            Entry(what=what, since=day_nl(period.start), until=day_nl(last) if last else "loopt door", more=more)
        )


def _begin(row: IndicationFacts) -> tuple[date, str]:
    days = [period.start for period in row.running[:1]] + [grant.first_day for grant in row.grants[-1:]]
    return min(days, default=FAR), row.indication


def _stretches(row: IndicationFacts, waiting: Period | None) -> Iterator[tuple[str, str, Sequence[Period]]]:
    """What an indication went through: how it is drawn, how it is called, and when."""
    yield "waiting", "Wacht op zorg", (waiting,) if waiting else ()
    yield "pause", "Pauze", without(row.running, row.care)
    yield "care", "Zorg", row.care


def _name(row: IndicationFacts) -> str:
    name = care_nl(row.care_form, row.provider)
    return name if row.counts_as_care else f"{name} (telt niet als jeugdhulp)"


def _window(period: Period, until: date | None, next_start: date | None) -> Period | None:
    if until is None or period.end == FAR:
        return None
    return from_days(period.end, min(until, next_start - ONE_DAY if next_start else until))


def _said(words: str, period: Period) -> str:
    last = period.last_day
    return f"{words}: {day_nl(period.start)} {f'tot en met {day_nl(last)}' if last else 'en het loopt door'}"


def _deepest(depths: Iterable[tuple[date, int]]) -> int:
    return max((depth for _day, depth in depths), default=0)


def _axis(facts: YouthFacts, under: DefinitionFacts, told: Sequence[Told], today: date, width: int) -> Axis | None:
    periods = [period for row in facts.indications for period in (*row.running, waits_of(row, today)) if period]
    starts = [period.start for period in periods] + [row.opens_on for row in told]
    if not starts:
        return None
    ends = [period.end for period in periods if period.end != FAR]
    ends += [row.until for row in under.care_periods if row.until is not None]
    furthest = today + timedelta(days=AHEAD_DAYS)
    first = min([*starts, today - timedelta(days=60)])
    return Axis(first=first, last=max([today + timedelta(days=14), *(min(end, furthest) for end in ends)]), width=width)


def _steps(axis: Axis, depths: Sequence[tuple[date, int]], top: int, today: date) -> str:
    """The step line as the points of a polyline; nothing when nothing ever counted."""
    floor = top + _deepest(depths) * LEVEL
    points, height = [], floor
    for day, depth in depths:
        x = axis.x(day)
        points += [f"{x},{height}", f"{x},{floor - depth * LEVEL}"]
        height = floor - depth * LEVEL
    return " ".join([*points, f"{axis.x(today)},{height}"]) if points else ""


def _summary(facts: YouthFacts, depths: Sequence[tuple[date, int]]) -> str:
    count = counted_nl(len(facts.indications), "toewijzing", "toewijzingen")
    return f"{count}, op het hoogste punt {counted_nl(_deepest(depths), 'voorziening', 'voorzieningen')} tegelijk."
