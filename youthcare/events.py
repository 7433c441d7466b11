"""Canonical statements: what one sender asserts about one youth, as every service reads it.

A statement is identified by municipality, source and id; its content never changes. The wire form is the
CloudEvent of design.md §3; `schemas/models.py` checks that form at the doors, `youthcare/wire.py` turns it into
these values and back.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar

from youthcare.codes import Product

TYPE_PREFIX = "nl.jeugdzorg."
IJW_SOURCE_PREFIX = "urn:ijw:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """How much care is granted ("omvang"), in the unit and frequency codes of iJw."""

    amount: int
    unit: str
    frequency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicationGranted:
    """The newest full description of an indication ("toewijzing")."""

    type: ClassVar[str] = "indication.granted.v1"
    indication: str
    provider: str
    product: Product
    granted_at: datetime
    first_day: date
    last_day: date | None = None
    change_reason: str | None = None
    volume: Volume | None = None
    request: str | None = None
    referrer: str | None = None
    team: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicationStarted:
    """Delivery began on a first day ("start")."""

    type: ClassVar[str] = "indication.started.v1"
    indication: str
    first_day: date
    provider: str | None = None
    product: Product | None = None
    planned_last_day: date | None = None
    referrer: str | None = None
    team: str | None = None
    crisis: bool | None = None
    school: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicationEnded:
    """The delivery that began on `first_day` stopped on `last_day` ("stop")."""

    type: ClassVar[str] = "indication.ended.v1"
    indication: str
    first_day: date
    last_day: date
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRetracted:
    """An earlier start, found by its key, was never true (StatusAanlevering 3)."""

    type: ClassVar[str] = "indication.started.retracted.v1"
    indication: str
    first_day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class EndRetracted:
    """An earlier end, found by its key, was never true (StatusAanlevering 3)."""

    type: ClassVar[str] = "indication.ended.retracted.v1"
    indication: str
    first_day: date
    last_day: date
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedProduct:
    """One product in a request: kept, changed or new."""

    kind: str
    indication: str | None = None
    product: Product | None = None
    first_day: date | None = None
    last_day: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CareRequested:
    """A provider asks for care ("verzoek om toewijzing" or "wijziging", JW315 and JW317)."""

    type: ClassVar[str] = "care.requested.v1"
    request: str
    provider: str
    products: tuple[RequestedProduct, ...]
    referrer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestAnswered:
    """The municipality answers a request other than by granting it (JW319)."""

    type: ClassVar[str] = "care.request.answered.v1"
    request: str
    answer: str
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRejected:
    """The receiver rejected a message ("retourbericht"): what it carried does not count.

    Message numbers are unique per sender only, so `sender` names the source of the rejected message when known.
    """

    type: ClassVar[str] = "message.rejected.v1"
    message: str
    code: str
    sender: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageCarried:
    """Which statements a JW301 carried: a snapshot repeats products, so their ids do not name it."""

    type: ClassVar[str] = "message.carried.v1"
    message: str
    statements: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class YouthRegistered:
    """Birth date, team and case reference of a youth, valid from a day."""

    type: ClassVar[str] = "youth.registered.v1"
    valid_from: date
    birth_date: date | None = None
    team: str | None = None
    case_reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class YouthMerged:
    """Two youths are one: this youth's ledger is joined to that of `into`."""

    type: ClassVar[str] = "youth.merged.v1"
    into: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationRecorded:
    """The evaluation of an indication took place on a day."""

    type: ClassVar[str] = "evaluation.recorded.v1"
    indication: str
    day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class YouthForgotten:
    """Erase this person."""

    type: ClassVar[str] = "youth.forgotten.v1"


StatementData = (
    IndicationGranted
    | IndicationStarted
    | IndicationEnded
    | StartRetracted
    | EndRetracted
    | CareRequested
    | RequestAnswered
    | MessageRejected
    | MessageCarried
    | YouthRegistered
    | YouthMerged
    | EvaluationRecorded
    | YouthForgotten
)

DATA_TYPES: dict[str, type[StatementData]] = {
    TYPE_PREFIX + kind.type: kind
    for kind in (
        IndicationGranted,
        IndicationStarted,
        IndicationEnded,
        StartRetracted,
        EndRetracted,
        CareRequested,
        RequestAnswered,
        MessageRejected,
        MessageCarried,
        YouthRegistered,
        YouthMerged,
        EvaluationRecorded,
        YouthForgotten,
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One assertion from the care chain about one youth (domain.md §2)."""

    municipality: str
    source: str
    id: str
    youth: str
    time: datetime
    received: datetime
    data: StatementData

    @property
    def type(self) -> str:
        """The CloudEvents type."""
        return TYPE_PREFIX + self.data.type

    @property
    def from_ijw(self) -> bool:
        """Whether the national message chain stated it."""
        return self.source.startswith(IJW_SOURCE_PREFIX)
