"""Reads what stood there when all had come to rest: the log record by record, the tables row by row, and a replay.

One rule: the direct readings use nothing of the services but the names of topics, tables and columns.
"""

import asyncio
import hashlib
import json
import time
from typing import Any

from tests.e2e.town import DUE, ON_TOPIC, UNPUBLISHED, Town, today
from tests.faults.judging import Found, Logged, Told
from tests.indication import until
from youthcare.cli_demo.settling import WORKERS, lag_of
from youthcare.cli_verify.course import verify
from youthcare.runtime.processing import Record, Unavailable
from youthcare.runtime.reading import span_of
from youthcare.runtime.settings import Settings
from youthcare.runtime.topics import INTAKE
from youthcare.verifying.report import Report, Verdict, lines

_LEDGER = "select source, id from trajectory.statement where municipality = '{0}'"
_WAITING = "select source, id from indication.parked where municipality = '{0}'"
_REFUSED = "select body from indication.refusal where municipality = '{0}'"
_ALERTS = """
select youth, rule, level, anchor, occurrence, count(*) as standing from alerts.alert
where municipality = '{0}' and state <> 'withdrawn' group by 1, 2, 3, 4, 5
"""
VERIFIED_TRIES, CAUGHT_UP_SECONDS = 3, 900.0


def settle(town: Town, seconds: float = CAUGHT_UP_SECONDS) -> None:
    """Wait until all that was taken in is published, applied and opened, by processes that may end and start again."""
    for processor, topic in (("indication", INTAKE), *WORKERS):
        until(lambda: _is_none(town, UNPUBLISHED), "the register is published", seconds)
        until(lambda: lag_of(town.stack, processor, topic) == 0, f"{processor} has caught up", seconds)  # noqa: B023
    until(lambda: _is_none(town, UNPUBLISHED) and _is_none(town, DUE), "what is due is open and told", seconds)


def _is_none(town: Town, count: str) -> bool:
    return not town.ask(count)[0]["count"]


def found_in(town: Town, municipality: str) -> Found:
    """All that can be found of one municipality."""
    log, told = records(town, municipality, "indication-events"), records(town, municipality, "care-alerts")
    report = _verified(town, municipality)
    return Found(
        log=[_logged(json.loads(row.value)) for row in log if row.value is not None],
        told=[_told(json.loads(row.value)) for row in told if row.value is not None and not _is_beat(row)],
        ledger={(row["source"], row["id"]) for row in town.ask(_LEDGER.format(municipality))},
        waiting={(row["source"], row["id"]) for row in town.ask(_WAITING.format(municipality))},
        refused={json.loads(row["body"]).get("identification") for row in town.ask(_REFUSED.format(municipality))},
        alerts={tuple(row.values())[:-1]: row["standing"] for row in town.ask(_ALERTS.format(municipality))},
        untold=sum(_untold(town, municipality, topic) for topic in ON_TOPIC),
        differences=[] if report.verdict is Verdict.EQUAL else lines(report),
        difference_count=sum(each.count for each in report.differences) + report.unjudged,
    )


def _verified(town: Town, municipality: str) -> Report:
    """The log folded and compared; asked again while something lags, since a verdict is what is wanted."""
    for _ in range(VERIFIED_TRIES):
        settings = Settings.from_env(town.stack.environment())
        report = asyncio.run(verify(settings, today(), municipality=municipality, patience_seconds=60.0, processes=2))
        if report.verdict is not Verdict.UNKNOWN:
            return report
    raise AssertionError(f"nothing could be said: {report.reason}")


def records(town: Town, municipality: str, topic: str) -> list[Record]:
    """The records of a municipality on a topic, by their keys; a broker that comes back is asked again."""
    prefix = f"{municipality}/".encode()
    deadline = time.monotonic() + 60
    while True:
        try:
            found = asyncio.run(_read(town, topic))
        except Unavailable:
            assert time.monotonic() < deadline, "the broker does not answer"
        else:
            return [row for row in found if (row.key or b"").startswith(prefix)]


async def _read(town: Town, topic: str) -> list[Record]:
    span = await span_of(Settings.from_env(town.stack.environment()).broker(), topic)
    return [record async for batch in span.batches() for record in batch]


def _untold(town: Town, municipality: str, topic: str) -> int:
    """How many rows say that they stand on a topic and do not, byte for byte."""
    there = {row.value for row in records(town, municipality, topic)}
    rows = town.ask(f"{ON_TOPIC[topic]} where municipality = '{municipality}' and published is not null")
    return sum(bytes(row["body"]) not in there for row in rows)


def _logged(event: dict[str, Any]) -> Logged:
    return Logged(identity=(event["source"], event["id"]), youth=event["subject"], content=_digest(event))


def _is_beat(record: Record) -> bool:
    return (record.key or b"").endswith(b"/heartbeat")


def _told(event: dict[str, Any]) -> Told:
    rest = {name: value for name, value in event.items() if name not in ("receiver", "number", "time")}
    return Told(receiver=event["receiver"], number=event["number"], alert=event["alert"], content=_digest(rest))


def _digest(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]
