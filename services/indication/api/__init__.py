"""The HTTP doors of the indication service."""

from functools import partial

from services.indication.api.opening import opened
from services.indication.api.routes import make_app
from youthcare.runtime.logs import configure_logging
from youthcare.runtime.security import token_gate
from youthcare.runtime.settings import Settings
from youthcare.runtime.web import serve

__all__ = ["make_app", "run_api"]


def run_api(settings: Settings) -> None:
    """Serve the doors until SIGTERM."""
    configure_logging("indication", settings.log_level)
    gate, http = token_gate(settings.token()), settings.http()
    serve(make_app(gate, http, partial(opened, settings)), http)
