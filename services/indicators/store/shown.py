"""Writes what the dashboards show: figures of one municipality for one audience, replaced as a whole."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from services.indicators.catalogue import CATALOGUE
from services.indicators.definitions import Indicator, Per
from services.indicators.figures import Figure, decimal_text, figure_of
from services.indicators.relations import Key, key_of
from services.indicators.spans import find_days_of, per_of
from services.indicators.steps import NOTHING
from services.indicators.suppression import OVERSIGHT_KINDS, Suppressed
from youthcare.period import Period, add_months
from youthcare.runtime.postgres import Connection

SHOWN_MONTHS = 36
"""How far back the dashboards go; older figures are asked over HTTP."""


class Audience(StrEnum):
    """Who sees the rows."""

    EVERYONE = "everyone"
    SUPERVISOR = "supervisor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """The figures that one audience is told: of the day `on`, as known on `known_on`.

    `suppressed` is what is withheld of them; without it they are for supervisors. A target ("streefwaarde") is in the
    unit of the value beside it.
    """

    definition: str
    on: date
    known_on: date
    figures: Sequence[Figure]
    suppressed: Suppressed | None = None
    targets: Mapping[Key, Fraction] = field(default_factory=dict)

    @property
    def audience(self) -> Audience:
        """Who is told."""
        return Audience.SUPERVISOR if self.suppressed is None else Audience.EVERYONE


async def renew_shown(connection: Connection, municipality: str, telling: Telling, now: datetime) -> int:
    """Replace what an audience is shown of a municipality under a definition, in one transaction; how many rows."""
    rows = list(_rows(municipality, telling, now))
    async with connection.transaction():
        await connection.execute(_DELETE, municipality, telling.audience.value, telling.definition)
        await connection.executemany(_INSERT, rows)
    return len(rows)


_DELETE = "delete from shown_figure where municipality = $1 and audience = $2 and definition = $3"
_INSERT = f"insert into shown_figure values ({', '.join(f'${number}' for number in range(1, 21))})"  # noqa: S608


def _rows(municipality: str, telling: Telling, now: datetime) -> Iterator[tuple[object, ...]]:
    first = add_months(telling.on, -SHOWN_MONTHS)
    for key, figure in _list_shown(telling):
        per, days = _period_of(key.period)
        if days.start >= first:
            yield (
                *(municipality, telling.audience.value, telling.definition),
                *(key.indicator, CATALOGUE[key.indicator, per].label_nl, per.value, key.period, days.start),
                *(*key.group, *_numbers(key, figure, telling), telling.on, telling.known_on, now),
            )


def _list_shown(telling: Telling) -> Iterator[tuple[Key, Figure]]:
    figures = {key_of(row): row for row in telling.figures}
    if telling.suppressed is None:
        yield from figures.items()
        return
    # A row that is withheld and absent is shown as withheld: its absence would tell that nobody is in it.
    for key in sorted(figures.keys() | telling.suppressed.figures):
        is_for_supervisors = key.group[0] in OVERSIGHT_KINDS or _indicator(key).is_for_supervisors
        if not is_for_supervisors:
            yield key, figures.get(key) or figure_of(_indicator(key), key.period, key.group, NOTHING, telling.on)


def _numbers(key: Key, figure: Figure, telling: Telling) -> tuple[object, ...]:
    """Numerator, denominator, value, target, status, pending, and whether the numbers are withheld."""
    target, hidden = _decimal(telling.targets.get(key)), telling.suppressed
    if hidden is not None and key in hidden.figures:
        return None, None, None, target, figure.status, None, True
    pending = None if hidden is not None and key in hidden.pending else figure.pending
    return figure.numerator, figure.denominator, _decimal(figure.value), target, figure.status, pending, False


def _period_of(period: str) -> tuple[Per, Period]:
    per = per_of(period)
    assert per is not None, "a figure has a period"
    days = find_days_of(per, period)
    assert days is not None, "a figure has a period"
    return per, days


def _indicator(key: Key) -> Indicator:
    return CATALOGUE[key.indicator, _period_of(key.period)[0]]


def _decimal(value: Fraction | None) -> Decimal | None:
    return None if value is None else Decimal(decimal_text(value))


async def grant_reading(connection: Connection, municipality: str, role: str) -> None:
    """Let a reading role of the dashboards see a municipality."""
    await connection.execute("insert into dashboard_access values ($1, $2) on conflict do nothing", municipality, role)


async def revoke_reading(connection: Connection, municipality: str, role: str) -> None:
    """Hide a municipality from a reading role of the dashboards."""
    await connection.execute(
        "delete from dashboard_access where municipality = $1 and role_name = $2", municipality, role
    )
