"""Makes tokens for a local run: a key of its own in the local folder, its JWKS file beside it.

Only commands import this. A service believes a token of it only when its settings name this JWKS file.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

ISSUER = "https://local.trajectwacht.invalid"
AUDIENCE = "trajectwacht"
KEY_FILE = "token-key.pem"
JWKS_FILE = "jwks.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalIssuer:
    """A key and where its public half stands."""

    jwks_path: Path
    key_id: str
    private_key: ec.EllipticCurvePrivateKey

    def token(
        self, municipality: str, roles: Sequence[str], now: datetime, lifetime: timedelta = timedelta(hours=12)
    ) -> str:
        """A token for a municipality with these roles, from ``now`` on."""
        issued = int(now.astimezone(UTC).timestamp())
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": "local",
            "iat": issued,
            "nbf": issued,
            "exp": issued + int(lifetime.total_seconds()),
            "jti": secrets.token_urlsafe(12),
            "municipality": municipality,
            "roles": list(roles),
        }
        return jwt.encode(claims, self.private_key, algorithm="ES256", headers={"kid": self.key_id})

    def environment(self) -> dict[str, str]:
        """The settings by which a service believes this issuer."""
        return {"JWKS_FILE": str(self.jwks_path), "TOKEN_ISSUER": ISSUER, "TOKEN_AUDIENCE": AUDIENCE}


def local_issuer(folder: Path) -> LocalIssuer:
    """The issuer of a local folder; makes its key the first time, readable by its owner alone."""
    folder.mkdir(parents=True, exist_ok=True)
    key_path = folder / KEY_FILE
    if not key_path.exists():
        _write_key(key_path)
    private_key = serialization.load_pem_private_key(key_path.read_bytes(), password=None)
    assert isinstance(private_key, ec.EllipticCurvePrivateKey), "the key file holds the key that we wrote"
    public = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(private_key.public_key()))
    key_id = f"local-{public['x'][:12]}"
    jwks = {"keys": [public | {"kid": key_id, "alg": "ES256", "use": "sig"}]}
    (folder / JWKS_FILE).write_text(json.dumps(jwks))
    return LocalIssuer(jwks_path=folder / JWKS_FILE, key_id=key_id, private_key=private_key)


def _write_key(path: Path) -> None:
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    draft = path.with_suffix(f".{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pem)
    try:
        # Linked, not renamed: of two commands that start together the first key stays.
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
