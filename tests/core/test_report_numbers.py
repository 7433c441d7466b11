"""How the report writes numbers and periods in Dutch, and how it judges a figure by its target."""

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.indicators.definitions import Per
from services.indicators.report.axis import axis_of
from services.indicators.report.numbers import (
    COUNT,
    DAYS,
    MEAN,
    MILLIONS,
    PERCENT,
    Unit,
    change_in_steps,
    half_up,
    in_steps,
    shown,
    written,
)
from services.indicators.report.periods import before, day_nl, in_words, last_day, list_until, tick, titled
from tests.naive_luminance import contrast


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (Fraction(312, 28_900), PERCENT, "1,1\u00a0%"),
        (Fraction(1), PERCENT, "100,0\u00a0%"),
        (Fraction(1, 2000), PERCENT, "0,1\u00a0%"),
        (Fraction(28_900), COUNT, "28.900"),
        (Fraction(1_234_567), COUNT, "1.234.567"),
        (Fraction(-1_234), COUNT, "\u22121.234"),
        (Fraction(5, 2), MEAN, "2,50"),
        (Fraction(441), DAYS, "441\u00a0dagen"),
        (Fraction(12_345_678), MILLIONS, "€\u00a012,3\u00a0miljoen"),
        (Fraction(0), PERCENT, "0,0\u00a0%"),
    ],
)
def test_figures_are_written_as_dutch_readers_write_them(value: Fraction, unit: Unit, text: str) -> None:
    """Comma for decimals, point for thousands, the unit kept on the line of its number."""
    assert shown(value, unit) == text


@pytest.mark.parametrize(
    ("value", "decimals", "steps"),
    [(Fraction(5, 4), 1, 13), (Fraction(-5, 4), 1, -13), (Fraction(1, 20), 1, 1), (Fraction(249, 100), 0, 2)],
)
def test_halves_are_rounded_away_from_nought(value: Fraction, decimals: int, steps: int) -> None:
    """Half up by integer arithmetic: no float decides which way a half goes."""
    assert half_up(value, decimals) == steps


@given(st.fractions(), st.integers(0, 4))
def test_rounding_is_never_off_by_more_than_half_of_the_last_decimal(value: Fraction, decimals: int) -> None:
    """What is written is the nearest that can be written."""
    assert abs(Fraction(half_up(value, decimals), 10**decimals) - value) <= Fraction(1, 2 * 10**decimals)


@given(st.integers(), st.integers(0, 4))
def test_a_written_number_can_be_read_back(scaled: int, decimals: int) -> None:
    """Points and commas change no digit."""
    text = written(scaled, decimals).replace(".", "").replace(",", "").replace("\u2212", "-")

    assert int(text) == scaled


@given(st.fractions(0, 1), st.fractions(0, 1))
def test_a_change_is_the_difference_of_the_figures_as_written(now: Fraction, earlier: Fraction) -> None:
    """A reader who subtracts what stands there finds the same."""
    change = change_in_steps(now, earlier, PERCENT)

    assert in_steps(earlier, PERCENT) + change == in_steps(now, PERCENT)


@pytest.mark.parametrize(
    ("period", "words", "title", "under_the_axis", "last"),
    [
        ("2024Q3", "het derde kwartaal van 2024", "3e kwartaal 2024", ("kw 3", "2024"), date(2024, 9, 30)),
        ("2024-02", "februari 2024", "februari 2024", ("feb", "2024"), date(2024, 2, 29)),
        ("2024", "2024", "2024", ("2024", ""), date(2024, 12, 31)),
    ],
)
def test_periods_have_dutch_names(
    period: str, words: str, title: str, under_the_axis: tuple[str, str], last: date
) -> None:
    """Within a sentence, at the head of a row, and under an axis."""
    assert (in_words(period), titled(period), tick(period), last_day(period)) == (words, title, under_the_axis, last)


@pytest.mark.parametrize(("period", "earlier"), [("2024Q1", "2023Q4"), ("2024-01", "2023-12"), ("2024", "2023")])
def test_the_period_before_crosses_the_year(period: str, earlier: str) -> None:
    """The first of a year follows the last of the year before."""
    assert before(period) == earlier


@pytest.mark.parametrize(
    ("per", "periods"),
    [
        (Per.QUARTER, ("2023Q4", "2024Q1")),
        (Per.MONTH, ("2024-02", "2024-03")),
        (Per.YEAR, ("2023", "2024")),
    ],
)
def test_periods_are_listed_up_to_the_end_of_the_quarter(per: Per, periods: tuple[str, ...]) -> None:
    """The last month is that in which the quarter ends, the last year that of the quarter."""
    assert list_until("2024Q1", per, 2) == periods


def test_a_day_is_written_in_words() -> None:
    """No leading nought, the month in small letters."""
    assert day_nl(date(2024, 9, 1)) == "1 september 2024"


@given(st.lists(st.fractions(-1000, 100_000), max_size=9))
def test_every_value_lies_on_its_axis(values: list[Fraction]) -> None:
    """From the lowest number of the axis to the highest, in at most seven even parts."""
    axis = axis_of(values)

    assert all(0 <= axis.part(value) <= 1 for value in values)
    assert 2 <= len(axis.ticks) <= 8
    assert axis.ticks[-1] == axis.high


@pytest.mark.parametrize(("lowest", "from_nought"), [(Fraction(60), True), (Fraction(61), False)])
def test_an_axis_leaves_nought_only_when_all_values_are_far_from_it(lowest: Fraction, from_nought: bool) -> None:
    """Above three fifths of the highest; the page says so under the chart."""
    assert axis_of([lowest, Fraction(100)]).starts_at_nought is from_nought


def test_contrast_is_computed_as_wcag_defines_it() -> None:
    """Black on white is 21, a colour on itself is 1."""
    assert round(contrast("#000000", "#ffffff"), 2) == 21
    assert contrast("#6b6b6b", "#6b6b6b") == 1
