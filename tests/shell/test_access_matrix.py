"""Who is let in where: every path of the four APIs, for every role, own and other team, source and municipality.

The tables are the contract (design.md §6). A new path without a line here fails; so does a line without a path.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import orjson
from fastapi import FastAPI

from services.alerts.api import api as alerts_api
from services.indication.api import make_app
from services.indication.api.opening import opened
from services.indicators.api import api as indicators_api
from services.indicators.app import IndicatorsProcessor
from services.trajectory.api import api as trajectory_api
from services.trajectory.app import TrajectoryProcessor, shipped_rules
from tests import builders
from tests import ijw_builders as ijw
from tests import indicators as figures
from tests.access import Ask, Roles, differing, lines_of, without_line
from tests.conftest import REPOSITORY
from tests.inbox import NOON, TODAY, asked, facts_of, fold, settings_of
from tests.indication import CHAIN, new_bsn, new_name, new_number, world_of
from tests.naive_indicators import told_layers
from tests.stack import new_municipality
from tests.tokens import ISSUER
from youthcare.runtime.door_settings import CALLBACK
from youthcare.runtime.local.stack import Stack
from youthcare.runtime.postgres import open_pool
from youthcare.runtime.processing import Record
from youthcare.runtime.sealing import make_keys
from youthcare.runtime.security import token_gate

EXAMPLES = REPOSITORY / "schemas" / "examples" / "incoming"
ALERTS_MADE = 101
"""One to look at, and one for each cell of ten acts."""
EVERYWHERE = """
GET /health/live  | in
GET /health/ready | in
GET /metrics      | in
GET /openapi.json | 401 401 in in in in in in in in
"""

#                     nobody expired elsewhere roleless sender other-sender team other-team supervisor privacy-officer
ALERTS = (
    EVERYWHERE
    + """
GET /v1/alerts                           | 401 401 empty 403 403 403 in empty in 403
GET /v1/alerts?team=noord                | 401 401 empty 403 403 403 in 403   in 403
GET /v1/alerts/usefulness                | 401 401 empty 403 403 403 403 403  in 403
GET /v1/alerts/stream                    | 401 401 in    403 403 403 in in    in 403
GET /v1/alerts/{number}                  | 401 401 404   403 403 403 in 404   in 403
POST /v1/alerts/{number}/acknowledgement | 401 401 404   403 403 403 in 404   in 403
POST /v1/alerts/{number}/snooze          | 401 401 404   403 403 403 in 404   in 403
POST /v1/alerts/{number}/assignment      | 401 401 404   403 403 403 in 404   in 403
POST /v1/alerts/{number}/closure         | 401 401 404   403 403 403 in 404   in 403
POST /v1/alerts/{number}/note            | 401 401 404   403 403 403 in 404   in 403
GET /v1/webhooks                         | 401 401 empty 403 403 403 403 403  in 403
POST /v1/webhooks/{number}/replay?from=1 | 401 401 404   403 403 403 403 403  in 403
DELETE /v1/webhooks/{number}             | 401 401 404   403 403 403 403 403  in 403
POST /v1/webhooks                        | 401 401 in    403 403 403 403 403  in 403
GET /v1/digest-addresses                 | 401 401 empty 403 403 403 403 403  in 403
POST /v1/digest-addresses                | 401 401 in    403 403 403 403 403  in 403
DELETE /v1/digest-addresses?team=noord&address=ours@example.nl | 401 401 404 403 403 403 403 403 in 403
GET /v1/norms                            | 401 401 empty 403 403 403 in in    in 403
POST /v1/norms                           | 401 401 in    403 403 403 403 403  in 403
POST /v1/norms/trial                     | 401 401 in    403 403 403 403 403  in 403
"""
)
PAGES = """
GET /aanmelden         | in
POST /aanmelden        | 401
POST /afmelden         | sign-in
GET /toegankelijkheid  | in
GET /static/htmx-2.0.11.min.js | in
GET /static/icon.svg   | in
GET /static/inbox.css  | in
GET /static/live.js    | in
GET /                  | sign-in sign-in empty 403 403 403 in empty in 403
GET /?team=noord       | sign-in sign-in empty 403 403 403 in empty in 403
GET /nieuws            | 401 401 in 403 403 403 in in in 403
GET /nut               | sign-in sign-in in 403 403 403 403 403 in 403
GET /normen            | sign-in sign-in empty 403 403 403 403 403 in 403
POST /normen           | sign-in 401 in 403 403 403 403 403 in 403
POST /normen/proef     | sign-in 401 in 403 403 403 403 403 in 403
GET /meldingen/{number}              | sign-in sign-in 404 403 403 403 in 404 in 403
GET /meldingen/{number}/stand        | 401 401 404 403 403 403 in 404 in 403
GET /meldingen/{number}/regel        | 401 401 404 403 403 403 in 404 in 403
GET /meldingen/{number}/handelingen  | 401 401 404 403 403 403 in 404 in 403
POST /meldingen/{number}/in-behandeling | sign-in sign-in 404 403 403 403 in 404 in 403
POST /meldingen/{number}/uitstellen  | sign-in sign-in 404 403 403 403 in 404 in 403
POST /meldingen/{number}/toewijzen   | sign-in sign-in 404 403 403 403 in 404 in 403
POST /meldingen/{number}/afsluiten   | sign-in sign-in 404 403 403 403 in 404 in 403
POST /meldingen/{number}/notitie     | sign-in 401 404 403 403 403 in 404 in 403
"""
# These come last: what they open to another team stays open for three hours.
BEYOND = """
POST /v1/break-glass                      | 401 401 403   403 403 403 in  in  403 403
GET /v1/break-glass/standing              | 401 401 empty 403 403 403 in  in  403 403
GET /v1/break-glass?from=2026-11-16       | 401 401 empty 403 403 403 403 403 in  403
POST /noodinzage                          | sign-in 401 403 403 403 403 in in 403 403
GET /noodinzage?vanaf=2026-11-16          | sign-in sign-in empty 403 403 403 in in in 403
GET /v1/youths/{youth}/access-log         | 401 401 empty 403 403 403 403 403 in  in
"""
AT_ISSUER = """
GET /aanmelden/begin   | 503
GET /aanmelden/terug   | 401
GET /afgemeld          | in
"""
TRAJECTORY = (
    EVERYWHERE
    + """
