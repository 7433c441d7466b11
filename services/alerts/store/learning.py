"""What the past of alerts teaches: the facts and closings that a trial of a norm needs, and what became of alerts."""

from collections.abc import AsyncIterator
from datetime import date

from services.alerts.acts import Outcome
from services.alerts.finding import Identity, Level, Rule
from services.alerts.store.keeping import facts_from
from services.alerts.usefulness import Life
from youthcare.runtime.postgres import Connection
from youthcare.youthfacts import YouthFacts

_FACTS_AT_ONCE = 500
_KNOWN = """
select distinct a.youth, a.rule, a.level, a.anchor, a.occurrence
from alert_step as s join alert as a on a.municipality = s.municipality and a.number = s.alert
where s.municipality = $1 and s.outcome = $2 and s.after = 'closed' and a.youth is not null
    and a.rule = any($3::text[])
"""
_LIVES = """
select a.rule, a.holder as team, bool_or(s.after = 'withdrawn') as withdrawn,
    extract(epoch from min(s.at) filter (where s.cause = 'acknowledged')
        - min(s.at) filter (where s.after = 'open'))::bigint as seconds,
    (array_agg(s.outcome order by s.step desc) filter (where s.cause = 'closed'))[1] as outcome
from alert as a join alert_step as s on s.municipality = a.municipality and s.alert = a.number
where a.municipality = $1 and a.told is not null
group by a.number, a.rule, a.holder
having min(s.at) filter (where s.after = 'open') >= $2
"""


async def facts_in_parts(connection: Connection, municipality: str) -> AsyncIterator[list[bytes]]:
    """The facts of all youths of a municipality as they are kept, some hundreds at once; inside a transaction."""
    query = "select facts from youth_state where municipality = $1 and facts is not null order by youth"
    part: list[bytes] = []
    async for row in connection.cursor(query, municipality, prefetch=_FACTS_AT_ONCE):
        part.append(row["facts"])
        if len(part) == _FACTS_AT_ONCE:
            yield part
            part = []
    if part:
        yield part


def facts_of(part: list[bytes]) -> list[YouthFacts]:
    """The facts of one part; takes a thread's time."""
    return [facts_from(kept) for kept in part]


async def known_before(
    connection: Connection, municipality: str, rules: frozenset[Rule]
) -> frozenset[tuple[str, Identity]]:
    """The youths and identities of alerts of some rules that were ever closed as already known."""
    names = [rule.value for rule in rules]
    rows = await connection.fetch(_KNOWN, municipality, Outcome.ALREADY_KNOWN.value, names)
    return frozenset(
        (
            row["youth"],
            Identity(
                rule=Rule(row["rule"]), level=Level(row["level"]), anchor=row["anchor"], occurrence=row["occurrence"]
            ),
        )
        for row in rows
    )


async def lives_since(connection: Connection, municipality: str, since: date) -> list[Life]:
    """What became of each alert that first opened on a day or later."""
    rows = await connection.fetch(_LIVES, municipality, since)
    return [
        Life(
            rule=row["rule"],
            team=row["team"],
            seconds_to_acknowledge=row["seconds"],
            outcome=row["outcome"],
            withdrawn=row["withdrawn"],
        )
        for row in rows
    ]
