"""The main job as a new user runs it: the demo command, from an empty folder to the last process gone."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import pytest
from confluent_kafka import Producer
from playwright.sync_api import Browser, Page, expect

from tests.chromium import browser
from tests.conftest import REPOSITORY, shared_folder
from tests.inbox import visit
from tests.stack import open_stack_folder
from youthcare.runtime.local_issuer import local_issuer
from youthcare.simulator.population import citizen_numbers

DEADLINE_SECONDS = 240.0
MOVED = (
    "youthcare_statements_total", "youthcare_refusals_total", "youthcare_event_to_facts_seconds_count",
    "youthcare_alerts_opened_total", "youthcare_event_to_alert_seconds_count",
    "youthcare_feed_last_statement_timestamp_seconds", "youthcare_youths_in_care",
)  # fmt: skip

TEAM, CASE = "noord", "Z-2026-0077"
# A number that neither the village nor the simulated youths have.
BSN = next(islice(citizen_numbers(), 9_000, None))
STARTED = {"indication": "0153-770077", "first_day": (datetime.now(UTC) - timedelta(days=40)).date().isoformat()}
WANTED = {
    "kind": "new",
    "product": {"category": "41"},
    "first_day": (datetime.now(UTC) + timedelta(days=14)).date().isoformat(),
}


@dataclass(slots=True)
class Demo:
    """A running demo, what it has printed, and where it keeps its data."""

    process: subprocess.Popen[bytes]
    screen: Path
    folder: Path

    def printed(self) -> str:
        """All that stands on the screen."""
        return self.screen.read_text(errors="replace")

    def wait_for(self, words: str) -> None:
        """Wait until the words stand on the screen."""
        until = time.monotonic() + DEADLINE_SECONDS
        while words not in self.printed():
            assert self.process.poll() is None, self.printed()[-3000:]
            assert time.monotonic() < until, self.printed()[-3000:]
            time.sleep(0.2)  # the pace of looking; the deadline decides

    def stop(self) -> int:
        """Ctrl-C; the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(60)


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    """The demo with a small year, staying until it is told to stop."""
    with open_stack_folder() as place:
        screen, folder = place / "screen.txt", place / "demo"
        command = [
            str(Path(sys.executable).with_name("trajectwacht")),
            "demo",
            "--youths",
            "40",
            "--folder",
            str(folder),
        ]
        known = {**os.environ, "IJW_SCHEMA_FOLDER": str(shared_folder() / "ijw" / "xsd"), "COLUMNS": "200"}
        with screen.open("wb") as out:
            process = subprocess.Popen(command, cwd=REPOSITORY, stdout=out, stderr=out, env=known)
        running = Demo(process=process, screen=screen, folder=folder)
        try:
            running.wait_for("All keeps running until Ctrl-C")
            yield running
        finally:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser."""
    with browser() as running:
        yield running


def test_the_demo_checks_itself(demo: Demo) -> None:
    """Live equals replay, and the golden village is all right."""
    assert "Golden village: all right" in demo.printed()
    assert "live equals replay" in demo.printed()
    assert "0 refused unexpectedly" in demo.printed()


def asked(demo: Demo, query: str) -> list[dict[str, object]]:
    """What Prometheus answers to a query."""
    found = re.search(r"Prometheus\s*\S\s*(http://\S+)", demo.printed())
    assert found, "the demo prints where Prometheus answers"
    url = f"{found[1]}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310  # loopback
        result: list[dict[str, object]] = json.load(answer)["data"]["result"]
    return result


def test_prometheus_scrapes_all_processes_and_the_metrics_move(demo: Demo) -> None:
    """All eight processes are up in Prometheus, and what the demo did can be seen there."""
    until = time.monotonic() + 60
    while missing := _missing(demo):
        assert time.monotonic() < until, missing
        time.sleep(1)  # Prometheus scrapes at its own pace; the deadline decides


def _missing(demo: Demo) -> list[str]:
    up = asked(demo, "up{process!=''} == 1")
    unmoved = [name for name in MOVED if not asked(demo, f"sum({name}) > 0")]
    return unmoved if len(up) == 8 else [f"{len(up)} of 8 processes up", *unmoved]


def test_a_professional_sees_over_kafka_what_she_decided_on_fall_away(demo: Demo, chromium: Browser) -> None:
    """A request comes up, she reads the dossier and takes it up; a correction over Kafka withdraws it before her eyes.

    All eight processes and the broker of the demo are between the message and the page, which is loaded once.
    """
    say(demo, "youth.registered", valid_from="2024-01-01", birth_date="2014-05-17", case_reference=CASE)
    say(demo, "indication.started", **STARTED, provider="99900001", product={"category": "45"}, team=TEAM)
    with visit(chromium, address_of(demo, "alerts-api"), token_of(demo, f"team:{TEAM}")) as seen:
        page = seen.page
        say(demo, "care.requested", request="VOT-77", provider="99900002", referrer="02", products=[WANTED])
        until_there(page, CASE)
        page.locator(".melding", has_text=CASE).get_by_role("link").first.click()
        expect(page.locator("main")).to_contain_text("Aanbieder 99900002 vroeg dit op")
        expect(page.locator("main")).to_contain_text("ambulante jeugdhulp bij aanbieder 99900001")
        page.get_by_role("button", name="In behandeling nemen").click()
        expect(page.locator("#stand")).to_contain_text("in behandeling")
        page.evaluate("window.sameLoad = true")

        say(demo, "indication.started.retracted", **STARTED)

        expect(page.locator("#stand")).to_contain_text("ingetrokken")
        expect(page.locator("#stand")).to_contain_text(f"Verteld aan: team {TEAM}")
        assert page.evaluate("window.sameLoad"), "the page was not loaded again"
        assert seen.complaints == []


def until_there(page: Page, words: str) -> None:
    """Load the list until an alert shows the words."""
    until = time.monotonic() + DEADLINE_SECONDS
    while not page.locator(".melding", has_text=words).count():
        assert time.monotonic() < until, page.locator("main").inner_text()[-2000:]
        page.reload()


def say(demo: Demo, kind: str, **data: object) -> None:
    """Put an event about one youth on `intake`, as a team system does."""
    event = {
        "specversion": "1.0",
        "id": f"browser-{kind}",
        "source": f"/0153/wijkteam-{TEAM}",
        "type": f"nl.jeugdzorg.{kind}.v1",
        "municipality": "0153",
        "time": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "data": {"bsn": BSN, **data},
    }
    producer = Producer({"bootstrap.servers": address_of(demo, "Kafka")})
    producer.produce("intake", value=json.dumps(event).encode())
    assert producer.flush(30) == 0


def address_of(demo: Demo, what: str) -> str:
    """Where something answers, as the demo prints it."""
    found = re.search(rf"{what}\s*[^\w\s]\s*(\S+)", demo.printed())
    assert found, f"the demo prints where {what} answers"
    return found[1]


def token_of(demo: Demo, *roles: str) -> str:
    """A token of the demo's own issuer."""
    return local_issuer(demo.folder / "keys").token("0153", roles, datetime.now(UTC))


def test_ctrl_c_leaves_no_process_behind(demo: Demo) -> None:
    """However much was started, nothing runs on; this test comes last, as it ends the demo."""
    assert processes_of(demo.folder), "while it runs its processes can be found"

    assert demo.stop() == 0

    assert processes_of(demo.folder) == []


def processes_of(folder: Path) -> list[int]:
    """The processes whose command, directory or settings name the folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and entry.name != str(os.getpid()):
            try:
                known = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
                known += os.readlink(entry / "cwd").encode()
            except OSError:
                continue  # it ended while we looked
            if str(folder).encode() in known:
                found.append(int(entry.name))
    return found
