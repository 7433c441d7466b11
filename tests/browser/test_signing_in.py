"""Signing in at an issuer: in a real browser over two sites, and each way in which it must be refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fastapi import FastAPI
from playwright.sync_api import expect

from services.alerts.api import api
from tests.browser.test_inbox_page import faults, statements
from tests.chromium import browser
from tests.inbox import NOON, asked, facts_of, fold, settings_of, visit
from tests.openid_issuer import CLIENT, TestIssuer, running, serving
from tests.stack import new_municipality
from youthcare.runtime.local.stack import Stack
from youthcare.runtime.openid import new_flow
from youthcare.runtime.settings import Settings

SECRET = "a secret & of + this client"
BACK = "/aanmelden/terug"


def at_issuer(settings: Settings, issuer: TestIssuer, port: int, **more: str) -> Settings:
    """The settings by which people sign in at an issuer, whose keys are read from it."""
    issuer.redirect_url = f"http://127.0.0.1:{port}{BACK}"
    given = {
        "jwks_file": None,
        "token_issuer": issuer.address,
        "oidc_issuer": issuer.address,
        "oidc_client_id": CLIENT,
        "oidc_redirect_url": issuer.redirect_url,
        **more,
    }
    return settings.model_copy(update=given)


@pytest.fixture(scope="module")
def settings(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return settings_of(stack, tmp_path_factory.mktemp("signing-in"))


@pytest.fixture(scope="module")
def municipality(settings: Settings) -> str:
    """A municipality with one youth of team noord."""
    found = new_municipality()
    fold(settings, [facts_of(statements(found))])
    return found


@pytest.fixture(scope="module")
def issuer(municipality: str) -> Iterator[TestIssuer]:
    """An issuer at which three people have an account."""
    held = {"anna": ["team:noord"], "sander": ["sender:/0153/x"], "nemo": []}
    people = {name: {"municipality": municipality, "roles": roles} for name, roles in held.items()}
    with running(TestIssuer(people=people, secret=SECRET)) as found:
        yield found


@pytest.fixture(scope="module")
def address(settings: Settings, issuer: TestIssuer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The inbox over HTTP."""
    file = tmp_path_factory.mktemp("secret") / "client-secret"
    file.write_text(SECRET + "\n")

    def made(port: int) -> FastAPI:
        return api(at_issuer(settings, issuer, port, oidc_client_secret_file=str(file)), lambda: NOON)

    with serving(made) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(autouse=True)
def _well_behaved(issuer: TestIssuer) -> None:
    """Each test begins with an issuer that does nothing wrong."""
    issuer.wrong.clear()
    issuer.refused.clear()


@dataclass(slots=True)
class Attempt:
    """One browser without a window that has begun to sign in, and what it asked of the issuer."""

    client: httpx.Client
    asked: Mapping[str, str]

    def back(self, **answered: str) -> httpx.Response:
        """Come back from the issuer with an answer."""
        return self.client.get(BACK, params=answered)


@contextmanager
def begun(address: str, naar: str = "/") -> Iterator[Attempt]:
    """An attempt that stands at the issuer's door."""
    with httpx.Client(base_url=address) as client:
        led = client.get("/aanmelden/begin", params={"naar": naar})
        query = parse_qs(urlsplit(led.headers["location"]).query)
        yield Attempt(client, {name: values[0] for name, values in query.items()})


def answered(issuer: TestIssuer, attempt: Attempt, name: str = "anna") -> dict[str, str]:
    """What the issuer sends somebody back with who has an account."""
    code = issuer.code_for(attempt.asked, name)
    return {"state": attempt.asked["state"], "code": code, "iss": issuer.address}


def is_refused(answer: httpx.Response) -> bool:
    """Whether nobody came in: a page that does not tell why, and no cookie but the one that is taken away."""
    kept = [each for each in answer.headers.get_list("set-cookie") if "Max-Age=0" not in each]
    return answer.status_code == 401 and "Aanmelden is niet gelukt" in answer.text and kept == []


