"""`trajectwacht verify` on a stack of its own: what is equal is told equal, and each thing that is altered is found.

Rules. The services' own processors fill the tables from the topics. What a test alters it puts back, so that the next
one begins with tables that equal the log.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import pytest

from services.alerts.app import AlertsProcessor, rules_content
from services.indicators.app import IndicatorsProcessor
from services.trajectory.app import TrajectoryProcessor, shipped_rules
from tests import builders
from tests.indication import free_port, until
from tests.looks import key_file, keys_of, lines_of, youths_in
from tests.stack import run_stack
from youthcare.cli_verify.course import verify
from youthcare.period import civil_day
from youthcare.runtime.bulk import run_bulk
from youthcare.runtime.local.stack import Stack
from youthcare.runtime.processing import Outgoing, Processor
from youthcare.runtime.producing import Publisher
from youthcare.runtime.settings import Settings
from youthcare.runtime.topic_creation import create_topics
from youthcare.runtime.topics import INDICATION_EVENTS, TRAJECTORY_FACTS, partition_of, statement_key, youth_key
from youthcare.verifying.report import Report, Verdict, What
from youthcare.verifying.schedule import AMSTERDAM

HERE, THERE = "2101", "2102"
YOUTHS = 40
PROGRAM = str(Path(sys.executable).with_name("trajectwacht"))


def village(municipality: str) -> Iterator[builders.Statement]:
    """Youths with care, late statements, stacking, a merge over partitions, and two who are forgotten."""
    for number in range(YOUTHS):
        youth: builders.Envelope = {"youth": f"{municipality}youth{number:03d}", "municipality": municipality}
        yield builders.registered(team=("noord", "zuid")[number % 2], **youth)
        for indication, product in enumerate(("45A04", "43A03", "54A01")[: 1 + number % 3]):
            name = f"{municipality}-{number}-{indication}"
            late: builders.Envelope = {**youth, "received": f"2024-0{2 + number % 4}-05T10:00:00Z"}
            yield builders.started(indication=name, first_day="2024-01-08", product=product, **late)
            if number % 4 == 0:
                ended: builders.Envelope = {**youth, "received": "2024-07-02T10:00:00Z"}
                yield builders.ended(indication=name, last_day="2024-06-30", **ended)
    merged: builders.Envelope = {
        "youth": f"{municipality}youth000",
        "municipality": municipality,
        "received": "2024-08-01T10:00:00Z",
    }
    yield builders.merged(into=f"{municipality}youth001", **merged)
    yield builders.forgotten(youth=f"{municipality}youth002", municipality=municipality)
    yield builders.forgotten(youth=f"{municipality}youth004", municipality=municipality)


def wiped(told: Sequence[builders.Statement], *numbers: str) -> list[Outgoing]:
    """Tombstones for all that was said of these youths but the wish to be forgotten, which goes last of all."""
    wish = builders.forgotten()["type"]
    return [
        replace(outgoing(row), value=None) for row in told if row["subject"].endswith(numbers) and row["type"] != wish
    ]


@dataclass(slots=True)
class Town:
    """The stack, and what tests do to its topics and tables."""

    stack: Stack
    settings: Settings

    def publish(self, told: Sequence[builders.Statement]) -> None:
        """Put statements on the log, as the indication service does."""
        asyncio.run(Publisher(self.settings.broker()).publish([outgoing(row) for row in told]))

    def apply(self) -> None:
        """Let every service apply what stands on its topic."""
        processors: list[Processor] = [
            TrajectoryProcessor(shipped_rules()),
            IndicatorsProcessor(),
            AlertsProcessor(rules_content(self.settings)),
        ]
        for processor in processors:
            worker = self.settings.worker(processor.name)  # type: ignore[arg-type]
            asyncio.run(run_bulk(processor, worker, from_start=False))

    def verify(self, **wish: Any) -> Report:
        """Verify today, in this process."""
        given: dict[str, Any] = {"patience_seconds": 20.0, **wish}
        return asyncio.run(verify(self.settings, civil_day(datetime.now(UTC)), **given))

    def ask(self, query: str, *arguments: object) -> list[asyncpg.Record]:
        """Rows, as the owner of the database sees them."""
        return asyncio.run(_ask(self.stack.dsn("admin"), query, arguments))

    def do(self, *commands: str) -> None:
        """Commands, one after the other."""
        for command in commands:
            self.ask(command)

    @contextmanager
    def altered(self, table: str, *changes: str) -> Iterator[None]:
        """A change of one table, taken back at the end."""
        self.ask(f"create table public.kept as select * from {table}")
        try:
            self.do(*changes)
            yield
        finally:
            self.do(f"delete from {table}", f"insert into {table} select * from public.kept", "drop table public.kept")

    def command(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        """The command as an operator runs it."""
        environment = {**os.environ, **self.stack.environment(), "LOG_SALT": "salt of a test", **more}
        return subprocess.run(
            [PROGRAM, "verify", "--patience", "20", "--processes", "1", *words],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


async def _ask(dsn: str, query: str, arguments: Sequence[object]) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(dsn)
    try:
        rows: list[asyncpg.Record] = await connection.fetch(query, *arguments)
        return rows
    finally:
        await connection.close()


def outgoing(row: builders.Statement) -> Outgoing:
    """A statement as it goes to the log."""
    place = row["municipality"], row["subject"]
    return Outgoing(
        topic=INDICATION_EVENTS.name,
        key=statement_key(*place, row["source"], row["id"]),
        value=orjson.dumps(row),
        partition=partition_of(*place),
    )


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    """Two municipalities with the same village, applied by all services."""
    with run_stack(with_monitoring=False) as stack:
        settings = Settings.from_env({**stack.environment(), "METRICS_PORT": "0"})
        create_topics(settings.broker())
        found = Town(stack, settings)
        told = [*village(HERE), *village(THERE)]
        found.publish(told)
        found.apply()
        asyncio.run(Publisher(settings.broker()).publish(wiped(told, "youth004")))
        found.apply()
        yield found


def found(report: Report) -> dict[str, dict[What, int]]:
    """What a report found, by municipality."""
    rows: dict[str, dict[What, int]] = {}
    for row in report.differences:
        rows.setdefault(row.municipality, {})[row.what] = row.count
    return rows


def test_tables_that_follow_the_log_are_equal(town: Town) -> None:
    """Every youth, every cell and every alert was compared, those of merged and forgotten youths too."""
    report = town.verify()

    assert found(report) == {}
    assert report.verdict is Verdict.EQUAL
    assert report.youths == 2 * YOUTHS
    assert report.cells == town.ask("select count(*) from indicators.step")[0][0]
    assert report.alerts == town.ask("select count(*) from alerts.alert where youth is not null")[0][0] > 0


def test_one_municipality_is_compared_without_the_other(town: Town) -> None:
    """What differs elsewhere is no concern of it."""
    with town.altered("alerts.alert", f"update alerts.alert set team = 'oost' where municipality = '{THERE}'"):
        assert town.verify(municipality=HERE).verdict is Verdict.EQUAL
        assert town.verify(municipality=THERE).verdict is Verdict.DIFFERENT


def test_an_altered_step_is_found_and_named(town: Town) -> None:
    """One cell that is one too high is told by its place, with what stands there and what must."""
    # A place in a table is one only within its partition, which is its municipality's.
    here = "municipality = '2101' and indicator = 'in_care'"
    one = f"{here} and ctid = (select ctid from indicators.step where {here} limit 1)"
    with town.altered("indicators.step", f"update indicators.step set numerator = numerator + 1 where {one}"):
        report = town.verify()

    assert found(report) == {HERE: {What.CELLS: 1}}
    assert report.differences[0].cells[0].startswith("in_care ")


def test_a_step_that_is_gone_is_found(town: Town) -> None:
    """A row that is missing differs as much as one that is altered."""
    one = "municipality = '2102' and ctid = (select ctid from indicators.step where municipality = '2102' limit 1)"
    with town.altered("indicators.step", f"delete from indicators.step where {one}"):
        assert found(town.verify()) == {THERE: {What.CELLS: 1}}


def test_steps_of_a_youth_that_the_log_does_not_give_are_found(town: Town) -> None:
    """The layers of one youth are those of another: the sum of them differs too, and both are told."""
    wrong = """
        update indicators.youth_layer set deltas =
            (select deltas from indicators.youth_layer where municipality = '2101' and youth = '2101youth007' limit 1)
        where municipality = '2101' and youth = '2101youth005'
    """
    with town.altered("indicators.youth_layer", wrong):
        report = town.verify()

    assert found(report)[HERE][What.LAYERS] == 1
    assert [row.youths for row in report.differences if row.what is What.LAYERS] == [("2101youth005",)]


def test_a_lost_row_of_a_ledger_is_found(town: Town) -> None:
    """Also when the facts that were kept are still right."""
    one = "(select ctid from trajectory.statement where municipality = '2101' and youth = '2101youth009' limit 1)"
    with town.altered("trajectory.statement", f"delete from trajectory.statement where ctid = {one}"):
        report = town.verify()

    assert found(report) == {HERE: {What.LEDGER: 1}}
    assert report.differences[0].youths == ("2101youth009",)


def test_republishing_heals_a_ledger(town: Town) -> None:
    """The statements of the log are folded once more by the trajectory service's own function."""
    town.ask("delete from trajectory.statement where municipality = '2101' and youth = '2101youth011'")

    report = town.verify(republish=True)
    town.apply()

    assert found(report) == {HERE: {What.LEDGER: 1}}
    assert report.published_again == 1
    assert town.verify().verdict is Verdict.EQUAL


