"""What the attacker of the suppression tests believes holds of real figures: of facts told, stepped and summed."""

from hypothesis import given

from services.indicators.steps import summed
from services.indicators.tally import tally_all
from tests import naive_indicators
from tests.attacker import Attacker, cell_of, thoughts
from tests.laws.test_indicators_laws import figures_of, histories
from tests.strategies import Question
from youthcare.youthfacts import YouthFacts


@given(histories())
def test_every_relation_that_the_attacker_uses_holds_of_real_figures(
    history: tuple[list[YouthFacts], Question],
) -> None:
    """So nothing is withheld for a relation that is none, and what he finds in the tests he would find in earnest.

    Limit: without a population `at_home_rate` says nothing, and what adds up with it is left out.
    """
    told, question = history
    youths = naive_indicators.newest(told)
    rows = {cell_of(row): row for row in figures_of(summed(map(tally_all, youths)), question.on)}
    rows = {cell: row for cell, row in rows.items() if cell[0] != "at_home_rate"}
    attacker = Attacker(rows=rows, withheld=(), pending=())

    for relation, total in thoughts(set(rows), rows):
        assert sum(factor * attacker.truth(quantity) for quantity, factor in relation.items()) == total
