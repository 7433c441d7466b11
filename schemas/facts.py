"""The shape of `trajectory-facts`, taken from the dataclasses of `youthcare/youthfacts.py` themselves.

One rule: a period is written by its first and its last day, both included, as `youthcare/wire.py` does.
"""

from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from youthcare.period import Period
from youthcare.youthfacts import YouthFacts

_DAY: JsonSchemaValue = {"type": "string", "format": "date"}
_PERIOD: JsonSchemaValue = {
    "type": "object",
    "title": "Period",
    "description": "First and last day, both included; the last day is null while it is open.",
    "properties": {"first_day": _DAY, "last_day": {"anyOf": [_DAY, {"type": "null"}]}},
    "required": ["first_day", "last_day"],
}


class _WireForm(GenerateJsonSchema):
    def dataclass_schema(self, schema: core_schema.DataclassSchema) -> JsonSchemaValue:
        return _PERIOD if schema["cls"] is Period else super().dataclass_schema(schema)


def facts_schema() -> dict[str, Any]:
    """The JSON Schema of the facts of a youth as they stand on the topic."""
    return TypeAdapter(YouthFacts).json_schema(schema_generator=_WireForm)
