"""The whole local stack: broker, database and monitoring, started together and stopped in reverse order.

1. As a library (tests, demo) the children are tied to this process: however it ends, they end.
2. Detached (`trajectwacht local up`) they stay; `stack.json` in the folder is how `down` finds them again.
3. A start heals what a crash left: parts that still run alone are ended first, half-made folders made anew.
4. Secured (`--secured`), every part speaks TLS alone and asks who one is; certificates are made at each start.
"""

import contextlib
import os
import shutil
import stat
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from youthcare.runtime.local.broker import Broker, choose_broker
from youthcare.runtime.local.certificates import make_certificates
from youthcare.runtime.local.database import Database, prepare_home
from youthcare.runtime.local.jars import lock_file
from youthcare.runtime.local.monitoring import Prometheus
from youthcare.runtime.local.postgres_install import find_install, make_reachable
from youthcare.runtime.local.private_files import write_private
from youthcare.runtime.local.process import LocalStackError
from youthcare.runtime.local.program import Program
from youthcare.runtime.local.record import (
    BROKER,
    DATABASE,
    MONITORING,
    PartRecord,
    StackRecord,
    end_parts,
    find_record,
    find_security,
    record_part,
    renew_record,
    write_record,
)
from youthcare.runtime.local.securing import Security
from youthcare.runtime.local.services import SERVICES
from youthcare.runtime.topic_access import OPERATOR

Say = Callable[[str], None]


class StackRunsAlreadyError(LocalStackError):
    """A stack of this folder runs, complete."""


class Startable(Protocol):
    """What the stack asks of each part."""

    def launch(self) -> None: ...
    def wait_until_ready(self) -> None: ...
    def stop(self) -> None: ...


