"""The pages of publications: publish, list, and the differences with now by cause; for supervisors."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Path, Query

from services.indicators.api.asked import asker_of, days_of, definition_of
from services.indicators.api.publications import described, differences, publish
from services.indicators.api.reading import session_of
from services.indicators.definitions import Per
from services.indicators.figures import Figure, decimal_text
from services.indicators.publishing import Change
from services.indicators.spans import find_days_of
from services.indicators.store.publications import list_publications
from youthcare.period import civil_day
from youthcare.runtime.postgres import Pool
from youthcare.runtime.problems import Problem
from youthcare.runtime.security import Principal, principal, require

Bearer = Annotated[Principal, Depends(principal)]
Quarter = Annotated[str, Path(description="A quarter, such as `2024Q3`")]
Answer = dict[str, Any]


def quarter_asked(quarter: str, on: date) -> str:
    """A quarter that has begun; raises `Problem`."""
    days = find_days_of(Per.QUARTER, quarter)
    if days is None or days.start > on:
        raise Problem(422, "The quarter is none, such as `2024Q3`, that has begun on the day asked.")
    return quarter


def add_publication_pages(app: FastAPI, pools: Sequence[Pool], now: Callable[[], datetime]) -> None:
    """Add the pages; the first of `pools` is there once the app runs."""

    @app.post("/v1/publications/{quarter}", status_code=201)
    async def publish_quarter(
        bearer: Bearer,
        quarter: Quarter,
        on: Annotated[date | None, Query(description="The day the figures are asked of; today")] = None,
        definition: Annotated[str | None, Query(description="The definition set")] = None,
    ) -> Answer:
        """Freeze the report of a quarter: every cell, what it rests on, and a hash over both."""
        require(bearer.is_supervisor())
        instant = now()
        asker = asker_of(bearer)
        days = days_of(asker, on, None, civil_day(instant))
        under = definition_of(asker, definition)
        asked = quarter_asked(quarter, days.on)
        session = session_of(pools[0], bearer.municipality)
        made = await publish(session, bearer.municipality, asked, under, days, instant, bearer.subject)
        return described(made)

    @app.get("/v1/publications")
    async def list_published(bearer: Bearer) -> list[Answer]:
        """What was published, the newest first."""
        asker_of(bearer)
        async with session_of(pools[0], bearer.municipality)() as connection:
            return [described(row) for row in await list_publications(connection, bearer.municipality)]

    @app.get("/v1/publications/{quarter}/{number}/differences")
    async def differences_of(bearer: Bearer, quarter: Quarter, number: int) -> Answer:
        """Every published cell that would be another now, asked of the same day, by cause."""
        require(bearer.is_supervisor())
        session = session_of(pools[0], bearer.municipality)
        async with session() as connection:
            found = await list_publications(connection, bearer.municipality, quarter)
        chosen = [row for row in found if row.number == number]
        if not chosen:
            raise Problem(404, "There is no such publication.")
        told = await differences(session, chosen[0], civil_day(now()))
        return {"publication": described(chosen[0]), "differences": [_told(row) for row in told]}


def _told(change: Change) -> Answer:
    indicator, period, kind, group = change.key
    return {
        "indicator": indicator,
        "period": period,
        "group_kind": kind,
        "group": group,
        "cause": change.cause.value,
        "before": _numbers(change.before),
        "after": _numbers(change.after),
    }


def _numbers(figure: Figure | None) -> Answer | None:
    if figure is None:
        return None
    return {
        "numerator": figure.numerator,
        "denominator": figure.denominator,
        "value": decimal_text(figure.value) or None,
        "status": figure.status,
        "pending": figure.pending,
    }
