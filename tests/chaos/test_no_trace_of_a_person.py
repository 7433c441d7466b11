"""What tells who a person is goes no further than the door: all is fed in, stopped in the act, and searched.

Rules. All eight processes are real. Messages of each kind come over HTTP and over `intake`, right and wrong ones; each
process is killed with a message in hand, and asked for a core. Whatever the system keeps, writes or sends is searched
for every number, name, street, telephone and e-mail address that was fed in. Exempt is the topic `intake` alone.
"""

import asyncio
import json
import re
import resource
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from confluent_kafka import Producer

from tests.conftest import REPOSITORY
from tests.crashing import CRASHES
from tests.deliveries import Mailbox, Receiver, free_port
from tests.e2e.town import MUNICIPALITY, SEED, Town, today, town
from tests.everywhere import Content, Search, database_home, dump, files, records, searched
from tests.indication import until
from tests.persons import SURNAME, TEAM, Persons, event, events, messages, poison
from youthcare.runtime.local.process import send_signal
from youthcare.runtime.local.running import is_ready
from youthcare.runtime.local.services import SERVICES
from youthcare.runtime.sealing import make_keys
from youthcare.simulator import simulate

pytestmark = pytest.mark.prove

YOUTHS, KILL_SECONDS = 12, 600.0
EXEMPT = ("intake",)
"""Senders on Kafka write what they like; the broker drops it after seven days (docs/privacy.md)."""
ASKED = {
    "indication": ("/v1/refusals", "/v1/refusals/senders", "/v1/forgettings"),
    "trajectory": (),
    "indicators": ("/v1/indicators", "/v1/figures?format=csv", "/v1/publications", "/v1/senders/timeliness"),
    "alerts": ("/v1/alerts", "/v1/webhooks", "/v1/digest-addresses", "/v1/norms", "/v1/alerts/usefulness"),
}
PAGES = ("/", "/nut", "/normen", "/noodinzage", "/nieuws", "/toegankelijkheid")
MISDIRECTED = (
    "/v1/youths/{}/trajectory",
    "/v1/youths/{}/access-log",
    "/v1/alerts/{}",
    "/v1/indicators/{}",
    "/v1/reports/{}",
    "/{}",
)
# Each is an error that would repeat what it was given.
FAILING = (
    "select $1::text::date",
    "select $1::text::jsonb",
    "select $1::text::integer",
    "do $$ begin raise exception '{}'; end $$",
)


@dataclass(slots=True)
class Outside:
    """What comes out of the house: mails, deliveries of webhooks, answers to whoever asked."""

    mailbox: Mailbox
    receiver: Receiver
    answers: list[Content] = field(default_factory=list)

    def told(self) -> Iterator[Content]:
        """All of it."""
        yield from self.answers
        yield from (("mail", each.as_bytes()) for each in self.mailbox.taken)
        yield from (("webhook", each.body + repr(each.headers).encode()) for each in self.receiver.taken)


@contextmanager
def outside() -> Iterator[Outside]:
    """A mail server and a receiver of webhooks, until the end of the block."""
    found = Outside(Mailbox(free_port()), Receiver(free_port()))
    loop, ready = asyncio.new_event_loop(), threading.Event()

    async def listen() -> None:
        async with found.mailbox.listening(), found.receiver.listening():
            ready.set()
            await asyncio.Event().wait()

    def run() -> None:
        with pytest.raises(asyncio.CancelledError):
            loop.run_until_complete(task)

    task = loop.create_task(listen())
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield found
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join(10)


def settings_of(folder: Path, out: Outside) -> dict[str, str]:
    """Mails, webhooks and everything that a crash may tell."""
    make_keys(folder / "webhook-keys.json", MUNICIPALITY)
    return {
        "WEBHOOK_KEYS_FILE": str(folder / "webhook-keys.json"),
        "WEBHOOK_PRIVATE_NETWORKS": "127.0.0.0/8",
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(out.mailbox.port),
        "SMTP_SECURITY": "plaintext",
        "MAIL_SENDER": "meldingen@example.nl",
        "INBOX_URL": "https://meldingen.example.nl/",
        "DIGEST_AT": "00:00",
        "LOG_LEVEL": "debug",
        "PYTHONFAULTHANDLER": "1",
    }


