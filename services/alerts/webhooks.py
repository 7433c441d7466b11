"""Webhooks as such: how a delivery is signed (Standard Webhooks 1.0), and to which addresses one may lead.

Three rules. The secret signs `id.timestamp.body` with HMAC-SHA256, so that a receiver knows who says what, and when.
An address leads over TLS, to the internet: whatever else a name resolves to must lie in a network that the settings
open, or a webhook would let its owner call machines of the house. What is checked is what is connected to.
"""

import hmac
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from hashlib import sha256
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urlsplit

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

SECRET_BYTES = 32
_SECRET_PREFIX = "whsec_"  # noqa: S105 - of the standard
_LOOPBACK_NAMES = ("localhost",)
_EMBEDDING_IPV4 = IPv6Network("64:ff9b::/96")
URL_LENGTH_MAX = 2000


def secret_text(key: bytes) -> str:
    """The secret as its receiver is given it, once."""
    return _SECRET_PREFIX + b64encode(key).decode()


def key_of(secret: str) -> bytes:
    """The key in a secret; raises `ValueError` when it is none."""
    if not secret.startswith(_SECRET_PREFIX):
        raise ValueError("not a webhook secret")
    return b64decode(secret.removeprefix(_SECRET_PREFIX), validate=True)


def signature(key: bytes, identity: str, timestamp: int, body: bytes) -> str:
    """The signature of a delivery, with the version of its scheme; `timestamp` in seconds since 1970."""
    signed = f"{identity}.{timestamp}.".encode() + body
    return "v1," + b64encode(hmac.new(key, signed, sha256).digest()).decode()


def headers(key: bytes, identity: str, timestamp: int, body: bytes) -> Mapping[str, str]:
    """All headers of a delivery; `identity` is the same at each attempt, `timestamp` that of this attempt."""
    return {
        "content-type": "application/json",
        "user-agent": "trajectwacht",
        "webhook-id": identity,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(key, identity, timestamp, body),
        "idempotency-key": identity,
    }


def find_fault(url: str) -> str | None:
    """Why an address is none for a webhook, in words for who enters it; None when it may be one."""
    if len(url) > URL_LENGTH_MAX or not url.isascii() or not url.isprintable() or " " in url:
        return "The address is too long or holds signs that an address does not have."
    try:
        parts = urlsplit(url)
        is_complete = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return "This is no address."
    if not is_complete or parts.fragment or parts.username is not None or parts.password is not None:
        return "The address needs a host, and takes no user, password or fragment."
    if parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts)):
        return None
    return "The address must begin with https://."


def _is_loopback(parts: SplitResult) -> bool:
    host = parts.hostname or ""
    if host in _LOOPBACK_NAMES:
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def may_be_called(address: Address, opened: Iterable[Network]) -> bool:
    """Whether a webhook may connect here: an address of the internet, or of a network that is opened."""
    true = _embedded(address)
    if any(true.version == network.version and true in network for network in opened):
        return True
    return true.is_global and not true.is_multicast


def _embedded(address: Address) -> Address:
    """The address that is reached in the end: several kinds of IPv6 carry one of IPv4."""
    if isinstance(address, IPv4Address):
        return address
    if address in _EMBEDDING_IPV4:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
