"""Open alerts per team: nobody learns of a few."""

import pytest

from services.alerts.visible import visible

HERE, RULE = "0153", "returned"


@pytest.mark.parametrize(
    ("counts", "shown"),
    [
        ({"noord": 12, "zuid": 20}, {"noord": 12, "zuid": 20}),
        ({"noord": 12, "zuid": 0}, {"noord": 12, "zuid": 0}),
        ({"noord": 12, "zuid": 20, "west": 4}, {"zuid": 20}),
        ({"noord": 12, "zuid": 3, "west": 4}, {}),
        ({"noord": 12, "zuid": 8, "west": 4}, {"noord": 12}),
        ({"noord": 0, "west": 4}, {}),
        ({"west": 4}, {}),
        ({}, {}),
    ],
)
def test_a_small_count_is_withheld_with_enough_beside_it(counts: dict[str, int], shown: dict[str, int]) -> None:
    """What is withheld of a municipality and rule is two teams and ten alerts at least, or all of it."""
    found = visible({(HERE, team, RULE): count for team, count in counts.items()})

    assert found == {(HERE, team, RULE): count for team, count in shown.items()}


def test_other_municipalities_and_rules_are_lines_of_their_own() -> None:
    """A small count withholds nothing of another municipality or rule."""
    counts = {(HERE, "west", RULE): 4, ("0001", "west", RULE): 12, (HERE, "west", "sleeper"): 15}

    assert visible(counts) == {("0001", "west", RULE): 12, (HERE, "west", "sleeper"): 15}
