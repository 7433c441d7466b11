"""Population aged 0-17: reference data by which inflow is divided (domain.md §6).

`population.csv` has a row per municipality, quarter and group. The group of the municipality itself is its code,
whatever the file calls it.
"""

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from services.indicators.definitions import Per
from services.indicators.spans import find_days_of

COLUMNS = ("municipality", "quarter", "group_kind", "group", "youths")
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
    """The rows of `population.csv`; raises `ValueError` naming the line that is none."""
    lines: Iterable[list[str]] = csv.reader(text.removeprefix("\ufeff").splitlines())
    for number, cells in enumerate(lines, start=1):
        if number == 1:
            if tuple(cells) != COLUMNS:
                raise ValueError(f"line 1 is not {','.join(COLUMNS)}")
        elif cells:
            yield _row(cells, number)


def _row(cells: list[str], number: int) -> PopulationRow:
    if len(cells) != len(COLUMNS) or not _is_right(*cells):
        raise ValueError(f"line {number} is no population of a group in a quarter")
    municipality, quarter, group_kind, group, youths = cells
    return PopulationRow(
        municipality=municipality,
        quarter=quarter,
        group_kind=group_kind,
        group=municipality if group_kind == "municipality" else group,
        youths=int(youths),
    )


def _is_right(municipality: str, quarter: str, group_kind: str, group: str, youths: str) -> bool:
    return (
        _MUNICIPALITY.fullmatch(municipality) is not None
        and find_days_of(Per.QUARTER, quarter) is not None
        and (group_kind == "municipality" or (group_kind == "team" and group != ""))
        and _COUNT.fullmatch(youths) is not None
    )
