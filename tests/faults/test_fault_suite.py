"""Every kind of fault at all four services under a stream of messages: lost 0, double 0, wrong 0, against replay.

Rules. The report is printed, and written where `TRAJECTWACHT_FAULT_TABLE` says. `TRAJECTWACHT_FAULT_ROUNDS` says how
many rounds of a quick kind; a slow kind has a half or a third of that. `TRAJECTWACHT_FAULT_KINDS` names some kinds.
"""

import os
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.faults.course import BROKEN_MAX, Course, municipality_of, write_report
from tests.faults.fault_town import fault_town
from tests.faults.judging import endings_line, table
from tests.faults.kinds import KINDS, Kind
from youthcare.runtime.local.services import SERVICES

pytestmark = pytest.mark.prove

SEED = int(os.environ.get("PROVE_SEED", "20261122"))
ROUNDS = int(os.environ.get("TRAJECTWACHT_FAULT_ROUNDS", "5"))
_ONE_STATEMENT = """
delete from trajectory.statement where ctid = (
    select ctid from trajectory.statement where municipality = '{0}' limit 1
)
"""


@pytest.fixture
def interruptible() -> Iterator[None]:
    """A run that is told to stop unmounts its disks, also where whoever started it had it ignore interrupts."""
    kept = {number: signal.signal(number, signal.default_int_handler) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


def asked() -> Sequence[Kind]:
    """The kinds to run: all, or those of which the setting names a part."""
    words = [word.strip() for word in os.environ.get("TRAJECTWACHT_FAULT_KINDS", "").split(",") if word.strip()]
    return [kind for kind in KINDS if not words or any(word in kind.name for word in words)]


def report_of(course: Course) -> str:
    """The table and what belongs beside it."""
    endings = endings_line(course.town.keeper.endings)
    head = f"Seed {SEED}, {ROUNDS} rounds of a quick kind; processes ended: {endings or 'none'}."
    return f"{head}\n\n{table(course.rows)}\n"


@pytest.mark.usefixtures("interruptible")
def test_no_fault_loses_doubles_or_spoils_anything(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Whatever dies, freezes, fills up or is cut off, what senders were told stands there once and as replay says."""
    kinds = asked()

    def say(line: str) -> None:
        with capfd.disabled():
            print(line, flush=True)  # noqa: T201  # a run of a quarter of an hour tells where it is

    with fault_town(tmp_path, [municipality_of(kind) for kind in KINDS]) as town:
        course = Course(town=town, seed=SEED, rounds=ROUNDS, say=say)
        try:
            course.run(kinds)
        finally:
            say(report_of(course))
            if to := os.environ.get("TRAJECTWACHT_FAULT_TABLE"):
                write_report(Path(to), report_of(course))

        assert course.failures == []
        assert [(row.kind, row.judgement) for row in course.rows if not row.judgement.exact()] == []
        assert [(row.kind, row.service) for row in course.rows if row.injected == 0] == []
        assert len(course.rows) == len(kinds) * len(SERVICES)
        assert course.unforeseen == []
        assert len(course.broken) <= BROKEN_MAX, course.broken
        spoil(course)


def spoil(course: Course) -> None:
    """The judge can fail here too: one statement taken from a ledger is lost, and what follows from it is wrong."""
    assert course.last is not None
    course.town.town.ask(_ONE_STATEMENT.format(municipality_of(course.last[0])))

    found = course.judged_now()

    assert found.lost == 1
    assert found.wrong >= 1
