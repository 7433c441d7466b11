"""Random histories for the recomputation in SQL: the ledgers of the laws, and richer ones with more indications.

Rules: everything is drawn from a seed, all histories at once, so that one run of the SQL can work all of them out.
"""

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from services.indicators.population import PopulationRow
from tests import builders, naive_indicators
from tests.builders import Statement
from tests.laws.test_indicators_laws import TABLE, histories, moved, placed, youths_of
from tests.naive.figures import History
from tests.strategies import Question, ledgers, questions
from youthcare.youthfacts import YouthFacts

STARTED, GRANTED, ENDED = (f"nl.jeugdzorg.indication.{name}.v1" for name in ("started", "granted", "ended"))
BIRTHS = (None, "2023-06-30", "2016-03-01", "2012-02-29", "2008-02-29", "2006-02-28", "2001-07-01")
REFERRERS = (None, "01", "04", "08")
# Around the fifth working day, with and without a holiday between.
DAYS_UNTIL_RECORDED = (None, 0, 5, 6, 7, 8, 9, 12)
QUARTERS = ("2023Q4", "2024Q1", "2024Q2", "2024Q3", "2024Q4", "2025Q1", "2025Q2", "2030Q1")
YOUTHS = {
    ("municipality", builders.MUNICIPALITY): 1000,
    ("team", "noord"): 400,
    ("team", "zuid"): 0,
    ("age_band", "12-17"): 300,
}


def population() -> tuple[PopulationRow, ...]:
    """Population of the municipality, one of its teams and one age band; of others none, or nobody."""
    return tuple(
        PopulationRow(municipality=builders.MUNICIPALITY, quarter=quarter, group_kind=kind, group=group, youths=youths)
        for quarter in QUARTERS
        for (kind, group), youths in YOUTHS.items()
    )


def drawn(count: int, number: int) -> list[History]:
    """So many histories from a seed, asked on or near an awkward day; two in three have a population."""
    found: list[History] = []

    @seed(number)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(histories() | doubled(), st.integers(-40, 40), st.sampled_from((True, True, False)))
    def collect(told: tuple[list[YouthFacts], Question], later: int, is_populated: bool) -> None:
        found.append(_asked(*told, later, is_populated))

    collect()
    return found


def _asked(told: list[YouthFacts], question: Question, later: int, is_populated: bool) -> History:
    history = History(
        municipality=builders.MUNICIPALITY,
        youths=naive_indicators.newest(told),
        on=question.on + timedelta(days=later),
        coverage_start=question.coverage_start,
    )
    return replace(history, population=population()) if is_populated else history


@st.composite
def doubled(draw: st.DrawFn) -> tuple[list[YouthFacts], Question]:
    """Two ledgers in one, of up to six indications, with referrers, crises, other ages and times of recording."""
    told = [*draw(ledgers()), *map(_renumbered, draw(ledgers()))]
    question = draw(questions(told))
    moves = [draw(moved(youth)) for youth in draw(st.lists(st.sampled_from(youths_of(told)), max_size=3))]
    rich = [draw(_described(draw(placed(statement)))) for statement in told]
    aged = [_stating(move, birth_date=draw(st.sampled_from(BIRTHS))) for move in moves]
    return naive_indicators.told_layers([*rich, *aged], TABLE, question.coverage_start), question


def _renumbered(statement: Statement) -> Statement:
    """A statement of the second ledger: another identification and indication, the same messages."""
    data = dict(statement["data"])
    if "indication" in data:
        data["indication"] = f"{builders.MUNICIPALITY}-{int(data['indication'][-1]) + 3}"
    if "statements" in data:
        data["statements"] = [_later(name) for name in data["statements"]]
    return {**statement, "id": _later(statement["id"]), "data": data}


def _later(name: str) -> str:
    return f"{name[:-3]}{int(name[-3:]) + 500:03d}"


@st.composite
def _described(draw: st.DrawFn, statement: Statement) -> Statement:
    """With a referrer, and a start in a crisis, or not; starts and ends now and then recorded soon after their day."""
    kind = statement["type"]
    if kind in (STARTED, GRANTED):
        statement = _stating(statement, referrer=draw(st.sampled_from(REFERRERS)))
    if kind == STARTED:
        statement = _stating(statement, crisis=draw(st.sampled_from((None, None, True))))
    days = draw(st.sampled_from(DAYS_UNTIL_RECORDED)) if kind in (STARTED, ENDED) else None
    if days is None:
        return statement
    stated = statement["data"]["last_day" if kind == ENDED else "first_day"]
    return {**statement, "time": f"{date.fromisoformat(stated) + timedelta(days=days)}T10:00:00Z"}


def _stating(statement: Statement, **fields: object) -> Statement:
    data = {**statement["data"], **fields}
    return {**statement, "data": {name: value for name, value in data.items() if value is not None}}
