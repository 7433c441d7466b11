"""Every case of the golden village through the services' own functions, in memory: message in, facts out.

Rules. Each case gives what was written by hand from the law: facts, statements, refusals, referrers. Neither order
nor repetition nor company changes that. Our own `message.carried` records are no statements about a youth and are
not counted.
"""

import random
from collections.abc import Sequence
from itertools import zip_longest

import pytest

from tests.pipeline import Pipeline, without_reception, youth_of
from tests.stories.cases import Case, Expected, Message, cases, referrers, seen, told
from youthcare.outcome import Refused

VILLAGE = cases("village")
each_case = pytest.mark.parametrize("case", VILLAGE, ids=lambda case: case.name)


def check_facts(pipeline: Pipeline, case: Case) -> None:
    """Facts, statements and referrers are those of the case."""
    youth = youth_of(case.bsn)
    for expected in case.expected:
        facts = pipeline.facts(expected.on, expected.coverage_start).get(youth)
        assert seen(facts, expected) == expected.facts, f"{case.name} on {expected.on}"
        assert referrers(facts, expected) == expected.referrers
        if expected.statements is not None:
            assert len(pipeline.statements(youth)) == expected.statements


def delivered(messages: Sequence[Message]) -> tuple[Pipeline, list[Refused]]:
    """A pipeline that took in these messages, and what it refused."""
    pipeline = Pipeline()
    refused = [each for message in messages for each in pipeline.deliver(message)]
    return pipeline, refused


def codes(refused: Sequence[Refused]) -> list[str]:
    """The codes of refusals, whatever their order."""
    return sorted(each.reason.value for each in refused)


def expected_codes(expected: Expected) -> list[str]:
    """The codes a case expects, whatever their order."""
    return sorted(code for code, _ in expected.refusals)


@each_case
def test_a_golden_case_gives_the_facts_written_by_hand(case: Case) -> None:
    """The messages of a case, in their order of arrival, give its facts and its refusals."""
    pipeline, refused = delivered(case.messages)

    check_facts(pipeline, case)
    assert told(refused, case.expected[0]) == list(case.expected[0].refusals)
    assert pipeline.register.parked == []


@each_case
def test_the_last_message_may_come_first(case: Case) -> None:
    """Order of arrival has no meaning (domain.md §2, rule OP080)."""
    pipeline, refused = delivered(case.messages[::-1])

    check_facts(pipeline, case)
    assert codes(refused) == expected_codes(case.expected[0])


@each_case
def test_every_message_may_come_twice(case: Case) -> None:
    """Repetition has no meaning; what was refused is refused again."""
    pipeline, refused = delivered([*case.messages, *case.messages])

    check_facts(pipeline, case)
    assert codes(refused) == sorted(2 * expected_codes(case.expected[0]))


@pytest.fixture(scope="module")
def whole_village() -> Pipeline:
    """All cases in one pipeline: first every first message, then every second, and so on."""
    rounds = zip_longest(*(case.messages for case in VILLAGE))
    return delivered([message for row in rounds for message in row if message is not None])[0]


@each_case
def test_a_case_is_the_same_among_others(case: Case, whole_village: Pipeline) -> None:
    """No youth's facts or statements depend on another's (locality)."""
    alone, _ = delivered(case.messages)

    youth = youth_of(case.bsn)
    check_facts(whole_village, case)
    assert without_reception(whole_village.statements(youth)) == without_reception(alone.statements(youth))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_village_may_arrive_in_any_order(seed: int) -> None:
    """All messages of all youths, shuffled, a third of them twice: the facts stay."""
    dice = random.Random(seed)
    messages = [message for case in VILLAGE for message in case.messages]
    messages += dice.sample(messages, len(messages) // 3)
    dice.shuffle(messages)

    pipeline, _ = delivered(messages)

    for case in VILLAGE:
        check_facts(pipeline, case)


def test_no_statement_of_the_village_holds_a_citizen_service_number(whole_village: Pipeline) -> None:
    """The number is known at the door and nowhere behind it (domain.md §8)."""
    texts = [repr(row) for _, row in whole_village.register.statements.values()]

    assert [case.name for case in VILLAGE if any(case.bsn in text for text in texts)] == []
