"""The dashboard *Wijkteam*: a team's own figures beside those of the municipality, and its open alerts."""

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.dashboard import Panel

from deploy.grafana.source.frames import frame, with_municipality, with_team
from deploy.grafana.source.names import RULES
from deploy.grafana.source.panels import DAYS, NOW, PERCENT, Words, alert_counts, filled, lines, number, rows, stacked
from deploy.grafana.source.queries import (
    EVERYONE,
    METRICS,
    TEAM,
    Asked,
    compared_over_time,
    metric_targets,
    newest_figures,
    sql_target,
    stamp,
    terms_over_time,
)

_TEAM = 'municipality="$municipality", team="$team"'
_WHOLE = 'municipality="$municipality", team=""'
_TOLD = (
    "Cijfers van een wijkteam naast die van de gemeente. De cijfers van nu worden voor wijkteams eenmaal per dag "
    "ververst. Aantallen van 1 tot en met 9, en wat daaruit af te leiden is, zijn afgeschermd."
)
_NOW = {
    **NOW,
    'youthcare_trajectory_duration_days{quantile="0.5"}': Words(
        title="Duur van lopende trajecten", description="Mediaan van vandaag, in dagen.", unit=DAYS
    ),
}
_COMPARED = {
    ("in_care", "month"): Words(title="Jeugdigen met jeugdhulp per maand", description="Van alle leeftijden."),
    ("inflow_rate", "quarter"): Words(
        title="Instroom", description="Jeugdigen van 0 tot en met 17 jaar die instroomden, per inwoner.", unit=PERCENT
    ),
    ("sustainable_exit_rate", "quarter"): Words(
        title="Duurzame uitstroom", description="Uitstroom zonder terugkeer binnen de termijn.", unit=PERCENT
    ),
    ("stacking_share", "month"): Words(
        title="Zorgstapeling", description="Jeugdigen met twee of meer voorzieningen in de maand.", unit=PERCENT
    ),
    ("duration_median.running", "quarter"): Words(
        title="Duur van lopende zorgtrajecten", description="Mediaan, aan het eind van het kwartaal.", unit=DAYS
    ),
    ("waiting_days_median", "quarter"): Words(
        title="Wachttijd", description="Mediaan van toewijzing tot start; wie nog wacht telt mee.", unit=DAYS
    ),
}
_FLOWS = tuple(f"flow_balance.{term}" for term in ("inflow", "return", "unknown", "moved_in", "moved_out", "exits"))


def wijkteam() -> Dashboard:
    """The whole dashboard."""
    board = with_municipality(frame("Wijkteam", _TOLD, first="now-2y", refresh="5m"), EVERYONE)
    board = with_team(board, EVERYONE)
    board = filled(board, "Nu", [_now(metric, words) for metric, words in _NOW.items()])
    board = filled(board, "Open signalen", [_alerts_of_team(), _alerts_of_municipality()])
    board = filled(
        board, "Eigen cijfers naast de gemeente", [_compared(*key, words) for key, words in _COMPARED.items()]
    )
    return filled(board, "Alle eigen cijfers", [_flow(), _all(), _stamp()])


def _now(metric: str, words: Words) -> Builder[Panel]:
    name, _, labels = metric.partition("{")
    chosen = f"{{{_TEAM}, {labels}" if labels else f"{{{_TEAM}}}"
    return number(words.sized(4, 5), METRICS, metric_targets(Asked(expression=f"sum({name}{chosen})")))


def _alerts_of_team() -> Builder[Panel]:
    words = Words(
        title="Open signalen van het wijkteam",
        description="Per soort, eenmaal per dag; kleine aantallen afgeschermd. De signalen zelf staan in de inbox.",
    )
    asked = Asked(expression=f"sum by (rule) (youthcare_alerts_open{{{_TEAM}}})", is_instant=True, is_table=True)
    return alert_counts(words, METRICS, metric_targets(asked), RULES)


def _alerts_of_municipality() -> Builder[Panel]:
    words = Words(title="Open signalen in de gemeente", description="Per soort, van nu; kleine aantallen afgeschermd.")
    asked = Asked(expression=f"sum by (rule) (youthcare_alerts_open{{{_WHOLE}}})", is_instant=True, is_table=True)
    return alert_counts(words, METRICS, metric_targets(asked), RULES)


def _compared(indicator: str, per: str, words: Words) -> Builder[Panel]:
    target = sql_target(EVERYONE, compared_over_time(EVERYONE, indicator, per, TEAM), kind="time_series")
    return lines(words.shown_precisely(), EVERYONE, target)


def _flow() -> Builder[Panel]:
    words = Words(
        title="In- en uitstroom per maand", description="Met wie van of naar een ander wijkteam ging.", width=24
    )
    return stacked(words, EVERYONE, sql_target(EVERYONE, terms_over_time(EVERYONE, TEAM, _FLOWS), kind="time_series"))


def _all() -> Builder[Panel]:
    words = Words(
        title="Cijfers van het wijkteam, nieuwste periode",
        description="Teller, noemer en wat nog open is. Een afgeschermd cijfer heeft geen waarde.",
        width=24,
        height=16,
    )
    return rows(words, EVERYONE, sql_target(EVERYONE, newest_figures(EVERYONE, TEAM)))


def _stamp() -> Builder[Panel]:
    words = Words(title="Stand van de cijfers", description="Van welke dag en op welke kennis.", width=24, height=4)
    return rows(words, EVERYONE, sql_target(EVERYONE, stamp(EVERYONE)))
