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
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY, shared_folder
from tests.stack import open_stack_folder

DEADLINE_SECONDS = 240.0
MOVED = (
    "youthcare_statements_total", "youthcare_refusals_total", "youthcare_event_to_facts_seconds_count",
    "youthcare_alerts_opened_total", "youthcare_event_to_alert_seconds_count",
    "youthcare_feed_last_statement_timestamp_seconds", "youthcare_youths_in_care",
)  # fmt: skip


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
