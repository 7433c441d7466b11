"""The dashboards: what the code exports, understood by Grafana's own classes, about metrics that exist."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Dashboard

from deploy.grafana.source.export import exported, text_of
from deploy.grafana.source.postgres_query import register
from tests.contract.monitoring import (  # fmt: skip
    DASHBOARDS,
    OF_PROMETHEUS,
    ROOT,
    names_asked,
    names_recorded,
    names_shown,
    panels_of,
    targets_of,
)

FILES = sorted(DASHBOARDS.rglob("*.json"))
PROVISIONING = ROOT / "deploy/grafana/provisioning"


def _read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def _round_trip(content: dict[str, Any]) -> dict[str, Any]:
    register_default_plugins()
    register()
    told: dict[str, Any] = json.loads(text_of(Dashboard.from_json(content)))
    return told


def test_the_files_are_what_the_code_exports() -> None:
    """`python -m deploy.grafana.source` writes them; nobody changes them by hand."""
    files = {path.relative_to(DASHBOARDS).as_posix(): path.read_text(encoding="utf-8") for path in FILES}

    assert files == exported()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_dashboards_survive_a_round_trip_through_grafanas_own_classes(path: Path) -> None:
    """A key that those classes do not know vanishes on the way, so none may."""
    content = _read(path)

    assert _round_trip(content) == content


@pytest.mark.parametrize("place", ["board", "panel", "target", "options", "variable"])
def test_a_key_that_is_misspelt_vanishes_on_the_round_trip(place: str) -> None:
    """The check above would catch a typo in each of these places."""
    content = _read(DASHBOARDS / "everyone/gemeente.json")
    panel = next(panel for panel in panels_of(content) if panel["datasource"]["type"] != "prometheus")
    places = {"board": content, "panel": panel, "target": panel["targets"][0], "options": panel["options"]}
    places |= {"variable": content["templating"]["list"][0]}

    places[place]["mispelt"] = True

    assert _round_trip(content) != content


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_panels_ask_for_metrics_that_exist(path: Path) -> None:
    """Every name in PromQL is one that a process shows or a recording rule makes."""
    for title, target in targets_of(_read(path)):
        if "expr" in target:
            asked = names_asked(target["expr"])
            assert asked, title
            assert asked - names_shown() - names_recorded() - OF_PROMETHEUS == set(), title


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_server_of_grafana_has_the_sources_of_its_dashboards_alone(path: Path) -> None:
    """Everyone's server has no way to the supervisors' figures."""
    audience = path.parent.name
    given = yaml.safe_load((PROVISIONING / audience / "datasources/trajectwacht.yml").read_text(encoding="utf-8"))
    kinds = {(row["type"], row["uid"]) for row in given["datasources"]}

    asked = {(target["datasource"]["type"], target["datasource"]["uid"]) for _, target in targets_of(_read(path))}

    assert asked <= kinds
    assert ("trajectwacht-oversight" in {uid for _, uid in kinds}) == (audience == "oversight")
    assert audience == "oversight" or "oversight" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_panel_says_in_words_what_it_shows(path: Path) -> None:
    """A title, a sentence and a unit that Grafana knows; titles tell panels apart; none lies upon another."""
    content = _read(path)
    known = {value for name, value in vars(units).items() if isinstance(value, str) and not name.startswith("_")}
    titles = [panel["title"] for panel in panels_of(content)]
    cells: set[tuple[int, int]] = set()

    for panel in panels_of(content):
        unit = panel["fieldConfig"]["defaults"]["unit"]
        assert panel["description"].endswith("."), panel["title"]
        assert unit in known or unit.startswith("suffix:"), panel["title"]
        place = panel["gridPos"]
        covered = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not covered & cells, panel["title"]
        assert place["x"] + place["w"] <= 24
        cells |= covered

    assert len(set(titles)) == len(titles)


def test_dashboards_are_read_only_and_know_each_other_by_name() -> None:
    """What is changed on the screen would be lost at the next start; names in links are names that exist."""
    boards = [_read(path) for path in FILES]
    names = {f"/d/{board['uid']}" for board in boards}

    assert len(names) == len(boards) == 4
    assert not any(board["editable"] for board in boards)
    assert {link["url"] for board in boards for link in board.get("links", [])} <= names
