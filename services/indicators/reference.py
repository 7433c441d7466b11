"""Reference data from CSV and back: population, targets, external series and decreed days (domain.md §6).

Three rules. A file is entered whole or not at all: all that is wrong in it is listed, by line and column. A file
is of one municipality. What is written can be read again, and no spreadsheet takes a cell of it for a formula.
"""

import csv
import hashlib
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from services.indicators.population import Cells
from services.indicators.reference_kinds import FORMS, WITHDRAWN, Form, ReferenceKind
from services.indicators.reference_refusals import Refusal, Wrong, is_formula

LINES_MAX = 20_000
REFUSALS_MAX = 1_000
BYTES_MAX = 2_000_000
"""What a file may measure; twenty years of a large municipality measure a tenth of it."""
Key = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line: what it is about, and what it says of it; None when it withdraws what was said before."""

    line: int
    key: Key
    values: tuple[str, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceFile:
    """A file in which nothing is wrong; `digest` is the SHA-256 of its bytes."""

    kind: ReferenceKind
    municipality: str
    digest: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusals:
    """Why a file is not entered: the first of its refusals in the order of its lines, and how many there are."""

    listed: tuple[Refusal, ...]
    count: int


def read(kind: ReferenceKind, content: bytes, municipality: str) -> ReferenceFile | Refusals:
    """The entries of a municipality's file, or all that is wrong with it."""
    text = _decoded(content)
    if isinstance(text, Refusal):
        return refused([text])
    form = FORMS[kind]
    lines, broken = _split(text)
    header = _header_refusal(form, lines)
    if header is not None:
        return refused([broken or header])
    entries, flaws = _checked(form, lines[1:], municipality)
    flaws += [broken] if broken else [] if lines[1:] else [Refusal(line=1, wrong=Wrong.NO_ROWS)]
    if flaws:
        return refused(flaws)
    digest = hashlib.sha256(content).hexdigest()
    return ReferenceFile(kind=kind, municipality=municipality, digest=digest, entries=tuple(entries))


def refused(refusals: Iterable[Refusal]) -> Refusals:
    """Refusals in the order of their lines, as many as are listed."""
    found = sorted(refusals, key=lambda refusal: refusal.line)
    return Refusals(listed=tuple(found[:REFUSALS_MAX]), count=len(found))


def refused_withdrawals(file: ReferenceFile, in_force: Set[Key]) -> Refusals | None:
    """The lines that withdraw what does not hold; a typing error would otherwise withdraw nothing, unseen."""
    column = FORMS[file.kind].values[0]
    idle = [entry for entry in file.entries if entry.values is None and entry.key not in in_force]
    found = [Refusal(line=entry.line, wrong=Wrong.NOTHING_TO_WITHDRAW, column=column) for entry in idle]
    return refused(found) if found else None


def write(kind: ReferenceKind, rows: Iterable[Cells]) -> str:
    """The rows of one municipality as a file that `read` takes, sorted."""
    form = FORMS[kind]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(form.columns)
    writer.writerows(sorted([_safe(form, column, row[column]) for column in form.columns] for row in rows))
    return out.getvalue()


def _safe(form: Form, column: str, cell: str) -> str:
    # Only what was copied from the table of before versions can begin so: imports refuse it.
    return f"'{cell}" if column not in form.numbers and is_formula(cell) else cell


def _decoded(content: bytes) -> str | Refusal:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return Refusal(line=content.count(b"\n", 0, error.start) + 1, wrong=Wrong.NOT_UTF8)


Line = tuple[int, Sequence[str]]


def _split(text: str) -> tuple[list[Line], Refusal | None]:
    """The lines that hold anything, with their numbers, up to where the file cannot be read."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    lines: list[Line] = []
    while len(lines) <= LINES_MAX:
        number = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return lines, None
        except csv.Error:
            return lines, Refusal(line=number, wrong=Wrong.NOT_CSV)
        if any(cells):
            lines.append((number, cells))
    return lines[:LINES_MAX], Refusal(line=lines[-1][0], wrong=Wrong.TOO_MANY_LINES)


def _header_refusal(form: Form, lines: Sequence[Line]) -> Refusal | None:
    number, cells = lines[0] if lines else (1, [])
    if tuple(cells) == form.columns:
        return None
    separated = len(cells) == 1 and any(sign in cells[0] for sign in ";\t")
    wrong = Wrong.WRONG_SEPARATOR if separated else Wrong.WRONG_HEADER
    return Refusal(line=number, wrong=wrong, column=",".join(form.columns))


def _checked(form: Form, lines: Iterable[Line], municipality: str) -> tuple[list[Entry], list[Refusal]]:
    """The entry of each line that is right, and what is wrong with the others."""
    entries: dict[Key, Entry] = {}
    flaws: list[Refusal] = []
    for number, cells in lines:
        named = {"municipality": municipality, **dict(zip(form.columns, cells, strict=False))}
        found = list(_line_refusals(form, number, cells, named, municipality))
        entry = None if found else _entry(form, number, named)
        if entry is not None and entry.key in entries:
            found = [Refusal(line=number, wrong=Wrong.DUPLICATE_KEY, first_line=entries[entry.key].line)]
        elif entry is not None:
            entries[entry.key] = entry
        flaws += found
    return list(entries.values()), flaws


def _line_refusals(form: Form, number: int, cells: Sequence[str], named: Cells, municipality: str) -> Iterator[Refusal]:
    if len(cells) != len(form.columns):
        yield Refusal(line=number, wrong=Wrong.CELL_COUNT)
        return
    for column in form.columns[: -len(form.values)] if _is_withdrawn(form, named) else form.columns:
        wrong = form.checks[column](named)
        if column == "municipality" and wrong is None and named[column] != municipality:
            wrong = Wrong.OTHER_MUNICIPALITY
        if wrong is not None:
            yield Refusal(line=number, wrong=wrong, column=column)


def _is_withdrawn(form: Form, named: Cells) -> bool:
    return named[form.values[0]] == WITHDRAWN


def _entry(form: Form, number: int, named: Mapping[str, str]) -> Entry:
    """The group of the municipality itself is its code, whatever the file calls it."""
    own = {"group": named["municipality"]} if named.get("group_kind") == "municipality" else {}
    cells = {**named, **own}
    values = None if _is_withdrawn(form, named) else tuple(cells[column] for column in form.values)
    return Entry(line=number, key=tuple(cells[column] for column in form.keys), values=values)