def test_somebody_signs_in_at_the_issuer_and_out_again(
    address: str, issuer: TestIssuer, settings: Settings, municipality: str
) -> None:
    """From a link to an alert, over another site, back to that alert; out here, and out there."""
    [row] = asked(settings, "select number from alert where municipality = $1 and anchor = 'R-1'", municipality)
    card = f"{address}/meldingen/{row['number']}"
    with browser() as chromium, visit(chromium, address, None) as seen:
        page = seen.to(f"/meldingen/{row['number']}")
        expect(page).to_have_title("Wie bent u")
        page.fill("input[name=name]", "anna")
        page.click("button")
        expect(page).to_have_url(card)
        cookies = {each["name"]: each for each in seen.context.cookies(address)}
        assert list(cookies) == ["trajectwacht"]
        assert (cookies["trajectwacht"]["httpOnly"], cookies["trajectwacht"]["sameSite"]) == (True, "Lax")

        page.get_by_role("button", name="Afmelden").click()
        expect(page).to_have_url(f"{address}/afgemeld")
        assert faults(page) == []
        assert seen.context.cookies(address) == []
        page.get_by_role("link", name="Ook afmelden bij uw organisatie").click()
        expect(page).to_have_url(f"{address}/afgemeld")
        assert issuer.signed_out == [f"{address}/afgemeld"]

        page.goto(f"{address}/aanmelden?naar=/nut")
        assert faults(page) == []
        assert page.locator("textarea").count() == 0
        page.get_by_role("link", name="Aanmelden met uw werkaccount").click()
        page.fill("input[name=name]", "nemo")
        page.click("button")
        expect(page.get_by_role("status")).to_contain_text("Aanmelden is niet gelukt")
        assert seen.context.cookies(address) == []
        assert not [words for words in seen.complaints if "401" not in words]


def test_the_issuer_is_asked_with_all_that_guards_a_flow(address: str, issuer: TestIssuer) -> None:
    """Code flow, PKCE by S256, state and nonce, and nothing of the secret behind them."""
    with begun(address) as attempt:
        kept = attempt.client.cookies
        secret = next(iter(kept.values())).partition(".")[0]

    assert attempt.asked["response_type"] == "code"
    assert attempt.asked["code_challenge_method"] == "S256"
    assert len({attempt.asked[name] for name in ("state", "nonce", "code_challenge")}) == 3
    assert attempt.asked["redirect_uri"] == issuer.redirect_url
    assert not [value for value in attempt.asked.values() if secret in value]


def test_two_tabs_may_sign_in_at_once(address: str, issuer: TestIssuer) -> None:
    """Each flow has a cookie of its own, and is gone when it has ended."""
    with begun(address, "/nieuws") as one:
        led = one.client.get("/aanmelden/begin")
        query = parse_qs(urlsplit(led.headers["location"]).query)
        two = Attempt(one.client, {name: values[0] for name, values in query.items()})

        first, second = one.back(**answered(issuer, one)), two.back(**answered(issuer, two))

        assert (first.status_code, first.headers["location"]) == (303, "/nieuws")
        assert (second.status_code, second.headers["location"]) == (303, "/")
        assert list(one.client.cookies) == ["trajectwacht"]


@pytest.mark.parametrize("state", ["", "0" * 64, "é; Path=/"])
def test_a_wrong_state_is_refused(address: str, issuer: TestIssuer, state: str) -> None:
    """An answer that this browser did not ask for; the issuer is not even asked."""
    with begun(address) as attempt:
        answer = attempt.back(**(answered(issuer, attempt) | {"state": state}))

    assert is_refused(answer)
    assert issuer.refused == []


def test_the_state_of_another_browser_is_refused(address: str, issuer: TestIssuer) -> None:
    """A link with a code of the attacker's own signs nobody in as the attacker."""
    with begun(address) as attacker, begun(address) as victim:
        answer = victim.back(**answered(issuer, attacker))

    assert is_refused(answer)
    assert issuer.refused == []


def test_a_flow_that_another_put_into_the_browser_opens_nothing_more(address: str, issuer: TestIssuer) -> None:
    """State, nonce and verifier hang together: part of one flow with part of another is refused."""
    with begun(address) as attempt:
        name = f"trajectwacht-{attempt.asked['state'][:8]}"
        attempt.client.cookies.set(name, f"{new_flow('/').secret}.%2F", domain="127.0.0.1", path="/")

        answer = attempt.client.get(BACK, params=answered(issuer, attempt))

    assert is_refused(answer)


@pytest.mark.parametrize(
    "wrong",
    [
        {"id_nonce": "another"},
        {"id_nonce": None},
        {"id_aud": "another-client"},
        {"id_aud": [CLIENT, "another-client"]},
        {"id_azp": "another-client"},
        {"id_iss": "https://elsewhere.test"},
        {"id_exp": 1},
        {"id_sub": "bram"},
        {"access_aud": "another-service"},
        {"access_aud": CLIENT},
        {"access_iss": "https://elsewhere.test"},
        {"access_exp": 1},
        {"access_municipality": None},
        {"access_sub": "bram"},
    ],
    ids=str,
)
def test_a_token_that_is_not_of_this_flow_is_refused(address: str, issuer: TestIssuer, wrong: dict[str, Any]) -> None:
    """Nonce, audience, authorised party, issuer, end and subject are each checked (OpenID Connect Core §3.1.3.7)."""
    issuer.wrong.update(wrong)

    with begun(address) as attempt:
        answer = attempt.back(**answered(issuer, attempt))

    assert is_refused(answer)