@contextmanager
def cores_allowed() -> Iterator[None]:
    """Whatever is started meanwhile may write a core into its folder, if it lets itself."""
    before = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_CORE, before)


def bearer(here: Town, *roles: str) -> dict[str, str]:
    """The header of somebody with these roles."""
    token = here.issuer.token(MUNICIPALITY, list(roles), datetime.now(UTC), timedelta(hours=1))
    return {"Authorization": f"Bearer {token}"}


SENDER = (f"sender:{TEAM}", f"sender:urn:ijw:{MUNICIPALITY}", "sender:/0153/register")
OFFICE = ("supervisor", "privacy-officer", "team:noord")


def ask(here: Town, out: Outside, service: str, method: str, path: str, **sent: Any) -> httpx.Response:
    """One request; its answer is kept."""
    answer = httpx.request(method, f"{here.services.url(service)}{path}", timeout=60, **sent)
    asked = re.sub(r"[0-9]{9}", "#", f"{service} {method} {answer.request.url.raw_path.decode()}")
    out.answers.append((f"answer of {asked}", repr(answer.headers).encode() + answer.content))
    return answer


def feed(here: Town, out: Outside, persons: Persons) -> None:
    """Everything over HTTP, right and wrong, to the door that it is for; and some of it to the other."""
    header = bearer(here, *SENDER)
    told = [("ijw", "xml", body) for body in messages(persons)]
    told += [("events", "json", body) for body in events(persons)]
    told += [("ijw" if b"<" in body[:9] else "events", "json", body) for body in poison(persons)]
    told += [("events" if door == "ijw" else "ijw", kind, body) for door, kind, body in told[::5]]
    codes = set()
    for door, kind, body in told:
        headers = {**header, "Content-Type": f"application/{kind}"}
        codes.add(ask(here, out, "indication", "POST", f"/v1/{door}", content=body, headers=headers).status_code)
    assert codes <= {202, 207, 422}
    assert codes >= {202, 422}


def misdirect(here: Town, out: Outside, persons: Persons) -> None:
    """The number and the name where no body is: in paths, questions, headers, tokens and forms, at each API."""
    header, member = bearer(here, *OFFICE), bearer(here, "team:noord")
    for service in SERVICES:
        for path in MISDIRECTED:
            ask(here, out, service, "GET", path.format(persons.new()), headers=header)
        for path in ("/v1/alerts", "/v1/figures", "/v1/refusals", "/v1/indicators/in_care_rate"):
            for name in ("bsn", "on", "team", "period", "group", "sender", "from"):
                ask(here, out, service, "GET", path, params={name: persons.new()}, headers=header)
        told = {"X-Bsn": persons.new(), "Referer": f"https://x/{persons.new()}", "User-Agent": f"x {persons.new()}"}
        ask(here, out, service, "GET", "/v1/alerts", headers={**header, **told, "Cookie": f"bsn={persons.new()}"})
        ask(here, out, service, "GET", "/v1/alerts", headers={"Authorization": f"Bearer {persons.new()}"})
        ask(here, out, service, persons.new(), "/v1/events", headers=header)
        reason = f"{SURNAME} heeft nummer {persons.new()}"
        ask(here, out, service, "POST", f"/v1/youths/{persons.new()}/identity", json={"reason": reason}, headers=header)
        asked = {"youth": persons.new(), "reason": reason}
        ask(here, out, service, "POST", "/v1/break-glass", json=asked, headers=member)
        ask(here, out, service, "POST", "/v1/alerts/1/note", json={"text": reason}, headers=header)
        table = f"municipality;bsn;naam\n0153;{persons.new()};{SURNAME}\n"
        ask(here, out, service, "PUT", "/v1/reference/population", content=table.encode(), headers=header)


