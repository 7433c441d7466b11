"""Where an issuer says that its doors are (OpenID Connect Discovery 1.0), read from the issuer itself.

Two rules. The document must name the very issuer that was asked, and doors on which nobody listens in. What was read
is used for an hour, and longer while the issuer is away.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from youthcare.runtime.door_settings import is_guarded
from youthcare.runtime.processing import Unavailable

DOCUMENT = "/.well-known/openid-configuration"
FRESH_SECONDS = 3600.0
AGAIN_SECONDS = 30.0
TIMEOUT_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """The doors of an issuer; ``end_session`` is where one signs out there, ``tells_issuer`` is RFC 9207."""

    authorization: str
    token: str
    keys: str
    end_session: str | None
    posts_secret: bool
    tells_issuer: bool


@dataclass(slots=True)
class Discovery:
    """The discovery document of one issuer; ``clock`` gives seconds."""

    issuer: str
    clock: Callable[[], float] = time.monotonic
    _found: Endpoints | None = None
    _looked_at: float = 0.0
    _looking: threading.Lock = field(default_factory=threading.Lock)

    def endpoints(self) -> Endpoints:
        """The doors; raises ``Unavailable`` when they were never read and cannot be read now."""
        # Requests come in threads: those that come while another reads wait for what it finds.
        with self._looking:
            if self._found is None or self.clock() - self._looked_at >= FRESH_SECONDS:
                self._look()
            assert self._found is not None, "else it was raised"
            return self._found

    def _look(self) -> None:
        try:
            self._found = endpoints_of(self.issuer, _fetched(self.issuer))
            self._looked_at = self.clock()
        except Unavailable:
            if self._found is None:
                raise
            # What is known goes on counting; the next look is not at once.
            self._looked_at = self.clock() - FRESH_SECONDS + AGAIN_SECONDS


def endpoints_of(issuer: str, document: Mapping[str, Any]) -> Endpoints:
    """The doors that a discovery document names; raises ``Unavailable`` when it is not that of the issuer."""
    if document.get("issuer") != issuer:
        raise Unavailable("the discovery document is that of another issuer")
    methods = document.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    return Endpoints(
        authorization=_door(document, "authorization_endpoint"),
        token=_door(document, "token_endpoint"),
        keys=_door(document, "jwks_uri"),
        end_session=_door(document, "end_session_endpoint") if "end_session_endpoint" in document else None,
        posts_secret="client_secret_basic" not in methods and "client_secret_post" in methods,
        tells_issuer=document.get("authorization_response_iss_parameter_supported") is True,
    )


def _door(document: Mapping[str, Any], name: str) -> str:
    address = document.get(name)
    if not isinstance(address, str) or not is_guarded(address):
        raise Unavailable(f"the discovery document has no {name} that can be used")
    return address


def _fetched(issuer: str) -> Mapping[str, Any]:
    try:
        answer = httpx.get(issuer.rstrip("/") + DOCUMENT, timeout=TIMEOUT_SECONDS, follow_redirects=False)
        document = answer.raise_for_status().json()
    except (httpx.HTTPError, ValueError) as error:
        raise Unavailable(f"the discovery document is away: {type(error).__name__}") from None
    if not isinstance(document, dict):
        raise Unavailable("the discovery document cannot be read")
    return document
