"""`/v1/refusals`: the mailbox in which a sender finds what was refused, why, and how to put it right.

Three rules. A sender sees its own sources; a supervisor sees all senders and no payload. Getting a payload back is
written down. What may not be seen looks like what does not exist.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

import orjson
import structlog
from fastapi import Depends, FastAPI, Query
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict
from starlette.responses import Response

from services.indication.api.bearing import Bearer, Number, Services, own_sight_of, session, sight_of
from services.indication.api.documentation import ASKING, PAYLOAD
from services.indication.correcting import correction
from services.indication.mailbox import Ageing, Position, Question, Settlement, Sight, State
from services.indication.store.ageing import ageing
from services.indication.store.mailbox import (
    Kept,
    SeveralSendersError,
    find_refusal,
    handled,
    list_refusals,
    open_payload,
)
from youthcare.outcome import Reason
from youthcare.runtime.postgres import Connection
from youthcare.runtime.problems import Problem
from youthcare.runtime.security import Principal

YEARS = range(2000, 3000)


def _in_reach(instant: datetime | None) -> datetime | None:
    """An instant that every zone can express."""
    if instant is not None and instant.year not in YEARS:
        raise ValueError("the year is out of reach")
    return instant


Sender = Annotated[
    str | None,
    Query(max_length=200, pattern="^[!-~]+$", description="One source; needed when several share a number"),
]
Since = Annotated[
    AwareDatetime | None, Query(description="Refused at or after this instant"), AfterValidator(_in_reach)
]
_TOLD = ("type", "identification", "field", "code", "guidance")


class HandledBody(BaseModel):
    """What became of it: sent anew under another identification, or not to be sent at all."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    outcome: Literal["corrected", "withdrawn"]


def add_mailbox(app: FastAPI, service: Services) -> None:
    """Add the doors; `service` gives what they need once the app runs."""
    _add_reading(app, service)
    _add_payload(app, service)
    _add_handling(app, service)


def _add_reading(app: FastAPI, service: Services) -> None:
    def question(
        bearer: Bearer,
        sender: Sender = None,
        code: Reason | None = None,
        state: State | None = None,
        since: Since = None,
        after: Annotated[str | None, Query(max_length=600, description="`next` of the page before")] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> Question:
        return Question(
            sight=sight_of(service(), bearer),
            limit=limit,
            sender=sender,
            code=code,
            state=state,
            since=since,
            after=None if after is None else _position(after),
        )

    @app.get("/v1/refusals", responses=ASKING, summary="What was refused, the newest first")
    async def refusals(bearer: Bearer, asked: Annotated[Question, Depends(question)]) -> dict[str, Any]:
        """A page of refusals; `next` is the `after` of the next page."""
        async with session(service(), bearer) as connection:
            rows = await list_refusals(connection, bearer.municipality, asked)
        shown = rows[: asked.limit]
        following = _cursor(shown[-1].position) if len(rows) > asked.limit else None
        return {"refusals": [_listed(row) for row in shown], "next": following}

    @app.get(
        "/v1/refusals/senders",
        responses=ASKING,
        summary="Counts per sender",
    )
    async def senders(bearer: Bearer) -> dict[str, Any]:
        """Per sender: open refusals by age class in days, and of those that had 30 days how many were settled."""
        sight, now = sight_of(service(), bearer), service().clock()
        async with session(service(), bearer) as connection:
            return {"senders": [_counted(row) for row in await ageing(connection, sight, now)]}


def _add_payload(app: FastAPI, service: Services) -> None:
    @app.get("/v1/refusals/{number}/payload", responses=PAYLOAD, summary="What was sent", response_class=Response)
    async def payload(bearer: Bearer, number: Number, sender: Sender = None) -> Response:
        """The payload as it was delivered, while it is kept (90 days); each time is written down."""
        sight, now, keys = own_sight_of(service(), bearer), service().clock(), service().keys
        async with session(service(), bearer) as connection:
            kept = await _found(connection, bearer, sight, number, sender)
            content = None
            if sight.may_act(kept.sender, kept.readers):
                content = await open_payload(connection, keys, bearer.municipality, kept, bearer.subject, now)
        if content is None:
            raise Problem(404, "No payload is kept of this refusal.")
        structlog.get_logger().info("payload_returned")
        return Response(content, media_type=_media_type(content), headers={"Content-Disposition": "attachment"})


def _add_handling(app: FastAPI, service: Services) -> None:
    @app.post("/v1/refusals/{number}/handled", responses=ASKING, summary="Say what became of a refusal")
    async def handling(bearer: Bearer, number: Number, body: HandledBody, sender: Sender = None) -> dict[str, Any]:
        """Settle it by hand, when what is right was sent under another identification; settled stays settled."""
        sight, now = own_sight_of(service(), bearer), service().clock()
        async with session(service(), bearer) as connection:
            kept = await _found(connection, bearer, sight, number, sender)
            await handled(connection, bearer.municipality, kept, Settlement(body.outcome), bearer.subject, now)
            return _listed(await _found(connection, bearer, sight, number, sender))


async def _found(connection: Connection, bearer: Principal, sight: Sight, number: int, sender: str | None) -> Kept:
    try:
        kept = await find_refusal(connection, bearer.municipality, sight, number, sender)
    except SeveralSendersError:
        raise Problem(422, "Several of your sources have this number; name one as `sender`.") from None
    if kept is None:
        raise Problem(404, "No such refusal here.")
    return kept


def _listed(kept: Kept) -> dict[str, Any]:
    told = kept.told
    settled = kept.settled
    return {
        "sender": kept.sender,
        "number": kept.number,
        "received": kept.received.isoformat(),
        **{name: told.get(name) for name in _TOLD},
        "correction": correction(told.get("type"), Reason(told["code"]), told.get("identification")),
        "payload_until": None if kept.payload_until is None else kept.payload_until.isoformat(),
        "state": State.OPEN if settled is None else State.SETTLED,
        "settled": None if settled is None else _settled(settled, kept),
    }


def _settled(at: datetime, kept: Kept) -> Mapping[str, str | None]:
    return {"at": at.isoformat(), "as": kept.settled_as, "by": kept.settled_by}


def _counted(row: Ageing) -> dict[str, Any]:
    return {
        "sender": row.sender,
        "open": row.open,
        "oldest_open": None if row.oldest is None else row.oldest.isoformat(),
        "matured": row.matured,
        "settled_within_30_days": row.repaired,
    }


def _cursor(position: Position) -> str:
    parts = [position.received.isoformat(), position.sender, position.number]
    return urlsafe_b64encode(orjson.dumps(parts)).decode()


def _position(cursor: str) -> Position:
    try:
        received, sender, number = orjson.loads(urlsafe_b64decode(cursor))
        at = datetime.fromisoformat(received)
        place = Position(received=at, sender=str(sender), number=int(number))
        is_one = at.tzinfo is not None and at.year in YEARS and "\0" not in place.sender and 0 < place.number < 2**63
    except (NotBase64, ValueError, TypeError, OverflowError):
        is_one = False
    if not is_one:
        raise Problem(422, "`after` is not what a page before gave as `next`.")
    return place


def _media_type(content: bytes) -> str:
    start = content.lstrip()[:1]
    if start == b"<":
        return "application/xml"
    return "application/json" if start in (b"{", b"[") else "application/octet-stream"
