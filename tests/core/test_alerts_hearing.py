"""What a batch of facts brings: of each youth the newest, whatever the order, and nothing lost beside it."""

from typing import Any

import orjson
import pytest

from services.alerts.app.hearing import read
from tests import builders
from tests.naive_indicators import told_layers
from tests.pipeline import care_forms
from youthcare.runtime.processing import Record
from youthcare.runtime.topics import youth_key
from youthcare.wire import to_wire

KEY = youth_key(builders.MUNICIPALITY, builders.YOUTH)


def told(day: int) -> dict[str, Any]:
    """The facts of a youth in care, as known on a day of March 2024."""
    received = f"2024-03-{day:02d}T10:00:00Z"
    (facts,) = told_layers([builders.started(first_day="2024-03-01", received=received)], care_forms(), None)
    content: dict[str, Any] = to_wire(facts)
    return content


def record(offset: int, content: Any) -> Record:
    """A record at a place; None is a tombstone."""
    value = None if content is None else orjson.dumps(content)
    return Record(topic="trajectory-facts", partition=0, offset=offset, key=KEY, value=value, timestamp_ms=0)


@pytest.mark.parametrize("days", [(4, 5, 6), (6, 4, 5), (5, 6, 4, 6)])
def test_of_one_youth_the_newest_facts_count_in_whatever_order_they_come(days: tuple[int, ...]) -> None:
    """What was told again after a crash may stand behind what is newer."""
    news = read([record(number, told(day)) for number, day in enumerate(days)])

    assert [facts.known_day.day for facts in news.told] == [6]
    assert news.refused == []


def test_when_the_newest_is_no_facts_it_is_refused_by_its_place_and_the_one_before_counts() -> None:
    """A wrong shape stops nothing and hides nothing."""
    news = read([record(7, told(4)), record(8, told(5) | {"indications": "none"})])

    assert [facts.known_day.day for facts in news.told] == [4]
    assert [refused.offset for refused in news.refused] == [8]


@pytest.mark.parametrize("content", ["text", {"version": [1]}, told(4) | {"municipality": "15"}, []])
def test_what_tells_of_no_youth_is_refused(content: Any) -> None:
    """Not even the place in the order can be read."""
    news = read([record(3, content)])

    assert (news.told, [refused.offset for refused in news.refused]) == ([], [3])


def test_a_tombstone_forgets_what_came_before_it_and_not_what_comes_after() -> None:
    """A youth that comes again after an erasure is told of anew."""
    gone, again = read([record(0, told(4)), record(1, None)]), read([record(0, None), record(1, told(5))])

    youth = (builders.MUNICIPALITY, builders.YOUTH)
    assert (gone.told, gone.forgotten) == ([], {youth})
    assert ([facts.known_day.day for facts in again.told], again.forgotten) == ([5], {youth})
