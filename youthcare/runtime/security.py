"""Who asks: bearer tokens (OAuth 2.0 JWT, RFC 9068 in spirit) and what their bearer may do.

1. Default deny. A token counts when its signature, issuer, audience and times are right, its algorithm is one
   of the settings' (asymmetric, always) and fits the key, and it names one municipality.
2. Roles live inside that one municipality: ``sender:<source>``, ``team:<id>``, ``supervisor`` and
   ``privacy-officer``. A role of another form gives nothing.
3. An unknown key makes us look once more at the key set, but not more often than every half minute.
"""

from __future__ import annotations

import hmac
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import jwt
from starlette.requests import HTTPConnection

from youthcare.runtime.discovery import Discovery
from youthcare.runtime.problems import Problem
from youthcare.runtime.processing import Unavailable
from youthcare.runtime.settings import TokenSettings

REFETCH_SECONDS = 30.0
LEEWAY_SECONDS = 10
TOKEN_LENGTH_MAX = 8192
NO_TEAM = "unknown"
"""How the services name the team of what has none."""
_MUNICIPALITY = re.compile(r"[0-9]{4}")
_ROLE = re.compile(r"(sender|team):\S{1,200}|supervisor|privacy-officer")
_REQUIRED = ("exp", "nbf", "iat", "iss", "aud", "sub", "municipality")
_REQUIRED_OF_IDENTITY = ("exp", "iat", "iss", "aud", "sub", "nonce")


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """The bearer of a token that counts: one subject in one municipality."""

    subject: str
    municipality: str
    roles: frozenset[str]

    def is_supervisor(self) -> bool:
        """Whether this is a supervisor ("toezichthouder") of the municipality."""
        return "supervisor" in self.roles

    def is_privacy_officer(self) -> bool:
        """Whether this is a privacy officer of the municipality."""
        return "privacy-officer" in self.roles

    def sources(self) -> frozenset[str]:
        """The sources for which this sender may state."""
        return self._named("sender:")

    def teams(self) -> frozenset[str]:
        """The teams whose youths and alerts this bearer may see; a supervisor sees all, whatever this says."""
        # What has no team is kept under this name, and is for supervisors: no role can be of it.
        return self._named("team:") - {NO_TEAM}

    def may_send_for(self, source: str) -> bool:
        """Whether statements of this source may come from this bearer."""
        return source in self.sources()

    def may_see_team(self, team: str | None) -> bool:
        """Whether this bearer may see what belongs to a team; what has no team only a supervisor sees."""
        return self.is_supervisor() or (team is not None and team in self.teams())

    def _named(self, prefix: str) -> frozenset[str]:
        return frozenset(role.removeprefix(prefix) for role in self.roles if role.startswith(prefix))


class Unauthorised(Problem):
    """No token, or one that does not count; the detail never says which check failed."""

    def __init__(self, detail: str, *, offered: bool) -> None:
        challenge = 'Bearer error="invalid_token"' if offered else "Bearer"
        super().__init__(401, detail, {"WWW-Authenticate": challenge})


class Forbidden(Problem):
    """The token counts, and does not allow this."""

    def __init__(self, detail: str = "This token does not allow this.") -> None:
        super().__init__(403, detail, {"WWW-Authenticate": 'Bearer error="insufficient_scope"'})


def require(allowed: bool) -> None:
    """Raise ``Forbidden`` when something is not allowed."""
    if not allowed:
        raise Forbidden


@dataclass(slots=True)
class KeySet:
    """The public keys of the issuer, by key id; ``fetch`` gives the JWKS document."""

    fetch: Callable[[], bytes]
    clock: Callable[[], float] = time.monotonic
    _keys: Mapping[str, jwt.PyJWK] = field(default_factory=dict)
    _fetched_at: float | None = None
    _fetching: threading.Lock = field(default_factory=threading.Lock)

    def find(self, key_id: str) -> jwt.PyJWK | None:
        """The key with this id; looks at the key set again when it is not known and the last look is old enough.

        Raises ``Unavailable`` when the key set cannot be had; keys already known go on counting.
        """
        known = self._keys.get(key_id)
        if known is not None:
            return known
        # Requests are admitted in threads: those of unknown keys wait for what another fetches, and nobody else does.
        with self._fetching:
            if key_id not in self._keys and self._may_fetch():
                self._fetched_at = self.clock()
                self._keys = _readable(self.fetch())
            return self._keys.get(key_id)

    def _may_fetch(self) -> bool:
        return self._fetched_at is None or self.clock() - self._fetched_at >= REFETCH_SECONDS


def _readable(document: bytes) -> dict[str, jwt.PyJWK]:
    try:
        return public_keys(document)
    except (jwt.PyJWTError, ValueError, TypeError, AttributeError) as error:
        raise Unavailable(f"the issuer's key set cannot be read: {type(error).__name__}") from None


