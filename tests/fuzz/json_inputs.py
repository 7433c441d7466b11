"""Events of team systems, changed in ways a program or an attacker would change them.

Two rules. An object is a list of members, so that one name can stand in it twice. What is written is our own, since
no library writes what a reader must survive: bare surrogates, huge numbers, members twice.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from schemas.export import FOLDER
from tests.fuzz.entropy import Entropy
from tests.fuzz.values import NUMBERS, a_text

NAMES = (
    *("bsn", "into_bsn", "into", "id", "source", "type", "time", "data", "subject", "received", "municipality", "name"),
    *(
        "indication",
        "first_day",
        "last_day",
        "product",
        "category",
        "",
        " ",
        "__proto__",
        "\ud800",
        "\x00",
        "é",
        "x" * 999,
    ),
    *("$ref", "999900006", "provider", "team", "reason", "code", "kind", "data_base64", "specversion", "crisis"),
)
LITERALS = (
    *(
        "null",
        "true",
        "false",
        "[]",
        "{}",
        "[[]]",
        '[{"a":1}]',
        '"\\ud800"',
        '"\\udc00\\ud800"',
        '"\\u0000"',
        '"\\ud83d\\ude00"',
    ),
    *(
        '"a\\u0000b"',
        '"\\u0085"',
        '"\\x"',
        "nul",
        "'a'",
        "1.",
        ".1",
        "01",
        "--1",
        "1e",
        '{"bsn":"999900006"}',
        '"\\uFFFE"',
    ),
)
DEEP = ('{"a":' * 700 + "1" + "}" * 700, "[" * 900, *("[" * each + "]" * each for each in (300, 900, 1100, 50_000)))
ENCODINGS = (
    "utf-8",
    "utf-8-sig",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "utf-32",
    "utf-32-be",
    "latin-1",
    "cp1252",
    "utf-7",
)


@dataclass(slots=True)
class Bare:
    """A piece of text that is written as it is."""

    text: str


@dataclass(slots=True)
class Members:
    """An object: names and values in order, a name perhaps more than once."""

    rows: list[list[Any]] = field(default_factory=list)


@cache
def _examples() -> tuple[Any, ...]:
    folders = (FOLDER / "examples" / "incoming", FOLDER / "examples")
    paths = [path for folder in folders for path in sorted(folder.glob("*.json"))]
    return tuple(json.loads(path.read_text(encoding="utf-8")) for path in paths)


def _form(value: Any) -> Any:
    if isinstance(value, dict):
        return Members([[name, _form(member)] for name, member in value.items()])
    return [_form(member) for member in value] if isinstance(value, list) else value


def _places(value: Any) -> Iterator[tuple[Any, int]]:
    """Every place of a value within: what holds it, and where in it."""
    rows = value.rows if isinstance(value, Members) else value if isinstance(value, list) else []
    for at, row in enumerate(rows):
        yield rows, at
        yield from _places(row[1] if isinstance(value, Members) else row)


def _put(rows: Any, at: int, value: Any) -> None:
    if isinstance(rows[at], list) and len(rows[at]) == 2 and isinstance(rows[at][0], str):
        rows[at][1] = value
    else:
        rows[at] = value


def _taken(rows: Any, at: int) -> Any:
    row = rows[at]
    return row[1] if isinstance(row, list) and len(row) == 2 and isinstance(row[0], str) else row


def _value(entropy: Entropy, rows: Any, at: int) -> None:
    before = _taken(rows, at)
    _put(rows, at, a_text(entropy, before if isinstance(before, str) else ""))


def _literal(entropy: Entropy, rows: Any, at: int) -> None:
    _put(rows, at, Bare(entropy.one(DEEP) if entropy.once_in(12) else entropy.one(LITERALS)))


def _number(entropy: Entropy, rows: Any, at: int) -> None:
    _put(rows, at, Bare(entropy.one(NUMBERS)))


def _drop(_entropy: Entropy, rows: Any, at: int) -> None:
    del rows[at]


def _again(entropy: Entropy, rows: Any, at: int) -> None:
    row = rows[at]
    same = [row[0], a_text(entropy)] if isinstance(row, list) and len(row) == 2 and entropy.once_in(2) else row
    rows.insert(entropy.below(len(rows) + 1), same)


def _rename(entropy: Entropy, rows: Any, at: int) -> None:
    if isinstance(rows[at], list) and len(rows[at]) == 2:
        rows[at][0] = entropy.one(NAMES)


def _add(entropy: Entropy, rows: Any, at: int) -> None:
    rows.insert(at, [entropy.one(NAMES), a_text(entropy)])


def _wrap(entropy: Entropy, rows: Any, at: int) -> None:
    inner = _taken(rows, at)
    for _ in range(entropy.one((1, 1, 2, 20))):
        inner = [inner] if entropy.once_in(2) else Members([["a", inner]])
    _put(rows, at, inner)


def _borrow(entropy: Entropy, rows: Any, at: int) -> None:
    places = list(_places(_form(entropy.one(_examples()))))
    _put(rows, at, _taken(*entropy.one(places)))


CHANGES: tuple[Callable[[Entropy, Any, int], None], ...] = (
    *(_value,) * 10,
    *(_literal, _literal, _number, _drop, _again, _again, _rename, _add, _wrap, _borrow, _borrow),
)


def _written(value: Any, ascii_only: bool) -> str:
    if isinstance(value, Bare):
        return value.text
    if isinstance(value, Members):
        rows = (f"{json.dumps(name, ensure_ascii=ascii_only)}:{_written(one, ascii_only)}" for name, one in value.rows)
        return "{" + ",".join(rows) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_written(member, ascii_only) for member in value) + "]"
    return json.dumps(value, ensure_ascii=ascii_only)


def an_event(entropy: Entropy) -> Any:
    """One example, changed a few times."""
    holder = [_form(entropy.one(_examples()))]
    for _ in range(entropy.few(5)):
        places = list(_places(holder))
        if places:
            entropy.one(CHANGES)(entropy, *entropy.one(places))
    return holder[0] if len(holder) == 1 else holder


def a_json(entropy: Entropy) -> bytes:
    """One event or a list of them, at times in another encoding."""
    content = [an_event(entropy) for _ in range(entropy.few(6))] if entropy.once_in(8) else an_event(entropy)
    text = _written(content, entropy.once_in(2))
    encoding = entropy.one(ENCODINGS) if entropy.once_in(12) else "utf-8"
    return text.encode(encoding, "surrogatepass" if encoding.startswith("utf-8") else "replace")
