"""Where the processes of a fault simulation run: one thread, one row of turns, a time that nobody waits for.

1. Every line of work (`Actor`) rests at its next *gate*: before a statement to the database, before and after a
   commit, around the producer's flush, between batches. Only the director lets it go on, so that a seed decides every
   interleaving.
2. A killed process stops where it rests; a frozen one is simply not let go on, while all that it holds stays held.
3. Time moves when nobody can go on otherwise: a pause of an hour costs nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any


class Standstill(Exception):
    """Nobody can go on and nothing is waited for: the simulation itself is wrong."""


class _NoFiles:
    """Stands where an event loop waits for files: there are none, so the time of the next pause is now."""

    def __init__(self, loop: SimulatedLoop) -> None:
        self._loop = loop

    def select(self, timeout: float | None) -> list[Any]:
        """Let the time pass that everybody waits for."""
        if timeout is None:
            raise Standstill
        self._loop.moment += timeout
        return []

    def close(self) -> None:
        """Nothing to close."""


class SimulatedLoop(asyncio.BaseEventLoop):
    """An event loop without files, threads and real time: the same calls give the same order, always."""

    def __init__(self) -> None:
        super().__init__()
        self.moment = 0.0
        self._selector = _NoFiles(self)

    def time(self) -> float:
        """The time of this loop, in seconds since it began."""
        return self.moment

    def run_in_executor(  # type: ignore[override]  # the stub's type variables
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """What production does in a thread is done at once."""
        done: asyncio.Future[Any] = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:
            done.set_exception(error)
        return done

    def _process_events(self, event_list: list[Any]) -> None:
        """There are no files, so no events of files."""

    def _write_to_self(self) -> None:
        """There is no other thread that would have to wake this one."""


@dataclass(slots=True, eq=False)
class Process:
    """One operating system process: what dies and freezes together."""

    name: str
    actors: list[Actor] = field(default_factory=list)
    is_dead: bool = False
    """Whether it has ended; what of it stands at a gate stays there."""
    is_cleared: bool = False
    """Whether what was left of it is being ended; that passes gates on its way out."""
    frozen_seconds: float | None = None
    """How long it has been frozen; None while it runs."""
    at_death: list[Callable[[], None]] = field(default_factory=list)

    @property
    def is_frozen(self) -> bool:
        """Whether it is stopped with all that it holds."""
        return self.frozen_seconds is not None


@dataclass(slots=True, eq=False)
class Actor:
    """One line of work in a process, at its next gate or on its way there."""

    process: Process
    name: str
    task: asyncio.Task[None] | None = None
    gate: asyncio.Future[None] | None = None
    place: str = ""
    is_gated: bool = True
    fault: str | None = None
    """What goes wrong at the next thing it does; whoever does that takes it away."""

    @property
    def is_done(self) -> bool:
        """Whether its work has ended."""
        return self.task is None or self.task.done()

    def take_fault(self, *kinds: str) -> str | None:
        """The fault that waits for one of these moments, which happens once."""
        fault = self.fault
        if fault not in kinds:
            return None
        self.fault = None
        return fault


_ON_STAGE: ContextVar[Actor | None] = ContextVar("on_stage", default=None)


def acting() -> Actor | None:
    """Whose work this is; None outside a simulation."""
    return _ON_STAGE.get()


@dataclass(slots=True, eq=False)
class Stage:
    """Knows who is on the way and who rests."""

    going: set[Actor] = field(default_factory=set)
    _bell: asyncio.Future[None] | None = None

    async def gate(self, place: str) -> None:
        """Rest here until the director lets this actor go on; no gate outside a simulation or for who is ended."""
        actor = acting()
        if actor is None or not actor.is_gated or actor.process.is_cleared:
            return
        actor.place, actor.gate = place, asyncio.get_running_loop().create_future()
        self.rests(actor)
        await actor.gate

    def rests(self, actor: Actor) -> None:
        """This actor is not on its way any more."""
        self.going.discard(actor)
        if not self.going and self._bell is not None and not self._bell.done():
            self._bell.set_result(None)

    def goes(self, actor: Actor) -> None:
        """This actor is on its way."""
        self.going.add(actor)

    async def quiet(self) -> None:
        """Wait until everybody rests."""
        while self.going:
            self._bell = asyncio.get_running_loop().create_future()
            await self._bell

    async def start(self, process: Process, name: str, work: Coroutine[Any, Any, None], *, gated: bool = True) -> Actor:
        """Begin a line of work; returns when it rests for the first time."""
        actor = Actor(process=process, name=name, is_gated=gated)
        process.actors.append(actor)
        mark = _ON_STAGE.set(actor)
        actor.task = asyncio.get_running_loop().create_task(work)
        _ON_STAGE.reset(mark)
        self.goes(actor)
        actor.task.add_done_callback(lambda _task: self._ended(actor))
        await self.quiet()
        return actor

    def _ended(self, actor: Actor) -> None:
        if actor in actor.process.actors:
            actor.process.actors.remove(actor)
        self.rests(actor)

    async def go_on(self, actor: Actor) -> None:
        """Let an actor go from its gate to its next one; everybody whom that sets free goes too."""
        gate, actor.gate = actor.gate, None
        if gate is not None and not gate.done():
            self.goes(actor)
            gate.set_result(None)
        await self.quiet()

    async def kill(self, process: Process) -> None:
        """End a process where it stands (SIGKILL): its sessions and buffers are gone at once."""
        process.is_dead = process.is_cleared = True
        for ended in process.at_death:
            ended()
        for actor in list(process.actors):
            if actor.task is not None and not actor.task.done():
                self.goes(actor)
                actor.task.cancel()
                with contextlib.suppress(asyncio.CancelledError, Exception):
                    await actor.task
        await self.quiet()

    def waiting(self, future: asyncio.Future[None]) -> Awaitable[None]:
        """Wait for something that another actor gives (a lock); whoever gives it calls `goes` first."""
        actor = acting()
        if actor is not None:
            self.rests(actor)
        return future


STAGE: ContextVar[Stage] = ContextVar("stage")


async def gate(place: str) -> None:
    """Rest at a gate of the stage, where there is one."""
    stage = STAGE.get(None)
    if stage is not None:
        await stage.gate(place)
