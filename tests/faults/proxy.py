"""A network of small TCP proxies on loopback that can be cut or fall silent.

Two rules. *Cut*: what is connected is reset, and whoever connects meanwhile is reset too. *Silent*: all stays
connected and every byte is swallowed, in both directions, as on a half-open connection; when the silence ends, what
was connected is reset, since its bytes are gone.
"""

import asyncio
import socket
import struct
import threading
from collections.abc import Coroutine
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self, TypeVar

_CHUNK = 65_536
_RESET = struct.pack("ii", 1, 0)
Answer = TypeVar("Answer")


class Way(StrEnum):
    """How the bytes go."""

    OPEN = "open"
    CUT = "cut"
    SILENT = "silent"


@dataclass(slots=True, kw_only=True, eq=False)
class Proxy:
    """One listening port that leads to one target port; `met` counts connections that a fault hit."""

    port: int
    target: int
    way: Way = Way.OPEN
    met: int = 0
    swallowed: int = 0
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    async def serve(self) -> asyncio.Server:
        """Listen."""
        return await asyncio.start_server(self._connected, "127.0.0.1", self.port)

    async def turn(self, way: Way) -> None:
        """Change the way; every connection that a fault leaves behind is reset."""
        if way is Way.SILENT:
            self.met += len(self._writers) // 2
        else:
            self.met += len(self._writers) // 2 if way is Way.CUT else 0
            self._reset_all()
        self.way = way

    def _reset_all(self) -> None:
        for writer in list(self._writers):
            reset(writer)
        self._writers.clear()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.way is Way.CUT:
            self.met += 1
            reset(writer)
            return
        try:
            there, onward = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            reset(writer)
            return
        self._writers |= {writer, onward}
        await asyncio.gather(self._pump(reader, onward), self._pump(there, writer))
        self._writers -= {writer, onward}

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while some := await reader.read(_CHUNK):
                if self.way is Way.SILENT:
                    self.swallowed += len(some)
                    continue
                writer.write(some)
                await writer.drain()
            writer.close()
        except OSError:
            reset(writer)


def reset(writer: asyncio.StreamWriter) -> None:
    """End a connection without a word: the other end sees a reset and no orderly end."""
    found = writer.get_extra_info("socket")
    if found is not None and found.fileno() >= 0:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()


class Network:
    """Proxies that run in a thread of their own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._servers: list[asyncio.Server] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _close(self) -> None:
        for server in self._servers:
            server.close()
        open_ones = asyncio.all_tasks() - {asyncio.current_task()}
        for each in open_ones:
            each.cancel()
        await asyncio.gather(*open_ones, return_exceptions=True)

    def lead(self, port: int, target: int) -> Proxy:
        """A proxy from one port of loopback to another."""
        proxy = Proxy(port=port, target=target)
        self._servers.append(self._done(proxy.serve()))
        return proxy

    def turn(self, proxy: Proxy, way: Way) -> None:
        """Change the way of a proxy now."""
        self._done(proxy.turn(way))

    def _done(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)
