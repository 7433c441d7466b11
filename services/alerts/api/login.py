"""Signing in and out with a browser, the pages that anybody may read, and errors as pages.

Three rules. A token is believed by the same gate as that of any bearer, and is kept in a cookie that no script reads.
What is said of a token that does not count never tells why. Where an issuer is named people sign in there, and no
page takes a token that somebody pastes.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from services.alerts.api.issuer_login import SIGNED_OUT, START, add_issuer_login
from services.alerts.api.rendering import Message, page, static_answer, static_files
from youthcare.runtime.browsing import COOKIE_BYTES_MAX, Browsing, cross_site, drop_token, keep_token, posted
from youthcare.runtime.door_settings import CALLBACK
from youthcare.runtime.openid import OpenId
from youthcare.runtime.problems import Problem
from youthcare.runtime.processing import Unavailable
from youthcare.runtime.security import Principal, TokenGate, Unauthorised

SIGN_IN, SIGN_OUT, STATEMENT = "/aanmelden", "/afmelden", "/toegankelijkheid"
STREAM = "/v1/alerts/stream"
_PAGE = re.compile(r"/|/(afmelden|nieuws|noodinzage|nut|normen|normen/proef)|/meldingen/[0-9]{1,19}(/[a-z-]{1,30})?")
_WITH_FORMS = re.compile(r"/(noodinzage|normen)|/meldingen/[0-9]{1,19}")
REFUSED = "Dit toegangsbewijs geeft hier geen toegang."
TOO_LONG = "Dit toegangsbewijs is te lang voor een browser."
FAULTS_NL = {
    403: ("Geen toegang", "U mag deze pagina niet zien, of de pagina stond te lang open. Laad haar opnieuw."),
    429: ("Even te veel gevraagd", "Vanaf uw account of uw netwerk komen nu te veel verzoeken. Wacht een minuut."),
    404: ("Niet gevonden", "Deze melding of pagina is er niet, of is niet van uw team."),
    503: ("Even niet bereikbaar", "Een deel van het systeem is even weg. Probeer het over een halve minuut weer."),
}
KEPT_NL = {
    "note": "Toelichting of notitie",
    "reden": "Waarom u deze jeugdige moet inzien",
    "dossier": "Dossiernummer",
    "reason": "Reden van de norm",
}
"""The fields in which somebody writes, as a page names them when their session was over."""
FAULT_NL = ("Er ging iets mis", "Dit verzoek kon niet worden uitgevoerd.")


def browsing(*, at_issuer: bool = False) -> Browsing:
    """Which paths of the alerts API are for browsers; whether people sign in at an issuer."""
    open_paths = frozenset({SIGN_IN, STATEMENT, *(f"/static/{name}" for name in static_files())})
    return Browsing(
        takes_cookie=takes_cookie,
        open_paths=open_paths | (frozenset({START, CALLBACK, SIGNED_OUT}) if at_issuer else frozenset()),
        # Straight to the issuer: whoever is signed in there sees no page between.
        sign_in=START if at_issuer else SIGN_IN,
        attempts=frozenset({("GET", CALLBACK)} if at_issuer else {("POST", SIGN_IN)}),
        fault=lambda scope, status: fault_page(Request(scope), status),
        keeps=frozenset(KEPT_NL),
        written=lambda scope, texts: written_page(Request(scope), texts, START if at_issuer else SIGN_IN),
    )


def takes_cookie(path: str) -> bool:
    """Whether a path is a page, or the stream that pages listen to."""
    return path == STREAM or _PAGE.fullmatch(path) is not None


def add_login(app: FastAPI, gate: TokenGate, client: OpenId | None) -> None:
    """The pages to sign in and out, the accessibility statement and the static files."""

    @app.get(SIGN_IN, include_in_schema=False)
    async def sign_in(request: Request, naar: str = "/") -> Response:
        return page(request, "sign_in.html.j2", back=_back(naar), start=START if client else None)

    @app.post(SIGN_OUT, include_in_schema=False)
    async def sign_out(request: Request) -> Response:
        await posted(request)
        answer = RedirectResponse(SIGNED_OUT if client else SIGN_IN, status_code=303)
        drop_token(answer, request.scope)
        return answer

    if client is None:
        _add_token_form(app, gate)
    else:
        add_issuer_login(app, client, _back, may_read)
    _add_open_pages(app)
    _add_fault_pages(app)


def _add_token_form(app: FastAPI, gate: TokenGate) -> None:
    @app.post(SIGN_IN, include_in_schema=False)
    async def signed_in(request: Request) -> Response:
        return cross_site(request.scope) or await _admitted(request, gate)


def _add_open_pages(app: FastAPI) -> None:
    @app.get(STATEMENT, include_in_schema=False)
    async def statement(request: Request) -> Response:
        return page(request, "accessibility.html.j2")

    for name in static_files():
        app.add_api_route(f"/static/{name}", partial(_static, name), methods=["GET"], include_in_schema=False)


async def _static(name: str) -> Response:
    return static_answer(name)


async def _admitted(request: Request, gate: TokenGate) -> Response:
    fields = await posted(request)
    token, back = "".join(fields.get("token", "").split()).removeprefix("Bearer"), _back(fields.get("naar", "/"))
    if len(token) > COOKIE_BYTES_MAX:
        return _refused(request, back, TOO_LONG)
    try:
        bearer = await asyncio.to_thread(gate.admit, f"Bearer {token}")
    except Unauthorised:
        return _refused(request, back, REFUSED)
    if not may_read(bearer):
        return _refused(request, back, REFUSED)
    answer = RedirectResponse(back, status_code=303)
    keep_token(answer, request.scope, token)
    return answer


def may_read(bearer: Principal) -> bool:
    """Whether somebody has anything to see on the pages."""
    return bearer.is_supervisor() or bool(bearer.teams())


def _refused(request: Request, back: str, words: str) -> Response:
    return page(
        request, "sign_in.html.j2", back=back, start=None, message=Message(words=words, is_fault=True), status=401
    )


def _back(path: str) -> str:
    # None but a page of ours: an address in a parameter could lead anywhere.
    return path if _PAGE.fullmatch(path) else "/"


def _add_fault_pages(app: FastAPI) -> None:
    """An error of a page is a page in Dutch; of all else it stays the document that it was."""
    for kind in (HTTPException, Problem, Unavailable):
        app.add_exception_handler(
            kind, _as_page(app.exception_handlers.get(kind) or app.exception_handlers[HTTPException])
        )


def _as_page(as_document: Callable[..., Any]) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def answer(request: Request, error: Exception) -> Response:
        document: Response = await as_document(request, error)
        if _PAGE.fullmatch(request.url.path) is None and request.url.path not in (START, CALLBACK):
            return document
        shown = fault_page(request, document.status_code)
        if "retry-after" in document.headers:
            shown.headers["Retry-After"] = document.headers["retry-after"]
        return shown

    return answer


def fault_page(request: Request, status: int) -> Response:
    """What went wrong, in words that repeat nothing of what was asked."""
    title, words = FAULTS_NL.get(status, FAULT_NL)
    return page(request, "fault.html.j2", title=title, words=words, status=status)


def written_page(request: Request, texts: Mapping[str, str], sign_in: str) -> Response:
    """What somebody wrote in a form that was not carried out, as their session was over; they take it along."""
    kept = [(KEPT_NL[name], texts[name]) for name in KEPT_NL if name in texts]
    back = quote(_page_of(request.url.path), safe="/")
    answer = page(request, "written.html.j2", kept=kept, sign_in=f"{sign_in}?naar={back}", status=401)
    # To htmx it is the whole content, and not the part that the form would have changed.
    answer.headers.update({"HX-Retarget": "#inhoud", "HX-Reselect": "#inhoud", "HX-Reswap": "outerHTML show:top"})
    return answer


def _page_of(path: str) -> str:
    """The page on which a form stands."""
    found = _WITH_FORMS.match(path)
    return found[0] if found else "/"
