"""The inbox: the list, the why-card, and the parts of them that change while somebody looks.

Two rules. What a bearer may see here is what the doors under `/v1/` show them, by the same functions. A part of a
page is answered to htmx alone; whoever asks for it otherwise is led to the whole page.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse

from services.alerts.api.bearing import FOR_SUPERVISORS, Bearer, Clock, session, sight_of
from services.alerts.api.drawings import LABELS, Drawings, drawings_of, shown
from services.alerts.api.rendering import Message, is_partial, page
from services.alerts.api.seeing import find_seen
from services.alerts.card import Card, Known, Offered, card_of, offered
from services.alerts.dossier import dossier
from services.alerts.dossier_words import DossierWords, words_of
from services.alerts.finding import Rule
from services.alerts.inbox import Shown, changed_text, line_of
from services.alerts.listing import (
    COUNT_MAX,
    COUNTED,
    LIMIT,
    Choice,
    Listing,
    Week,
    choice_of,
    counters_of,
    filters_of,
    sections_of,
)
from services.alerts.rules import ENDS_NL
from services.alerts.states import State
from services.alerts.store.around import teams_of, told_of
from services.alerts.store.asking import Question, count_alerts, find_facts, history_of, list_alerts
from services.alerts.store.percentiles import percentile_of
from services.alerts.store.rules import read_rules
from services.alerts.store.workload import cuts_of
from youthcare.looks.operations import Operation
from youthcare.period import civil_day
from youthcare.runtime.access_log import Looks, looks_of
from youthcare.runtime.postgres import Connection, Pool
from youthcare.runtime.security import Principal

CHANGED = "X-Gewijzigd"
"""By this header a page knows which of two answers about one alert is the newer (`static/live.js`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardPage:
    """All that the page of one alert shows, and about which youth."""

    youth: str | None
    card: Card
    dossier: DossierWords | None
    drawing: Drawings | None


def add_pages(app: FastAPI, pools: Sequence[Pool], now: Clock) -> None:
    """Add the list and the cards; the first of `pools` is there once the app runs."""
    _add_list(app, pools, now)
    _add_card(app, pools, now)
    _add_parts(app, pools, now)


def _add_list(app: FastAPI, pools: Sequence[Pool], now: Clock) -> None:
    @app.get("/", include_in_schema=False)
    async def inbox(request: Request, bearer: Bearer) -> Response:
        async with session(pools, bearer) as connection:
            shown, youths = await _listing(connection, bearer, request.query_params, civil_day(now()))
            await looks_of(request).note(connection, Operation.ALERTS_LIST, youths)
        return page(request, "list.html.j2", page=shown)

    @app.get("/nieuws", include_in_schema=False)
    async def news(request: Request, bearer: Bearer) -> Response:
        sight_of(bearer)
        return page(request, "news.html.j2") if is_partial(request) else RedirectResponse("/", status_code=303)


def _add_card(app: FastAPI, pools: Sequence[Pool], now: Clock) -> None:
    @app.get("/meldingen/{number}", include_in_schema=False)
    async def card(request: Request, bearer: Bearer, number: int) -> Response:
        return await card_answer(request, pools, bearer, number, civil_day(now()))

    @app.get("/meldingen/{number}/stand", include_in_schema=False)
    async def standing(request: Request, bearer: Bearer, number: int, handelingen: str = "") -> Response:
        return await part_of_card(request, pools, bearer, number, civil_day(now()), acts_shown=handelingen)


def _add_parts(app: FastAPI, pools: Sequence[Pool], now: Clock) -> None:
    @app.get("/meldingen/{number}/regel", include_in_schema=False)
    async def line(request: Request, bearer: Bearer, number: int) -> Response:
        return await line_answer(request, pools, bearer, number, civil_day(now()))

    @app.get("/meldingen/{number}/handelingen", include_in_schema=False)
    async def acts(request: Request, bearer: Bearer, number: int) -> Response:
        if not is_partial(request):
            return _to_card(number)
        async with session(pools, bearer) as connection:
            alert = await seen_alert(connection, bearer, looks_of(request), number)
            await looks_of(request).note(connection, Operation.ALERT_VIEW, [alert.youth])
        what = offered(alert.number, State(alert.state), civil_day(now()))
        return page(request, "line_acts.html.j2", acts=what, target=f"#melding-{alert.number}")


async def card_answer(
    request: Request, pools: Sequence[Pool], bearer: Principal, number: int, today: date, message: Message | None = None
) -> Response:
    """The whole card, with what just went wrong when something did."""
    async with session(pools, bearer) as connection:
        shown = await _card_page(connection, bearer, looks_of(request), number, today)
        await looks_of(request).note(connection, Operation.ALERT_VIEW, [shown.youth])
    status = 409 if message is not None and message.is_fault else 200
    return page(
        request,
        "card.html.j2",
        message=message,
        status=status,
        card=shown.card,
        dossier=shown.dossier,
        drawing=shown.drawing,
    )


async def part_of_card(
    request: Request,
    pools: Sequence[Pool],
    bearer: Principal,
    number: int,
    today: date,
    *,
    acts_shown: str = "",
    message: Message | None = None,
) -> Response:
    """What changed of a card; its forms only when what may be done is another than the page shows."""
    if not is_partial(request):
        return _to_card(number)
    async with session(pools, bearer) as connection:
        shown = await _card_page(connection, bearer, looks_of(request), number, today)
        await looks_of(request).note(connection, Operation.ALERT_VIEW, [shown.youth])
    status = 409 if message is not None and message.is_fault else 200
    with_acts = acts_shown != shown.card.acts.signature
    answer = page(request, "card_changed.html.j2", message=message, status=status, card=shown.card, with_acts=with_acts)
    answer.headers[CHANGED] = shown.card.changed
    return answer


async def line_answer(
    request: Request, pools: Sequence[Pool], bearer: Principal, number: int, today: date, message: Message | None = None
) -> Response:
    """One line of the list, as it is now; after an act the reader stays at it."""
    if not is_partial(request):
        return _to_card(number)
    async with session(pools, bearer) as connection:
        alert = await seen_alert(connection, bearer, looks_of(request), number)
        await looks_of(request).note(connection, Operation.ALERT_VIEW, [alert.youth])
    answer = page(
        request,
        "line_changed.html.j2",
        message=message,
        status=409 if message is not None and message.is_fault else 200,
        line=line_of(alert, today, bearer.subject),
        shows_team=_sees_many(bearer),
        takes_focus=message is not None,
    )
    answer.headers[CHANGED] = changed_text(alert)
    return answer


async def seen_alert(connection: Connection, bearer: Principal, looks: Looks, number: int) -> Shown:
    """An alert that the bearer may see; raises `Problem` 404."""
    return shown(await find_seen(connection, bearer, looks, number))


def _to_card(number: int) -> Response:
    return RedirectResponse(f"/meldingen/{number}", status_code=303)


def _sees_many(bearer: Principal) -> bool:
    return bearer.is_supervisor() or len(bearer.teams()) > 1


async def _listing(
    connection: Connection, bearer: Principal, asked: Mapping[str, str], today: date
) -> tuple[Listing, list[str | None]]:
    """The page of the list, and the youths on it."""
    sight_of(bearer)
    is_above = bearer.is_supervisor()
    teams = await teams_of(connection, bearer.municipality) if is_above else sorted(bearer.teams())
    choice = choice_of(asked, teams)
    question = _question(bearer, choice, today)
    rows = await list_alerts(connection, bearer.municipality, question)
    alerts = [shown(row) for row in rows[:LIMIT]]
    labels = {rule: label for rule, label in LABELS.items() if is_above or rule not in FOR_SUPERVISORS}
    listing = Listing(
        title="Meldingen" if is_above else f"Meldingen van team {', '.join(teams)}",
        counters=counters_of(choice, await _counts(connection, bearer, choice, today)),
        filters=filters_of(choice, teams, labels),
        is_filtered=choice.address() != "/",
        sections=sections_of(alerts, choice, await _week(connection, bearer, alerts, today), today, bearer.subject),
        shows_team=_sees_many(bearer),
        next=choice.address(na=alerts[-1].number) if len(rows) > LIMIT else "",
    )
    return listing, [alert.youth for alert in alerts]


def _question(bearer: Principal, choice: Choice, today: date, state: State | None = None) -> Question:
    return Question(
        sight=sight_of(bearer, choice.team or None),
        rule=choice.rule or None,
        state=state.value if state else choice.state,
        opened_until=choice.opened_until(today),
        before=choice.before,
        limit=LIMIT,
        order="rank",
    )


async def _counts(connection: Connection, bearer: Principal, choice: Choice, today: date) -> dict[State, int]:
    asked = {state: _question(bearer, choice, today, state) for state in COUNTED}
    return {
        state: await count_alerts(connection, bearer.municipality, question, COUNT_MAX + 1)
        for state, question in asked.items()
    }


async def _week(connection: Connection, bearer: Principal, alerts: Sequence[Shown], today: date) -> Week:
    practice = (await read_rules(connection, [bearer.municipality]))[bearer.municipality].practice
    teams = sorted({alert.team for alert in alerts if alert.state == State.OPEN})
    cuts = await cuts_of(connection, bearer.municipality, teams, practice, today, FOR_SUPERVISORS)
    return Week(cuts=cuts, new_per_week=practice.new_per_week)


async def _card_page(connection: Connection, bearer: Principal, looks: Looks, number: int, today: date) -> CardPage:
    alert = await seen_alert(connection, bearer, looks, number)
    facts = await find_facts(connection, bearer.municipality, alert.youth)
    known = Known(
        facts=facts,
        steps=await history_of(connection, bearer.municipality, number),
        receivers=await told_of(connection, bearer.municipality, number),
        percentile=await percentile_of(connection, alert, facts, today),
    )
    found = None
    if facts is not None and alert.rule == Rule.STACKING_REQUEST:
        found = dossier(facts, alert.anchor, today)
    card = card_of(alert, known, ENDS_NL[Rule(alert.rule)], today, bearer.subject)
    return CardPage(
        youth=alert.youth,
        card=replace(card, acts=_only_looked_at(number, today)) if alert.youth in looks.under else card,
        dossier=words_of(found, today) if found else None,
        drawing=await drawings_of(connection, bearer, looks, alert, facts, today),
    )


def _only_looked_at(number: int, today: date) -> Offered:
    """Under a stated reason one looks and does nothing: no more is offered than of what is not open yet."""
    return offered(number, State.SCHEDULED, today)
