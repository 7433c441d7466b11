"""The trace of a look, and the trace of whoever called: W3C Trace Context, as the standard asks."""

import re
from dataclasses import dataclass

_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The operation at the caller that led to this one."""

    trace_id: bytes
    span_id: bytes


def caller_of(traceparent: str | None) -> Caller | None:
    """The caller's operation from its header; None without one, or when it is not of the right form."""
    found = _TRACEPARENT.fullmatch(traceparent or "")
    if found is None:
        return None
    trace, span = bytes.fromhex(found[1]), bytes.fromhex(found[2])
    return Caller(trace_id=trace, span_id=span) if any(trace) and any(span) else None
