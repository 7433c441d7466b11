"""`GET /v1/alerts/stream`: what a bearer is told, as it is told (Server-Sent Events).

Five rules. The table is what is read; Postgres only says when to look (`listening.py`), and a listener looks by itself
at each heartbeat. Each event carries how far its listener has heard, so `Last-Event-ID` goes on without loss and
without repetition. A slow listener holds one page of events and no connection. The stream ends with the token.
What names a youth is logged as a look before it is sent.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from time import time
from typing import Annotated

import jwt
from fastapi import FastAPI, Header, Request
from starlette.responses import StreamingResponse
from starlette.types import Send

from services.alerts.api.bearing import Bearer, session
from services.alerts.api.listening import Ears
from services.alerts.position import HEARTBEAT, frame_of_position, framed, position_of, started
from services.alerts.store.streaming import Told, last_numbers, told_after
from youthcare.looks.operations import Operation
from youthcare.runtime.access_log import Looking, Looks
from youthcare.runtime.browsing import find_token
from youthcare.runtime.postgres import Pool, as_municipality, unavailable_as_such
from youthcare.runtime.problems import Problem
from youthcare.runtime.processing import Unavailable
from youthcare.runtime.security import Principal, require
from youthcare.runtime.settings import DatabaseSettings

HEARTBEAT_SECONDS = 15.0
PAGE = 200
STREAMS_MAX = 500
_CONNECTIONS_MAX = 4
_PAUSE_SECONDS = 0.02
"""How long a listener waits for more before it looks: many events at once cost one question."""


@dataclass(slots=True, kw_only=True)
class Listener:
    """One bearer who listens: to whom, and how far it has heard. `ends_at` in seconds since 1970."""

    pool: Pool
    few: asyncio.Semaphore
    municipality: str
    looks: Looks
    heard: dict[str, int]
    ends_at: float
    heartbeat_seconds: float

    async def events(self, ears: Ears) -> AsyncIterator[bytes]:
        """The stream, until the token ends or the process is to stop."""
        async with ears.hearing(f"{self.municipality}/{receiver}" for receiver in self.heard) as woken:
            yield frame_of_position(self.heard)
            while not ears.stopping and (left := self.ends_at - time()) > 0:
                woken.clear()
                try:
                    found = await self._found()
                except Unavailable:
                    # The listener comes again, and goes on from what it has heard.
                    return
                if found:
                    yield b"".join(map(self._frame, found))
                if len(found) < PAGE and not await _is_woken(woken, min(left, self.heartbeat_seconds)):
                    yield HEARTBEAT

    async def _found(self) -> list[Told]:
        with unavailable_as_such():
            async with self.few, self.pool.acquire() as connection, as_municipality(connection, self.municipality):
                found = await told_after(connection, self.municipality, self.heard, PAGE)
                await self.looks.again().note(connection, Operation.ALERTS_STREAM, [told.youth for told in found])
                return found

    def _frame(self, told: Told) -> bytes:
        self.heard[told.receiver] = told.number
        return framed(self.heard, told.body)


async def _is_woken(woken: asyncio.Event, seconds: float) -> bool:
    """Wait until something was told; false when nothing was for so many seconds."""
    try:
        await asyncio.wait_for(woken.wait(), seconds)
    except TimeoutError:
        return False
    await asyncio.sleep(_PAUSE_SECONDS)
    return True


class _Stream(StreamingResponse):
    """A stream that also ends when its reader reads no more."""

    media_type = "text/event-stream"
    seconds = 0.0

    async def stream_response(self, send: Send) -> None:
        """Send all; cut off a while after the token has ended."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self.seconds):
                await super().stream_response(send)


def add_stream(
    app: FastAPI, pools: list[Pool], database: DatabaseSettings, heartbeat_seconds: float = HEARTBEAT_SECONDS
) -> None:
    """The door to listen at."""
    ears, few = Ears(database), asyncio.Semaphore(_CONNECTIONS_MAX)

    @app.get("/v1/alerts/stream", response_class=_Stream)
    async def stream(
        request: Request,
        bearer: Bearer,
        looks: Looking,
        last_event_id: Annotated[str | None, Header(max_length=16_000)] = None,
    ) -> _Stream:
        """Events for the bearer's teams and role; each `data` is the record on `care-alerts`."""
        receivers = receivers_of(bearer)
        require(bool(receivers))
        if ears.count >= STREAMS_MAX:
            raise Problem(503, "Too many listen here now.", {"Retry-After": "30"})
        wanted = _position(last_event_id)
        async with few, session(pools, bearer) as connection:
            last = await last_numbers(connection, bearer.municipality, receivers)
        listener = Listener(
            pool=pools[0],
            few=few,
            municipality=bearer.municipality,
            looks=looks,
            heard=started(wanted, last),
            ends_at=_end_of_token(request),
            heartbeat_seconds=heartbeat_seconds,
        )
        answer = _Stream(listener.events(ears), headers={"X-Accel-Buffering": "no"})
        answer.seconds = max(0.0, listener.ends_at - time()) + heartbeat_seconds
        return answer


def receivers_of(bearer: Principal) -> list[str]:
    """As whom a bearer is told things."""
    teams = sorted(f"team:{team}" for team in bearer.teams())
    return [*(["supervisor"] if bearer.is_supervisor() else []), *teams]


def _position(text: str | None) -> Mapping[str, int]:
    try:
        return position_of(text) if text else {}
    except ValueError:
        raise Problem(422, "Last-Event-ID is none of ours.") from None


def _end_of_token(request: Request) -> float:
    # Not checked again: the gate let in the bearer of this very token.
    header = request.headers.get("authorization")
    token = header.partition(" ")[2].strip() if header is not None else find_token(request.scope) or ""
    claims = jwt.decode(token, options={"verify_signature": False})
    return float(claims["exp"])
