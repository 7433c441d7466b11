"""Looking beyond one's own team: a stated reason opens one youth to one person for three hours, and ends by itself.

1. A reason is stated once and is never changed; it stands in the chain of looks as the purpose of its first line.
2. What stands is asked at each look, so that nothing has to be taken away when the three hours are over.
3. A youth that is seen this way is marked in every line (`Looks.under`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import asyncpg

from youthcare.looks.operations import Operation
from youthcare.personal_number import holds_personal_number
from youthcare.runtime.access_log import Looks, opened_subject, sealed_subject, unwritable_as_such

if TYPE_CHECKING:
    from youthcare.runtime.postgres import Connection

HOURS = timedelta(hours=3)
REASON_MIN, REASON_MAX = 10, 500
_STATE = "select access_log.state_reason($1, $2, $3, $4, $5, $6, $7)"
_STANDING = "select * from access_log.reasons_standing($1, $2, $3)"
_BETWEEN = "select (reason).*, looks from access_log.reasons_between($1, $2, $3)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """A stated reason: who looks at whom, why, and from when until when; `looks` is how many lines stand under it."""

    number: int
    youth: str
    actor: str
    roles: str
    reason: str
    asked: datetime
    ends: datetime
    looks: int = 0


def is_reason(text: str) -> bool:
    """Whether a text can be a reason: of a length that says something, printable, and without a number of a person."""
    words = text.strip()
    return REASON_MIN <= len(words) <= REASON_MAX and "\x00" not in words and not holds_personal_number(words)


async def state_reason(connection: Connection, looks: Looks, youth: str, reason: str) -> Reason:
    """Open a youth to who looks, for three hours from now, and write that; raises `Unavailable`."""
    assert is_reason(reason), "the door refuses what is none"
    who, words, asked = looks.who, reason.strip(), looks.started
    sealed = sealed_subject(looks.log.keys_of(who.municipality), youth)
    with unwritable_as_such():
        number: int = await connection.fetchval(
            _STATE, who.municipality, sealed, who.actor, who.roles, words, asked, asked + HOURS
        )
    looks.under[youth] = number
    await looks.note(connection, Operation.BREAK_GLASS_ASK, [youth], words)
    return Reason(
        number=number, youth=youth, actor=who.actor, roles=who.roles, reason=words, asked=asked, ends=asked + HOURS
    )


async def standing(connection: Connection, looks: Looks) -> list[Reason]:
    """The reasons under which who looks may look now, beyond the own team; each look at these youths is marked."""
    rows = await connection.fetch(_STANDING, looks.who.municipality, looks.who.actor, looks.started)
    found = _reasons(looks, rows)
    looks.under.update({each.youth: each.number for each in found})
    return found


async def stated_between(connection: Connection, looks: Looks, since: datetime, until: datetime) -> list[Reason]:
    """The reasons that were stated in a stretch of time, and how often somebody looked under each."""
    return _reasons(looks, await connection.fetch(_BETWEEN, looks.who.municipality, since, until))


def _reasons(looks: Looks, rows: Sequence[asyncpg.Record]) -> list[Reason]:
    keys = looks.log.keys_of(looks.who.municipality)
    return [
        Reason(
            number=row["number"],
            youth=opened_subject(keys, row["data_subject_id"]),
            actor=row["actor"],
            roles=row["actor_roles"],
            reason=row["reason"],
            asked=row["asked"],
            ends=row["ends"],
            looks=row.get("looks", 0),
        )
        for row in rows
    ]
