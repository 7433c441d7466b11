"""Looking beyond one's own team: for a stated reason, for three hours, marked in every line, told to the supervisor."""

# ruff: noqa: F811 - pytest finds fixtures by the names of arguments
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from services.alerts.api import api
from services.alerts.digest import Digest, message
from services.alerts.store.digesting import enter_address, make_digests
from services.trajectory.api import api as trajectory_api
from tests import builders
from tests.builders import YOUTH
from tests.looks import keys_of, lines_of, youths_in
from tests.shell.test_alerts_service import care, fold, pool, records, settings, told_facts  # noqa: F401
from tests.shell.test_trajectory_api import fold as fold_ledger
from tests.tokens import Issuer
from youthcare.runtime.local.stack import Stack
from youthcare.runtime.postgres import Pool, open_pool
from youthcare.runtime.settings import Settings

REASON = "Telefoon van de crisisdienst: wij moeten weten welke zorg er loopt."
NOON = datetime.now(UTC).replace(microsecond=0)


@asynccontextmanager
async def door(settings: Settings, clock: list[datetime]) -> AsyncIterator[httpx.AsyncClient]:
    """The alerts API, whose clock the test moves."""
    app = api(settings, lambda: clock[0])
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://alerts") as client,
    ):
        yield client


def header(municipality: str, *roles: str) -> dict[str, str]:
    """The header of somebody of a municipality."""
    return Issuer().header(*roles, municipality=municipality)


@pytest.fixture
async def foreign(pool: Pool, municipality: str) -> int:
    """The open alert of a youth of team noord, whom its system knows as `case-1`."""
    await fold(pool, records(told_facts(care(municipality))))
    query = "select number from alert where municipality = $1 and state = 'open'"
    number: int = await pool.fetchval(query, municipality)
    return number


async def ask(client: httpx.AsyncClient, given: dict[str, str], **changed: Any) -> httpx.Response:
    """State a reason for the youth of the tests."""
    return await client.post(
        "/v1/break-glass", json={"case_reference": "case-1", "reason": REASON} | changed, headers=given
    )


async def test_a_stated_reason_opens_one_youth_for_three_hours_to_look_and_not_to_act(
    settings: Settings, stack: Stack, municipality: str, foreign: int, tmp_path: Path
) -> None:
    """Before and after: as if it were not there. Asking and looking stand in the chain, with the reason's number."""
    clock, west = [NOON], header(municipality, "team:west")
    paths = (f"/v1/alerts/{foreign}", f"/meldingen/{foreign}", "/v1/break-glass/standing")
    async with door(settings, clock) as client:
        before = await client.get(paths[0], headers=west)
        opened = await ask(client, west)
        clock[0] += timedelta(hours=3, seconds=-1)
        shown = [await client.get(path, headers=west) for path in paths]
        done = await client.post(f"/v1/alerts/{foreign}/acknowledgement", headers=west)
        others = await client.get(paths[0], headers=header(municipality, "team:oost") | {"x": "y"})
        clock[0] += timedelta(seconds=1)
        after = [await client.get(path, headers=west) for path in paths]

    assert (before.status_code, opened.status_code, done.status_code) == (404, 201, 404)
    assert [each.status_code for each in shown] == [200, 200, 200]
    assert others.status_code == 200, "the same person, whatever team the token names"
    assert shown[0].json()["acts"] == []
    assert "In behandeling nemen" not in shown[1].text
    assert {row["number"] for row in shown[2].json()["reasons"][0]["alerts"]} >= {foreign}
    assert [each.status_code for each in after] == [404, 404, 200]
    assert after[2].json() == {"reasons": []}
    lines = await lines_of(stack, municipality)
    names = [name for name, youth in youths_in(lines, keys_of(tmp_path, municipality)) if youth == YOUTH]
    assert names == ["break-glass.ask", "alerts.view", "alerts.view", "alerts.list", "alerts.view"]
    assert {line.break_glass for line in lines} == {opened.json()["number"]} == {1}
    assert (lines[0].purpose, lines[0].actor_roles) == (REASON, "team:west")


async def test_it_opens_the_trajectory_of_that_youth_and_of_no_other(
    settings: Settings, stack: Stack, municipality: str, foreign: int, tmp_path: Path
) -> None:
    """The other service asks the same reasons; the other youth of that team stays closed."""
    own = settings.model_copy(update={"trajectory_dsn": stack.dsn("trajectory")})
    ledgers = await open_pool(own.database("trajectory"), "test", all_municipalities=True)
    for youth in (YOUTH, "other"):
        await fold_ledger(ledgers, builders.registered(id=youth, team="noord", municipality=municipality, youth=youth))
    await ledgers.close()
    app, west = trajectory_api(own), header(municipality, "team:west")
    transport = httpx.ASGITransport(app=app)
    async with (
        door(settings, [datetime.now(UTC)]) as client,
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://trajectory", headers=west) as trajectories,
    ):
        before = await trajectories.get(f"/v1/youths/{YOUTH}/trajectory")
        await ask(client, west)
        after = [await trajectories.get(f"/v1/youths/{youth}/trajectory") for youth in (YOUTH, "other")]

    assert [before.status_code, *(each.status_code for each in after)] == [404, 200, 404]
    assert [(line.name, line.break_glass) for line in await lines_of(stack, municipality)] == [
        ("break-glass.ask", 1),
        ("trajectory.view", 1),
    ]


