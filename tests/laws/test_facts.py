"""The laws of the facts, each against the naive oracle or against the facts of a changed ledger."""

from datetime import date, timedelta
from typing import Any

import orjson
import yaml
from hypothesis import given
from hypothesis import strategies as st

from services.trajectory.facts import Rules
from services.trajectory.ledger import known_on
from tests import oracle
from tests.builders import Statement
from tests.strategies import Question, ledgers, questions, shuffled
from youthcare.cli_replay import facts_lines, facts_of
from youthcare.codes import care_forms_from
from youthcare.runtime.settings import shipped
from youthcare.wire import statement_from_wire

CARE_FORMS: dict[str, Any] = yaml.safe_load(shipped("care-forms.yml").read_text())
TABLE = care_forms_from(CARE_FORMS)


def facts_jsonl(told: list[Statement], question: Question) -> bytes:
    """`facts.jsonl` as replay writes it."""
    rows = [statement_from_wire(event) for event in told]
    if question.known_on is not None:
        rows = list(known_on(rows, question.known_on))
    rules = Rules(care_forms=TABLE, coverage_start=question.coverage_start)
    return b"".join(facts_lines(facts_of(rows, rules, question.on), question.on))


def lines_of(told: list[Statement], question: Question) -> list[dict[str, Any]]:
    """The same, read back."""
    return [orjson.loads(line) for line in facts_jsonl(told, question).splitlines()]


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Statement], Question]:
    """A ledger and something asked of it."""
    told = draw(ledgers())
    return told, draw(questions(told))


@given(histories())
def test_the_stream_gives_what_a_naive_recomputation_gives(history: tuple[list[Statement], Question]) -> None:
    """Step by step equals all at once (law 11); the oracle counts day by day up to 800 days past the day asked."""
    told, question = history

    expected = oracle.facts(
        told,
        question.on,
        coverage_start=question.coverage_start,
        known_on=question.known_on,
        care_forms=CARE_FORMS,
    )

    assert lines_of(told, question) == expected


@given(histories(), st.data())
def test_order_and_repetition_do_not_matter(history: tuple[list[Statement], Question], data: st.DataObject) -> None:
    """Any order of the same messages, any of them twice, gives the same bytes (laws 1 and 2)."""
    told, question = history

    other = data.draw(shuffled(told))

    assert facts_jsonl(other, question) == facts_jsonl(told, question)


RETRACTED = {
    "nl.jeugdzorg.indication.started.v1": "nl.jeugdzorg.indication.started.retracted.v1",
    "nl.jeugdzorg.indication.ended.v1": "nl.jeugdzorg.indication.ended.retracted.v1",
}


@given(histories(), st.data())
def test_a_correction_leaves_no_trace_in_the_facts(
    history: tuple[list[Statement], Question], data: st.DataObject
) -> None:
    """A statement and its retraction give the facts of neither (law 3).

    Limit: not for the first start of an indication by the iJw chain, which silences other sources for good.
    """
    told, question = history
    source = data.draw(st.sampled_from(["/0153/wijkteam-oost", "/0153/wijkteam-west"]))
    day = data.draw(st.dates(date(2024, 1, 1), date(2024, 12, 31)))
    indication = data.draw(st.sampled_from(["0153-1", "0153-2", "0153-9"]))
    stated = {**told[0], "source": source, "id": "law-3-a", "type": "nl.jeugdzorg.indication.started.v1"}
    stated["data"] = {"indication": indication, "first_day": day.isoformat()}
    retracted = {**stated, "id": "law-3-b", "type": RETRACTED[stated["type"]]}

    corrected = lines_of([*told, stated, retracted], question)

    assert _timeless(corrected) == _timeless(lines_of(told, question))


def _timeless(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without the version, which counts statements; youths of whom nothing is known left out."""
    stripped = [{key: value for key, value in line.items() if key != "version"} for line in lines]
    return [line for line in stripped if line["care_periods"] or line["waiting"] or line["provisions_today"]]


@given(histories(), histories())
def test_ledgers_of_different_municipalities_are_a_plain_union(
    one: tuple[list[Statement], Question], other: tuple[list[Statement], Question]
) -> None:
    """Two municipalities with the same youths, teams and numbers give each its own facts (union, wall)."""
    told, question = one
    elsewhere = [{**event, "municipality": "0164"} for event in other[0]]

    together = lines_of([*told, *elsewhere], question)

    apart = [*lines_of(told, question), *lines_of(elsewhere, question)]
    assert sorted(together, key=orjson.dumps) == sorted(apart, key=orjson.dumps)


@given(histories())
def test_a_message_about_one_youth_changes_no_other(history: tuple[list[Statement], Question]) -> None:
    """Locality (law 4): without a merge between them, each youth's line follows from its own statements alone."""
    told, question = history
    if any(event["type"].startswith("nl.jeugdzorg.youth.merged") for event in told):
        told = [event for event in told if not event["type"].startswith("nl.jeugdzorg.youth.merged")]

    together = lines_of(told, question)

    alone = [
        line
        for youth in sorted({event["subject"] for event in told})
        for line in lines_of([event for event in told if event["subject"] == youth], question)
    ]
    assert together == alone


@given(histories())
def test_the_name_of_a_youth_does_not_matter(history: tuple[list[Statement], Question]) -> None:
    """Anonymity (law 9): another identifier, the same facts. Limit: merges choose the least identifier."""
    told, question = history
    renamed = [{**event, "subject": f"z{event['subject']}", "data": _renamed(event["data"])} for event in told]

    assert [{**line, "youth": f"z{line['youth']}"} for line in lines_of(told, question)] == lines_of(renamed, question)


def _renamed(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "into": f"z{data['into']}"} if "into" in data else data


@given(histories(), st.integers(1, 400))
def test_care_days_lie_between_the_longest_and_the_sum(history: tuple[list[Statement], Question], later: int) -> None:
    """Care days of a trajectory never exceed its duration, and neither shrinks as days go by (law 5)."""
    told, question = history
    after = Question(
        on=question.on + timedelta(days=later), coverage_start=question.coverage_start, known_on=question.known_on
    )

    now, then = lines_of(told, question), lines_of(told, after)

    for line, grown in zip(now, then, strict=True):
        for before, afterwards in zip(line["trajectories"], grown["trajectories"], strict=False):
            assert before["care_days"] <= before["care_duration_days"]
            assert before["care_days"] <= afterwards["care_days"]
            assert before["care_duration_days"] <= afterwards["care_duration_days"]
