"""What retention did and what is left, in Dutch, by municipality and kind; no person stands in it."""

from collections import Counter
from collections.abc import Iterator

from youthcare.retention import By, End, Kind, Terms

ENDS_NL = {
    End.FORGET: "vergeten",
    End.DELETE: "verwijderd",
    End.EMPTY: "leeggemaakt",
    End.EXPIRE: "verloopt",
    End.STAY: "blijft",
}
BY_NL = {
    By.RETENTION: "nachtelijke opdracht",
    By.SERVICE: "de dienst zelf",
    By.BROKER: "Kafka",
    By.OPERATOR: "beheerder",
    By.NOBODY: "niemand",
}
Counts = Counter[tuple[str, str]]
"""How many, by municipality and kind."""


def ended_lines(done: Counts) -> Iterator[str]:
    """What was ended in a run."""
    for (municipality, kind), count in sorted(done.items()):
        yield f"{municipality} {kind}: {count}"
    yield f"samen {done.total()}"


def status_lines(terms: Terms, left: Counts) -> Iterator[str]:
    """Each kind with its term, and how much of it is past that now."""
    for kind in terms.kinds.values():
        yield f"{kind.name}: {kind.what_nl}"
        yield f"  {term_nl(kind)}; daarna {ENDS_NL[kind.end]} ({BY_NL[kind.by]}); keuze: {kind.chosen_by.value}"
        for municipality, own in sorted(terms.chosen.items()):
            if kind.name in own:
                yield f"  {municipality} koos {own[kind.name].told_nl()}"
        if kind.by is By.RETENTION:
            yield from (f"  over de termijn in {place}: {count}" for place, count in _of(kind, left))


def table_lines(terms: Terms) -> Iterator[str]:
    """The register as a Markdown table, for a processing register; own terms of municipalities stand with theirs."""
    yield "| soort gegevens | waar | termijn | daarna | door | keuze van | grondslag |"
    yield "|---|---|---|---|---|---|---|"
    for kind in terms.kinds.values():
        own = [f"{each}: {chosen[kind.name].told_nl()}" for each, chosen in sorted(terms.chosen.items())
               if kind.name in chosen]  # fmt: skip
        where = ", ".join(f"`{place}`" for place in (*kind.tables, *kind.topics)) or ", ".join(kind.places)
        cells = (kind.what_nl, where, "; ".join([term_nl(kind), *own]), ENDS_NL[kind.end], BY_NL[kind.by])
        yield "| " + " | ".join((*cells, kind.chosen_by.value, kind.ground_nl)) + " |"


def term_nl(kind: Kind) -> str:
    """The term and from when it counts."""
    return "zonder termijn" if kind.term is None else f"{kind.term.told_nl()} vanaf {kind.from_nl}"


def _of(kind: Kind, left: Counts) -> list[tuple[str, int]]:
    found = sorted((municipality, count) for (municipality, name), count in left.items() if name == kind.name)
    return found or [("geen gemeente", 0)]
