"""Which numbers of figures add up to which: the linear relations that anybody may know (domain.md §6).

A *number* is the numerator, the denominator or the pending count of a figure. A *relation* is a sum of numbers that
is known to be a constant, mostly nought. Each stands here as a row, with the reason why it holds; where one holds
only as a rule (`usually`), it is kept all the same: who hides from a cleverer attacker hides from any other.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from services.indicators.catalogue import FLOW_TERMS, KINDS
from services.indicators.definitions import Kind, Per
from services.indicators.figures import Figure
from services.indicators.steps import Group


class Part(StrEnum):
    """The numbers of a figure that count people, events or days."""

    NUMERATOR = "numerator"
    DENOMINATOR = "denominator"
    PENDING = "pending"


class Key(NamedTuple):
    """Which figure: its indicator, period and group."""

    indicator: str
    period: str
    group: Group


def key_of(figure: Figure) -> Key:
    """Which figure it is."""
    return Key(figure.indicator, figure.period, (figure.group_kind, figure.group))


class Number(NamedTuple):
    """One number of a figure."""

    key: Key
    part: Part


Relation = Mapping[Number, int]
"""Numbers and their factors; the sum is known."""

PARTS = {
    Kind.COUNT: (Part.NUMERATOR, Part.PENDING),
    Kind.RATE: (Part.NUMERATOR, Part.PENDING),  # the population is public
    Kind.COMPLEMENT: (Part.NUMERATOR, Part.PENDING),
    Kind.RATIO: tuple(Part),
    Kind.QUANTILE: (Part.DENOMINATOR, Part.PENDING),  # the quantile itself is no sum
    Kind.SURVIVAL: (Part.DENOMINATOR, Part.PENDING),
}
"""The numbers that are nobody's to know beforehand, by the kind of the figure."""

MUNICIPALITY = "municipality"
WHOLES = ("team", "age_band")
"""A youth, a period or an event is in one of these groups: together they are the municipality."""

WHOLES_OF_INDICATIONS = {"timeliness": ("care_form", "referrer"), "waiting_days_median": ("care_form", "referrer")}
"""An indication has one care form and one referrer, so figures that count indications add up over these too."""

MOVES = ("flow_balance.moved_in", "flow_balance.moved_out")
START, END = "flow_balance.start", "flow_balance.end"
OPENINGS = ("flow_balance.inflow", "flow_balance.unknown", "flow_balance.return")
EXITS = "flow_balance.exits"
ENDED = ("duration_median.ended", "duration_p90.ended")
STARTED = ("new_share", "repeat_share", "crisis_share")
STOCK = (
    "duration_median.running",
    "duration_p90.running",
    "switches_mean",
    "switches_mean.provider",
    "switches_mean.care_form",
)
"""Their denominator: the trajectories that run at the quarter's end, as many as the care periods of the balance."""

MINOR_BANDS = frozenset({"0-3", "4-11", "12-17"})
EXTENDED_BANDS = frozenset({"18-22"})
N, D, P = Part.NUMERATOR, Part.DENOMINATOR, Part.PENDING


@dataclass(frozen=True, slots=True, kw_only=True)
class Equation:
    """A relation within one group and period; `bands` when it holds for those age bands alone."""

    reason: str
    per: Per
    terms: tuple[tuple[int, str, Part], ...]
    bands: frozenset[str] | None = None


def _same(reason: str, per: Per, part: Part, indicators: Sequence[str]) -> Iterator[Equation]:
    """The same number in several figures."""
    for other in indicators[1:]:
        yield Equation(reason=reason, per=per, terms=((1, indicators[0], part), (-1, other, part)))


def _stacking(per: Per, users: str, part: Part) -> Iterator[Equation]:
    yield Equation(
        reason="who is stacked is the numerator of one and the denominator of the other",
        per=per,
        terms=((1, "stacking_share", N), (-1, "stacking_mean", D)),
    )
    yield Equation(
        reason="usually: every form that counts as care can be stacked, so whoever has care has a provision",
        per=per,
        terms=((1, "stacking_share", D), (-1, users, part)),
    )


def _residence(suffix: str) -> Equation:
    mean = "residential_days_mean"
    return Equation(
        reason="usually: a day of residence is one of living or one of stay, not both",
        per=Per.QUARTER,
        terms=((1, f"{mean}{suffix}", N), (-1, f"{mean}.living{suffix}", N), (-1, f"{mean}.stay{suffix}", N)),
    )


EQUATIONS = (
    *_stacking(Per.MONTH, "in_care", N),
    *_stacking(Per.YEAR, "care_days_mean", D),
    *_same("the trajectories that run at the end", Per.QUARTER, D, STOCK),
    *_same("the care periods that ended", Per.QUARTER, D, ENDED),
    *_same("the care periods begun", Per.YEAR, D, STARTED),
    *_same("the care periods of which nobody knows whether they are new", Per.YEAR, P, STARTED[:2]),
    Equation(
        reason="a care period begun is new, a repeat, or unknown",
        per=Per.YEAR,
        terms=((1, "new_share", D), (-1, "new_share", N), (-1, "repeat_share", N), (-1, "new_share", P)),
    ),
    *_same("the indications that run in the quarter", Per.QUARTER, D, ("renewal_rate", "exit_rate")),
    _residence(""),
    _residence(".cbs"),
    Equation(
        reason="the population without the minors with a residential day, all of whom are minors in these bands",
        per=Per.QUARTER,
        terms=((1, "at_home_rate", N), (1, "residential_days_mean", D)),
        bands=MINOR_BANDS,
    ),
    Equation(
        reason="whoever is 18 to 22 on the last care day of the year was so on a care day in it",
        per=Per.YEAR,
        terms=((1, "extended_care", N), (-1, "care_days_mean", D)),
        bands=EXTENDED_BANDS,
    ),
    Equation(
        reason="the flow balance closes",
        per=Per.MONTH,
        terms=tuple((-1 if term in (MOVES[1], EXITS, END) else 1, term, N) for term in FLOW_TERMS),
    ),
)
"""The relations between figures of one group and period."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A figure of the municipality and those of its teams, or bands, of which it is the sum."""

    whole: Key
    parts: tuple[Key, ...]


