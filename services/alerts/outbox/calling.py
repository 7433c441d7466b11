"""One call of a webhook: the name resolved once and checked, then that very address connected to.

Three rules. No redirect is followed and no proxy used: either would lead to an address that nobody checked. The
answer's first bytes are read and no more. A failure is told as a word, never with what the other side said.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

import httpx

from services.alerts.webhooks import Address, Network, find_fault, may_be_called

_ANSWER_BYTES_MAX = 16_384
_PORTS = {"http": 80, "https": 443}


class CallFailed(Exception):
    """A webhook did not take what it was sent; the text is a word for the kind of failure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """An open way to one webhook, for several deliveries one after the other."""

    client: httpx.AsyncClient
    url: str
    host: str
    name: str
    seconds: float

    async def deliver(self, body: bytes, headers: Mapping[str, str]) -> None:
        """Deliver once; raises `CallFailed` unless the receiver answers with a status of success in time."""
        try:
            async with asyncio.timeout(self.seconds):
                status = await self._status(body, headers)
        except TimeoutError:
            raise CallFailed("timed out") from None
        except httpx.HTTPError as error:
            raise CallFailed(type(error).__name__) from None
        if not 200 <= status < 300:
            raise CallFailed(f"status {status}")

    async def _status(self, body: bytes, headers: Mapping[str, str]) -> int:
        request = self.client.build_request(
            "POST",
            self.url,
            content=body,
            headers={**headers, "host": self.host},
            # The certificate is checked against the name, although the address is what is connected to.
            extensions={"sni_hostname": self.name},
        )
        answer = await self.client.send(request, stream=True)
        try:
            taken = 0
            async for part in answer.aiter_raw():
                taken += len(part)
                if taken > _ANSWER_BYTES_MAX:
                    break
        finally:
            await answer.aclose()
        return answer.status_code


@asynccontextmanager
async def open_line(url: str, opened: Sequence[Network], seconds: float) -> AsyncIterator[Line]:
    """A line to a webhook; raises `CallFailed` when its name leads nowhere or to where it may not."""
    if find_fault(url) is not None:
        raise CallFailed("address refused")
    parts = urlsplit(url)
    address = await _address(parts, opened, seconds)
    shown = f"[{address}]" if address.version == 6 else str(address)
    true = parts._replace(netloc=shown if parts.port is None else f"{shown}:{parts.port}")
    # A client per webhook: a connection kept open for one name is not used for another at the same address.
    async with httpx.AsyncClient(verify=_trust(), timeout=seconds, trust_env=False, follow_redirects=False) as client:
        yield Line(client=client, url=true.geturl(), host=parts.netloc, name=parts.hostname or "", seconds=seconds)


async def _address(parts: SplitResult, opened: Sequence[Network], seconds: float) -> Address:
    """The first address of a name, when all of them may be called: one that may not says what the name is for."""
    name, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    try:
        async with asyncio.timeout(seconds):
            found = await asyncio.get_running_loop().getaddrinfo(name, port, type=socket.SOCK_STREAM)
    except (OSError, TimeoutError, UnicodeError):
        raise CallFailed("name not found") from None
    addresses = [ip_address(str(each[4][0]).partition("%")[0]) for each in found]
    if not addresses or not all(may_be_called(each, opened) for each in addresses):
        raise CallFailed("address refused")
    return addresses[0]


@cache
def _trust() -> ssl.SSLContext:
    return ssl.create_default_context()
