"""The kinds of faults: each brings one round of them about, at random moments, and says which services it hit.

Rules. A round hits all four services, at about the same time, which is harder than one by one. What is said to be
injected did happen: the process was frozen, connections were met, bytes were swallowed, a line could not be written.
What can be asked of the operator (starting a broker or a database again) is done here; all else heals by itself.
"""

import asyncio
import contextlib
import signal
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from random import Random

import asyncpg

from tests.chaos.trajectory_pair import is_frozen
from tests.faults.disks import log_that_cannot_grow
from tests.faults.fault_town import FaultTown
from tests.faults.proxy import Proxy, Way
from tests.indication import until
from youthcare.runtime.local.process import send_signal, wait_for_end
from youthcare.runtime.local.program import Program
from youthcare.runtime.local.services import SERVICE_PROCESSES, SERVICES

SESSION_SECONDS, STOP_SECONDS = 10.0, 30.0
Hit = Sequence[str]
"""The services that were hit, one entry per injection."""
Inject = Callable[[FaultTown, Random, int], Hit]
_FAILED_WRITES = "youthcare_log_writes_failed_total "
_WAITING = """
select pg_terminate_backend(pid) from pg_stat_activity where wait_event_type = 'Lock' and usename = any($1::text[])
"""

_WRITING = """
create table public.room as select repeat('x', 500) as filler from generate_series(1, 2000);
drop table public.room
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of fault; `share`: one round in so many of those of a quick kind, since its rounds take long."""

    name: str
    inject: Inject
    share: int = 1
    with_twins: bool = False
    needs_disk: str | None = None

    def rounds(self, asked: int) -> int:
        """How many rounds of this kind, when so many are asked of a quick one."""
        return -(-asked // self.share)


def _one_of_each(dice: Random, round_number: int) -> list[str]:
    """A process of each service, in any order: its worker in even rounds, its API in odd ones."""
    part = "worker" if round_number % 2 == 0 else "api"
    return [f"{service}-{part}" for service in dice.sample(SERVICES, len(SERVICES))]


def _service(process: str) -> str:
    return process.split("-", 1)[0]


def _signal(program: Program, number: signal.Signals) -> bool:
    return program.identity is not None and send_signal(program.identity, number)


def _pause(dice: Random, longest: float) -> None:
    time.sleep(dice.uniform(0, longest))  # the moment of a fault is random; nothing waits for it


def kill(town: FaultTown, dice: Random, round_number: int) -> Hit:
    """`kill -9`."""
    hit: list[str] = []
    for process in _one_of_each(dice, round_number):
        _pause(dice, 0.7)
        if _signal(town.program(process), signal.SIGKILL):
            hit.append(_service(process))
    return hit


def stop(town: FaultTown, dice: Random, round_number: int) -> Hit:
    """SIGTERM; a process that does not stop in its time is a fault of ours."""
    hit: list[str] = []
    for process in _one_of_each(dice, round_number):
        _pause(dice, 0.7)
        hit += _stopped(town, process)
    return hit


def _stopped(town: FaultTown, process: str) -> Hit:
    identity = town.program(process).identity
    if identity is None or not send_signal(identity, signal.SIGTERM):
        return []
    assert wait_for_end(identity, STOP_SECONDS), f"{process} did not stop"
    return [_service(process)]


def roll(town: FaultTown, _dice: Random, _round_number: int) -> Hit:
    """A rolling restart: all eight, one after the other, each waited for."""
    hit: list[str] = []
    for each in SERVICE_PROCESSES:
        hit += _stopped(town, each.name)
        town.wait_until_ready(each.name)
    return hit


def freeze(town: FaultTown, dice: Random, round_number: int) -> Hit:
    """SIGSTOP for longer than Kafka's session and the database's patience, then SIGCONT; a twin takes over."""
    frozen = []
    for process in _one_of_each(dice, round_number):
        twin = f"{process}-2" if round_number % 4 == 2 and process.endswith("worker") else process
        program = town.program(twin)
        _pause(dice, 0.5)
        if _signal(program, signal.SIGSTOP):
            frozen.append((program, _service(process)))
    for program, _ in frozen:
        # A process that waits for a processor stops when it gets one.
        until(lambda: program.identity is None or is_frozen(program.identity.pid), "it is frozen")  # noqa: B023
    time.sleep(SESSION_SECONDS + dice.uniform(1.5, 3))  # the fault itself
    return [service for program, service in frozen if _signal(program, signal.SIGCONT)]


def stop_broker(town: FaultTown, dice: Random, _round_number: int) -> Hit:
    """Kafka stopped in order, and started with its data."""
    town.stack.broker.stop()
    _pause(dice, 3)
    town.stack.broker.start()
    return SERVICES


def kill_broker(town: FaultTown, dice: Random, _round_number: int) -> Hit:
    """Kafka killed, and started with its data."""
    town.stack.broker.kill()
    _pause(dice, 3)
    town.stack.broker.start()
    return SERVICES


def restart_database(town: FaultTown, dice: Random, _round_number: int) -> Hit:
    """PostgreSQL in mode `immediate`: every session is dropped and the start recovers."""
    town.stack.database.stop(mode="immediate")
    _pause(dice, 2)
    town.stack.database.start()
    return SERVICES


def _all_proxies(town: FaultTown, proxies: Mapping[str, Proxy], dice: Random, way: Way, seconds: float) -> Hit:
    before = {service: (proxy.met, proxy.swallowed) for service, proxy in proxies.items()}
    for service in dice.sample(SERVICES, len(SERVICES)):
        _pause(dice, 0.4)
        town.network.turn(proxies[service], way)
    time.sleep(seconds)  # the fault itself
    for proxy in proxies.values():
        town.network.turn(proxy, Way.OPEN)
    meets = [service for service, proxy in proxies.items() if proxy.met > before[service][0]]
    return [each for each in meets if way is Way.CUT or proxies[each].swallowed > before[each][1]]


def cut_kafka(town: FaultTown, dice: Random, _round_number: int) -> Hit:
    """Every connection of a service to Kafka reset, and new ones for a while."""
    return _all_proxies(town, town.kafka, dice, Way.CUT, dice.uniform(1, 4))


def cut_postgres(town: FaultTown, dice: Random, _round_number: int) -> Hit:
    """Every connection of a service to PostgreSQL reset, and new ones for a while."""
    return _all_proxies(town, town.postgres, dice, Way.CUT, dice.uniform(1, 4))


def silence_kafka(town: FaultTown, dice: Random, _round_number: int) -> Hit:
    """Half-open connections to Kafka: nothing arrives and nobody is told, for longer than the session."""
    return _all_proxies(town, town.kafka, dice, Way.SILENT, SESSION_SECONDS + dice.uniform(1, 4))


def silence_postgres(town: FaultTown, dice: Random, _round_number: int) -> Hit:
    """Half-open connections to PostgreSQL, for longer than it lets a session be silent in a transaction."""
    return _all_proxies(town, town.postgres, dice, Way.SILENT, SESSION_SECONDS + dice.uniform(1, 4))


def fill_log(town: FaultTown, dice: Random, round_number: int) -> Hit:
    """The disk of a process's log is full (`RLIMIT_FSIZE`), while it has something to tell."""
    processes = _one_of_each(dice, round_number)
    before = {process: _failed_writes(town.port(process)) for process in processes}
    with ExitStack() as limits:
        for process in processes:
            program = town.program(process)
            if program.identity is not None:
                limits.enter_context(log_that_cannot_grow(program.identity.pid, program.how.log))
        asyncio.run(_trouble(town, dice.uniform(2, 4)))
        after = {process: _failed_writes(town.port(process)) for process in processes}
    return [_service(process) for process in processes if after[process] > before[process]]


async def _trouble(town: FaultTown, seconds: float) -> None:
    """Hold up every batch by a lock and end the sessions that wait for it: a worker has to tell that it tries again."""
    connection = await asyncpg.connect(town.stack.dsn("admin"))
    try:
        async with connection.transaction():
            for service in SERVICES:
                await connection.execute(f"lock table {service}.progress in access exclusive mode")
            deadline = time.monotonic() + seconds
            while time.monotonic() < deadline:
                await connection.execute(_WAITING, list(SERVICES))
                await asyncio.sleep(0.2)  # the pace of the fault
    finally:
        await connection.close()


def _failed_writes(port: int) -> int:
    """How often a process could not write its log, as it tells; one that ended cannot tell."""
    with contextlib.suppress(OSError):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:  # loopback
            lines = answer.read().decode().splitlines()
        return sum(round(float(line.split()[-1])) for line in lines if line.startswith(_FAILED_WRITES))
    return 0


def fill_database(town: FaultTown, dice: Random, _round_number: int) -> Hit:
    """The disk of PostgreSQL is full (a small tmpfs); an operator frees it, and starts the server if it stopped."""
    disk, program = town.disks["postgres"], town.stack.database.program
    assert disk is not None
    freed = threading.Event()
    with ThreadPoolExecutor(1) as beside:
        refusals = beside.submit(asyncio.run, _refused_for_room(town.stack.dsn("admin"), freed))
        try:
            disk.full_for(dice.uniform(3, 6))
        finally:
            freed.set()
    if halted := not program.is_running():
        town.stack.database.start()
    return SERVICES if halted or refusals.result() else ()


async def _refused_for_room(dsn: str, freed: threading.Event) -> int:
    """How often the server refuses who writes, as its disk is full; its log tells no errors of statements."""
    refused = 0
    while not freed.is_set():
        with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            connection = await asyncpg.connect(dsn, timeout=5)
            try:
                await connection.execute(_WRITING)
            except asyncpg.DiskFullError:
                refused += 1
            finally:
                await connection.close(timeout=5)
        await asyncio.sleep(0.2)  # the pace of asking
    return refused


def _refusals_of_disk(program: Program) -> int:
    """How often a program told that its disk is full."""
    return program.how.log.read_text(encoding="utf-8", errors="replace").count("No space left on device")


def fill_broker(town: FaultTown, dice: Random, _round_number: int) -> Hit:
    """The disk of Kafka is full (a small tmpfs): it stops; an operator frees the disk and starts it."""
    disk, broker = town.disks["broker"], town.stack.broker
    assert disk is not None
    assert broker.program is not None
    assert broker.program.identity is not None
    before = _refusals_of_disk(broker.program)
    disk.full_for(dice.uniform(3, 6))
    # It halts by itself when its only folder fails; where nothing needed room it lives.
    halted = wait_for_end(broker.program.identity, 3)
    if halted:
        broker.start()
    return SERVICES if halted or _refusals_of_disk(broker.program) > before else ()


KINDS: tuple[Kind, ...] = (
    Kind(name="kill -9", inject=kill),
    Kind(name="SIGTERM", inject=stop),
    Kind(name="rolling restart", inject=roll, share=3),
    Kind(name="SIGSTOP, longer than the session", inject=freeze, share=2, with_twins=True),
    Kind(name="Kafka stopped, started with its data", inject=stop_broker, share=2),
    Kind(name="Kafka killed, started with its data", inject=kill_broker, share=2),
    Kind(name="PostgreSQL immediate restart", inject=restart_database),
    Kind(name="network to Kafka cut", inject=cut_kafka),
    Kind(name="network to PostgreSQL cut", inject=cut_postgres),
    Kind(name="network to Kafka half-open", inject=silence_kafka, share=2),
    Kind(name="network to PostgreSQL half-open", inject=silence_postgres, share=2),
    Kind(name="full disk of the log (RLIMIT_FSIZE)", inject=fill_log),
    Kind(name="full disk of PostgreSQL (tmpfs)", inject=fill_database, share=2, needs_disk="postgres"),
    Kind(name="full disk of Kafka (tmpfs)", inject=fill_broker, share=2, needs_disk="broker"),
)
"""All kinds, in the order in which they are run."""
