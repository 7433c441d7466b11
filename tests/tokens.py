"""An issuer of tokens for tests alone: good ones, and each kind of bad one."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from youthcare.runtime.settings import TokenSettings

ISSUER = "https://issuer.test"
AUDIENCE = "trajectwacht-test"


@cache
def _ec_key(name: str) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@cache
def _rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass(slots=True)
class Issuer:
    """Signs with ES256 (key ``ec``) and RS256 (key ``rsa``); ``stranger`` is a key that nobody published."""

    published: tuple[str, ...] = ("ec", "rsa")
    fetches: int = field(default=0)

    def jwks(self) -> bytes:
        """The key set document; counts how often it was asked for."""
        self.fetches += 1
        return json.dumps({"keys": [self._public(name) for name in self.published]}).encode()

    def settings(self, folder: Path) -> TokenSettings:
        """The settings by which a gate believes this issuer, with the key set in a file."""
        path = folder / "jwks.json"
        path.write_bytes(self.jwks())
        return TokenSettings(
            jwks_file=str(path), jwks_url=None, issuer=ISSUER, audience=AUDIENCE, algorithms=("RS256", "ES256")
        )

    def token(self, *, key: str = "ec", headers: dict[str, Any] | None = None, **claims: Any) -> str:
        """A token for municipality 0153 without roles, unless claims say otherwise; a claim of None is left out."""
        algorithm = "RS256" if key == "rsa" else "ES256"
        private = _rsa_key() if key == "rsa" else _ec_key(key)
        return jwt.encode(self.claims(**claims), private, algorithm, headers={"kid": key} | (headers or {}))

    def claims(self, **changed: Any) -> dict[str, Any]:
        """The claims of a good token, changed."""
        now = int(time.time())
        good: dict[str, Any] = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": "someone",
            "iat": now,
            "nbf": now,
            "exp": now + 300,
            "municipality": "0153",
            "roles": [],
        }
        return {name: value for name, value in (good | changed).items() if value is not None}

    def header(self, *roles: str, municipality: str = "0153") -> dict[str, str]:
        """The request header of a bearer with these roles."""
        return {"Authorization": f"Bearer {self.token(municipality=municipality, roles=list(roles))}"}

    def rsa_public_pem(self) -> bytes:
        """The published RSA key as text, as a forger would use it for an HMAC."""
        return (
            _rsa_key()
            .public_key()
            .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        )

    def _public(self, name: str) -> dict[str, Any]:
        if name == "rsa":
            public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(_rsa_key().public_key()))
        else:
            public = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(_ec_key(name).public_key()))
        return {**public, "kid": name, "use": "sig"}
