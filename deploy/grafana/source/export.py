"""The four dashboards as files: their names below deploy/grafana/dashboards, and their text.

The folder is who may see it: `everyone` is Grafana's general folder, `oversight` the supervisors' own.
"""

from collections.abc import Mapping

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from deploy.grafana.source.beheer import beheer
from deploy.grafana.source.gemeente import gemeente
from deploy.grafana.source.postgres_query import register
from deploy.grafana.source.toezicht import toezicht
from deploy.grafana.source.wijkteam import wijkteam


def list_boards() -> dict[str, Dashboard]:
    """Every dashboard by the name of its file, its panels numbered in their order."""
    register()
    boards = {
        "everyone/gemeente.json": gemeente().build(),
        "everyone/wijkteam.json": wijkteam().build(),
        "oversight/toezicht.json": toezicht().build(),
        "everyone/beheer.json": beheer().build(),
    }
    for board in boards.values():
        for number, panel in enumerate(board.panels or [], start=1):
            panel.id_val = number
    return boards


def exported() -> Mapping[str, str]:
    """The text of every file."""
    return {name: text_of(board) for name, board in list_boards().items()}


def text_of(board: Dashboard) -> str:
    """A dashboard as Grafana reads it, with its keys in order, so that a change shows as a change."""
    return JSONEncoder(sort_keys=True, indent=1, ensure_ascii=False).encode(board) + "\n"
