"""Elements of a message and how a dataclass says which of them it wants.

Rules. A field that comes from the message carries its element name and the form of its value; what no field asks
for is not read, and counted when the standard does not know it. The first thing wrong is remembered with its path
and nothing is raised; a reading that went wrong is never used. A path names elements, never what is in them.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import date, time
from functools import cache
from typing import Any, NamedTuple, TypeVar, cast

from youthcare.outcome import Reason, Refused

Kind = TypeVar("Kind")
Form = Callable[[str], object | None]  # the value of a text; None when the text has not this form

FIRST_DAY_EVER = date(1900, 1, 1)  # the standard's own date for "unknown" (IV009); nothing is older
LAST_DAY_EVER = date(2199, 12, 31)  # what a statement may name (schemas/fields.py); nothing is planned further on
NO_LAST_DAY = date(9999, 12, 31)  # how senders write "no last day"
BLANKS = " \t\r\n"
VOLUME_MAX = 99_999_999
_SPEC = "element"


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """One element without its namespace: name, path below the root, text, children."""

    name: str
    path: str
    text: str = field(default="", repr=False)
    children: tuple["Element", ...] = field(default=(), repr=False)

    def named(self, name: str) -> tuple["Element", ...]:
        """The children of that name, in document order."""
        return tuple(child for child in self.children if child.name == name)

    def all_named(self, name: str) -> Iterator["Element"]:
        """All elements of that name below this one, in document order."""
        for child in self.children:
            if child.name == name:
                yield child
            yield from child.all_named(name)


class Reading:
    """One reading of a message: the first thing that was wrong, and how many elements nobody knows."""

    __slots__ = ("refused", "unknown")

    def __init__(self) -> None:
        self.refused: Refused | None = None
        self.unknown = 0

    def refuse(self, reason: Reason, path: str) -> None:
        """Remember what is wrong; only the first counts."""
        self.refused = self.refused or Refused(reason=reason, field=path)

    def find(self, parent: Element, place: str) -> Element | None:
        """The element at a place below `parent`; one that stands there twice is wrong."""
        element = parent
        for name in place.split("/"):
            found = element.named(name)
            if not found:
                return None
            if len(found) > 1:
                self.refuse(Reason.FIELD_INVALID, found[1].path)
            element = found[0]
        return element

    def value(self, parent: Element, place: str, form: Form, needed: bool) -> object | None:
        """The value at a place; None when it is absent or wrong."""
        element = self.find(parent, place)
        if element is None:
            if needed:
                self.refuse(Reason.FIELD_MISSING, below(parent.path, place))
            return None
        value = form(element.text)
        if value is None:
            self.refuse(Reason.FIELD_INVALID, element.path)
        return value


class Spec(NamedTuple):
    """Where the value of a field stands and how it is read."""

    place: str
    read: Callable[[Reading, Element], object]


def below(path: str, place: str) -> str:
    """The path of a place below another path."""
    return f"{path}/{place}" if path else place


def needed(place: str, form: Form) -> Mapping[str, Spec]:
    """An obligatory value."""
    return {_SPEC: Spec(place, lambda reading, parent: reading.value(parent, place, form, True))}


def optional(place: str, form: Form) -> Mapping[str, Spec]:
    """A value that may be absent; present it must have its form (empty elements are not allowed, RS033)."""
    return {_SPEC: Spec(place, lambda reading, parent: reading.value(parent, place, form, False))}


def given(place: str) -> Mapping[str, Spec]:
    """Whether an element is there; its content is not read."""
    return {_SPEC: Spec(place, lambda reading, parent: reading.find(parent, place) is not None)}


def one(place: str, kind: type[object], *, needed: bool = False) -> Mapping[str, Spec]:
    """A group of fields of its own."""

    def read_one(reading: Reading, parent: Element) -> object | None:
        element = reading.find(parent, place)
        if element is None and needed:
            reading.refuse(Reason.FIELD_MISSING, below(parent.path, place))
        return None if element is None else read(kind, element, reading)

    return {_SPEC: Spec(place, read_one)}


def many(place: str, kind: type[object], *, needed: bool = False) -> Mapping[str, Spec]:
    """A group that repeats, in document order."""
    holder, name = place.rsplit("/", 1)

    def read_many(reading: Reading, parent: Element) -> tuple[object, ...]:
        element = reading.find(parent, holder)
        found = () if element is None else element.named(name)
        if needed and not found:
            reading.refuse(Reason.FIELD_MISSING, below(parent.path, place))
        return tuple(read(kind, item, reading) for item in found)

    return {_SPEC: Spec(place, read_many)}


def read(kind: type[Kind], element: Element, reading: Reading, /, **known: object) -> Kind:
    """The dataclass of an element; to be used only when the whole reading refused nothing."""
    reading.unknown += _unknown(kind, element)
    values: dict[str, Any] = {name: spec.read(reading, element) for name, spec in _specs(cast(Any, kind)).items()}
    whole: Kind = cast(Any, kind)(place=element.path, **known, **values)
    return whole


def path_of(value: object) -> str:
    """The path of the element that a read dataclass comes from."""
    path: str = cast(Any, value).place
    return path


def place_of(value: object, name: str) -> str:
    """The path of the element that a field of a read dataclass comes from, there or not."""
    return below(path_of(value), _specs(cast(Any, type(value)))[name].place)


@cache
def _specs(kind: Any) -> Mapping[str, Spec]:
    return {item.name: item.metadata[_SPEC] for item in fields(kind) if _SPEC in item.metadata}


@cache
def _known(kind: Any) -> tuple[frozenset[str], frozenset[str]]:
    """Places that are read or dropped, and the elements that hold them."""
    places = {spec.place for spec in _specs(kind).values()} | set(getattr(kind, "dropped", ()))
    holders = {place[:at] for place in places for at, character in enumerate(place) if character == "/"}
    return frozenset(places), frozenset(holders)


def _unknown(kind: type[object], element: Element, holder: str = "") -> int:
    places, holders = _known(cast(Any, kind))
    count = 0
    for child in element.children:
        place = below(holder, child.name)
        if place in holders:
            count += _unknown(kind, child, place)
        elif place not in places:
            count += 1
    return count


_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?")
_NUMBER = re.compile(r"\+?[0-9]+")
_PRODUCT_CODE = re.compile(r"[0-9A-Za-z]{1,5}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_CODE = re.compile(r"[0-9A-Za-z]{1,4}")


def a_day(text: str) -> date | None:
    """A civil date without zone (LDT_Datum), between the standard's date for "unknown" and the end of 2199."""
    day = _written_day(text)
    return day if day is not None and FIRST_DAY_EVER <= day <= LAST_DAY_EVER else None


