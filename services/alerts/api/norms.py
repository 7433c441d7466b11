"""The doors of norms: the rule diary, entering a norm, and trying one before it is entered.

Two rules. Only a supervisor enters or tries; the diary is for whoever sees alerts. A norm is refused with a text in
Dutch that says what to mend, and repeats nothing that was sent.
"""

import asyncio
from collections.abc import Sequence
from datetime import date
from typing import Any

import structlog
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict

from services.alerts.api.bearing import Bearer, Clock, session, sight_of
from services.alerts.diary import REFUSAL_NL, Proposal, norm_of, refusal_of
from services.alerts.finding import Level, Rule
from services.alerts.store.diary import enter_norm, read_diary
from services.alerts.store.learning import facts_in_parts, facts_of, known_before
from services.alerts.store.rules import read_rules
from services.alerts.trial import TrialRow, joined_rows, trial, with_norm
from youthcare.period import civil_day
from youthcare.runtime.postgres import Connection, Pool
from youthcare.runtime.problems import Problem
from youthcare.runtime.security import require
from youthcare.wire import to_wire


class NormBody(BaseModel):
    """A norm: for a rule, and for one level, care form or team alone where that is named."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    rule: Rule
    level: Level | None = None
    care_form: str | None = None
    team: str | None = None
    days: int | None = None
    threshold: int | None = None
    valid_from: date
    reason: str = ""

    def proposal(self, *, with_reason: bool) -> Proposal:
        """The norm, when it is right; raises `Problem`."""
        proposal = Proposal(**self.model_dump())
        refusal = refusal_of(proposal, with_reason=with_reason)
        if refusal is not None:
            raise Problem(422, REFUSAL_NL[refusal])
        return proposal


def add_norms(app: FastAPI, pools: Sequence[Pool], now: Clock) -> None:
    """Add the doors; the first of `pools` is there once the app runs, `now` gives an instant in UTC."""

    @app.get("/v1/norms")
    async def norms(bearer: Bearer, rule: Rule | None = None) -> dict[str, Any]:
        """The rule diary: every norm ever entered, with author and reason, and those shipped."""
        sight_of(bearer)
        async with session(pools, bearer) as connection:
            rows = await read_diary(connection, bearer.municipality, rule)
        return {"norms": [dict(row) for row in rows]}

    @app.post("/v1/norms", status_code=201)
    async def enter(bearer: Bearer, body: NormBody) -> dict[str, Any]:
        """Enter a norm; youths we know are judged again under it, from its first day on."""
        require(bearer.is_supervisor())
        proposal = body.proposal(with_reason=True)
        async with session(pools, bearer) as connection:
            revision = await enter_norm(connection, bearer.municipality, proposal, bearer.subject, now())
        structlog.get_logger().info("norm_entered", rule=proposal.rule.value, revision=revision)
        return {"revision": revision} | {name: value for name, value in to_wire(proposal).items() if value is not None}

    @app.post("/v1/norms/trial")
    async def try_norm(bearer: Bearer, body: NormBody) -> dict[str, Any]:
        """How often a norm would have fired over the past year, per team; nothing is entered."""
        require(bearer.is_supervisor())
        proposal = body.proposal(with_reason=False)
        async with session(pools, bearer) as connection:
            rows = await tried(connection, bearer.municipality, proposal, civil_day(now()))
        return {"rule": proposal.rule.value, "rows": [to_wire(row) for row in rows]}


async def tried(connection: Connection, municipality: str, proposal: Proposal, today: date) -> tuple[TrialRow, ...]:
    """What a norm would have found over the year up to today, from the facts that are kept."""
    present = (await read_rules(connection, [municipality]))[municipality].norms
    proposed, rules = with_norm(present, norm_of(proposal)), frozenset({proposal.rule})
    known = await known_before(connection, municipality, rules)
    parts: list[tuple[TrialRow, ...]] = []
    async for part in facts_in_parts(connection, municipality):
        # In a thread: the rules over hundreds of youths would hold up other requests.
        facts = await asyncio.to_thread(facts_of, part)
        parts.append(await asyncio.to_thread(trial, facts, present, proposed, rules, today, known))
    return joined_rows(parts)
