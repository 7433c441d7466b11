"""Youths that belong together: their statements, read and written under the locks of all of them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set

from services.trajectory import store
from services.trajectory.processor import YouthKey, components, heads
from youthcare.events import Statement, YouthMerged
from youthcare.runtime.postgres import Connection
from youthcare.youthfacts import YouthFacts


async def ledgers_touched(
    connection: Connection, locked: Mapping[YouthKey, str], batch: Sequence[Statement]
) -> list[list[Statement]]:
    """The ledger of each group that a batch is about; `locked` are the youths and the head of each."""
    touched = {(row.municipality, row.youth) for row in batch}
    links = [
        ((row.municipality, row.youth), (row.municipality, row.data.into))
        for row in batch
        if isinstance(row.data, YouthMerged)
    ]
    return await ledgers_of(connection, locked, touched, links)


async def ledgers_of(
    connection: Connection,
    locked: Mapping[YouthKey, str],
    youths: Set[YouthKey],
    merged: Iterable[tuple[YouthKey, YouthKey]] = (),
) -> list[list[Statement]]:
    """The statements of the groups of the youths given, read under the locks; `merged` are links that are new."""
    links = [(key, (key[0], head)) for key, head in locked.items()] + list(merged)
    group_of = {key: number for number, group in enumerate(components(links)) for key in group}
    ledgers: dict[int, list[Statement]] = defaultdict(list)
    for row in await store.read_statements(connection, sorted(locked)):
        ledgers[group_of[row.municipality, row.youth]].append(row)
    # Empty when all that is said of them stands under another youth already (`id-reused`): there it stays.
    return [ledgers[number] for number in sorted({group_of[key] for key in youths}) if number in ledgers]


async def keep_facts(
    connection: Connection,
    told: Sequence[YouthFacts],
    ledgers: Iterable[Sequence[Statement]],
    forgotten: Set[YouthKey] = frozenset(),
) -> None:
    """Keep the newest facts of each youth told of, and whose ledger it joined, unless that one was forgotten."""
    newest = {(facts.municipality, facts.youth): facts for facts in told}
    joined = {key: head for rows in ledgers for key, head in heads(rows).items()}
    now = {key: key[1] if (key[0], head) in forgotten else head for key, head in joined.items()}
    await store.write_facts(connection, [newest[key] for key in sorted(newest)], now)
