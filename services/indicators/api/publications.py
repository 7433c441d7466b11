"""Publishing a report, and telling why its figures differ from today's: work shared by the pages and the command."""

from dataclasses import replace
from datetime import date, datetime
from typing import Any

from services.indicators.api.reading import all_figures
from services.indicators.asking import Days
from services.indicators.catalogue import KINDS
from services.indicators.definitions import ANY_DEFINITION
from services.indicators.figures import Figure
from services.indicators.publishing import (
    Cause,
    Change,
    Publication,
    Stage,
    cause_of_recomputing,
    cells_of,
    changes,
    digest_of,
)
from services.indicators.recomputing import figures
from services.indicators.revisions import revisions
from services.indicators.steps import Amount, StepKey, plus
from services.indicators.store.publications import erased_since, freeze, late_steps, log_positions, read_cells
from services.indicators.store.reference import list_imports, read_population
from services.indicators.store.sums import read_steps
from services.indicators.suppression import suppressed
from services.indicators.windows import DISTRIBUTIONS
from youthcare.runtime.postgres import Connection

QUANTILES = frozenset(name for name, kind in KINDS.items() if kind in DISTRIBUTIONS)


async def publish(
    connection: Connection,
    municipality: str,
    quarter: str,
    definition: str,
    days: Days,
    published_at: datetime,
    published_by: str,
) -> Publication:
    """Freeze every cell of the report of a quarter with all that it rests on, inside the caller's transaction."""
    everything = await all_figures(connection, municipality, definition, days)
    cells = cells_of(everything, quarter)
    content = {
        "revisions": revisions(definition),
        "reference": await _imports(connection, municipality, days.known_on),
        "positions": await log_positions(connection),
    }
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
    return replace(publication, number=await freeze(connection, publication, cells, suppressed(everything)))


async def _imports(connection: Connection, municipality: str, known_on: date) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for row in await list_imports(connection, municipality):
        if row.known_day <= known_on:
            found.setdefault(row.kind.value, []).append(row.import_number)
    return {kind: sorted(numbers) for kind, numbers in sorted(found.items())}


async def frozen_cells(connection: Connection, publication: Publication) -> list[Figure]:
    """The cells of a publication as they were published."""
    return await read_cells(connection, publication, QUANTILES)


async def differences(connection: Connection, publication: Publication, known_on: date) -> list[Change]:
    """Every published cell that would be another now, asked of the same day, by cause (domain.md §6)."""
    stages = await _stages(connection, publication, known_on)
    return list(changes(await frozen_cells(connection, publication), stages))


async def _stages(connection: Connection, publication: Publication, known_on: date) -> list[Stage]:
    municipality, then = publication.municipality, publication.known_on
    steps = await read_steps(connection, municipality, publication.definition, then)
    late = await late_steps(connection, municipality, then, known_on, corrects=False)
    corrected = await late_steps(connection, municipality, then, known_on, corrects=True)
    people = await read_population(connection, municipality, then)
    people_now = await read_population(connection, municipality, known_on)
    erased = await erased_since(connection, municipality, publication.published_at.date())
    again = cause_of_recomputing(publication.content["revisions"], revisions(publication.definition), erased)
    with_late = added(steps, late, publication.definition)
    with_all = added(with_late, corrected, publication.definition)
    rows = (
        (again, steps, people),
        (Cause.LATE_STATEMENT, with_late, people),
        (Cause.CORRECTION, with_all, people),
        (Cause.REFERENCE_DATA, with_all, people_now),
    )
    return [
        (
            cause,
            cells_of(
                figures(
                    each,
                    population,
                    municipality=municipality,
                    definition=publication.definition,
                    on=publication.as_of,
                ),
                publication.quarter,
            ),
        )
        for cause, each, population in rows
    ]


def added(steps: dict[StepKey, Amount], more: dict[StepKey, Amount], definition: str) -> dict[StepKey, Amount]:
    """Steps with others added, of a definition set and of none."""
    total = dict(steps)
    for key, amount in more.items():
        if key.definition in (definition, ANY_DEFINITION):
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
