"""The dashboard *Toezicht*, for supervisors: providers, duration, stacking and timeliness, nothing withheld."""

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.dashboard import Panel

from deploy.grafana.source.frames import frame, with_municipality
from deploy.grafana.source.names import REFERRERS, UNKNOWN, care_forms
from deploy.grafana.source.panels import DAYS, PERCENT, Words, filled, lines, rows
from deploy.grafana.source.queries import (
    OVERSIGHT,
    WHOLE,
    figure_over_time,
    group_over_time,
    newest_by_group,
    newest_figures,
    providers_compared,
    sql_target,
    stamp,
)

_TOLD = (
    "Alleen voor toezichthouders: cijfers per aanbieder, zonder afscherming van kleine aantallen. "
    "Deel of exporteer ze niet; wat naar buiten gaat, komt van het dashboard Gemeente of uit het rapport."
)


def toezicht() -> Dashboard:
    """The whole dashboard."""
    board = with_municipality(frame("Toezicht", _TOLD, first="now-2y", refresh="15m"), OVERSIGHT)
    board = filled(board, "Aanbieders", _providers())
    board = filled(board, "Duur", _durations())
    board = filled(board, "Stapeling", _stacking())
    board = filled(board, "Tijdigheid en wachttijd", _timeliness())
    return filled(board, "Alle cijfers, nieuwste periode", [_all(), _stamp()])


def _providers() -> list[Builder[Panel]]:
    words = Words(
        title="Aanbieders naast elkaar",
        description="Nieuwste afgelopen kwartaal. Een jeugdige kan bij meer aanbieders zijn; de rijen tellen niet op.",
        width=24,
        height=12,
    )
    found: list[Builder[Panel]] = [rows(words, OVERSIGHT, sql_target(OVERSIGHT, providers_compared(OVERSIGHT)))]
    for indicator, per, title, told in (
        ("in_care", "month", "Jeugdigen per aanbieder", "Met jeugdhulp in de maand."),
        ("renewal_rate", "quarter", "Verlengingen per lopende indicatie", "Per aanbieder."),
        ("exit_rate", "quarter", "Beëindigingen per lopende indicatie", "Per aanbieder."),
        ("sustainable_exit_rate", "quarter", "Duurzame uitstroom per aanbieder", "Uitstroom zonder terugkeer."),
    ):
        unit = PERCENT if indicator != "in_care" else "short"
        found.append(_by_group(Words(title=title, description=told, unit=unit), indicator, per, "provider"))
    return found


def _durations() -> list[Builder[Panel]]:
    return [
        _whole(Words(title="Mediane duur van lopende trajecten", description="Eind van het kwartaal.", unit=DAYS),
               "duration_median.running", "quarter"),
        _whole(Words(title="90e percentiel van de duur", description="Van lopende trajecten.", unit=DAYS),
               "duration_p90.running", "quarter"),
        _by_group(Words(title="Duur van beëindigde zorgperioden per aanbieder", description="Mediaan.", unit=DAYS),
                  "duration_median.ended", "quarter", "provider"),
        _newest(Words(title="Duur van lopende trajecten per zorgvorm", description="Mediaan, nieuwste kwartaal.",
                      unit=DAYS), "duration_median.running", "quarter", "care_form", "Zorgvorm", care_forms()),
    ]  # fmt: skip


def _stacking() -> list[Builder[Panel]]:
    peak = Words(title="Drie of meer voorzieningen op een dag", description="Jeugdigen in de maand.")
    by_team = Words(title="Zorgstapeling per wijkteam", description="Aandeel in de nieuwste maand.", unit=PERCENT)
    by_form = Words(title="Zorgstapeling per zorgvorm", description="Aandeel in de nieuwste maand.", unit=PERCENT)
    by_referrer = Words(title="Zorgstapeling per verwijzer", description="Aandeel in de nieuwste maand.", unit=PERCENT)
    return [
        _whole(peak, "stacking_peak", "month"),
        _newest(by_team, "stacking_share", "month", "team", "Wijkteam", UNKNOWN),
        _newest(by_form, "stacking_share", "month", "care_form", "Zorgvorm", care_forms()),
        _newest(by_referrer, "stacking_share", "month", "referrer", "Verwijzer", REFERRERS),
    ]


def _timeliness() -> list[Builder[Panel]]:
    in_time = "Starts en stops die binnen vijf werkdagen zijn gemeld."
    waiting = Words(title="Wachttijd", description="Mediaan van toewijzing tot start.", unit=DAYS)
    by_form = Words(title="Wachttijd per zorgvorm", description="Mediaan, nieuwste kwartaal.", unit=DAYS)
    return [
        _whole(Words(title="Tijdig gemeld", description=in_time, unit=PERCENT), "timeliness", "month"),
        _by_group(Words(title="Tijdig gemeld per aanbieder", description=in_time, unit=PERCENT),
                  "timeliness", "month", "provider"),
        _whole(waiting, "waiting_days_median", "quarter"),
        _newest(by_form, "waiting_days_median", "quarter", "care_form", "Zorgvorm", care_forms()),
    ]  # fmt: skip


def _whole(words: Words, indicator: str, per: str) -> Builder[Panel]:
    target = sql_target(OVERSIGHT, figure_over_time(OVERSIGHT, indicator, per, WHOLE), kind="time_series")
    return lines(words.shown_precisely(), OVERSIGHT, target)


def _by_group(words: Words, indicator: str, per: str, group_kind: str) -> Builder[Panel]:
    target = sql_target(OVERSIGHT, group_over_time(OVERSIGHT, indicator, per, group_kind), kind="time_series")
    return lines(words.shown_precisely(), OVERSIGHT, target)


def _newest(
    words: Words, indicator: str, per: str, group_kind: str, title: str, names: dict[str, str]
) -> Builder[Panel]:
    target = sql_target(OVERSIGHT, newest_by_group(OVERSIGHT, indicator, per, group_kind, title))
    return rows(words.shown_precisely(), OVERSIGHT, target, names)


def _all() -> Builder[Panel]:
    words = Words(
        title="Cijfers van de gemeente, onverkort",
        description="Teller, noemer en wat nog open is, van vandaag.",
        width=24,
        height=16,
    )
    return rows(words, OVERSIGHT, sql_target(OVERSIGHT, newest_figures(OVERSIGHT, WHOLE)))


def _stamp() -> Builder[Panel]:
    words = Words(title="Stand van de cijfers", description="Van welke dag en op welke kennis.", width=24, height=4)
    return rows(words, OVERSIGHT, sql_target(OVERSIGHT, stamp(OVERSIGHT)))