GET /v1/youths/{youth}/trajectory | 401 401 404 404 404 404 in 404 in 404
"""
)
INDICATORS = (
    EVERYWHERE
    + """
GET /v1/indicators                        | 401 401 in    403 403 403 in    in    in 403
GET /v1/indicators/{indicator}?period=2024Q1&group=team:noord   | 401 401 empty 403 403 403 in 403 in 403
GET /v1/indicators/{indicator}?period=2024Q1&group=team:unknown | 401 401 in 403 403 403 403 403 in 403
GET /v1/indicators/{indicator}?period=2024Q1&definition=cbs-statline | 401 401 empty 403 403 403 403 403 in 403
GET /v1/indicators/{indicator}/definitions?period=2024Q1 | 401 401 empty 403 403 403 403 403 in 403
GET /v1/indicators/{indicator}/series?first=2024Q1&last=2024Q2&group=team:noord |401 401 empty 403 403 403 in 403 in 403
GET /v1/figures                           | 401 401 empty 403 403 403 in    empty in 403
GET /v1/reference/{kind}                  | 401 401 empty 403 403 403 in    in    in 403
PUT /v1/reference/{kind}                  | 401 401 422   403 403 403 403   403   in 403
GET /v1/senders/timeliness?month=2024-02  | 401 401 empty 403 403 403 403   403   in 403
GET /v1/completeness/{period}             | 401 401 in    403 403 403 in    in    in 403
GET /v1/completeness/{period}?sender=urn:ijw:0153:42420001 | 401 401 in 403 403 403 403 403 in 403
GET /v1/publications                      | 401 401 empty 403 403 403 in    in    in 403
GET /v1/publications/{quarter}/{number}/differences | 401 401 404 403 403 403 403 403 in 403
POST /v1/publications/{quarter}           | 401 401 in    403 403 403 403   403   in 403
GET /v1/reports/{quarter}                 | 401 401 empty 403 403 403 in    in    in 403
"""
)
INDICATION = (
    EVERYWHERE
    + """
