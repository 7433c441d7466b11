"""What may be said of a person at the door."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.indication.identity import bsn_valid, digest, lookup, normalised_bsn, reference_lookup, scrub

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
BSN = "999900006"


@pytest.mark.parametrize("bsn", ["999900006", "999900018", "123456782", "111222333", "012345672"])
def test_a_number_that_passes_the_11_check_is_a_bsn(bsn: str) -> None:
    """Rule CS002, examples of reference.md §10.2."""
    assert bsn_valid(bsn)


@pytest.mark.parametrize("text", ["999900007", "000000000", "12345678", "9999000061", "", "99990000a", "٩٩٩٩٠٠٠٠٦"])
def test_anything_else_is_no_bsn(text: str) -> None:
    """Nine zeros pass the formula and are refused; other lengths, letters and other digits too."""
    assert not bsn_valid(text)


@given(st.integers(0, 999_999_999))
def test_one_changed_digit_is_always_caught(number: int) -> None:
    """The check exists to catch one mistyped digit; it catches them all."""
    text = f"{number:09d}"
    changed = text[:3] + str((int(text[3]) + 1) % 10) + text[4:]

    assert not (bsn_valid(text) and bsn_valid(changed))


def test_eight_digits_get_their_leading_zero() -> None:
    """reference.md §10.2."""
    assert normalised_bsn("12345672") == "012345672"
    assert normalised_bsn(" 999900006\n") == "999900006"
    assert normalised_bsn("1234567") == "1234567"


def test_the_look_up_depends_on_key_municipality_and_bsn() -> None:
    """Nobody can compute it without the key, and two municipalities never share one (domain.md §8)."""
    found = {lookup(key, place, bsn) for key in (KEY, OTHER_KEY) for place in ("0153", "0141") for bsn in ("1", "2")}

    assert len(found) == 8
    assert lookup(KEY, "0153", BSN) == lookup(KEY, "0153", BSN)


@pytest.mark.parametrize("reference", ["999900006", "VOT/999900006/1", "9999.00.006", "x999 900 006"])
def test_a_reference_with_the_bsn_becomes_a_digest(reference: str) -> None:
    """However it was written (domain.md §8)."""
    hidden = scrub(reference, BSN, KEY)

    assert hidden == digest(reference, KEY) != digest(reference, OTHER_KEY)
    assert len(hidden) == 12
    assert set(hidden) <= set("0123456789abcdef")


def test_a_bsn_without_its_leading_zero_is_hidden_too() -> None:
    """A number column drops leading zeros."""
    assert scrub("K12345672", "012345672", KEY) == digest("K12345672", KEY)


def test_a_reference_without_the_bsn_stays_as_it_is() -> None:
    """Also when it holds another number that could be a BSN: the message says it is not this youth's."""
    assert scrub("VOT-1", BSN, KEY) == "VOT-1"
    assert scrub("123456782", BSN, KEY) == "123456782"


def test_without_a_known_bsn_whatever_could_be_one_is_hidden() -> None:
    """A return of a header only carries no BSN but may repeat a reference that does."""
    assert scrub("VOT/999900006/1", None, KEY) == digest("VOT/999900006/1", KEY)
    assert scrub("1999900006", None, KEY) == digest("1999900006", KEY)
    assert scrub("VOT-1", None, KEY) == "VOT-1"
    assert scrub("000000012", None, KEY) == "000000012"


def test_a_reference_is_found_by_what_was_written() -> None:
    """The look-up of the register is the same with and without a BSN at hand, and differs per sender."""
    assert reference_lookup(KEY, "a", "VOT-1") == reference_lookup(KEY, "a", "VOT-1")
    assert len({reference_lookup(key, who, "1") for key in (KEY, OTHER_KEY) for who in ("a", "b")}) == 4
