"""What the doors know, and the refusal of a delivery as one.

One rule: all of it is given; a door reads no file, no clock and no setting.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from services.indication.assertions import RefusedItem, Taken
from services.indication.ijw import Schemas
from services.indication.json_events import Incoming
from services.indication.senders import UNKNOWN_MUNICIPALITY, Arrival
from services.indication.teams import Teams
from youthcare.outcome import Refused

Check = Callable[[object], Incoming | Refused]


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """The check of an event, the official schemas, the teams, and a digest key per municipality that is served."""

    check: Check
    schemas: Schemas | None
    teams: Teams
    digest_keys: Mapping[str, bytes]


def refused_whole(
    arrival: Arrival, refused: Refused, body: bytes | None, kind: str | None = None, message: str | None = None
) -> Taken:
    """A delivery that is refused as one, or the part of `message` that is."""
    item = RefusedItem(
        municipality=arrival.municipality or UNKNOWN_MUNICIPALITY,
        sender=arrival.sender,
        received=arrival.received,
        refused=refused,
        type=kind,
        payload=body,
        message=message,
        readers=arrival.readers(),
    )
    return Taken(refused=(item,))