@pytest.mark.usefixtures("foreign")
async def test_who_may_ask_and_with_what_reason(settings: Settings, stack: Stack, municipality: str) -> None:
    """Somebody of a team, for a youth that is there, with a reason that says something and names no person's number."""
    west = header(municipality, "team:west")
    async with door(settings, [NOON]) as client:
        statuses = [
            (await ask(client, header(municipality, "supervisor"))).status_code,
            (await ask(client, header(municipality, "privacy-officer"))).status_code,
            (await ask(client, west, reason="nodig")).status_code,
            (await ask(client, west, reason=f"{REASON} 123456782")).status_code,
            (await ask(client, west, reason="x" * 501)).status_code,
            (await ask(client, west, case_reference="case-2")).status_code,
            (await ask(client, west, case_reference=None, youth="nobody")).status_code,
            (await client.get("/v1/break-glass/standing", headers=header(municipality))).status_code,
        ]

    assert statuses == [403, 403, 422, 422, 422, 404, 404, 403]
    assert await lines_of(stack, municipality) == []


async def test_the_supervisor_has_the_week_on_the_page_and_at_the_door(
    settings: Settings, municipality: str, foreign: int
) -> None:
    """Who, at whom, why, until when and how often; not what was before the week, and not to others."""
    clock, supervisor = [NOON - timedelta(days=8)], header(municipality, "supervisor")
    west = header(municipality, "team:west")
    async with door(settings, clock) as client:
        await ask(client, west, reason="Een reden van vorige week.")
        clock[0] = NOON
        await ask(client, west)
        await client.get(f"/v1/alerts/{foreign}", headers=west)
        listed = (await client.get("/v1/break-glass", headers=supervisor)).json()["reasons"]
        page = (await client.get("/noodinzage", headers=supervisor)).text
        refused = await client.get("/v1/break-glass", headers=west)

    (stated,) = listed
    assert (stated["number"], stated["youth"], stated["reason"], stated["looks"]) == (2, YOUTH, REASON, 2)
    assert (stated["actor"], stated["roles"], stated["case_reference"]) == ("someone", ["team:west"], "case-1")
    assert REASON in page
    assert "Dossier case-1" in page
    assert "vorige week" not in page
    assert refused.status_code == 403


@pytest.mark.usefixtures("foreign")
async def test_the_page_asks_shows_what_stands_and_says_what_to_mend(settings: Settings, municipality: str) -> None:
    """A form, as everywhere on the pages; what was filled in stays there when it is refused."""
    west = header(municipality, "team:west")
    async with door(settings, [NOON]) as client:
        empty = await client.get("/noodinzage", headers=west)
        wrong = await client.post("/noodinzage", data={"dossier": "case-9", "reden": REASON}, headers=west)
        done = await client.post("/noodinzage", data={"dossier": "case-1", "reden": REASON}, headers=west)
        shown = await client.get("/noodinzage", headers=west)
        foreign_page = await client.get("/noodinzage", headers=header(municipality))

    assert "Open tot" not in empty.text
    assert (wrong.status_code, done.status_code, foreign_page.status_code) == (404, 303, 403)
    assert "geen jeugdige met dit dossiernummer" in wrong.text
    assert REASON in wrong.text
    assert "Dossier case-1" in shown.text
    assert "/meldingen/" in shown.text


async def test_a_reason_is_never_changed_or_made_longer(stack: Stack) -> None:
    """Not by a service, and not beyond three hours by whoever writes it."""
    connection = await asyncpg.connect(stack.dsn("alerts"), server_settings={"app.municipality": "0153"})
    try:
        for forbidden in ("update access_log.break_glass set reason = 'x'", "delete from access_log.break_glass"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(forbidden)
        with pytest.raises(asyncpg.CheckViolationError):
            await connection.execute(
                "select access_log.state_reason('0153', 'x', 'a', '', 'because', now(), now() + interval '4 hours')"
            )
    finally:
        await connection.close()


async def test_the_supervisor_has_one_mail_a_week_that_names_nobody(
    pool: Pool, settings: Settings, municipality: str
) -> None:
    """On Monday, or the first morning after, about the week before; none when nobody looked."""
    monday = datetime(2024, 1, 15, 6, 30, tzinfo=UTC)
    await fold(pool, records(told_facts(care(municipality))))
    async with pool.acquire() as connection:
        given = {"municipality": municipality, "team": "*", "address": "toezicht@example.nl", "actor": "a"}
        await enter_address(connection, **given, now=monday)
        async with door(settings, [monday - timedelta(days=5)]) as client:
            await ask(client, header(municipality, "team:west"))
        made = []
        for days in (-4, 1, 2, 7, 8):
            await make_digests(connection, (monday + timedelta(days=days)).date(), monday + timedelta(days=days))
            query = "select day, alerts from digest where municipality = $1 and team = '*' order by day"
            made.append([tuple(row) for row in await connection.fetch(query, municipality)])

    assert made == [[], *[[(monday.date(), 1)]] * 4]
    digest = Digest(municipality=municipality, team="*", day=monday.date(), address="toezicht@example.nl", alerts=1)
    mail = message(digest, sender="t@example.nl", inbox="https://inbox.example.nl/", now=monday)
    text = mail.get_content()
    assert mail["Subject"] == "Noodinzage van de afgelopen week"
    assert "is 1 keer een jeugdige van een ander team ingezien" in text
    assert "https://inbox.example.nl/noodinzage\n" in text
    assert not any(each in text for each in (YOUTH, "case-1", "someone", REASON))
