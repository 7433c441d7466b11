"""The laws of the figures: they equal a naive recomputation, and the way in which facts came leaves no trace."""

from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta

import yaml
from hypothesis import given
from hypothesis import strategies as st

from services.indicators.catalogue import FLOW_TERMS
from services.indicators.durations import QUANTILES, RUNNING, durations_on, quantile_days
from services.indicators.figures import Figure
from services.indicators.processor import YouthLayers, apply_facts, step_changes
from services.indicators.recomputing import figures
from services.indicators.steps import NOTHING, Amount, StepKey, plus, summed
from services.indicators.tally import tally_all
from services.trajectory.view import view
from tests import builders, naive_indicators
from tests.builders import Statement
from tests.strategies import Question, days, ledgers, questions
from youthcare.codes import care_forms_from
from youthcare.runtime.settings import shipped
from youthcare.youthfacts import YouthFacts

TABLE = care_forms_from(yaml.safe_load(shipped("care-forms.yml").read_text()))
MUNICIPALITY = builders.MUNICIPALITY
WITH_TEAM = ("nl.jeugdzorg.indication.started.v1", "nl.jeugdzorg.indication.granted.v1")
Row = tuple[str, str, str, str]
NAIVE_GROUPS = ("municipality", "team")
NAIVE_FIGURES = ("in_care", "stacking_share", "stacking_mean", "inflow_rate", "sustainable_exit_rate", *FLOW_TERMS)


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[YouthFacts], Question]:
    """What is told of a ledger in which youths move between teams, and something asked of it."""
    told = [draw(placed(statement)) for statement in draw(ledgers())]
    question = draw(questions(told))
    moves = [draw(moved(youth)) for youth in draw(st.lists(st.sampled_from(youths_of(told)), max_size=4))]
    return naive_indicators.told_layers([*told, *moves], TABLE, question.coverage_start), question


def placed(statement: Statement) -> st.SearchStrategy[Statement]:
    """A start or grant that names a team, or does not; anything else as it is."""
    if statement["type"] not in WITH_TEAM:
        return st.just(statement)
    teams = st.sampled_from((None, "noord", "zuid"))
    return teams.map(
        lambda team: statement if team is None else {**statement, "data": {**statement["data"], "team": team}}
    )


def youths_of(told: Iterable[Statement]) -> list[str]:
    """The youths that a ledger speaks of."""
    return sorted({statement["subject"] for statement in told})


@st.composite
def moved(draw: st.DrawFn, youth: str) -> Statement:
    """A registration with one of two teams and a birth date around eighteen years before the first care."""
    return builders.registered(
        valid_from=draw(days()).isoformat(),
        birth_date=draw(st.sampled_from(("2010-05-01", "2006-02-28", "2006-06-15", "2005-12-31"))),
        team=draw(st.sampled_from(("noord", "zuid"))),
        youth=youth,
        received=draw(st.sampled_from(("2024-01-02T10:00:00Z", "2024-09-30T12:00:00Z"))),
    )


def figures_of(steps: dict[StepKey, Amount], on: date) -> tuple[Figure, ...]:
    """The figures of summed steps, without a population."""
    return figures(steps, (), municipality=MUNICIPALITY, definition="enschede", on=on)


def amounts_of(rows: Iterable[Figure]) -> dict[Row, Amount]:
    """Numerator, denominator and pending by row; a count's denominator is one by convention and left out here."""
    return {
        (row.indicator, row.period, row.group_kind, row.group): (row.numerator, _denominator(row), row.pending)
        for row in rows
    }


def _denominator(row: Figure) -> int:
    return row.denominator if row.indicator in ("stacking_mean", "stacking_share", "sustainable_exit_rate") else 0


def is_naive(row: Figure) -> bool:
    """Whether the recomputation day by day knows this figure; the one in plain SQL knows all of them."""
    return row.group_kind in NAIVE_GROUPS and row.indicator in NAIVE_FIGURES and len(row.period) > 4


def expected_amounts(youths: Iterable[YouthFacts], on: date) -> dict[Row, Amount]:
    """The same of the naive recomputation."""
    naive = naive_indicators.amounts(youths, on)
    return {
        row: amount
        if row[0] in ("stacking_mean", "stacking_share", "sustainable_exit_rate")
        else (amount[0], 0, amount[2])
        for row, amount in naive.items()
    }


@given(histories(), st.integers(-40, 40))
def test_summed_steps_give_what_a_naive_recomputation_gives(
    history: tuple[list[YouthFacts], Question], later: int
) -> None:
    """For every group and period, on the day asked and another: running sums equal counting day by day (law 11)."""
    told, question = history
    youths = naive_indicators.newest(told)
    steps = summed(map(tally_all, youths))

    for on in (question.on, question.on + timedelta(days=later)):
        told_rows = amounts_of(row for row in figures_of(steps, on) if is_naive(row))
        assert told_rows == expected_amounts(youths, on)


@given(histories(), st.data())
def test_facts_in_any_order_and_number_leave_the_same_steps(
    history: tuple[list[YouthFacts], Question], data: st.DataObject
) -> None:
    """Layers of facts, any of them again and late ones after, end as told once in order (laws 1 and 2).

    Limit: of the newest version the layers come oldest known day first, as one writer tells them.
    """
    told, _ = history
    noise = [facts for facts in older(told, data) if data.draw(st.booleans())]

    once = applied_steps(told)
    nasty = applied_steps([*noise, *told, *noise, *data.draw(st.permutations(told))])

    assert nasty == once


def older(told: list[YouthFacts], data: st.DataObject) -> list[YouthFacts]:
    """Facts of earlier versions, as told before some statements had come: same youths, other content."""
    rows = data.draw(st.permutations(told))
    others = [data.draw(st.sampled_from(told)) for _ in rows]
    return [aged(facts, other) for facts, other in zip(rows, others, strict=True)]


