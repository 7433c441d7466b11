"""Changing the keys of a municipality in the key file: announce a new version, use it, retire the old ones.

1. A version is **announced** first: every process must know it before any process uses it, else one would not find
   what another has written and give a person a second youth. So all are started again between the steps.
2. It is **used** next: new identities are looked up and sealed under it; the rows are then rewritten by
   ``trajectwacht indication rotate-keys``.
3. Older versions are **retired** when no row is left under them; until then they find and open.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from youthcare.runtime.sealing import fresh_key, write_keys

Answer = TypeVar("Answer")
VERSION_MAX = 255
"""The version is the first byte of what it sealed."""


class NothingToRotateError(ValueError):
    """The municipality has no keys in the file, or no version is announced; the text says which."""


def announce_keys(path: Path, municipality: str) -> int:
    """Add a version that is not in use yet; the one announced already when there is one. Answers the version."""

    def announce(row: dict[str, Any]) -> int:
        newest, used = _newest(row), _used(row)
        if newest == used:
            newest = used + 1
            if newest > VERSION_MAX:
                raise NothingToRotateError("the versions are used up")
            row["lookup"][str(newest)], row["sealing"][str(newest)] = fresh_key(), fresh_key()
        row["in_use"] = used
        return newest

    return _changed(path, municipality, announce)


def use_announced(path: Path, municipality: str) -> int:
    """Take the announced version in use; answers it. Using it already changes nothing."""

    def use(row: dict[str, Any]) -> int:
        row["in_use"] = _newest(row)
        return int(row["in_use"])

    return _changed(path, municipality, use)


def retire_older(path: Path, municipality: str) -> list[int]:
    """Remove the versions older than the one in use; answers which. What stands under them can never be opened."""

    def retire(row: dict[str, Any]) -> list[int]:
        used = _used(row)
        older = sorted({int(version) for kind in ("lookup", "sealing") for version in row[kind] if int(version) < used})
        for kind in ("lookup", "sealing"):
            row[kind] = {version: key for version, key in row[kind].items() if int(version) >= used}
        return older

    return _changed(path, municipality, retire)


def _changed(path: Path, municipality: str, change: Callable[[dict[str, Any]], Answer]) -> Answer:
    rows = json.loads(path.read_text(encoding="utf-8"))
    if municipality not in rows["municipalities"]:
        raise NothingToRotateError("the municipality has no keys in this file")
    answer = change(rows["municipalities"][municipality])
    write_keys(path, json.dumps(rows, indent=2) + "\n")
    return answer


def _newest(row: dict[str, Any]) -> int:
    return max(int(version) for version in row["lookup"])


def _used(row: dict[str, Any]) -> int:
    return int(row.get("in_use", _newest(row)))
