"""Pages as answers: a template filled in, with who reads it, and the headers that bind the browser.

Two rules. Style, script and picture come from the static files beside this package and from nowhere else; each is
named with its digest, so that an old one is never shown after a release. No page stays behind in a browser.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

from fastapi import Request, Response
from fastapi.responses import HTMLResponse

from youthcare.runtime.browsing import FORM_TOKEN
from youthcare.runtime.security import Principal
from youthcare.runtime.templates import filled_in

_HERE = Path(__file__).parent.parent
TEMPLATES, STATIC = _HERE / "templates", _HERE / "static"
KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {"Content-Security-Policy": POLICY, "Cross-Origin-Opener-Policy": "same-origin"}
MESSAGES = {
    "acknowledged": "De melding is in behandeling.",
    "snoozed": "De melding is uitgesteld.",
    "assigned": "De melding is toegewezen.",
    "closed": "De melding is afgesloten.",
    "noted": "De notitie is bewaard.",
    "norm": "De norm is bewaard.",
}
"""What is said after a step; the address of the page names it, so that it is said without a script too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What just happened, for the line that a screen reader is told of."""

    words: str
    is_fault: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who reads a page."""

    subject: str
    words: str
    is_supervisor: bool


def reader_of(bearer: Principal) -> Reader:
    """A bearer as the head of a page names them."""
    teams = ", ".join(sorted(bearer.teams()))
    words = "toezichthouder" if bearer.is_supervisor() else f"team {teams}"
    return Reader(subject=bearer.subject, words=words, is_supervisor=bearer.is_supervisor())


def page(
    request: Request, template: str, *, message: Message | None = None, status: int = 200, **values: object
) -> Response:
    """A whole page or a part of one; `values` are the template's own."""
    bearer = request.scope.get("principal")
    reader = reader_of(bearer) if isinstance(bearer, Principal) else None
    text = filled_in(
        TEMPLATES,
        template,
        **values,
        reader=reader,
        message=message or said(request),
        here=request.url.path,
        form_token=request.scope.get(FORM_TOKEN, ""),
        static=static_addresses(),
    )
    return HTMLResponse(text, status_code=status, headers=HEADERS)


def said(request: Request) -> Message | None:
    """The message that the address of the page asks for; none but ours can be asked for."""
    words = MESSAGES.get(request.query_params.get("gedaan", ""))
    return Message(words=words) if words else None


def is_partial(request: Request) -> bool:
    """Whether htmx asks: then a part of a page is the answer."""
    return request.headers.get("hx-request") == "true"


@cache
def static_files() -> Mapping[str, bytes]:
    """The static files that a page may name, by name."""
    return {path.name: path.read_bytes() for path in sorted(STATIC.iterdir()) if path.suffix in KINDS}


@cache
def static_addresses() -> Mapping[str, str]:
    """Where each static file is, with its digest."""
    return {name: f"/static/{name}?v={sha256(body).hexdigest()[:12]}" for name, body in static_files().items()}


def static_answer(name: str) -> Response:
    """A static file; it never changes under the digest that pages name it with."""
    return Response(
        static_files()[name],
        media_type=KINDS[Path(name).suffix],
        headers={"Cache-Control": "public, max-age=31536000, immutable"},
    )
