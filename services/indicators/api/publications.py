"""Publishing a report, and telling why its figures differ from today's: work shared by the pages and the command."""

import asyncio
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import structlog

from services.indicators.api.reading import Session, all_figures, each_family
from services.indicators.asking import Days
from services.indicators.catalogue import KINDS
from services.indicators.definitions import ANY_DEFINITION, Indicator
from services.indicators.figures import Figure
from services.indicators.population import PopulationRow
from services.indicators.publishing import (
    Cause,
    Change,
    Publication,
    asked_of,
    cause_of_recomputing,
    cells_of,
    changes,
    digest_of,
)
from services.indicators.recomputing import figures
from services.indicators.revisions import revisions
from services.indicators.spans import per_of
from services.indicators.steps import Amount, StepKey, Steps, plus
from services.indicators.store.publications import erased_since, freeze, late_steps, log_positions, read_cells
from services.indicators.store.reference import list_imports, read_population
from services.indicators.suppression import suppressed
from services.indicators.windows import DISTRIBUTIONS, series_of
from youthcare.runtime import metrics
from youthcare.runtime.postgres import Connection

QUANTILES = frozenset(name for name, kind in KINDS.items() if kind in DISTRIBUTIONS)


async def publish(
    session: Session,
    municipality: str,
    quarter: str,
    definition: str,
    days: Days,
    published_at: datetime,
    published_by: str,
) -> Publication:
    """Freeze every cell of the report of a quarter with all that it rests on."""
    async with session(is_snapshot=True) as connection:
        asked = asked_of(quarter)
        found = await all_figures(connection, municipality, definition, days, asked)
        content = {
            "revisions": revisions(definition),
            "reference": await _imports(connection, municipality, days.known_on),
            "positions": await log_positions(connection),
        }
    hidden = await asyncio.to_thread(suppressed, found, asked)
    cells = cells_of(found, quarter)
    publication = Publication(
        municipality=municipality,
        quarter=quarter,
        number=0,
        definition=definition,
        as_of=days.on,
        known_on=days.known_on,
        published_at=published_at,
        published_by=published_by,
        content=content,
        digest=digest_of(cells, content),
    )
    async with session() as connection:
        return replace(publication, number=await freeze(connection, publication, cells, hidden))


async def _imports(connection: Connection, municipality: str, known_on: date) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for row in await list_imports(connection, municipality):
        if row.known_day <= known_on:
            found.setdefault(row.kind.value, []).append(row.import_number)
    return {kind: sorted(numbers) for kind, numbers in sorted(found.items())}


async def frozen_cells(connection: Connection, publication: Publication) -> list[Figure]:
    """The cells of a publication as they were published."""
    return await read_cells(connection, publication, QUANTILES)


async def differences(session: Session, publication: Publication, known_on: date) -> list[Change]:
    """Every published cell that would be another now, asked of the same day, by cause (domain.md §6)."""
    found: list[Change] = []
    async with session(is_snapshot=True) as connection:
        since = await _since(connection, publication, known_on)
        steps_then = each_family(connection, publication.municipality, publication.definition, publication.known_on)
        async for indicators, steps in steps_then:
            found += await asyncio.to_thread(_changes, publication, since, indicators, steps)
    unexplained = sum(change.cause is Cause.UNEXPLAINED for change in found)
    if unexplained:
        metrics.PUBLICATION_UNEXPLAINED.inc(unexplained)
        structlog.get_logger().error(
            "publication_unexplained", municipality=publication.municipality, count=unexplained
        )
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Since:
    """What was published, what it was divided by, and what has come since."""

    cells: Sequence[Figure]
    late: Steps
    corrected: Steps
    people_then: Sequence[PopulationRow]
    people_now: Sequence[PopulationRow]
    erased: int


async def _since(connection: Connection, publication: Publication, known_on: date) -> _Since:
    municipality, then = publication.municipality, publication.known_on
    return _Since(
        cells=await frozen_cells(connection, publication),
        late=await late_steps(connection, municipality, then, known_on, corrects=False),
        corrected=await late_steps(connection, municipality, then, known_on, corrects=True),
        people_then=await read_population(connection, municipality, then),
        people_now=await read_population(connection, municipality, known_on),
        erased=await erased_since(connection, municipality, publication.published_at.date()),
    )


def _changes(publication: Publication, since: _Since, indicators: tuple[Indicator, ...], steps: Steps) -> list[Change]:
    series = {name for row in indicators for name in series_of(row)}
    with_late = added(steps, since.late, publication.definition, series)
    with_all = added(with_late, since.corrected, publication.definition, series)
    now = revisions(publication.definition)
    bases = (
        (cause_of_recomputing(publication.content["revisions"], now, since.erased), steps, since.people_then),
        (Cause.LATE_STATEMENT, with_late, since.people_then),
        (Cause.CORRECTION, with_all, since.people_then),
        (Cause.REFERENCE_DATA, with_all, since.people_now),
    )
    names = {row.id for row in indicators}
    pers = {row.per for row in indicators}
    published = [row for row in since.cells if row.indicator in names and per_of(row.period) in pers]
    stages = ((cause, _cells(publication, indicators, held, people)) for cause, held, people in bases)
    return list(changes(published, stages))


def _cells(
    publication: Publication, indicators: tuple[Indicator, ...], steps: Steps, people: Sequence[PopulationRow]
) -> Sequence[Figure]:
    found = figures(
        steps,
        people,
        municipality=publication.municipality,
        definition=publication.definition,
        on=publication.as_of,
        indicators=indicators,
    )
    return cells_of(found, publication.quarter)


def added(steps: Steps, more: Steps, definition: str, series: Set[str]) -> dict[StepKey, Amount]:
    """Steps with others added, of some series, of a definition set and of none."""
    total = dict(steps)
    for key, amount in more.items():
        if key.definition in (definition, ANY_DEFINITION) and key.indicator in series:
            total[key] = plus(total[key], amount) if key in total else amount
    return total


def described(publication: Publication) -> dict[str, Any]:
    """A publication as JSON, without its cells."""
    return {
        "quarter": publication.quarter,
        "number": publication.number,
        "definition": publication.definition,
        "as_of": publication.as_of.isoformat(),
        "known_on": publication.known_on.isoformat(),
        "published_at": publication.published_at.isoformat(),
        "published_by": publication.published_by,
        "digest": publication.digest,
        "rests_on": publication.content,
    }
