"""People with a browser at the door: a cookie that carries their token, and forms that only our own pages can send.

1. A cookie is read for pages and for nothing else, and only where no ``Authorization`` header stands; it is believed
   by the same gate as any token. Script cannot read it, another site can have it sent by a plain link alone (a page
   that is read changes nothing), and it leaves the machine over TLS alone.
2. Whoever has no cookie that counts is sent to sign in; what no page is says 401, as ever.
3. A change asked by cookie must come from a page of ours: the browser says so itself, and the form carries a digest
   that only a page of this session could hold. The token is the key of that digest, so there is nothing to keep.
4. What somebody wrote while the session ended is shown to them once more, to be copied; it is kept nowhere.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request, cookie_parser
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from youthcare.runtime.door_settings import is_here
from youthcare.runtime.openid import FLOW_SECONDS, Flow
from youthcare.runtime.problems import Problem, problem_response

COOKIE = "trajectwacht"
COOKIE_BYTES_MAX = 3800
"""What every browser keeps of one cookie, with room for its name and attributes (RFC 6265 §6.1)."""
FORM_TOKEN = "form_token"  # noqa: S105
FIELDS_MAX = 50
FORM_BYTES_MAX = 50_000
"""A form of ours whose texts are as long as they may be, with room: each character may take nine bytes."""
SECRET_LENGTH_MIN = 43
_STATE = re.compile(r"[0-9a-f]{64}")
_SAFE = ("GET", "HEAD")
_SAME_SITE: Literal["lax"] = "lax"


@dataclass(frozen=True, slots=True, kw_only=True)
class Browsing:
    """What of an app is for browsers: which paths are read with the cookie, which anybody may read, where one signs in.

    A path under ``/v1/`` that takes the cookie (an event stream) answers 401 instead of leading to the sign-in page.
    """

    takes_cookie: Callable[[str], bool]
    open_paths: frozenset[str]
    sign_in: str
    attempts: frozenset[tuple[str, str]] = frozenset()
    """Method and path of what somebody tries to sign in by: a refusal there is counted (``rates.py``)."""
    fault: Callable[[Scope, int], Response] | None = None
    """Makes a page of a refusal of this status; without it a page is refused by the document of the doors."""
    keeps: frozenset[str] = frozenset()
    """The fields of forms in which somebody writes, and which must not be lost with the session."""
    written: Callable[[Scope, Mapping[str, str]], Response] | None = None
    """The page that shows what was written in those fields; its reader is nobody, since the session is over."""

    def bearer_of(self, scope: Scope) -> str | None:
        """The ``Authorization`` header that the cookie stands for; None without a cookie, or where none is read."""
        token = find_token(scope) if self.takes_cookie(scope["path"]) else None
        return f"Bearer {token}" if token else None

    def is_page(self, scope: Scope) -> bool:
        """Whether a browser asks for a page, or signs in."""
        if "authorization" in Headers(scope=scope):
            return False
        asked = (scope["method"], scope["path"])
        return asked in self.attempts or (self.takes_cookie(scope["path"]) and not scope["path"].startswith("/v1/"))

    def shown(self, scope: Scope, refusal: Response) -> Response:
        """A refusal as a page, where a page was asked for; what it says to programs in its headers stays."""
        if self.fault is None or not self.is_page(scope):
            return refusal
        page = self.fault(scope, refusal.status_code)
        if "retry-after" in refusal.headers:
            page.headers["Retry-After"] = refusal.headers["retry-after"]
        return page

    def refusal(self, scope: Scope) -> ASGIApp | None:
        """To the sign-in page, and back from there; None for what is no page, or brought a token of its own."""
        if not self.is_page(scope):
            return None
        if self.written is not None and scope["method"] == "POST" and find_token(scope):
            # The cookie shows that a page of ours sent it: none goes along with a form of another site.
            return Written(self)
        return self.to_sign_in(scope)

    def to_sign_in(self, scope: Scope) -> Response:
        """To the sign-in page, and back from there."""
        headers = Headers(scope=scope)
        if headers.get("hx-request") == "true":
            return Response(status_code=401, headers={"HX-Redirect": self.sign_in})
        back = f"?naar={quote(scope['path'], safe='/')}" if scope["method"] in _SAFE else ""
        return RedirectResponse(self.sign_in + back, status_code=303)


@dataclass(frozen=True, slots=True)
class Written:
    """Answers a form whose session is over: with what was written in it, or by leading to the sign-in page."""

    browsing: Browsing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the form, as far as a form of ours may be long, and answer."""
        assert self.browsing.written is not None
        fields = await _fields_of(Request(scope, receive))
        written = {name: text for name, text in fields.items() if name in self.browsing.keeps and text.strip()}
        answer = self.browsing.written(scope, written) if written else self.browsing.to_sign_in(scope)
        await answer(scope, receive, send)


