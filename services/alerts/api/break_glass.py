"""Looking beyond one's own team: a team member states a reason, and the supervisor has the list of each week.

Three rules. Only who has a team asks, and only for looking: no act is opened by it. The youth is named by the case
reference of its own team, or by its identifier. Each step is a look, and each look under a reason carries its number.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Annotated, Any

from fastapi import FastAPI, Query
from pydantic import BaseModel, ConfigDict, Field

from services.alerts.api.alerts import listed
from services.alerts.api.bearing import Bearer, Clock, session
from services.alerts.api.seeing import sight_under
from services.alerts.api.supervising import Supervisor
from services.alerts.beyond import BLOCKED_NL, NOBODY_NL, REASON_NL, SEVERAL_NL, last_week, week_from
from services.alerts.store.asking import Question, Row, find_facts, list_alerts, references_of, youths_referred
from youthcare.looks.operations import Operation
from youthcare.period import civil_day
from youthcare.runtime.access_log import Looking, Looks
from youthcare.runtime.break_glass import REASON_MAX, Reason, is_reason, standing, state_reason, stated_between
from youthcare.runtime.postgres import Connection, Pool
from youthcare.runtime.problems import Problem
from youthcare.runtime.security import Forbidden, Principal, require

ALERTS_MAX = 200


class Asked(BaseModel):
    """What a team member asks: one youth, by its case reference or its identifier, and why."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True)

    case_reference: str | None = Field(default=None, min_length=1, max_length=200)
    youth: str | None = Field(default=None, min_length=1, max_length=200)
    reason: str = Field(max_length=2 * REASON_MAX)


def add_break_glass(app: FastAPI, pools: Sequence[Pool], now: Clock) -> None:
    """Add the doors; the first of `pools` is there once the app runs."""

    @app.post("/v1/break-glass", status_code=201)
    async def ask(bearer: Bearer, looks: Looking, asked: Asked) -> dict[str, Any]:
        """Open one youth to the bearer for three hours; both the asking and every look under it are logged."""
        async with session(pools, bearer) as connection:
            return _told(await opened(connection, bearer, looks, asked), asked.case_reference)

    @app.get("/v1/break-glass/standing")
    async def mine(bearer: Bearer, looks: Looking) -> dict[str, Any]:
        """The reasons of the bearer that stand, with the alerts of each youth."""
        async with session(pools, bearer) as connection:
            found = await seen_under(connection, bearer, looks)
        return {
            "reasons": [
                _told(each.reason, each.reference) | {"alerts": [listed(row, {}) for row in each.alerts]}
                for each in found
            ]
        }

    @app.get("/v1/break-glass")
    async def week(
        bearer: Supervisor,
        looks: Looking,
        since: Annotated[date | None, Query(alias="from", description="The first of seven days")] = None,
    ) -> dict[str, Any]:
        """Who looked beyond the own team in a week, at whom and why."""
        first = since or last_week(civil_day(now()))
        async with session(pools, bearer) as connection:
            found, references = await stated_in(connection, looks, first)
        return {"from": first, "reasons": [_told(each, references.get(each.youth)) for each in found]}


async def opened(connection: Connection, bearer: Principal, looks: Looks, asked: Asked) -> Reason:
    """Open the youth that is asked; raises `Problem` and `Forbidden`."""
    if bearer.is_supervisor() or not bearer.teams():
        raise Forbidden(BLOCKED_NL)
    if not is_reason(asked.reason):
        raise Problem(422, REASON_NL)
    youth = await _meant(connection, bearer.municipality, asked)
    return await state_reason(connection, looks, youth, asked.reason)


async def _meant(connection: Connection, municipality: str, asked: Asked) -> str:
    if asked.youth is not None:
        facts = await find_facts(connection, municipality, asked.youth)
        found = [] if facts is None else [asked.youth]
    else:
        found = await youths_referred(connection, municipality, (asked.case_reference or "").strip())
    if len(found) != 1:
        raise Problem(404, NOBODY_NL) if not found else Problem(409, SEVERAL_NL)
    return found[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A reason that stands, with the case reference and the alerts of its youth."""

    reason: Reason
    reference: str | None
    alerts: Sequence[Row]


async def seen_under(connection: Connection, bearer: Principal, looks: Looks) -> list[Opened]:
    """What stands for the bearer; written as a look at the youths. Raises `Forbidden` for whoever has no team."""
    require(bool(bearer.teams()))
    found = await standing(connection, looks)
    if not found:
        return []
    question = Question(sight=sight_under(looks), limit=ALERTS_MAX, order="rank")
    rows = (await list_alerts(connection, bearer.municipality, question))[:ALERTS_MAX]
    youths = [each.youth for each in found]
    references = await references_of(connection, bearer.municipality, youths)
    await looks.note(connection, Operation.ALERTS_LIST, youths)
    return [
        Opened(
            reason=each,
            reference=references.get(each.youth),
            alerts=[row for row in rows if row["youth"] == each.youth],
        )
        for each in found
    ]


async def stated_in(connection: Connection, looks: Looks, first: date) -> tuple[list[Reason], dict[str, str | None]]:
    """The reasons of seven days and the case references; written as a look at the youths in the list."""
    since, until = week_from(first)
    found = await stated_between(connection, looks, since, until)
    youths = [each.youth for each in found]
    references = await references_of(connection, looks.who.municipality, youths)
    await looks.note(connection, Operation.BREAK_GLASS_LIST, youths)
    return found, references


def _told(reason: Reason, reference: str | None) -> dict[str, Any]:
    fields: dict[str, Any] = asdict(reason)
    return fields | {"roles": reason.roles.split(","), "case_reference": reference}
