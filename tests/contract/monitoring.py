"""What dashboards and rules name, to be compared with what the software shows."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from prometheus_client import Counter, Gauge, Histogram

from youthcare.runtime import metrics

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "deploy/prometheus/rules"
DASHBOARDS = ROOT / "deploy/grafana/dashboards"
OF_PROMETHEUS = {"up", "ALERTS"}
"""What Prometheus itself adds to what it scrapes."""

_SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}
_NAME = re.compile(r"\b(?:[a-z_]+:)?(?:youthcare|process)_\w+(?::\w+)?|\bup\b|\bALERTS\b")


def names_shown() -> set[str]:
    """Every name of a series that a process of the system can show."""
    ours = [each for each in vars(metrics).values() if isinstance(each, Counter | Gauge | Histogram)]
    found = [*metrics.REGISTRY.collect(), *(metric for each in ours for metric in each.collect())]
    return {f"{metric.name}{suffix}" for metric in found for suffix in _SUFFIXES.get(metric.type, ("",))}


def list_rules() -> list[dict[str, Any]]:
    """Every rule, recording and alerting."""
    groups = [yaml.safe_load(path.read_text(encoding="utf-8"))["groups"] for path in sorted(RULES.glob("*.yml"))]
    return [rule for found in groups for group in found for rule in group["rules"]]


def names_recorded() -> set[str]:
    """The names that recording rules make."""
    return {rule["record"] for rule in list_rules() if "record" in rule}


def names_asked(expression: str) -> set[str]:
    """The names of series that an expression asks for."""
    return set(_NAME.findall(re.sub(r'"[^"]*"', '""', expression)))


def panels_of(board: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The panels of a dashboard that ask something."""
    yield from (panel for panel in board["panels"] if panel["type"] != "row")


def targets_of(board: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every query of a dashboard, under the title of its panel; those of variables too."""
    for panel in panels_of(board):
        yield from ((panel["title"], target) for target in panel["targets"])
    for variable in board.get("templating", {}).get("list", []):
        yield f"keuze {variable['name']}", {"datasource": variable["datasource"], "rawSql": variable["query"]}