def aged(facts: YouthFacts, other: YouthFacts) -> YouthFacts:
    """An earlier version of facts, with the indications and definitions of others."""
    return YouthFacts(
        municipality=facts.municipality,
        youth=facts.youth,
        version=(facts.version[0], facts.version[1] - 1),
        known_day=facts.known_day,
        registrations=other.registrations,
        indications=other.indications,
        definitions=other.definitions,
        gone=other.gone,
    )


def applied_steps(told: Iterable[YouthFacts]) -> dict[tuple[StepKey, date], Amount]:
    """The step log after applying facts one by one, each time by the difference."""
    kept: dict[tuple[str, str], YouthLayers] = {}
    log: dict[tuple[StepKey, date], Amount] = {}
    for facts in told:
        key = (facts.municipality, facts.youth)
        before = kept.get(key, YouthLayers())
        kept[key] = apply_facts(before, facts)
        for (_, known_day), gained in step_changes({key: (before, kept[key])}).items():
            for step, amount in gained.items():
                new = plus(log.pop((step, known_day), NOTHING), amount)
                if new != NOTHING:
                    log[step, known_day] = new
    return log


@given(histories())
def test_what_was_known_on_a_day_is_the_sum_of_its_layers(history: tuple[list[YouthFacts], Question]) -> None:
    """The layers up to a known day add up to the tally of the facts of that day (design.md §4)."""
    told, _ = history

    log = applied_steps(told)

    for known_on in {facts.known_day for facts in told}:
        youths = naive_indicators.newest(facts for facts in told if facts.known_day <= known_on)
        known = summed({step: amount} for (step, day), amount in log.items() if day <= known_on)
        assert known == summed(map(tally_all, youths))


@given(histories())
def test_the_flow_balance_closes(history: tuple[list[YouthFacts], Question]) -> None:
    """start + openings + moved in - moved out - exits = end, for every group and month; the next starts there."""
    told, question = history
    steps = summed(map(tally_all, naive_indicators.newest(told)))

    rows = {key: amount[0] for key, amount in amounts_of(figures_of(steps, question.on)).items()}

    for period, kind, group in {row[1:] for row in rows if row[0] in FLOW_TERMS}:
        flows = {term.split(".")[1]: rows.get((term, period, kind, group), 0) for term in FLOW_TERMS}
        ends = flows.pop("end")
        leaving = flows.pop("moved_out") + flows.pop("exits")
        assert sum(flows.values()) - leaving == ends


@given(histories())
def test_a_figure_of_a_day_does_not_change_as_days_go_by(history: tuple[list[YouthFacts], Question]) -> None:
    """What is final on a day is the same a year later: nobody looked at the clock."""
    told, question = history
    steps = summed(map(tally_all, naive_indicators.newest(told)))

    now = {row for row in figures_of(steps, question.on) if row.status == "final"}

    assert now <= set(figures_of(steps, question.on + timedelta(days=366)))


@given(histories())
def test_the_gauges_of_today_count_the_youths_of_today(history: tuple[list[YouthFacts], Question]) -> None:
    """Care on the day itself, and exits that the view of that day calls pending, team by team."""
    told, question = history
    youths = [facts for facts in naive_indicators.newest(told) if not facts.gone]
    steps = summed(map(tally_all, youths))
    on = question.on

    shown = {
        name: sum(
            amount[0]
            for key, amount in steps.items()
            if key.indicator == name
            and key.definition in ("", "enschede")
            and key.group_kind == "team"
            and key.effective_day <= on
        )
        for name in ("in_care_today", "windows_open")
    }

    lines = [view(facts, on) for facts in youths]
    pending = [
        row for line in lines for row in line["care_periods"] if row["exit"] and row["exit"]["status"] == "pending"
    ]
    assert shown == {"in_care_today": sum(line["in_care"] for line in lines), "windows_open": len(pending)}


def distributions_on(steps: dict[StepKey, Amount], on: date) -> dict[tuple[str, str], dict[str, int]]:
    """How many trajectories run on a day in each group, by first day: sums of steps."""
    totals: Counter[tuple[tuple[str, str], str]] = Counter()
    for key, amount in steps.items():
        if key.indicator == RUNNING and key.definition == "enschede" and key.effective_day <= on:
            totals[(key.group_kind, key.group), key.period] += amount[0]
    found: dict[tuple[str, str], dict[str, int]] = {}
    for (group, first_day), count in totals.items():
        if count != 0:
            found.setdefault(group, {})[first_day] = count
    return found


@given(histories(), st.integers(-40, 400))
def test_the_durations_of_running_trajectories_are_those_counted_one_by_one(
    history: tuple[list[YouthFacts], Question], later: int
) -> None:
    """For every group and day: the same durations, each once, and the same quantiles by nearest rank."""
    told, question = history
    youths, on = naive_indicators.newest(told), question.on + timedelta(days=later)

    running = distributions_on(summed(map(tally_all, youths)), on)

    expected = naive_indicators.running_durations(youths, on)
    shown = {group: durations_of(found, on) for group, found in running.items() if group[0] in NAIVE_GROUPS}
    assert shown == expected
    for group, durations in expected.items():
        told_days = {
            label: quantile_days(durations_on(running[group], on), share) for label, share in QUANTILES.items()
        }
        assert told_days == {
            "0.5": naive_indicators.nearest_rank(durations, 50),
            "0.9": naive_indicators.nearest_rank(durations, 90),
        }


def durations_of(running: dict[str, int], on: date) -> list[int]:
    """Every duration of a distribution, sorted."""
    return sorted(
        (on - date.fromisoformat(first_day)).days + 1 for first_day, count in running.items() for _ in range(count)
    )
