"""What the attacker of the suppression tests believes holds of real figures: of facts told, stepped and summed."""

from hypothesis import given

from services.indicators.steps import summed
from services.indicators.tally import tally_all
from tests import naive_indicators
from tests.attacker import Attacker, cell_of, thoughts
from tests.laws.test_indicators_laws import figures_of, histories
from tests.strategies import Question
from youthcare.codes import Residential
from youthcare.youthfacts import YouthFacts


def lives_and_stays(facts: YouthFacts) -> bool:
    """Whether a youth has a day of living and of stay at once."""
    days = {
        kind: [period for row in facts.indications if row.residential is kind for period in row.care]
        for kind in Residential
    }
    return any(
        one.clipped(other.start, other.end) is not None
        for one in days[Residential.LIVING]
        for other in days[Residential.STAY]
    )


@given(histories())
def test_every_relation_that_the_attacker_uses_holds_of_real_figures(
    history: tuple[list[YouthFacts], Question],
) -> None:
    """So nothing is withheld for a relation that is none, and what he finds in the tests he would find in earnest.

    Limits: without a population `at_home_rate` says nothing, and what adds up with it is left out. That residential
    days are those of living and of stay holds as a rule only: not of a youth that has both on one day.
    """
    told, question = history
    youths = naive_indicators.newest(told)
    rows = {cell_of(row): row for row in figures_of(summed(map(tally_all, youths)), question.on)}
    rows = {cell: row for cell, row in rows.items() if cell[0] != "at_home_rate"}
    attacker = Attacker(rows=rows, withheld=(), pending=())

    is_double = any(map(lives_and_stays, youths))
    for relation, total in thoughts(set(rows), rows):
        if is_double and any(quantity[0].startswith("residential_days_mean.") for quantity in relation):
            continue
        assert sum(factor * attacker.truth(quantity) for quantity, factor in relation.items()) == total
