"""A record of `indication-events` as the register would hold it: what was lost is read back from the log.

Two rules. The record is kept byte for byte. Its digest is the one that the same delivery would get again; the team
of a client of the chain is left out of it, because we added that ourselves.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime

from services.indication.assertions import content_digest
from youthcare.events import IJW_SOURCE_PREFIX, YouthForgotten, YouthRegistered

Place = tuple[str, str]
"""Municipality and youth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """A statement that was published."""

    municipality: str
    source: str
    id: str
    youth: str
    received: datetime
    digest: bytes
    forgets: bool
    body: bytes = field(repr=False)

    @property
    def place(self) -> Place:
        """Whose it is."""
        return (self.municipality, self.youth)


def logged(body: bytes) -> Logged:
    """The statement of a record; raises ``ValueError`` or ``KeyError`` when it is none of ours."""
    event = json.loads(body)
    content = event | {"data": dict(event["data"])}
    kind = event["type"]
    if kind.endswith(YouthRegistered.type) and event["source"].startswith(IJW_SOURCE_PREFIX):
        content["data"].pop("team", None)
    return Logged(
        municipality=event["municipality"],
        source=event["source"],
        id=event["id"],
        youth=event["subject"],
        received=datetime.fromisoformat(event["received"]),
        digest=content_digest(content),
        forgets=kind.endswith(YouthForgotten.type),
        body=body,
    )
