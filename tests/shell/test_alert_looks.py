"""Looks at alerts: the list, a card, an act and the stream each leave their lines, and the log answers who looked."""

# ruff: noqa: F811 - pytest finds fixtures by the names of arguments
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.builders import YOUTH
from tests.deliveries import tell
from tests.looks import keys_of, lines_of, youths_in
from tests.shell.test_alert_stream import address, environment, heard, listening  # noqa: F401 - fixtures
from tests.shell.test_alert_stream import pool as stream_pool  # noqa: F401
from tests.shell.test_alerts_service import care, door, fold, pool, records, settings, told_facts  # noqa: F401
from tests.tokens import Issuer
from youthcare.runtime.local.stack import Stack
from youthcare.runtime.postgres import Pool
from youthcare.runtime.settings import Settings

YOUTHS = tuple(f"youth-{number}" for number in range(3))
Door = httpx.AsyncClient


def header(municipality: str, *roles: str) -> dict[str, str]:
    """The header of somebody of a municipality."""
    return Issuer().header(*roles, municipality=municipality)


@pytest.fixture
async def overlong(pool: Pool, municipality: str) -> None:
    """Three youths of team noord, each with an open alert, and one of team west."""
    for youth, team in (*((each, "noord") for each in YOUTHS), ("youth-west", "west")):
        await fold(pool, records(told_facts(care(municipality, youth, team))))


async def answer(client: Door, path: str, given: dict[str, str], **query: Any) -> Any:
    """The content of an answer that is right."""
    found = await client.get(path, headers=given, params=query)
    assert found.status_code == 200, found.text
    return found.json() if path.startswith("/v1/") else found.text


@pytest.mark.usefixtures("overlong")
async def test_a_page_of_the_list_is_one_operation_with_a_line_below_it_for_each_youth(
    settings: Settings,
    stack: Stack,
    municipality: str,
    tmp_path: Path,
) -> None:
    """On the page and at the door alike: whom the bearer sees, and nobody else, each once."""
    async with door(settings) as client:
        for path in ("/v1/alerts", "/"):
            await answer(client, path, header(municipality, "team:noord"))

    lines = await lines_of(stack, municipality)
    for operation in (lines[:4], lines[4:]):
        assert [name for name, _ in youths_in(operation, keys_of(tmp_path, municipality))] == ["alerts.list"] * 4
        assert operation[0].data_subject_id is None
        assert {youth for _, youth in youths_in(operation[1:], keys_of(tmp_path, municipality))} == set(YOUTHS)
        assert {each.parent_span_id for each in operation[1:]} == {operation[0].span_id}
        assert {each.trace_id for each in operation} == {operation[0].trace_id}
        assert len({each.span_id for each in operation}) == 4
    assert len(lines) == 8


@pytest.mark.usefixtures("overlong")
async def test_a_card_a_part_of_it_and_an_act_are_looks_at_its_youth(
    settings: Settings,
    stack: Stack,
    municipality: str,
    tmp_path: Path,
) -> None:
    """Whatever door shows something of one alert; a number that is not to be seen leaves nothing."""
    north, part = header(municipality, "team:noord"), {"HX-Request": "true"}
    async with door(settings) as client:
        number = (await answer(client, "/v1/alerts", north, state="open"))["alerts"][0]["number"]
        before = len(await lines_of(stack, municipality))
        for path in (f"/v1/alerts/{number}", f"/meldingen/{number}", f"/meldingen/{number}/stand"):
            await answer(client, path, north | (part if path.endswith("stand") else {}))
        for path in (f"/meldingen/{number}/regel", f"/meldingen/{number}/handelingen"):
            await answer(client, path, north | part)
        done = await client.post(f"/v1/alerts/{number}/acknowledgement", headers=north)
        hidden = await client.get(f"/v1/alerts/{number}", headers=header(municipality, "team:oost"))
        lines = youths_in((await lines_of(stack, municipality))[before:], keys_of(tmp_path, municipality))

    assert (done.status_code, hidden.status_code) == (200, 404)
    youth = done.json()["youth"]
    assert lines == [*[("alerts.view", youth)] * 5, ("alerts.act", youth)]


