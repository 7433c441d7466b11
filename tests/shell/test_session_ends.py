"""When a session has ended, or too much was asked: a page in Dutch, and nothing that somebody wrote is lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from services.alerts.api import api
from tests.looks import key_file
from tests.tokens import Issuer
from youthcare.runtime.browsing import form_token_of
from youthcare.runtime.settings import Settings

NOTE = "Gebeld met de <school>; morgen terugbellen.\nEn nog een regel."
LIMIT = 3


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Of an app whose database nobody gets to."""
    token = Issuer().settings(tmp_path)
    return Settings.from_env(
        {
            "ALERTS_DSN": "postgresql://alerts@127.0.0.1:9/nothing",
            "HTTP_PORT": "0",
            "JWKS_FILE": str(token.jwks_file),
            "TOKEN_ISSUER": token.issuer,
            "TOKEN_AUDIENCE": token.audience,
            "ACCESS_LOG_KEYS_FILE": key_file(tmp_path),
            "HTTP_REQUESTS_PER_MINUTE": str(LIMIT),
            "HTTP_ATTEMPTS_PER_MINUTE": str(LIMIT),
        }
    )


def door(settings: Settings) -> httpx.AsyncClient:
    """The pages, of which none is opened: whoever comes is refused before."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(api(settings)), base_url="https://inbox.test")


def with_cookie(token: str, **more: str) -> dict[str, str]:
    """The headers of a browser that holds a token."""
    return {"Cookie": f"__Host-trajectwacht={token}", **more}


def ended() -> str:
    """The token of a session that is over."""
    return Issuer().token(roles=["team:noord"], exp=1_700_000_000)


@pytest.mark.parametrize(
    ("path", "written", "shown", "back"),
    [
        (
            "/meldingen/5/notitie",
            {"note": NOTE},
            ["Gebeld met de &lt;school&gt;;", "En nog een regel."],
            "/meldingen/5",
        ),
        ("/meldingen/5/afsluiten", {"note": NOTE, "outcome": "acted"}, ["Toelichting of notitie"], "/meldingen/5"),
        ("/noodinzage", {"dossier": "Z-1", "reden": "Overleg"}, ["Z-1", "Overleg", "Dossiernummer"], "/noodinzage"),
        ("/normen/proef", {"reason": "Beproefd", "number": "3"}, ["Beproefd"], "/normen"),
    ],
)
async def test_what_was_written_while_the_session_ended_is_shown_once_more(
    settings: Settings, path: str, written: dict[str, str], shown: list[str], back: str
) -> None:
    """A page in Dutch with the texts, escaped, and the way to sign in and back; it is kept nowhere."""
    token = ended()
    fields = {**written, "form_token": form_token_of(token)}
    async with door(settings) as client:
        answer = await client.post(path, data=fields, headers=with_cookie(token))
        part = await client.post(path, data=fields, headers=with_cookie(token, **{"HX-Request": "true"}))

    assert (answer.status_code, answer.headers["cache-control"]) == (401, "no-store")
    assert "Uw sessie is verlopen" in answer.text
    assert [text for text in shown if text not in answer.text] == []
    assert "<school>" not in answer.text
    assert fields["form_token"] not in answer.text
    assert f'href="/aanmelden?naar={back}"' in answer.text
    assert (part.text, part.headers["hx-retarget"]) == (answer.text, "#inhoud")


@pytest.mark.parametrize(
    ("headers", "content"),
    [
        ({}, b"note=tekst"),
        (with_cookie(ended()), b"outcome=acted"),
        (with_cookie(ended()), b"note=+++"),
        (with_cookie(ended()), b"note=" + b"x" * 60_000),
        (with_cookie(ended()), b"note=%ff"),
        (with_cookie(ended()), b"note=\xff"),
    ],
)
async def test_who_wrote_nothing_or_had_no_session_is_led_to_sign_in(
    settings: Settings, headers: dict[str, str], content: bytes
) -> None:
    """A form of another site brings no cookie, so nothing of it is ever shown; nor what no form of ours could hold."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    async with door(settings) as client:
        answer = await client.post("/meldingen/5/notitie", content=content, headers=headers | form)

    assert (answer.status_code, answer.headers["location"]) == (303, "/aanmelden")


async def test_too_much_is_a_page_to_a_browser_and_a_document_to_a_program(settings: Settings) -> None:
    """With when to try again, for who is signed in and for who tries to."""
    token = Issuer().token(roles=["nothing"])
    program = {"Authorization": f"Bearer {token}"}
    async with door(settings) as client:
        looked = [await client.get("/toegankelijkheid") for _ in range(2 * LIMIT)]
        asked = [await client.get("/v1/alerts", headers=program) for _ in range(LIMIT)]
        page, document = (
            await client.get("/", headers=with_cookie(token)),
            await client.get("/v1/alerts", headers=program),
        )
        tried = [await client.post("/aanmelden", data={"token": "wrong"}) for _ in range(LIMIT)]
        too_often = await client.post("/aanmelden", data={"token": "wrong"})

    assert {each.status_code for each in looked} == {200}
    assert {each.status_code for each in asked} == {403}
    assert {each.status_code for each in tried} == {401}
    assert is_page(page)
    assert is_page(too_often)
    assert (document.status_code, document.headers["content-type"]) == (429, "application/problem+json")


def is_page(answer: Any) -> bool:
    """Whether it is the page in Dutch, with when to try again and the headers of every page."""
    return (
        answer.status_code == 429
        and answer.headers["content-type"].startswith("text/html")
        and "Wacht een minuut" in answer.text
        and int(answer.headers["retry-after"]) > 0
        and "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    )
