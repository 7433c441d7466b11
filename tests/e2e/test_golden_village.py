"""The golden village through the real doors, Kafka and Postgres gives the facts that were written by hand.

Rules. The same cases as in `tests/test_pipeline.py`, which runs them in memory: one suite, two engines. All are fed
at once. Afterwards no number of theirs stands anywhere: they came over HTTP, so not even in `intake`.
"""

import asyncio

import pytest

from tests.bsn_scan import scan_files, scan_tables, scan_text, scan_topics
from tests.e2e.village import Lived, live
from tests.indication import World, world_of
from tests.stories.cases import Case, cases, last_name, referrers, seen
from youthcare.runtime.local.stack import Stack

VILLAGE = cases("village")
NUMBERS = [case.bsn for case in VILLAGE]
PROVIDER = "99910001"  # stands in every table and topic that holds statements or facts
each_case = pytest.mark.parametrize("case", VILLAGE, ids=lambda case: case.name)


@pytest.fixture(scope="module")
def world(stack: Stack) -> World:
    """The stack with its keys."""
    return world_of(stack)


@pytest.fixture(scope="module")
def lived(world: World, tmp_path_factory: pytest.TempPathFactory) -> Lived:
    """The village, fed once."""
    return live(world, VILLAGE, tmp_path_factory.mktemp("village"))


@each_case
def test_a_golden_case_gives_its_facts_end_to_end(case: Case, lived: Lived) -> None:
    """Facts, referrers and number of statements in the trajectory service's own tables are those of the case."""
    facts = lived.facts.get(case.name)

    for expected in case.expected:
        assert seen(facts, expected) == expected.facts, f"on {expected.on}"
        assert referrers(facts, expected) == expected.referrers
        if expected.statements is not None:
            assert lived.statement_counts.get(case.name, 0) == expected.statements


@each_case
def test_a_golden_case_is_answered_over_http(case: Case, lived: Lived) -> None:
    """A supervisor who asks the trajectory API is told the same; what has no line is not answered."""
    for expected in case.expected:
        answer = lived.answers.get((case.name, expected.on))
        if expected.facts is None:
            assert answer is None
        else:
            assert answer is not None
            assert {name: answer[name] for name in expected.facts} == expected.facts


@each_case
def test_a_golden_case_is_refused_what_it_should_be(case: Case, lived: Lived) -> None:
    """The sender is told code and place of each refusal, in order of arrival."""
    told = [(code, last_name(field)) for code, field in lived.refusals[case.name]]
    wanted = case.expected[0].refusals

    assert [code for code, _ in told] == [code for code, _ in wanted]
    named = [(mine, field) for (_, mine), (_, field) in zip(told, wanted, strict=True) if field is not None]
    assert [mine for mine, _ in named] == [field for _, field in named]


@pytest.mark.usefixtures("lived")
def test_no_number_of_the_village_stands_in_any_table(world: World) -> None:
    """Behind the door a youth has a random identifier and nothing else (domain.md §8)."""
    assert asyncio.run(scan_tables(world.stack, [PROVIDER])) != [], "the scan finds what does stand there"
    assert asyncio.run(scan_tables(world.stack, NUMBERS)) == []


@pytest.mark.usefixtures("lived")
def test_no_number_of_the_village_stands_in_any_topic(world: World) -> None:
    """All topics but `intake`, those of Kafka itself included."""
    assert set(scan_topics(world.stack, [PROVIDER])) >= {"indication-events", "trajectory-facts"}
    assert scan_topics(world.stack, NUMBERS) == []


def test_no_number_of_the_village_stands_in_logs_metrics_or_answers(lived: Lived) -> None:
    """What is told about the software tells of no person."""
    told = [found for place, text in lived.texts.items() for found in scan_text(place, text, NUMBERS)]

    assert {path.name for path in lived.logs} == {"indication-api.log", "trajectory-worker.log"}
    assert [path.name for path in lived.logs if not path.read_text()] == []
    assert scan_files(lived.logs, NUMBERS) == []
    assert told == []
