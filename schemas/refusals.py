"""What stands on the topic `refusals`: what was refused, where and why, never the payload (design.md §2)."""

from typing import Annotated

from pydantic import Field

from schemas.fields import Identifier, Instant, Model, MunicipalityCode, Source, text
from youthcare.outcome import Reason


class Refusal(Model):
    """One refused message or statement, numbered per sender."""

    municipality: MunicipalityCode
    sender: Source
    number: Annotated[int, Field(ge=1)]
    received: Instant
    type: Annotated[str, text(200)] | None = None
    identification: Identifier | None = None
    field: Annotated[str, text(500)] | None = None
    code: Annotated[Reason, Field(strict=False)]
    guidance: Annotated[str, text(500)]