def a_known_day(text: str) -> date | None:
    """A civil date on which something was sent or decided: not the date for "unknown", which has no instant."""
    day = a_day(text)
    return None if day == FIRST_DAY_EVER else day


def a_last_day(text: str) -> date | None:
    """A civil date at which something granted or asked for ends; 9999-12-31 says that no end is foreseen."""
    return NO_LAST_DAY if _written_day(text) == NO_LAST_DAY else a_day(text)


def _written_day(text: str) -> date | None:
    bare = text.strip(BLANKS)
    try:
        return date.fromisoformat(bare) if _DAY.fullmatch(bare) else None
    except ValueError:
        return None


def a_time(text: str) -> time | None:
    """A local time of day without zone (LDT_Tijd); fractions of a second are kept to the microsecond."""
    bare = text.strip(BLANKS)
    if not _TIME.fullmatch(bare):
        return None
    try:
        return time.fromisoformat(bare[:15])
    except ValueError:
        return None


def a_number(text: str) -> int | None:
    """A whole number of at most nine digits (LDT_Nummer); sign and leading zeros do not count."""
    bare = text.strip(BLANKS)
    digits = bare.lstrip("+0") or "0"
    return int(digits) if _NUMBER.fullmatch(bare) and len(digits) <= 9 else None


def a_volume(text: str) -> int | None:
    """A whole number of at most eight digits (LDT_Volume)."""
    number = a_number(text)
    return number if number is not None and number <= VOLUME_MAX else None


def a_code(text: str) -> str | None:
    """A code of some code list; whether the list knows it is judged later."""
    return text if _CODE.fullmatch(text) else None


def a_product_code(text: str) -> str | None:
    """Letters and digits, at most five (LDT_ProductCode); the schema allows more, no code list has it."""
    return text if _PRODUCT_CODE.fullmatch(text) else None


def a_text(length: int) -> Form:
    """One line of at most `length` characters, not blank; blanks count, as in the schema.

    Control characters, tabs among them, are refused: no identification on a topic may hold one.
    """

    def form(text: str) -> str | None:
        fits = len(text) <= length and text.strip() != "" and not _CONTROL.search(text)
        return text if fits else None

    return form


def digits(*lengths: int) -> Form:
    """Digits only, of one of these lengths."""

    def form(text: str) -> str | None:
        return text if text.isascii() and text.isdigit() and len(text) in lengths else None

    return form
