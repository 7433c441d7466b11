"""An OpenID Connect issuer on loopback, for tests alone: it asks who one is, and redeems a code once.

It does what the standard asks of an issuer (PKCE, one use of a code, the secret of a confidential client), and what an
issuer must not do when a test says so (`wrong`).
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import html
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, quote_plus, urlencode

import uvicorn
from fastapi import FastAPI, Request, Response
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse

from tests.tokens import AUDIENCE, Issuer

CLIENT = "trajectwacht-inbox"
ASKED = ("client_id", "redirect_uri", "state", "nonce", "code_challenge")


@dataclass(slots=True)
class TestIssuer:
    """Who may sign in (name to claims), and what is done wrong on purpose.

    `wrong` changes claims of the identity token (`id_...`) or of the access token (`access_...`).
    """

    __test__ = False
    people: dict[str, dict[str, Any]]
    secret: str | None = None
    address: str = ""
    redirect_url: str = ""
    keys: Issuer = field(default_factory=Issuer)
    wrong: dict[str, Any] = field(default_factory=dict)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    used: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    signed_out: list[str] = field(default_factory=list)

    def code_for(self, asked: Mapping[str, str], name: str) -> str:
        """A code as this issuer makes it when somebody has signed in."""
        code = secrets.token_urlsafe(16)
        self.codes[code] = {**asked, "name": name}
        return code

    def redeemed(self, form: Mapping[str, str], authorization: str) -> dict[str, Any] | None:
        """The tokens for a code; None when it is refused."""
        code = form.get("code", "")
        asked = self.codes.pop(code, None)
        why = self._refusal(asked, form, authorization)
        if why is not None or asked is None:
            self.refused.append(why or "code")
            return None
        self.used.append(code)
        return {"token_type": "Bearer", "expires_in": 300, **self._tokens(asked)}

    def _refusal(self, asked: Mapping[str, str] | None, form: Mapping[str, str], authorization: str) -> str | None:
        if asked is None:
            return "code"
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != asked["code_challenge"]:
            return "verifier"
        if form.get("redirect_uri") != asked["redirect_uri"]:
            return "redirect"
        # RFC 6749 §2.3.1: each half is encoded as in a form first.
        expected = base64.b64encode(f"{CLIENT}:{quote_plus(self.secret or '')}".encode()).decode()
        if self.secret is not None and authorization != f"Basic {expected}":
            return "secret"
        return None

    def _tokens(self, asked: Mapping[str, str]) -> dict[str, str]:
        identity: dict[str, Any] = {"aud": CLIENT, "nonce": asked["nonce"], "nbf": None, "municipality": None}
        access: dict[str, Any] = {"aud": AUDIENCE, **self.people[asked["name"]]}
        common: dict[str, Any] = {"iss": self.address, "sub": asked["name"], "exp": int(time.time()) + 3600}
        return {
            "id_token": self.keys.token(**(common | identity | {"roles": None} | self._wrong("id_"))),
            "access_token": self.keys.token(**(common | access | self._wrong("access_"))),
        }

    def _wrong(self, kind: str) -> dict[str, Any]:
        return {name.removeprefix(kind): value for name, value in self.wrong.items() if name.startswith(kind)}


def issuer_app(issuer: TestIssuer) -> FastAPI:
    """The doors of the issuer."""
    app = FastAPI()

    @app.get("/.well-known/openid-configuration")
    async def discovery() -> dict[str, Any]:
        return {
            "issuer": issuer.address,
            "authorization_endpoint": f"{issuer.address}/authorize",
            "token_endpoint": f"{issuer.address}/token",
            "jwks_uri": f"{issuer.address}/keys",
            "end_session_endpoint": f"{issuer.address}/end",
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
        }

    @app.get("/favicon.ico")
    async def icon() -> Response:
        return Response(status_code=204)

    @app.get("/keys")
    async def keys() -> Response:
        return Response(issuer.keys.jwks(), media_type="application/json")

    @app.get("/authorize")
    async def authorize(request: Request) -> Response:
        asked = dict(request.query_params)
        is_right = asked.get("client_id") == CLIENT and asked.get("redirect_uri") == issuer.redirect_url
        if not is_right or asked.get("code_challenge_method") != "S256" or "nonce" not in asked:
            return Response(status_code=400)
        hidden = "".join(f'<input type="hidden" name="{name}" value="{html.escape(asked[name])}">' for name in ASKED)
        return HTMLResponse(
            f'<!DOCTYPE html><html lang="nl"><title>Wie bent u</title><form method="post">{hidden}'
            '<label>Naam <input name="name"></label><button>Verder</button></form></html>'
        )

    _add_redeeming(app, issuer)
    return app


def _add_redeeming(app: FastAPI, issuer: TestIssuer) -> None:
    @app.post("/authorize")
    async def authorized(request: Request) -> Response:
        form = _form(await request.body())
        back = {"state": form["state"], "iss": issuer.address}
        known = form["name"] in issuer.people
        back |= {"code": issuer.code_for(form, form["name"])} if known else {"error": "access_denied"}
        return RedirectResponse(f"{form['redirect_uri']}?{urlencode(back)}", status_code=303)

    @app.post("/token")
    async def token(request: Request) -> Response:
        tokens = issuer.redeemed(_form(await request.body()), request.headers.get("authorization", ""))
        return JSONResponse(tokens or {"error": "invalid_grant"}, status_code=200 if tokens else 400)

    @app.get("/end")
    async def end(request: Request) -> Response:
        issuer.signed_out.append(request.query_params["post_logout_redirect_uri"])
        return RedirectResponse(request.query_params["post_logout_redirect_uri"], status_code=303)


def _form(body: bytes) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(body.decode()).items()}


@contextlib.contextmanager
def serving(make: Callable[[int], FastAPI]) -> Iterator[int]:
    """An app over HTTP on loopback, in a thread; made for its port, which is the answer."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = int(listening.getsockname()[1])
        server = uvicorn.Server(uvicorn.Config(make(port), log_config=None, access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        deadline = time.monotonic() + 30
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.02)
        assert server.started, "the app did not start"
        yield port
        server.should_exit = True
        thread.join(20)


@contextlib.contextmanager
def running(issuer: TestIssuer) -> Iterator[TestIssuer]:
    """The issuer over HTTP at another host name than that of the pages, so that it is another site to a browser."""

    def made(port: int) -> FastAPI:
        issuer.address = f"http://localhost:{port}"
        return issuer_app(issuer)

    with serving(made):
        yield issuer
