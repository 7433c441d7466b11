"""What the panels ask: three data sources, and the SQL shapes that all figures are read by.

Variables of Grafana stand in the queries as `$name`; `:sqlstring` makes a quoted SQL text of a choice.
"""

from dataclasses import dataclass

from grafana_foundation_sdk.builders import prometheus
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.dashboard import DataSourceRef
from grafana_foundation_sdk.models.prometheus import PromQueryFormat, QueryEditorMode

from deploy.grafana.source.postgres_query import TYPE, PostgresQuery, PostgresQueryBuilder

METRICS = DataSourceRef(type_val="prometheus", uid="trajectwacht-metrics")
"""Prometheus."""

EVERYONE = DataSourceRef(type_val=TYPE, uid="trajectwacht-dashboard")
"""Figures that everyone may see: PostgreSQL by the role `dashboard_reader`."""

OVERSIGHT = DataSourceRef(type_val=TYPE, uid="trajectwacht-oversight")
"""Figures for supervisors: PostgreSQL by the role `oversight_reader`."""

WHOLE = ("municipality", "")
"""The municipality as a group of its own."""

TEAM = ("team", "${team:sqlstring}")
"""The team that was chosen."""


_LETTERS = "ABCDEFGHIJ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One PromQL expression and the name of its series in the legend."""

    expression: str
    legend: str = "__auto"
    is_instant: bool = False
    is_table: bool = False


def metric_targets(*rows: Asked) -> list[Builder[Dataquery]]:
    """Queries to Prometheus, lettered in their order."""
    return [_metric_target(letter, row) for letter, row in zip(_LETTERS, rows, strict=False)]


def _metric_target(letter: str, row: Asked) -> Builder[Dataquery]:
    query = prometheus.Dataquery().ref_id(letter).datasource(METRICS).expr(row.expression)
    query = query.editor_mode(QueryEditorMode.CODE).legend_format(row.legend)
    query = query.instant() if row.is_instant else query.range()
    return query.format(PromQueryFormat.TABLE if row.is_table else PromQueryFormat.TIME_SERIES)


def sql_target(source: DataSourceRef, sql: str, *, kind: str = "table") -> list[Builder[Dataquery]]:
    """One query to PostgreSQL."""
    return [PostgresQueryBuilder(PostgresQuery(ref_id="A", source=source, sql=sql, kind=kind))]


def schema_of(source: DataSourceRef) -> str:
    """The view schema that a data source reads."""
    return "oversight" if source is OVERSIGHT else "dashboard"


def _where(group: tuple[str, str], *conditions: str) -> str:
    rows = (
        "municipality = ${municipality:sqlstring}",
        "definition = ${definition:sqlstring}",
        f"group_kind = '{group[0]}'",
        *((f"group_name = {group[1]}",) if group[1] else ()),
        *conditions,
    )
    return "where " + "\n  and ".join(rows)


def figure_over_time(source: DataSourceRef, indicator: str, per: str, group: tuple[str, str]) -> str:
    """A figure and its target, period after period; a withheld figure leaves a gap."""
    where = _where(group, f"indicator = '{indicator}'", f"per = '{per}'", "$__timeFilter(period_first_day)")
    return f"""select period_first_day::timestamp as "time", value as "Cijfer", target as "Streefwaarde"
from {schema_of(source)}.figure
{where}
order by 1"""


def terms_over_time(source: DataSourceRef, group: tuple[str, str], indicators: tuple[str, ...]) -> str:
    """Some figures, each a series with its Dutch label."""
    listed = ", ".join(f"'{indicator}'" for indicator in indicators)
    where = _where(group, f"indicator in ({listed})", "$__timeFilter(period_first_day)")
    return f"""select period_first_day::timestamp as "time", label_nl as metric, value as "waarde"
from {schema_of(source)}.figure
{where}
order by 1, 2"""


def compared_over_time(source: DataSourceRef, indicator: str, per: str, group: tuple[str, str]) -> str:
    """A figure of one group beside that of the municipality, and the municipality's target."""
    where = _where(group, f"indicator = '{indicator}'", f"per = '{per}'", "$__timeFilter(period_first_day)")
    whole = _where(WHOLE, f"indicator = '{indicator}'", f"per = '{per}'", "$__timeFilter(period_first_day)")
    return f"""select whole.period_first_day::timestamp as "time", own.value as "Wijkteam", whole.value as "Gemeente",
  whole.target as "Streefwaarde"
from (select * from {schema_of(source)}.figure
{whole}) as whole
left join (select * from {schema_of(source)}.figure
{where}) as own using (period)
order by 1"""