POST /v1/events | 401 401 422 403 in 422 403 403 403 403
POST /v1/ijw    | 401 401 422 403 in 422 403 403 403 403
GET /v1/refusals                   | 401 401 in  403 in  in  403 403 in  403
GET /v1/refusals/senders           | 401 401 in  403 in  in  403 403 in  403
GET /v1/refusals/{number}/payload  | 401 401 404 403 404 404 403 403 403 403
POST /v1/refusals/{number}/handled | 401 401 404 403 404 404 403 403 403 403
POST /v1/youths/{youth}/identity   | 401 401 404 403 403 403 403 403 403 404
POST /v1/identity-corrections      | 401 401 404 403 403 403 403 403 403 404
GET /v1/forgettings                | 401 401 in  403 403 403 403 403 403 in
GET /v1/forgettings/{digest}       | 401 401 404 403 403 403 403 403 403 404
"""
)


@asynccontextmanager
async def asking(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a running app that keeps no cookie of its own and follows nothing."""
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="https://door.test", timeout=60) as client:
            yield client


def bench(municipality: str, alerts: int) -> list[builders.Statement]:
    """A youth of team noord with as many requests, each an alert, and a name that only this municipality has."""
    envelope: builders.Envelope = {"municipality": municipality, "youth": f"{int(municipality):032x}"}
    asked_on: builders.Envelope = {**envelope, "time": f"{TODAY - timedelta(days=1)}T09:00:00Z"}
    return [
        builders.registered(valid_from="2024-01-01", team="noord", case_reference=f"ZAAK-{municipality}", **envelope),
        builders.started(indication=f"{municipality}-1", first_day="2026-03-02", referrer="02", **envelope),
        *(builders.requested(request=f"R-{number}", provider="65656055", **asked_on) for number in range(alerts)),
    ]


def acts(numbers: Callable[[], Mapping[str, object]]) -> dict[str, Ask]:
    """Each act, on an alert of its own for each cell."""
    bodies: dict[str, Mapping[str, Any]] = {
        "acknowledgement": {},
        "snooze": {"json": {"until": str(TODAY + timedelta(days=7))}},
        "assignment": {"json": {"to": "anna"}},
        "closure": {"json": {"outcome": "not-ours"}},
        "note": {"json": {"text": "gezien"}},
    }
    forms: dict[str, dict[str, str]] = {
        "in-behandeling": {},
        "uitstellen": {"until": str(TODAY + timedelta(days=7))},
        "toewijzen": {"to": "anna"},
        "afsluiten": {"outcome": "not-ours"},
        "notitie": {"note": "gezien"},
    }
    return {f"POST /v1/alerts/{{number}}/{name}": Ask(sent=body, made=numbers) for name, body in bodies.items()} | {
        f"POST /meldingen/{{number}}/{name}": Ask(sent={"data": form}, made=numbers, by_cookie=True)
        for name, form in forms.items()
    }


