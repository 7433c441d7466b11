"""The town of the fault suite: eight processes behind proxies and kept running, broker and database on small disks.

Rules. Each service reaches Kafka and PostgreSQL through a proxy of its own, so that one can be cut off while the
others work; Kafka tells each its own address, by a listener per service. Senders and the judge come in directly.
"""

import asyncio
import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import asyncpg

from tests.e2e.town import Town, ask, made_settings
from tests.faults.disks import Disk, small_disk
from tests.faults.keeping import Keeper
from tests.faults.proxy import Network, Proxy
from tests.stack import open_stack_folder
from youthcare.runtime.local.kafka import KafkaBroker
from youthcare.runtime.local.process import choose_free_port
from youthcare.runtime.local.program import Program
from youthcare.runtime.local.running import RunningServices, problems_of
from youthcare.runtime.local.services import SERVICE_PROCESSES, SERVICES
from youthcare.runtime.local.stack import Stack, start_stack

DATABASE_MEGABYTES, BROKER_MEGABYTES = 768, 512
READY_SECONDS = 300.0
_WORKERS = tuple(f"{service}-worker" for service in SERVICES)
_POSITIONS = " union all ".join(
    f"select '{service}-worker' as process, coalesce(sum(next_offset), 0)::bigint as reached from {service}.progress"
    for service in SERVICES
)
Answered = Callable[[], Mapping[str, int]]


@dataclass(slots=True, kw_only=True)
class FaultTown:
    """A town and what faults need of it: proxies and disks by service or part, and who keeps processes running."""

    town: Town
    keeper: Keeper
    network: Network
    kafka: Mapping[str, Proxy]
    postgres: Mapping[str, Proxy]
    disks: Mapping[str, Disk | None]
    answered: Answered = field(default=dict)

    @property
    def stack(self) -> Stack:
        """The stack itself."""
        return self.town.stack

    def program(self, process: str) -> Program:
        """The program that runs under a name."""
        return self.keeper.programs[process]

    def port(self, process: str) -> int:
        """Where a process shows its health."""
        return self.town.services.ports[process]

    def reached(self) -> Mapping[str, int] | None:
        """How far each process has come: positions of workers, answers of APIs; None while nobody can tell."""
        try:
            rows = asyncio.run(ask(self.stack.dsn("admin"), _POSITIONS))
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return None
        return {row["process"]: row["reached"] for row in rows} | dict(self.answered())

    def wait_until_all_work(self, seconds: float = READY_SECONDS) -> None:
        """Return when each of the eight has done something since now: to hit an idle process proves nothing."""
        before, until = self._reached_at_last(seconds), time.monotonic() + seconds
        left = {each.name for each in SERVICE_PROCESSES}
        while left:
            assert time.monotonic() < until, f"no work is done by {sorted(left)}; {self._problems()}"
            time.sleep(0.1)  # the pace of looking; the deadline decides
            now = self.reached() or {}
            left -= {name for name in left if now.get(name, 0) > before.get(name, 0)}

    def wait_until_all_are_ready(self, seconds: float = READY_SECONDS) -> None:
        """Return when every process says that it can work."""
        until = time.monotonic() + seconds
        while found := self._problems():
            assert time.monotonic() < until, f"not ready: {found}"
            time.sleep(0.1)  # the pace of looking; the deadline decides

    def wait_until_ready(self, process: str, seconds: float = READY_SECONDS) -> None:
        """Return when one process says that it can work."""
        until = time.monotonic() + seconds
        while found := problems_of(self.port(process)):
            assert time.monotonic() < until, f"{process}: {found}"
            time.sleep(0.1)  # the pace of looking; the deadline decides

    @contextmanager
    def twins(self) -> Iterator[Sequence[str]]:
        """A second worker of each service, for as long as the block runs; the names of the new ones."""
        names = [f"{worker}-2" for worker in _WORKERS]
        for worker, name in zip(_WORKERS, names, strict=True):
            port = self.town.services.ports[name] = choose_free_port()
            how = self.program(worker).how
            environment = {**how.environment, "METRICS_PORT": str(port)}
            log = how.log.with_name(f"{name}.log")
            self.keeper.programs[name] = Program(replace(how, name=name, log=log, environment=environment))
        try:
            self.wait_until_all_are_ready()
            yield names
        finally:
            for name in names:
                self.keeper.release(name).stop()
                del self.town.services.ports[name]

    def _problems(self) -> dict[str, list[str]]:
        found = {name: problems_of(self.port(name)) for name in list(self.keeper.programs)}
        return {name: problems for name, problems in found.items() if problems}

    def _reached_at_last(self, seconds: float) -> Mapping[str, int]:
        until = time.monotonic() + seconds
        while (found := self.reached()) is None:
            assert time.monotonic() < until, "the database does not come back"
            time.sleep(0.1)  # the pace of looking; the deadline decides
        return found


