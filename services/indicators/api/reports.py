"""The council report of a quarter: as it was published, or else as it would be today; always without small cells."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Annotated, Any

import yaml
from fastapi import Depends, FastAPI, Path, Query
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from services.indicators.api.asked import asker_of, days_of, definition_of
from services.indicators.api.delays import counted_delays
from services.indicators.api.publication_pages import quarter_asked
from services.indicators.api.publications import differences, frozen_cells
from services.indicators.api.reading import Session, all_figures, session_of
from services.indicators.asking import Days
from services.indicators.figures import Figure
from services.indicators.publishing import Cause, Change, Publication, asked_of, cells_of
from services.indicators.relations import Key, key_of
from services.indicators.report import app as printing
from services.indicators.report.model import Difference, ExternalValue, RecentCount, Report, ReportCell, Target
from services.indicators.report.recent import first_day_read, recent_counts
from services.indicators.store.publications import list_publications, read_hidden
from services.indicators.store.reference import external_of, targets_of
from services.indicators.suppression import OVERSIGHT_KINDS, Suppressed, suppressed
from youthcare.period import civil_day
from youthcare.runtime.postgres import Pool
from youthcare.runtime.problems import Problem
from youthcare.runtime.security import Principal, principal
from youthcare.runtime.settings import shipped

Bearer = Annotated[Principal, Depends(principal)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What a municipality, its teams and the care forms are called."""

    municipality: str
    teams: Mapping[str, str]
    care_forms: Mapping[str, str]


@cache
def names_of(municipality: str) -> Names:
    """The names that the product ships; a municipality or team that it does not know is called by its id."""
    known = yaml.safe_load(shipped("municipalities.yml").read_text(encoding="utf-8")).get(municipality, {})
    teams = yaml.safe_load(shipped("teams.yml").read_text(encoding="utf-8"))["municipalities"].get(municipality, [])
    forms = yaml.safe_load(shipped("care-forms.yml").read_text(encoding="utf-8"))["forms"]
    return Names(
        municipality=known.get("name", municipality),
        teams={team: _titled(team) for row in teams for team in row["teams"]},
        care_forms={name: form["label_nl"] for name, form in forms.items()},
    )


def _titled(team: str) -> str:
    return team.replace("-", " ").title()


async def report_of(
    session: Session, municipality: str, quarter: str, definition: str, days: Days, known_on: date
) -> Report:
    """The newest publication of a quarter under a definition set, or else its report as of a day.

    Differences are those of that publication, or of the one before it, with what is so as known on `known_on`.
    """
    async with session() as connection:
        published = [row for row in await list_publications(connection, municipality) if row.definition == definition]
    of_quarter = next((row for row in published if row.quarter == quarter), None)
    if of_quarter is not None:
        days = Days(on=of_quarter.as_of, known_on=of_quarter.known_on)
    cells, hidden = await _cells_of(session, municipality, quarter, definition, days, of_quarter)
    compared = of_quarter or next(iter(published), None)
    changed = [] if compared is None else await differences(session, compared, known_on)
    targets, external = await _reference_of(session, municipality, known_on)
    told = _report_cells(cells, hidden)
    return _report(
        municipality,
        quarter,
        definition,
        days,
        cells=told,
        targets=targets,
        external=external,
        changed=_shown_differences(changed, hidden),
        unexplained=sum(row.cause is Cause.UNEXPLAINED for row in changed),
        recent=await _recent_of(session, municipality, quarter, days, told),
        of_quarter=of_quarter,
        compared=compared,
    )


async def _cells_of(
    session: Session, municipality: str, quarter: str, definition: str, days: Days, published: Publication | None
) -> tuple[Sequence[Figure], Suppressed]:
    """The cells of a publication, or else of a day, and what of them is not shown."""
    async with session(is_snapshot=True) as connection:
        if published is not None:
            return await frozen_cells(connection, published), await read_hidden(connection, published)
        asked = asked_of(quarter)
        found = await all_figures(connection, municipality, definition, days, asked)
    return cells_of(found, quarter), await asyncio.to_thread(suppressed, found, asked)


async def _reference_of(
    session: Session, municipality: str, known_on: date
) -> tuple[list[Target], list[ExternalValue]]:
    async with session() as connection:
        targets = await targets_of(connection, municipality, None, known_on)
        external = await external_of(connection, municipality, None, known_on)
    return (
        [
            Target(indicator=row.indicator, period=row.period, value=row.target)
            for row in targets
            if row.group_kind == "municipality"
        ],
        [ExternalValue(series=row.series, period=row.period, value=row.value) for row in external],
    )


async def _recent_of(
    session: Session, municipality: str, quarter: str, days: Days, cells: Sequence[ReportCell]
) -> tuple[RecentCount, ...]:
    """The starts and ends of the last months with their estimates, both of what was known when the cells were made."""
    first, whole = first_day_read(quarter, days.known_on), ("municipality", municipality)
    async with session() as connection:
        counted = await counted_delays(connection, municipality, whole, first, days.known_on)
    # In a thread: learning from years of reports would hold up the other requests.
    return await asyncio.to_thread(recent_counts, counted, cells, quarter, days.on, days.known_on)


