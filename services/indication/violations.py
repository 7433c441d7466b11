"""A broken content rule as a value: why, where, and under which code of the standard."""

from dataclasses import dataclass

from services.indication.elements import path_of, place_of
from youthcare.outcome import Reason, Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One broken rule; `rule` is its code in the standard (or the code list that does not know the code)."""

    refused: Refused
    rule: str


def violation(reason: Reason, value: object, name: str | None, rule: str) -> Violation:
    """The violation at a field of a part of a message, or at the part itself when no field is named."""
    place = path_of(value) if name is None else place_of(value, name)
    return Violation(refused=Refused(reason=reason, field=place), rule=rule)
