"""The dashboard *Beheer*: whether the software does its work. No figure of a team stands here."""

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.dashboard import Panel

from deploy.grafana.source.frames import frame
from deploy.grafana.source.names import OUTCOMES, RULES
from deploy.grafana.source.panels import (
    PERCENT,
    SECONDS,
    Words,
    alert_counts,
    alert_rows,
    filled,
    limited,
    lines,
    number,
    stacked,
)
from deploy.grafana.source.queries import METRICS, Asked, metric_targets

_TOLD = "Achterstand, weigeringen, doorvoer, snelheid en stilte van bronnen. Grenzen staan in deploy/prometheus/rules."
_PER_SECOND = "ops"
_VERIFIED = "youthcare_verify_last_run_timestamp_seconds"
_RENEWED = "youthcare_figures_renewed_timestamp_seconds"
_MESSAGES = "suffix: berichten"


def beheer() -> Dashboard:
    """The whole dashboard."""
    board = frame("Beheer", _TOLD, first="now-6h", refresh="30s")
    board = filled(board, "Toestand", _state())
    board = filled(board, "Achterstand en doorvoer", _throughput())
    board = filled(board, "Snelheid", _latency())
    board = filled(board, "Meldingen, weigeringen en stilte", _feeds())
    board = filled(board, "Postvak van geweigerde berichten", _mailbox())
    board = filled(board, "Nut van de signaalregels", _usefulness())
    return filled(board, "Storingen en controle", _troubles())


def _state() -> list[Builder[Panel]]:
    up = Words(title="Processen die antwoorden", description="Van de acht.", width=4, height=5)
    firing = Words(title="Storingen nu", description="Storingsmeldingen die nu spelen.", width=4, height=5)
    differing = Words(title="Verschillen", description="Van de laatste controle.", width=4, height=5)
    checked = Words(title="Gecontroleerde jeugdigen", description="Van de laatste controle.", width=4, height=5)
    last = Words(title="Controle gedaan", description="Tijd sinds de laatste.", unit=SECONDS, width=4, height=5)
    fresh = Words(title="Cijfers ververst", description="Tijd sinds de laatste keer.", unit=SECONDS, width=4, height=5)
    table = Words(title="Storingsmeldingen", description="Wat speelt of wordt bekeken.", width=24, height=7)
    return [
        limited(_number(up, 'sum(up{job="trajectwacht"})'), (None, "red"), (8, "green")),
        limited(_number(firing, 'count(ALERTS{alertstate="firing"}) or vector(0)'), (None, "green"), (1, "red")),
        limited(_number(differing, "sum(youthcare_verify_differences)"), (None, "green"), (1, "red")),
        _number(checked, "max(youthcare_verify_youths)"),
        limited(_number(last, f"time() - max({_VERIFIED})"), (None, "green"), (26 * 3600, "red")),
        limited(_number(fresh, f'time() - max({_RENEWED}{{figures="gauges"}})'), (None, "green"), (600, "red")),
        alert_rows(table, METRICS, metric_targets(Asked(expression="ALERTS", is_instant=True, is_table=True))),
    ]


def _throughput() -> list[Builder[Panel]]:
    lag = Words(title="Achterstand", description="Berichten die nog gelezen moeten worden, per dienst.", unit=_MESSAGES)
    by_part = Words(title="Achterstand per partitie", description="De grootste per dienst.", unit=_MESSAGES)
    applied = Words(title="Doorvoer", description="Verwerkte berichten per seconde.", unit=_PER_SECOND, decimals=1)
    batches = Words(title="Duur van een verwerkingsslag", description="95 % is sneller.", unit=SECONDS, decimals=2)
    return [
        _lines(lag, ("service:youthcare_consumer_lag:sum", "{{service}}")),
        _lines(by_part, ("max by (service) (youthcare_consumer_lag)", "{{service}}")),
        _lines(applied, ("service:youthcare_records_applied:rate5m", "{{service}}")),
        _lines(batches, ("service:youthcare_batch_seconds:p95", "{{service}}")),
    ]


def _latency() -> list[Builder[Panel]]:
    shown = (("p50", "helft"), ("p95", "95 %"), ("p99", "99 %"))
    facts = Words(title="Van melding tot zorgtraject", description="Zo veel is sneller dan.", unit=SECONDS, decimals=2)
    alert = Words(title="Van melding tot signaal", description="Zo veel is sneller dan.", unit=SECONDS, decimals=2)
    return [
        _lines(facts, *((f"job:youthcare_event_to_facts_seconds:{part}", name) for part, name in shown)),
        _lines(alert, *((f"job:youthcare_event_to_alert_seconds:{part}", name) for part, name in shown)),
    ]


