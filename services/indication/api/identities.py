"""`POST /v1/youths/{youth}/identity`: the one door at which the BSN behind a youth is told.

Three rules. It is told to a privacy officer alone, of the own municipality, with a reason. Each telling is a look at
the youth, with the reason as its purpose, and a disclosure; without both nobody is told. No other door tells it.
"""

from typing import Annotated, Any

import structlog
from fastapi import FastAPI, Path
from pydantic import BaseModel, ConfigDict, StringConstraints

from services.indication.api.bearing import Bearer, Services, session
from services.indication.api.documentation import ASKING
from services.indication.identity import could_hold_bsn
from services.indication.store.disclosing import tell_identity
from youthcare.looks.operations import Operation
from youthcare.runtime.access_log import Looking
from youthcare.runtime.problems import Problem
from youthcare.runtime.security import require

Youth = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]


class IdentityBody(BaseModel):
    """Why the BSN must be known; at least ten characters, and no BSN in it."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=10, max_length=500)]


def add_identities(app: FastAPI, service: Services) -> None:
    """Add the door; `service` gives what it needs once the app runs."""

    @app.post("/v1/youths/{youth}/identity", responses=ASKING, summary="The BSN behind a youth")
    async def identity(bearer: Bearer, looks: Looking, youth: Youth, body: IdentityBody) -> dict[str, Any]:
        """The BSN, or several when it was corrected, the newest first; `disclosure` is its number in that table."""
        require(bearer.is_privacy_officer())
        if could_hold_bsn(body.reason) or "\0" in body.reason:
            raise Problem(422, "The reason may hold no BSN.")
        at, keys = service().clock(), service().keys
        async with session(service(), bearer) as connection:
            told = await tell_identity(connection, keys, bearer.municipality, youth, bearer.subject, at)
            if told is not None:
                await looks.note(connection, Operation.IDENTITY_TELL, [youth], body.reason)
        if told is None:
            raise Problem(404, "No such youth here.")
        number, bsns = told
        structlog.get_logger().info("identity_told")
        return {"youth": youth, "bsns": bsns, "disclosure": number}
