"""People with a browser at the door: a cookie that carries their token, and forms that only our own pages can send.

1. A cookie is read for pages and for nothing else, and only where no ``Authorization`` header stands; it is believed
   by the same gate as any token. Script cannot read it, no other site can have it sent, and it leaves the machine
   over TLS alone.
2. Whoever has no cookie that counts is sent to sign in; what no page is says 401, as ever.
3. A change asked by cookie must come from a page of ours: the browser says so itself, and the form carries a digest
   that only a page of this session could hold. The token is the key of that digest, so there is nothing to keep.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import parse_qsl, quote, urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request, cookie_parser
from starlette.responses import RedirectResponse, Response
from starlette.types import Scope

from youthcare.runtime.problems import Problem, problem_response

COOKIE = "trajectwacht"
COOKIE_BYTES_MAX = 3800
"""What every browser keeps of one cookie, with room for its name and attributes (RFC 6265 §6.1)."""
FORM_TOKEN = "form_token"  # noqa: S105
FIELDS_MAX = 50
_SAFE = ("GET", "HEAD")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Browsing:
    """What of an app is for browsers: which paths are read with the cookie, which anybody may read, where one signs in.

    A path under ``/v1/`` that takes the cookie (an event stream) answers 401 instead of leading to the sign-in page.
    """

    takes_cookie: Callable[[str], bool]
    open_paths: frozenset[str]
    sign_in: str

    def bearer_of(self, scope: Scope) -> str | None:
        """The ``Authorization`` header that the cookie stands for; None without a cookie, or where none is read."""
        token = find_token(scope) if self.takes_cookie(scope["path"]) else None
        return f"Bearer {token}" if token else None

    def refusal(self, scope: Scope) -> Response | None:
        """To the sign-in page, and back from there; None for what is no page, or brought a token of its own."""
        headers = Headers(scope=scope)
        if "authorization" in headers or not self.takes_cookie(scope["path"]) or scope["path"].startswith("/v1/"):
            return None
        if headers.get("hx-request") == "true":
            return Response(status_code=401, headers={"HX-Redirect": self.sign_in})
        back = f"?naar={quote(scope['path'], safe='/')}" if scope["method"] in _SAFE else ""
        return RedirectResponse(self.sign_in + back, status_code=303)


def find_token(scope: Scope) -> str | None:
    """The token in the cookie of a request; the name says whether the cookie is bound to TLS."""
    return cookie_parser(Headers(scope=scope).get("cookie", "")).get(cookie_name(scope)) or None


def cookie_name(scope: Scope) -> str:
    """With the prefix by which a browser refuses the cookie of another host or of plain HTTP (RFC 6265bis)."""
    return f"__Host-{COOKIE}" if needs_tls(scope) else COOKIE


def needs_tls(scope: Scope) -> bool:
    """Whether the cookie is for TLS alone: everywhere but on this machine itself over plain HTTP."""
    host = urlsplit(f"//{Headers(scope=scope).get('host', '')}").hostname
    return bool(scope.get("scheme") != "http" or host not in _LOOPBACK)


def keep_token(response: Response, scope: Scope, token: str) -> None:
    """Put a token in the cookie of the browser, until the browser is closed."""
    response.set_cookie(cookie_name(scope), token, path="/", secure=needs_tls(scope), httponly=True, samesite="strict")


def drop_token(response: Response, scope: Scope) -> None:
    """Take the cookie away."""
    response.delete_cookie(cookie_name(scope), path="/", secure=needs_tls(scope), httponly=True, samesite="strict")


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
