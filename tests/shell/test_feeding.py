"""The feeder of the demo before a door that has had enough of it."""

from pathlib import Path

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from youthcare.cli_demo.feeding import Doors
from youthcare.runtime.local_issuer import local_issuer
from youthcare.runtime.problems import problem_response
from youthcare.runtime.rates import Buckets


async def test_what_the_door_asks_to_be_sent_later_is_sent_later(tmp_path: Path) -> None:
    """Three bodies before a door that takes sixty a minute and has one left: each is taken in the end, once."""
    elapsed, taken = [0.0], list[bytes]()
    bucket = Buckets(per_minute=60, clock=lambda: elapsed[0])
    for _ in range(59):
        bucket.take("sender")

    async def door(request: Request) -> Response:
        elapsed[0] += 0.5
        if seconds := bucket.take("sender"):
            return problem_response(429, "Too many requests; try again later.", headers={"Retry-After": str(seconds)})
        taken.append(await request.body())
        return JSONResponse([{"status": "accepted"}])

    app = Starlette(routes=[Route("/v1/events", door, methods=["POST"])])
    doors = Doors("http://door.test", local_issuer(tmp_path), "0153")

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app)) as client:
        answers = [await doors.post(client, "events", "/0153/wijkteam-noord", body) for body in (b"a", b"b", b"c")]

    assert answers == [[{"status": "accepted"}]] * 3
    assert taken == [b"a", b"b", b"c"]
