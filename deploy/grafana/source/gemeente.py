"""The dashboard *Gemeente*: figures of now, and figures against their targets, for everyone."""

from itertools import starmap

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.dashboard import Panel

from deploy.grafana.source.frames import frame, with_municipality
from deploy.grafana.source.names import REFERRERS, UNKNOWN, care_forms
from deploy.grafana.source.panels import DAYS, NOW, PERCENT, Words, bars, filled, lines, number, rows, stacked
from deploy.grafana.source.queries import (
    EVERYONE,
    METRICS,
    WHOLE,
    Asked,
    figure_over_time,
    metric_targets,
    newest_by_group,
    newest_figures,
    sql_target,
    stamp,
    terms_over_time,
)

_HERE = '{municipality="$municipality", team=""}'
_TOLD = (
    "Cijfers van de gemeente: nu, en per periode naast de streefwaarde. Aantallen van 1 tot en met 9, en wat daaruit "
    "af te leiden is, zijn afgeschermd. Voorlopige cijfers kunnen nog veranderen."
)
_NOW = {
    **NOW,
    "youthcare_alerts_open": Words(title="Open signalen", description="Signalen die nu openstaan, van alle soorten."),
}
_GOALS = {
    ("inflow_rate", "quarter"): Words(
        title="Instroom", description="Jeugdigen van 0 tot en met 17 jaar die instroomden, per inwoner.", unit=PERCENT
    ),
    ("in_care_rate", "quarter"): Words(
        title="Jeugdhulp per inwoner", description="Van 0 tot en met 17 jaar, per inwoner.", unit=PERCENT
    ),
    ("sustainable_exit_rate", "quarter"): Words(
        title="Duurzame uitstroom", description="Uitstroom zonder terugkeer binnen de termijn.", unit=PERCENT
    ),
    ("at_home_rate", "quarter"): Words(
        title="Thuis opgroeien", description="Jeugdigen van 0 tot en met 17 jaar zonder dag in verblijf.", unit=PERCENT
    ),
    ("residential_days_mean", "quarter"): Words(
        title="Dagen verblijf en wonen", description="Gemiddeld per jeugdige met verblijf in het kwartaal.", unit=DAYS
    ),
    ("switches_mean", "quarter"): Words(
        title="Wisselingen", description="Gemiddeld aantal wisselingen per lopend zorgtraject.", decimals=2
    ),
    ("stacking_share", "month"): Words(
        title="Zorgstapeling", description="Jeugdigen met twee of meer voorzieningen in de maand.", unit=PERCENT
    ),
    ("stacking_mean", "month"): Words(
        title="Voorzieningen bij stapeling per maand", description="Gemiddeld per gestapelde jeugdige.", decimals=2
    ),
    ("duration_median.running", "quarter"): Words(
        title="Duur van lopende zorgtrajecten", description="Mediaan, aan het eind van het kwartaal.", unit=DAYS
    ),
    ("waiting_days_median", "quarter"): Words(
        title="Wachttijd", description="Mediaan van toewijzing tot start; wie nog wacht telt mee.", unit=DAYS
    ),
}


def gemeente() -> Dashboard:
    """The whole dashboard."""
    board = with_municipality(frame("Gemeente", _TOLD, first="now-2y", refresh="1m"), EVERYONE)
    board = filled(board, "Nu, uit de laatste meldingen", [*starmap(_now, _NOW.items()), _durations(), _exits()])
    goals = [_goal(*place, words) for place, words in _GOALS.items()]
    board = filled(board, "Cijfers en streefwaarden", goals)
    board = filled(board, "Stroom", [_flow(), _balance()])
    board = filled(board, "Per groep, nieuwste maand", _groups())
    return filled(board, "Alle cijfers, nieuwste periode", [_all(), _stamp()])


def _now(metric: str, words: Words) -> Builder[Panel]:
    return number(words.sized(4, 5), METRICS, metric_targets(Asked(expression=f"sum({metric}{_HERE})")))


def _durations() -> Builder[Panel]:
    words = Words(title="Duur van lopende trajecten nu", description="Van vandaag, in dagen.", unit=DAYS)
    place = 'municipality="$municipality", team=""'
    asked = [
        Asked(expression=f'max(youthcare_trajectory_duration_days{{{place}, quantile="{quantile}"}})', legend=legend)
        for quantile, legend in (("0.5", "mediaan"), ("0.9", "90e percentiel"))
    ]
    return lines(words, METRICS, metric_targets(*asked))


def _exits() -> Builder[Panel]:
    words = Words(title="Uitstroom dit kwartaal", description="Wat ervan geworden is: duurzaam, terug, of nog open.")
    place = 'municipality="$municipality", team=""'
    asked = [
        Asked(expression=f'max(youthcare_exits{{{place}, status="{status}"}})', legend=legend)
        for status, legend in (("sustainable", "duurzaam"), ("returned", "teruggekomen"), ("pending", "nog open"))
    ]
    return lines(words, METRICS, metric_targets(*asked))


def _goal(indicator: str, per: str, words: Words) -> Builder[Panel]:
    target = sql_target(EVERYONE, figure_over_time(EVERYONE, indicator, per, WHOLE), kind="time_series")
    return lines(words.shown_precisely(), EVERYONE, target)


def _flow() -> Builder[Panel]:
    words = Words(title="In- en uitstroom per maand", description="Zorgperioden die begonnen en eindigden.")
    return stacked(words, EVERYONE, sql_target(EVERYONE, terms_over_time(EVERYONE, WHOLE, _FLOWS), kind="time_series"))


def _balance() -> Builder[Panel]:
    words = Words(title="Stand aan begin en eind van de maand", description="Lopende zorgperioden.")
    return lines(words, EVERYONE, sql_target(EVERYONE, terms_over_time(EVERYONE, WHOLE, _STANDS), kind="time_series"))


_FLOWS = tuple(f"flow_balance.{term}" for term in ("inflow", "return", "unknown", "exits"))
_STANDS = ("flow_balance.start", "flow_balance.end")


def _groups() -> list[Builder[Panel]]:
    kinds = (
        ("team", "Wijkteam", UNKNOWN),
        ("care_form", "Zorgvorm", care_forms()),
        ("age_band", "Leeftijd", UNKNOWN),
        ("referrer", "Verwijzer", REFERRERS),
    )
    return [
        bars(
            Words(title=f"Jeugdigen met jeugdhulp per {title.lower()}", description="In de nieuwste maand.", height=9),
            EVERYONE,
            sql_target(EVERYONE, newest_by_group(EVERYONE, "in_care", "month", kind, title)),
            names,
        )
        for kind, title, names in kinds
    ]


def _all() -> Builder[Panel]:
    words = Words(
        title="Cijfers naast hun streefwaarde",
        description="Teller, noemer en wat nog open is. Een afgeschermd cijfer heeft geen waarde.",
        width=24,
        height=16,
    )
    return rows(words, EVERYONE, sql_target(EVERYONE, newest_figures(EVERYONE, WHOLE)))


def _stamp() -> Builder[Panel]:
    words = Words(title="Stand van de cijfers", description="Van welke dag en op welke kennis.", width=24, height=4)
    return rows(words, EVERYONE, sql_target(EVERYONE, stamp(EVERYONE)))