def alert_asks(municipality: str, number: int) -> dict[str, Ask]:
    """How the lines of the alerts API that change no alert are asked."""
    case, reason = f"ZAAK-{municipality}", f"reden-{municipality}"
    norm = {"rule": "stacking-level", "threshold": 3, "valid_from": "2027-01-01", "reason": "beproefd"}
    form = {"rule": "stacking-level", "number": "3", "valid_from": "2027-04-01", "reason": "beproefd"}
    addresses = (f"https://hook.example.nl/{each}" for each in count())
    mailboxes = (f"team{each}@example.nl" for each in count())
    one: Callable[[], Mapping[str, object]] = lambda: {"number": number}  # noqa: E731
    first: Callable[[], Mapping[str, object]] = lambda: {"number": 1}  # noqa: E731
    part: dict[str, Any] = {"sent": {"headers": {"HX-Request": "true"}}, "made": one, "by_cookie": True}
    return {
        "GET /v1/alerts": Ask(guarded=case),
        "GET /v1/alerts/usefulness": Ask(guarded='"team":"noord"'),
        "GET /v1/alerts/stream": Ask(seconds_left=-5),
        "GET /v1/alerts/{number}": Ask(guarded=case, made=one),
        "GET /v1/webhooks": Ask(guarded="ours.example.nl"),
        "POST /v1/webhooks": Ask(sent=lambda: {"json": {"receiver": "supervisor", "url": next(addresses)}}),
        "POST /v1/webhooks/{number}/replay": Ask(made=first),
        "DELETE /v1/webhooks/{number}": Ask(made=first),
        "GET /v1/digest-addresses": Ask(guarded="ours@example.nl"),
        "POST /v1/digest-addresses": Ask(sent=lambda: {"json": {"team": "noord", "address": next(mailboxes)}}),
        "GET /v1/norms": Ask(guarded=reason),
        "POST /v1/norms": Ask(sent={"json": norm | {"valid_from": "2027-02-01"}}),
        "POST /v1/norms/trial": Ask(sent={"json": norm}),
        "POST /aanmelden": Ask(sent={"data": {"token": "no token"}}),
        "POST /afmelden": Ask(by_cookie=True),
        "GET /": Ask(guarded=case, by_cookie=True),
        "GET /nieuws": Ask(**part),
        "GET /nut": Ask(by_cookie=True),
        "GET /normen": Ask(guarded=reason, by_cookie=True),
        "POST /normen": Ask(sent={"data": form}, by_cookie=True),
        "POST /normen/proef": Ask(sent={"data": form}, by_cookie=True),
        "GET /meldingen/{number}": Ask(guarded=case, made=one, by_cookie=True),
        "GET /meldingen/{number}/stand": Ask(**part),
        "GET /meldingen/{number}/regel": Ask(**part, guarded=case),
        "GET /meldingen/{number}/handelingen": Ask(**part),
    }


def beyond_asks(municipality: str) -> dict[str, Ask]:
    """How the lines about looking beyond one's own team, and about who looked, are asked."""
    case, youth = f"ZAAK-{municipality}", f"{int(municipality):032x}"
    reason = "Overleg met de huisarts over de veiligheid van dit kind."
    return {
        "POST /v1/break-glass": Ask(sent={"json": {"youth": youth, "reason": reason}}),
        "GET /v1/break-glass/standing": Ask(guarded=case),
        "GET /v1/break-glass": Ask(guarded=case),
        "POST /noodinzage": Ask(sent={"data": {"dossier": case, "reden": reason}}, by_cookie=True),
        "GET /noodinzage": Ask(guarded=case, by_cookie=True),
        "GET /v1/youths/{youth}/access-log": Ask(guarded='"who":"team"', made=lambda: {"youth": youth}),
    }


async def entered_by_hand(client: httpx.AsyncClient, roles: Roles) -> None:
    """A norm, a webhook and a mail address that the supervisor of this municipality entered."""
    headers = {"Authorization": f"Bearer {roles.token('supervisor')}"}
    norm = {
        "rule": "stacking-level",
        "threshold": 9,
        "valid_from": "2027-03-01",
        "reason": f"reden-{roles.municipality}",
    }
    for path, body in (
        ("/v1/norms", norm),
        ("/v1/webhooks", {"receiver": "supervisor", "url": "https://ours.example.nl/in"}),
        ("/v1/digest-addresses", {"team": "noord", "address": "ours@example.nl"}),
    ):
        (await client.post(path, json=body, headers=headers)).raise_for_status()


async def test_alerts_let_in_who_may_and_nobody_else(stack: Stack, municipality: str, tmp_path: Path) -> None:
    """Every door and page of the alerts API; what was refused changed nothing."""
    lines, roles = lines_of(ALERTS + PAGES + BEYOND), Roles(municipality=municipality, elsewhere=new_municipality())
    for each in (municipality, roles.elsewhere):
        make_keys(tmp_path / "keys.json", each)
    settings = settings_of(stack, tmp_path).model_copy(update={"webhook_keys_file": str(tmp_path / "keys.json")})
    fold(settings, [facts_of(bench(municipality, ALERTS_MADE))])
    query = "select number from alert where municipality = $1 and rule = 'stacking-request' and state = 'open'"
    numbers = [row["number"] for row in asked(settings, query, municipality)]
    free = iter(numbers[1:])
    asks = (
        alert_asks(municipality, numbers[0])
        | beyond_asks(municipality)
        | (acted := acts(lambda: {"number": next(free)}))
    )
    app = alerts_api(settings, lambda: NOON)

    async with asking(app) as client:
        await entered_by_hand(client, roles)
        found = await differing(client, roles, lines, asks)

    refused = [each["number"] for ask in acted.values() for each in ask.refused]
    query = "select distinct alert from alert_step where municipality = $1 and actor <> 'system'"
    touched = {row["alert"] for row in asked(settings, query, municipality)}
    assert without_line(app, lines) == set()
    assert "\n".join(found) == ""
    assert len(refused) == 80 and len(touched) == 20
    assert touched & set(refused) == set()