def newest_figures(source: DataSourceRef, group: tuple[str, str]) -> str:
    """Every figure of a group in the newest period that it has, beside its target; shares in per cents."""
    where = _where(group, "indicator not like 'flow_balance.%'", "$__timeFilter(period_first_day)")
    return f"""select distinct on (label_nl) label_nl as "Cijfer", period as "Periode",
  {_readable("value")} as "Waarde",
  {_readable("target")} as "Streefwaarde", {_readable("value - target")} as "Verschil", numerator as "Teller",
  denominator as "Noemer", status as "Status", pending as "Nog open", is_withheld as "Afgeschermd"
from {schema_of(source)}.figure
{where}
order by label_nl, period_first_day desc"""


def _readable(value: str) -> str:
    """A number as a Dutch reader writes it, with a decimal comma; shares by the indicator's id."""
    percent = f"round(100 * ({value}), 1)::text || ' %'"
    text = f"case when indicator ~ '(_rate|_share|timeliness)' then {percent} else round({value}, 1)::text end"
    return f"replace({text}, '.', ',')"


def newest_by_group(source: DataSourceRef, indicator: str, per: str, group_kind: str, title: str) -> str:
    """One figure of every group of a kind, in the newest period that has it."""
    where = _where((group_kind, ""), f"indicator = '{indicator}'", f"per = '{per}'", "$__timeFilter(period_first_day)")
    return f"""select group_name as "{title}", value as "Waarde", numerator as "Teller", denominator as "Noemer",
  status as "Status", is_withheld as "Afgeschermd"
from {schema_of(source)}.figure as shown
{where}
  and period_first_day = (
    select max(newest.period_first_day) from {schema_of(source)}.figure as newest
    where newest.municipality = shown.municipality and newest.definition = shown.definition
      and newest.indicator = shown.indicator and newest.per = shown.per and newest.group_kind = shown.group_kind
      and newest.period_first_day <= $__timeTo())
order by value desc nulls last, group_name"""


def providers_compared(source: DataSourceRef) -> str:
    """One row per provider with its figures of the newest quarter that was over on the day of the figures."""
    is_over = "period_first_day + interval '3 months' <= as_of"
    where = _where(("provider", ""), "per = 'quarter'", is_over, "$__timeFilter(period_first_day)")
    columns = (
        ("renewal_rate", "Verlengd"),
        ("exit_rate", "Beëindigd"),
        ("sustainable_exit_rate", "Duurzaam uitgestroomd"),
        ("duration_median.running", "Duur lopend (mediaan)"),
        ("duration_median.ended", "Duur beëindigd (mediaan)"),
        ("waiting_days_median", "Wachttijd (mediaan)"),
    )
    shown = ",\n  ".join(
        f"max({_readable('value')}) filter (where indicator = '{id_}') as \"{title}\"" for id_, title in columns
    )
    return f"""select group_name as "Aanbieder", max(period) as "Kwartaal",
  max(denominator) filter (where indicator = 'renewal_rate') as "Lopende indicaties",
  {shown}
from (
  select *, max(period_first_day) over () as newest from {schema_of(source)}.figure
  {where}
) as shown
where period_first_day = newest
group by group_name
order by 3 desc nulls last, 1"""


def group_over_time(source: DataSourceRef, indicator: str, per: str, group_kind: str) -> str:
    """One figure of every group of a kind, period after period."""
    where = _where((group_kind, ""), f"indicator = '{indicator}'", f"per = '{per}'", "$__timeFilter(period_first_day)")
    return f"""select period_first_day::timestamp as "time", group_name as metric, value as "waarde"
from {schema_of(source)}.figure
{where}
order by 1, 2"""


def stamp(source: DataSourceRef) -> str:
    """Which day the figures are of, what was known, and when they were written."""
    return f"""select max(as_of)::text as "Stand van", max(known_on)::text as "Bekend op",
  max(written_at) as "Geschreven"
from {schema_of(source)}.figure
where municipality = ${{municipality:sqlstring}}
  and definition = ${{definition:sqlstring}}"""
