"""The four APIs as their OpenAPI documents describe them, each served for real, for who asks by the document.

Rules. Everything behind the pages is real. The asker may do all there is to do in a municipality of its own, so that
the questions reach the code and not only the gate.
"""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import uvicorn
from fastapi import FastAPI

from services.alerts.api import api as alerts
from services.indication.api import make_app
from services.indication.api.opening import opened
from services.indicators.api import api as indicators
from services.trajectory.api import api as trajectory
from tests.indication import World
from youthcare.runtime.clock import utc_now
from youthcare.runtime.local.stack import Stack
from youthcare.runtime.security import token_gate
from youthcare.runtime.settings import Settings

SERVICES = ("indication", "trajectory", "indicators", "alerts")
ROLES = ("supervisor", "privacy-officer", "team:noord", "sender:/0153/wijkteam-noord", "sender:urn:ijw:0153")


@dataclass(frozen=True, slots=True)
class Documented:
    """A served API: its document, its address and the headers of who may ask it everything."""

    document: dict[str, Any]
    address: str
    headers: dict[str, str]


def _settings(world: World, stack: Stack) -> Settings:
    names = {f"{service.upper()}_DSN": stack.dsn(service) for service in SERVICES}
    return Settings.from_env(world.environment(**names))


async def _nothing() -> None:
    """No gauges beside the pages."""


def _app(service: str, settings: Settings) -> FastAPI:
    match service:
        case "indication":
            return make_app(token_gate(settings.token()), settings.http(), partial(opened, settings))
        case "trajectory":
            return trajectory(settings)
        case "indicators":
            return indicators(settings, utc_now, _nothing)
        case _:
            return alerts(settings)


@contextmanager
def documented(service: str, world: World, municipality: str) -> Iterator[Documented]:
    """One of the four, served over HTTP in a thread."""
    app = _app(service, _settings(world, world.stack))
    token = world.issuer.token(municipality=municipality, roles=list(ROLES), exp=int(time.time()) + 7200)
    with _served(app) as address:
        yield Documented(app.openapi(), address, {"Authorization": f"Bearer {token}"})


@contextmanager
def _served(app: FastAPI) -> Iterator[str]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, server_header=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        deadline = time.monotonic() + 60
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.02)
        assert server.started, "the API did not start"
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join(20)
