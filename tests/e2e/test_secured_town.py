"""The whole system behind locks: what goes through as before, and who is sent away at each line.

The tests share one town and stand in order: the services run in the first half, and are stopped for the second.
"""

import http.client
import json
import secrets
import socket
import ssl
import time
import urllib.parse
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient

from tests.broker_rights import asked_of, client, matrix, told_by
from tests.commands import invoked
from tests.e2e.town import MUNICIPALITY, SEED, Town, today, town
from tests.indication import until
from youthcare.cli import app
from youthcare.runtime.access_granting import binding_of
from youthcare.runtime.brokers import client_config
from youthcare.runtime.local.background import list_status
from youthcare.runtime.local.certificates import make_certificates
from youthcare.runtime.local.record import find_record
from youthcare.runtime.local.securing import BROKER_USERS, SENDER
from youthcare.runtime.local.services import SERVICE_PROCESSES, SERVICES
from youthcare.runtime.topic_access import OPERATOR, Right, Rule, Thing, declared, group_of
from youthcare.simulator import simulate
from youthcare.simulator.population import citizen_numbers

YOUTHS = 8
T = TypeVar("T")
# A number that none of the simulated youths has.
BSN = next(islice(citizen_numbers(), 9_000, None))


@pytest.fixture(name="here", scope="module")
def secured_town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A town behind locks, with Prometheus."""
    with town(tmp_path_factory.mktemp("secured"), monitored=True, secured=True) as running:
        yield running


def test_messages_become_facts_figures_and_alerts_behind_locks(here: Town) -> None:
    """In over HTTPS and over Kafka as a sender, out as alerts; what stands in the tables equals replay."""
    last = today() - timedelta(days=1)
    here.feed(list(simulate(SEED, MUNICIPALITY, last - timedelta(days=364), last, YOUTHS)))
    known = {"valid_from": "2024-01-01", "birth_date": "2014-05-17"}
    say(here, "over-kafka", "youth.registered", **known)
    say(here, "of-nobody", "youth.registered", **known, bsn="123456789")  # no BSN by its last digit
    until(lambda: here.ask("select 1 from indication.statement where id = 'over-kafka'"), "intake is read")
    until(lambda: here.ask("select 1 from indication.refusal"), "and refused from")
    here.settle()

    compared = here.compared()

    assert compared.differences == []
    assert compared.youths > YOUTHS / 2
    assert compared.figures
    assert compared.alerts
    assert here.topic("care-alerts")


def say(here: Town, name: str, kind: str, **data: object) -> None:
    """Put an event on `intake`, as a sender does who may write there and nothing else."""
    event = {
        "specversion": "1.0",
        "id": name,
        "source": f"/{MUNICIPALITY}/wijkteam-noord",
        "type": f"nl.jeugdzorg.{kind}.v1",
        "municipality": MUNICIPALITY,
        "time": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "data": {"bsn": BSN, **data},
    }
    told: list[KafkaError | None] = []
    producer = Producer(client(here.stack, SENDER))
    producer.produce("intake", json.dumps(event).encode(), on_delivery=lambda error, _: told.append(error))
    producer.flush(30)
    assert told == [None]


def test_no_service_asks_for_what_it_may_not(here: Town) -> None:
    """The broker's own log: nobody was refused anything, and every right of a worker but those of commands is used.

    What commands need beside this is used in `tests/chaos/test_secured_commands.py`.
    """
    allowed, refused = told_by(here.stack.folder / "logs")

    assert sorted(map(str, refused)) == []
    assert sorted(map(str, allowed - declared([SENDER]))) == []
    unused = {str(rule) for rule in declared([SENDER]) - allowed}
    assert unused <= {
        *(f"indication may read topic {topic}" for topic in ("indication-events", "trajectory-facts")),
        *(f"indication may read topic {topic}" for topic in ("care-alerts", "refusals")),
        *(f"indication may see group {group_of(each)}" for each in ("trajectory", "indicators", "alerts")),
        *(f"{each} may see group {group}" for each in SERVICES for group in ("bulk", "inspector")),
        "indication may see the settings of topic intake",
        "trajectory may see the settings of topic indication-events",
        *(f"{each} may see the settings of topic trajectory-facts" for each in ("indicators", "alerts")),
        *(f"auditor may {each}" for each in ("see group bulk", "see group inspector")),
        *(f"auditor may read topic {topic}" for topic in ("indication-events", "trajectory-facts")),
    }


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
@pytest.mark.parametrize("process", [each.name for each in SERVICE_PROCESSES])
def test_every_page_of_every_process_is_behind_tls(here: Town, process: str) -> None:
    """Not in the open, not to who believes another authority, not by TLS 1.1; to who believes ours, yes."""
    port, trust = here.services.ports[process], here.services.trust

    assert trust is not None
    assert _status(http.client.HTTPSConnection("127.0.0.1", port, timeout=10, context=trust)) == 200
    assert _status(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) is None
    assert _status(http.client.HTTPSConnection("127.0.0.1", port, timeout=10)) is None
    assert _shaken(port, trust) == "TLSv1.3"
    # Told why, or hung up on: the server's loop does the one or the other.
    assert _shaken(port, _old()) in ("TLSV1_ALERT_PROTOCOL_VERSION", "UNEXPECTED_EOF_WHILE_READING")


def _status(connection: http.client.HTTPConnection) -> int | None:
    try:
        connection.request("GET", "/health/live")
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def _old() -> ssl.SSLContext:
    """A client that believes everybody, and knows TLS 1.1 and nothing newer."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context


