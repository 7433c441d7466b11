"""Recording and alerting rules: valid, tested both ways, in Dutch, about metrics that exist."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.contract.monitoring import OF_PROMETHEUS, ROOT, RULES, list_rules, names_asked, names_recorded, names_shown

TESTS = sorted((Path(__file__).parent / "prometheus_rules").glob("*.yml"))
ALERTS = [rule for rule in list_rules() if "alert" in rule]


def _run(*command: str | Path) -> None:
    answer = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def _expectations() -> list[tuple[str, bool]]:
    """Every expectation of the tests: which alert, and whether it should fire."""
    told = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in TESTS]
    return [
        (expected["alertname"], bool(expected["exp_alerts"]))
        for content in told
        for test in content["tests"]
        for expected in test.get("alert_rule_test", [])
    ]


def _headings(path: Path) -> set[str]:
    """The anchors of a Markdown file."""
    titles = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_promtool_accepts_the_rules() -> None:
    """Their syntax is that of the oldest Prometheus that we run, Debian's."""
    _run("promtool", "check", "rules", *sorted(RULES.glob("*.yml")))


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.stem)
def test_alerts_fire_when_they_should(path: Path) -> None:
    """promtool plays each test's series and finds each alert as it is expected, word for word."""
    _run("promtool", "test", "rules", path)


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_every_alert_is_tested_firing_and_still(rule: dict[str, Any]) -> None:
    """An alert that always fires, or never, would pass a test of one side."""
    assert {fires for name, fires in _expectations() if name == rule["alert"]} == {True, False}


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_every_alert_says_what_to_do(rule: dict[str, Any]) -> None:
    """A severity, a summary and an explanation in Dutch, and a heading of the manual that exists."""
    notes = rule["annotations"]
    path, _, anchor = notes["runbook"].partition("#")

    assert rule["labels"]["severity"] in ("critical", "warning")
    assert notes["summary"]
    assert notes["description"].endswith(".")
    assert anchor in _headings(ROOT / path)


@pytest.mark.parametrize("rule", list_rules(), ids=lambda rule: rule.get("alert") or rule["record"])
def test_rules_ask_for_metrics_that_exist(rule: dict[str, Any]) -> None:
    """A rule about a name that nobody shows would be silent for ever."""
    asked = names_asked(rule["expr"])

    assert asked
    assert asked - names_shown() - names_recorded() - OF_PROMETHEUS == set()


def test_every_alert_stands_in_the_manual() -> None:
    """docs/dashboards.md lists the alerts with what they mean."""
    manual = (ROOT / "docs/dashboards.md").read_text(encoding="utf-8")

    assert [rule["alert"] for rule in ALERTS if f"`{rule['alert']}`" not in manual] == []


def test_alertmanager_sends_to_a_receiver_that_exists() -> None:
    """The route names a receiver of the list, and what it groups by are labels that alerts carry."""
    content = yaml.safe_load((ROOT / "deploy/alertmanager/alertmanager.yml").read_text(encoding="utf-8"))

    assert content["route"]["receiver"] in {row["name"] for row in content["receivers"]}
