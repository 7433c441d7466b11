"""The four kinds of reference data: their columns, what each column may hold, and the rows made of them.

Two rules. The key columns say what a row is about; a later import of the same key takes its place. The first value
column may say `ingetrokken`: then nothing holds for the key any more, and what stood there is kept as history.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction

from services.indicators import population
from services.indicators.ages import BANDS
from services.indicators.catalogue import REPORTED
from services.indicators.definitions import Per
from services.indicators.population import Cells, find_group_flaw, find_municipality_flaw
from services.indicators.reference_refusals import Wrong, find_number_flaw, find_text_flaw
from services.indicators.spans import find_days_of

WITHDRAWN = "ingetrokken"
"""What the first value column says when nothing holds any more for the key of its line."""
GROUP_KINDS = frozenset({"municipality", "team", "care_form", "referrer", "provider", "age_band"})
SERIES = {
    "client_experience": "Cliëntervaring",
    "deficit": "Tekort jeugdzorg",
    "measures_started": "Gestarte maatregelen",
    "investment": "Investeringen",
}
"""The external series and their Dutch labels (domain.md §6)."""
_AGE_BANDS = frozenset(name for _, name in BANDS)
_PERIODS = {row.id: frozenset(each.per for each in REPORTED if each.id == row.id) for row in REPORTED}
_DECIMAL = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,6})?")
_COUNT = re.compile(r"[0-9]{1,7}")


class ReferenceKind(StrEnum):
    """The kinds of reference data that are imported."""

    POPULATION = "population"
    TARGETS = "targets"
    EXTERNAL = "external"
    HOLIDAYS = "holidays"


class Direction(StrEnum):
    """On which side of a target ("streefwaarde") a figure should lie."""

    AT_LEAST = "at-least"  # ten minste
    AT_MOST = "at-most"  # ten hoogste


class Unit(StrEnum):
    """What an external series is counted in."""

    PERCENT = "percent"
    EURO = "euro"
    COUNT = "count"
    SCORE = "score"


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetRow:
    """The target ("streefwaarde") of one indicator, period and group, in the indicator's own unit."""

    municipality: str
    indicator: str
    period: str
    group_kind: str
    group: str
    target: Fraction
    direction: Direction

    def is_met_by(self, value: Fraction) -> bool:
        """Whether a value lies on the right side of the target, or on it."""
        return value >= self.target if self.direction is Direction.AT_LEAST else value <= self.target


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalRow:
    """One value of a series that others measure, per quarter or year; the target is None when there is none."""

    municipality: str
    series: str
    period: str
    value: Fraction
    unit: Unit
    target: Fraction | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DecreedDay:
    """A day that was decreed to be no working day ("aangewezen dag"), and why."""

    municipality: str
    day: date
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """The columns of a kind's file and what may stand in them; `numbers` are the columns that hold no text."""

    keys: tuple[str, ...]
    values: tuple[str, ...]
    checks: Mapping[str, Callable[[Cells], Wrong | None]]
    numbers: frozenset[str]
    names_municipality: bool = True

    @property
    def columns(self) -> tuple[str, ...]:
        """The first line of the file."""
        return (*(("municipality",) if self.names_municipality else ()), *self.keys, *self.values)


def target_row(cells: Cells) -> TargetRow:
    """The row of a line that was checked."""
    numbers = {"target": Fraction(cells["target"]), "direction": Direction(cells["direction"])}
    return TargetRow(**{**cells, **numbers})  # type: ignore[arg-type]


def external_row(cells: Cells) -> ExternalRow:
    """The row of a line that was checked."""
    return ExternalRow(
        municipality=cells["municipality"],
        series=cells["series"],
        period=cells["period"],
        value=Fraction(cells["value"]),
        unit=Unit(cells["unit"]),
        target=Fraction(cells["target"]) if cells["target"] else None,
    )


def decreed_day(cells: Cells) -> DecreedDay:
    """The row of a line that was checked."""
    return DecreedDay(municipality=cells["municipality"], day=date.fromisoformat(cells["day"]), label=cells["label"])


def _one_of(column: str, known: frozenset[str], otherwise: Wrong) -> Callable[[Cells], Wrong | None]:
    return lambda cells: None if cells[column] in known else otherwise


def _find_target_period_flaw(cells: Cells) -> Wrong | None:
    """The period is of a kind that the indicator has; of an unknown indicator any period passes."""
    kinds = _PERIODS.get(cells["indicator"], frozenset(Per))
    return None if any(find_days_of(per, cells["period"]) for per in kinds) else Wrong.PERIOD_INVALID


def _find_external_period_flaw(cells: Cells) -> Wrong | None:
    is_right = any(find_days_of(per, cells["period"]) for per in (Per.QUARTER, Per.YEAR))
    return None if is_right else Wrong.PERIOD_INVALID


def _find_amount_flaw(column: str, cells: Cells) -> Wrong | None:
    if cells.get("unit") == Unit.COUNT:
        return find_number_flaw(cells[column], _COUNT, Wrong.COUNT_INVALID)
    return find_number_flaw(cells[column], _DECIMAL, Wrong.NUMBER_INVALID)


def _find_day_flaw(cells: Cells) -> Wrong | None:
    return None if find_days_of(Per.DAY, cells["day"]) else Wrong.DAY_INVALID


FORMS: Mapping[ReferenceKind, Form] = {
    ReferenceKind.POPULATION: Form(
        keys=("quarter", "group_kind", "group"),
        values=("youths",),
        checks=population.CHECKS,
        numbers=frozenset({"youths"}),
    ),
    ReferenceKind.TARGETS: Form(
        keys=("indicator", "period", "group_kind", "group"),
        values=("target", "direction"),
        checks={
            "municipality": find_municipality_flaw,
            "indicator": _one_of("indicator", frozenset(_PERIODS), Wrong.INDICATOR_UNKNOWN),
            "period": _find_target_period_flaw,
            "group_kind": _one_of("group_kind", GROUP_KINDS, Wrong.GROUP_KIND_UNKNOWN),
            "group": lambda cells: find_group_flaw(cells, _AGE_BANDS),
            "target": lambda cells: _find_amount_flaw("target", cells),
            "direction": _one_of("direction", frozenset(Direction), Wrong.DIRECTION_UNKNOWN),
        },
        numbers=frozenset({"target"}),
    ),
    ReferenceKind.EXTERNAL: Form(
        keys=("series", "period"),
        values=("value", "unit", "target"),
        checks={
            "municipality": find_municipality_flaw,
            "series": _one_of("series", frozenset(SERIES), Wrong.SERIES_UNKNOWN),
            "period": _find_external_period_flaw,
            "value": lambda cells: _find_amount_flaw("value", cells),
            "unit": _one_of("unit", frozenset(Unit), Wrong.UNIT_UNKNOWN),
            "target": lambda cells: _find_amount_flaw("target", cells) if cells["target"] else None,
        },
        numbers=frozenset({"value", "target"}),
    ),
    ReferenceKind.HOLIDAYS: Form(
        keys=("day",),
        values=("label",),
        checks={"day": _find_day_flaw, "label": lambda cells: find_text_flaw(cells["label"])},
        numbers=frozenset(),
        names_municipality=False,
    ),
}
"""How the file of each kind reads."""