def _report(
    municipality: str,
    quarter: str,
    definition: str,
    days: Days,
    *,
    cells: Sequence[ReportCell],
    targets: Sequence[Target],
    external: Sequence[ExternalValue],
    changed: Sequence[Difference],
    unexplained: int,
    recent: Sequence[RecentCount],
    of_quarter: Publication | None,
    compared: Publication | None,
) -> Report:
    names = names_of(municipality)
    found = {cell.group for cell in cells if cell.group_kind == "team"}
    return Report(
        municipality=municipality,
        municipality_name=names.municipality,
        quarter=quarter,
        as_of=days.on,
        known_on=days.known_on,
        definition=definition,
        cells=tuple(cells),
        targets=tuple(targets),
        external=tuple(external),
        differences=tuple(changed),
        unexplained=unexplained,
        recent=tuple(recent),
        teams={team: names.teams.get(team, _titled(team)) for team in sorted(found)},
        care_forms=names.care_forms,
        published_on=civil_day(of_quarter.published_at) if of_quarter else None,
        compared_with=civil_day(compared.published_at) if compared else None,
        digest=of_quarter.digest if of_quarter else None,
    )


def _report_cells(cells: Sequence[Figure], hidden: Suppressed) -> list[ReportCell]:
    told = [_report_cell(row, hidden) for row in cells if row.group_kind not in OVERSIGHT_KINDS]
    keys = {Key(cell.indicator, cell.period, (cell.group_kind, cell.group)) for cell in told}
    return [*told, *(_withheld_cell(key) for key in sorted(hidden.figures - keys))]


def _withheld_cell(key: Key) -> ReportCell:
    """A cell in which nothing counts, and that says so of the rest: it is withheld like any other."""
    return ReportCell(
        indicator=key.indicator,
        period=key.period,
        group_kind=key.group[0],
        group=key.group[1],
        numerator=None,
        denominator=None,
        value=None,
        status="provisional",
        pending=None,
        is_withheld=True,
    )


def _report_cell(row: Figure, hidden: Suppressed) -> ReportCell:
    key = key_of(row)
    is_withheld = key in hidden.figures
    return ReportCell(
        indicator=row.indicator,
        period=row.period,
        group_kind=row.group_kind,
        group=row.group,
        numerator=None if is_withheld else row.numerator,
        denominator=None if is_withheld else row.denominator,
        value=None if is_withheld else row.value,
        status=row.status,
        pending=None if is_withheld or key in hidden.pending else row.pending,
        is_withheld=is_withheld,
    )


def _shown_differences(changed: Sequence[Change], hidden: Suppressed) -> list[Difference]:
    """The differences of the municipality's own figures; of what is withheld none, as it would tell of a few."""
    return [
        Difference(
            indicator=row.key[0],
            period=row.key[1],
            group_kind=row.key[2],
            group=row.key[3],
            cause=row.cause,
            published=row.before.value if row.before else None,
            now=row.after.value if row.after else None,
        )
        for row in changed
        if row.key[2] == "municipality"
        and Key(row.key[0], row.key[1], (row.key[2], row.key[3])) not in hidden.figures
        and (row.before.value if row.before else None) != (row.after.value if row.after else None)
    ]


def add_report_pages(app: FastAPI, pools: Sequence[Pool], now: Callable[[], datetime]) -> None:
    """Add the page; the first of `pools` is there once the app runs."""

    @app.get("/v1/reports/{quarter}", response_class=Response, responses=_FORMS)
    async def council_report(
        bearer: Bearer,
        quarter: Annotated[str, Path(description="A quarter, such as `2024Q3`")],
        form: Annotated[str, Query(alias="format", description="`html` or `pdf`")] = "html",
        definition: Annotated[str | None, Query(description="The definition set")] = None,
    ) -> Response:
        """The council report of a quarter, in Dutch; small numbers are withheld from everybody in it."""
        if form not in ("html", "pdf"):
            raise Problem(422, "The format is `html` or `pdf`.")
        asker, today = asker_of(bearer), civil_day(now())
        days = days_of(asker, None, None, today)
        asked, under = quarter_asked(quarter, days.on), definition_of(asker, definition)
        session = session_of(pools[0], bearer.municipality)
        report = await report_of(session, bearer.municipality, asked, under, days, days.known_on)
        return await _answer(report, form)


_FORMS: dict[int | str, dict[str, Any]] = {200: {"content": {"text/html": {}, "application/pdf": {}}}}


async def _answer(report: Report, form: str) -> Response:
    html = await run_in_threadpool(printing.html_of, report)
    name = f'inline; filename="rapport-{report.quarter}.{form}"'
    headers = {"Content-Disposition": name, "Content-Security-Policy": printing.content_security_policy()}
    if form == "html":
        return Response(html, media_type="text/html; charset=utf-8", headers=headers)
    return Response(await run_in_threadpool(printing.pdf_of, html), media_type="application/pdf", headers=headers)