def test_an_identity_token_of_two_audiences_names_us_as_its_party(address: str, issuer: TestIssuer) -> None:
    """With `azp` it counts."""
    issuer.wrong.update({"id_aud": [CLIENT, "another-client"], "id_azp": CLIENT})

    with begun(address) as attempt:
        assert attempt.back(**answered(issuer, attempt)).status_code == 303


def test_a_code_counts_once(address: str, issuer: TestIssuer) -> None:
    """The second time the flow is gone; where its cookie was kept aside the issuer refuses the code."""
    with begun(address) as attempt:
        kept = dict(attempt.client.cookies)
        answer = answered(issuer, attempt)
        assert attempt.back(**answer).status_code == 303

        assert is_refused(attempt.back(**answer))
        assert issuer.refused == []
        again = httpx.get(address + BACK, params=answer, cookies=kept)

    assert is_refused(again)
    assert issuer.refused == ["code"]


def test_a_code_that_was_made_for_another_browser_is_refused(address: str, issuer: TestIssuer) -> None:
    """Code injection: the verifier is that of the browser that brings the code, and the issuer sees it."""
    with begun(address) as victim, begun(address) as attacker:
        stolen = answered(issuer, victim)["code"]
        answer = attacker.back(state=attacker.asked["state"], code=stolen, iss=issuer.address)

    assert is_refused(answer)
    assert issuer.refused == ["verifier"]


@pytest.mark.parametrize(
    "told", [{"iss": "https://elsewhere.test"}, {"iss": ""}, {"error": "access_denied"}, {"code": ""}]
)
def test_an_answer_of_another_issuer_or_of_none_is_refused(
    address: str, issuer: TestIssuer, told: dict[str, str]
) -> None:
    """RFC 9207: an issuer that says who it is must say it is the one that was asked."""
    with begun(address) as attempt:
        answer = attempt.back(**(answered(issuer, attempt) | told))

    assert is_refused(answer)


@pytest.mark.parametrize("name", ["sander", "nemo"])
def test_an_account_without_team_does_not_come_in(address: str, issuer: TestIssuer, name: str) -> None:
    """The token counts, and there is nothing to see with it."""
    with begun(address) as attempt:
        assert is_refused(attempt.back(**answered(issuer, attempt, name)))


@pytest.mark.parametrize("naar", ["https://elders.example", "//elders.example", "/\\elders.example", "/v1/alerts"])
def test_signing_in_leads_nowhere_but_to_a_page_of_ours(address: str, issuer: TestIssuer, naar: str) -> None:
    """No open redirect: neither by the address, nor by a cookie that somebody changed."""
    with begun(address, naar) as attempt:
        led = attempt.back(**answered(issuer, attempt))
    with begun(address) as attempt:
        name, value = next(iter(attempt.client.cookies.items()))
        changed = {name: f"{value.partition('.')[0]}.https%3A//elders.example"}
        changed_led = httpx.get(address + BACK, params=answered(issuer, attempt), cookies=changed)

    assert (led.status_code, led.headers["location"]) == (303, "/")
    assert (changed_led.status_code, changed_led.headers["location"]) == (303, "/")


def test_a_pasted_token_is_not_taken_where_an_issuer_is_named(address: str, issuer: TestIssuer) -> None:
    """One way in."""
    token = issuer.keys.token(iss=issuer.address, **issuer.people["anna"])

    assert httpx.post(f"{address}/aanmelden", data={"token": token}).status_code == 405


def test_tokens_of_the_issuer_open_the_doors_and_its_new_key_is_found(address: str, issuer: TestIssuer) -> None:
    """The key set stands where the discovery document says; no other setting names it."""
    for key in ("ec", "rsa"):
        token = issuer.keys.token(key=key, iss=issuer.address, **issuer.people["anna"])
        answer = httpx.get(f"{address}/v1/alerts", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 200


def test_a_public_client_needs_no_secret_and_an_issuer_that_is_away_is_an_outage(
    settings: Settings, municipality: str
) -> None:
    """PKCE alone guards a client without a secret; a person is told to try again."""
    people = {"anna": {"municipality": municipality, "roles": ["team:noord"]}}
    issuer = TestIssuer(people=people)
    with (
        running(issuer),
        serving(lambda port: api(at_issuer(settings, issuer, port), lambda: NOON)) as port,
        begun(f"http://127.0.0.1:{port}") as attempt,
    ):
        assert attempt.back(**answered(issuer, attempt)).status_code == 303
    issuer.address = "http://127.0.0.1:9"
    with serving(lambda port: api(at_issuer(settings, issuer, port), lambda: NOON)) as port:
        away = httpx.get(f"http://127.0.0.1:{port}/aanmelden/begin")

    assert (away.status_code, away.headers["retry-after"]) == (503, "5")
    assert "Even niet bereikbaar" in away.text
