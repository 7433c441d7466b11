"""`POST /v1/events` and `POST /v1/ijw`, and the record of a body that is too large.

Three rules. Nothing is decided here: `processor.py` reads, `store` registers. A sender without any source of its own
stands at the wrong door. A body above the limit is a refusal like any other, so it is recorded before it is told.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.indication.answers import answers_of, http_status
from services.indication.api.bearing import Bearer
from services.indication.api.documentation import RESPONSES, document, events_door, ijw_door
from services.indication.api.forgetting import add_forgettings
from services.indication.api.identities import add_identities
from services.indication.api.identity_corrections import add_identity_corrections
from services.indication.api.mailbox import add_mailbox
from services.indication.api.service import Service
from services.indication.assertions import Taken
from services.indication.doors import Doors, refused_whole
from services.indication.processor import read_json, read_message
from services.indication.senders import Arrival
from youthcare.outcome import Reason, Refused
from youthcare.runtime.access_log import keep_looks
from youthcare.runtime.security import Principal, TokenGate, require
from youthcare.runtime.settings import HttpSettings
from youthcare.runtime.web import create_app

EVENTS, IJW = "/v1/events", "/v1/ijw"
TOO_LARGE = 413
Reader = Callable[[Doors, Arrival, bytes], Sequence[Taken]]
Opened = Callable[[], AsyncIterator[Service]]


def make_app(gate: TokenGate, http: HttpSettings, opened: Opened) -> FastAPI:
    """The app of the doors; `opened` gives the service when the app starts and closes it when it stops."""
    holder: list[Service] = []

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with asynccontextmanager(opened)() as service:
            holder[:] = [service]
            keep_looks(app, service.log, service.clock)
            yield
        holder.clear()

    async def problems() -> list[str]:
        return await holder[0].problems() if holder else ["starting"]

    app = create_app("Trajectwacht: indicaties", gate=gate, http=http, problems=problems, lifespan=lifespan)
    _add_doors(app, lambda: holder[0])
    add_forgettings(app, lambda: holder[0])
    add_mailbox(app, lambda: holder[0])
    add_identities(app, lambda: holder[0])
    add_identity_corrections(app, lambda: holder[0])
    app.add_middleware(TooLarge, service=lambda: holder[0])
    app.openapi = lambda: dict(document(app))  # type: ignore[method-assign]
    return app


def _add_doors(app: FastAPI, service: Callable[[], Service]) -> None:
    @app.post(EVENTS, responses=RESPONSES, openapi_extra=events_door(), summary="State one event or a list of them")
    async def events(request: Request, bearer: Bearer) -> Response:
        return await _receive(service(), bearer, await _body(request, bearer), read_json)

    @app.post(IJW, responses=RESPONSES, openapi_extra=ijw_door(), summary="Deliver one iJw message")
    async def messages(request: Request, bearer: Bearer) -> Response:
        return await _receive(service(), bearer, await _body(request, bearer), _read_one)


def _read_one(doors: Doors, arrival: Arrival, body: bytes) -> Sequence[Taken]:
    return [read_message(doors, arrival, body)]


async def _body(request: Request, bearer: Principal) -> bytes:
    # Before the body is read: who may send nothing need not be listened to.
    require(bool(bearer.sources()))
    return await request.body()


async def _receive(service: Service, bearer: Principal, body: bytes, read: Reader) -> Response:
    # In a thread: a large message takes seconds to parse, and others wait behind the same loop.
    parts = await asyncio.to_thread(read, service.doors, service.arrival(bearer), body)
    verdicts = await service.receive(bearer.municipality, parts)
    answers = answers_of(parts, verdicts)
    return JSONResponse(answers, status_code=http_status(answers))


class TooLarge:
    """Records the refusal of a body above the limit, which the limit itself answers."""

    def __init__(self, app: ASGIApp, service: Callable[[], Service]) -> None:
        self._app = app
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on; when it is answered 413 at a door, write that down first."""
        if scope["type"] != "http" or scope["path"] not in (EVENTS, IJW):
            await self._app(scope, receive, send)
            return

        async def recording(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == TOO_LARGE:
                await self._record(scope)
            await send(message)

        await self._app(scope, receive, recording)

    async def _record(self, scope: Scope) -> None:
        bearer, service = scope["principal"], self._service()
        if bearer.sources():
            refused = refused_whole(service.arrival(bearer), Refused(reason=Reason.TOO_LARGE), None)
            await service.receive(bearer.municipality, [refused])
