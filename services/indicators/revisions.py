"""What the meaning of a figure rests on: the catalogue, the definition set and the rules, as values to compare."""

from dataclasses import asdict
from hashlib import sha256
from typing import Any

from services.indicators.catalogue import REPORTED
from youthcare.youthfacts import RULES_REVISION

STEPS_REVISION = 1
"""Raised when the code that turns facts into steps or steps into figures gives other figures; needs a rebuild."""


def revisions(definition: str) -> dict[str, Any]:
    """The revisions under which figures of a definition set are made."""
    told = repr([asdict(row) for row in REPORTED])
    return {
        "definition": definition,
        "rules_revision": RULES_REVISION,
        "steps_revision": STEPS_REVISION,
        "catalogue": sha256(told.encode()).hexdigest(),
    }
