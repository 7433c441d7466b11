"""What the OpenAPI document says of the doors of statements: the shape of an event, examples, and every answer.

One rule: shapes and examples are those of `schemas/`; nothing is written twice.
"""

import json
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from schemas.export import FOLDER
from schemas.models import INCOMING_EVENT, INCOMING_MODELS
from services.indication.assertions import Status
from youthcare.outcome import GUIDANCE_NL, Reason

_REFERENCES = "#/components/schemas/{model}"
_EVENT = {"$ref": _REFERENCES.format(model="IncomingEvent")}
_ANSWERS = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["status"],
        "properties": {
            "id": {"type": "string", "description": "Of the statement, or of the message that is refused as one."},
            "status": {"type": "string", "enum": [status.value for status in Status]},
            "code": {"type": "string", "enum": [reason.value for reason in Reason]},
            "field": {"type": "string", "description": "The place to mend; never a value."},
            "guidance": {"type": "string", "description": "What to do, in Dutch."},
        },
    },
}
_ACCEPTED = [{"id": "sender-0001", "status": "accepted"}]
_REFUSED = [
    {
        "id": "sender-0002",
        "status": "refused",
        "code": Reason.END_BEFORE_START.value,
        "field": "data.last_day",
        "guidance": GUIDANCE_NL[Reason.END_BEFORE_START],
    }
]
_ISSUED = "JW305-START00017-2024-03-05-1"
_XML = """<?xml version="1.0" encoding="UTF-8"?>
<Bericht xmlns="http://www.istandaarden.nl/ijw/3_2/jw305/schema">…</Bericht>
"""


def _answered(meaning: str, example: object) -> dict[str, Any]:
    return {"description": meaning, "content": {"application/json": {"schema": _ANSWERS, "example": example}}}


def _problem(meaning: str) -> dict[str, Any]:
    return {"description": meaning, "content": {"application/problem+json": {"schema": {"type": "object"}}}}


RESPONSES: dict[int | str, dict[str, Any]] = {
    202: _answered("All accepted, or parked until what they refer to comes.", _ACCEPTED),
    207: _answered("Some accepted, some refused.", _ACCEPTED + _REFUSED),
    422: _answered("All refused.", _REFUSED),
    401: _problem("No bearer token that counts."),
    403: _problem("A token without the role `sender:<source>`."),
    413: _problem("More than 25 MB; recorded as a refusal."),
    429: _problem("Too many requests of this sender; send the same again after `Retry-After` seconds."),
    503: _problem("A part of the system is away; send the same again after `Retry-After` seconds."),
}

ASKING: dict[int | str, dict[str, Any]] = {
    401: _problem("No bearer token that counts."),
    403: _problem("A token without a role that may ask this."),
    404: _problem("Not there, or not to be seen by this bearer."),
    422: _problem("The question does not have the right form."),
    503: _problem("A part of the system is away; ask again after `Retry-After` seconds."),
}
_BYTES = {"schema": {"type": "string", "format": "binary"}}
PAYLOAD: dict[int | str, dict[str, Any]] = {
    **ASKING,
    200: {
        "description": "The payload as it was delivered.",
        # What came as JSON goes back as JSON, whatever it says: it was refused.
        "content": {"application/json": {"schema": {}}}
        | dict.fromkeys(("application/xml", "application/octet-stream"), _BYTES),
    },
}


def _event_examples() -> dict[str, Any]:
    return {
        kind: {"value": json.loads((FOLDER / "examples" / "incoming" / f"{kind}.json").read_text())}
        for kind in INCOMING_MODELS
    }


def events_door() -> dict[str, Any]:
    """The request of `POST /v1/events`."""
    shape = {"oneOf": [_EVENT, {"type": "array", "items": _EVENT}]}
    content = {"schema": shape, "examples": _event_examples()}
    media = dict.fromkeys(("application/json", "application/cloudevents+json"), content)
    return {"requestBody": {"required": True, "content": media}}


def ijw_door() -> dict[str, Any]:
    """The request of `POST /v1/ijw`."""
    content = {"schema": {"type": "string"}, "examples": {"JW305": {"value": _XML}}}
    media = dict.fromkeys(("application/xml", "text/xml"), content)
    return {"requestBody": {"required": True, "content": media}}


def document(app: FastAPI) -> Mapping[str, Any]:
    """The OpenAPI document with the shape of an event among its components."""
    if app.openapi_schema is None:
        made = get_openapi(title=app.title, version="1", description=_ABOUT, routes=app.routes)
        shapes = INCOMING_EVENT.json_schema(ref_template=_REFERENCES)
        definitions = shapes.pop("$defs")
        schemas = made.setdefault("components", {}).setdefault("schemas", {})
        schemas |= {**definitions, "IncomingEvent": shapes}
        made["components"]["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
        made["security"] = [{"bearer": []}]
        app.openapi_schema = made
    return app.openapi_schema


_ABOUT = (
    "Doors for team systems (JSON events) and for the national chain (iJw 3.2 messages). Sending the same again is "
    "always safe: a statement is known by its source and id. What was refused lies in the mailbox of its sender."
)
