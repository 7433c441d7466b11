"""Hears from Postgres that something was told, and wakes those who wait for it.

Two rules. One connection per process, open while anybody listens. After it was lost everybody is woken, since nobody
knows what was said meanwhile.
"""

import asyncio
import signal
import threading
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import asyncpg
import structlog

from services.alerts.store.delivery_tables import EVENT_CHANNEL
from youthcare.runtime.settings import DatabaseSettings

AGAIN_SECONDS = 1.0
LOOK_SECONDS = 15.0


@dataclass(slots=True)
class Ears:
    """Who waits for what, and the connection by which it is heard."""

    database: DatabaseSettings
    stopping: bool = False
    _waiting: dict[asyncio.Event, frozenset[str]] = field(default_factory=dict)
    _task: asyncio.Task[None] | None = None

    @property
    def count(self) -> int:
        """How many listen."""
        return len(self._waiting)

    @asynccontextmanager
    async def hearing(self, places: Iterable[str]) -> AsyncIterator[asyncio.Event]:
        """An event that is set when something was told at one of the places (`municipality/receiver`)."""
        woken = asyncio.Event()
        self._waiting[woken] = frozenset(places)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._listen())
            self._end_on_signals()
        try:
            yield woken
        finally:
            del self._waiting[woken]
            if not self._waiting and self._task is not None:
                self._task.cancel()
                self._task = None

    async def _listen(self) -> None:
        while True:
            try:
                await self._connected()
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as away:
                structlog.get_logger().warning("listening_postponed", error_type=type(away).__name__)
            await asyncio.sleep(AGAIN_SECONDS)

    async def _connected(self) -> None:
        lost = asyncio.Event()
        connection = await asyncpg.connect(
            self.database.dsn,
            timeout=self.database.connect_seconds,
            server_settings={"application_name": "alerts-stream"},
        )
        try:
            connection.add_termination_listener(lambda *_: lost.set())
            await connection.add_listener(EVENT_CHANNEL, self._hear)
            self._wake(None)
            while not lost.is_set():
                try:
                    await asyncio.wait_for(lost.wait(), LOOK_SECONDS)
                except TimeoutError:
                    # A connection that died without a word is found here.
                    await connection.execute("select 1", timeout=self.database.connect_seconds)
        finally:
            connection.terminate()

    def _hear(self, _connection: Any, _process: int, _channel: str, place: object) -> None:
        self._wake(str(place))

    def _wake(self, place: str | None) -> None:
        for woken, places in self._waiting.items():
            if place is None or place in places:
                woken.set()

    def _end_on_signals(self) -> None:
        """End all streams when the process is asked to stop: the server waits for them before it ends."""
        if threading.current_thread() is not threading.main_thread():
            return
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            self._add_handler(number, loop)

    def _add_handler(self, number: signal.Signals, loop: asyncio.AbstractEventLoop) -> None:
        before = signal.getsignal(number)
        if getattr(before, "ends_streams", False):
            return

        def handle(received: int, frame: FrameType | None) -> None:
            with suppress(RuntimeError):  # the loop has ended already
                loop.call_soon_threadsafe(self._stop)
            if callable(before):
                before(received, frame)

        handle.ends_streams = True  # type: ignore[attr-defined]
        signal.signal(number, handle)

    def _stop(self) -> None:
        self.stopping = True
        self._wake(None)
