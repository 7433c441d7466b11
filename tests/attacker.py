"""An attacker on withheld figures: everything that is shown, and every relation he can think of by himself.

Nothing is imported from `relations.py`: what adds up to what is written down here a second time, from the definitions
of domain.md §6 and docs/decisions/0015. He knows which figures are withheld, knows that no count is below nought, and
solves the linear system exactly, over fractions, with all months, quarters and years at once.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from services.indicators.figures import Figure

Group = tuple[str, str]
Cell = tuple[str, str, Group]
"""Indicator, period and group."""
Quantity = tuple[str, str, Group, str]
"""A cell and `n`, `d` or `p`: numerator, denominator, pending."""

PEOPLE = ("inflow_rate", "in_care_rate", "at_home_rate")
COUNTS = ("in_care", "stacking_peak", "residential_inflow", "extended_care", "in_care_today", "windows_open")
DAYS = (
    "duration_median.running", "duration_p90.running", "duration_median.ended", "duration_p90.ended",
    "waiting_days_median",
)  # fmt: skip
SHARES = (
    "stacking_share", "sustainable_exit_rate", "timeliness", "new_share", "repeat_share", "crisis_share",
)  # fmt: skip
SIGNS = {"start": 1, "inflow": 1, "unknown": 1, "return": 1, "moved_in": 1, "moved_out": -1, "exits": -1, "end": -1}


def cell_of(row: Figure) -> Cell:
    """The cell of a figure."""
    return row.indicator, row.period, (row.group_kind, row.group)


def is_count(indicator: str) -> bool:
    """Whether an indicator is a count, of which the denominator is 1."""
    return indicator in COUNTS or indicator.startswith("flow_balance.")


def numbers_of(indicator: str) -> tuple[str, ...]:
    """The numbers of an indicator that are neither public nor a quantile."""
    if is_count(indicator) or indicator in PEOPLE:
        return ("n", "p")
    return ("d", "p") if indicator in DAYS else ("n", "d", "p")


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """A number that nobody should find: what it is a sum of, and what it is worth."""

    name: str
    form: Mapping[Quantity, int]
    value: int


@dataclass(slots=True, kw_only=True)
class Attacker:
    """What he sees: rows, and which cells or pending counts are withheld; a cell without a row he takes for noughts."""

    rows: Mapping[Cell, Figure]
    withheld: Collection[Cell]
    pending: Collection[Cell]
    solved: dict[Quantity, tuple[dict[Quantity, Fraction], Fraction]] = field(default_factory=dict)
    users: defaultdict[Quantity, set[Quantity]] = field(default_factory=lambda: defaultdict(set))
    equations: list[tuple[dict[Quantity, Fraction], Fraction]] = field(default_factory=list)

    def is_unknown(self, quantity: Quantity) -> bool:
        """Whether he is not shown a number."""
        cell = quantity[:3]
        return cell in self.withheld or (quantity[3] == "p" and cell in self.pending)

    def truth(self, quantity: Quantity) -> int:
        """What a number is; the attacker himself asks it only of numbers that are shown."""
        row = self.rows.get(quantity[:3])
        if row is None:
            return 0
        return {"n": row.numerator, "d": row.denominator, "p": row.pending}[quantity[3]]

    def learn(self, relation: Mapping[Quantity, int], total: int = 0) -> None:
        """Takes in that a sum of numbers is a total."""
        rest: dict[Quantity, Fraction] = {}
        right = Fraction(total)
        for quantity, factor in relation.items():
            if self.is_unknown(quantity):
                rest[quantity] = Fraction(factor)
            else:
                right -= factor * self.truth(quantity)
        if rest:
            self.equations.append((dict(rest), right))
            self._solve(rest, right)

    def _solve(self, equation: Mapping[Quantity, Fraction], right: Fraction) -> None:
        rest, total = self.reduced(equation)
        total = right - total
        if not rest:
            assert total == 0, "what the attacker believes of this town is not so"
            return
        pivot = min(rest, key=lambda quantity: (len(self.users[quantity]), quantity))
        factor = rest.pop(pivot)
        form, value = {quantity: -each / factor for quantity, each in rest.items()}, total / factor
        for other in self.users.pop(pivot):
            kept, constant = self.solved[other]
            times = kept.pop(pivot)
            self._plus(kept, form, times)
            self.solved[other] = kept, constant + times * value
            for quantity in form:
                (self.users[quantity].add if quantity in kept else self.users[quantity].discard)(other)
        self.solved[pivot] = form, value
        for quantity in form:
            self.users[quantity].add(pivot)

    def reduced(
        self, form: Mapping[Quantity, int] | Mapping[Quantity, Fraction]
    ) -> tuple[dict[Quantity, Fraction], Fraction]:
        """A sum of numbers in terms of those that stay free, and a constant."""
        rest: dict[Quantity, Fraction] = {}
        total = Fraction(0)
        for quantity, factor in form.items():
            if not self.is_unknown(quantity):
                total += factor * self.truth(quantity)
                continue
            solution, value = self.solved.get(quantity, ({quantity: Fraction(1)}, Fraction(0)))
            self._plus(rest, solution, Fraction(factor))
            total += factor * value
        return rest, total

    @staticmethod
    def _plus(total: dict[Quantity, Fraction], form: Mapping[Quantity, Fraction], factor: Fraction) -> None:
        for quantity, each in form.items():
            value = total.get(quantity, Fraction(0)) + each * factor
            if value:
                total[quantity] = value
            else:
                total.pop(quantity, None)

    def found(self) -> list[Secret]:
        """The secrets that have one value only."""
        told = [secret for secret in self.secrets() if not self.reduced(secret.form)[0]]
        return [*told, *self.whole_cells()]

    def secrets(self) -> Iterator[Secret]:
        """Every number from 1 to 9 that is withheld."""
        for cell in self.withheld:
            for name, form, value in self.forms_of(cell):
                if 0 < abs(value) < 10 and not self.is_empty(cell):
                    yield Secret(name=f"{name} of {cell}", form=form, value=value)
        for cell in self.pending:
            if 0 < self.truth((*cell, "p")) < 10:
                yield Secret(name=f"pending of {cell}", form={(*cell, "p"): 1}, value=self.truth((*cell, "p")))

    def is_empty(self, cell: Cell) -> bool:
        """Nobody was counted: then the rest is the population, which is public."""
        row = self.rows.get(cell)
        counted = 0 if row is None else row.numerator
        if row is not None and cell[0] == "at_home_rate":
            counted = row.denominator - row.numerator
        return cell[0] in PEOPLE and counted == 0

    def whole_cells(self) -> Iterator[Secret]:
        """Withheld cells of which all numbers have one value only, if they count anybody."""
        for cell in self.withheld:
            forms = list(self.forms_of(cell))
            if cell[0] in DAYS or self.is_empty(cell) or not any(value for _, _, value in forms):
                continue
            if all(not self.reduced(form)[0] for _, form, _ in forms):
                yield Secret(name=f"all of {cell}", form={}, value=0)

    def forms_of(self, cell: Cell) -> list[tuple[str, dict[Quantity, int], int]]:
        """The numbers of a cell that the law speaks of."""
        n, d, p = ((*cell, name) for name in "ndp")
        rest = self.truth(d) - self.truth(n)
        names = numbers_of(cell[0])
        forms: list[tuple[str, dict[Quantity, int], int]] = [("pending", {p: 1}, self.truth(p))]
        if "n" in names:
            forms.append(("numerator", {n: 1}, self.truth(n)))
        if "d" in names:
            forms.append(("denominator", {d: 1}, self.truth(d)))
        if "n" in names and "d" in names:
            forms.append(("difference", {d: 1, n: -1}, rest))
        if cell[0] in PEOPLE and self.truth(d):
            forms.append(("difference", {n: -1}, rest))
        return forms

    def pinned(self, rounds: int = 60) -> list[Secret]:
        """The secrets that have one value only when no count is below nought and no share above one."""
        low: dict[Quantity, Fraction] = {}
        high: dict[Quantity, Fraction] = {}
        equations = [
            *self.equations,
            *(
                (dict(form) | {pivot: Fraction(-1)}, -value)
                for pivot, (form, value) in self.solved.items()
                if len(form) < 12
            ),
        ]
        for quantity in {quantity for equation, _ in equations for quantity in equation}:
            if quantity[0] != "at_home_rate":
                low[quantity] = Fraction(0)
        for _ in range(rounds):
            moved = sum(_narrow(equation, right, low, high) for equation, right in equations) > 0
            if not moved | _shares(low, high):
                break
        return [secret for secret in self.secrets() if _is_pinned(secret.form, low, high)]


def _narrow(
    equation: Mapping[Quantity, Fraction],
    right: Fraction,
    low: dict[Quantity, Fraction],
    high: dict[Quantity, Fraction],
) -> bool:
    """Bounds on each number of an equation from those of the others."""
    moved = False
    least = {q: (low if f > 0 else high).get(q) for q, f in equation.items()}
    most = {q: (high if f > 0 else low).get(q) for q, f in equation.items()}
    open_least = [q for q, bound in least.items() if bound is None]
    open_most = [q for q, bound in most.items() if bound is None]
    sum_least = sum((equation[q] * bound for q, bound in least.items() if bound is not None), Fraction(0))
    sum_most = sum((equation[q] * bound for q, bound in most.items() if bound is not None), Fraction(0))
    for quantity, factor in equation.items():
        for is_top, open_ends, total, own in (
            (True, open_least, sum_least, least[quantity]),
            (False, open_most, sum_most, most[quantity]),
        ):
            if open_ends and open_ends != [quantity]:
                continue
            bound = (right - (total - (factor * own if own is not None else 0))) / factor
            into, better = (high, min) if is_top == (factor > 0) else (low, max)
            if quantity not in into or better(into[quantity], bound) != into[quantity]:
                into[quantity] = better(into.get(quantity, bound), bound)
                moved = True
    return moved


def _shares(low: dict[Quantity, Fraction], high: dict[Quantity, Fraction]) -> bool:
    moved = False
    for quantity in [q for q in low if q[3] == "n" and q[0] in SHARES]:
        whole: Quantity = (*quantity[:3], "d")
        if whole in high and high[whole] < high.get(quantity, high[whole] + 1):
            high[quantity] = high[whole]
            moved = True
        if low[quantity] > low.get(whole, low[quantity]):
            low[whole] = low[quantity]
            moved = True
    return moved


def _is_pinned(
    form: Mapping[Quantity, int], low: Mapping[Quantity, Fraction], high: Mapping[Quantity, Fraction]
) -> bool:
    return all(q in low and q in high and low[q] == high[q] for q in form)


def attacker_on(rows: Iterable[Figure], withheld: Collection[Cell], pending: Collection[Cell]) -> Attacker:
    """An attacker who has looked at everything and thought of every relation."""
    told = {cell_of(row): row for row in rows}
    attacker = Attacker(rows=told, withheld=withheld, pending=pending)
    for relation, total in thoughts({*told, *withheld}, told):
        attacker.learn(relation, total)
    return attacker


Thought = tuple[Mapping[Quantity, int], int]


def thoughts(cells: Collection[Cell], rows: Mapping[Cell, Figure]) -> Iterator[Thought]:
    """Every relation that holds, from the definitions."""
    yield from sums(cells)
    yield from flows(cells)
    yield from equals(cells)
    yield from homes(cells, rows)
    yield from years(cells)


def sums(cells: Collection[Cell]) -> Iterator[Thought]:
    """Every youth has one team and one band; every indication one form and one referrer."""
    groups: defaultdict[tuple[str, str, str], list[Cell]] = defaultdict(list)
    for cell in cells:
        groups[cell[0], cell[1], cell[2][0]].append(cell)
    wholes = {(cell[0], cell[1]): cell for cell in cells if cell[2][0] == "municipality"}
    for (indicator, period, kind), parts in groups.items():
        adds_up = kind in ("team", "age_band") or (
            kind in ("care_form", "referrer") and indicator in ("waiting_days_median", "timeliness")
        )
        if not adds_up or indicator.startswith("flow_balance.moved"):
            continue
        whole = wholes.get((indicator, period), (indicator, period, ("municipality", "0153")))
        for name in numbers_of(indicator):
            yield {(*whole, name): -1, **{(*cell, name): 1 for cell in parts}}, 0


def flows(cells: Collection[Cell]) -> Iterator[Thought]:
    """Balances close; moves cancel; a month starts where the one before ended; exits and openings add up."""
    groups = {(cell[1], cell[2]) for cell in cells if cell[0].startswith("flow_balance.")}
    for period, group in groups:
        yield {(f"flow_balance.{term}", period, group, "n"): sign for term, sign in SIGNS.items()}, 0
        if (before := month_before(period)) in {each for each, _ in groups}:
            yield (
                {
                    ("flow_balance.start", period, group, "n"): 1,
                    ("flow_balance.end", before, group, "n"): -1,
                },
                0,
            )
    for period in {period for period, _ in groups}:
        for kind in ("team", "age_band"):
            names = [group for each, group in groups if each == period and group[0] == kind]
            moved = [("moved_in", 1), ("moved_out", -1)]
            yield {(f"flow_balance.{term}", period, name, "n"): sign for term, sign in moved for name in names}, 0
    months = {period for period, _ in groups}
    for period, group in {(cell[1], cell[2]) for cell in cells}:
        yield from flows_over(period, group, months, cells)


def flows_over(period: str, group: Group, months: Collection[str], cells: Collection[Cell]) -> Iterator[Thought]:
    """A quarter's ended and running periods, and a year's begun ones (whose team is that of the last care day)."""
    if "Q" in period:
        last = int(period[5]) * 3
        asked = [f"{period[:4]}-{number:02}" for number in range(last - 2, last + 1)]
        if set(asked) <= set(months) and ("duration_median.ended", period, group) in cells:
            exits: dict[Quantity, int] = {("flow_balance.exits", month, group, "n"): 1 for month in asked}
            yield exits | {("duration_median.ended", period, group, "d"): -1}, 0
        if asked[-1] in months and group[0] in ("municipality", "team", "age_band"):
            yield (
                {
                    ("flow_balance.end", asked[-1], group, "n"): 1,
                    ("duration_median.running", period, group, "d"): -1,
                },
                0,
            )
    elif len(period) == 4 and group[0] not in ("team", "age_band") and ("new_share", period, group) in cells:
        asked = [f"{period}-{number:02}" for number in range(1, 13) if f"{period}-{number:02}" in months]
        opened: dict[Quantity, int] = {
            (f"flow_balance.{term}", month, group, "n"): 1
            for month in asked
            for term in ("inflow", "unknown", "return")
        }
        yield opened | {("new_share", period, group, "d"): -1}, 0


def month_before(period: str) -> str:
    """The month before a month."""
    year, month = int(period[:4]), int(period[5:])
    return f"{year - 1}-12" if month == 1 else f"{year}-{month - 1:02}"


SAME = (
    (7, ("stacking_share", "n"), ("stacking_mean", "d")),
    (7, ("stacking_share", "d"), ("in_care", "n")),
    (4, ("stacking_share", "n"), ("stacking_mean", "d")),
    (4, ("stacking_share", "d"), ("care_days_mean", "d")),
    (4, ("new_share", "d"), ("repeat_share", "d")),
    (4, ("new_share", "d"), ("crisis_share", "d")),
    (4, ("new_share", "p"), ("repeat_share", "p")),
    (6, ("duration_median.running", "d"), ("duration_p90.running", "d")),
    (6, ("duration_median.running", "d"), ("switches_mean", "d")),
    (6, ("duration_median.running", "d"), ("switches_mean.provider", "d")),
    (6, ("duration_median.running", "d"), ("switches_mean.care_form", "d")),
    (6, ("duration_median.ended", "d"), ("duration_p90.ended", "d")),
)
"""The length of the period's name, and two numbers that are one."""


