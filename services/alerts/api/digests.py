"""The addresses to which the mail of the morning of each team goes.

Two rules. Only a supervisor enters them. An address is removed with all that is kept of mails to it.
"""

from typing import Annotated, Any

import structlog
from fastapi import FastAPI, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from services.alerts.api.bearing import Clock, session
from services.alerts.api.supervising import Supervisor
from services.alerts.store.digesting import enter_address, list_addresses, remove_address
from youthcare.runtime.postgres import Pool
from youthcare.runtime.problems import Problem

# One mailbox in the common form; quoted names and names of hosts in other scripts are left out (RFC 5321 §4.1.2).
ADDRESS = r"^[A-Za-z0-9_+&-]+(\.[A-Za-z0-9_+&-]+)*@([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,}$"
TEAM = r"^(\*|[0-9A-Za-z][0-9A-Za-z ._-]{0,59})$"
"""A team, or `*`: the supervisor, who has the list of who looked beyond the own team each week."""
Team = Annotated[str, Query(pattern=TEAM)]
Address = Annotated[str, Query(pattern=ADDRESS, max_length=254)]


class NewAddress(BaseModel):
    """What a supervisor enters."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    team: str = Field(pattern=TEAM)
    address: str = Field(pattern=ADDRESS, max_length=254)


def add_digests(app: FastAPI, pools: list[Pool], now: Clock) -> None:
    """The doors to enter, list and remove addresses."""

    @app.post("/v1/digest-addresses", status_code=201)
    async def entered(bearer: Supervisor, asked: NewAddress) -> dict[str, Any]:
        """Enter an address for a team; it has mail from the next morning on which there is something new."""
        place = {"municipality": bearer.municipality, "team": asked.team, "address": asked.address}
        async with session(pools, bearer) as connection:
            if not await enter_address(connection, **place, actor=bearer.subject, now=now()):
                raise Problem(409, "This team has this address already.")
        return {"team": asked.team, "address": asked.address}

    @app.get("/v1/digest-addresses")
    async def listed(bearer: Supervisor) -> dict[str, Any]:
        """The addresses and what became of the last mail to each."""
        async with session(pools, bearer) as connection:
            return {"addresses": [dict(row) for row in await list_addresses(connection, bearer.municipality)]}

    @app.delete("/v1/digest-addresses", status_code=204)
    async def removed(bearer: Supervisor, team: Team, address: Address) -> Response:
        """Remove an address."""
        async with session(pools, bearer) as connection:
            if not await remove_address(connection, bearer.municipality, team, address):
                raise Problem(404, "No such address here.")
        structlog.get_logger().info("digest_address_removed")
        return Response(status_code=204)
