"""Anything at the doors is taken in or refused for a reason; nothing is raised, nothing grows or lasts."""

import multiprocessing
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tests.fuzz.attacks import ATTACKS, PROVEN_ONLY
from tests.fuzz.inputs import an_input
from tests.fuzz.judging import outcomes
from tests.fuzz.run import CORPUS, bounded, judge_all, limit_memory, numbered
from youthcare.outcome import Reason

KEPT = sorted(path for path in CORPUS.iterdir() if path.suffix != ".md")
OUTCOMES = {"taken", "recognised", "nothing", *(reason.value for reason in Reason)}
ATTACK_SECONDS = 60.0  # of the processor, on the slowest machine that we know of many times what is needed


@given(some.binary(min_size=16, max_size=160))
@settings(max_examples=settings().max_examples * 3)
def test_every_input_is_taken_in_or_refused_with_a_reason(entropy: bytes) -> None:
    """Messages and events, changed in every way; see `judging.py` for what must be true of each answer."""
    assert set(outcomes(an_input(entropy))) <= OUTCOMES


@given(some.binary(max_size=200))
def test_bytes_that_are_nothing_at_all_are_refused(content: bytes) -> None:
    """Bytes alone, as a broken gateway sends them."""
    assert set(outcomes(content)) <= OUTCOMES


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.name)
def test_every_input_of_the_corpus_is_answered(path: Path) -> None:
    """What once broke a rule is kept, and so are shapes that are hard to come by."""
    content = path.read_bytes()

    # The last byte decides which sender brings it and whether a schema is configured: blanks go through all of them.
    for blanks in range(16):
        assert set(outcomes(content + b" " * blanks)) <= OUTCOMES


def test_the_same_number_makes_the_same_input() -> None:
    """A failure of the long run can be made again by its seed and number."""
    assert [numbered(7, number) for number in range(50)] == [numbered(7, number) for number in range(50)]
    assert len({numbered(7, number) for number in range(50)}) > 40


def test_a_short_run_breaks_no_rule() -> None:
    """The first inputs of the long run, by its own machinery: shares, limits and what is told at the end."""
    first, second = judge_all(seed=3, inputs=2000, processes=2, seconds=600)

    assert (first.inputs, second.inputs) == (1000, 1000)
    assert first.failures == second.failures == []
    assert {"taken", "not-xml", "not-json", "field-invalid"} <= set(first.outcomes + second.outcomes) <= OUTCOMES


def _attacked(name: str, told: "Connection[set[str], None]") -> None:
    limit_memory()
    content = ATTACKS[name]()
    with bounded(ATTACK_SECONDS):
        found = set(outcomes(content)) | set(outcomes(content + b" "))
    told.send(found)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.prove] if name in PROVEN_ONLY else []) for name in ATTACKS]
)
def test_a_large_input_stays_within_two_gigabytes_and_a_minute(name: str) -> None:
    """Each in a process of its own, that the kernel ends when it takes more memory or processor than that."""
    told, child = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=_attacked, args=(name, child))
    process.start()
    child.close()

    found = told.recv()
    process.join()

    assert found <= OUTCOMES
    assert process.exitcode == 0
