"""Who asks at the doors of the indication service, and sessions that see one municipality."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, Path

from services.indication.api.service import Service
from services.indication.identity import scrub
from services.indication.mailbox import Sight
from youthcare.runtime.postgres import Connection, as_municipality, unavailable_as_such
from youthcare.runtime.security import Principal, principal, require

Bearer = Annotated[Principal, Depends(principal)]
Number = Annotated[int, Path(ge=1, le=2**63 - 1)]
Services = Callable[[], Service]
"""Gives the service once the app runs."""


def sight_of(service: Service, bearer: Principal) -> Sight:
    """Whose refusals a bearer sees: its own sources, a supervisor all. Raises `Forbidden` for anybody else."""
    require(bearer.is_supervisor() or bool(bearer.sources()))
    return Sight(sources=_own(service, bearer), all_senders=bearer.is_supervisor())


def own_sight_of(service: Service, bearer: Principal) -> Sight:
    """The refusals of a bearer's own sources alone. Raises `Forbidden` for whoever has none, supervisors too."""
    require(bool(bearer.sources()))
    return Sight(sources=_own(service, bearer), all_senders=False)


def _own(service: Service, bearer: Principal) -> frozenset[str]:
    sources, keys = bearer.sources(), service.keys.get(bearer.municipality)
    # A source that could hold a BSN is kept as its digest.
    return sources if keys is None else sources | {scrub(source, None, keys.scrub) for source in sources}


@asynccontextmanager
async def session(service: Service, bearer: Principal) -> AsyncIterator[Connection]:
    """One transaction that sees the bearer's municipality; raises `Unavailable`."""
    with unavailable_as_such():
        async with service.pool.acquire() as connection, as_municipality(connection, bearer.municipality):
            yield connection
