"""What the simulator means is what the law reads in its messages, once all of them have arrived.

The messages go through the pure part of the indication service and the naive oracle; the truth comes from the
simulator's intentions. Neither knows the other, so an error in noise, standard or figures shows here.
"""

import json
from collections.abc import Iterator
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from services.indication import ijw
from services.indication.drafts import drafts
from services.indication.message import Message, parse
from services.indication.references import message_key, renamed
from tests import oracle
from youthcare.events import StatementData
from youthcare.outcome import Refused
from youthcare.period import ONE_DAY, Period, civil_day, month_of, months_of
from youthcare.simulator import Envelope, Simulation, simulate
from youthcare.simulator.assignments import Assignment
from youthcare.simulator.figures import care_periods, provisions
from youthcare.simulator.stream import Life, lives
from youthcare.wire import to_wire

ON = date(2024, 12, 31)
LAST_DAY = date(2025, 12, 31)  # a year more, so that whatever is late has come
SIMULATION = Simulation(seed=11, first_day=date(2024, 1, 1), last_day=LAST_DAY, youths_per_year=120)
KEY = b"a key for this test only........"
Statement = dict[str, Any]


def zulu(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


def message_of(envelope: Envelope) -> Message | None:
    """The message as the door reads it, whether or not it was made wrong on purpose."""
    document = ijw.read(envelope.body)
    assert not isinstance(document, ijw.SetAside)
    message = None if isinstance(document, Refused) else parse(document)
    return message if isinstance(message, Message) else None


def statement(envelope: Envelope, data: StatementData, youth: str, **identity: str) -> Statement:
    return {
        "type": f"nl.jeugdzorg.{data.type}",
        "municipality": "0153",
        "subject": youth,
        **identity,
        "received": zulu(envelope.received),
        "data": to_wire(data),
    }


def from_team(envelope: Envelope) -> Statement:
    event: Statement = json.loads(envelope.body)
    youth = event["data"].pop("bsn")
    return {**event, "subject": youth, "received": zulu(envelope.received)}


def statements(envelopes: list[Envelope]) -> Iterator[Statement]:
    """The canonical statements of all envelopes; a return finds its youth by the message it answers.

    Answers to requests (JW319) say nothing about care given, and are left out.
    """
    read = [(one, message) for one in envelopes if one.door == "ijw" and (message := message_of(one)) is not None]
    known: dict[str, tuple[str, str]] = {}
    for _, message in read:
        if message.bsn is not None:
            named = message_key(message, KEY)
            known[named.own.lookup] = message.bsn, named.own.name
    for envelope, message in read:
        good, bad = drafts(message, received_day=civil_day(envelope.received), key=KEY)
        assert bool(bad) <= (envelope.flaw is not None), "only a message with a flaw is refused"
        answers = message_key(message, KEY).refers_to
        youth, name = message.bsn, ""
        if youth is None and answers is not None and answers.lookup in known:
            youth, name = known[answers.lookup]
        for draft in good if youth is not None else ():
            data = draft.data if message.bsn else renamed(draft.data, name)
            yield statement(envelope, data, str(youth), id=draft.id, source=draft.source, time=zulu(draft.time))
    yield from (from_team(one) for one in envelopes if one.door == "events" and one.flaw is None)


@cache
def measured() -> dict[str, Statement]:
    """The facts of every youth by the oracle, each statement taken once, with its first reception."""
    envelopes = list(simulate(SIMULATION.seed, "0153", SIMULATION.first_day, LAST_DAY, 120))
    first: dict[tuple[str, str], Statement] = {}
    for one in statements(envelopes):
        first.setdefault((one["source"], one["id"]), one)
    text = (Path(__file__).parents[2] / "deploy" / "care-forms.yml").read_text(encoding="utf-8")
    lines = oracle.facts(
        list(first.values()),
        ON,
        coverage_start=SIMULATION.coverage_start,
        known_on=None,
        care_forms=yaml.safe_load(text),
    )
    return {line["youth"]: line for line in lines}


def told(life: Life) -> list[Assignment]:
    return [
        one
        for one in life.assignments
        if (running := one.running) is not None
        and one.provision.offer.counts
        and running.end > SIMULATION.coverage_start
    ]


def test_the_care_periods_of_every_youth_are_the_ones_that_were_meant() -> None:
    """Late, double, corrected, rejected and overtaken messages change nothing."""
    for life in lives(SIMULATION):
        meant = [
            (period.first_day.isoformat(), period.last_day.isoformat() if period.end <= ON else None)
            for period in care_periods(told(life))
            if period.start <= ON and period.last_day is not None
        ]
        line = measured().get(life.youth.bsn, {"care_periods": []})
        assert [(one["first_day"], one["last_day"]) for one in line["care_periods"]] == meant


def test_the_stacking_of_every_month_is_the_one_that_was_meant() -> None:
    """Provisions per month, from the first day on which all care is told."""
    months = list(months_of(Period(SIMULATION.coverage_start, ON + ONE_DAY)))
    for life in lives(SIMULATION):
        counted = {
            month_of(month.start): sum(
                any(part.clipped(month.start, month.end) for part in periods)
                for periods in provisions(told(life)).values()
            )
            for month in months
        }
        line = measured().get(life.youth.bsn, {"provisions_by_month": {}})
        since = {month: number for month, number in line["provisions_by_month"].items() if month >= "2023-07"}
        assert since == {month: number for month, number in counted.items() if number > 1}


def test_enough_was_told_for_these_tests_to_mean_something() -> None:
    """Youths with several care periods, and youths with stacked care."""
    lines = measured().values()

    assert len(lines) > 120
    assert sum(len(line["care_periods"]) > 1 for line in lines) > 10
    assert sum(bool(line["provisions_by_month"]) for line in lines) > 40
