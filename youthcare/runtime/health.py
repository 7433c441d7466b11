"""The three pages that every process shows without a token: alive, ready, and its metrics.

1. *Live* says that the loop turns; a supervisor restarts what is not live.
2. *Ready* says that work can be done now, and names what is in the way; it tells the truth during an outage.
"""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from youthcare.runtime import metrics
from youthcare.runtime.door_settings import CertificatePair, SettingWrong

Problems = Callable[[], Awaitable[list[str]]]
"""What is in the way of work at this moment; empty when nothing is."""

OPEN_PATHS = frozenset({"/health/live", "/health/ready", "/metrics"})


def health_routes(problems: Problems) -> list[Route]:
    """The routes of the three pages."""

    async def live(_request: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def ready(_request: Request) -> Response:
        found = await problems()
        return JSONResponse(
            {"status": "not ready" if found else "ready", "problems": found}, status_code=503 if found else 200
        )

    async def rendered(_request: Request) -> Response:
        return Response(metrics.rendered(), media_type=metrics.CONTENT_TYPE)

    return [
        Route("/health/live", live),
        Route("/health/ready", ready),
        Route("/metrics", rendered),
    ]


class EmbeddedServer(uvicorn.Server):
    """A server inside a process that handles its own signals."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the process."""
        yield


def health_server(host: str, port: int, problems: Problems, pair: CertificatePair | None = None) -> EmbeddedServer:
    """The small server of a worker; the caller runs ``serve()`` as a task and sets ``should_exit``.

    Raises ``SettingWrong`` for a certificate that cannot be used.
    """
    require_usable(pair)
    return EmbeddedServer(
        uvicorn.Config(
            Starlette(routes=health_routes(problems)),
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            ssl_certfile=pair.certificate_file if pair else None,
            ssl_keyfile=pair.key_file if pair else None,
        )
    )


def require_usable(pair: CertificatePair | None) -> None:
    """See before anything starts that the files hold a certificate and its key; raises ``SettingWrong``."""
    if pair is None:
        return
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(pair.certificate_file, pair.key_file)
    except OSError as error:  # as an error of TLS is
        raise SettingWrong(f"HTTP_CERTIFICATE_FILE, HTTP_KEY_FILE: {type(error).__name__}") from None
