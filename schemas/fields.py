"""The field types of everything that crosses a door.

Three rules. Texts have a bound and no control characters. Days lie between 1900-01-01 and 2199-12-31, and the day
9999-12-31, which senders write for "no last day", is read as none. A code outside its list is told apart from a
value of the wrong form, because the sender mends them differently.
"""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any, cast

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from youthcare.codes import PRODUCT_CATEGORIES
from youthcare.outcome import Reason

FIRST_POSSIBLE_DAY = date(1900, 1, 1)
LAST_POSSIBLE_DAY = date(2199, 12, 31)
NO_LAST_DAY = "9999-12-31"
PRINTABLE = r"^[^\x00-\x1f\x7f]+$"
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_LOCAL = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?", re.ASCII)
_INSTANT = re.compile(_LOCAL.pattern + r"(Z|[+-][0-9]{2}:[0-9]{2})", re.ASCII)


class Model(BaseModel):
    """A shape at a door: values are not coerced, members it does not know are left out."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


def refusal_error(reason: Reason, place: str | None = None) -> PydanticCustomError:
    """The validation error that carries a refusal reason and, for a rule over fields, which one to mend."""
    return PydanticCustomError(cast(Any, reason.value), "not accepted", {"place": place})


def _day(value: Any) -> date:
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            day = date.fromisoformat(value)
        except ValueError:
            raise refusal_error(Reason.FIELD_INVALID) from None
        if FIRST_POSSIBLE_DAY <= day <= LAST_POSSIBLE_DAY:
            return day
    raise refusal_error(Reason.FIELD_INVALID)


def _last_day(value: Any) -> date | None:
    return None if value is None or value == NO_LAST_DAY else _day(value)


def _local_instant(value: Any) -> datetime:
    return _moment(value, _LOCAL)


def _instant(value: Any) -> datetime:
    try:
        instant = _moment(value, _INSTANT).astimezone(UTC)
    except OverflowError:
        raise refusal_error(Reason.FIELD_INVALID) from None
    # In UTC it may fall on the day before the first or after the last possible one.
    _day(instant.date().isoformat())
    return instant


def _moment(value: Any, form: re.Pattern[str]) -> datetime:
    if isinstance(value, str) and form.fullmatch(value):
        _day(value[:10])
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            raise refusal_error(Reason.FIELD_INVALID) from None
    raise refusal_error(Reason.FIELD_INVALID)


def _category(value: str) -> str:
    if value not in PRODUCT_CATEGORIES:
        raise refusal_error(Reason.UNKNOWN_CODE)
    return value


def text(longest: int) -> Any:
    """Constraints of a text of at most `longest` characters, without control characters."""
    return StringConstraints(min_length=1, max_length=longest, pattern=PRINTABLE)


_DAY_SCHEMA = WithJsonSchema({"type": "string", "format": "date"})
Day = Annotated[date, BeforeValidator(_day), _DAY_SCHEMA]
LastDay = Annotated[
    date | None,
    BeforeValidator(_last_day),
    WithJsonSchema({"type": ["string", "null"], "format": "date", "description": "9999-12-31 is read as none."}),
]
LocalInstant = Annotated[
    datetime,
    BeforeValidator(_local_instant),
    WithJsonSchema({"type": "string", "pattern": f"^{_LOCAL.pattern}$", "description": "Local time as written."}),
]
Instant = Annotated[datetime, BeforeValidator(_instant), WithJsonSchema({"type": "string", "format": "date-time"})]
Identifier = Annotated[str, text(200)]
MunicipalityCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}$")]
Youth = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_-]{1,64}$")]
Provider = Annotated[str, text(36)]
Team = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z][0-9A-Za-z ._-]{0,59}$")]
Category = Annotated[
    str, AfterValidator(_category), WithJsonSchema({"type": "string", "enum": sorted(PRODUCT_CATEGORIES)})
]
ProductCode = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{1,10}$")]
Source = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,200}$")]
