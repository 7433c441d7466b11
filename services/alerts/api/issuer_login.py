"""Signing in at the issuer of the municipality and coming back from there (OpenID Connect, `openid.py`).

Two rules. Each flow is for one browser, for ten minutes and for once. What is said of an attempt that failed never
tells why.
"""

import asyncio
from collections.abc import Callable

from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse

from services.alerts.api.rendering import Message, page
from youthcare.runtime.browsing import COOKIE_BYTES_MAX, drop_flow, find_flow, keep_flow, keep_token
from youthcare.runtime.door_settings import CALLBACK
from youthcare.runtime.openid import Flow, OpenId, SignInRefused, new_flow
from youthcare.runtime.processing import Unavailable
from youthcare.runtime.security import Principal

START, SIGNED_OUT = "/aanmelden/begin", "/afgemeld"
REFUSED = "Aanmelden is niet gelukt, of uw account geeft hier geen toegang."
TOO_LONG = "Het toegangsbewijs van uw account is te lang voor een browser. Meld dit aan uw beheerder."


def add_issuer_login(
    app: FastAPI, client: OpenId, to_page: Callable[[str], str], may_read: Callable[[Principal], bool]
) -> None:
    """The paths to the issuer and back; `to_page` makes of an address a page of ours."""

    @app.get(START, include_in_schema=False)
    async def begin(request: Request, naar: str = "/") -> Response:
        flow = new_flow(to_page(naar))
        answer = RedirectResponse(await asyncio.to_thread(client.address, flow), status_code=303)
        keep_flow(answer, request.scope, flow)
        return answer

    @app.get(CALLBACK, include_in_schema=False)
    async def back(request: Request) -> Response:
        state = request.query_params.get("state", "")
        flow = find_flow(request.scope, state)
        answer = _refused(request, REFUSED) if flow is None else await admitted(request, flow)
        drop_flow(answer, request.scope, state)
        return answer

    async def admitted(request: Request, flow: Flow) -> Response:
        try:
            token = await asyncio.to_thread(client.redeem, flow, dict(request.query_params))
        except SignInRefused:
            return _refused(request, REFUSED)
        if not may_read(client.gate.admit(f"Bearer {token}")):
            return _refused(request, REFUSED)
        if len(token) > COOKIE_BYTES_MAX:
            return _refused(request, TOO_LONG)
        answer = RedirectResponse(to_page(flow.back), status_code=303)
        keep_token(answer, request.scope, token)
        return answer

    _add_signed_out(app, client)


def _add_signed_out(app: FastAPI, client: OpenId) -> None:
    @app.get(SIGNED_OUT, include_in_schema=False)
    async def signed_out(request: Request) -> Response:
        try:
            there = await asyncio.to_thread(client.sign_out_address, SIGNED_OUT)
        except Unavailable:
            # Signed out here is signed out, whether the issuer is there or not.
            there = None
        return page(request, "signed_out.html.j2", there=there)


def _refused(request: Request, words: str) -> Response:
    return page(
        request, "sign_in.html.j2", start=START, back="/", message=Message(words=words, is_fault=True), status=401
    )
