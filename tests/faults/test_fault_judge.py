"""The judge of the fault suite can fail: each thing that may go wrong is told as lost, double or wrong, and no more."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from tests.faults.judging import Found, Identity, Judgement, Logged, Row, Stated, Told, endings_line, judged, table

SOURCE = "/3100/wijkteam-noord"
MESSAGES = [Stated(identity=(SOURCE, f"m{number}"), person=f"person {number // 2}") for number in range(6)]
LOG = [
    Logged(identity=each.identity, youth=f"youth {number // 2}", content=f"content {number}")
    for number, each in enumerate(MESSAGES)
]
TOLD = [Told(receiver="noord", number=number, alert=number, content=f"alert {number}") for number in (1, 2)]
RIGHT = Found(log=LOG, ledger={row.identity for row in LOG}, alerts={("youth 1", "returned"): 1}, told=TOLD)


def judgement(found: Found) -> tuple[int, int, int]:
    """Lost, double and wrong, when all six messages were accepted."""
    told = judged(MESSAGES, MESSAGES, found)
    return told.lost, told.double, told.wrong


def test_what_stands_once_and_as_replay_says_is_exact() -> None:
    """Records that were published again, byte for byte the same, are no fault: the log is a set."""
    assert judgement(RIGHT) == (0, 0, 0)
    assert judgement(replace(RIGHT, log=[*LOG, *LOG], told=[*TOLD, *TOLD])) == (0, 0, 0)


def test_an_accepted_statement_that_stands_nowhere_is_lost() -> None:
    """Not on the log, not waiting for what it names, not refused."""
    shorter = replace(RIGHT, log=LOG[1:], ledger={row.identity for row in LOG[1:]})

    assert judgement(shorter) == (1, 0, 0)
    assert judgement(replace(shorter, waiting={LOG[0].identity})) == (0, 0, 0)
    assert judgement(replace(shorter, refused={"m0"})) == (0, 0, 0)


def test_a_statement_that_nobody_was_told_of_may_be_missing() -> None:
    """Who got no answer, and never will, was promised nothing."""
    shorter = replace(RIGHT, log=LOG[1:], ledger={row.identity for row in LOG[1:]})

    assert judged(MESSAGES[1:], MESSAGES, shorter).exact()


@dataclass(slots=True)
class Worker:
    """Folds batches of the log into a ledger, and acknowledges before or after it has."""

    acknowledges_first: bool
    ledger: set[Identity] = field(default_factory=set)
    position: int = 0

    def run(self, log: Sequence[Logged], dies_at: int | None = None) -> None:
        """Go on from the position, two records at a time; die when the batch at `dies_at` is acknowledged."""
        while self.position < len(log):
            start = self.position
            if not self.acknowledges_first:
                self._fold(log, start)
            self.position = start + 2
            if start == dies_at:
                return
            if self.acknowledges_first:
                self._fold(log, start)

    def _fold(self, log: Sequence[Logged], start: int) -> None:
        self.ledger |= {row.identity for row in log[start : start + 2]}


@pytest.mark.parametrize(("acknowledges_first", "lost"), [(True, 2), (False, 0)])
def test_a_worker_that_acknowledges_before_it_commits_is_caught(acknowledges_first: bool, lost: int) -> None:
    """Killed once it has acknowledged, it starts again past what it never wrote; the right one has written it."""
    worker = Worker(acknowledges_first)

    worker.run(LOG, dies_at=2)
    worker.run(LOG)

    assert judgement(replace(RIGHT, ledger=worker.ledger)) == (lost, 0, 0)


def test_a_statement_in_two_forms_is_double() -> None:
    """With other content, or under another youth; then the person is two youths as well."""
    other_content = [*LOG, replace(LOG[0], content="another reception")]
    other_youth = [*LOG, replace(LOG[0], youth="youth 9")]

    assert judgement(replace(RIGHT, log=other_content)) == (0, 1, 0)
    assert judgement(replace(RIGHT, log=other_youth)) == (0, 2, 0)


def test_a_person_with_two_youths_is_double() -> None:
    """Two processes that met somebody new at the same moment must have found one identity."""
    split = [replace(LOG[0], youth="youth 9"), *LOG[1:]]

    assert judgement(replace(RIGHT, log=split)) == (0, 1, 0)


def test_an_alert_that_stands_or_was_told_twice_is_double() -> None:
    """Twice in the table; the same said again under the next number; another thing said under one that was used."""
    again = Told(receiver="noord", number=3, alert=2, content="alert 2")
    moved = replace(TOLD[1], content="alert 2, withdrawn")

    assert judgement(replace(RIGHT, alerts={("youth 1", "returned"): 2})) == (0, 1, 0)
    assert judgement(replace(RIGHT, told=[*TOLD, again])) == (0, 1, 0)
    assert judgement(replace(RIGHT, told=[*TOLD, moved])) == (0, 1, 0)
    assert judgement(replace(RIGHT, told=[*TOLD, replace(moved, number=3), replace(again, number=4)])) == (0, 0, 0)


def test_what_differs_from_replay_or_was_stated_by_nobody_is_wrong() -> None:
    """Also what a table says that stands on a topic and does not."""
    stranger = Logged(identity=(SOURCE, "m99"), youth="youth 9", content="content 99")
    more = replace(RIGHT, log=[*LOG, stranger], ledger={row.identity for row in (*LOG, stranger)})

    assert judgement(replace(RIGHT, differences=["3100 facts: 2 youths"], difference_count=2)) == (0, 0, 2)
    assert judgement(replace(RIGHT, untold=1)) == (0, 0, 1)
    assert judgement(more) == (0, 0, 1)


def test_the_report_has_a_line_per_kind_and_service_and_names_nobody() -> None:
    """What was injected, how often a process was started again, and what was lost, double and wrong."""
    row = Row(kind="kill -9", service="alerts", injected=5, restarts=5, judgement=Judgement(lost=0, double=0, wrong=1))

    assert table([row]).splitlines()[2] == "| kill -9 | alerts | 5 | 5 | 0 | 0 | 1 |"
    assert endings_line({("alerts-api", -9): 2, ("alerts-worker", -9): 1, ("alerts-worker", 75): 1}) == (
        "3 by -9, 1 by 75"
    )
    assert "person" not in " ".join(judged(MESSAGES, MESSAGES, Found()).examples)
