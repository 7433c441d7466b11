"""The page of looking beyond one's own team: for who asks the form and what stands, for the supervisor the week.

One rule: it does what the doors under `/v1/break-glass` do, by the same functions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date

from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse

from services.alerts.api.bearing import Bearer, Clock, session
from services.alerts.api.break_glass import Asked, Opened, opened, seen_under, stated_in
from services.alerts.api.drawings import shown
from services.alerts.api.rendering import Message, page
from services.alerts.beyond import REASON_NL, StandingLine, clock_nl, last_week, reference_nl, stated_lines
from services.alerts.inbox import line_of
from youthcare.period import civil_day
from youthcare.runtime.access_log import looks_of
from youthcare.runtime.break_glass import REASON_MAX
from youthcare.runtime.browsing import posted
from youthcare.runtime.postgres import Pool
from youthcare.runtime.problems import Problem
from youthcare.runtime.security import Principal

PATH = "/noodinzage"
NO_NUMBER_NL = "Vul het dossiernummer in."


def add_break_glass_pages(app: FastAPI, pools: Sequence[Pool], now: Clock) -> None:
    """Add the page and its form; the first of `pools` is there once the app runs."""

    @app.get(PATH, include_in_schema=False)
    async def shown_page(request: Request, bearer: Bearer, vanaf: str = "") -> Response:
        if bearer.is_supervisor():
            return await _week(request, pools, bearer, _day(vanaf) or last_week(civil_day(now())))
        return await _asking(request, pools, bearer, civil_day(now()), {})

    @app.post(PATH, include_in_schema=False)
    async def ask(request: Request, bearer: Bearer) -> Response:
        fields = await posted(request)
        try:
            asked = _asked(fields)
            async with session(pools, bearer) as connection:
                await opened(connection, bearer, looks_of(request), asked)
        except Problem as refused:
            if refused.status_code not in (404, 409, 422):
                raise
            message = Message(words=refused.detail, is_fault=True)
            return await _asking(request, pools, bearer, civil_day(now()), fields, message, refused.status_code)
        return RedirectResponse(PATH, status_code=303)


def _asked(fields: Mapping[str, str]) -> Asked:
    reference, reason = fields.get("dossier", "").strip(), fields.get("reden", "")
    if not 1 <= len(reference) <= 200:
        raise Problem(422, NO_NUMBER_NL)
    if len(reason) > 2 * REASON_MAX:
        raise Problem(422, REASON_NL)
    return Asked(case_reference=reference, reason=reason)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


async def _asking(
    request: Request,
    pools: Sequence[Pool],
    bearer: Principal,
    today: date,
    fields: Mapping[str, str],
    message: Message | None = None,
    status: int = 200,
) -> Response:
    async with session(pools, bearer) as connection:
        found = await seen_under(connection, bearer, looks_of(request))
    standing = [_standing(each, today, bearer) for each in found]
    given = {name: fields.get(name, "") for name in ("dossier", "reden")}
    return page(request, "beyond.html.j2", message=message, status=status, standing=standing, given=given)


def _standing(each: Opened, today: date, bearer: Principal) -> StandingLine:
    return StandingLine(
        number=each.reason.number,
        reference=reference_nl(each.reference),
        reason=each.reason.reason,
        ends=clock_nl(each.reason.ends),
        lines=tuple(line_of(shown(row), today, bearer.subject) for row in each.alerts),
    )


async def _week(request: Request, pools: Sequence[Pool], bearer: Principal, first: date) -> Response:
    async with session(pools, bearer) as connection:
        found, references = await stated_in(connection, looks_of(request), first)
    lines = stated_lines([asdict(each) for each in found], references)
    return page(request, "beyond_week.html.j2", lines=lines, first=first.isoformat())
