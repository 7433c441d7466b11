"""The median wait against the Kaplan-Meier estimate of SciPy.

SciPy's curve is a float at each number of days, ours a fraction. Both take the least number of days at which at most
half still wait; where the estimate is exactly a half, a float may lie a hair above it, so it is rounded to nine
decimals first: with at most sixty waits two estimates that differ do so by far more near a half.
"""

from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import CensoredData, ecdf

from services.indicators.waiting import Waits, median_days

Wait = tuple[int, bool]
"""How many days, and whether it ended in a start."""

_DAYS = st.integers(0, 12) | st.integers(0, 400)
_WAITS = st.lists(st.tuples(_DAYS, st.booleans()), min_size=1, max_size=60)


def counted(waits: list[Wait]) -> Waits:
    """Waits as the service counts them."""
    return Waits(
        started=Counter(days for days, is_started in waits if is_started),
        censored=Counter(days for days, is_started in waits if not is_started),
        still_waiting=0,
    )


def library_median(waits: list[Wait]) -> int | None:
    """The least number of days at which SciPy's estimate is at most a half."""
    days = [days for days, _ in waits]
    curve = ecdf(CensoredData.right_censored(days, [not is_started for _, is_started in waits])).sf
    reached = zip(curve.quantiles, curve.probabilities, strict=True)
    return next((int(at) for at, share in reached if round(float(share), 9) <= 0.5), None)


@given(waits=_WAITS)
def test_the_median_is_that_of_the_library(waits: list[Wait]) -> None:
    """Any counted waits, with ties between starts and those who stopped waiting."""
    assert median_days(counted(waits)) == library_median(waits)


@given(waits=_WAITS, repeats=st.integers(2, 5))
def test_the_median_does_not_depend_on_how_many_times_all_are_counted(waits: list[Wait], repeats: int) -> None:
    """Twice as many of each leave the estimate what it was, in fractions as in the library."""
    assert median_days(counted(waits * repeats)) == median_days(counted(waits))


@pytest.mark.parametrize(
    ("waits", "median"),
    [
        ([(5, True), (9, False)], 5),  # exactly a half at 5
        ([(5, True), (5, False)], 5),  # the other stopped waiting on that day, so it still waited
        ([(5, False), (9, True), (9, False)], 9),
        ([(5, True), (9, False), (9, False)], None),  # two thirds for ever
        ([(5, False)], None),
        ([(0, True)], 0),
        # 2/3 at 5 and 2/3 · 3/4 = 1/2 at 6, where two thirds and three quarters are no exact floats.
        ([(5, True), (5, True), (6, True), (7, False), (7, False), (7, False)], 6),
    ],
)
def test_exactly_a_half_is_reached(waits: list[Wait], median: int | None) -> None:
    """Worked out by hand; the library agrees where its float is a half."""
    assert median_days(counted(waits)) == median == library_median(waits)


def test_a_half_that_no_float_hits_is_a_half_in_fractions() -> None:
    """Of 49 one starts a day: after 24 days 25/49 wait and after 25 days 24/49; with one more it is 25/50, a half."""
    odd, even = [(days, True) for days in range(1, 50)], [(days, True) for days in range(1, 51)]

    assert median_days(counted(odd)) == library_median(odd) == 25
    assert median_days(counted(even)) == library_median(even) == 25
    assert Fraction(25, 50) == Fraction(1, 2)