def test_an_altered_alert_is_found(town: Town) -> None:
    """Another date, a lost alert and one without ground are three things."""
    ids = [row[0] for row in town.ask("select number from alerts.alert where municipality = '2101' order by 1 limit 2")]
    later = f"update alerts.alert set opens_on = opens_on + 1 where municipality = '2101' and number = {ids[0]}"
    elsewhere = f"update alerts.alert set anchor = 'nowhere' where municipality = '2101' and number = {ids[1]}"
    with town.altered("alerts.alert", later, elsewhere):
        report = town.verify()

    assert found(report) == {HERE: {What.MOVED: 1, What.MISSING: 1, What.GROUNDLESS: 1}}


def test_facts_of_whom_the_log_says_nothing_are_found(town: Town) -> None:
    """A youth that is only in the tables."""
    stranger = """
        insert into trajectory.youth select municipality, 'stranger', 'stranger', version_rules, version_count,
            known_day, facts from trajectory.youth where municipality = '2102' and youth = '2102youth003'
    """
    with town.altered("trajectory.youth", stranger):
        assert found(town.verify()) == {THERE: {What.UNSAID: 1}}


def test_a_stale_record_is_found_and_republishing_heals_it(town: Town) -> None:
    """A frozen worker's buffer landed after newer facts: the topic's last record is old."""
    key = youth_key(HERE, "2101youth013")
    stale = town.ask("select facts from trajectory.youth where municipality = '2101' and youth = '2101youth015'")[0][0]
    old = Outgoing(topic=TRAJECTORY_FACTS.name, key=key, value=stale)
    asyncio.run(Publisher(town.settings.broker()).publish([old]))
    town.apply()

    report = town.verify(republish=True)
    town.apply()

    assert found(report) == {HERE: {What.TOPIC: 1}}
    assert report.published_again == 1
    assert town.verify().verdict is Verdict.EQUAL


