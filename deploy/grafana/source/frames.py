"""What a dashboard is around its panels: title, variables, links, and how it was made.

All four are read-only in Grafana: a change is made here, exported and reviewed.
"""

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models.dashboard import DashboardCursorSync, DataSourceRef, VariableRefresh

from deploy.grafana.source.panels import link_to
from deploy.grafana.source.queries import schema_of

UIDS = {
    "Gemeente": "trajectwacht-gemeente",
    "Wijkteam": "trajectwacht-wijkteam",
    "Toezicht": "trajectwacht-toezicht",
    "Beheer": "trajectwacht-beheer",
}
_LINKED = frozenset({"Gemeente", "Wijkteam", "Beheer"})
REFRESHES = ["30s", "1m", "5m", "15m"]


def frame(title: str, description: str, *, first: str, refresh: str) -> dashboard.Dashboard:
    """An empty dashboard with links to the others; `first` is where its time range begins."""
    board = dashboard.Dashboard(title).uid(UIDS[title]).description(description).tags(["trajectwacht"])
    board = board.timezone("Europe/Amsterdam").week_start("monday").readonly().tooltip(DashboardCursorSync.CROSSHAIR)
    board = board.time(first, "now").refresh(refresh).timepicker(dashboard.TimePicker().refresh_intervals(REFRESHES))
    for name, uid in UIDS.items():
        # Supervisors have a server of their own, which has no other dashboard.
        if title in _LINKED and name in _LINKED - {title}:
            board = board.link(link_to(name, uid))
    return board


def with_municipality(board: dashboard.Dashboard, source: DataSourceRef) -> dashboard.Dashboard:
    """Add the choices of municipality and definition set: what the reading role may see."""
    schema = schema_of(source)
    chosen = _choice(
        "municipality", "Gemeente", source, f"select distinct municipality from {schema}.figure order by 1"
    )
    sets = f"""select distinct definition from {schema}.figure
where municipality = ${{municipality:sqlstring}} order by 1 desc"""
    return board.with_variable(chosen).with_variable(_choice("definition", "Definitie", source, sets))


def with_team(board: dashboard.Dashboard, source: DataSourceRef) -> dashboard.Dashboard:
    """Add the choice of a team."""
    teams = f"""select distinct group_name from {schema_of(source)}.figure
where municipality = ${{municipality:sqlstring}} and group_kind = 'team' order by 1"""
    return board.with_variable(_choice("team", "Wijkteam", source, teams))


def _choice(name: str, label: str, source: DataSourceRef, sql: str) -> dashboard.QueryVariable:
    variable = dashboard.QueryVariable(name).label(label).datasource(source).query(sql)
    return variable.refresh(VariableRefresh.ON_DASHBOARD_LOAD).multi(False).include_all(False)