def _shaken(port: int, context: ssl.SSLContext) -> str:
    """The version that both agreed upon, or why the server would not."""
    try:
        with (
            socket.create_connection(("127.0.0.1", port), timeout=10) as line,
            context.wrap_socket(line, server_hostname="127.0.0.1") as shaken,
        ):
            return str(shaken.version())
    except ssl.SSLError as error:
        return str(error.reason)


def test_prometheus_scrapes_all_processes_over_tls(here: Town) -> None:
    """Its own page is behind TLS as well."""
    until(lambda: _up(here) == 8, "all eight are scraped")


def _up(here: Town) -> int:
    monitoring, trust = here.stack.monitoring, here.services.trust
    assert monitoring is not None
    assert trust is not None
    connection = http.client.HTTPSConnection(monitoring.address, timeout=10, context=trust)
    connection.request("GET", f"/api/v1/query?{urllib.parse.urlencode({'query': 'up == 1'})}")
    found = json.load(connection.getresponse())["data"]["result"]
    connection.close()
    return len(found)


def test_every_session_at_the_database_is_behind_tls(here: Town) -> None:
    """Those of all eight processes, and ours."""
    sessions = here.ask(
        """select usename, ssl, version from pg_stat_ssl join pg_stat_activity using (pid)
           where backend_type = 'client backend'"""
    )

    assert {row["usename"] for row in sessions} >= set(SERVICES)
    assert {(row["ssl"], row["version"]) for row in sessions} == {(True, "TLSv1.3")}


def test_what_a_stack_is_asked_from_outside_works_behind_locks(here: Town) -> None:
    """`status` sees every part run and ready; each service has a file with its own settings."""
    assert [part.ready for part in list_status(here.stack.folder)] == [True, True, True]
    for service in SERVICES:
        file = here.stack.folder / f"stack-{service}.env"
        text = file.read_text(encoding="utf-8")
        assert file.stat().st_mode & 0o077 == 0
        assert f"KAFKA_USERNAME={service}\n" in text
        assert [each for each in SERVICES if f"{each.upper()}_DSN=" in text] == [service]


