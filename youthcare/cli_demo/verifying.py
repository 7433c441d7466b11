"""Compares the live tables with the log as `trajectwacht verify` does, and works out what the demo shows beside it."""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any

import orjson

from schemas.models import canonical_statement
from services.indicators.figures import Figure
from services.trajectory.app import shipped_coverage, shipped_rules
from youthcare.cli_replay import alerts_of, facts_of, figures_of, shipped_or
from youthcare.cli_verify.course import verify
from youthcare.events import Statement
from youthcare.runtime.local.stack import Stack
from youthcare.runtime.reading import span_of
from youthcare.runtime.settings import BrokerSettings, Settings
from youthcare.runtime.topics import INDICATION_EVENTS
from youthcare.verifying.report import Verdict, lines
from youthcare.youthfacts import YouthFacts


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
    return asyncio.run(_read_log(Settings.from_env(stack.environment()).broker()))


async def _read_log(broker: BrokerSettings) -> list[Statement]:
    span = await span_of(broker, INDICATION_EVENTS.name)
    bodies = [record.value async for batch in span.batches() for record in batch if record.value is not None]
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
    """Live against the log, over everything; the youths of a demo are made up and may be named."""
    processes = os.cpu_count() or 1
    report = asyncio.run(verify(Settings.from_env(stack.environment()), on, processes=processes))
    facts = replayed_facts(statements, on)
    alerts = alerts_of(facts, shipped_or(rules, "rules.yml"), on)
    rows = figures_of(facts, [], "enschede", on)
    return Comparison(
        differences=[] if report.verdict is Verdict.EQUAL else lines(report),
        youths=len(facts),
        figures=len(rows),
        alerts=len(alerts),
        rows=rows,
        open_alerts=[row for row in alerts if row["state"] == "open"],
    )