def test_a_service_that_lags_makes_the_answer_unknown(town: Town) -> None:
    """No difference is told of what was not applied yet; once it is, all is equal."""
    envelope: builders.Envelope = {"youth": "2101youth017", "municipality": HERE, "received": "2024-09-01T10:00:00Z"}
    town.publish([builders.started(indication="2101-late", first_day="2024-08-08", **envelope)])

    report = town.verify(patience_seconds=1.0)
    town.apply()

    assert report.verdict is Verdict.UNKNOWN
    assert report.reason == "trajectory is 1 records behind"
    assert town.verify().verdict is Verdict.EQUAL


def test_a_stream_that_moves_tells_no_false_difference(town: Town) -> None:
    """Statements that come and are applied between the ends that were read and the tables are looked at again."""
    report = asyncio.run(_moving(town))

    assert found(report) == {}
    assert report.verdict is Verdict.EQUAL


async def _moving(town: Town) -> Report:
    """Verify, and publish and apply more while it runs."""

    def move() -> None:
        for number in range(3):
            envelope: builders.Envelope = {
                "youth": f"2102youth{20 + number:03d}",
                "municipality": THERE,
                "received": "2024-10-01T10:00:00Z",
            }
            town.publish([builders.started(indication=f"moving-{number}", first_day="2024-09-01", **envelope)])
            town.apply()

    verified = verify(town.settings, civil_day(datetime.now(UTC)), patience_seconds=60.0)
    report, _ = await asyncio.gather(verified, asyncio.to_thread(move))
    return report


