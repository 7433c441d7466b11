"""What a message says before it is written down: iJw messages and events of the team systems.

Two rules. One iJw message is about one youth, one provider, one municipality. A `Notice` is a message with the
instant at which it arrives, and the flaw it was given on purpose, if any.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from youthcare.codes import ChangeReason, EndReason, Product, Referrer, RefusalReason, RequestAnswer
from youthcare.simulator.catalogue import Offer
from youthcare.simulator.population import Youth


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantLine:
    """One assigned product of a JW301."""

    number: int
    offer: Offer
    product: Product
    granted_at: datetime
    first_day: date
    last_day: date | None
    change_reason: ChangeReason | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryLine:
    """One start (JW305) or, with a last day and a reason, one stop (JW307); `status` 3 takes it back."""

    number: int
    product: Product
    granted_first_day: date
    first_day: date
    last_day: date | None = None
    reason: EndReason | None = None
    status: str = "1"


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestLine:
    """What a JW315 or JW317 asks for; `kept` are the numbers a JW317 leaves alone."""

    reference: str
    offer: Offer
    product: Product
    referrer: Referrer
    first_day: date
    last_day: date | None
    kept: tuple[int, ...] = ()
    renewed: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerLine:
    """What a JW319 answers."""

    reference: str
    answer: RequestAnswer
    reason: RefusalReason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnLine:
    """What a return message says of the message it answers; no codes: accepted."""

    identification: str
    dated: date
    codes: tuple[str, ...] = ()


Line = GrantLine | DeliveryLine | RequestLine | AnswerLine | ReturnLine
MUNICIPAL = frozenset({"301", "302", "319"})  # the municipality stands first in the header, returns included
SENT_BY_MUNICIPALITY = frozenset({"301", "319", "306", "308"})


@dataclass(frozen=True, slots=True, kw_only=True)
class IjwMessage:
    """One iJw message."""

    kind: str
    identification: str
    dated: date
    municipality: str
    provider: str
    youth: Youth
    lines: tuple[Line, ...]

    @property
    def sender(self) -> str:
        """The source it is sent by, as statements name it (design.md §3)."""
        code = self.municipality if self.kind in SENT_BY_MUNICIPALITY else self.provider
        return f"urn:ijw:{self.municipality}:{code}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamEvent:
    """One event of a team's own system."""

    id: str
    type: str
    municipality: str
    team: str
    recorded: datetime
    content: dict[str, Any]

    @property
    def sender(self) -> str:
        """The source it is sent by."""
        return f"/{self.municipality}/wijkteam-{self.team}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A message on its way."""

    received: datetime
    message: IjwMessage | TeamEvent
    flaw: str | None = None
    envelope: str | None = None  # the reference number of its StUF envelope, if it travels in one
