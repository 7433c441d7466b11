"""The stories in this folder and the worked examples of domain.md §10 hold."""

from pathlib import Path

import pytest

from tests.pipeline import Pipeline, youth_of
from tests.stories.cases import Case, cases, seen, told
from tests.stories.telling import differences

STORIES = sorted(Path(__file__).parent.glob("*.txt"))


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_a_story_holds(path: Path) -> None:
    """What follows is what the story says, line by line."""
    assert differences(path.read_text()) == []


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_a_story_opens_with_what_it_tells_and_asks_for_facts(path: Path) -> None:
    """A title first, and at least one line that can fail."""
    lines = path.read_text().splitlines()

    assert lines[0].startswith("# ") and lines[0].endswith(".")
    assert any(" facts " in line for line in lines)


def test_a_wrong_figure_in_a_story_is_noticed() -> None:
    """A story that says something else than what follows is told where."""
    story = "2024-03-01 start ambulatory@P\n2024-03-10 facts care_days=11 in_care=yes"

    assert differences(story) == ["line 2: care_days is 10, the story says 11"]


@pytest.mark.parametrize(
    "line",
    [
        "2024-03-01 begin ambulatory@P",
        "2024-03-01 start wizardry@P",
        "2024-03-02 stop ambulatory@P reason=as-planned",
        "2024-03-02 facts happiness=10",
        "2024-03-02 facts last_day=running",
    ],
)
def test_a_line_without_a_meaning_is_named(line: str) -> None:
    """Nothing in a story is skipped."""
    with pytest.raises(ValueError, match="line 1 has no meaning"):
        differences(line)


@pytest.mark.parametrize("case", cases("worked-examples"), ids=lambda case: case.name)
def test_a_worked_example_of_the_law_holds(case: Case) -> None:
    """The examples of domain.md §10, stated by a team as JSON events."""
    pipeline = Pipeline()

    refused = [each for message in case.messages for each in pipeline.deliver(message)]

    youth = youth_of(case.bsn)
    for expected in case.expected:
        facts = pipeline.facts(expected.on, expected.coverage_start).get(youth)
        assert seen(facts, expected) == expected.facts
        assert len(pipeline.statements(youth)) == expected.statements
        assert told(refused, expected) == list(expected.refusals)
