"""What people do on the pages: each act is a plain form, with a redirect back, or the changed part for htmx.

Three rules. A form is read only when a page of this session made it (`browsing.py`). An act is the same act as that
of the doors under `/v1/`, under the same lock and by the same table. A note that comes with an act is one step more
in the same transaction: both, or neither.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import NoReturn

from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse

from services.alerts.acts import REFUSAL_NL, Acknowledge, Act, ActRefusal, Assign, Close, Note, Outcome, Snooze
from services.alerts.api.bearing import NUMBER_MAX, Bearer, Clock, may_see, no_such_alert, session, sight_of
from services.alerts.api.pages import card_answer, line_answer, part_of_card
from services.alerts.api.rendering import MESSAGES, Message, is_partial
from services.alerts.store.acting import ActRefused, NoSuchAlert, act
from youthcare.period import civil_day
from youthcare.runtime import metrics
from youthcare.runtime.browsing import posted
from youthcare.runtime.postgres import Pool
from youthcare.runtime.security import Principal

Fields = Mapping[str, str]
NO_OUTCOME = "Kies met welke uitkomst u de melding afsluit."


class FormWrong(Exception):
    """A form that cannot be carried out; `words` say to its sender why."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


def add_forms(app: FastAPI, pools: Sequence[Pool], now: Clock) -> None:
    """Add the posts of the cards and of the lines."""
    for path, (read, done) in STEPS.items():
        _add_form(app, pools, now, path, read, done)


def _add_form(
    app: FastAPI, pools: Sequence[Pool], now: Clock, path: str, read: Callable[[Fields, Principal], Act], done: str
) -> None:
    @app.post(f"/meldingen/{{number}}/{path}", include_in_schema=False, name=path)
    async def step(request: Request, bearer: Bearer, number: int) -> Response:
        fields = await posted(request)
        try:
            await _do(pools, bearer, number, acts_of(read, fields, bearer), now)
        except FormWrong as wrong:
            message = Message(words=wrong.words, is_fault=True)
            return await _shown(request, pools, bearer, number, civil_day(now()), message, fields)
        if not is_partial(request):
            return RedirectResponse(f"/meldingen/{number}?gedaan={done}", status_code=303)
        return await _shown(request, pools, bearer, number, civil_day(now()), Message(words=MESSAGES[done]), fields)


async def _shown(
    request: Request,
    pools: Sequence[Pool],
    bearer: Principal,
    number: int,
    today: date,
    message: Message,
    fields: Fields,
) -> Response:
    if not is_partial(request):
        return await card_answer(request, pools, bearer, number, today, message)
    if request.headers.get("hx-target", "").startswith("melding-"):
        return await line_answer(request, pools, bearer, number, today, message)
    acts_shown = fields.get("offered", "")
    return await part_of_card(request, pools, bearer, number, today, acts_shown=acts_shown, message=message)


async def _do(pools: Sequence[Pool], bearer: Principal, number: int, acts: Sequence[Act], now: Clock) -> None:
    """Do acts one after the other in one transaction; raises `FormWrong`, and `Problem` 404."""
    sight_of(bearer)
    if not 1 <= number <= NUMBER_MAX:
        raise no_such_alert()
    async with session(pools, bearer) as connection:
        for each in acts:
            try:
                after = await act(
                    connection,
                    bearer.municipality,
                    number,
                    each,
                    bearer.subject,
                    now(),
                    may=lambda alert: may_see(bearer, alert),
                )
            except NoSuchAlert:
                raise no_such_alert() from None
            except ActRefused as refused:
                _refuse(refused.refusal)
    for each in acts:
        if isinstance(each, Close):
            metrics.ALERTS_OUTCOMES.labels(after.identity.rule.value, each.outcome.value).inc()


def _refuse(refusal: ActRefusal) -> NoReturn:
    raise FormWrong(REFUSAL_NL[refusal]) from None


def acts_of(read: Callable[[Fields, Principal], Act], fields: Fields, bearer: Principal) -> tuple[Act, ...]:
    """The act of a form, and the note that came with it."""
    wanted = read(fields, bearer)
    note = fields.get("note", "").strip()
    return (wanted, Note(text=note)) if note and not isinstance(wanted, Note) else (wanted,)


def _taken(_fields: Fields, _bearer: Principal) -> Act:
    return Acknowledge()


def _snoozed(fields: Fields, _bearer: Principal) -> Act:
    if fields.get("how") == "message":
        return Snooze()
    try:
        return Snooze(until=date.fromisoformat(fields.get("until", "")))
    except ValueError:
        _refuse(ActRefusal.UNTIL_INVALID)


def _assigned(fields: Fields, bearer: Principal) -> Act:
    return Assign(to=fields.get("to", "").strip() or bearer.subject)


def _closed(fields: Fields, _bearer: Principal) -> Act:
    outcome = fields.get("outcome", "")
    if outcome not in set(Outcome):
        raise FormWrong(NO_OUTCOME)
    return Close(outcome=Outcome(outcome))


def _noted(fields: Fields, _bearer: Principal) -> Act:
    return Note(text=fields.get("note", ""))


STEPS: Mapping[str, tuple[Callable[[Fields, Principal], Act], str]] = {
    "in-behandeling": (_taken, "acknowledged"),
    "uitstellen": (_snoozed, "snoozed"),
    "toewijzen": (_assigned, "assigned"),
    "afsluiten": (_closed, "closed"),
    "notitie": (_noted, "noted"),
}
"""By the path of a form: how it is read, and what is said when it is done."""
