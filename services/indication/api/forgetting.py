"""`GET /v1/forgettings`: how far forgetting is, and the certificates, for the privacy officer of the municipality.

One rule: nothing here names a person. A wish is found by its own source and id, a youth by the digest of its
identifier, which only those know who had it.
"""

from typing import Annotated, Any

from fastapi import FastAPI, Query
from starlette.responses import JSONResponse, Response

from services.indication.api.bearing import Bearer, Services, session
from services.indication.forgetting import certificate, request_digest
from services.indication.store import forgetting
from youthcare.runtime.problems import Problem
from youthcare.runtime.security import require

PATH = "/v1/forgettings"
Text = Annotated[str | None, Query(min_length=1, max_length=200)]
_ANSWER: dict[str, Any] = {
    "type": "object",
    "required": ["municipality", "digest", "requested", "certified", "next", "places", "by_term"],
    "properties": {
        "digest": {"type": "string", "description": "SHA-256 of municipality and identifier of the youth."},
        "certified": {"type": ["string", "null"], "description": "When every place was confirmed empty."},
        "next": {"type": ["string", "null"], "description": "The step that is still to be confirmed."},
        "places": {"type": "array", "description": "Where, when and by what emptiness was confirmed."},
        "by_term": {"type": "array", "description": "Where a term of its own ends what is left."},
    },
}


def _responses(schema: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    shown = {"description": "How far forgetting is.", "content": {"application/json": {"schema": schema}}}
    return {
        200: shown,
        401: {"description": "No bearer token that counts."},
        403: {"description": "Not a privacy officer."},
        404: {"description": "Nobody was forgotten under this digest."},
    }


def add_forgettings(app: FastAPI, service: Services) -> None:
    """Add the pages to the app of the doors."""

    @app.get(PATH, responses=_responses({"type": "array", "items": _ANSWER}), summary="How far each forgetting is")
    async def listed(bearer: Bearer, source: Text = None, id: Text = None) -> Response:
        """Of all youths, or of those that one wish, by its source and id, asked for."""
        require(bearer.is_privacy_officer())
        code = bearer.municipality
        async with session(service(), bearer) as connection:
            if source is None or id is None:
                found = await forgetting.of_municipality(connection, code)
            else:
                found = await forgetting.of_request(connection, code, request_digest(code, source, id))
        return JSONResponse([certificate(each) for each in found])

    @app.get(f"{PATH}/{{digest}}", responses=_responses(_ANSWER), summary="The certificate of one forgetting")
    async def one(bearer: Bearer, digest: str) -> Response:
        """Where and when each place was confirmed empty."""
        require(bearer.is_privacy_officer())
        async with session(service(), bearer) as connection:
            found = await forgetting.find(connection, bearer.municipality, digest)
        if found is None:
            raise Problem(404, "Nobody was forgotten under this digest.")
        return JSONResponse(certificate(found))
