"""What a sender may post as JSON: a statement with the BSN in its data and without a subject (design.md §3).

Three rules. `subject` and `received` are ours alone: a sender's are dropped, like names, free text and every
member that has no place in the model; what is dropped is counted. What the answer to a sender says is a reason
and a place, never a value. Whether a BSN holds is decided behind the door (`services/indication/identity.py`);
here only that something stands there in its form.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field, TypeAdapter, ValidationError, create_model, model_validator

from schemas.fields import Model, Youth, refusal_error
from schemas.statements import (
    DATA_MODELS,
    AnsweredData,
    EndedData,
    Envelope,
    GrantedData,
    MergedData,
    RegisteredData,
    RejectedData,
    RequestedData,
    RequestedProductModel,
    StartedData,
    event_union,
)
from youthcare.events import DATA_TYPES, TYPE_PREFIX, StatementData
from youthcare.outcome import Reason, Refused
from youthcare.wire import from_wire

Bsn = Annotated[str, Field(pattern=r"^[0-9]{8,9}$", description="Burgerservicenummer; leaves no trace inside.")]
# An answer names a request, a return names a message: that tells whose they are.
_WITHOUT_BSN = (AnsweredData, RejectedData)
_REASONS = {
    "missing": Reason.FIELD_MISSING,
    "union_tag_not_found": Reason.FIELD_MISSING,
    "union_tag_invalid": Reason.UNKNOWN_TYPE,
}
_OURS_ALONE = frozenset({TYPE_PREFIX + "message.carried.v1"})


def _in_order(first: date | None, last: date | None, place: str = "last_day") -> None:
    if first is not None and last is not None and last < first:
        raise refusal_error(Reason.END_BEFORE_START, place)


class IncomingGranted(GrantedData):
    """An indication as a sender states it."""

    @model_validator(mode="after")
    def _days_in_order(self) -> "IncomingGranted":
        _in_order(self.first_day, self.last_day)
        return self


class IncomingStarted(StartedData):
    """A start as a sender states it."""

    @model_validator(mode="after")
    def _days_in_order(self) -> "IncomingStarted":
        _in_order(self.first_day, self.planned_last_day, "planned_last_day")
        return self


class IncomingEnded(EndedData):
    """An end as a sender states it."""

    @model_validator(mode="after")
    def _days_in_order(self) -> "IncomingEnded":
        _in_order(self.first_day, self.last_day)
        return self


class IncomingRequestedProduct(RequestedProductModel):
    """One requested product as a sender states it."""

    @model_validator(mode="after")
    def _days_in_order(self) -> "IncomingRequestedProduct":
        _in_order(self.first_day, self.last_day)
        return self


class IncomingRequested(RequestedData):
    """A request as a sender states it."""

    products: Annotated[tuple[IncomingRequestedProduct, ...], Field(min_length=1, max_length=500, strict=False)]


class IncomingRegistered(RegisteredData):
    """A registration; the postcode stands in for the team and is dropped once it has told it."""

    postcode: Annotated[str, Field(pattern=r"^[1-9][0-9]{3}( ?[A-Za-z]{2})?$")] | None = None


class IncomingMerged(MergedData):
    """Two youths are one: the surviving one is named by its identifier or by its BSN."""

    into: Youth | None = None  # type: ignore[assignment]  # one of the two
    into_bsn: Bsn | None = None

    @model_validator(mode="after")
    def _one_survivor(self) -> "IncomingMerged":
        if self.into is None and self.into_bsn is None:
            raise refusal_error(Reason.FIELD_MISSING, "into")
        if self.into is not None and self.into_bsn is not None:
            raise refusal_error(Reason.FIELD_FORBIDDEN, "into_bsn")
        return self


_STRICTER: dict[type[Model], type[Model]] = {
    GrantedData: IncomingGranted,
    StartedData: IncomingStarted,
    EndedData: IncomingEnded,
    RequestedData: IncomingRequested,
    RegisteredData: IncomingRegistered,
    MergedData: IncomingMerged,
}


def _with_bsn(data: type[Model]) -> type[Model]:
    base = _STRICTER.get(data, data)
    bsn: Any = (Bsn | None, None) if data in _WITHOUT_BSN else (Bsn, ...)
    name = "Incoming" + data.__name__
    return create_model(name, __base__=base, __doc__=base.__doc__, bsn=bsn)


INCOMING_MODELS: dict[str, type[Model]] = {
    kind: _with_bsn(data) for kind, data in DATA_MODELS.items() if kind not in _OURS_ALONE
}
INCOMING_EVENT: TypeAdapter[Any] = TypeAdapter(event_union(Envelope, INCOMING_MODELS))


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingEvent:
    """A checked event whose youth is not yet known; the only value inside that holds a BSN."""

    municipality: str
    source: str
    id: str
    time: datetime
    data: StatementData
    bsn: str | None = field(repr=False)
    into_bsn: str | None = field(default=None, repr=False)
    postcode: str | None = None
    dropped_fields: int = 0


def check(event: object) -> IncomingEvent | Refused:
    """The event, or why it is refused: reason, place and the sender's id, never a value (domain.md §8)."""
    if not isinstance(event, Mapping):
        return Refused(reason=Reason.NOT_JSON)
    try:
        checked = INCOMING_EVENT.validate_python(event)
    except ValidationError as error:
        return _refused(event, error)
    return _event(event, checked)


