"""What may be said of a person: whether a BSN can be one, how it is looked up, what hides it in a reference.

Rules. The BSN is known only at the door: elsewhere stands the youth, found by a keyed digest that nobody can
compute without the municipality's key. A reference in which a sender wrote the BSN is replaced by its digest, the
same each time, so that messages keep finding each other. Source: domain.md §8, ijw/reference.md §10.2.
"""

import hmac
import re
from hashlib import sha256

SCRUBBED_LENGTH = 12
_WEIGHTS = (9, 8, 7, 6, 5, 4, 3, 2, -1)
_NINE_DIGITS = re.compile(r"[0-9]{9}")
_EIGHT_DIGITS = re.compile(r"[0-9]{8}")
# Nine digits anywhere, also overlapping. No BSN was ever given out that begins with two zeros; many counters do.
_BSN_SHAPED = re.compile(r"(?=((?!00)[0-9]{9}))")


def normalised_bsn(text: str) -> str:
    """The nine digits of a BSN; eight digits get their leading zero back, anything else stays as it is."""
    bare = text.strip(" \t\r\n")
    return f"0{bare}" if _EIGHT_DIGITS.fullmatch(bare) else bare


def bsn_valid(text: str) -> bool:
    """Whether nine digits pass the 11-check ("elfproef", rule CS002); nine zeros pass it and are no BSN."""
    if not _NINE_DIGITS.fullmatch(text) or text == "000000000":
        return False
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, text, strict=True))
    return total % 11 == 0


def lookup(key: bytes, municipality: str, bsn: str) -> bytes:
    """The look-up column of the identity table: HMAC-SHA-256 over municipality and BSN."""
    return hmac.digest(key, f"bsn/{municipality}/{bsn}".encode(), sha256)


def reference_lookup(key: bytes, source: str, reference: str) -> str:
    """The digest (hex) under which the register finds a message or request, whatever its sender wrote into it.

    A return or an answer carries no BSN, so it cannot tell whether the reference it repeats contains one; this
    digest is the same on both sides and shows nothing.
    """
    return hmac.new(key, f"reference/{source}/{reference}".encode(), sha256).hexdigest()


def digest(reference: str, key: bytes) -> str:
    """Twelve hex digits that stand for a reference; keyed, because nine digits are soon guessed."""
    return hmac.new(key, f"scrubbed/{reference}".encode(), sha256).hexdigest()[:SCRUBBED_LENGTH]


def scrub(reference: str, bsn: str | None, key: bytes) -> str:
    """The reference, or its digest when it contains the BSN of its message (domain.md §8).

    Without a known BSN every reference that could contain one is replaced. The key must outlive rotation: another
    key gives another name to the same message.
    """
    hidden = _could_contain(reference) if bsn is None else _contains(reference, bsn)
    return digest(reference, key) if hidden else reference


def could_hold_bsn(text: str) -> bool:
    """Whether a text holds nine digits that could be a BSN, also with blanks, dots or dashes between them."""
    return _could_contain(re.sub(r"(?<=[0-9])[ .\-](?=[0-9])", "", text))


def _could_contain(reference: str) -> bool:
    return any(bsn_valid(match[1]) for match in _BSN_SHAPED.finditer(reference))


def _contains(reference: str, bsn: str) -> bool:
    # Dots, spaces and dashes between the digits hide nothing, nor does leaving out the leading zero.
    digits = "".join(character for character in reference if character in "0123456789")
    return bool(bsn) and (bsn.lstrip("0") or bsn) in digits
