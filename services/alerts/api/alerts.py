"""The doors of alerts: the list, one alert with why it is there and what became of it, and what people do with it.

Two rules. Each alert explains itself: its sentence, what it rests on, rule and threshold with the day it is valid
from, and what would end it (domain.md §7). An act answers the alert as it is after it; one that is not possible in
its state answers 409 and changes nothing.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Annotated, Any, Literal

from fastapi import Depends, FastAPI, Query
from pydantic import BaseModel, ConfigDict

from services.alerts.acts import (
    REFUSAL_NL,
    Acknowledge,
    Act,
    ActRefusal,
    Assign,
    Close,
    Note,
    Outcome,
    Snooze,
    allowed,
)
from services.alerts.api.bearing import (
    FOR_SUPERVISORS,
    NUMBER_MAX,
    Bearer,
    Clock,
    Number,
    may_see,
    no_such_alert,
    session,
    sight_of,
)
from services.alerts.api.dossier import dossier_of
from services.alerts.api.seeing import find_seen
from services.alerts.finding import Rule
from services.alerts.lifecycle import State
from services.alerts.ranking import Cut, key_of, place_of
from services.alerts.rules import ENDS_NL, LABEL_NL
from services.alerts.store.acting import ActRefused, NoSuchAlert, act
from services.alerts.store.asking import Question, Row, history_of, list_alerts
from services.alerts.store.rules import read_rules
from services.alerts.store.workload import cuts_of
from youthcare.looks.operations import Operation
from youthcare.period import civil_day
from youthcare.runtime import metrics
from youthcare.runtime.access_log import Looking, Looks
from youthcare.runtime.postgres import Connection, Pool
from youthcare.runtime.problems import Problem
from youthcare.runtime.security import Principal


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class SnoozeBody(_Body):
    """Put off until a day; null: until the next message about the youth."""

    until: date | None = None


class AssignmentBody(_Body):
    """To whom; null: to nobody."""

    to: str | None


class ClosureBody(_Body):
    """With which outcome."""

    outcome: Outcome


class NoteBody(_Body):
    """What is written down; at most 2000 characters."""

    text: str


def add_alerts(app: FastAPI, pools: Sequence[Pool], now: Clock) -> None:
    """Add the doors; the first of `pools` is there once the app runs, `now` gives an instant in UTC."""
    _add_list(app, pools, now)
    _add_one(app, pools, now)
    _add_acts(app, pools, now)


def _add_list(app: FastAPI, pools: Sequence[Pool], now: Clock) -> None:
    def question(
        bearer: Bearer,
        team: Annotated[str | None, Query(max_length=60)] = None,
        rule: Rule | None = None,
        state: State | None = None,
        on: Annotated[date | None, Query(description="Alerts whose condition holds on this day")] = None,
        age: Annotated[int | None, Query(ge=0, le=36500, description="Opened at least so many days ago")] = None,
        before: Annotated[int | None, Query(ge=1, le=NUMBER_MAX)] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        order: Literal["newest", "rank"] = "newest",
    ) -> Question:
        return Question(
            sight=sight_of(bearer, team),
            rule=rule,
            state=state,
            on=on,
            opened_until=None if age is None else civil_day(now()) - timedelta(days=age),
            before=before,
            limit=limit,
            order=order,
        )

    @app.get("/v1/alerts")
    async def alerts(bearer: Bearer, looks: Looking, asked: Annotated[Question, Depends(question)]) -> dict[str, Any]:
        """A page of alerts, the newest or the first in rank first; `next` is the `before` of the next page."""
        async with session(pools, bearer) as connection:
            rows = await list_alerts(connection, bearer.municipality, asked)
            shown = rows[: asked.limit]
            cuts = await _cuts(connection, bearer, shown, civil_day(now()))
            await looks.note(connection, Operation.ALERTS_LIST, [row["youth"] for row in shown])
        return {
            "alerts": [listed(row, cuts) for row in shown],
            "next": shown[-1]["number"] if len(rows) > asked.limit else None,
        }


def _add_one(app: FastAPI, pools: Sequence[Pool], now: Clock) -> None:
    @app.get("/v1/alerts/{number}")
    async def alert(bearer: Bearer, looks: Looking, number: Number) -> dict[str, Any]:
        """One alert, why it is there and what became of it."""
        async with session(pools, bearer) as connection:
            shown = await _explained(connection, bearer, looks, number, civil_day(now()))
            await looks.note(connection, Operation.ALERT_VIEW, [shown["youth"]])
        return shown


def _add_acts(app: FastAPI, pools: Sequence[Pool], now: Clock) -> None:
    async def done(bearer: Principal, looks: Looks, number: int, wanted: Act) -> dict[str, Any]:
        return await perform(pools, bearer, looks, number, wanted, now)

    @app.post("/v1/alerts/{number}/acknowledgement")
    async def acknowledgement(bearer: Bearer, looks: Looking, number: Number) -> dict[str, Any]:
        """Take it up; after the municipality's term without more it is open again and the supervisor hears of it."""
        return await done(bearer, looks, number, Acknowledge())

    @app.post("/v1/alerts/{number}/snooze")
    async def snooze(bearer: Bearer, looks: Looking, number: Number, body: SnoozeBody) -> dict[str, Any]:
        """Put it off."""
        return await done(bearer, looks, number, Snooze(until=body.until))

    @app.post("/v1/alerts/{number}/assignment")
    async def assignment(bearer: Bearer, looks: Looking, number: Number, body: AssignmentBody) -> dict[str, Any]:
        """Give it to somebody, or to nobody."""
        return await done(bearer, looks, number, Assign(to=body.to))

    @app.post("/v1/alerts/{number}/closure")
    async def closure(bearer: Bearer, looks: Looking, number: Number, body: ClosureBody) -> dict[str, Any]:
        """Close it with an outcome."""
        return await done(bearer, looks, number, Close(outcome=body.outcome))

    @app.post("/v1/alerts/{number}/note")
    async def note(bearer: Bearer, looks: Looking, number: Number, body: NoteBody) -> dict[str, Any]:
        """Write something down in its history."""
        return await done(bearer, looks, number, Note(text=body.text))


