"""What a look can be, and what it is for: each operation belongs to one activity of the processing register.

One rule: an operation that the register does not name cannot be logged, and so cannot be done.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Operation(StrEnum):
    """What somebody does in which a youth is seen; the name in the log."""

    ALERTS_LIST = "alerts.list"
    ALERT_VIEW = "alerts.view"
    ALERT_ACT = "alerts.act"
    ALERTS_STREAM = "alerts.stream"
    TRAJECTORY_VIEW = "trajectory.view"
    FIGURES_DIFFERING = "figures.differing"
    VERIFY_NAMES = "verify.names"
    ACCESS_LOG_VIEW = "access-log.view"
    BREAK_GLASS_ASK = "break-glass.ask"
    BREAK_GLASS_LIST = "break-glass.list"
    INSPECTION_EXPORT = "inspection.export"
    IDENTITY_TELL = "identity.tell"
    IDENTITY_CORRECT = "identity.correct"


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """One activity of the processing register: the address under which it stands there, and its purpose."""

    identity: str
    purpose: str


Register = Mapping[Operation, Activity]
"""The activity of each operation."""


def register_from(content: Mapping[str, Mapping[str, object]]) -> Register:
    """The register of a file; raises `ValueError` when an operation is unknown, or stands in none or in two."""
    found: dict[Operation, Activity] = {}
    for row in content.values():
        activity = Activity(identity=str(row["id"]), purpose=str(row["purpose"]))
        operations = row["operations"]
        if not isinstance(operations, list):
            raise ValueError("an activity lists its operations")
        for name in operations:
            if Operation(name) in found:
                raise ValueError(f"{name} belongs to two activities")
            found[Operation(name)] = activity
    missing = sorted(set(Operation) - found.keys())
    if missing:
        raise ValueError(f"no activity for {', '.join(missing)}")
    return found
