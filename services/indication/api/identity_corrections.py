"""`POST /v1/identity-corrections`: a youth came in under a wrong BSN, and is known under the right one from then on.

Three rules. A privacy officer does it, with a reason, and it is written down and a look, as tellings of a BSN are. Both
numbers come in the body and go nowhere but into the sealed table. Two numbers that are two youths are not corrected but
merged (`youth.merged`), since the messages of both stay.
"""

from typing import Annotated, Any

import structlog
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.indication.api.bearing import Bearer, Services, session
from services.indication.api.documentation import ASKING
from services.indication.identity import bsn_valid, could_hold_bsn, normalised_bsn
from services.indication.store.identity_corrections import Correction, NotCorrected, correct_identity
from youthcare.looks.operations import Operation
from youthcare.runtime.access_log import Looking
from youthcare.runtime.problems import Problem
from youthcare.runtime.security import require

Bsn = Annotated[str, Field(pattern=r"^[0-9]{8,9}$")]


class CorrectionBody(BaseModel):
    """The number under which the youth is known, the right one, and how it is known to be right; no BSN in that."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    bsn: Bsn
    correct_bsn: Bsn
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=10, max_length=500)]


def add_identity_corrections(app: FastAPI, service: Services) -> None:
    """Add the door; `service` gives what it needs once the app runs."""

    @app.post("/v1/identity-corrections", responses=ASKING, summary="A BSN was wrong")
    async def corrected(bearer: Bearer, looks: Looking, body: CorrectionBody) -> dict[str, Any]:
        """The youth stays who it is, and is found by the right number alone; `disclosure`: its number in that table."""
        require(bearer.is_privacy_officer())
        if could_hold_bsn(body.reason) or "\0" in body.reason:
            raise Problem(422, "The reason may hold no BSN.")
        wrong, right = normalised_bsn(body.bsn), normalised_bsn(body.correct_bsn)
        if wrong == right or not bsn_valid(right):
            raise Problem(422, "The correct BSN is none, or the same.")
        asked = Correction(
            municipality=bearer.municipality,
            wrong=wrong,
            right=right,
            actor=bearer.subject,
            at=service().clock(),
        )
        async with session(service(), bearer) as connection:
            told = _told(await correct_identity(connection, service().keys, asked))
            await looks.note(connection, Operation.IDENTITY_CORRECT, [told["youth"]], body.reason)
        return told


def _told(done: tuple[str, int] | NotCorrected) -> dict[str, Any]:
    if done is NotCorrected.TWO_YOUTHS:
        raise Problem(409, "The correct BSN is a youth of its own here: state youth.merged first.")
    if done is NotCorrected.UNKNOWN:
        raise Problem(404, "No youth is known under this BSN here.")
    youth, number = done
    structlog.get_logger().info("identity_corrected")
    return {"youth": youth, "disclosure": number}