async def perform(
    pools: Sequence[Pool], bearer: Principal, looks: Looks, number: int, wanted: Act, now: Clock
) -> dict[str, Any]:
    """Do an act for a bearer and answer the alert as it is then; raises `Problem`."""
    sight_of(bearer)
    instant = now()
    async with session(pools, bearer) as connection:
        try:
            after = await act(
                connection,
                bearer.municipality,
                number,
                wanted,
                bearer.subject,
                instant,
                may=lambda alert: may_see(bearer, alert),
            )
        except NoSuchAlert:
            raise no_such_alert() from None
        except ActRefused as refused:
            raise _problem(refused.refusal) from None
        shown = await _explained(connection, bearer, looks, number, civil_day(instant))
        await looks.note(connection, Operation.ALERT_ACT, [shown["youth"]])
    if isinstance(wanted, Close):
        metrics.ALERTS_OUTCOMES.labels(after.identity.rule.value, wanted.outcome.value).inc()
    return shown


def _problem(refusal: ActRefusal) -> Problem:
    return Problem(409 if refusal is ActRefusal.NOT_FROM_HERE else 422, REFUSAL_NL[refusal])


async def _cuts(connection: Connection, bearer: Principal, rows: Sequence[Row], today: date) -> Mapping[str, Cut]:
    teams = sorted({row["team"] for row in rows if row["state"] == State.OPEN})
    if not teams:
        return {}
    practice = (await read_rules(connection, [bearer.municipality]))[bearer.municipality].practice
    return await cuts_of(connection, bearer.municipality, teams, practice, today, FOR_SUPERVISORS)


_LISTED = (
    "number", "rule", "level", "state", "team", "youth", "case_reference", "opens_on", "closes_on", "sentence",
    "until", "assignee", "outcome",
)  # fmt: skip
_MORE = ("anchor", "threshold", "valid_from", "evidence", "terms", "made", "changed", "on_message", "former")


def listed(row: Row, cuts: Mapping[str, Cut]) -> dict[str, Any]:
    """One line of a list; `place` is `new` or `later` for what stands open under a team's cut."""
    place = None
    if row["team"] in cuts:
        key = key_of(row["level"], row["opens_on"], row["number"])
        place = place_of(State(row["state"]), key, cuts[row["team"]])
    return {"label_nl": LABEL_NL[Rule(row["rule"])], "place": place} | {name: row[name] for name in _LISTED}


async def _explained(
    connection: Connection, bearer: Principal, looks: Looks, number: int, today: date
) -> dict[str, Any]:
    row = await find_seen(connection, bearer, looks, number)
    history = await history_of(connection, bearer.municipality, number)
    return (
        listed(row, await _cuts(connection, bearer, [row], today))
        | {name: row[name] for name in _MORE}
        | {
            "ends_nl": ENDS_NL[Rule(row["rule"])],
            "acts": [] if row["youth"] in looks.under else sorted(_ACTS[each] for each in allowed(State(row["state"]))),
            "history": [dict(step) for step in history],
            "dossier": await dossier_of(connection, bearer.municipality, row, today),
        }
    )


_ACTS: Mapping[type[Act], str] = {
    Acknowledge: "acknowledgement",
    Snooze: "snooze",
    Assign: "assignment",
    Close: "closure",
    Note: "note",
}
