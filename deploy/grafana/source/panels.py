"""Panels as all four dashboards draw them: single numbers, lines, bars and tables, with Dutch words and units.

Colour never tells anything alone: statuses and flags are words, targets are dashed lines with a name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from grafana_foundation_sdk.builders import barchart, common, dashboard, stat, table, timeseries
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models import common as looks
from grafana_foundation_sdk.models.dashboard import (
    DashboardLinkType,
    DataSourceRef,
    DataTransformerConfig,
    DynamicConfigValue,
    Panel,
    ThresholdsMode,
    ValueMap,
    ValueMapping,
    ValueMappingResult,
)
from grafana_foundation_sdk.models.dashboard import Threshold as Step

NOTHING_SHOWN = "geen cijfer of afgeschermd"
PERCENT, DAYS, SECONDS, SHORT = "percentunit", "d", "s", "short"
_STATUS_NL = {"final": "definitief", "provisional": "voorlopig"}
_YES_NO_NL = {"true": "ja", "false": "nee"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What a panel says of itself; `unit` is an id of Grafana, `decimals` how many are shown."""

    title: str
    description: str
    unit: str = SHORT
    decimals: int = 0
    width: int = 12
    height: int = 8

    def sized(self, width: int, height: int) -> Words:
        """The same, of another size."""
        return replace(self, width=width, height=height)

    def shown_precisely(self) -> Words:
        """The same, a share with two decimals and days with one."""
        return replace(self, decimals={PERCENT: 2, DAYS: 1}.get(self.unit, self.decimals))


def _begun(panel: Any, words: Words, source: DataSourceRef, targets: Sequence[Builder[Dataquery]]) -> Any:
    """What all kinds of panel share; the kit gives each kind a class of its own with the same methods."""
    panel = panel.title(words.title).description(words.description).datasource(source).targets(list(targets))
    panel = panel.unit(words.unit).decimals(words.decimals).span(words.width).height(words.height)
    return panel.no_value(NOTHING_SHOWN)


def number(words: Words, source: DataSourceRef, targets: Sequence[Builder[Dataquery]]) -> Builder[Panel]:
    """One number, with the line it came along."""
    panel: stat.Panel = _begun(stat.Panel(), words, source, targets)
    panel = panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).values(False))
    return panel.graph_mode(looks.BigValueGraphMode.AREA).color_mode(looks.BigValueColorMode.NONE)


def lines(words: Words, source: DataSourceRef, targets: Sequence[Builder[Dataquery]]) -> Builder[Panel]:
    """Lines over time; a series called *Streefwaarde* is dashed."""
    panel: timeseries.Panel = _begun(timeseries.Panel(), words, source, targets)
    panel = panel.legend(_legend()).line_width(2).fill_opacity(0).show_points(looks.VisibilityMode.AUTO)
    panel = panel.tooltip(common.VizTooltipOptions().mode(looks.TooltipDisplayMode.MULTI))
    dashes = {"fill": "dash", "dash": [10, 10]}
    return panel.override_by_name("Streefwaarde", [DynamicConfigValue(id_val="custom.lineStyle", value=dashes)])


def stacked(words: Words, source: DataSourceRef, targets: Sequence[Builder[Dataquery]]) -> Builder[Panel]:
    """Bars over time, one upon another."""
    panel: timeseries.Panel = _begun(timeseries.Panel(), words, source, targets)
    panel = panel.legend(_legend()).draw_style(looks.GraphDrawStyle.BARS).fill_opacity(60)
    return panel.stacking(common.StackingConfig().mode(looks.StackingMode.NORMAL).group("A"))


def bars(
    words: Words, source: DataSourceRef, targets: Sequence[Builder[Dataquery]], names: Mapping[str, str] | None = None
) -> Builder[Panel]:
    """Lying bars, one per group; `names` are the Dutch names of groups."""
    panel: barchart.Panel = _begun(barchart.Panel(), words, source, targets)
    panel = panel.orientation(looks.VizOrientation.HORIZONTAL).show_value(looks.VisibilityMode.ALWAYS)
    panel = panel.fill_opacity(80)
    panel = panel.legend(_legend(is_shown=False))
    # A bar chart shows the group and its value; the other columns are for tables.
    others = dict.fromkeys(("Teller", "Noemer", "Status", "Afgeschermd"), True)
    panel = panel.with_transformation(DataTransformerConfig(id_val="organize", options={"excludeByName": others}))
    return panel.mappings([named(names)]) if names else panel