def test_no_secret_is_an_argument_or_in_a_log_or_open_to_others(here: Town) -> None:
    """Passwords and keys of the stack: not in a command line, a log, or a file that others may read."""
    kept = _secrets(here.stack.folder)

    assert len(kept) > len(BROKER_USERS) + len(SERVICES)
    for arguments in Path("/proc").glob("[0-9]*/cmdline"):
        assert not _holds(arguments, kept), arguments.parent.name
    for folder in ("kafka", "database", "certificates"):
        assert (here.stack.folder / folder).stat().st_mode & 0o077 == 0, folder
    for path in here.stack.folder.rglob("*"):
        closed = path.relative_to(here.stack.folder).parts[0] in ("kafka", "database", "certificates")
        if path.is_file() and not closed and (path.stat().st_mode & 0o077 or path.suffix == ".log"):
            assert not _holds(path, kept), path.name


def _holds(path: Path, kept: list[bytes]) -> bool:
    try:
        content = path.read_bytes()
    except OSError:
        return False  # it ended, or moved on, while we looked
    return any(secret in content for secret in kept)


def _secrets(folder: Path) -> list[bytes]:
    record = find_record(folder)
    assert record is not None
    keys = [path.read_text().splitlines()[1] for path in (folder / "certificates").glob("*.key")]
    return [secret.encode() for secret in (*record.passwords.values(), *keys)]


def test_a_user_of_the_broker_may_do_what_the_table_says(here: Town) -> None:
    """Seven users by five topics, read and write: a real client of each, at the real broker.

    The first test without services: what is written here is nothing that they should read.
    """
    here.services.stop()

    answers = at_once(lambda user: asked_of(here.stack, user), BROKER_USERS)

    assert {cell: told for answer in answers for cell, told in answer.items()} == matrix()


def test_rules_and_users_are_brought_in_line_by_commands(here: Town, tmp_path: Path) -> None:
    """What is declared is given, what is not is taken; passwords come from a file that only its owner reads."""
    newcomer = {"sasl.username": "wijkteam-noord", "sasl.password": secrets.token_urlsafe(24)}
    file = tmp_path / "users.json"
    file.write_text(json.dumps({newcomer["sasl.username"]: newcomer["sasl.password"]}))
    file.chmod(0o644)
    assert not is_let_in(client(here.stack, SENDER) | newcomer)

    assert typed(here, "users", str(file)) is None
    file.chmod(0o600)
    assert typed(here, "users", str(file)) == ["1 users have their passwords"]
    assert is_let_in(client(here.stack, SENDER) | newcomer)
    assert typed(here, "access", "--sender", "alerts") is None
    assert typed(here, "access") == ["0 rules given, 0 taken"]
    given = ["given: wijkteam-noord may write topic intake", "1 rules given, 0 taken"]
    assert typed(here, "access", "--sender", "wijkteam-noord") == given
    over = Rule(user="alerts", right=Right.WRITE, thing=Thing.TOPIC, name="indication-events")
    give(here, over)
    taken = ["taken: alerts allow write topic indication-events", "taken: wijkteam-noord allow write topic intake"]
    assert typed(here, "access", "--former", "wijkteam-noord") == [*taken, "0 rules given, 2 taken"]


def typed(here: Town, *words: str) -> list[str] | None:
    """What a command about topics prints, as the operator types it; None when it refuses."""
    result = invoked(app, ["topics", *words], env=here.environment())
    return result.stdout.splitlines() if result.exit_code == 0 else None


def give(here: Town, rule: Rule) -> None:
    """Somebody gives a right by hand, for a night."""
    admin = AdminClient(client(here.stack, OPERATOR))
    for future in admin.create_acls([binding_of(rule)]).values():
        future.result(30)


def test_nobody_joins_the_group_of_another(here: Town) -> None:
    """Who joined would be given partitions, and their records would be read by nobody."""
    for service in SERVICES:
        foreign = group_of(next(each for each in SERVICES if each != service))
        consumer = Consumer(client(here.stack, service, **{"group.id": foreign}))
        consumer.subscribe(["trajectory-facts"])
        until(lambda: _told(consumer) == KafkaError.GROUP_AUTHORIZATION_FAILED, f"{service} is refused", 30)  # noqa: B023
        consumer.close()


