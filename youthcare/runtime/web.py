"""The HTTP door of a service: FastAPI with a gate before every page but health and metrics.

1. The gate stands before the routing, so a page that somebody forgets to protect is closed, and a page that does
   not exist looks the same as one that is closed.
2. Who asks too much is told so before anything is done (``rates.py``).
3. A body larger than the limit is refused before it is read whole, whatever its headers say.
4. Every error is a problem document that repeats nothing of what was sent (``problems.py``).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import structlog
import uvicorn
from fastapi import FastAPI
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from youthcare.runtime.browsing import FORM_TOKEN, Browsing, cross_site, form_token_of
from youthcare.runtime.health import OPEN_PATHS, Problems, health_routes, require_usable
from youthcare.runtime.problems import (
    DOCUMENTED,
    SECURITY_HEADERS,
    Problem,
    add_problem_handlers,
    problem_response,
    unavailable_response,
)
from youthcare.runtime.processing import Unavailable
from youthcare.runtime.rates import Attempts, Rates, rates_of
from youthcare.runtime.security import TokenGate, Unauthorised
from youthcare.runtime.settings import HttpSettings

STOP_SECONDS = 10
OPENAPI_PATH = "/openapi.json"
Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create_app(
    title: str,
    *,
    gate: TokenGate,
    http: HttpSettings,
    problems: Problems,
    lifespan: Lifespan | None = None,
    browsing: Browsing | None = None,
) -> FastAPI:
    """An app with its three open pages, its gate, its limits and its errors; routes are added by the caller.

    The documentation page of FastAPI is left out, because it loads scripts from elsewhere; the OpenAPI document
    stands at ``/openapi.json``, behind the gate unless the settings open it. ``browsing`` says which paths are pages
    for people, who bring their token in a cookie.
    """
    app = FastAPI(
        title=title,
        docs_url=None,
        redoc_url=None,
        openapi_url=OPENAPI_PATH,
        lifespan=lifespan,
        responses=DOCUMENTED,
    )
    app.router.routes.extend(health_routes(problems))
    add_problem_handlers(app)
    open_paths = OPEN_PATHS | ({OPENAPI_PATH} if http.open_documentation else frozenset())
    open_paths |= browsing.open_paths if browsing is not None else frozenset()
    rates = rates_of(http.rates)
    # The last added is the outermost.
    app.add_middleware(BodyLimit, bytes_max=http.body_bytes_max)
    app.add_middleware(Gatekeeper, gate=gate, open_paths=open_paths, browsing=browsing, rates=rates)
    if rates is not None and browsing is not None:
        app.add_middleware(Attempts, rates=rates, browsing=browsing)
    app.add_middleware(Headings)
    return app


class Gatekeeper:
    """Lets nobody in without a token, but on the open paths; puts the principal into the scope."""

    def __init__(
        self,
        app: ASGIApp,
        gate: TokenGate,
        open_paths: frozenset[str],
        browsing: Browsing | None = None,
        rates: Rates | None = None,
    ) -> None:
        self._app = app
        self._rates = rates
        self._gate = gate
        self._open_paths = open_paths
        self._browsing = browsing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Admit or refuse one request."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http" or scope["path"] in self._open_paths:
            await self._app(scope, receive, send)
            return
        refusal = await self._refusal(scope)
        if isinstance(refusal, Response) and refusal.status_code >= 400 and self._browsing is not None:
            refusal = self._browsing.shown(scope, refusal)
        await (refusal or self._app)(scope, receive, send)

    async def _refusal(self, scope: Scope) -> ASGIApp | None:
        header = Headers(scope=scope).get("authorization")
        if header is None and self._browsing is not None:
            header = self._browsing.bearer_of(scope)
            if header is not None:
                scope[FORM_TOKEN] = form_token_of(header.removeprefix("Bearer "))
        try:
            # In a thread: an unknown key id makes the gate fetch the key set.
            bearer = await asyncio.to_thread(self._gate.admit, header)
        except Unauthorised as refused:
            to_sign_in = self._browsing.refusal(scope) if self._browsing else None
            return to_sign_in or self._refused(scope, refused, offered=header is not None)
        except Unavailable as away:
            return unavailable_response(away)
        scope["principal"] = bearer
        too_much = self._rates.of_bearer(bearer) if self._rates else None
        return too_much or (cross_site(scope) if FORM_TOKEN in scope else None)

    def _refused(self, scope: Scope, refused: Unauthorised, *, offered: bool) -> Response:
        too_often = self._rates.of_wrong_token(scope) if self._rates and offered else None
        return too_often or problem_response(refused.status_code, refused.detail, headers=refused.headers)


class BodyLimit:
    """Refuses a body above the limit: by its stated length, or as soon as more has come than is allowed."""

    def __init__(self, app: ASGIApp, bytes_max: int) -> None:
        self._app = app
        self._bytes_max = bytes_max

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, with its body counted."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        stated = Headers(scope=scope).get("content-length", "0")
        if not stated.isdigit() or int(stated) > self._bytes_max:
            await _too_large()(scope, receive, send)
            return
        await self._app(scope, self._counted(receive), send)

    def _counted(self, receive: Receive) -> Receive:
        taken = 0

        async def counting() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._bytes_max:
                raise Problem(413, _TOO_LARGE, {"Connection": "close"})
            return message

        return counting


_TOO_LARGE = "The body is larger than this door takes."


def _too_large() -> Response:
    return problem_response(413, _TOO_LARGE, headers={"Connection": "close"})


class Headings:
    """Adds the security headers that an answer does not set itself, and tells of requests that went wrong."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on and finish its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.monotonic()

        async def finishing(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                _tell(scope, message["status"], started)
            await send(message)

        await self._app(scope, receive, finishing)


def _tell(scope: Scope, status: int, started: float) -> None:
    # The route's template and not the path: a path can hold a youth.
    route = getattr(scope.get("route"), "path", "unknown")
    log = structlog.get_logger()
    told = log.info if status in (401, 403, 413) or status >= 500 else log.debug
    told(
        "request_answered",
        method=scope["method"],
        route=route,
        status=status,
        duration_ms=round((time.monotonic() - started) * 1000),
    )


def serve(app: FastAPI, settings: HttpSettings) -> None:
    """Serve until SIGTERM; requests under way get ten seconds. With a certificate TLS alone, at least 1.2.

    Raises ``SettingWrong`` for a certificate that cannot be used.
    """
    require_usable(settings.pair)
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=STOP_SECONDS,
        ssl_certfile=settings.pair.certificate_file if settings.pair else None,
        ssl_keyfile=settings.pair.key_file if settings.pair else None,
    )
