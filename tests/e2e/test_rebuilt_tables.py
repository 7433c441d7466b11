"""Every derived table is made again from the log, by the command of the manual; what people entered stays."""

import subprocess
from pathlib import Path

import asyncpg
import pytest

from tests.e2e.test_restored_dump import FACTS, NOTES, note_on_an_alert
from tests.e2e.town import Town, Year, simulated_year, town

__all__ = ["simulated_year"]

pytestmark = pytest.mark.prove

STEPS = "select step::text from indicators.step order by 1"
TOLD = "select receiver, number, body from alerts.alert_event order by 1, 2"
ALERTS = "select youth, rule, level, anchor, state, opens_on, closes_on from alerts.alert order by 1, 2, 3, 4, 6"
BROKEN = (
    "delete from indicators.step where indicator = (select min(indicator) from indicators.step)",
    "update indicators.youth_state set version_count = version_count + 9",
    "update trajectory.youth set facts = null, version_count = 0",
    "delete from trajectory.statement where id in (select id from trajectory.statement limit 50)",
    "delete from alerts.alert where number in (select number from alerts.alert where state = 'scheduled' limit 5)",
)


def test_every_derived_table_is_made_again_from_the_log(year: Year, tmp_path: Path) -> None:
    """While workers run it refuses. Afterwards live equals replay, notes stand, and nobody was told anything again."""
    with town(tmp_path) as here:
        here.feed(year[0])
        here.settle()
        noted = note_on_an_alert(here)
        before = {query: here.ask(query) for query in (FACTS, STEPS, TOLD, ALERTS)}
        refused = asked_to_rebuild(here)
        here.services.stop()
        for deed in BROKEN:
            here.ask(deed)
        assert here.ask(STEPS) != before[STEPS]

        done = asked_to_rebuild(here)
        here.services.start()
        here.settle()

        assert (refused.returncode, done.returncode) == (75, 0), (refused.stdout, done.stderr[-2000:])
        assert "still runs" in refused.stdout
        assert here.compared().differences == []
        assert changed(here, before) == []
        assert here.ask(NOTES) == noted


def asked_to_rebuild(here: Town) -> "subprocess.CompletedProcess[str]":
    """`trajectwacht rebuild all`, as somebody types it."""
    environment = here.environment() | {"METRICS_PORT": "0"}
    command = [here.program(), "rebuild", "all"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def changed(here: Town, before: dict[str, list[asyncpg.Record]]) -> list[str]:
    """The questions that are answered differently now."""
    return [query for query, rows in before.items() if here.ask(query) != rows]
