"""The supervisor's pages: the rule diary with a trial before a norm is saved, and which rules are worth having.

One rule: these are for supervisors alone, and do what the doors under `/v1/` do, by the same functions.
"""

from collections.abc import Mapping, Sequence

from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse

from services.alerts.api.bearing import Clock, session
from services.alerts.api.drawings import LABELS
from services.alerts.api.norms import tried
from services.alerts.api.rendering import Message, page
from services.alerts.api.supervising import Supervisor
from services.alerts.diary import REFUSAL_NL, Proposal, refusal_of
from services.alerts.finding import UNKNOWN_TEAM, Rule
from services.alerts.inbox import LEVEL_NL
from services.alerts.sentences import CARE_FORM_NL
from services.alerts.store.around import teams_of
from services.alerts.store.diary import enter_norm, read_diary
from services.alerts.store.learning import lives_since
from services.alerts.supervising import (
    NAMES,
    NormWrong,
    TrialLine,
    diary_lines,
    norm_nl,
    outcome_heads,
    proposal_of,
    takes_number,
    trial_lines,
    useful_lines,
)
from services.alerts.usefulness import usefulness
from youthcare.period import add_months, civil_day
from youthcare.runtime.browsing import posted
from youthcare.runtime.postgres import Pool
from youthcare.runtime.security import Principal

Fields = Mapping[str, str]
MONTHS = 12


def add_supervisor_pages(app: FastAPI, pools: Sequence[Pool], now: Clock) -> None:
    """Add the pages; the first of `pools` is there once the app runs."""
    _add_norms(app, pools, now)

    @app.get("/nut", include_in_schema=False)
    async def useful(request: Request, bearer: Supervisor, regel: str = "") -> Response:
        async with session(pools, bearer) as connection:
            lives = await lives_since(connection, bearer.municipality, add_months(civil_day(now()), -MONTHS))
        lines = useful_lines(usefulness(lives), LABELS, regel)
        return page(request, "useful.html.j2", lines=lines, outcomes=outcome_heads())


def _add_norms(app: FastAPI, pools: Sequence[Pool], now: Clock) -> None:
    @app.get("/normen", include_in_schema=False)
    async def norms(request: Request, bearer: Supervisor) -> Response:
        return await _norms_page(request, pools, bearer, {"valid_from": civil_day(now()).isoformat()})

    @app.post("/normen/proef", include_in_schema=False)
    async def try_norm(request: Request, bearer: Supervisor) -> Response:
        fields = await posted(request)
        try:
            proposal = _right(fields, with_reason=False)
        except NormWrong as wrong:
            return await _norms_page(request, pools, bearer, fields, wrong=wrong.words)
        async with session(pools, bearer) as connection:
            rows = await tried(connection, bearer.municipality, proposal, civil_day(now()))
        words = norm_nl(proposal, LABELS)
        return await _norms_page(request, pools, bearer, fields, trial=trial_lines(rows), words=words)

    @app.post("/normen", include_in_schema=False)
    async def enter(request: Request, bearer: Supervisor) -> Response:
        fields = await posted(request)
        try:
            proposal = _right(fields, with_reason=True)
        except NormWrong as wrong:
            return await _norms_page(request, pools, bearer, fields, wrong=wrong.words)
        async with session(pools, bearer) as connection:
            await enter_norm(connection, bearer.municipality, proposal, bearer.subject, now())
        return RedirectResponse("/normen?gedaan=norm", status_code=303)


def _right(fields: Fields, *, with_reason: bool) -> Proposal:
    proposal = proposal_of(fields)
    refusal = refusal_of(proposal, with_reason=with_reason)
    if refusal is not None:
        raise NormWrong(REFUSAL_NL[refusal])
    return proposal


async def _norms_page(
    request: Request,
    pools: Sequence[Pool],
    bearer: Principal,
    fields: Fields,
    *,
    wrong: str = "",
    trial: tuple[TrialLine, ...] = (),
    words: str = "",
) -> Response:
    async with session(pools, bearer) as connection:
        rows = await read_diary(connection, bearer.municipality, None)
        teams = await teams_of(connection, bearer.municipality)
    return page(
        request,
        "norms.html.j2",
        message=Message(words=wrong, is_fault=True) if wrong else None,
        status=422 if wrong else 200,
        diary=diary_lines(rows, LABELS),
        given={name: fields.get(name, "") for name in NAMES},
        rules=[(rule.value, LABELS[rule.value], takes_number(rule)) for rule in sorted(Rule, key=_label)],
        levels=sorted(LEVEL_NL.items()),
        care_forms=sorted(CARE_FORM_NL.items(), key=lambda pair: pair[1]),
        teams=[team for team in teams if team != UNKNOWN_TEAM],
        trial=trial,
        words=words,
    )


def _label(rule: Rule) -> str:
    return LABELS[rule.value]