def rows(
    words: Words, source: DataSourceRef, targets: Sequence[Builder[Dataquery]], names: Mapping[str, str] | None = None
) -> Builder[Panel]:
    """A table; statuses and flags in Dutch."""
    panel: table.Panel = _begun(table.Panel().align(looks.FieldTextAlignment.AUTO), words, source, targets)
    panel = panel.filterable(True).mappings([named({**_STATUS_NL, **_YES_NO_NL, **(names or {})})])
    counted = [DynamicConfigValue(id_val="unit", value=SHORT), DynamicConfigValue(id_val="decimals", value=0)]
    return panel.override_by_regexp("Teller|Noemer|Nog open", counted)


def alert_rows(words: Words, source: DataSourceRef, targets: Sequence[Builder[Dataquery]]) -> Builder[Panel]:
    """A table of labels alone, as Prometheus gives them, under Dutch names and without the value."""
    hidden = dict.fromkeys(("Time", "Value", "__name__", "instance", "job"), True)
    renamed = {"alertname": "Melding", "alertstate": "Toestand", "severity": "Ernst", "process": "Proces"}
    renamed |= {"service": "Dienst", "sender_kind": "Soort afzender", "kind": "Soort", "verdict": "Oordeel"}
    panel: table.Panel = _begun(table.Panel().align(looks.FieldTextAlignment.AUTO), words, source, targets)
    panel = panel.mappings([named({"firing": "speelt nu", "pending": "wordt bekeken", **_SEVERITY_NL})])
    options = {"excludeByName": hidden, "renameByName": renamed}
    return panel.with_transformation(DataTransformerConfig(id_val="organize", options=options))


def alert_counts(
    words: Words,
    source: DataSourceRef,
    targets: Sequence[Builder[Dataquery]],
    names: Mapping[str, str],
    value: str = "Open",
) -> Builder[Panel]:
    """A table of a count, or a share, of alerts per rule (and per outcome, where that is asked)."""
    panel: table.Panel = _begun(table.Panel().align(looks.FieldTextAlignment.AUTO), words, source, targets)
    renamed = {"rule": "Soort signaal", "outcome": "Uitkomst", "Value": value}
    options = {"excludeByName": {"Time": True}, "renameByName": renamed}
    return panel.mappings([named(names)]).with_transformation(DataTransformerConfig(id_val="organize", options=options))


_SEVERITY_NL = {"critical": "ernstig", "warning": "waarschuwing"}


def limited(panel: Any, *steps: tuple[float | None, str]) -> Builder[Panel]:
    """The same panel, coloured from each limit on; the number itself stays in sight."""
    limits = dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE)
    coloured: Builder[Panel] = panel.thresholds(limits.steps([Step(value=value, color=hue) for value, hue in steps]))
    return coloured


def named(names: Mapping[str, str]) -> ValueMapping:
    """Values and the words that are shown for them."""
    return ValueMap(
        options={value: ValueMappingResult(text=text, index=place) for place, (value, text) in enumerate(names.items())}
    )


def link_to(title: str, uid: str) -> dashboard.DashboardLink:
    """A link to another dashboard that keeps the choices made."""
    link = dashboard.DashboardLink(title).type(DashboardLinkType.LINK).url(f"/d/{uid}")
    return link.include_vars(True).keep_time(True)


def _legend(*, is_shown: bool = True) -> common.VizLegendOptions:
    legend = common.VizLegendOptions().show_legend(is_shown).placement(looks.LegendPlacement.BOTTOM)
    return legend.display_mode(looks.LegendDisplayMode.LIST)


def filled(board: dashboard.Dashboard, title: str, panels: Sequence[Builder[Panel]]) -> dashboard.Dashboard:
    """The dashboard with a heading and panels below it."""
    board = board.with_row(dashboard.Row(title))
    for panel in panels:
        board = board.with_panel(panel)
    return board


NOW = {
    "youthcare_youths_in_care": Words(title="Jeugdigen met jeugdhulp", description="Jeugdigen met zorg vandaag."),
    "youthcare_stacked_youths": Words(
        title="Jeugdigen met zorgstapeling", description="Jeugdigen met twee of meer voorzieningen deze maand."
    ),
    "youthcare_stacking_mean": Words(
        title="Voorzieningen bij stapeling", description="Gemiddeld aantal van wie er meer heeft dan een.", decimals=2
    ),
    "youthcare_inflow": Words(
        title="Instroom dit kwartaal", description="Jeugdigen van 0 tot en met 17 jaar die dit kwartaal instroomden."
    ),
    "youthcare_reentry_windows_open": Words(
        title="Open herinstroomtermijnen", description="Uitstroom waarvan nog moet blijken of die duurzaam is."
    ),
}
"""The gauges of today that a municipality and a team have alike."""
