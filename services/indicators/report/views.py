"""What the page is filled with: plain texts in the order of reading, with nothing left to decide."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A cell of a table; `note` stands under its text in small letters."""

    text: str
    note: str = ""
    is_words: bool = False
    """A sentence where a number would stand; it may run over lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of a table; its head says what it is about."""

    head: Cell
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table with a caption; the first column heads the rows."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One figure: its sentences, its drawing and its table."""

    anchor: str
    title: str
    sentences: tuple[str, ...]
    drawing: str
    """SVG, made by the report itself; empty when there is nothing to draw."""
    drawing_note: str
    table: Table | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChapterView:
    """A chapter with its sections."""

    anchor: str
    title: str
    intro: str
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A key figure of page 1; `verdict` is `met`, `not-met` or `none`, said in words beside it."""

    anchor: str
    title: str
    period: str
    value: str
    is_provisional: bool
    verdict: str
    sign: str
    words: str
    target: str
    change: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Page 1: the key figures, what changed and what is provisional."""

    opening: str
    cards: tuple[Card, ...]
    changes: tuple[str, ...]
    provisional: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A drawing of a note, and what is to be known to read it."""

    svg: str
    """Made by the report itself."""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A note: paragraphs, then terms with their meaning, then drawings, then tables."""

    anchor: str
    title: str
    paragraphs: tuple[str, ...] = ()
    terms: tuple[tuple[str, str], ...] = ()
    drawings: tuple[Drawing, ...] = ()
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The whole report."""

    title: str
    municipality: str
    period: str
    stand: tuple[tuple[str, str], ...]
    """The facts about the report itself: name and value."""
    summary: Summary
    chapters: tuple[ChapterView, ...]
    teams: Table | None
    notes: tuple[Note, ...]
