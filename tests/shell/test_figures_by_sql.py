"""Every figure for every group and period equals a recomputation in plain SQL over care days (`tests/naive/`)."""

import os
from collections import Counter
from collections.abc import Iterable, Sequence

import pytest

from services.indicators.catalogue import KINDS, REPORTED
from services.indicators.definitions import Kind
from services.indicators.recomputing import figures
from services.indicators.steps import summed
from services.indicators.tally import tally_all
from tests.naive.drawing import drawn
from tests.naive.examples import EXAMPLES, Example, Key, Numbers
from tests.naive.figures import FigureRow, History, figures_by_sql
from youthcare.runtime.local.stack import Stack
from youthcare.youthfacts import YouthFacts

DEFINITIONS = ("enschede", "cbs-statline", "cbs-outcome")
SEED = 20240930
AT_ONCE = 200
SHOWN = 20


async def test_the_recomputation_gives_what_was_counted_by_hand(stack: Stack) -> None:
    """The worked examples of domain.md §10, and others: the SQL itself is held against the text."""
    found = await figures_by_sql(stack.dsn("indicators"), [example.history() for example in EXAMPLES])

    assert {indicator for example in EXAMPLES for _, indicator, *_ in example.rows()} == {row.id for row in REPORTED}
    for number, example in enumerate(EXAMPLES):
        assert _told(example, found, number) == example.rows(), example.name


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_the_service_gives_what_was_counted_by_hand(example: Example) -> None:
    """The same of the service's own functions."""
    assert _told(example, figures_by_steps(example.history(), 0), 0) == example.rows()


def _told(example: Example, found: Iterable[FigureRow], number: int) -> dict[Key, Numbers]:
    rows = {
        (row.definition, row.indicator, row.period, row.group_kind, row.group): (
            row.numerator,
            row.denominator,
            row.pending,
        )
        for row in found
        if row.history == number
    }
    return {key: rows.get(key) for key in example.rows()}


async def test_every_figure_equals_a_recomputation_in_plain_sql_over_care_days(stack: Stack) -> None:
    """All groups, periods and definition sets of ledgers with what is late, double, corrected, retracted, rejected."""
    histories = drawn(100, SEED)

    told, _ = await compared(stack.dsn("indicators"), histories)

    assert told == ""


@pytest.mark.prove
async def test_every_figure_of_a_thousand_histories_equals_a_recomputation_in_plain_sql(stack: Stack) -> None:
    """The same for a thousand, from the seed of the long run."""
    histories = drawn(1000, int(os.environ.get("PROVE_SEED", SEED)))

    told, seen = await compared(stack.dsn("indicators"), histories)

    assert told == ""
    assert seen == {row.id for row in REPORTED}


async def compared(dsn: str, histories: Sequence[History]) -> tuple[str, set[str]]:
    """The first difference, empty when there is none, and which indicators were seen."""
    seen: set[str] = set()
    for start in range(0, len(histories), AT_ONCE):
        some = histories[start : start + AT_ONCE]
        expected = await figures_by_sql(dsn, some)
        seen |= {row.indicator for row in expected}
        found = [row for number, history in enumerate(some) for row in figures_by_steps(history, number)]
        if told := difference(found, expected, some):
            return told, seen
    return "", seen


def figures_by_steps(history: History, number: int) -> list[FigureRow]:
    """What the service's own functions say of a history under every definition set."""
    steps = summed(map(tally_all, history.youths))
    return [
        FigureRow(
            history=number,
            definition=definition,
            indicator=row.indicator,
            period=row.period,
            group_kind=row.group_kind,
            group=row.group,
            numerator=None if KINDS[row.indicator] is Kind.SURVIVAL and row.value is None else row.numerator,
            denominator=row.denominator,
            pending=row.pending,
            status=row.status,
        )
        for definition in DEFINITIONS
        for row in figures(
            steps, history.population, municipality=history.municipality, definition=definition, on=history.on
        )
    ]


def difference(found: Iterable[FigureRow], expected: Iterable[FigureRow], histories: Sequence[History]) -> str:
    """What differs in either direction, and the smallest history that shows it; empty when nothing does."""
    by_steps, by_sql = set(found), set(expected)
    wrong = [*((row, "steps") for row in by_steps - by_sql), *((row, "SQL") for row in by_sql - by_steps)]
    if not wrong:
        return ""
    smallest = min({row.history for row, _ in wrong}, key=lambda number: _size(histories[number]))
    history = histories[smallest]
    shown = sorted((_line(row), who) for row, who in wrong if row.history == smallest)
    return "\n".join(
        (
            f"{len(wrong)} rows differ: {Counter(row.indicator for row, _ in wrong).most_common()}",
            f"the smallest history, {smallest}, on {history.on}, feed complete from {history.coverage_start}:",
            *(f"  by {who}: {line}" for line, who in shown[:SHOWN]),
            *(line for facts in history.youths for line in _lines_of(facts)),
        )
    )


def _size(history: History) -> tuple[int, int]:
    indications = [row for facts in history.youths for row in facts.indications]
    return len(indications), sum(len(row.running) + len(row.grants) for row in indications)


def _line(row: FigureRow) -> str:
    where = f"{row.indicator} {row.period} {row.group_kind} {row.group} ({row.definition})"
    return f"{where}: {row.numerator}/{row.denominator}, pending {row.pending}, {row.status}"


def _lines_of(facts: YouthFacts) -> list[str]:
    return [
        f"youth: {[(str(row.valid_from), str(row.birth_date), row.team) for row in facts.registrations]}",
        *(
            f"  {row.indication}: {row.care_form} at {row.provider} by {row.referrer}, team {row.team}, "
            f"closed for {row.closing_reason}, first start {row.first_start}, "
            f"care {[(str(period.first_day), str(period.last_day)) for period in row.care]}, "
            f"running {[(str(period.first_day), str(period.last_day)) for period in row.running]}, "
            f"grants {[(str(one.granted_at), str(one.first_day), str(one.last_day)) for one in row.grants]}"
            for row in facts.indications
        ),
    ]