def _event(event: Mapping[str, Any], checked: Any) -> IncomingEvent:
    content = checked.data.model_dump(mode="json", exclude_none=True)
    bsn, into_bsn, postcode = (content.pop(name, None) for name in ("bsn", "into_bsn", "postcode"))
    if into_bsn is not None:
        # Filled in as soon as the identity table tells which youth it is.
        content["into"] = ""
    return IncomingEvent(
        municipality=checked.municipality,
        source=checked.source,
        id=checked.id,
        time=checked.time,
        data=from_wire(DATA_TYPES[checked.type], content),
        bsn=bsn,
        into_bsn=into_bsn,
        postcode=postcode,
        dropped_fields=_dropped(event, checked),
    )


def _dropped(content: object, model: object) -> int:
    """Number of members that the model has no place for."""
    if isinstance(content, Mapping) and isinstance(model, BaseModel):
        known = type(model).model_fields
        inner = sum(_dropped(value, getattr(model, name)) for name, value in content.items() if name in known)
        return inner + sum(name not in known for name in content)
    if isinstance(content, list) and isinstance(model, tuple):
        return sum(_dropped(part, whole) for part, whole in zip(content, model, strict=True))
    return 0


def _refused(event: Mapping[str, Any], error: ValidationError) -> Refused:
    first = error.errors(include_url=False, include_input=False)[0]
    place = [part for part in first["loc"] if part not in INCOMING_MODELS]
    rule_place = first.get("ctx", {}).get("place")
    place += [rule_place] if rule_place else []
    reason = _reason(first["type"], place)
    return Refused(reason=reason, field=_joined(place) or "type", identification=_identification(event))


def _reason(kind: str, place: list[int | str]) -> Reason:
    if kind in set(Reason):
        return Reason(kind)
    if kind in _REASONS:
        return _REASONS[kind]
    if place[-1] in ("bsn", "into_bsn"):
        return Reason.BSN_INVALID
    codes = kind in ("enum", "literal_error") and place[-1] not in ("specversion", "datacontenttype")
    return Reason.UNKNOWN_CODE if codes else Reason.FIELD_INVALID


def _joined(place: Iterable[int | str]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).lstrip(".")


def _identification(event: Mapping[str, Any]) -> str | None:
    identification = event.get("id")
    fits = isinstance(identification, str) and 0 < len(identification) <= 200 and identification.isprintable()
    return identification if fits else None