def _feeds() -> list[Builder[Panel]]:
    statements = Words(
        title="Aangenomen meldingen", description="Per soort bron, per seconde.", unit=_PER_SECOND, decimals=2
    )
    refusals = Words(title="Weigeringen", description="Per reden, per seconde.", unit=_PER_SECOND, decimals=2)
    share = Words(title="Aandeel geweigerd", description="Van het afgelopen uur.", unit="percentunit", decimals=1)
    silence = Words(title="Stilte", description="Tijd sinds de laatste melding per soort afzender.", unit=SECONDS)
    newest = "sender_kind:youthcare_feed_last_statement_timestamp_seconds:max14d"
    return [
        _stacked(statements, ("source_kind:youthcare_statements:rate5m", "{{source_kind}}")),
        _stacked(refusals, ("reason:youthcare_refusals:rate5m > 0", "{{reason}}")),
        _lines(share, ("job:youthcare_refusals:ratio1h", "geweigerd")),
        _lines(silence, (f"time() - {newest}", "{{sender_kind}}")),
    ]


def _mailbox() -> list[Builder[Panel]]:
    """Counts of messages, all municipalities together; which sender it is a supervisor asks `/v1/refusals/senders`."""
    ages = Words(
        title="Openstaande weigeringen",
        description="Naar ouderdom in dagen, alle afzenders samen.",
        unit=_MESSAGES,
        width=8,
    )
    oldest = Words(title="Oudste openstaande weigering", description="Per soort afzender.", unit=SECONDS, width=8)
    repaired = Words(
        title="Op tijd hersteld",
        description="Van wat 30 tot 120 dagen geleden is geweigerd: binnen 30 dagen afgehandeld.",
        unit=PERCENT,
        width=8,
    )
    share = (
        "max by (sender_kind) (youthcare_refusals_repaired) / (max by (sender_kind) (youthcare_refusals_matured) > 0)"
    )
    return [
        _stacked(ages, ("sum by (age) (max by (sender_kind, age) (youthcare_refusals_open))", "{{age}}")),
        _lines(oldest, ("max by (sender_kind) (youthcare_refusals_oldest_open_seconds)", "{{sender_kind}}")),
        _lines(repaired, (share, "{{sender_kind}}")),
    ]


def _usefulness() -> list[Builder[Panel]]:
    """Which rules are worth having, of all municipalities together; the page `/nut` tells it of one, team by team."""
    closed = "increase(youthcare_alerts_outcomes_total[28d])"
    known = 'increase(youthcare_alerts_outcomes_total{outcome="already-known"}[28d])'
    opened = Words(title="Geopende signalen per soort", description="Van 28 dagen, alle gemeenten samen.", width=8)
    outcomes = Words(title="Hoe signalen worden afgesloten", description="Door mensen, van 28 dagen.", width=8)
    share = Words(
        title="Aandeel dat al bekend was",
        description="Van wat in 28 dagen is afgesloten. Vanaf 90 % voegt een regel weinig toe.",
        unit=PERCENT,
        width=8,
    )
    ratio = _rules(share, f"sum by (rule) ({known}) / (sum by (rule) ({closed}) > 0)", "Aandeel")
    return [
        _rules(opened, "sum by (rule) (increase(youthcare_alerts_opened_total[28d])) > 0", "Geopend"),
        _rules(outcomes, f"sum by (rule, outcome) ({closed}) > 0", "Aantal"),
        limited(ratio, (None, "text"), (0.9, "red")),
    ]


def _rules(words: Words, expression: str, value: str) -> Builder[Panel]:
    asked = Asked(expression=expression, is_instant=True, is_table=True)
    return alert_counts(words, METRICS, metric_targets(asked), RULES | OUTCOMES, value)


def _troubles() -> list[Builder[Panel]]:
    retried = Words(title="Werk overgedaan", description="Omdat de database of de broker weg was, per uur.")
    gaps = Words(title="Gaten in de nummering", description="Per uur; overgeslagen of verloren is ernstig.")
    starts = Words(title="Herstarts", description="Per uur en per proces.")
    opened = Words(title="Nieuwe signalen", description="Geopend per uur, alle gemeenten samen.")
    memory = Words(title="Geheugen", description="Per proces.", unit="bytes")
    ended = Words(title="Zelf gestopt", description="Processen die zichzelf beëindigden, per uur en reden.")
    return [
        _lines(retried, ("sum by (service) (increase(youthcare_batches_retried_total[1h]))", "{{service}}")),
        _lines(gaps, ("sum by (verdict) (increase(youthcare_offset_gaps_total[1h]))", "{{verdict}}")),
        _lines(starts, ('changes(process_start_time_seconds{job="trajectwacht"}[1h])', "{{process}}")),
        _lines(ended, ("sum by (reason) (increase(youthcare_worker_endings_total[1h]))", "{{reason}}")),
        _lines(opened, ("sum(increase(youthcare_alerts_opened_total[1h]))", "signalen")),
        _lines(memory, ('process_resident_memory_bytes{job="trajectwacht"}', "{{process}}")),
    ]


def _number(words: Words, expression: str) -> Builder[Panel]:
    return number(words, METRICS, metric_targets(Asked(expression=expression)))


def _lines(words: Words, *asked: tuple[str, str]) -> Builder[Panel]:
    return lines(words, METRICS, metric_targets(*(Asked(expression=text, legend=legend) for text, legend in asked)))


def _stacked(words: Words, *asked: tuple[str, str]) -> Builder[Panel]:
    return stacked(words, METRICS, metric_targets(*(Asked(expression=text, legend=legend) for text, legend in asked)))
