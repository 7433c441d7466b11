"""Heads of the chains as they are written down outside the database: one JSON object per line, only ever added to.

One rule: a line that cannot be read is no head and no silence either; whoever reads the file is told.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from youthcare.looks.chain import Head


def written(head: Head, taken_at: datetime) -> str:
    """A head as a line of the file; `taken_at` in UTC."""
    row = {"taken_at": taken_at.isoformat(timespec="seconds"), "municipality": head.municipality}
    return json.dumps(row | {"number": head.number, "hash": head.hash.hex()})


def heads_from(lines: Iterable[str]) -> Mapping[str, Mapping[int, bytes]]:
    """The hashes that were written down, by municipality and number; raises `ValueError` at what is no head.

    Of two heads for one number the first stands: what was written down later is what may have been made to fit.
    """
    found: dict[str, dict[int, bytes]] = defaultdict(dict)
    for head, _taken in _read(lines):
        found[head.municipality].setdefault(head.number, head.hash)
    return found


def moments_from(lines: Iterable[str]) -> Mapping[str, Mapping[int, datetime]]:
    """When they were written down (UTC), likewise; of two for one number the last: until then nothing came after."""
    found: dict[str, dict[int, datetime]] = defaultdict(dict)
    for head, taken in _read(lines):
        found[head.municipality][head.number] = taken
    return found


def _read(lines: Iterable[str]) -> Iterator[tuple[Head, datetime]]:
    for place, text in enumerate(lines, start=1):
        try:
            row = json.loads(text)
            municipality, number, own = str(row["municipality"]), int(row["number"]), bytes.fromhex(row["hash"])
            taken = datetime.fromisoformat(row["taken_at"])
        except (KeyError, TypeError, ValueError):
            raise ValueError(f"line {place} is no head") from None
        yield Head(municipality=municipality, number=number, hash=own), taken
