"""The local stack: what it serves, what survives a fault, and that it never leaves a process behind."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from typer.testing import CliRunner

from tests.stack import open_stack_folder, run_stack
from youthcare.cli_local import app
from youthcare.runtime.local.background import erase_stack, list_status
from youthcare.runtime.local.broker import choose_broker
from youthcare.runtime.local.jars import fetch_jars
from youthcare.runtime.local.postgres_install import find_install
from youthcare.runtime.local.process import (
    LocalStackError,
    ProcessIdentity,
    choose_free_port,
    end_process,
    find_identity,
    is_running,
    wait_for_end,
)
from youthcare.runtime.local.program import Launch, Program, run_tool
from youthcare.runtime.local.record import find_record
from youthcare.runtime.local.services import SERVICES
from youthcare.runtime.local.stack import Stack, start_stack

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def own_stack() -> Iterator[Stack]:
    """A stack that these tests may break."""
    with run_stack() as running:
        yield running


def _quiet(stack: Stack, **settings: Any) -> dict[str, Any]:
    return {"bootstrap.servers": stack.bootstrap_servers, "log_level": 0, **settings}


def _create_topic(stack: Stack) -> str:
    name = f"local-stack-{uuid.uuid4().hex[:8]}"
    # Held until the answer is there: a client that is let go drops its questions.
    admin = AdminClient(_quiet(stack))
    admin.create_topics([NewTopic(name, 1, 1)])[name].result(15)
    return name


def _produce(stack: Stack, topic: str, values: list[bytes]) -> None:
    producer = Producer(_quiet(stack, acks="all"))
    for value in values:
        producer.produce(topic, value)
    assert producer.flush(15) == 0


def _consume(stack: Stack, topic: str, count: int) -> list[bytes | None]:
    settings = {"group.id": uuid.uuid4().hex, "auto.offset.reset": "earliest"}
    consumer = Consumer(_quiet(stack, **settings))
    consumer.subscribe([topic])
    try:
        return [message.value() for message in consumer.consume(count, timeout=20)]
    finally:
        consumer.close()


async def _execute(dsn: str, *statements: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def _fetch_value(dsn: str, query: str) -> Any:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


def _list_identities(stack: Stack) -> list[ProcessIdentity]:
    record = find_record(stack.folder)
    assert record is not None
    return [part.process for part in record.parts if part.process is not None]


def test_a_message_goes_in_and_comes_out(own_stack: Stack) -> None:
    """The broker takes a topic, a message and a consumer group."""
    topic = _create_topic(own_stack)

    _produce(own_stack, topic, [b"first", b"second"])

    assert _consume(own_stack, topic, 2) == [b"first", b"second"]


async def test_no_service_can_see_the_schema_of_another(own_stack: Stack) -> None:
    """Each role owns its schema alone; public and the other schemas are closed to it."""
    for service in SERVICES:
        await _execute(own_stack.dsn(service), "CREATE TABLE wall (brick int)", "INSERT INTO wall VALUES (1)")

    for service in SERVICES:
        assert await _fetch_value(own_stack.dsn(service), "SELECT count(*) FROM wall") == 1
        for other in {*SERVICES, "public"} - {service}:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await _execute(own_stack.dsn(service), f"CREATE TABLE {other}.intruder (brick int)")
        for other in set(SERVICES) - {service}:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await _fetch_value(own_stack.dsn(service), f"SELECT count(*) FROM {other}.wall")


async def test_a_service_role_is_fenced_by_the_server(own_stack: Stack) -> None:
    """A frozen session ends after 10 s, who waits for its lock waits 15 s, and nobody passes row security."""
    for service in SERVICES:
        dsn = own_stack.dsn(service)
        assert await _fetch_value(dsn, "SHOW idle_in_transaction_session_timeout") == "10s"
        assert await _fetch_value(dsn, "SHOW lock_timeout") == "15s"
        assert await _fetch_value(
            dsn,
            "SELECT NOT (rolsuper OR rolbypassrls OR rolcreaterole) FROM pg_roles WHERE rolname = current_user",
        )


async def test_a_wrong_password_is_refused(own_stack: Stack) -> None:
    """Loopback is no reason to trust anybody."""
    right = own_stack.dsn("alerts")
    wrong = right.replace(right.split(":")[2].split("@")[0], "guess")

    with pytest.raises(asyncpg.InvalidPasswordError):
        await _execute(wrong, "SELECT 1")


def test_a_stopped_and_a_killed_broker_come_back_with_their_messages(own_stack: Stack) -> None:
    """After a clean stop and after a kill: same address, same topic, same messages."""
    topic = _create_topic(own_stack)
    address = own_stack.bootstrap_servers
    _produce(own_stack, topic, [b"before"])

    own_stack.broker.stop()
    own_stack.broker.start()
    _produce(own_stack, topic, [b"between"])
    own_stack.broker.kill()
    own_stack.broker.start()

    assert own_stack.bootstrap_servers == address
    assert _consume(own_stack, topic, 2) == [b"before", b"between"]


async def test_an_immediate_restart_of_the_database_keeps_what_was_committed(own_stack: Stack) -> None:
    """Sessions are cut, commits stay, the address stays."""
    dsn = own_stack.dsn("trajectory")
    await _execute(dsn, "CREATE TABLE kept (fact int)", "INSERT INTO kept VALUES (7)")
    session = await asyncpg.connect(dsn)

    own_stack.database.restart(mode="immediate")

    with pytest.raises((asyncpg.PostgresError, OSError, asyncpg.InterfaceError)):
        await session.fetchval("SELECT 1")
    assert await _fetch_value(dsn, "SELECT fact FROM kept") == 7


def test_prometheus_scrapes_what_it_is_told_to(own_stack: Stack) -> None:
    """New targets are taken up without a restart, each with the name of its process."""
    assert own_stack.monitoring is not None
    own_stack.write_targets({"alerts-api": own_stack.monitoring.address})

    def is_scraped() -> bool:
        assert own_stack.monitoring is not None
        connection = http.client.HTTPConnection(own_stack.monitoring.address, timeout=5)
        connection.request("GET", "/api/v1/targets?state=active")
        answer = json.load(connection.getresponse())
        connection.close()
        return [target["labels"]["process"] for target in answer["data"]["activeTargets"]] == ["alerts-api"]

    own_stack.monitoring.program.wait_until(is_scraped, seconds=20)
    assert is_scraped()


def test_passwords_stay_in_files_of_the_owner_alone(own_stack: Stack) -> None:
    """No log, no command line and no file that others may read holds a password."""
    record = find_record(own_stack.folder)
    assert record is not None
    secrets = [password.encode() for password in record.passwords.values()]

    for path in (path for path in own_stack.folder.rglob("*") if path.is_file()):
        if path.stat().st_mode & 0o077:
            assert not any(secret in path.read_bytes() for secret in secrets), path.name
    for log in (own_stack.folder / "logs").iterdir():
        assert not any(secret in log.read_bytes() for secret in secrets), log.name
    for identity in _list_identities(own_stack):
        arguments = Path(f"/proc/{identity.pid}/cmdline").read_bytes()
        assert not any(secret in arguments for secret in secrets)


async def test_a_stop_leaves_no_process_and_a_new_start_finds_everything_again() -> None:
    """After a stop nothing runs; addresses, passwords, messages and rows are those of before."""
    with open_stack_folder() as folder:
        with start_stack(folder, durable=False, with_monitoring=False) as first:
            identities = _list_identities(first)
            topic = _create_topic(first)
            _produce(first, topic, [b"kept"])
            await _execute(first.dsn("alerts"), "CREATE TABLE kept (fact int)", "INSERT INTO kept VALUES (7)")
        assert not any(is_running(identity) for identity in identities)
        assert list_status(folder) == ()

        # The controller's port is nobody's business but the broker's: taken by another, it moves.
        with _occupy_controller_port(folder), start_stack(folder, durable=False, with_monitoring=False) as second:
            assert second.environment() == first.environment()
            assert _consume(second, topic, 1) == [b"kept"]
            assert await _fetch_value(second.dsn("alerts"), "SELECT fact FROM kept") == 7


def test_a_killed_parent_leaves_no_child() -> None:
    """Children die with the process that started them, also when a thread that is gone asked for them."""
    program = """
        import sys, threading
        from pathlib import Path
        from youthcare.runtime.local.stack import start_stack
        starter = threading.Thread(target=lambda: start_stack(Path(sys.argv[1]), durable=False))
        starter.start()
        starter.join()
        print("ready", flush=True)
        sys.stdin.read()
    """
    with open_stack_folder() as folder:
        command = [sys.executable, "-c", textwrap.dedent(program), str(folder)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with subprocess.Popen(command, cwd=ROOT, text=True, **pipes) as parent:  # type: ignore[call-overload]
            assert parent.stdout.readline() == "ready\n"
            record = find_record(folder)
            assert record is not None
            identities = [part.process for part in record.parts if part.process]
            assert len(identities) == 3
            assert all(is_running(identity) for identity in identities)

            parent.kill()

            assert all(wait_for_end(identity, 10) for identity in identities)
        # The server's own children go with it: nothing holds the data folder any more.
        assert not _list_processes_in(folder)


def test_up_is_said_twice_heals_a_crash_and_down_ends_all() -> None:
    """`up` outlives its command; a second one says so; one after a crash starts all anew; `down` ends all."""
    with open_stack_folder() as folder:
        place = ["--folder", str(folder)]
        runner = CliRunner()
        try:
            assert runner.invoke(app, ["up", *place]).exit_code == 0
            assert "runs already" in runner.invoke(app, ["up", *place]).stdout
            assert runner.invoke(app, ["status", *place]).exit_code == 0

            _crash_broker(folder)
            assert runner.invoke(app, ["status", *place]).exit_code == 1
            assert runner.invoke(app, ["up", *place]).exit_code == 0
            assert [part.ready for part in list_status(folder)] == [True, True, True]
            assert (folder / "stack.json").stat().st_mode & 0o077 == 0
        finally:
            answer = runner.invoke(app, ["down", *place])
        assert answer.exit_code == 0
        assert "Stopped: broker, monitoring, database." in answer.stdout
        assert not _list_processes_in(folder)
        erase_stack(folder)
        assert not folder.exists()


def test_a_port_that_somebody_was_given_is_given_to_nobody_else() -> None:
    """Two stacks that start together look for ports before either listens; by chance alone two of so many are equal."""
    given = [choose_free_port() for _ in range(400)]

    assert len(set(given)) == len(given)


def test_a_recycled_process_number_is_never_signalled(tmp_path: Path) -> None:
    """Who has the number of a process of before but another birth is somebody else."""
    program = Program(Launch(name="other", command=("/bin/cat", "/dev/zero"), log=Path(os.devnull), folder=tmp_path))
    program.launch()
    try:
        assert program.identity is not None
        before = replace(program.identity, born="an earlier boot/1")

        end_process(before, number=signal.SIGKILL, grace_seconds=1)

        assert program.is_running()
    finally:
        program.kill()
    assert not program.is_running()


def test_a_child_that_ignores_its_stop_signal_is_killed_after_the_grace(tmp_path: Path) -> None:
    """A stop always ends, whatever the child thinks of it."""
    stubborn = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); signal.pause()"
    log = tmp_path / "stubborn.log"
    command = (sys.executable, "-c", stubborn)
    program = Program(Launch(name="stubborn", command=command, log=log, folder=tmp_path, grace_seconds=0.2))
    program.launch()
    program.wait_until(lambda: log.read_text(encoding="utf-8") == "up\n", seconds=10)

    program.stop()

    assert not program.is_running()


def test_a_program_that_gives_way_runs_behind_the_others(tmp_path: Path) -> None:
    """Also where the kernel shares processors out by session, which each child has of its own."""
    log = tmp_path / "modest.log"
    command = ("/bin/sh", "-c", "nice; cat /proc/self/autogroup 2>/dev/null || echo nice 10; sleep 60")
    program = Program(Launch(name="modest", command=command, log=log, folder=tmp_path, yields=True))
    program.launch()
    try:
        program.wait_until(lambda: log.read_text(encoding="utf-8").count("\n") == 2, seconds=10)
    finally:
        program.kill()

    niceness, group = log.read_text(encoding="utf-8").splitlines()
    assert niceness == "10"
    assert group.endswith("nice 10")


def test_a_program_that_ends_while_starting_is_told_with_its_log(tmp_path: Path) -> None:
    """The error names the log and does not quote it, for it may hold anything."""
    log = tmp_path / "broken.log"
    program = Program(Launch(name="broken", command=("/bin/sh", "-c", "echo secret; exit 3"), log=log, folder=tmp_path))
    program.launch()

    with pytest.raises(LocalStackError, match=r"broken ended while starting; see .*broken\.log") as told:
        program.wait_until(lambda: False, seconds=10)
    program.stop()
    assert "secret" not in str(told.value)
    with pytest.raises(LocalStackError, match="failed with code 3"):
        run_tool(program.how, seconds=10)


def test_the_order_of_brokers_is_given_then_home_then_maven_then_stand_in(tmp_path: Path) -> None:
    """What was asked for goes first, and a machine without any is told what to install."""

    def choose(environment: dict[str, str]) -> Any:
        return choose_broker(
            environment=environment, home=tmp_path, logs=tmp_path, ports=(1, 2), tied=True, say=lambda _: None
        )

    given = choose({"KAFKA_BOOTSTRAP_SERVERS": "broker.example:9092", "KAFKA_HOME": "/nowhere", "PATH": ""})
    assert given.bootstrap_servers == "broker.example:9092"
    with pytest.raises(LocalStackError, match="not ours"):
        given.kill()
    with pytest.raises(LocalStackError, match="KAFKA_HOME is /nowhere"):
        choose({"KAFKA_HOME": "/nowhere", "PATH": os.environ["PATH"]})
    with pytest.raises(LocalStackError, match="no java on the PATH"):
        choose({"KAFKA_HOME": "/nowhere", "PATH": str(tmp_path)})
    with pytest.raises(LocalStackError, match="openjdk-17-jre-headless maven"):
        choose({"PATH": str(tmp_path)})
    with pytest.raises(LocalStackError, match="which has no server"):
        find_install({"PG_BIN": str(tmp_path)})


def test_a_torn_download_is_made_anew_and_a_whole_one_is_used_again(tmp_path: Path) -> None:
    """Only the marker written last makes a cache; a second fetch asks nobody."""
    maven = tmp_path / "mvn"
    maven.write_text(
        '#!/bin/sh\nfor argument; do :; done\nfolder="${argument#-DoutputDirectory=}"\n'
        f'/bin/mkdir -p "$folder" && echo jar > "$folder/kafka.jar" && echo called >> "{tmp_path}/calls"\n',
        encoding="utf-8",
    )
    maven.chmod(0o755)
    environment = {"TRAJECTWACHT_CACHE": str(tmp_path / "cache")}
    torn = tmp_path / "cache" / "kafka-4.1.1"
    (torn / "jars").mkdir(parents=True)
    (torn / "jars" / "half.jar").touch()
    said: list[str] = []

    for _ in range(2):
        jars = fetch_jars(maven=str(maven), log=tmp_path / "log", environment=environment, say=said.append)

    assert [path.name for path in jars.iterdir()] == ["kafka.jar"]
    assert (tmp_path / "calls").read_text(encoding="utf-8") == "called\n"
    assert said == ["fetching Apache Kafka 4.1.1 by Maven, once"]


@contextlib.contextmanager
def _occupy_controller_port(folder: Path) -> Iterator[None]:
    record = find_record(folder)
    assert record is not None
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", record.ports["controller"]))
        listener.listen()
        yield


def _crash_broker(folder: Path) -> None:
    record = find_record(folder)
    assert record is not None
    broker = next(part.process for part in record.parts if part.name == "broker")
    assert broker is not None
    end_process(broker, number=signal.SIGKILL, grace_seconds=10)


def _list_processes_in(folder: Path) -> list[int]:
    """Every process whose command line or working folder is under the folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or find_identity(int(entry.name)) is None:
            continue
        try:
            arguments, place = (entry / "cmdline").read_bytes(), os.readlink(entry / "cwd")
        except OSError:
            continue
        if str(folder).encode() in arguments or place.startswith(str(folder)):
            found.append(int(entry.name))
    return found
