"""Writes the dashboards to deploy/grafana/dashboards, where Grafana reads them: `python -m deploy.grafana.source`."""

from pathlib import Path

from deploy.grafana.source.export import exported

DASHBOARDS = Path(__file__).resolve().parent.parent / "dashboards"

if __name__ == "__main__":
    for name, text in exported().items():
        (DASHBOARDS / name).write_text(text, encoding="utf-8")