class Stack:
    """A running stack.  Its parts may be stopped and started one by one, for tests of faults."""

    def __init__(
        self,
        *,
        folder: Path,
        record: StackRecord,
        broker: Broker,
        database: Database,
        monitoring: Prometheus | None,
        security: Security | None = None,
    ) -> None:
        self.folder = folder
        self.security = security
        self.broker = broker
        self.database = database
        self.monitoring = monitoring
        self._record = record
        self._complete = False
        # At every launch, so that `down` finds the process whatever happens to us while we wait for it.
        for program in self._list_programs():
            program.tell_launches(self._remember)

    @property
    def bootstrap_servers(self) -> str:
        """The broker's address for any Kafka client."""
        return self.broker.bootstrap_servers

    @property
    def prometheus_url(self) -> str | None:
        """Where Prometheus answers; None when the stack runs without."""
        return self.monitoring.url if self.monitoring else None

    def dsn(self, role: str) -> str:
        """The database address for `admin` or one of the four services; holds a password, never to be logged."""
        return self.database.dsn(role)

    def write_targets(self, targets: Mapping[str, str]) -> None:
        """What Prometheus scrapes from now on: process name to host and port; without Prometheus, nothing."""
        if self.monitoring is not None:
            self.monitoring.write_targets(targets)

    def environment(self, user: str = OPERATOR) -> dict[str, str]:
        """The settings by which the services find this stack, as one user of a secured broker; holds passwords."""
        dsns = {f"{service.upper()}_DSN": self.dsn(service) for service in SERVICES}
        log = {f"{role.upper()}_DSN": self.dsn(role) for role in ("auditor", "log_keeper")}
        return {**self._broker_environment(user), **dsns, **log}

    def environment_of(self, service: str) -> dict[str, str]:
        """The settings that one service is given: its own address of the database, its own name at the broker."""
        doors = self.security.door_environment(service) if self.security else {}
        return {**self._broker_environment(service), f"{service.upper()}_DSN": self.dsn(service), **doors}

    def _broker_environment(self, user: str) -> dict[str, str]:
        if self.security is None:
            return {"KAFKA_BOOTSTRAP_SERVERS": self.bootstrap_servers}
        return self.security.broker_environment(self.bootstrap_servers, user)

    def list_lacks(self) -> tuple[str, ...]:
        """What this stack cannot do that the real one can; for the screen."""
        without = () if self.monitoring else ("monitoring (Prometheus; Debian: apt-get install prometheus)",)
        return (*self.broker.lacks, *without)

    def start(self) -> None:
        """Start all parts and wait for them; when one fails, none is left behind."""
        try:
            for part in self._list_parts():
                part.launch()
            for part in self._list_parts():
                part.wait_until_ready()
            self._complete = True
            self._remember()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop all parts, last started first; the data stay."""
        with contextlib.ExitStack() as stops:
            stops.callback(self._forget)
            for part in self._list_parts():
                stops.callback(part.stop)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _list_parts(self) -> list[Startable]:
        monitoring: list[Startable] = [self.monitoring] if self.monitoring else []
        return [self.database, *monitoring, self.broker]

    def _list_programs(self) -> list[Program]:
        monitoring = self.monitoring.program if self.monitoring else None
        programs = (self.database.program, monitoring, self.broker.program)
        return [program for program in programs if program is not None]

    def _remember(self) -> None:
        self._record = replace(self._record, parts=self._list_part_records(), complete=self._complete)
        write_record(self.folder, self._record)
        self._write_settings("", self.environment())
        for service in SERVICES if self.security else ():
            self._write_settings(service, self.environment_of(service))

    def _write_settings(self, service: str, settings: Mapping[str, str]) -> None:
        text = "".join(f"{name}={value}\n" for name, value in settings.items())
        write_private(self.folder / settings_file(service), text)

    def _forget(self) -> None:
        self._record = replace(self._record, parts=(), complete=False)
        write_record(self.folder, self._record)

    def _list_part_records(self) -> tuple[PartRecord, ...]:
        broker, database, monitoring = self.broker, self.database, self.monitoring
        parts = [record_part(DATABASE, database.description, database.address, database.program)]
        if monitoring is not None:
            parts.append(record_part(MONITORING, monitoring.description, monitoring.address, monitoring.program))
        parts.append(record_part(BROKER, broker.description, broker.bootstrap_servers, broker.program))
        return tuple(part for part in parts if part is not None)


def start_stack(
    folder: Path,
    *,
    durable: bool = True,
    with_monitoring: bool = True,
    scrape_targets: Mapping[str, str] | None = None,
    tied: bool = True,
    secured: bool = False,
    environment: Mapping[str, str] | None = None,
    say: Say = lambda _sentence: None,
) -> Stack:
    """Start a stack with its data in the folder and return when every part answers.

    `durable=False` trades safety at a power cut for speed (tests).  `tied=False` lets the parts outlive this
    process.  `secured` shuts every part; a folder that was secured once is not opened again.  `say` is told what
    takes long.  StackRunsAlreadyError when the folder's stack runs; LocalStackError
    when the machine lacks something, with what to install.
    """
    folder = _make_folder(folder)
    environment = os.environ if environment is None else environment
    with lock_file(folder / "lock"):
        _end_leftover(folder)
        record = renew_record(folder, secured=secured)
        write_record(folder, record)
        security = find_security(folder, record)
        if security is not None:
            make_certificates(security.certificates.folder, datetime.now(UTC))
        stack = Stack(
            folder=folder,
            record=record,
            broker=_choose_broker(folder, record, environment, tied, say),
            database=_make_database(folder, record, environment, durable, tied),
            monitoring=_make_monitoring(folder, record, environment, tied) if with_monitoring else None,
            security=security,
        )
        stack.write_targets(scrape_targets or {})
        stack.start()
    return stack


def settings_file(service: str = "") -> str:
    """The name of the file with the settings of one service, or of all that is in the stack."""
    return f"stack-{service}.env" if service else "stack.env"


def _end_leftover(folder: Path) -> None:
    record = find_record(folder)
    if record is None:
        return
    if record.complete and all(part.is_running() for part in record.parts if part.process):
        raise StackRunsAlreadyError(f"the stack of {folder} runs already")
    end_parts(record)


def _make_folder(folder: Path) -> Path:
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "logs").mkdir(exist_ok=True)
    # Our own folder alone: the user who runs the database must be able to pass.
    folder.chmod(folder.stat().st_mode | stat.S_IXOTH | stat.S_IXGRP)
    return folder


def _choose_broker(folder: Path, record: StackRecord, environment: Mapping[str, str], tied: bool, say: Say) -> Broker:
    ports = (record.ports["broker"], record.ports["controller"])
    return choose_broker(
        environment=environment,
        home=folder,
        logs=folder / "logs",
        ports=ports,
        tied=tied,
        say=say,
        security=find_security(folder, record),
    )


def _make_database(
    folder: Path, record: StackRecord, environment: Mapping[str, str], durable: bool, tied: bool
) -> Database:
    home = Path(record.database_home)
    prepare_home(home)
    return Database(
        install=make_reachable(find_install(environment), home / "programs"),
        home=home,
        logs=folder / "logs",
        port=record.ports["database"],
        passwords=record.passwords,
        durable=durable,
        tied=tied,
        security=find_security(folder, record),
    )


def _make_monitoring(
    folder: Path, record: StackRecord, environment: Mapping[str, str], tied: bool
) -> Prometheus | None:
    binary = shutil.which("prometheus", path=environment.get("PATH"))
    if binary is None:
        return None
    return Prometheus(
        binary=binary,
        home=folder / "monitoring",
        logs=folder / "logs",
        port=record.ports["monitoring"],
        tied=tied,
        security=find_security(folder, record),
    )
