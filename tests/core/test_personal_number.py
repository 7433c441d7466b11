"""What people write may hold no BSN, however they part its digits."""

import pytest

from youthcare.personal_number import holds_personal_number, is_personal_number


@pytest.mark.parametrize(
    "text",
    [
        "123456782",
        "bsn123456782.",
        "06123456781",
        "999999999",
        "1234 56 782",
        "1234.56.782",
        "123-456-782",
        "1 2 3 4 5 6 7 8 2",
    ],
)
def test_nine_digits_could_be_a_number_of_a_person(text: str) -> None:
    """In a row always; parted when they pass the 11-check."""
    assert holds_personal_number(f"nummer {text}!")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "12345678",
        "1234 56 783",
        "2024-03-05 2024-04-01",
        "12.345.678",
        "000 000 000",
        "5 maart, 12 uur, kamer 3.14",
        "1234  56782",
    ],
)
def test_what_is_no_such_number_is_let_through(text: str) -> None:
    """Dates, short numbers, and what fails the 11-check."""
    assert not holds_personal_number(text)


def test_an_identifier_of_a_youth_is_no_such_number_whatever_digits_it_has() -> None:
    """Eight or nine digits and nothing else are."""
    assert [is_personal_number(text) for text in ("12345678", "123456782", "1234.56.782", " 123456782 ")] == [True] * 4
    assert not any(map(is_personal_number, ("9f3c51d07a2e4b66123456782e2f3a4b", "0" * 32, "1234567", "1234567890", "")))
