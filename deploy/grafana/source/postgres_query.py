"""A query to PostgreSQL, which Grafana's kit for dashboards as code has no class for.

The fields are those that Grafana's own PostgreSQL data source saves for a query that was typed and not clicked
together. The class is made known to the kit, so that a dashboard read back goes through it as well.
"""

from typing import Any, Self

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.runtime import DataqueryConfig, register_dataquery_variant
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.dashboard import DataSourceRef

TYPE = "grafana-postgresql-datasource"


class PostgresQuery(Dataquery):
    """One SQL query; `kind` is `table` or `time_series` (then a column `time` comes first)."""

    def __init__(self, *, ref_id: str, source: DataSourceRef, sql: str, kind: str) -> None:
        self.ref_id = ref_id
        self.source = source
        self.sql = sql
        self.kind = kind

    def to_json(self) -> dict[str, object]:
        """As Grafana saves it."""
        return {
            "refId": self.ref_id,
            "datasource": self.source,
            "editorMode": "code",
            "format": self.kind,
            "rawQuery": True,
            "rawSql": self.sql,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """As it was saved; any other key is lost, so that a round trip shows it."""
        return cls(
            ref_id=data["refId"],
            source=DataSourceRef.from_json(data["datasource"]),
            sql=data["rawSql"],
            kind=data["format"],
        )


class PostgresQueryBuilder(Builder[Dataquery]):
    """What a panel takes."""

    def __init__(self, query: PostgresQuery) -> None:
        self._query = query

    def build(self) -> PostgresQuery:
        """The query."""
        return self._query


def register() -> None:
    """Make the class known to the kit."""
    register_dataquery_variant(DataqueryConfig(identifier=TYPE, from_json_hook=PostgresQuery.from_json))
