"""Values to JSON objects and back, by their type annotations.

Two rules. What is None is left out; reading ignores members it does not know, so that an older reader survives a
newer writer. The doors have checked the shape before (`schemas/models.py`); a value that does not fit is our bug.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from youthcare.events import DATA_TYPES, Statement
from youthcare.period import FAR, Period, from_days

Value = TypeVar("Value")
Decoder = Callable[[Any], Any]


def instant_text(instant: datetime) -> str:
    """A UTC instant as `2024-03-05T10:00:00Z`."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def to_wire(value: object) -> Any:
    """The JSON form of a value: dates as text, periods by first and last day, None left out."""
    return _encoder(cast(Any, type(value)))(value)


@cache
def _encoder(kind: Any) -> Callable[[Any], Any]:
    if issubclass(kind, Period):
        return lambda period: {"first_day": period.start.isoformat(), "last_day": _day_text(period.last_day)}
    if is_dataclass(kind):
        return _dataclass_encoder(tuple(field.name for field in fields(kind)))
    if issubclass(kind, datetime):
        return lambda instant: instant_text(instant) if instant.tzinfo else instant.isoformat()
    if issubclass(kind, date):
        return cast(Callable[[Any], Any], kind.isoformat)
    if issubclass(kind, Mapping):
        return lambda content: {str(key): to_wire(member) for key, member in content.items()}
    if issubclass(kind, tuple | list | frozenset):
        return lambda members: [to_wire(member) for member in members]
    return lambda plain: plain


def _dataclass_encoder(names: tuple[str, ...]) -> Callable[[Any], dict[str, Any]]:
    def encode(value: Any) -> dict[str, Any]:
        members = ((name, getattr(value, name)) for name in names)
        return {name: to_wire(member) for name, member in members if member is not None}

    return encode


def _day_text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def from_wire(kind: type[Value], content: object) -> Value:
    """The value of a JSON form that a door has checked."""
    value: Value = _decoder(cast(Any, kind))(content)
    return value


@cache
def _decoder(kind: Any) -> Decoder:
    if kind is Period:
        return _period
    if is_dataclass(kind):
        return _dataclass_decoder(kind)
    if kind is date:
        return date.fromisoformat
    if kind is datetime:
        return datetime.fromisoformat
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return kind
    return _generic_decoder(kind)


def _generic_decoder(kind: Any) -> Decoder:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        (member,) = (argument for argument in arguments if argument is not NoneType)
        decode = _decoder(member)
        return lambda content: None if content is None else decode(content)
    if origin is tuple:
        return _tuple_decoder(arguments)
    if origin is not None and issubclass(origin, Mapping):
        decode_value = _decoder(arguments[1])
        return lambda content: {key: decode_value(member) for key, member in content.items()}
    return lambda content: content


def _tuple_decoder(arguments: tuple[Any, ...]) -> Decoder:
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        decode = _decoder(arguments[0])
        return lambda content: tuple(map(decode, content))
    decoders = [_decoder(argument) for argument in arguments]
    return lambda content: tuple(decode(member) for decode, member in zip(decoders, content, strict=True))


def _dataclass_decoder(kind: Any) -> Decoder:
    hints = get_type_hints(kind)
    decoders = [(field.name, _decoder(hints[field.name])) for field in fields(kind)]
    needed = {field.name for field in fields(kind) if field.default is MISSING and field.default_factory is MISSING}

    def decode(content: Mapping[str, Any]) -> Any:
        assert needed <= content.keys(), "the doors let only whole values in"
        return kind(**{name: read(content[name]) for name, read in decoders if name in content})

    return decode


def _period(content: Mapping[str, str | None]) -> Period:
    last = content["last_day"]
    period = from_days(date.fromisoformat(content["first_day"] or ""), date.fromisoformat(last) if last else FAR)
    assert period is not None, "a period on the wire has a day"
    return period


def statement_to_wire(statement: Statement) -> dict[str, Any]:
    """The canonical CloudEvent of a statement (design.md §3)."""
    return {
        "specversion": "1.0",
        "id": statement.id,
        "source": statement.source,
        "type": statement.type,
        "subject": statement.youth,
        "municipality": statement.municipality,
        "time": instant_text(statement.time),
        "received": instant_text(statement.received),
        "datacontenttype": "application/json",
        "data": to_wire(statement.data),
    }


def statement_from_wire(event: Mapping[str, Any]) -> Statement:
    """The statement of a checked canonical CloudEvent; without `received` it counts as known when recorded."""
    time = datetime.fromisoformat(event["time"])
    received = event.get("received")
    return Statement(
        municipality=event["municipality"],
        source=event["source"],
        id=event["id"],
        youth=event["subject"],
        time=time,
        received=datetime.fromisoformat(received) if received else time,
        data=_decoder(cast(Any, DATA_TYPES[event["type"]]))(event.get("data") or {}),
    )
