"""Who looked at this child: the lines of the log of looks about one youth, for supervisors and privacy officers.

Two rules. Whoever asks stands in the log too, before the answer leaves. What the log holds is answered as it is
written there; nothing is joined to it, and a youth who was forgotten or never was is answered alike.
"""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Path, Query

from services.alerts.api.bearing import NUMBER_MAX, Bearer, session
from youthcare.looks.line import Line
from youthcare.looks.operations import Operation
from youthcare.personal_number import is_personal_number
from youthcare.runtime.access_log import Looking, looks_at
from youthcare.runtime.postgres import Pool
from youthcare.runtime.problems import Problem
from youthcare.runtime.security import Principal, require

Youth = Annotated[str, Path(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]


def _overseer(bearer: Bearer) -> Principal:
    require(bearer.is_supervisor() or bearer.is_privacy_officer())
    return bearer


Overseer = Annotated[Principal, Depends(_overseer)]
"""The bearer, who is a supervisor or a privacy officer; anybody else is refused (403)."""


def add_looks(app: FastAPI, pools: Sequence[Pool]) -> None:
    """Add the door; the first of `pools` is there once the app runs."""

    @app.get("/v1/youths/{youth}/access-log")
    async def access_log(
        bearer: Overseer,
        looks: Looking,
        youth: Youth,
        before: Annotated[int | None, Query(ge=1, le=NUMBER_MAX, description="The `next` of the page before")] = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    ) -> dict[str, Any]:
        """Who looked at this youth, when, in which operation and why; the newest first."""
        if is_personal_number(youth):
            # The log is only added to: it would stand there, sealed, for good.
            raise Problem(422, "A youth is asked for by its identifier, and not by a BSN.")
        keys = looks.log.keys_of(bearer.municipality)
        async with session(pools, bearer) as connection:
            found = await looks_at(connection, keys, youth, before=before, limit=limit + 1)
            await looks.note(connection, Operation.ACCESS_LOG_VIEW, [youth])
        shown = found[:limit]
        return {
            "youth": youth,
            "looks": [told(line) for line in shown],
            "next": shown[-1].number if len(found) > limit else None,
        }


def told(line: Line) -> dict[str, Any]:
    """A line as it is answered: who, when, what and why, and where it stands in the log."""
    return {
        "number": line.number,
        "who": line.actor,
        "roles": line.actor_roles.split(",") if line.actor_roles else [],
        "from": line.start_time,
        "until": line.end_time,
        "operation": line.name,
        "service": line.resource,
        "purpose": line.purpose,
        "processing_activity_id": line.processing_activity_id,
        "break_glass": line.break_glass,
        "trace_id": line.trace_id.hex(),
        "span_id": line.span_id.hex(),
    }
