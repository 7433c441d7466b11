"""The search itself finds what it must: a text in each form in which something may have written it down."""

import json
from base64 import b64encode, urlsafe_b64encode
from urllib.parse import quote_plus

import pytest

from tests.everywhere import Search

BSN, NAME = "099994001", "Geheim-Ångström"


@pytest.mark.parametrize(
    "written",
    [
        BSN,
        f"0000{BSN}0000",
        "0999.94.001",
        "0 9999 4001",
        "99994001",
        json.dumps({"bsn": 99994001}),
        BSN.encode("utf-16-le").decode("latin-1"),
        BSN.encode().hex(),
        *(b64encode(f"{'x' * before}{BSN} and on".encode()).decode() for before in range(4)),
    ],
)
def test_a_number_is_found_however_it_is_written(written: str) -> None:
    """Among other content, and not in content of others."""
    with Search([BSN, "999990019"]) as search:
        assert search.found(f"before {written} after".encode("latin-1")) == {BSN}
        assert search.found(b"before 099994002 099-994-002-1 after 9999400") == set()


@pytest.mark.parametrize(
    "written",
    [
        NAME.encode(),
        NAME.encode("latin-1"),
        NAME.encode("utf-16-be"),
        json.dumps(NAME).encode(),
        quote_plus(NAME).encode(),
        "".join(f"&#{ord(character)};" for character in NAME).encode(),
        *(urlsafe_b64encode(b"x" * before + NAME.encode() + b"x") for before in range(3)),
        NAME.encode().hex().upper().encode(),
    ],
)
def test_a_name_is_found_however_it_is_written(written: bytes) -> None:
    """Also with letters that encodings write differently."""
    with Search([NAME]) as search:
        assert search.places([("here", b"before\n" + written + b"\nafter"), ("there", b"Geheim")]) == {"here": {NAME}}
