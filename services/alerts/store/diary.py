"""The rule diary as it is kept: rows are only added, and each raises the revision of the municipality's norms."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.alerts.diary import Proposal
from services.alerts.finding import Rule
from services.alerts.store.reading import lock_municipalities
from youthcare.period import civil_day
from youthcare.runtime.postgres import Connection

_ENTERED = """
insert into norm (municipality, rule, level, care_form, team, days, threshold, valid_from, known_day, author, reason,
    entered_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
"""
_RAISED = """
insert into norms_revision (municipality, revision) values ($1, 1)
on conflict (municipality) do update set revision = norms_revision.revision + 1
returning revision
"""
# The silence of senders is worked out again when an arrival is new; one row is enough to have it done.
_LOOK_AGAIN = """
update sender_day set seen = false where municipality = $1 and (source, day) in
    (select source, day from sender_day where municipality = $1 limit 1)
"""
_DIARY = """
select municipality <> 'default' as own, rule, level, care_form, team, days, threshold, valid_from, known_day, author,
    reason, entered_at
from norm where municipality in ($1, 'default') and ($2::text is null or rule = $2)
order by rule, level, care_form, team, municipality, valid_from, known_day, entered_at nulls first
"""


async def enter_norm(connection: Connection, municipality: str, proposal: Proposal, author: str, now: datetime) -> int:
    """Enter a norm that was found to be right; answers the revision under which all youths are judged again."""
    await lock_municipalities(connection, [municipality])
    await connection.execute(
        _ENTERED,
        municipality,
        proposal.rule.value,
        proposal.level.value if proposal.level else None,
        proposal.care_form,
        proposal.team,
        proposal.days,
        proposal.threshold,
        proposal.valid_from,
        civil_day(now),
        author,
        proposal.reason.strip(),
        now,
    )
    if proposal.rule is Rule.FEED_SILENT:
        await connection.execute(_LOOK_AGAIN, municipality)
    revision: int = await connection.fetchval(_RAISED, municipality)
    return revision


async def read_diary(connection: Connection, municipality: str, rule: str | None) -> list[Mapping[str, Any]]:
    """Every norm that was ever entered for a municipality, and those shipped (`own` false), by rule and scope."""
    rows: list[Mapping[str, Any]] = await connection.fetch(_DIARY, municipality, rule)
    return rows
