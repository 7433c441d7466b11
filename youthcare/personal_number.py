"""Whether a text that people write could hold a BSN: then it is not taken, as a BSN stands nowhere (domain.md §8).

Nine digits in a row are enough. With a blank, a dot or a dash between some of them they must also pass the 11-check
("elfproef"), or a date beside a number would be refused.
"""

import re

_IN_A_ROW = re.compile(r"[0-9]{9}")
_APART = re.compile(r"(?<![0-9])[0-9](?:[ .\-\u00a0\u2011]?[0-9]){8}(?![0-9])")
_ALONE = re.compile(r"[0-9](?:[ .\-]?[0-9]){7,8}")
_WEIGHTS = (9, 8, 7, 6, 5, 4, 3, 2, -1)


def holds_personal_number(text: str) -> bool:
    """Whether the text could hold a BSN."""
    if _IN_A_ROW.search(text):
        return True
    found = ([int(each) for each in found[0] if each in "0123456789"] for found in _APART.finditer(text))
    return any(_passes(digits) for digits in found)


def is_personal_number(text: str) -> bool:
    """Whether the text is a BSN and nothing else, where the identifier of a youth should be."""
    return _ALONE.fullmatch(text.strip()) is not None


def _passes(digits: list[int]) -> bool:
    return any(digits) and sum(weight * digit for weight, digit in zip(_WEIGHTS, digits, strict=True)) % 11 == 0