def put_on_intake(here: Town, persons: Persons) -> None:
    """The same from senders on Kafka, with the number as key and in a header; the last event is published."""
    producer = Producer({"bootstrap.servers": here.stack.bootstrap_servers})
    for body in (*messages(persons), *events(persons), *poison(persons)):
        producer.produce("intake", value=body, key=persons.new(), headers={"bsn": persons.new()})
    producer.flush(30)
    here.settle()


def fail_in_the_database(here: Town, persons: Persons) -> None:
    """Each role asks what cannot be answered, with a number in the question."""

    async def run(role: str) -> None:
        connection = await asyncpg.connect(here.stack.dsn(role))
        try:
            for query in FAILING:
                bsn = persons.new()
                with pytest.raises(asyncpg.PostgresError):
                    await connection.fetch(query.format(bsn), *([f"{bsn}x"] if "$1" in query else []))
        finally:
            await connection.close()

    for role in (*SERVICES, "auditor", "admin"):
        asyncio.run(run(role))


def start(here: Town, name: str) -> None:
    """Start a process again and wait until it can work, with all that ended meanwhile or end while they start."""

    def works() -> bool:
        here.services.revive()
        return is_ready(here.services.ports[name])

    try:
        until(works, f"{name} is ready", KILL_SECONDS)
    except AssertionError:
        print(here.services.programs[name].how.log.read_text(encoding="utf-8")[-3000:])  # noqa: T201  # why, in a failure
        raise


