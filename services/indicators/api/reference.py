"""The doors of reference data: a supervisor imports a file, whoever sees figures reads what they rest on.

Municipality comes from the token; a file that names another is refused. A refusal repeats nothing of the file.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Annotated, Any

import structlog
from fastapi import Depends, FastAPI, Query, Request
from starlette.responses import JSONResponse, Response

from services.indicators.reference import BYTES_MAX, ReferenceFile, Refusals, read, write
from services.indicators.reference_kinds import ReferenceKind
from services.indicators.reference_refusals import Refusal
from services.indicators.store.reference import Entered, enter, rows_in_force
from youthcare.period import civil_day
from youthcare.runtime.postgres import Pool, as_municipality, unavailable_as_such
from youthcare.runtime.problems import Problem, problem_response
from youthcare.runtime.security import Principal, principal, require

Bearer = Annotated[Principal, Depends(principal)]
_CSV = {"text/csv": {"schema": {"type": "string"}}}
_PROBLEM = {"application/problem+json": {"schema": {"type": "object"}}}
_IMPORT_DOOR: dict[str, Any] = {"requestBody": {"required": True, "content": _CSV}}
_IMPORT_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "The number of the import, its rows, and whether that file was the last one already."},
    403: {"description": "Only a supervisor imports reference data.", "content": _PROBLEM},
    413: {"description": "More than 2 MB.", "content": _PROBLEM},
    415: {"description": "No text/csv in UTF-8.", "content": _PROBLEM},
    422: {"description": "Nothing was entered; `refusals` name line, column and code.", "content": _PROBLEM},
}


def add_reference_pages(app: FastAPI, pools: Sequence[Pool], now: Callable[[], datetime]) -> None:
    """Add the two doors; the first of `pools` is there once the app runs, and `now` gives an instant in UTC."""

    @app.put("/v1/reference/{kind}", openapi_extra=_IMPORT_DOOR, responses=_IMPORT_ANSWERS, response_class=JSONResponse)
    async def import_reference(bearer: Bearer, kind: ReferenceKind, request: Request) -> Response:
        """Enter a CSV file of reference data whole, as the next import, or refuse it whole."""
        require(bearer.is_supervisor())
        content = await _content(request)
        # In a thread: a large file would hold up the other requests.
        file = await asyncio.to_thread(read, kind, content, bearer.municipality)
        outcome = await _entered(pools[0], file, now(), bearer) if isinstance(file, ReferenceFile) else file
        return _answer(kind, outcome)

    @app.get("/v1/reference/{kind}", responses={200: {"content": _CSV}}, response_class=Response)
    async def export_reference(
        bearer: Bearer,
        kind: ReferenceKind,
        known_on: Annotated[date | None, Query(description="What was known on this day; today")] = None,
    ) -> Response:
        """What holds as known on a day, as a CSV file that can be imported again."""
        require(bearer.is_supervisor() or bool(bearer.teams()))
        today = civil_day(now())
        if known_on is not None and known_on > today:
            raise Problem(422, "Reference data are asked of as known today or on an earlier day.")
        with unavailable_as_such():
            async with pools[0].acquire() as connection, as_municipality(connection, bearer.municipality):
                rows = await rows_in_force(connection, kind, bearer.municipality, known_on or today)
        disposition = {"Content-Disposition": f'attachment; filename="{kind.value}.csv"'}
        return Response(write(kind, rows), media_type="text/csv; charset=utf-8", headers=disposition)


async def _entered(pool: Pool, file: ReferenceFile, entered_at: datetime, bearer: Principal) -> Entered | Refusals:
    with unavailable_as_such():
        async with pool.acquire() as connection, as_municipality(connection, bearer.municipality):
            return await enter(connection, file, entered_at=entered_at, entered_by=bearer.subject)


async def _content(request: Request) -> bytes:
    """The body; raises `Problem` when it is no CSV or larger than a file may be."""
    media, _, parameters = request.headers.get("content-type", "").lower().partition(";")
    if media.strip() != "text/csv" or parameters.strip().replace('"', "") not in ("", "charset=utf-8"):
        raise Problem(415, "Reference data are text/csv in UTF-8.")
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > BYTES_MAX:
            raise Problem(413, "A file of reference data is at most 2 MB.", {"Connection": "close"})
    return bytes(content)


def _answer(kind: ReferenceKind, outcome: Entered | Refusals) -> Response:
    if isinstance(outcome, Entered):
        if not outcome.is_unchanged:
            structlog.get_logger().info("reference_entered", file=kind.value, count=outcome.row_count)
        return JSONResponse(
            {"import": outcome.import_number, "rows": outcome.row_count, "unchanged": outcome.is_unchanged}
        )
    return problem_response(
        422,
        "Er is niets ingevoerd; zie `refusals`.",
        more={"refusal_count": outcome.count, "refusals": [_refusal(row) for row in outcome.listed]},
    )


def _refusal(refusal: Refusal) -> dict[str, object]:
    told = {
        "line": refusal.line,
        "column": refusal.column or None,
        "code": refusal.wrong.value,
        "guidance": refusal.guidance,
        "first_line": refusal.first_line,
    }
    return {name: value for name, value in told.items() if value is not None}
