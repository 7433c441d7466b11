"""Doors for supervisors alone."""

from typing import Annotated

from fastapi import Depends

from services.alerts.api.bearing import Bearer
from youthcare.runtime.security import Principal, require


def _supervisor(bearer: Bearer) -> Principal:
    require(bearer.is_supervisor())
    return bearer


Supervisor = Annotated[Principal, Depends(_supervisor)]
"""The bearer, who is a supervisor; anybody else is refused (403)."""