async def _fields_of(request: Request) -> Mapping[str, str]:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > FORM_BYTES_MAX:
            return {}
    try:
        return dict(parse_qsl(body.decode(), max_num_fields=FIELDS_MAX, errors="strict"))
    except ValueError:
        return {}


def find_token(scope: Scope) -> str | None:
    """The token in the cookie of a request; the name says whether the cookie is bound to TLS."""
    return cookie_parser(Headers(scope=scope).get("cookie", "")).get(cookie_name(scope)) or None


def cookie_name(scope: Scope) -> str:
    """With the prefix by which a browser refuses the cookie of another host or of plain HTTP (RFC 6265bis)."""
    return f"__Host-{COOKIE}" if needs_tls(scope) else COOKIE


def needs_tls(scope: Scope) -> bool:
    """Whether the cookie is for TLS alone: everywhere but on this machine itself over plain HTTP."""
    host = urlsplit(f"//{Headers(scope=scope).get('host', '')}").hostname
    return bool(scope.get("scheme") != "http" or not is_here(host))


def keep_token(response: Response, scope: Scope, token: str) -> None:
    """Put a token in the cookie of the browser, until the browser is closed."""
    _keep(response, scope, cookie_name(scope), token)


def drop_token(response: Response, scope: Scope) -> None:
    """Take the cookie away."""
    _drop(response, scope, cookie_name(scope))


def keep_flow(response: Response, scope: Scope, flow: Flow) -> None:
    """Put a flow in a cookie of its own, so that each tab can have one, for as long as it may take."""
    _keep(response, scope, _flow_cookie(scope, flow.state), f"{flow.secret}.{quote(flow.back, safe='')}", FLOW_SECONDS)


def find_flow(scope: Scope, state: str) -> Flow | None:
    """The flow that this browser began under a state, if it did."""
    kept = cookie_parser(Headers(scope=scope).get("cookie", "")).get(_flow_cookie(scope, state), "")
    secret, _, back = kept.partition(".")
    return Flow(secret=secret, back=unquote(back)) if len(secret) >= SECRET_LENGTH_MIN else None


def drop_flow(response: Response, scope: Scope, state: str) -> None:
    """Take the cookie of a flow away: it is for once."""
    _drop(response, scope, _flow_cookie(scope, state))


def _flow_cookie(scope: Scope, state: str) -> str:
    # The state is a digest in hexadecimal; of another, which came with an address, no part becomes a name.
    part = state[:8] if _STATE.fullmatch(state) else "none"
    return f"{cookie_name(scope)}-{part}"


def _keep(response: Response, scope: Scope, name: str, value: str, seconds: int | None = None) -> None:
    # Lax and not strict: the first page after the issuer's, or after a link in a mail, comes from another site.
    response.set_cookie(
        name, value, path="/", secure=needs_tls(scope), httponly=True, samesite=_SAME_SITE, max_age=seconds
    )


def _drop(response: Response, scope: Scope, name: str) -> None:
    response.delete_cookie(name, path="/", secure=needs_tls(scope), httponly=True, samesite=_SAME_SITE)


def cross_site(scope: Scope) -> Response | None:
    """403 for a change that another site has the browser ask for; None when the browser does not say so."""
    site = Headers(scope=scope).get("sec-fetch-site", "same-origin")
    if scope["method"] in _SAFE or site == "same-origin":
        return None
    return problem_response(403, "This change was not asked for on a page of ours.")


def form_token_of(token: str) -> str:
    """What a form carries to show that a page of this session made it; it tells nothing of the token."""
    return hmac.new(token.encode(), b"form", sha256).hexdigest()


async def posted(request: Request) -> Mapping[str, str]:
    """The fields of a form, the last of each name; raises ``Problem`` when no page of this session made it.

    A bearer that came by header needs no such proof: a browser does not send that by itself.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/x-www-form-urlencoded":
        raise Problem(415, "A form is sent as application/x-www-form-urlencoded.")
    try:
        text = (await request.body()).decode()
        fields = dict(parse_qsl(text, keep_blank_values=True, max_num_fields=FIELDS_MAX, errors="strict"))
    except ValueError:
        raise Problem(422, "The form cannot be read.") from None
    expected = request.scope.get(FORM_TOKEN)
    if expected is not None and not hmac.compare_digest(expected.encode(), fields.pop(FORM_TOKEN, "").encode()):
        raise Problem(403, "This form is not of this session; load the page again.")
    return fields
