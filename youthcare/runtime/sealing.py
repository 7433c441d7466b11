"""Keys of the identity table, and sealing with them: AES-256-GCM, so that a changed byte is noticed.

1. The keys stand in one file outside Postgres (``IDENTITY_KEYS_FILE``), per municipality and with versions: a
   stolen database shows no BSN, a stolen file shows nothing at all.
2. What is sealed is bound to its municipality and column: it cannot be read in another's place.
3. One version is in use, for sealing and for looking up; all others still open and find, older ones and one that is
   announced and not in use yet, so that keys rotate without a stop (``key_rotation.py``).
"""

from __future__ import annotations

import json
import os
import secrets
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
_NONCE_BYTES = 12


class SealBrokenError(Exception):
    """A sealed value was not made with these keys for this place; the text names the place alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MunicipalityKeys:
    """The keys of one municipality; look-up and sealing keys by version, the greatest in use unless one is named."""

    municipality: str
    lookup: Mapping[int, bytes] = field(repr=False)
    sealing: Mapping[int, bytes] = field(repr=False)
    scrub: bytes = field(repr=False)
    in_use: int | None = None

    @property
    def lookup_version(self) -> int:
        """The version under which new identities are looked up."""
        return max(self.lookup) if self.in_use is None else self.in_use

    @property
    def sealing_version(self) -> int:
        """The version that seals; it is the first byte of what it sealed."""
        return max(self.sealing) if self.in_use is None else self.in_use

    def seal(self, column: str, content: bytes) -> bytes:
        """The content, readable only with these keys and in this column."""
        version, nonce = self.sealing_version, secrets.token_bytes(_NONCE_BYTES)
        sealed = AESGCM(self.sealing[version]).encrypt(nonce, content, self._place(column))
        return bytes([version]) + nonce + sealed

    def unseal(self, column: str, sealed: bytes) -> bytes:
        """The content of a sealed value; raises ``SealBrokenError`` when it is not one of this column."""
        key = self.sealing.get(sealed[0]) if sealed else None
        nonce, content = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        if key is None:
            raise SealBrokenError(column)
        try:
            return AESGCM(key).decrypt(nonce, content, self._place(column))
        except (InvalidTag, ValueError):
            raise SealBrokenError(column) from None

    def _place(self, column: str) -> bytes:
        return f"{self.municipality}/{column}".encode()


Keys = Mapping[str, MunicipalityKeys]
"""The keys by municipality; a municipality without keys is not served."""


def read_keys(path: Path) -> Keys:
    """The keys of all municipalities in the file; raises ``OSError`` or ``ValueError`` when it is none."""
    content = json.loads(path.read_text(encoding="utf-8"))
    return {code: _keys(code, row) for code, row in content["municipalities"].items()}


def _keys(municipality: str, row: Mapping[str, object]) -> MunicipalityKeys:
    lookup, sealing, in_use = _by_version(row["lookup"]), _by_version(row["sealing"]), row.get("in_use")
    if in_use is not None and not (isinstance(in_use, int) and in_use in lookup and in_use in sealing):
        raise ValueError("the key file has not the version that it says is in use")
    return MunicipalityKeys(
        municipality=municipality, lookup=lookup, sealing=sealing, scrub=_decoded(row["scrub"]), in_use=in_use
    )


def _by_version(rows: object) -> dict[int, bytes]:
    if not isinstance(rows, Mapping) or not rows:
        raise ValueError("the key file has no versions")
    return {int(version): _decoded(key) for version, key in rows.items()}


def _decoded(key: object) -> bytes:
    decoded = b64decode(str(key), validate=True)
    if len(decoded) != KEY_BYTES:
        raise ValueError("a key in the key file has not the right length")
    return decoded


def make_keys(path: Path, municipality: str) -> bool:
    """Add keys for a municipality to the file, made when absent; false when it has them already.

    Keys that exist are never replaced: with them would go every identity.
    """
    rows = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"municipalities": {}}
    if municipality in rows["municipalities"]:
        return False
    rows["municipalities"][municipality] = {
        "lookup": {"1": fresh_key()},
        "sealing": {"1": fresh_key()},
        "scrub": fresh_key(),
    }
    write_keys(path, json.dumps(rows, indent=2) + "\n")
    return True


def fresh_key() -> str:
    """A new key as the file writes it."""
    return b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def write_keys(path: Path, content: str) -> None:
    """Put a new file in the place of the old, whole or not at all, for its owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
