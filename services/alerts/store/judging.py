"""The facts of youths against the norms in force: what changes in their alerts, written.

Two rules. The caller holds the lock of each municipality. A youth whom we know is judged again when the norms of its
municipality changed, when another registration begins to count and when a year begins, from the facts that are kept.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from services.alerts.processor import YouthKey, revisit_day, youth_changes
from services.alerts.store.keeping import facts_from
from services.alerts.store.reading import lock_municipalities, read_alerts
from services.alerts.store.rules import MunicipalityRules, read_rules
from services.alerts.store.sweep_days import trusted_days
from services.alerts.store.writing import Written, write_changes
from youthcare.period import civil_day
from youthcare.runtime.postgres import Connection, beside_session
from youthcare.youthfacts import YouthFacts

YOUTHS_AT_ONCE = 200
_WAITING = """
select municipality from norms_revision as r where exists (
    select from youth_state as y
    where y.municipality = r.municipality and y.norms_seen < r.revision and y.facts is not null)
union select municipality from youth_state where facts is not null and revisit_on is not null and revisit_on <= $1
order by 1
"""
_TO_JUDGE = """
(select youth, facts from youth_state where municipality = $1 and facts is not null and norms_seen < $2 limit $4)
union
(select youth, facts from youth_state
 where municipality = $1 and facts is not null and revisit_on is not null and revisit_on <= $3 limit $4)
"""
_JUDGED = """
update youth_state set norms_seen = $3, revisit_on = row.revisit_on
from unnest($2::text[], $4::date[]) as row (youth, revisit_on)
where youth_state.municipality = $1 and youth_state.youth = row.youth
"""

_WAKE = "update youth_state set revisit_on = date '1900-01-01' where facts is not null"


async def wake_all(connection: Connection) -> int:
    """Have the worker judge every youth again, from the facts that are kept; answers how many."""
    return int((await connection.execute(_WAKE)).split()[-1])


async def judge(
    connection: Connection,
    facts: Sequence[YouthFacts],
    rules: Mapping[str, MunicipalityRules],
    days: Mapping[str, date],
    now: datetime,
    received_at: Mapping[YouthKey, datetime] | None = None,
) -> int:
    """Write what the facts of youths change in their alerts, by the day of each municipality; answers how many."""
    by_youth = {(row.municipality, row.youth): row for row in facts}
    alerts = await read_alerts(connection, list(by_youth))
    changes = [
        Written(
            youth=key,
            change=change,
            alert=next((each for each in alerts[key] if each.number == change.number), None),
            received_at=(received_at or {}).get(key),
        )
        for key, row in sorted(by_youth.items())
        for change in youth_changes(row, alerts[key], rules[key[0]].norms, rules[key[0]].setting, days[key[0]])
    ]
    await write_changes(connection, changes, now)
    return len(changes)


async def judge_again(connection: Connection, now: datetime) -> int:
    """Judge again a batch of youths of each municipality that has any to judge; answers how many youths."""
    waiting = [row["municipality"] for row in await connection.fetch(_WAITING, civil_day(now))]
    return sum([await _judge_some(connection, municipality, now) for municipality in waiting])


async def _judge_some(connection: Connection, municipality: str, now: datetime) -> int:
    async with connection.transaction():
        await lock_municipalities(connection, [municipality])
        rules = await read_rules(connection, [municipality])
        day = (await trusted_days(connection, rules, civil_day(now)))[municipality].day
        revision = rules[municipality].revision
        rows = await connection.fetch(_TO_JUDGE, municipality, revision, day, YOUTHS_AT_ONCE)
        facts = await beside_session(connection, lambda: [facts_from(row["facts"]) for row in rows])
        await judge(connection, facts, rules, {municipality: day}, now)
        revisits = [revisit_day(row, day) for row in facts]
        await connection.execute(_JUDGED, municipality, [row["youth"] for row in rows], revision, revisits)
    return len(rows)
