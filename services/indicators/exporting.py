"""Figures as a file: every row says what it means, under which definitions, and whether it is final.

What is withheld has its row, without numbers: a gap that says why it is one.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from datetime import date

from services.indicators.catalogue import CATALOGUE
from services.indicators.definitions import Indicator, Per
from services.indicators.figures import Figure, decimal_text
from services.indicators.relations import Key, key_of
from services.indicators.spans import per_of
from services.indicators.suppression import OVERSIGHT_KINDS, Suppressed

COLUMNS = (
    *("indicator", "label_nl", "period", "group_kind", "group", "numerator", "denominator", "value", "status"),
    *("pending", "withheld", "definition", "as_of", "known_on", "meaning"),
)
"""The columns of an exported file; numbers that are withheld are empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure as its reader may see it."""

    indicator: str
    label_nl: str
    period: str
    group_kind: str
    group: str
    numerator: int | None
    denominator: int | None
    value: str
    status: str
    pending: int | None
    withheld: bool
    meaning: str


def rows_of(figures: Iterable[Figure], hidden: Suppressed, teams: Set[str] | None) -> Iterator[Row]:
    """The rows of an export; `teams` are those of the reader, None for a supervisor, who sees all.

    A figure that is withheld has its row also where nothing counts in it: that there is no row would tell.
    """
    told = {key_of(row): row for row in figures}
    for key in (*told, *sorted(hidden.figures - told.keys())):
        indicator = CATALOGUE[key.indicator, _per(key)]
        if teams is None or _is_shown(key, teams, is_oversight=indicator.is_for_supervisors):
            yield _row(key, told.get(key), indicator, hidden)


def _per(key: Key) -> Per:
    per = per_of(key.period)
    assert per is not None, "a figure has a period"
    return per


def _row(key: Key, figure: Figure | None, indicator: Indicator, hidden: Suppressed) -> Row:
    withheld = figure is None or key in hidden.figures
    return Row(
        indicator=key.indicator,
        label_nl=indicator.label_nl,
        period=key.period,
        group_kind=key.group[0],
        group=key.group[1],
        numerator=None if figure is None or withheld else figure.numerator,
        denominator=None if figure is None or withheld else figure.denominator,
        value="" if figure is None or withheld else decimal_text(figure.value),
        status=figure.status if figure else "",
        pending=None if figure is None or withheld or key in hidden.pending else figure.pending,
        withheld=withheld,
        meaning=indicator.meaning,
    )


def _is_shown(key: Key, teams: Set[str], *, is_oversight: bool) -> bool:
    kind, group = key.group
    if is_oversight or kind in OVERSIGHT_KINDS:
        return False
    return kind != "team" or group in teams


def csv_text(rows: Iterable[Row], definition: str, on: date, known_on: date) -> str:
    """The rows as CSV, the header first."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        told = _told(row, definition, on, known_on)
        writer.writerow(["" if told[name] is None else told[name] for name in COLUMNS])
    return text.getvalue()


def json_rows(rows: Iterable[Row], municipality: str, definition: str, on: date, known_on: date) -> str:
    """The rows as one JSON document."""
    told = [_told(row, definition, on, known_on) for row in rows]
    return json.dumps({"municipality": municipality, "definition": definition, "figures": told}, ensure_ascii=False)


def _told(row: Row, definition: str, on: date, known_on: date) -> dict[str, object]:
    about = {"definition": definition, "as_of": on.isoformat(), "known_on": known_on.isoformat()}
    own: dict[str, object] = {name: getattr(row, name) for name in COLUMNS if name not in about}
    return {**own, "value": row.value or None, **about}