def per_of(period: str) -> Per:
    """What a period is, by how it is written."""
    if "Q" in period:
        return Per.QUARTER
    return {4: Per.YEAR, 7: Per.MONTH}.get(len(period), Per.DAY)


def wholes_of(indicator: str) -> tuple[str, ...]:
    """The kinds of groups over which an indicator adds up to the municipality."""
    return (*WHOLES, *WHOLES_OF_INDICATIONS.get(indicator, ()))


def lines(figures: Mapping[Key, Figure]) -> tuple[Line, ...]:
    """Every whole with its parts, in a fixed order; the moves of the municipality itself are none."""
    parts: defaultdict[tuple[str, str, str], list[Key]] = defaultdict(list)
    wholes: dict[tuple[str, str], Key] = {}
    for key in sorted(figures):
        if key.group[0] == MUNICIPALITY:
            wholes[key.indicator, key.period] = key
        elif key.group[0] in wholes_of(key.indicator):
            parts[key.indicator, key.period, key.group[0]].append(key)
    return tuple(
        # Without a row of the municipality its figure counts as seen: who asks for parts alone can ask for it too.
        Line(whole=wholes.get(name[:2], Key(*name[:2], (MUNICIPALITY, ""))), parts=tuple(keys))
        for name, keys in parts.items()
        if name[0] not in MOVES
    )


def relations(figures: Mapping[Key, Figure]) -> Iterator[Relation]:
    """Every relation among the numbers of figures; a figure that is not there counts nothing."""
    yield from _sums(figures)
    yield from _moves(figures)
    present: defaultdict[str, set[str]] = defaultdict(set)
    groups: defaultdict[str, set[Group]] = defaultdict(set)
    for key in figures:
        present[key.period].add(key.indicator)
        groups[key.period].add(key.group)
    for period in sorted(present):
        yield from _within(figures, period, present[period], sorted(groups[period]))
    yield from _across(figures)


def _sums(figures: Mapping[Key, Figure]) -> Iterator[Relation]:
    for line in lines(figures):
        for part in PARTS[KINDS[line.whole.indicator]]:
            whole = {Number(line.whole, part): -1} if line.whole in figures else {}
            yield {**whole, **{Number(key, part): 1 for key in line.parts}}


def _moves(figures: Mapping[Key, Figure]) -> Iterator[Relation]:
    """Whoever moves out of one team, or band, moves into another."""
    moved: defaultdict[tuple[str, str], dict[Number, int]] = defaultdict(dict)
    for key in figures:
        if key.indicator in MOVES and key.group[0] in WHOLES:
            moved[key.period, key.group[0]][Number(key, N)] = 1 if key.indicator == MOVES[0] else -1
    yield from moved.values()


def _within(
    figures: Mapping[Key, Figure], period: str, present: Collection[str], groups: Sequence[Group]
) -> Iterator[Relation]:
    """The relations within each group; of an indicator of which nobody has a figure nothing is known."""
    per = per_of(period)
    for equation in EQUATIONS:
        if equation.per is not per or any(name not in present for _, name, _ in equation.terms if name not in MOVES):
            continue
        for group in groups:
            if equation.bands is not None and (group[0] != "age_band" or group[1] not in equation.bands):
                continue
            found = {Number(Key(name, period, group), part): sign for sign, name, part in equation.terms}
            relation = {number: sign for number, sign in found.items() if number.key in figures}
            if relation:
                yield relation


def months_of(period: str) -> tuple[str, ...]:
    """The months of a quarter or a year."""
    year = period[:4]
    first, last = (1, 12) if len(period) == 4 else (int(period[5]) * 3 - 2, int(period[5]) * 3)
    return tuple(f"{year}-{month:02}" for month in range(first, last + 1))


def _across(figures: Mapping[Key, Figure]) -> Iterator[Relation]:
    """What ended in a quarter, or began in a year, ended or began in one of its months.

    What began is in the team, and band, of the year's last care day, but flows in into that of its first day.
    """
    flows = {key.period for key in figures if key.indicator == EXITS}
    for key in sorted(figures):
        terms = {ENDED[0]: (EXITS,), STARTED[0]: OPENINGS}.get(key.indicator)
        # Only months of which the flows are told: without them nothing can be added up.
        if terms == OPENINGS and key.group[0] in WHOLES:
            continue
        if terms is None or not flows.intersection(months_of(key.period)):
            continue
        asked: Iterable[Key] = (Key(term, month, key.group) for month in months_of(key.period) for term in terms)
        yield {Number(key, D): -1, **{Number(each, N): 1 for each in asked if each in figures}}