async def test_where_people_sign_in_at_an_issuer_the_doors_are_the_same(stack: Stack, tmp_path: Path) -> None:
    """The token form is gone; three paths to the issuer and back stand open, and none of them is a page of alerts."""
    settings = settings_of(stack, tmp_path)
    named = {"oidc_issuer": ISSUER, "oidc_client_id": "inbox", "oidc_redirect_url": f"https://door.test{CALLBACK}"}
    app = alerts_api(settings.model_copy(update=named), lambda: NOON)
    lines = [line for line in lines_of(ALERTS + PAGES + BEYOND + AT_ISSUER) if line.name != "POST /aanmelden"]

    async with asking(app) as client:
        # The issuer is nowhere: what leads there says so, to everybody.
        found = await differing(client, Roles(municipality="0153", elsewhere="0164"), lines_of(AT_ISSUER), {})

    assert without_line(app, lines) == set()
    assert "\n".join(found) == ""


async def test_a_trajectory_is_for_its_team_and_the_supervisor(stack: Stack, municipality: str, tmp_path: Path) -> None:
    """Whoever may not see a youth is told what is told of nobody."""
    lines, roles = lines_of(TRAJECTORY), Roles(municipality=municipality, elsewhere=new_municipality())
    settings = settings_of(stack, tmp_path).model_copy(update={"trajectory_dsn": stack.dsn("trajectory")})
    pool = await open_pool(settings.database("trajectory"), "test", all_municipalities=True)
    processor = TrajectoryProcessor(shipped_rules())
    await processor.prepare(pool)
    batch = [
        Record(topic="events", partition=0, offset=0, key=None, value=orjson.dumps(row), timestamp_ms=0)
        for row in bench(municipality, 0)
    ]
    async with pool.acquire() as connection, connection.transaction():
        await processor.fold(connection, batch)
    await pool.close()
    youth = f"{int(municipality):032x}"
    asks = {"GET /v1/youths/{youth}/trajectory": Ask(guarded='"team":"noord"', made=lambda: {"youth": youth})}
    app = trajectory_api(settings)

    async with asking(app) as client:
        found = await differing(client, roles, lines, asks)

    assert without_line(app, lines) == set()
    assert "\n".join(found) == ""


def figure_asks(municipality: str) -> dict[str, Ask]:
    """How the lines of the indicators API are asked."""
    population = f"municipality,quarter,group_kind,group,youths\n{municipality},2024Q1,municipality,,4321\n"
    indicator: dict[str, Any] = {"made": lambda: {"indicator": "in_care_rate"}, "guarded": '"numerator":30'}
    whole = {"guarded": '"numerator":60'}
    quarter: dict[str, Any] = {"made": lambda: {"quarter": "2024Q1", "number": 1, "period": "2024-02"}}
    kind: dict[str, Any] = {"made": lambda: {"kind": "population"}}
    return {
        "GET /v1/indicators/{indicator}": Ask(**indicator),
        "GET /v1/indicators/{indicator}?period=2024Q1&group=team:unknown": Ask(made=indicator["made"]),
        "GET /v1/indicators/{indicator}/definitions": Ask(**indicator | whole),
        "GET /v1/indicators/{indicator}?period=2024Q1&definition=cbs-statline": Ask(**indicator | whole),
        "GET /v1/indicators/{indicator}/series": Ask(**indicator),
        "GET /v1/figures": Ask(guarded="2024Q1,team,noord"),
        "GET /v1/reference/{kind}": Ask(**kind, guarded="4321"),
        "PUT /v1/reference/{kind}": Ask(**kind, sent={"content": population, "headers": {"Content-Type": "text/csv"}}),
        "GET /v1/senders/timeliness": Ask(guarded='"sender":'),
        "GET /v1/completeness/{period}": Ask(**quarter),
        "POST /v1/publications/{quarter}": Ask(**quarter),
        "GET /v1/publications": Ask(guarded='"published_by":"supervisor"'),
        "GET /v1/publications/{quarter}/{number}/differences": Ask(**quarter, guarded='"published_by":"supervisor"'),
        "GET /v1/reports/{quarter}": Ask(**quarter, guarded=municipality),
    }


