"""Which days are working days in the Netherlands, by hand for three years and as laws."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from youthcare.period import FAR
from youthcare.workingdays import add_working_days, count_working_days, holidays_of, is_working_day

# New Year, Good Friday, Easter Monday, the King's birthday, 5 May, Ascension, Whit Monday, both Christmas days.
# Kept by hand from the calendar of the government; two that fall on one day stand once.
HOLIDAYS = {
    2024: "01-01 03-29 04-01 04-27 05-05 05-09 05-20 12-25 12-26",
    2025: "01-01 04-18 04-21 04-26 05-05 05-29 06-09 12-25 12-26",
    2026: "01-01 04-03 04-06 04-27 05-05 05-14 05-25 12-25 12-26",
}
DAYS = st.dates(date(1990, 1, 1), date(2060, 12, 31))
NUMBERS = st.integers(1, 30)
DECREED = st.frozensets(st.dates(date(2020, 1, 1), date(2022, 12, 31)), max_size=30)
DAYS_NEAR_DECREED = st.dates(date(2019, 12, 1), date(2023, 1, 31))


@pytest.mark.parametrize(("year", "listed"), HOLIDAYS.items(), ids=str)
def test_the_holidays_of_a_year_are_those_of_the_law(year: int, listed: str) -> None:
    """Algemene termijnenwet, article 3: these nine and no other."""
    assert sorted(holidays_of(year)) == [date.fromisoformat(f"{year}-{day}") for day in listed.split()]


@pytest.mark.parametrize(
    ("year", "easter_monday"),
    [(1943, "04-26"), (2000, "04-24"), (2008, "03-24"), (2011, "04-25"), (2019, "04-22"), (2038, "04-26")],
)
def test_easter_is_found_in_early_and_late_years(year: int, easter_monday: str) -> None:
    """The Gregorian reckoning, at its earliest and latest too."""
    assert date.fromisoformat(f"{year}-{easter_monday}") in holidays_of(year)


@pytest.mark.parametrize(
    ("celebrated", "not_celebrated"),
    [
        ("2014-04-26", "2014-04-27"),  # a Sunday in the first year of the King
        ("2025-04-26", "2025-04-27"),
        ("2023-04-27", "2023-04-26"),
        ("2013-04-30", "2013-04-27"),  # the Queen's
        ("2006-04-29", "2006-04-30"),  # a Sunday
    ],
)
def test_the_royal_birthday_is_kept_on_the_day_before_a_sunday(celebrated: str, not_celebrated: str) -> None:
    """27 April since 2014, 30 April before; never on a Sunday."""
    celebration, other = date.fromisoformat(celebrated), date.fromisoformat(not_celebrated)

    assert celebration in holidays_of(celebration.year)
    assert other not in holidays_of(other.year)


def test_liberation_day_counts_every_year() -> None:
    """5 May, not in lustrum years alone."""
    assert [year for year in range(2014, 2034) if date(year, 5, 5) not in holidays_of(year)] == []


def test_a_decreed_day_is_no_working_day() -> None:
    """The Friday after Ascension Day is one only when nobody decreed otherwise."""
    friday = date(2026, 5, 15)

    assert is_working_day(friday)
    assert not is_working_day(friday, frozenset({friday}))
    assert add_working_days(date(2026, 5, 13), 1, frozenset({friday})) == date(2026, 5, 18)


def test_five_working_days_over_easter() -> None:
    """From Wednesday 27 March 2024: Thursday, then not Good Friday, the weekend or Easter Monday."""
    assert add_working_days(date(2024, 3, 27), 5) == date(2024, 4, 5)


def test_five_working_days_over_christmas_and_the_new_year() -> None:
    """From Tuesday 24 December 2024: Friday 27, Monday 30, Tuesday 31, Thursday 2, Friday 3."""
    assert add_working_days(date(2024, 12, 24), 5) == date(2025, 1, 3)


def test_from_a_saturday_the_first_working_day_is_monday() -> None:
    """A day that is no working day may be counted from as well."""
    assert add_working_days(date(2024, 6, 1), 1) == date(2024, 6, 3)


def test_a_term_at_the_end_of_time_ends_there() -> None:
    """A day far off is an open end, never an error."""
    assert add_working_days(FAR - timedelta(days=2), 5) == FAR


@given(day=DAYS, number=NUMBERS)
def test_the_term_ends_on_a_working_day_after_exactly_so_many(day: date, number: int) -> None:
    """Law: between the day and the end lie `number` working days, the last of them the end itself."""
    end = add_working_days(day, number)

    assert is_working_day(end)
    assert count_working_days(day, end) == number


@given(day=DAYS, one=NUMBERS, more=NUMBERS)
def test_terms_add_up(day: date, one: int, more: int) -> None:
    """Law: first `one` and then `more` days on is as far as both at once."""
    assert add_working_days(add_working_days(day, one), more) == add_working_days(day, one + more)


@given(day=DAYS, later=st.integers(0, 40), number=NUMBERS)
def test_who_begins_later_ends_no_earlier(day: date, later: int, number: int) -> None:
    """Law: the term grows with its first day."""
    assert add_working_days(day, number) <= add_working_days(day + timedelta(days=later), number)


@given(day=DAYS_NEAR_DECREED, number=NUMBERS, decreed=DECREED)
def test_a_decreed_day_never_shortens_a_term(day: date, number: int, decreed: frozenset[date]) -> None:
    """Law: with days decreed the term ends on none of them and no earlier."""
    end = add_working_days(day, number, decreed)

    assert end not in decreed
    assert end >= add_working_days(day, number)


@given(year=st.integers(1980, 2100))
def test_a_year_has_nine_holidays_or_eight(year: int) -> None:
    """Law: two may fall on one day (Ascension Day on 5 May, as in 2016), never more."""
    assert 8 <= len(holidays_of(year)) <= 9


@given(day=DAYS)
def test_weekends_are_no_working_days(day: date) -> None:
    """Law: no Saturday and no Sunday."""
    assert not (is_working_day(day) and day.weekday() >= 5)
