"""How much one bearer may ask and how often somebody may try to come in: each is told when to try again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI, Request, Response

from tests.tokens import Issuer
from youthcare.runtime import metrics
from youthcare.runtime.browsing import Browsing
from youthcare.runtime.problems import SECURITY_HEADERS
from youthcare.runtime.rates import Buckets
from youthcare.runtime.security import token_gate
from youthcare.runtime.settings import HttpSettings, RateSettings, Settings
from youthcare.runtime.web import create_app

BEARER, ATTEMPTS = 5, 3


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def app(issuer: Issuer, tmp_path: Path) -> FastAPI:
    """An app with one door and a page to sign in on, which lets in whoever says so."""
    rates = RateSettings(bearer_per_minute=BEARER, attempts_per_minute=ATTEMPTS)
    http = HttpSettings(host="127.0.0.1", port=0, open_documentation=False, body_bytes_max=1000, rates=rates)
    pages = Browsing(
        takes_cookie=lambda path: path == "/",
        open_paths=frozenset({"/sign-in"}),
        sign_in="/sign-in",
        attempts=frozenset({("POST", "/sign-in")}),
    )

    async def problems() -> list[str]:
        return []

    app = create_app("Test", gate=token_gate(issuer.settings(tmp_path)), http=http, problems=problems, browsing=pages)

    @app.get("/v1/door")
    async def door() -> dict[str, str]:
        return {"told": "you"}

    @app.get("/sign-in")
    @app.post("/sign-in")
    async def sign_in(request: Request) -> Response:
        return Response(status_code=200 if await request.body() == b"friend" else 401)

    return app


def client_of(app: FastAPI, address: str = "192.0.2.1") -> httpx.AsyncClient:
    """A client that comes from an address."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app, client=(address, 1)), base_url="http://test")


@contextmanager
def counted(kind: str, times: int) -> Iterator[None]:
    """So many requests were answered 429 for this reason."""
    name, labels = "youthcare_requests_limited_total", {"kind": kind}
    before = metrics.REGISTRY.get_sample_value(name, labels) or 0
    yield
    assert (metrics.REGISTRY.get_sample_value(name, labels) or 0) - before == times


def is_limit(answer: httpx.Response) -> bool:
    """Whether an answer is a limit as it must be told."""
    headers = all(answer.headers[name] == value for name, value in SECURITY_HEADERS.items())
    is_problem = answer.headers["content-type"] == "application/problem+json" and answer.json()["status"] == 429
    return headers and is_problem and 1 <= int(answer.headers["retry-after"]) <= 60


async def test_a_bearer_that_asks_too_much_is_told_when_to_try_again(app: FastAPI, issuer: Issuer) -> None:
    """And nobody else is: neither another subject, nor the same one of another municipality."""
    async with client_of(app) as client:
        mine = issuer.header("team:noord")
        answers = [await client.get("/v1/door", headers=mine) for _ in range(BEARER)]
        with counted("bearer", 1):
            limited = await client.get("/v1/door", headers=issuer.header("team:noord"))
        other = {"Authorization": f"Bearer {issuer.token(sub='another')}"}
        others = [await client.get("/v1/door", headers=each) for each in (other, issuer.header(municipality="0164"))]
        health = await client.get("/health/live")

    assert [answer.status_code for answer in answers] == [200] * BEARER
    assert is_limit(limited)
    assert [answer.status_code for answer in (*others, health)] == [200] * 3


async def test_a_sender_has_one_share_whatever_its_tokens(app: FastAPI, issuer: Issuer) -> None:
    """Limits are per source: a second subject that states for it takes from the same bucket."""
    async with client_of(app) as client:
        answers = [
            await client.get("/v1/door", headers=bearer(issuer, f"subject-{number}", "/0153/wijkteam-noord"))
            for number in range(BEARER + 1)
        ]
        elsewhere = await client.get("/v1/door", headers=bearer(issuer, "subject-0", "/0153/wijkteam-zuid"))

    assert is_limit(answers[-1])
    assert elsewhere.status_code == 200


def bearer(issuer: Issuer, subject: str, source: str) -> dict[str, str]:
    """The header of a subject that states for a source."""
    return {"Authorization": f"Bearer {issuer.token(sub=subject, roles=[f'sender:{source}'])}"}


async def test_wrong_tokens_from_one_address_are_limited_and_right_ones_are_not(app: FastAPI, issuer: Issuer) -> None:
    """Nobody is shut out by a neighbour behind the same address; another address has its own count."""
    wrong = {"Authorization": "Bearer a.b.c"}
    async with client_of(app) as client, client_of(app, "192.0.2.2") as elsewhere:
        answers = [await client.get("/v1/door", headers=wrong) for _ in range(ATTEMPTS)]
        with counted("token", 1):
            limited = await client.get("/v1/door", headers=wrong)
        right, theirs = await client.get("/v1/door", headers=issuer.header()), await elsewhere.get("/v1/door")
        bare = await client.get("/v1/door")

    assert [answer.status_code for answer in answers] == [401] * ATTEMPTS
    assert is_limit(limited)
    assert (right.status_code, theirs.status_code, bare.status_code) == (200, 401, 401)


async def test_failed_attempts_to_sign_in_are_limited_and_good_ones_cost_nothing(app: FastAPI) -> None:
    """A whole municipality may come in from one address; who fails too often waits, and the form stays to be read."""
    async with client_of(app) as client:
        good = [(await client.post("/sign-in", content=b"friend")).status_code for _ in range(3 * ATTEMPTS)]
        failed = [(await client.post("/sign-in", content=b"foe")).status_code for _ in range(ATTEMPTS)]
        with counted("sign-in", 2):
            limited = [await client.post("/sign-in", content=words) for words in (b"foe", b"friend")]
        shown = await client.get("/sign-in")
    async with client_of(app, "192.0.2.2") as elsewhere:
        theirs = await elsewhere.post("/sign-in", content=b"friend")

    assert set(good) == {200}
    assert failed == [401] * ATTEMPTS
    assert all(map(is_limit, limited))
    assert (shown.status_code, theirs.status_code) == (401, 200)


def test_a_bucket_fills_up_evenly_and_never_runs_over() -> None:
    """After the seconds that were told there is one again; after a minute as many as at first, and no more."""
    now = [0.0]
    buckets = Buckets(per_minute=6, clock=lambda: now[0])

    assert [buckets.take("a") for _ in range(8)] == [0] * 6 + [10, 10]
    now[0] = 9.0
    assert buckets.take("a") == 1
    now[0] = 10.0
    assert (buckets.take("a"), buckets.take("a")) == (0, 10)
    now[0] = 10_000.0
    assert [buckets.take("a") for _ in range(7)] == [0] * 6 + [10]
    assert buckets.wait("b") == 0 and buckets.wait("a") == 10


def test_the_counts_take_no_more_room_than_was_set() -> None:
    """Whoever was longest away is forgotten first."""
    buckets = Buckets(per_minute=1, clock=lambda: 0.0, kept_max=2)

    for key in ("a", "b", "a", "c"):
        buckets.take(key)

    assert len(buckets._left) == 2
    assert (buckets.wait("b"), buckets.wait("c")) == (0, 60)


def test_limits_are_on_unless_somebody_raises_them() -> None:
    """What a service takes without a setting."""
    rates = Settings.from_env({"HTTP_PORT": "1"}).http().rates

    assert rates == RateSettings(bearer_per_minute=6000, attempts_per_minute=60)
