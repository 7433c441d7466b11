"""Nobody can work out what is withheld: an attacker who sees all the rest, in every month, quarter and year at once.

Limits: he asks of one day and one definition set, and knows nobody himself.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.indicators.suppression import suppressed
from tests.attacker import Attacker, attacker_on
from tests.invented import Town, invented


def towns() -> st.SearchStrategy[Town]:
    """Municipalities of every kind: small and not so small, still and restless, even and skewed."""
    return st.builds(
        Town,
        seed=st.integers(0, 10**6),
        youths=st.sampled_from((5, 20, 60, 150, 400)),
        teams=st.integers(1, 6),
        forms=st.integers(1, 6),
        months=st.sampled_from((3, 6, 15)),
        turnover=st.sampled_from((0, 0.05, 0.2, 0.5)),
        skew=st.sampled_from((0, 1, 2)),
    )


def attacked(town: Town) -> Attacker:
    """An attacker on all that others than a supervisor see of a municipality."""
    rows = invented(town)
    hidden = suppressed(rows)
    return attacker_on(rows, hidden.figures, hidden.pending)


@given(towns())
@settings(max_examples=30)
def test_an_attacker_who_solves_the_linear_system_finds_no_withheld_number(town: Town) -> None:
    """No number from 1 to 9 of a withheld figure has one value only, and no withheld figure as a whole."""
    attacker = attacked(town)

    found = attacker.found()

    assert found == []


@pytest.mark.parametrize("seed", range(8))
def test_an_attacker_who_knows_that_nothing_is_below_nought_pins_hardly_anything(seed: int) -> None:
    """Bounds are passed on from relation to relation; of a thousand withheld figures at most one is pinned.

    Limit: bounds that follow only from several relations together are not sought, nor are they withheld from.
    """
    attacker = attacked(Town(seed=seed, youths=300, teams=5, forms=5, months=15, turnover=0.1, skew=1))

    pinned = attacker.pinned()

    assert len(pinned) * 1000 <= len(attacker.withheld)