@contextmanager
def fault_town(folder: Path, municipalities: Sequence[str]) -> Iterator[FaultTown]:
    """A town that is up and serves these municipalities; all that was started is ended at the end."""
    issuer, settings, rules = made_settings(folder, municipalities)
    settings |= {"LOG_LEVEL": "debug", "HTTP_REQUESTS_PER_MINUTE": "1000000"}
    with ExitStack() as ends:
        place = ends.enter_context(open_stack_folder())
        # What the processes told outlives the stack, for who wants to know why a run failed.
        ends.callback(lambda: shutil.copytree(place / "logs", folder / "logs"))
        disks = {
            "postgres": ends.enter_context(small_disk(place / "database", DATABASE_MEGABYTES)),
            "broker": ends.enter_context(small_disk(place / "kafka", BROKER_MEGABYTES)),
        }
        stack = ends.enter_context(start_stack(place, durable=False, with_monitoring=False))
        network = ends.enter_context(Network())
        kafka = {service: network.lead(choose_free_port(), choose_free_port()) for service in SERVICES}
        listen_for_each(stack, kafka)
        postgres = {service: network.lead(choose_free_port(), _port(stack.dsn(service))) for service in SERVICES}
        own = {service: _own(stack, service, kafka[service], postgres[service]) for service in SERVICES}
        running = RunningServices(stack=stack, settings=settings, own=own, ready_seconds=READY_SECONDS, give_way=False)
        town = Town(stack, running, issuer, rules)
        town.invoke("topics")
        ends.callback(running.stop)
        running.start()
        keeper = Keeper(running.programs)
        keeper.start()
        ends.callback(keeper.finish)
        yield FaultTown(town=town, keeper=keeper, network=network, kafka=kafka, postgres=postgres, disks=disks)


def listen_for_each(stack: Stack, proxies: Mapping[str, Proxy]) -> None:
    """Give the broker a listener per service which tells its clients the address of that service's proxy."""
    broker = stack.broker
    assert isinstance(broker, KafkaBroker), "the fault suite needs Apache Kafka"
    broker.stop()
    lines = (broker.folder / "server.properties").read_text(encoding="utf-8").splitlines()
    given = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    heard = [f"{name.upper()}://127.0.0.1:{proxy.target}" for name, proxy in proxies.items()]
    told = [f"{name.upper()}://127.0.0.1:{proxy.port}" for name, proxy in proxies.items()]
    plain = [f"{name.upper()}:PLAINTEXT" for name in proxies]
    broker.more_settings = "".join(
        f"{name}={','.join([given[name], *more])}\n"
        for name, more in (
            ("listeners", heard),
            ("advertised.listeners", told),
            ("listener.security.protocol.map", plain),
        )
    )
    broker.start()


def _own(stack: Stack, service: str, kafka: Proxy, postgres: Proxy) -> Mapping[str, str]:
    dsn = re.sub(r"@127\.0\.0\.1:\d+/", f"@127.0.0.1:{postgres.port}/", stack.dsn(service))
    return {"KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{kafka.port}", f"{service.upper()}_DSN": dsn}


def _port(dsn: str) -> int:
    found = re.search(r":(\d+)/", dsn)
    assert found is not None
    return int(found.group(1))
