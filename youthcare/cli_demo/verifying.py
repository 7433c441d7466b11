"""Compares the live tables with what `replay` makes of the same log: facts, steps of all figures, alerts."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any

import asyncpg
import orjson
from confluent_kafka import Consumer, TopicPartition

from schemas.models import canonical_statement
from services.indicators.figures import Figure
from services.indicators.steps import NOTHING, summed
from services.indicators.tally import tally_all
from services.trajectory.app import shipped_coverage, shipped_rules
from youthcare.cli_replay import alerts_of, facts_of, figures_of, shipped_or
from youthcare.events import Statement
from youthcare.runtime.brokers import Inspector, client_config
from youthcare.runtime.local.stack import Stack
from youthcare.runtime.settings import Settings
from youthcare.runtime.topics import INDICATION_EVENTS
from youthcare.wire import from_wire
from youthcare.youthfacts import YouthFacts

Row = tuple[Any, ...]
SHOWN_MAX = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What was compared and in what it differs; the figures of today, for showing."""

    differences: list[str]
    youths: int
    figures: int
    alerts: int
    rows: list[Figure]
    open_alerts: list[dict[str, Any]]


def read_log(stack: Stack) -> list[Statement]:
    """All statements on `indication-events`."""
    settings = Settings.from_env(stack.environment()).broker()
    inspector = Inspector(settings)
    ends = {each: end for each, end in inspector.end_offsets(inspector.identity(INDICATION_EVENTS.name)).items() if end}
    consumer = Consumer(client_config(settings) | {"group.id": "verify", "enable.auto.commit": False})
    consumer.assign([TopicPartition(INDICATION_EVENTS.name, each, 0) for each in ends])
    bodies: list[bytes] = []
    while ends:
        for message in consumer.consume(1000, 1.0):
            partition, offset, body = message.partition() or 0, message.offset() or 0, message.value()
            if message.error() is None:
                bodies += [body] if body is not None else []
                if offset + 1 >= ends.get(partition, 0):
                    ends.pop(partition, None)
    consumer.close()
    return [canonical_statement(orjson.loads(body)) for body in bodies]


def replayed_facts(statements: Sequence[Statement], on: date) -> list[YouthFacts]:
    """The facts as `replay` derives them, per municipality with its own start of coverage."""
    coverage = shipped_coverage()
    ordered = sorted(statements, key=lambda row: row.municipality)
    return [
        facts
        for municipality, rows in groupby(ordered, key=lambda row: row.municipality)
        for facts in facts_of(list(rows), replace(shipped_rules(), coverage_start=coverage.get(municipality)), on)
    ]


def compare(stack: Stack, statements: Sequence[Statement], rules: Path, on: date) -> Comparison:
    """Live against replay, over everything in the log."""
    facts = replayed_facts(statements, on)
    alerts = alerts_of(facts, shipped_or(rules, "rules.yml"), on)
    live_facts, live_steps, live_alerts = asyncio.run(_live(stack))
    rows = figures_of(facts, [], "enschede", on)
    return Comparison(
        differences=[
            *_differing("facts", live_facts, [_fact_row(row) for row in facts]),
            *_differing("steps", live_steps, _step_rows(facts)),
            *_differing("alerts", live_alerts, [_alert_row(row) for row in alerts]),
        ],
        youths=len(facts),
        figures=len(rows),
        alerts=len(alerts),
        rows=rows,
        open_alerts=[row for row in alerts if row["state"] == "open"],
    )


def _differing(what: str, live: list[Row], replay: list[Row]) -> list[str]:
    only_live, only_replay = Counter(live) - Counter(replay), Counter(replay) - Counter(live)
    if not only_live and not only_replay:
        return []
    told = [f"{what}: {only_live.total()} rows only live, {only_replay.total()} only in replay"]
    told += [f"  only live: {row}" for row in list(only_live)[:SHOWN_MAX]]
    return told + [f"  only in replay: {row}" for row in list(only_replay)[:SHOWN_MAX]]


def _fact_row(facts: YouthFacts) -> Row:
    """Facts but for the day on which they were last told."""
    return facts.municipality, facts.youth, repr(replace(facts, known_day=date.min))


def _step_rows(facts: Sequence[YouthFacts]) -> list[Row]:
    ordered = sorted(facts, key=lambda row: row.municipality)
    return [
        (municipality, *key, *amount)
        for municipality, rows in groupby(ordered, key=lambda row: row.municipality)
        for key, amount in summed(map(tally_all, rows)).items()
        if amount != NOTHING
    ]


def _alert_row(row: dict[str, Any]) -> Row:
    return tuple(row[name] if name != "evidence" else tuple(row[name]) for name in ALERT_NAMES)


ALERT_NAMES = (
    "rule", "level", "anchor", "youth", "team", "opens_on", "closes_on", "state", "evidence", "sentence",
)  # fmt: skip


async def _live(stack: Stack) -> tuple[list[Row], list[Row], list[Row]]:
    connection = await asyncpg.connect(stack.dsn("admin"))
    try:
        bodies = await connection.fetch("select facts from trajectory.youth where facts is not null")
        steps = await connection.fetch(
            """select municipality, indicator, definition, period, group_kind, group_name, effective_day,
                      sum(numerator)::int, sum(denominator)::int, sum(pending)::int
               from indicators.step group by 1, 2, 3, 4, 5, 6, 7
               having sum(numerator) <> 0 or sum(denominator) <> 0 or sum(pending) <> 0"""
        )
        alerts = await connection.fetch("select * from alerts.alert where state <> 'withdrawn'")
    finally:
        await connection.close()
    told = [from_wire(YouthFacts, orjson.loads(row["facts"])) for row in bodies]
    return (
        [_fact_row(facts) for facts in told if not facts.gone],
        [tuple(row) for row in steps],
        [_alert_row(_plain(row)) for row in alerts],
    )


def _plain(row: asyncpg.Record) -> dict[str, Any]:
    plain = {name: value.isoformat() if isinstance(value, date) else value for name, value in row.items()}
    evidence = plain["evidence"]
    return {**plain, "evidence": orjson.loads(evidence) if isinstance(evidence, str) else evidence}
