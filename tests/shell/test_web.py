"""The HTTP door: closed by default, limited, and silent about what was sent."""

from __future__ import annotations

import asyncio
import io
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import Depends, FastAPI, Request
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.routing import Route

from tests.tokens import Issuer
from youthcare.runtime.health import OPEN_PATHS
from youthcare.runtime.logs import configure_logging
from youthcare.runtime.problems import SECURITY_HEADERS
from youthcare.runtime.processing import Unavailable
from youthcare.runtime.security import Principal, principal, require, token_gate
from youthcare.runtime.settings import HttpSettings
from youthcare.runtime.web import create_app

LIMIT = 10_000
BSN = "999990019"


class Posted(BaseModel):
    """A body that must have a number."""

    number: int


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def log() -> io.StringIO:
    """All that is logged."""
    lines = io.StringIO()
    configure_logging("test", "debug", lines)
    return lines


@pytest.fixture
def app(issuer: Issuer, tmp_path: Path, log: io.StringIO) -> FastAPI:
    """An app with a few routes, one of them forgotten by its author."""
    return build(issuer, tmp_path)


def build(issuer: Issuer, folder: Path, *, open_documentation: bool = False) -> FastAPI:
    """An app with the given settings."""
    http = HttpSettings(host="127.0.0.1", port=0, open_documentation=open_documentation, body_bytes_max=LIMIT)
    away: list[str] = []

    async def problems() -> list[str]:
        return away

    app = create_app("Test", gate=token_gate(issuer.settings(folder)), http=http, problems=problems)
    app.state.away = away

    @app.get("/v1/youths/{youth}/trajectory")
    async def trajectory(youth: str, bearer: Principal = Depends(principal)) -> dict[str, str]:  # noqa: B008
        require(bearer.is_supervisor())
        return {"youth": youth, "municipality": bearer.municipality}

    @app.get("/v1/forgotten")
    async def forgotten() -> dict[str, str]:
        return {"secret": "told"}

    @app.post("/v1/numbers")
    async def numbers(posted: Posted) -> dict[str, int]:
        return {"number": posted.number}

    @app.post("/v1/raw")
    async def raw(request: Request) -> dict[str, int]:
        return {"length": len(await request.body())}

    @app.get("/v1/broken")
    async def broken() -> None:
        raise RuntimeError(f"about {BSN}")

    @app.get("/v1/away")
    async def away_now() -> None:
        raise Unavailable("PostgreSQL is away")

    return app


def client_of(app: FastAPI) -> httpx.AsyncClient:
    """A client that speaks to the app without a network."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://test")


async def test_every_route_but_health_and_metrics_rejects_a_missing_token(app: FastAPI) -> None:
    """Default deny, walked over all routes that there are, the OpenAPI document and unknown paths among them."""
    routes = [route for route in app.routes if isinstance(route, Route)]
    assert len(routes) == len(app.routes), "a kind of route that this test does not walk"
    walked = [(method, route.path) for route in routes for method in route.methods or {"GET"}]
    walked += [("GET", "/"), ("GET", "/nothing-here"), ("POST", "/docs"), ("OPTIONS", "/v1/raw")]
    async with client_of(app) as client:
        for method, path in walked:
            answer = await client.request(method, path.replace("{youth}", "someone"))
            if path in OPEN_PATHS:
                assert answer.status_code == 200, path
            else:
                assert answer.status_code == 401, path
                assert answer.headers["www-authenticate"] == "Bearer"
                assert answer.headers["content-type"] == "application/problem+json"

    assert sum(isinstance(route, APIRoute) for route in app.routes) == 6
    assert {path for _method, path in walked} >= OPEN_PATHS


async def test_the_openapi_document_is_open_only_when_the_settings_say_so(issuer: Issuer, tmp_path: Path) -> None:
    """`HTTP_OPEN_DOCUMENTATION` opens the document and nothing else."""
    async with client_of(build(issuer, tmp_path, open_documentation=True)) as client:
        assert (await client.get("/openapi.json")).status_code == 200
        assert (await client.get("/v1/forgotten")).status_code == 401


async def test_a_token_opens_what_its_roles_allow(app: FastAPI, issuer: Issuer) -> None:
    """Without the role: 403 with a challenge; with it: the answer, inside the token's municipality."""
    async with client_of(app) as client:
        denied = await client.get("/v1/youths/y/trajectory", headers=issuer.header("team:noord"))
        allowed = await client.get("/v1/youths/y/trajectory", headers=issuer.header("supervisor", municipality="0141"))

    assert denied.status_code == 403
    assert denied.headers["www-authenticate"] == 'Bearer error="insufficient_scope"'
    assert denied.json()["title"] == "Forbidden"
    assert allowed.json() == {"youth": "y", "municipality": "0141"}


async def test_a_bad_token_is_told_so_and_nothing_more(app: FastAPI) -> None:
    """401 with `invalid_token`; not which check failed."""
    async with client_of(app) as client:
        answer = await client.get("/v1/forgotten", headers={"Authorization": "Bearer a.b.c"})

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'


async def test_a_validation_error_names_the_field_and_repeats_no_value(app: FastAPI, issuer: Issuer) -> None:
    """A wrong value may be a BSN: neither the value nor an unknown field's digits come back."""
    async with client_of(app) as client:
        wrong = await client.post("/v1/numbers", json={"number": f"x{BSN}"}, headers=issuer.header())
        unreadable = await client.post("/v1/numbers", content=f"{{{BSN}", headers=issuer.header())

    assert wrong.status_code == unreadable.status_code == 422
    assert wrong.headers["content-type"] == "application/problem+json"
    assert wrong.json()["errors"] == [{"field": "body.number", "code": "int_parsing"}]
    assert BSN not in wrong.text + unreadable.text


