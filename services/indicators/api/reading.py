"""Figures read from the tables: one with what decides whether it is shown, or all of a municipality at once."""

from collections.abc import AsyncIterator, Container
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Protocol

from services.indicators.asking import Days
from services.indicators.catalogue import CATALOGUE
from services.indicators.definitions import Indicator
from services.indicators.figures import POPULATED, Figure, figure_of, figures_by_group, place_of
from services.indicators.figures import population_of as population_of_group
from services.indicators.recomputing import families, figures
from services.indicators.relations import key_of
from services.indicators.spans import per_of
from services.indicators.steps import NOTHING, Amount, Group, StepKey
from services.indicators.store.reference import population_of, read_population
from services.indicators.store.sums import read_of, read_steps
from services.indicators.suppression import Suppressed, suppressed, unit_of
from youthcare.runtime.postgres import Connection, Pool, as_municipality, beside_session, unavailable_as_such

NOTHING_WITHHELD = Suppressed(figures=frozenset(), pending=frozenset())


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A figure as its asker sees it: numbers that are withheld are None."""

    figure: Figure
    is_withheld: bool
    is_pending_withheld: bool


async def figures_of(
    connection: Connection, municipality: str, indicator: Indicator, period: str, definition: str, days: Days
) -> dict[Group, Figure]:
    """The figures of every group in a period."""
    read = await read_of(connection, municipality, indicator, period, definition, days.on, days.known_on)
    people: dict[Group, int] = {}
    if indicator.kind in POPULATED:
        people = await population_of(connection, municipality, period, days.known_on)
    return figures_by_group(indicator, period, definition, days.on, read, people)


async def figure_asked(
    connection: Connection,
    municipality: str,
    indicator: Indicator,
    period: str,
    definition: str,
    days: Days,
    group: Group,
) -> tuple[Figure, list[Figure]]:
    """The figure of a group, nought when nothing counts in it, and those of all other groups."""
    found = await figures_of(connection, municipality, indicator, period, definition, days)
    if group not in found:
        people: dict[Group, int] = {}
        if indicator.kind in POPULATED:
            people = await population_of(connection, municipality, period, days.known_on)
        found[group] = figure_of(indicator, period, group, NOTHING, days.on, population_of_group(group, people))
    return found[group], list(found.values())


async def suppressed_beside(
    connection: Connection, municipality: str, rows: list[Figure], definition: str, days: Days
) -> Suppressed:
    """What is withheld of figures of one period, decided with all that the decision rests on."""
    unit = {(row.indicator, row.period) for row in rows}
    beside = {each for row in unit for each in unit_of(*row)} - unit
    for name, period in sorted(beside):
        per = per_of(period)
        assert per is not None, "a unit names periods"
        indicator = CATALOGUE[name, per]
        rows = [*rows, *(await figures_of(connection, municipality, indicator, period, definition, days)).values()]
    return suppressed(rows, unit | beside)


class Session(Protocol):
    """Opens a short session of one municipality; with `is_snapshot` all that it reads is of one moment."""

    def __call__(self, *, is_snapshot: bool = False) -> AbstractAsyncContextManager[Connection]: ...


def session_of(pool: Pool, municipality: str) -> Session:
    """Sessions of a municipality from a pool; raises `Unavailable` when the database is away."""

    @asynccontextmanager
    async def opened(*, is_snapshot: bool = False) -> AsyncIterator[Connection]:
        isolation = "repeatable_read" if is_snapshot else "read_committed"
        with unavailable_as_such():
            async with (
                pool.acquire() as connection,
                connection.transaction(isolation=isolation),
                as_municipality(connection, municipality),
            ):
                yield connection

    return opened


async def each_family(
    connection: Connection, municipality: str, definition: str, known_on: date
) -> AsyncIterator[tuple[tuple[Indicator, ...], dict[StepKey, Amount]]]:
    """The steps of a municipality, by the indicators that are read from them."""
    for series, indicators in families().items():
        yield indicators, await read_steps(connection, municipality, definition, known_on, series)


async def all_figures(
    connection: Connection,
    municipality: str,
    definition: str,
    days: Days,
    wanted: Container[tuple[str, str]] | None = None,
) -> tuple[Figure, ...]:
    """Every figure of a municipality, or of some indicators and periods.

    Worked out in a thread, as it takes seconds and pages are served beside it.
    """
    people = await read_population(connection, municipality, days.known_on)
    found: list[Figure] = []
    async for indicators, steps in each_family(connection, municipality, definition, days.known_on):
        asked = partial(figures, municipality=municipality, definition=definition, on=days.on, indicators=indicators)
        found += await beside_session(connection, partial(asked, steps, people, asked=wanted))
    return tuple(sorted(found, key=place_of))


def shown(figure: Figure, hidden: Suppressed) -> Shown:
    """A figure with what is withheld of it."""
    key = key_of(figure)
    return Shown(figure=figure, is_withheld=key in hidden.figures, is_pending_withheld=key in hidden.pending)
