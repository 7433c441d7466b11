"""The webhooks of a municipality: to which addresses what is told to a team or to the supervisor goes on.

Two rules. Only a supervisor enters them: they carry what a team is told out of the house. The secret is shown once,
in the answer that enters the webhook, and is sealed from then on.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import structlog
from fastapi import FastAPI, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from services.alerts.api.bearing import NUMBER_MAX, Clock, Number, session
from services.alerts.api.supervising import Supervisor
from services.alerts.store.delivering import (
    enter_webhook,
    list_webhooks,
    remove_webhook,
    replay_webhook,
    secret_place,
    take_webhook_number,
)
from services.alerts.store.streaming import last_numbers
from services.alerts.webhooks import SECRET_BYTES, URL_LENGTH_MAX, find_fault, secret_text
from youthcare.runtime.postgres import Connection, Pool
from youthcare.runtime.problems import Problem
from youthcare.runtime.sealing import Keys, MunicipalityKeys, read_keys
from youthcare.runtime.security import Principal
from youthcare.runtime.settings import Settings

RECEIVER = r"^(supervisor|team:[0-9A-Za-z][0-9A-Za-z ._-]{0,59})$"
From = Annotated[int, Query(alias="from", ge=1, le=NUMBER_MAX)]


class NewWebhook(BaseModel):
    """What a supervisor enters; `first`: from which number of the receiver, absent: what is told from now on."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    receiver: str = Field(pattern=RECEIVER, max_length=65)
    url: str = Field(max_length=URL_LENGTH_MAX)
    first: int | None = Field(default=None, ge=1, le=NUMBER_MAX)


def add_webhooks(app: FastAPI, pools: list[Pool], settings: Settings, now: Clock) -> None:
    """The doors to enter, list, remove and replay webhooks; raises for a key file that cannot be read."""
    keys_file = settings.delivery().keys_file
    keys: Keys = {} if keys_file is None else read_keys(Path(keys_file))

    @app.post("/v1/webhooks", status_code=201)
    async def entered(bearer: Supervisor, asked: NewWebhook) -> dict[str, Any]:
        """Enter a webhook; `secret` is shown this once and signs each delivery (Standard Webhooks)."""
        fault = find_fault(asked.url)
        if fault is not None:
            raise Problem(422, fault)
        async with session(pools, bearer) as connection:
            return await _entered(connection, bearer, asked, _keys_of(keys, bearer), now())

    @app.get("/v1/webhooks")
    async def listed(bearer: Supervisor) -> dict[str, Any]:
        """The webhooks, up to which number each went, and what is wrong with it."""
        async with session(pools, bearer) as connection:
            return {"webhooks": [dict(row) for row in await list_webhooks(connection, bearer.municipality)]}

    @app.delete("/v1/webhooks/{number}", status_code=204)
    async def removed(bearer: Supervisor, number: Number) -> Response:
        """Remove a webhook; what it was not sent yet it is not sent."""
        async with session(pools, bearer) as connection:
            _require_known(await remove_webhook(connection, bearer.municipality, number))
        structlog.get_logger().info("webhook_removed")
        return Response(status_code=204)

    @app.post("/v1/webhooks/{number}/replay")
    async def replayed(bearer: Supervisor, number: Number, first: From) -> dict[str, Any]:
        """Deliver again from a number of the receiver on, also by a webhook that is dead."""
        async with session(pools, bearer) as connection:
            await _replayed(connection, bearer, number, first)
        structlog.get_logger().info("webhook_replayed")
        return {"number": number, "next_number": first}


async def _entered(
    connection: Connection, bearer: Principal, asked: NewWebhook, keys: MunicipalityKeys, now: datetime
) -> dict[str, Any]:
    if asked.first is not None:
        last = await last_numbers(connection, bearer.municipality, [asked.receiver])
        _require_told(asked.first, last[asked.receiver])
    number, key = await take_webhook_number(connection, bearer.municipality), secrets.token_bytes(SECRET_BYTES)
    is_new = await enter_webhook(
        connection,
        municipality=bearer.municipality,
        number=number,
        receiver=asked.receiver,
        url=asked.url,
        secret=keys.seal(secret_place(number), key),
        actor=bearer.subject,
        now=now,
        first=asked.first,
    )
    if not is_new:
        raise Problem(409, "This receiver has a webhook at this address already.")
    return {"number": number, "receiver": asked.receiver, "url": asked.url, "secret": secret_text(key)}


async def _replayed(connection: Connection, bearer: Principal, number: int, first: int) -> None:
    found = {row["number"]: row for row in await list_webhooks(connection, bearer.municipality)}
    _require_known(number in found)
    _require_told(first, found[number]["last_number"])
    await replay_webhook(connection, bearer.municipality, number, first)


def _keys_of(keys: Mapping[str, MunicipalityKeys], bearer: Principal) -> MunicipalityKeys:
    found = keys.get(bearer.municipality)
    if found is None:
        raise Problem(409, "There are no keys to seal the secret of a webhook with: see WEBHOOK_KEYS_FILE.")
    return found


def _require_known(is_known: bool) -> None:
    if not is_known:
        raise Problem(404, "No such webhook here.")


def _require_told(first: int, last: int) -> None:
    if first > last + 1:
        raise Problem(422, "The receiver was not told so much yet.")