def public_keys(document: bytes) -> dict[str, jwt.PyJWK]:
    """The signing keys of a JWKS document, by id; symmetric keys and keys for other uses are left out."""
    listed = jwt.PyJWKSet.from_json(document.decode()).keys
    return {
        str(key.key_id): key
        for key in listed
        if key.key_id and key.key_type in ("RSA", "EC", "OKP") and key.public_key_use in (None, "sig")
    }


def key_set(settings: TokenSettings) -> KeySet:
    """The key set that the settings name: a file before an address, and else where the issuer says that it is."""
    if settings.jwks_file is not None:
        return KeySet(_from_file(Path(settings.jwks_file)))
    if settings.jwks_url is not None:
        return KeySet(partial(_from_address, settings.jwks_url))
    discovery = Discovery(settings.issuer)
    return KeySet(lambda: _from_address(discovery.endpoints().keys))


def _from_file(path: Path) -> Callable[[], bytes]:
    def fetch() -> bytes:
        try:
            return path.read_bytes()
        except OSError as error:
            raise Unavailable(f"the key set cannot be read: {type(error).__name__}") from None

    return fetch


def _from_address(url: str) -> bytes:
    try:
        return httpx.get(url, timeout=5, follow_redirects=False).raise_for_status().content
    except httpx.HTTPError as error:
        raise Unavailable(f"the issuer's key set is away: {type(error).__name__}") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenGate:
    """Decides whether a token counts."""

    settings: TokenSettings
    keys: KeySet

    def admit(self, header: str | None) -> Principal:
        """The principal of an ``Authorization`` header; raises ``Unauthorised``."""
        scheme, _, token = (header or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthorised("A bearer token is needed.", offered=False)
        return _principal(self._claims(token.strip(), self.settings.audience, _REQUIRED))

    def identify(self, token: str, client: str, nonce: str) -> str:
        """The subject of an identity token that was made for a client and a nonce; raises ``Unauthorised``.

        OpenID Connect Core 1.0 §3.1.3.7: issuer, audience, authorised party, signature, times, nonce.
        """
        claims = self._claims(token, client, _REQUIRED_OF_IDENTITY)
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        party = claims.get("azp", None if several else client)
        if party != client or not hmac.compare_digest(str(claims["nonce"]).encode(), nonce.encode()):
            raise _not_counting()
        return str(claims["sub"])

    def _claims(self, token: str, audience: str, required: Sequence[str]) -> Mapping[str, Any]:
        if len(token) > TOKEN_LENGTH_MAX:
            raise _not_counting()
        try:
            return self._decoded(token, audience, required)
        except (jwt.PyJWTError, TypeError, ValueError):
            raise _not_counting() from None

    def _decoded(self, token: str, audience: str, required: Sequence[str]) -> Mapping[str, Any]:
        header = jwt.get_unverified_header(token)
        if "crit" in header:
            # RFC 7515 §4.1.11: what must be understood is not, so the token does not count.
            raise _not_counting()
        key = self.keys.find(str(header.get("kid", "")))
        if key is None or header.get("alg") not in self._algorithms(key):
            raise _not_counting()
        return jwt.decode(
            token,
            key.key,
            algorithms=self._algorithms(key),
            audience=audience,
            issuer=self.settings.issuer,
            leeway=LEEWAY_SECONDS,
            options={"require": list(required)},
        )

    def _algorithms(self, key: jwt.PyJWK) -> list[str]:
        """The settings' algorithms that this key may sign with: an RSA key no ES256, one marked ES256 no ES384."""
        marked = key._jwk_data.get("alg")
        family = {"RSA": ("RS", "PS"), "EC": ("ES",), "OKP": ("Ed",)}[str(key.key_type)]
        return [
            each for each in self.settings.algorithms if each.startswith(family) and (marked is None or each == marked)
        ]


def token_gate(settings: TokenSettings) -> TokenGate:
    """The gate that the settings describe."""
    return TokenGate(settings=settings, keys=key_set(settings))


def principal(request: HTTPConnection) -> Principal:
    """FastAPI dependency: the bearer, whom the gate of the app let in. Raises ``Unauthorised`` on an open path."""
    found = request.scope.get("principal")
    if not isinstance(found, Principal):
        raise Unauthorised("A bearer token is needed.", offered=False)
    return found


def _principal(claims: Mapping[str, Any]) -> Principal:
    municipality, roles = claims["municipality"], claims.get("roles", [])
    if not isinstance(municipality, str) or _MUNICIPALITY.fullmatch(municipality) is None:
        raise _not_counting()
    if not isinstance(roles, list):
        raise _not_counting()
    kept = frozenset(role for role in roles if isinstance(role, str) and _ROLE.fullmatch(role))
    return Principal(subject=str(claims["sub"]), municipality=municipality, roles=kept)


def _not_counting() -> Unauthorised:
    return Unauthorised("This token does not count here.", offered=True)