async def test_figures_are_for_teams_and_the_supervisor(stack: Stack, municipality: str, tmp_path: Path) -> None:
    """Every page of the indicators API; nothing of another municipality, and of another team nothing by name."""
    lines, roles = lines_of(INDICATORS), Roles(municipality=municipality, elsewhere=new_municipality())
    settings = settings_of(stack, tmp_path).model_copy(update={"indicators_dsn": stack.dsn("indicators")})
    pool = await open_pool(settings.database("indicators"), "test", all_municipalities=True)
    await IndicatorsProcessor().prepare(pool)
    told = figures.village(municipality) + figures.village(municipality, team="zuid")
    await figures.fold(pool, figures.records(told_layers(told, figures.TABLE, None)))
    await pool.close()
    app = indicators_api(settings, lambda: figures.NOON, nothing)

    async with asking(app) as client:
        asks, header = figure_asks(municipality), {"Authorization": f"Bearer {roles.token('supervisor')}"}
        put = asks["PUT /v1/reference/{kind}"].sent
        assert isinstance(put, Mapping)
        sent = {**put, "headers": {**put["headers"], **header}}
        (await client.put("/v1/reference/population", **sent)).raise_for_status()
        (await client.post("/v1/publications/2024Q1", headers=header)).raise_for_status()
        found = await differing(client, roles, lines, asks)

    assert without_line(app, lines) == set()
    assert "\n".join(found) == ""


async def nothing() -> None:
    """No gauges beside the pages, for as long as they are there."""
    await asyncio.Event().wait()


async def test_only_senders_state_and_for_their_own_source(stack: Stack) -> None:
    """Municipality and sources come from the token: another's are refused, whoever it is."""
    lines, world = lines_of(INDICATION), world_of(stack)
    roles = Roles(municipality="0153", elsewhere="0164", source=CHAIN)
    event = {**json.loads((EXAMPLES / "nl.jeugdzorg.indication.started.v1.json").read_text()), "source": f"{CHAIN}:1"}

    def stated() -> dict[str, Any]:
        event["data"]["bsn"] = new_bsn()
        return {"json": {**event, "id": new_name()}}

    def delivered() -> dict[str, Any]:
        return {"content": ijw.jw305(ijw.started_product(new_number()), bsn=new_bsn(), identification=new_name())}

    def corrected() -> dict[str, str]:
        return {"bsn": new_bsn(), "correct_bsn": new_bsn(), "reason": "De ouders lieten het zien."}

    settings = world.settings()
    app = make_app(token_gate(settings.token()), settings.http(), partial(opened, settings))

    async with asking(app) as client:
        nobodys: dict[str, object] = {"number": 10**15, "youth": "0" * 32, "digest": "0" * 64}
        asks = {line.name: Ask(made=lambda: nobodys) for line in lines if "{" in line.path} | {
            "POST /v1/events": Ask(sent=stated),
            "POST /v1/ijw": Ask(sent=delivered),
            "POST /v1/refusals/{number}/handled": Ask(sent={"json": {"outcome": "withdrawn"}}, made=lambda: nobodys),
            "POST /v1/youths/{youth}/identity": Ask(
                sent={"json": {"reason": "Inzageverzoek van de ouders."}}, made=lambda: nobodys
            ),
            "POST /v1/identity-corrections": Ask(sent=lambda: {"json": corrected()}),
        }
        found = await differing(client, roles, lines, asks)

    assert without_line(app, lines) == set()
    assert "\n".join(found) == ""
