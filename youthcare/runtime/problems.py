"""Errors of the HTTP doors as problem+json (RFC 9457): a fixed text per kind, never a value that was sent in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from asyncpg.exceptions import CharacterNotInRepertoireError, UntranslatableCharacterError
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from youthcare.runtime.logs import fault
from youthcare.runtime.processing import Unavailable

MEDIA_TYPE = "application/problem+json"
_NINE_DIGITS = re.compile(r"\d{9,}")
RETRY_SECONDS = 5
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
"""What stands on every answer that does not say otherwise itself."""
_SCHEMA = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "Ours; nothing that was sent stands in it."},
        "errors": {"type": "array", "items": {"type": "object"}},
    },
}
_MEANINGS = {
    400: "A body that cannot be read.",
    401: "No bearer token that counts.",
    403: "A token without the role for this.",
    404: "It is not there, or not for this bearer; nobody can tell which.",
    409: "It is there already, or what it needs is not.",
    413: "A body that is too large.",
    422: "A question or body of the wrong form; `errors` names the places.",
    429: "Too much was asked; wait for `Retry-After` seconds.",
    503: "A part of the system is away; send the same again after `Retry-After` seconds.",
}
# What every page may answer, for the OpenAPI documents.
DOCUMENTED: dict[int | str, dict[str, Any]] = {
    status: {"description": meaning, "content": {MEDIA_TYPE: {"schema": _SCHEMA}}}
    for status, meaning in _MEANINGS.items()
}


class Problem(HTTPException):
    """A refusal at the door. ``detail`` is written by us and holds nothing that was sent in."""

    def __init__(
        self, status: int, detail: str, headers: Mapping[str, str] | None = None, kind: str = "about:blank"
    ) -> None:
        super().__init__(status_code=status, detail=detail, headers=headers)
        self.kind = kind


def problem_response(
    status: int,
    detail: str,
    *,
    kind: str = "about:blank",
    headers: Mapping[str, str] | None = None,
    more: Mapping[str, object] | None = None,
) -> Response:
    """A problem as a response; ``more`` are further members of the document."""
    body = {"type": kind, "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **(more or {})}
    return JSONResponse(body, status_code=status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


def add_problem_handlers(app: FastAPI) -> None:
    """Make every error of an app a problem document."""
    app.add_exception_handler(HTTPException, _http_problem)
    app.add_exception_handler(RequestValidationError, _validation_problem)
    app.add_exception_handler(CharacterNotInRepertoireError, _character_problem)
    app.add_exception_handler(UntranslatableCharacterError, _character_problem)
    app.add_exception_handler(Unavailable, _unavailable_problem)
    app.add_exception_handler(Exception, _broken_problem)


async def _http_problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    # A detail that is not ours (a framework's) may repeat what was sent; the title says enough.
    detail = error.detail if isinstance(error, Problem) else HTTPStatus(error.status_code).phrase
    kind = error.kind if isinstance(error, Problem) else "about:blank"
    return problem_response(error.status_code, detail, kind=kind, headers=error.headers)


async def _validation_problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    fields = [{"field": field_path(each["loc"]), "code": str(each["type"])} for each in error.errors()]
    return problem_response(422, "The request does not have the right form; see `errors`.", more={"errors": fields})


async def _character_problem(_request: Request, _error: Exception) -> Response:
    # Of all that Unicode has Postgres refuses only NUL, so that no page needs to look for it.
    return problem_response(422, "A text holds a character that no text may hold (NUL).")


def field_path(location: tuple[int | str, ...]) -> str:
    """Where in a request something is wrong; unknown field names come from the sender, so digits are masked."""
    return _NINE_DIGITS.sub("#########", ".".join(str(part) for part in location))[:200]


async def _unavailable_problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Unavailable)
    return unavailable_response(error)


def unavailable_response(error: Unavailable) -> Response:
    """503, with when to try again."""
    structlog.get_logger().warning("request_postponed", reason=str(error))
    return problem_response(
        503, "A part of the system is away for the moment; try again.", headers={"Retry-After": str(RETRY_SECONDS)}
    )


async def _broken_problem(_request: Request, error: Exception) -> Response:
    structlog.get_logger().error("request_failed", **fault(error))
    # Starlette answers this outside of everything that we put around an app: the headers have to come along.
    return problem_response(500, "Something went wrong on our side; it is in the log.", headers=SECURITY_HEADERS)