def crash_each(here: Town, persons: Persons) -> Mapping[str, int]:
    """Kill each process by a broken memory access while messages come; how it ended. All are started again."""
    stopped = threading.Event()

    def load() -> None:
        while not stopped.wait(0.05):
            state_one(here, persons)

    threads = [threading.Thread(target=load, daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    ended = {}
    for name, program in here.services.programs.items():
        time.sleep(0.5)  # so that it has something in hand
        assert program.identity is not None
        send_signal(program.identity, signal.SIGSEGV)
        until(lambda: not program.is_running(), f"{name} ended", KILL_SECONDS)  # noqa: B023
        program.stop()
        ended[name] = program.how.log.read_bytes().count(b"Segmentation fault")
        start(here, name)
    stopped.set()
    for thread in threads:
        thread.join(30)
    for name in ended:
        start(here, name)
    return ended


def raise_in_each(here: Town, persons: Persons) -> set[str]:
    """Let each that can raise with a number in hand, and tell who said that it did. All are themselves again after."""
    told = set()
    for service, part in CRASHES:
        program = here.services.programs[f"{service}-{part}"]
        own, number = program.how, persons.new()
        program.stop()
        program.how = replace(
            own,
            command=(sys.executable, "-m", "tests.crashing", service, part, number),
            environment={**own.environment, "PYTHONPATH": str(REPOSITORY)},
        )
        before = own.log.read_bytes().count(b"ValueError")
        program.launch()

        def has_raised() -> bool:
            state_one(here, persons)
            return own.log.read_bytes().count(b"ValueError") > before  # noqa: B023

        until(has_raised, f"{program.how.name} raised", KILL_SECONDS)
        told.add(program.how.name)
        program.stop()
        program.how = own
        start(here, own.name)
    return told


def state_one(here: Town, persons: Persons) -> None:
    """One event at the door and one on `intake`; the door may be the one that raises."""
    body = json.dumps(event(persons.anybody())).encode()
    producer = Producer({"bootstrap.servers": here.stack.bootstrap_servers})
    producer.produce("intake", value=body)
    producer.flush(30)
    with suppress(httpx.TransportError):
        url = f"{here.services.url('indication')}/v1/events"
        httpx.post(url, content=body, headers=bearer(here, *SENDER), timeout=10)


def let_out(here: Town, out: Outside) -> None:
    """Ask for every page, list, export and report, and wait for mails and webhooks."""
    header = bearer(here, *OFFICE)
    for service, paths in ASKED.items():
        for path in (*paths, "/health/ready", "/metrics", "/openapi.json"):
            ask(here, out, service, "GET", path, headers=header)
    cookie = {"Cookie": "__Host-trajectwacht=" + header["Authorization"].removeprefix("Bearer ")}
    for path in (*PAGES, *(f"/meldingen/{number}" for number in range(1, 30))):
        ask(here, out, "alerts", "GET", path, headers=cookie)
    quarter = f"{today().year - 1}Q4"
    here.command("publish", quarter, "--municipality", MUNICIPALITY)
    for kind in ("text/html", "application/pdf"):
        ask(here, out, "indicators", "GET", f"/v1/reports/{quarter}", headers={**header, "Accept": kind})
    until(lambda: out.mailbox.taken, "a mail came")
    until(lambda: out.receiver.taken, "a webhook was delivered")


def subscribe(here: Town, out: Outside) -> None:
    """A webhook and an address for the mail of the morning, before anything is told."""
    header = bearer(here, "supervisor")
    asked: tuple[tuple[str, Mapping[str, object]], ...] = (
        ("/v1/webhooks", {"receiver": "supervisor", "url": out.receiver.url}),
        ("/v1/webhooks", {"receiver": "team:noord", "url": f"{out.receiver.url}/noord"}),
        *(("/v1/digest-addresses", {"team": each, "address": "wijk@example.nl"}) for each in ("noord", "oost", "*")),
    )
    for path, body in asked:
        assert ask(here, out, "alerts", "POST", path, json=body, headers=header).status_code == 201


def scraped(here: Town) -> Iterator[Content]:
    """What Prometheus holds: each series with its labels."""
    url = f"{here.stack.prometheus_url}/api/v1/series"
    yield "Prometheus", httpx.get(url, params={"match[]": '{__name__=~".+"}'}, timeout=30).content


def kept(here: Town, folder: Path) -> Iterator[Content]:
    """Every file: of the stack, of the database with its write-ahead log, and of whoever ran commands."""

    def of_intake(path: Path) -> bool:
        return any(part.rpartition("-")[0] in EXEMPT for part in path.parts)

    yield from files([here.stack.folder, database_home(here.stack), folder], of_intake)


def test_nothing_that_tells_who_a_person_is_goes_past_the_door(tmp_path: Path) -> None:
    """No table, topic, segment, file, dump, log, trace of a crash, metric, mail, webhook, answer or report has it."""
    persons = Persons()
    last = today() - timedelta(days=1)
    with outside() as out, cores_allowed(), town(tmp_path, monitored=True, settings=settings_of(tmp_path, out)) as here:
        subscribe(here, out)
        here.feed(list(simulate(SEED, MUNICIPALITY, last - timedelta(days=364), last, YOUTHS)))
        feed(here, out, persons)
        misdirect(here, out, persons)
        put_on_intake(here, persons)
        fail_in_the_database(here, persons)
        raised = raise_in_each(here, persons)
        ended = crash_each(here, persons)
        put_on_intake(here, persons)
        let_out(here, out)
        asyncio.run(dump(here.stack, tmp_path / "after.sql"))

        def others() -> Iterator[Content]:
            yield from (*kept(here, tmp_path), *here.metrics(), *scraped(here), *out.told())

        with Search(persons.sought) as search:
            found = asyncio.run(searched(search, here.stack, EXEMPT, others()))
            on_intake = search.places(each for each in records(here.stack) if each[0] == "topic intake")

    assert found == {}
    assert len(raised) == 5
    assert len(ended) == 8
    assert all(ended.values()), "each wrote the trace of its end"
    assert len(set().union(*on_intake.values())) > 40, "the search finds what does stand there"
