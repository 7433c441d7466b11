"""Population aged 0-17: reference data by which inflow is divided (domain.md §6).

`population.csv` has a row per municipality, quarter and group: the municipality itself, a team or an age band. The
group of the municipality itself is its code, whatever the file calls it.
"""

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from services.indicators.ages import ADULT_YEARS, BANDS
from services.indicators.definitions import Per
from services.indicators.reference_refusals import Wrong, find_name_flaw, find_number_flaw
from services.indicators.spans import find_days_of

COLUMNS = ("municipality", "quarter", "group_kind", "group", "youths")
POPULATION_BANDS = frozenset(name for years, name in BANDS if years < ADULT_YEARS)
"""The age bands of 0-17; the population of older ones is no reference data."""
Cells = Mapping[str, str]
_MUNICIPALITY = re.compile(r"[0-9]{4}")
_COUNT = re.compile(r"[0-9]{1,7}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PopulationRow:
    """Youths aged 0-17 of a group in a quarter, as the municipality's register counts them."""

    municipality: str
    quarter: str
    group_kind: str
    group: str
    youths: int


def read_population(text: str) -> Iterator[PopulationRow]:
    """The rows of `population.csv`; raises `ValueError` naming the line and the column that is none."""
    lines: Iterable[list[str]] = csv.reader(text.removeprefix("\ufeff").splitlines())
    for number, cells in enumerate(lines, start=1):
        if number == 1:
            if tuple(cells) != COLUMNS:
                raise ValueError(f"line 1 is not {','.join(COLUMNS)}")
        elif cells:
            yield _row(cells, number)


def _row(cells: list[str], number: int) -> PopulationRow:
    named = dict(zip(COLUMNS, cells, strict=False))
    flawed = [column for column, find_flaw in CHECKS.items() if find_flaw({**dict.fromkeys(COLUMNS, ""), **named})]
    if len(cells) != len(COLUMNS) or flawed:
        column = f", see {flawed[0]}" if flawed else ""
        raise ValueError(f"line {number} is no population of a group in a quarter{column}")
    return population_row(named)


def population_row(cells: Cells) -> PopulationRow:
    """The row of a line that was checked."""
    is_municipality = cells["group_kind"] == "municipality"
    return PopulationRow(
        municipality=cells["municipality"],
        quarter=cells["quarter"],
        group_kind=cells["group_kind"],
        group=cells["municipality"] if is_municipality else cells["group"],
        youths=int(cells["youths"]),
    )


def find_municipality_flaw(cells: Cells) -> Wrong | None:
    """A municipality is four digits."""
    return None if _MUNICIPALITY.fullmatch(cells["municipality"]) else Wrong.MUNICIPALITY_INVALID


def find_group_flaw(cells: Cells, bands: frozenset[str]) -> Wrong | None:
    """A group is an age band of those given, or has a name; that of the municipality itself is not looked at."""
    if cells["group_kind"] == "municipality":
        return None
    if cells["group_kind"] == "age_band":
        return None if cells["group"] in bands else Wrong.AGE_BAND_UNKNOWN
    return find_name_flaw(cells["group"])


def _find_quarter_flaw(cells: Cells) -> Wrong | None:
    return Wrong.PERIOD_INVALID if find_days_of(Per.QUARTER, cells["quarter"]) is None else None


def _find_kind_flaw(cells: Cells) -> Wrong | None:
    return None if cells["group_kind"] in ("municipality", "team", "age_band") else Wrong.GROUP_KIND_UNKNOWN


def _find_youths_flaw(cells: Cells) -> Wrong | None:
    return find_number_flaw(cells["youths"], _COUNT, Wrong.COUNT_INVALID)


CHECKS: Mapping[str, Callable[[Cells], Wrong | None]] = {
    "municipality": find_municipality_flaw,
    "quarter": _find_quarter_flaw,
    "group_kind": _find_kind_flaw,
    "group": lambda cells: find_group_flaw(cells, POPULATION_BANDS),
    "youths": _find_youths_flaw,
}
"""What is wrong with each column of a line, if anything."""
