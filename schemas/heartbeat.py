"""The heartbeat on `care-alerts`: per receiver the last number, so that a receiver sees what it missed.

Two rules. It stands under `municipality/receiver/heartbeat`, has no number of its own, and only its last one is kept.
All numbers up to `last_number` had been published at `time`; as the topic has several partitions, a receiver compares
when it has read each of them up to then. A number under which nothing (null) stands is of a youth that was forgotten.
"""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from schemas.alerts import AlertEvent
from schemas.fields import Instant, Model, MunicipalityCode, text


class AlertHeartbeat(Model):
    """A receiver was told everything up to a number; 0 when it was told nothing yet."""

    municipality: MunicipalityCode
    receiver: Annotated[str, text(100)]
    kind: Literal["heartbeat"]
    last_number: Annotated[int, Field(ge=0)]
    time: Instant


CARE_ALERT: TypeAdapter[AlertEvent | AlertHeartbeat] = TypeAdapter(AlertEvent | AlertHeartbeat)
"""What a record on `care-alerts` is: an event, or a heartbeat, told apart by `kind`."""
