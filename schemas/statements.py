"""Canonical statements on the topic `indication-events` (design.md §3).

One model per type of data, with the fields of its dataclass in `youthcare/events.py`, and around it the CloudEvent
with the youth as subject. A contract test keeps model and dataclass equal.
"""

from typing import Annotated, Any, Literal, Union, cast

from pydantic import Discriminator, Field, TypeAdapter, create_model

from schemas.fields import (
    Category,
    Day,
    Identifier,
    Instant,
    LastDay,
    LocalInstant,
    Model,
    MunicipalityCode,
    ProductCode,
    Provider,
    Source,
    Team,
    Youth,
    text,
)
from youthcare.codes import ChangeReason, EndReason, Referrer, RefusalReason, RequestAnswer
from youthcare.events import TYPE_PREFIX, Statement
from youthcare.wire import statement_from_wire

# Codes arrive as text; the models are strict otherwise.
Code = Field(strict=False)


class ProductModel(Model):
    """What is granted or delivered; a category (JZ020), a code within it, both or neither."""

    category: Category | None = None
    code: ProductCode | None = None


class VolumeModel(Model):
    """How much care ("omvang"): amount, unit (WJ756) and frequency (WMO757)."""

    amount: Annotated[int, Field(ge=0, le=99_999_999)]
    unit: Annotated[str, Field(pattern=r"^[0-9]{2}$")]
    frequency: Annotated[str, Field(pattern=r"^[0-9]$")]


class RequestedProductModel(Model):
    """One product in a request: kept, changed or new."""

    kind: Literal["keep", "change", "new"]
    indication: Identifier | None = None
    product: ProductModel | None = None
    first_day: Day | None = None
    last_day: LastDay = None


class GrantedData(Model):
    """The newest full description of an indication ("toewijzing")."""

    indication: Identifier
    provider: Provider
    product: ProductModel
    granted_at: LocalInstant
    first_day: Day
    last_day: LastDay = None
    change_reason: Annotated[ChangeReason | None, Code] = None
    volume: VolumeModel | None = None
    request: Identifier | None = None
    referrer: Annotated[Referrer | None, Code] = None
    team: Team | None = None


class StartedData(Model):
    """Delivery began on a first day ("start")."""

    indication: Identifier
    first_day: Day
    provider: Provider | None = None
    product: ProductModel | None = None
    planned_last_day: LastDay = None
    referrer: Annotated[Referrer | None, Code] = None
    team: Team | None = None
    crisis: bool | None = None
    school: Annotated[str, text(100)] | None = None


class EndedData(Model):
    """The delivery that began on `first_day` stopped on `last_day` ("stop")."""

    indication: Identifier
    first_day: Day
    last_day: Day
    reason: Annotated[EndReason, Code]


class StartRetractedData(Model):
    """An earlier start, found by its key, was never true."""

    indication: Identifier
    first_day: Day


class EndRetractedData(EndedData):
    """An earlier end, found by its key, was never true."""


class RequestedData(Model):
    """A provider asks for care ("verzoek om toewijzing" or "wijziging")."""

    request: Identifier
    provider: Provider
    products: Annotated[tuple[RequestedProductModel, ...], Field(min_length=1, max_length=500, strict=False)]
    referrer: Annotated[Referrer | None, Code] = None


class AnsweredData(Model):
    """The municipality answers a request other than by granting it."""

    request: Identifier
    answer: Annotated[RequestAnswer, Code]
    reason: Annotated[RefusalReason | None, Code] = None


class RejectedData(Model):
    """The receiver rejected a message: what it carried does not count."""

    message: Identifier
    code: Annotated[str, Field(pattern=r"^[0-9A-Za-z]{1,10}$")]
    sender: Source | None = None


class CarriedData(Model):
    """Which statements a JW301 carried."""

    message: Identifier
    statements: Annotated[tuple[Identifier, ...], Field(max_length=10_000, strict=False)]


class RegisteredData(Model):
    """Birth date, team and case reference of a youth, valid from a day."""

    valid_from: Day
    birth_date: Day | None = None
    team: Team | None = None
    case_reference: Annotated[str, text(100)] | None = None


class MergedData(Model):
    """Two youths are one: this youth's ledger is joined to that of `into`."""

    into: Youth


class EvaluatedData(Model):
    """The evaluation of an indication took place on a day."""

    indication: Identifier
    day: Day


class ForgottenData(Model):
    """Erase this person."""


_DATA_OF_TYPE: dict[str, type[Model]] = {
    "indication.granted.v1": GrantedData,
    "indication.started.v1": StartedData,
    "indication.ended.v1": EndedData,
    "indication.started.retracted.v1": StartRetractedData,
    "indication.ended.retracted.v1": EndRetractedData,
    "care.requested.v1": RequestedData,
    "care.request.answered.v1": AnsweredData,
    "message.rejected.v1": RejectedData,
    "message.carried.v1": CarriedData,
    "youth.registered.v1": RegisteredData,
    "youth.merged.v1": MergedData,
    "evaluation.recorded.v1": EvaluatedData,
    "youth.forgotten.v1": ForgottenData,
}
DATA_MODELS = {TYPE_PREFIX + name: model for name, model in _DATA_OF_TYPE.items()}


class Envelope(Model):
    """The CloudEvents 1.0 attributes that every statement carries, in and out."""

    specversion: Literal["1.0"]
    id: Identifier
    source: Source
    municipality: MunicipalityCode
    time: Instant
    datacontenttype: Literal["application/json"] = "application/json"


class CanonicalEnvelope(Envelope):
    """The envelope on `indication-events`: with the youth, and when the service first took it in."""

    subject: Youth
    received: Instant | None = None


def event_union(envelope: type[Envelope], data_models: dict[str, type[Model]]) -> Any:
    """The type "any of these events", told apart by `type`."""
    events = tuple(_event_model(envelope, kind, data) for kind, data in data_models.items())
    return Annotated[Union[events], Discriminator("type")]  # noqa: UP007  # a union made of a tuple


def _event_model(envelope: type[Envelope], kind: str, data: type[Model]) -> type[Envelope]:
    name = data.__name__.removesuffix("Data") + "Event"
    # Erasing needs no data, so a sender may leave it out.
    default: Any = ... if data.model_fields else {}
    fields: dict[str, Any] = {"type": (Literal[kind], ...), "data": (data, default)}
    return cast(type[Envelope], create_model(name, __base__=envelope, __doc__=data.__doc__, **fields))


CANONICAL_EVENT: TypeAdapter[Any] = TypeAdapter(event_union(CanonicalEnvelope, DATA_MODELS))


def canonical_statement(event: object) -> Statement:
    """The statement of a canonical CloudEvent; raises `pydantic.ValidationError` when it is none."""
    checked = CANONICAL_EVENT.validate_python(event)
    return statement_from_wire(checked.model_dump(mode="json", exclude_none=True))