def equals(cells: Collection[Cell]) -> Iterator[Thought]:
    """The same people counted in two figures, and those that are split in some."""
    indicators = {(cell[0], cell[1]) for cell in cells}
    for period, group in {(cell[1], cell[2]) for cell in cells}:
        for length, (one, part), (other, other_part) in SAME:
            if len(period) == length and {(one, period), (other, period)} <= indicators:
                yield {(one, period, group, part): 1, (other, period, group, other_part): -1}, 0
        if ("new_share", period) in indicators:
            yield (
                {
                    ("new_share", period, group, "d"): 1,
                    ("new_share", period, group, "n"): -1,
                    ("repeat_share", period, group, "n"): -1,
                    ("new_share", period, group, "p"): -1,
                },
                0,
            )
        if ("residential_days_mean", period) in indicators:
            yield (
                {
                    ("residential_days_mean", period, group, "n"): 1,
                    ("residential_days_mean.living", period, group, "n"): -1,
                    ("residential_days_mean.stay", period, group, "n"): -1,
                },
                0,
            )
        if ("extended_care", period) in indicators and group == ("age_band", "18-22"):
            yield {("extended_care", period, group, "n"): 1, ("care_days_mean", period, group, "d"): -1}, 0


def homes(cells: Collection[Cell], rows: Mapping[Cell, Figure]) -> Iterator[Thought]:
    """In the bands under 18 all with a residential day are minors; the population is public."""
    for cell in cells:
        indicator, period, group = cell
        if indicator == "at_home_rate" and group[0] == "age_band" and group[1] != "18-22" and cell in rows:
            population = rows[cell].denominator
            yield {(*cell, "n"): 1, ("residential_days_mean", period, group, "d"): 1}, population


def years(cells: Collection[Cell]) -> Iterator[Thought]:
    """Who stays from one year to the next is a newcomer of neither and a leaver of neither."""
    told = {(cell[1], cell[2]) for cell in cells if cell[0] == "care_days_mean"}
    for period, group in told:
        before = str(int(period) - 1)
        if (before, group) in told and group[0] in ("municipality", "care_form", "referrer"):
            yield (
                {
                    ("care_days_mean", period, group, "d"): 1,
                    ("inflow_outflow_ratio", period, group, "n"): -1,
                    ("care_days_mean", before, group, "d"): -1,
                    ("inflow_outflow_ratio", before, group, "d"): 1,
                },
                0,
            )