def test_the_command_says_equal_by_its_exit_code_and_in_json(town: Town, tmp_path: Path) -> None:
    """Nought for equal; the summary says what was compared. Two processes compute."""
    done = town.command("--json", str(tmp_path / "report.json"), "--processes", "2")
    summary = json.loads((tmp_path / "report.json").read_text())

    assert done.returncode == 0, done.stdout + done.stderr
    assert summary["verdict"] == "equal"
    assert summary["youths"] == 2 * YOUTHS
    assert summary["differences"] == []


def test_the_command_names_no_youth_unless_asked(town: Town, tmp_path: Path) -> None:
    """One for different; a youth is told by a salted digest, by its identifier only on request and once logged."""
    change = "delete from trajectory.statement where municipality = '2101' and youth = '2101youth009'"
    with town.altered("trajectory.statement", change):
        silent, unlogged = town.command(), town.command("--show-youths")
        open_told = town.command("--show-youths", ACCESS_LOG_KEYS_FILE=key_file(tmp_path, HERE))

    assert (silent.returncode, open_told.returncode) == (1, 1)
    assert "2101 facts: 1 youths whose ledger does not hold what the log holds" in silent.stdout
    assert "2101youth009" not in silent.stdout + silent.stderr
    assert "2101youth009" not in unlogged.stdout + unlogged.stderr
    assert "cannot be logged" in unlogged.stderr
    assert "2101youth009" in open_told.stdout
    lines = asyncio.run(lines_of(town.stack, HERE))
    assert youths_in(lines, keys_of(tmp_path, HERE)) == [("verify.names", "2101youth009")]
    assert lines[0].actor.startswith("operator:")


def test_two_never_run_at_once(town: Town) -> None:
    """The second one says so and comes back later."""
    with _held_lock(town.stack.dsn("trajectory")):
        done = town.command()

    assert done.returncode == 75
    assert "another verification runs" in done.stdout


@contextmanager
def _held_lock(dsn: str) -> Iterator[None]:
    with asyncio.Runner() as runner:
        connection = runner.run(asyncpg.connect(dsn))
        runner.run(connection.execute("select pg_advisory_lock($1)", 0x76657269))
        try:
            yield
        finally:
            runner.run(connection.close())


@contextmanager
def nightly(town: Town, folder: Path, at: str) -> Iterator[tuple[int, Path]]:
    """The process that stays, at a time of the day; its port and its log. At the end it stops when asked."""
    port, log = free_port(), folder / "nightly.log"
    environment = {**os.environ, **town.stack.environment(), "METRICS_PORT": str(port)}
    with log.open("wb") as out:
        process = subprocess.Popen([PROGRAM, "verify", "--nightly", at], env=environment, stdout=out, stderr=out)
    try:
        yield port, log
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0, log.read_text()
    finally:
        process.kill()
        process.wait()


def test_the_nightly_process_is_ready_by_day_and_stops_when_asked(town: Town, tmp_path: Path) -> None:
    """It tells no nought before it has compared anything."""
    with nightly(town, tmp_path, (datetime.now(AMSTERDAM) - timedelta(hours=1)).strftime("%H:%M")) as (port, log):
        until(lambda: "ready" in _page(port, "health/ready"), log.read_text())
        text = _page(port, "metrics")

    assert "youthcare_verify_last_run_timestamp_seconds 0.0" in text
    assert "youthcare_verify_differences{" not in text


@pytest.mark.prove
def test_the_nightly_run_tells_by_its_metrics(town: Town, tmp_path: Path) -> None:
    """Soon after its time the gauges say how much differs and when that was found."""
    # The next whole minute that still lies far enough away for a process to start.
    with nightly(town, tmp_path, (datetime.now(AMSTERDAM) + timedelta(seconds=70)).strftime("%H:%M")) as (port, log):
        until(lambda: "youthcare_verify_youths 80.0" in _page(port, "metrics"), "the night has come", 150)
        text, told = _page(port, "metrics"), log.read_text()

    assert all(f'youthcare_verify_differences{{kind="{kind}"}} 0.0' in text for kind in ("facts", "steps", "alerts"))
    assert "youthcare_verify_last_run_timestamp_seconds 1." in text
    assert '"event": "verify_finished"' in told


def _page(port: int, name: str) -> str:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{name}", timeout=5) as answer:  # loopback
            return str(answer.read().decode())
    except urllib.error.URLError:
        return ""
