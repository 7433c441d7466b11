"""From statements to what is told of each youth: who belongs together, and what was known on which day.

Knowledge has the grain of one civil day: facts are told per youth per day of reception, oldest first. A statement
that is registered late changes the layers from its own day of reception on, and no earlier one.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import replace
from datetime import date

from services.trajectory.facts import Rules, derive
from services.trajectory.ledger import distinct, is_correction, known_on, merged_into
from youthcare.events import Statement, YouthMerged
from youthcare.period import civil_day
from youthcare.youthfacts import YouthFacts

YouthKey = tuple[str, str]


def by_youth(statements: Iterable[Statement]) -> dict[YouthKey, tuple[Statement, ...]]:
    """The ledger of every youth, those merged into it included, by municipality and youth."""
    ledgers: dict[YouthKey, list[Statement]] = defaultdict(list)
    for municipality, rows in _by_municipality(statements).items():
        into = merged_into(rows)
        for row in rows:
            ledgers[municipality, into.get(row.youth, row.youth)].append(row)
        for head in into.values():
            ledgers[municipality, head] += []
    return {key: tuple(ledgers[key]) for key in sorted(ledgers)}


def _by_municipality(statements: Iterable[Statement]) -> dict[str, list[Statement]]:
    groups: dict[str, list[Statement]] = defaultdict(list)
    for row in distinct(statements):
        groups[row.municipality].append(row)
    return groups


def layers(
    statements: Sequence[Statement], rules: Rules, since: date = date.min, erased: int = 0
) -> Iterator[YouthFacts]:
    """The facts of a youth and all merged with it, as known on each day from `since` on that brought a statement.

    Oldest first. A youth that was merged into another by that day is told as gone, also one that only merges name:
    an earlier day may have told of it as the head. `erased` is what the ledger has lost by forgetting: a version never
    goes back (decision 0020).
    """
    ledger = distinct(statements)
    for day in sorted({civil_day(row.received) for row in ledger if civil_day(row.received) >= since}):
        known = known_on(ledger, day)
        ledgers = by_youth(known)
        for municipality, youth in sorted(ledgers.keys() | named(known)):
            facts = derive(
                ledgers.get((municipality, youth), ()),
                municipality=municipality,
                youth=youth,
                rules=rules,
                known_day=day,
                statement_count=len(ledger) + erased,
            )
            told = [row for row in ledgers.get((municipality, youth), ()) if civil_day(row.received) == day]
            facts = replace(facts, corrects=any(map(is_correction, told)))
            yield facts if (municipality, youth) in ledgers else replace(facts, gone=True)


def named(statements: Iterable[Statement]) -> set[YouthKey]:
    """Every youth that statements are about or merge into."""
    found: set[YouthKey] = set()
    for row in statements:
        found.add((row.municipality, row.youth))
        if isinstance(row.data, YouthMerged):
            found.add((row.municipality, row.data.into))
    return found


def only_named(ledgers: Iterable[Sequence[Statement]]) -> set[YouthKey]:
    """Youths whom ledgers merge into and hold no statement about."""
    rows = [row for ledger in ledgers for row in ledger]
    return named(rows) - {(row.municipality, row.youth) for row in rows}


def joined_to(statements: Iterable[Statement], youths: Set[YouthKey]) -> frozenset[YouthKey]:
    """The youths and whoever was merged into one of them, one through the other."""
    merges = [row for row in statements if isinstance(row.data, YouthMerged)]
    found = set(youths)
    while more := {(row.municipality, row.youth) for row in merges if touches(row, found)} - found:
        found |= more
    return frozenset(found)


def touches(row: Statement, youths: Set[YouthKey]) -> bool:
    """Whether a statement is about one of the youths, or merges another into it."""
    into = row.data.into if isinstance(row.data, YouthMerged) else row.youth
    return (row.municipality, row.youth) in youths or (row.municipality, into) in youths


def heads(statements: Sequence[Statement]) -> dict[YouthKey, str]:
    """For every youth named, the youth whose ledger it joined; itself when it was not merged away."""
    found = {key: key[1] for key in named(statements)}
    for municipality, rows in _by_municipality(statements).items():
        found |= {(municipality, youth): head for youth, head in merged_into(rows).items()}
    return found


def components(links: Iterable[tuple[YouthKey, YouthKey]]) -> list[set[YouthKey]]:
    """The youths that are linked with each other, directly or through others."""
    group_of: dict[YouthKey, set[YouthKey]] = {}
    for one, other in links:
        mine, theirs = group_of.setdefault(one, {one}), group_of.setdefault(other, {other})
        if mine is not theirs:
            mine |= theirs
            group_of.update(dict.fromkeys(theirs, mine))
    return list({id(group): group for group in group_of.values()}.values())