async def test_without_a_line_nothing_is_shown_and_nothing_is_done(pool: Pool, settings: Settings) -> None:
    """A municipality whose log has no keys: 503 everywhere, and the alert stays as it was."""
    closed = "8801"
    await fold(pool, records(told_facts(care(closed))))
    number = await pool.fetchval("select number from alert where municipality = $1 and state = 'open'", closed)
    async with door(settings) as client:
        north = header(closed, "team:noord")
        for path in ("/v1/alerts", "/", f"/v1/alerts/{number}", f"/meldingen/{number}"):
            refused = await client.get(path, headers=north)
            assert refused.status_code == 503
            assert "dagen" not in refused.text
        done = await client.post(f"/v1/alerts/{number}/acknowledgement", headers=north)

    assert done.status_code == 503
    state = await pool.fetchval("select state from alert where municipality = $1 and number = $2", closed, number)
    assert state == "open"


@pytest.mark.usefixtures("overlong")
async def test_the_log_says_who_looked_at_a_child_and_keeps_who_asked(
    settings: Settings,
    municipality: str,
) -> None:
    """For supervisor and privacy officer; the newest first, a page at a time, of this child alone."""
    path = f"/v1/youths/{YOUTHS[0]}/access-log"
    officer = header(municipality, "privacy-officer")
    async with door(settings) as client:
        await answer(client, "/v1/alerts", header(municipality, "team:noord"))
        await answer(client, "/v1/alerts", header(municipality, "team:west"))
        first = await answer(client, path, officer)
        second = await answer(client, path, header(municipality, "supervisor"))
        page = await answer(client, path, officer, limit=1)
        rest = await answer(client, path, officer, limit=10, before=page["next"])
        elsewhere = await answer(client, path, header("0164", "privacy-officer"))
        refused = await client.get(path, headers=header(municipality, "team:noord"))
        nobody = await answer(client, f"/v1/youths/{'x' * 32}/access-log", officer)

    assert refused.status_code == 403
    (look,) = first["looks"]
    assert (look["who"], look["roles"], look["operation"]) == ("someone", ["team:noord"], "alerts.list")
    assert look["service"] == "alerts"
    assert "Signaleren" in look["purpose"]
    assert [(each["operation"], each["roles"]) for each in second["looks"]] == [
        ("access-log.view", ["privacy-officer"]),
        ("alerts.list", ["team:noord"]),
    ]
    assert [each["roles"] for each in page["looks"]] == [["supervisor"]]
    assert [each["number"] for each in rest["looks"]] == [each["number"] for each in second["looks"]]
    assert not any(each["roles"] == ["team:noord"] for each in elsewhere["looks"])
    assert nobody["looks"] == []


async def test_a_bsn_in_the_place_of_a_youth_is_not_written_into_the_log(
    stack: Stack, settings: Settings, municipality: str
) -> None:
    """The log is only added to, so what somebody mistook for a youth would stand there for good."""
    async with door(settings) as client:
        asked = await client.get("/v1/youths/123456782/access-log", headers=header(municipality, "privacy-officer"))

    assert asked.status_code == 422
    assert "123456782" not in asked.text
    assert await lines_of(stack, municipality) == []


async def test_what_names_a_youth_on_the_stream_is_logged_before_it_is_sent(
    stack: Stack,
    stream_pool: Pool,
    address: str,
    municipality: str,
    tmp_path: Path,
) -> None:
    """Once per page of events, for who hears it."""
    async with listening(address, header(municipality, "team:noord")) as stream:
        await anext(stream)
        assert await lines_of(stack, municipality) == []
        await tell(stream_pool, municipality, "team:noord", 1)
        await heard(stream, 1)

        (line,) = await lines_of(stack, municipality)

    assert youths_in([line], keys_of(tmp_path, municipality)) == [("alerts.stream", YOUTH)]
