"""Alerts as they are shown to people; runs inside one municipality (`as_municipality`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from youthcare.runtime.postgres import Connection

_SHOWN = """
select a.number, a.rule, a.level, a.anchor, a.state, a.team, a.youth, s.case_reference, a.opens_on, a.closes_on,
    a.sentence, a.threshold, a.valid_from, a.evidence, a.terms, a.changed
from alert a left join youth_state s on s.municipality = a.municipality and s.youth = a.youth
"""
# A filter of null lets all pass.
_LISTED = """
where a.municipality = $1 and ($2::text[] is null or a.team = any($2)) and ($3::text is null or a.rule = $3)
    and ($4::text is null or a.state = $4) and ($5::bigint is null or a.number < $5)
    and ($6::date is null or a.opens_on <= $6 and (a.closes_on is null or a.closes_on >= $6))
order by a.number desc limit $7
"""
_ONE = "where a.municipality = $1 and a.number = $2 and ($3::text[] is null or a.team = any($3))"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which alerts are asked for; None lets all pass. `before` is the number after which a page goes on."""

    teams: Sequence[str] | None = None
    rule: str | None = None
    state: str | None = None
    on: date | None = None
    before: int | None = None
    limit: int = 50


async def list_alerts(connection: Connection, municipality: str, question: Question) -> list[Mapping[str, Any]]:
    """One page of alerts, the newest number first, and one more when there is a next page."""
    rows: list[Mapping[str, Any]] = await connection.fetch(
        _SHOWN + _LISTED,
        municipality,
        question.teams,
        question.rule,
        question.state,
        question.before,
        question.on,
        question.limit + 1,
    )
    return rows


async def find_alert(
    connection: Connection, municipality: str, number: int, teams: Sequence[str] | None
) -> Mapping[str, Any] | None:
    """One alert, when it is of one of these teams (None: of any)."""
    row: Mapping[str, Any] | None = await connection.fetchrow(_SHOWN + _ONE, municipality, number, teams)
    return row
