"""Publishing a report, and telling why its figures differ from today's: work shared by the pages and the command."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from services.indicators.api.reading import Basis, Session, basis_of, figures_and_hidden, figures_from
from services.indicators.asking import Days
from services.indicators.catalogue import KINDS
from services.indicators.definitions import ANY_DEFINITION
from services.indicators.figures import Figure
from services.indicators.population import PopulationRow
from services.indicators.publishing import (
    Cause,
    Change,
    Publication,
    cause_of_recomputing,
    cells_of,
    changes,
    digest_of,
)
from services.indicators.revisions import revisions
from services.indicators.steps import Amount, StepKey, Steps, plus
from services.indicators.store.publications import erased_since, freeze, late_steps, log_positions, read_cells
from services.indicators.store.reference import list_imports, read_population
from services.indicators.windows import DISTRIBUTIONS
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
    async with session() as connection:
        basis = await basis_of(connection, municipality, definition, days.known_on)
        content = {
            "revisions": revisions(definition),
            "reference": await _imports(connection, municipality, days.known_on),
            "positions": await log_positions(connection),
        }
    everything, hidden = await asyncio.to_thread(figures_and_hidden, basis, days.on)
    cells = cells_of(everything, quarter)
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
    async with session() as connection:
        found = await _since(connection, publication, known_on)
    return await asyncio.to_thread(_changes, publication, found)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Since:
    """What was published, what was known then, and what has come since."""

    cells: Sequence[Figure]
    then: Basis
    late: dict[StepKey, Amount]
    corrected: dict[StepKey, Amount]
    people: Sequence[PopulationRow]
    erased: int


async def _since(connection: Connection, publication: Publication, known_on: date) -> _Since:
    municipality, then = publication.municipality, publication.known_on
    return _Since(
        cells=await frozen_cells(connection, publication),
        then=await basis_of(connection, municipality, publication.definition, then),
        late=await late_steps(connection, municipality, then, known_on, corrects=False),
        corrected=await late_steps(connection, municipality, then, known_on, corrects=True),
        people=await read_population(connection, municipality, known_on),
        erased=await erased_since(connection, municipality, publication.published_at.date()),
    )


def _changes(publication: Publication, found: _Since) -> list[Change]:
    with_late = replace(found.then, steps=added(found.then.steps, found.late, publication.definition))
    with_all = replace(with_late, steps=added(with_late.steps, found.corrected, publication.definition))
    now = revisions(publication.definition)
    again = cause_of_recomputing(publication.content["revisions"], now, found.erased)
    bases = (
        (again, found.then),
        (Cause.LATE_STATEMENT, with_late),
        (Cause.CORRECTION, with_all),
        (Cause.REFERENCE_DATA, replace(with_all, people=found.people)),
    )
    stages = ((cause, cells_of(figures_from(basis, publication.as_of), publication.quarter)) for cause, basis in bases)
    return list(changes(found.cells, stages))


def added(steps: Steps, more: Steps, definition: str) -> dict[StepKey, Amount]:
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