async def test_an_error_of_ours_tells_nothing_outside_and_its_place_inside(
    app: FastAPI, issuer: Issuer, log: io.StringIO
) -> None:
    """500 without a text; the log has the type and the place and not what the exception said."""
    async with client_of(app) as client:
        answer = await client.get("/v1/broken", headers=issuer.header())

    assert answer.status_code == 500
    assert BSN not in answer.text + log.getvalue()
    assert "RuntimeError" not in answer.text
    assert any(json.loads(line).get("error_type") == "RuntimeError" for line in log.getvalue().splitlines())


async def test_an_outage_is_a_503_that_says_when_to_try_again(app: FastAPI, issuer: Issuer) -> None:
    """`Unavailable` is nobody's fault: the sender may simply send again."""
    async with client_of(app) as client:
        answer = await client.get("/v1/away", headers=issuer.header())

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


async def test_readiness_tells_what_is_in_the_way(app: FastAPI) -> None:
    """200 when nothing is, else 503 with the reasons."""
    async with client_of(app) as client:
        before = await client.get("/health/ready")
        app.state.away.append("Kafka does not answer")
        after = await client.get("/health/ready")

    assert (before.status_code, before.json()) == (200, {"status": "ready", "problems": []})
    assert (after.status_code, after.json()["problems"]) == (503, ["Kafka does not answer"])


async def test_metrics_are_rendered_without_a_token(app: FastAPI) -> None:
    """Prometheus has no token; the page holds counts only."""
    async with client_of(app) as client:
        answer = await client.get("/metrics")

    # The counts of this process: other tests may have refused something before.
    assert re.search(r'^youthcare_refusals_total\{reason="bsn-invalid"\} \d', answer.text, re.MULTILINE)


async def test_security_headers_stand_on_every_answer(app: FastAPI, issuer: Issuer) -> None:
    """Also on refusals and on errors."""
    async with client_of(app) as client:
        answers = [
            await client.get("/health/live"),
            await client.get("/v1/forgotten"),
            await client.get("/v1/forgotten", headers=issuer.header()),
            await client.get("/nothing", headers=issuer.header()),
            await client.get("/v1/youths/y/trajectory", headers=issuer.header()),
            await client.delete("/v1/raw", headers=issuer.header()),
            await client.post("/v1/numbers", json={"number": "x"}, headers=issuer.header()),
            await client.post("/v1/raw", content=b"x" * (LIMIT + 1), headers=issuer.header()),
            await client.get("/v1/away", headers=issuer.header()),
            await client.get("/v1/broken", headers=issuer.header()),
        ]

    statuses = [answer.status_code for answer in answers]
    assert statuses == [200, 401, 200, 404, 403, 405, 422, 413, 503, 500]
    for answer in answers:
        for name, value in SECURITY_HEADERS.items():
            assert answer.headers[name] == value


async def test_a_request_line_has_the_route_and_not_the_youth(app: FastAPI, issuer: Issuer, log: io.StringIO) -> None:
    """No path parameter and no query string reaches the log."""
    async with client_of(app) as client:
        await client.get("/v1/youths/abc123/trajectory?on=2024-01-01", headers=issuer.header("supervisor"))

    assert "/v1/youths/{youth}/trajectory" in log.getvalue()
    assert "abc123" not in log.getvalue()
    assert "2024-01-01" not in log.getvalue()


async def test_a_body_that_says_it_is_too_large_is_refused_unread(app: FastAPI, issuer: Issuer) -> None:
    """The stated length is enough: nothing is read."""
    reads = 0

    async def receive() -> dict[str, Any]:
        nonlocal reads
        reads += 1
        return {"type": "http.request", "body": b"x", "more_body": True}

    status = await spoken(app, issuer, receive, [(b"content-length", str(LIMIT + 1).encode())])

    assert (status, reads) == (413, 0)


async def test_a_body_that_lies_about_its_size_is_cut_off(app: FastAPI, issuer: Issuer) -> None:
    """A body without a stated length is refused when the limit is passed, not after all of it was read."""
    reads = 0

    async def receive() -> dict[str, Any]:
        nonlocal reads
        reads += 1
        assert reads < 100, "the whole of an endless body would be read"
        return {"type": "http.request", "body": b"x" * 1000, "more_body": True}

    status = await spoken(app, issuer, receive, [])

    assert (status, reads) == (413, LIMIT // 1000 + 1)


async def test_a_body_at_the_limit_passes(app: FastAPI, issuer: Issuer) -> None:
    """The limit itself is allowed, stated or streamed."""

    async def streamed() -> AsyncIterator[bytes]:
        yield b"x" * LIMIT

    async with client_of(app) as client:
        stated = await client.post("/v1/raw", content=b"x" * LIMIT, headers=issuer.header())
        chunked = await client.post("/v1/raw", content=streamed(), headers=issuer.header())

    assert stated.json() == chunked.json() == {"length": LIMIT}


async def spoken(app: FastAPI, issuer: Issuer, receive: Any, headers: list[tuple[bytes, bytes]]) -> int:
    """The status of a POST to /v1/raw, spoken in ASGI so that each read of the body can be counted."""
    authorization = (b"authorization", issuer.header()["Authorization"].encode())
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "path": "/v1/raw",
        "raw_path": b"/v1/raw",
        "query_string": b"",
        "headers": [authorization, *headers],
    }
    statuses: list[int] = []

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await asyncio.wait_for(app(scope, receive, send), timeout=10)
    return statuses[0]