def _told(consumer: Consumer) -> int | None:
    message = consumer.poll(0.1)
    assert message is None or message.error() is not None, "nothing is handed out"
    error = message.error() if message is not None else None
    return error.code() if error is not None else None


def test_the_broker_sends_strangers_away_at_every_listener(here: Town, tmp_path: Path) -> None:
    """In the open, with no name, with a wrong password, under another authority; at its own listener all but itself."""
    security, record = here.stack.security, find_record(here.stack.folder)
    assert security is not None
    assert record is not None
    known, own = client(here.stack, "alerts"), client_config(security.machine())
    other = make_certificates(tmp_path / "other", datetime.now(UTC))
    alerts = {
        "ssl.certificate.location": str(security.certificates.certificate("alerts")),
        "ssl.key.location": str(security.certificates.key("alerts")),
    }
    nobody = {name: own[name] for name in ("bootstrap.servers", "security.protocol", "ssl.ca.location")}

    strangers = [
        *({"bootstrap.servers": f"127.0.0.1:{record.ports[port]}"} for port in ("broker", "internal", "controller")),
        known | {"sasl.password": "guess"},
        known | {"sasl.username": "nobody"},
        known | {"sasl.mechanism": "PLAIN"},
        known | {"security.protocol": "sasl_plaintext"},
        known | {"ssl.ca.location": str(other.authority)},
        nobody,
        nobody | alerts,
        nobody | {"bootstrap.servers": known["bootstrap.servers"]},
    ]

    assert at_once(is_let_in, [known, own]) == [True, True]
    assert at_once(is_let_in, strangers) == [False] * len(strangers)


def at_once(ask: Callable[[Any], T], asked: Sequence[Any]) -> list[T]:
    """Ask all together, as each waits for the broker most of the time."""
    with ThreadPoolExecutor(len(asked)) as threads:
        return list(threads.map(ask, asked))


def is_let_in(settings: Mapping[str, Any]) -> bool:
    """Whether a client gets an answer before it is told that it gets none."""
    told: list[KafkaError] = []
    heard: Any = told.append
    admin = AdminClient({**settings, "log_level": 0, "error_cb": heard})
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            return bool(admin.list_topics(timeout=0.5).brokers)
        except KafkaException:
            admin.poll(0)
            if told:
                return False
    raise AssertionError("neither an answer nor an error")


async def test_the_database_sends_away_who_comes_in_the_open_or_believes_another(here: Town, tmp_path: Path) -> None:
    """For every role, the superuser among them."""
    other = make_certificates(tmp_path / "other", datetime.now(UTC)).authority
    for role in ("admin", "auditor", *SERVICES):
        dsn = here.stack.dsn(role)
        bare = dsn.partition("?")[0]

        for address in (dsn, f"{bare}?sslmode=require"):
            assert await rows(address, "select ssl from pg_stat_ssl where pid = pg_backend_pid()") == [(True,)]
        with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError, match="no encryption"):
            await rows(f"{bare}?sslmode=disable", "select 1")
        with pytest.raises(ssl.SSLCertVerificationError):
            await rows(f"{bare}?sslmode=verify-full&sslrootcert={other}", "select 1")


async def rows(dsn: str, query: str) -> list[tuple[Any, ...]]:
    """What a query answers to who comes by this address."""
    connection = await asyncpg.connect(dsn, timeout=20)
    try:
        return [tuple(row) for row in await connection.fetch(query)]
    finally:
        await connection.close()


async def test_a_service_sees_its_own_schema_alone(here: Town) -> None:
    """Four services by four schemas, on tables that hold something, and the auditor none of them."""
    for schema in SERVICES:
        assert await rows(here.stack.dsn(schema), f"select count(*) > 0 from {schema}.progress") == [(True,)]
        for role in {*SERVICES, "auditor"} - {schema}:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await rows(here.stack.dsn(role), f"select count(*) from {schema}.progress")
