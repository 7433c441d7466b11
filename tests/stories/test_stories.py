"""The stories in this folder and the worked examples of domain.md §10 hold."""

from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from services.alerts.finding import Rule
from tests.pipeline import Pipeline, youth_of
from tests.stories.cases import Case, cases, seen, told
from tests.stories.telling import Line, differences, lines_of, stories_in

FOLDER = Path(__file__).parent
STORIES = {
    f"{path.stem}-{number}": text
    for path in sorted((*FOLDER.glob("*.txt"), *FOLDER.glob("alerts/*.txt")))
    for number, text in enumerate(stories_in(path.read_text()), start=1)
}
NOT_OF_A_YOUTH = {Rule.FEED_SILENT}


@pytest.mark.parametrize("name", STORIES)
def test_a_story_holds(name: str) -> None:
    """What follows is what the story says, line by line."""
    assert differences(STORIES[name]) == []


@pytest.mark.parametrize("name", STORIES)
def test_a_story_opens_with_what_it_tells_and_asks_something(name: str) -> None:
    """A title first, and at least one line that can fail."""
    lines = STORIES[name].splitlines()

    assert lines[0].startswith("# ") and lines[0].endswith(".")
    assert any(" facts " in line or " alerts " in line for line in lines)


@pytest.mark.parametrize("rule", [rule.value for rule in Rule if rule not in NOT_OF_A_YOUTH])
def test_every_alert_rule_has_its_stories(rule: str) -> None:
    """Fires on its day and a day before not; gone by a correction; nothing left of who is forgotten."""
    told = [list(lines_of(text)) for text in stories_in((FOLDER / "alerts" / f"{rule}.txt").read_text())]

    assert any(fires_on_its_day(lines, rule) for lines in told)
    assert any(lines[-2].verb == "forget" and set(lines[-1].words.values()) == {"none"} for lines in told)
    assert any(lines[-2].verb in ("stop", "start", "grant") and ends_in_none(lines) for lines in told)
    assert any(line.verb in ("retract-start", "grant") and ends_in_none(lines) for lines in told for line in lines[-2:])


def ends_in_none(lines: list[Line]) -> bool:
    """Whether the last line finds nothing where an alert was open."""
    was_open = any(said == "open" for line in lines for said in line.words.values())
    return was_open and set(lines[-1].words.values()) == {"none"}


def fires_on_its_day(lines: list[Line], rule: str) -> bool:
    """Whether an alert is scheduled on one day and open on the next, in two lines that follow each other."""
    return any(
        other.day - line.day == timedelta(days=1)
        and any(
            name.partition("/")[0] == rule and said == "scheduled" and other.words.get(name) == "open"
            for name, said in line.words.items()
        )
        for line, other in pairwise(lines)
        if line.verb == other.verb == "alerts"
    )


def test_a_wrong_figure_in_a_story_is_noticed() -> None:
    """A story that says something else than what follows is told where."""
    story = "2024-03-01 start ambulatory@P\n2024-03-10 facts care_days=11 in_care=yes"

    assert differences(story) == ["line 2: care_days is 10, the story says 11"]


def test_a_wrong_alert_in_a_story_is_noticed() -> None:
    """An alert that opens another day than the story says is told where."""
    story = (
        "2015-01-01 norm trajectory-overlong days=10\n2024-03-01 start ambulatory@P\n"
        "2024-03-09 alerts trajectory-overlong/norm=open"
    )

    assert differences(story) == ["line 3: trajectory-overlong/norm is scheduled, the story says open"]


@pytest.mark.parametrize(
    "line",
    [
        "2024-03-01 begin ambulatory@P",
        "2024-03-01 start wizardry@P",
        "2024-03-02 stop ambulatory@P reason=as-planned",
        "2024-03-02 facts happiness=10",
        "2024-03-02 facts last_day=running",
        "2024-03-02 alerts happiness=open",
        "2024-03-02 norm happiness days=10",
        "2024-03-02 alerts trajectory-overlong/happy=open",
        "2024-03-02 reject",
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
