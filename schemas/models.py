"""The models of all that crosses a door, in one place to import from."""

from schemas.alerts import AlertEvent, AlertState
from schemas.heartbeat import CARE_ALERT, AlertHeartbeat
from schemas.incoming import INCOMING_EVENT, INCOMING_MODELS, IncomingEvent, check
from schemas.refusals import Refusal
from schemas.statements import CANONICAL_EVENT, DATA_MODELS, canonical_statement

__all__ = [
    "CANONICAL_EVENT",
    "CARE_ALERT",
    "DATA_MODELS",
    "INCOMING_EVENT",
    "INCOMING_MODELS",
    "AlertEvent",
    "AlertHeartbeat",
    "AlertState",
    "IncomingEvent",
    "Refusal",
    "canonical_statement",
    "check",
]
