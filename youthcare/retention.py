"""How long each kind of data is kept, and what is done at its end: the register of terms, as data.

Three rules. Every place stands in one kind. A municipality may choose a term, never one below the shortest. What is
dated on the day that lies one term back is kept; what is dated before it is past its term.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from youthcare.period import add_months

DEFAULT = "default"
_UNITS = ("years", "months", "days")


class End(StrEnum):
    """What is done at the end of a term."""

    FORGET = "forget"
    DELETE = "delete"
    EMPTY = "empty"
    EXPIRE = "expire"
    STAY = "stay"


class By(StrEnum):
    """Who does it."""

    RETENTION = "retention"
    SERVICE = "service"
    BROKER = "broker"
    OPERATOR = "operator"
    NOBODY = "nobody"


class Chooser(StrEnum):
    """Whose choice the term is."""

    MUNICIPALITY = "gemeente"
    LAW = "wet"
    DESIGN = "ontwerp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A stretch of time in whole months and days; one of the two is nought."""

    months: int = 0
    days: int = 0

    def back_from(self, day: date) -> date:
        """The day one term before another; what is dated before it is past its term."""
        return add_months(day, -self.months) - timedelta(days=self.days)

    @property
    def in_days(self) -> int:
        """About how long, to compare two terms: a month as 30.4 days."""
        return self.months * 304 // 10 + self.days

    def told_nl(self) -> str:
        """In Dutch, such as `7 jaar`."""
        if self.days:
            return f"{self.days} dagen"
        return f"{self.months // 12} jaar" if self.months % 12 == 0 else f"{self.months} maanden"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of data; the Dutch texts are for those who sign. `places` are where it stands, tables among them."""

    name: str
    what_nl: str
    from_nl: str
    ground_nl: str
    chosen_by: Chooser
    end: End
    by: By
    term: Term | None
    shortest: Term | None
    tables: tuple[str, ...]
    topics: tuple[str, ...]
    places: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The register: all kinds, and the terms that municipalities chose for themselves."""

    kinds: Mapping[str, Kind]
    chosen: Mapping[str, Mapping[str, Term]]

    def cutoffs(self, kind: str, today: date) -> dict[str, date]:
        """Before which day a kind is past its term: under `default`, and of each municipality that chose."""
        shipped = self.kinds[kind].term
        assert shipped is not None, "what has no term is never past it"
        own = {municipality: terms[kind] for municipality, terms in self.chosen.items() if kind in terms}
        return {place: term.back_from(today) for place, term in {DEFAULT: shipped, **own}.items()}


def terms_from(content: Mapping[str, Any]) -> Terms:
    """The register of a file; raises `ValueError` that names the kind and what is wrong with it."""
    kinds = {name: _kind(name, row) for name, row in content["kinds"].items()}
    _refuse_twice(kinds)
    chosen = {
        _four_digits(municipality): {name: _chosen(kinds, name, row) for name, row in rows.items()}
        for municipality, rows in (content.get("municipalities") or {}).items()
    }
    return Terms(kinds=kinds, chosen=chosen)


def _kind(name: str, row: Mapping[str, Any]) -> Kind:
    try:
        kind = Kind(
            name=name,
            what_nl=row["wat"],
            from_nl=row["vanaf"],
            ground_nl=row["ground"],
            chosen_by=Chooser(row["chosen_by"]),
            end=End(row["end"]),
            by=By(row["by"]),
            term=_term(row.get("term")),
            shortest=_term(row.get("shortest")),
            tables=tuple(row.get("tables", ())),
            topics=tuple(row.get("topics", ())),
            places=tuple(row.get("places", ())),
        )
    except (KeyError, TypeError, ValueError) as wrong:
        raise ValueError(f"{name}: {wrong}") from None
    _refuse_senseless(kind)
    return kind


def _refuse_senseless(kind: Kind) -> None:
    # What expires may do so with something else, such as a token.
    if kind.end is not End.EXPIRE and (kind.term is None) != (kind.end is End.STAY):
        raise ValueError(f"{kind.name}: what stays has no term, and what ends has one")
    if kind.term is not None and kind.shortest is not None and kind.term.in_days < kind.shortest.in_days:
        raise ValueError(f"{kind.name}: the term is below the shortest")
    if not (kind.tables or kind.topics or kind.places):
        raise ValueError(f"{kind.name}: it stands nowhere")


def _refuse_twice(kinds: Mapping[str, Kind]) -> None:
    seen = set[str]()
    for kind in kinds.values():
        for place in _places(kind):
            if place in seen:
                raise ValueError(f"{place} stands in two kinds")
            seen.add(place)


def _places(kind: Kind) -> Iterator[str]:
    yield from kind.tables
    yield from kind.topics
    yield from kind.places


def _term(row: Mapping[str, Any] | None) -> Term | None:
    if row is None:
        return None
    ((unit, number),) = row.items()
    if unit not in _UNITS or not isinstance(number, int) or number < 1:
        raise ValueError("a term is a whole number of years, months or days")
    return Term(days=number) if unit == "days" else Term(months=number * (12 if unit == "years" else 1))


def _chosen(kinds: Mapping[str, Kind], name: str, row: Mapping[str, Any]) -> Term:
    kind, term = kinds.get(name), _term(row)
    if kind is None or term is None or kind.by is not By.RETENTION:
        raise ValueError(f"{name}: no term that a municipality chooses here")
    if kind.shortest is not None and term.in_days < kind.shortest.in_days:
        raise ValueError(f"{name}: a municipality may not choose less than {kind.shortest.told_nl()}")
    return term


def _four_digits(municipality: object) -> str:
    code = str(municipality)
    if len(code) != 4 or not code.isdecimal():
        raise ValueError("a municipality is four digits, in quotes")
    return code
