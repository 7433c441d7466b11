"""Alerts as they are shown to people; runs inside one municipality (`as_municipality`).

One rule: whoever is no supervisor names the teams it may see and the rules that are not for it; both hold for every
question here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from services.alerts.ranking import Key
from services.alerts.store.keeping import facts_from
from services.alerts.store.steps import history_of
from services.alerts.store.tables import RANK
from youthcare.runtime.postgres import Connection
from youthcare.youthfacts import YouthFacts

__all__ = ["Question", "Row", "Sight", "count_alerts", "find_alert", "find_facts", "history_of", "list_alerts"]

Row = Mapping[str, Any]
_SHOWN = """
select a.number, a.rule, a.level, a.anchor, a.state, a.holder as team, a.youth, s.case_reference, a.opens_on,
    a.closes_on, a.sentence, a.threshold, a.valid_from, a.evidence, a.terms, a.made, a.changed, a.until, a.on_message,
    a.former, a.assignee, a.outcome
from alert a left join youth_state s on s.municipality = a.municipality and s.youth = a.youth
"""
_ORDERS = {"newest": "a.number desc", "rank": f"{RANK}, a.opens_on, a.number"}
_REFERRED = "select youth from youth_state where municipality = $1 and case_reference = $2 and facts is not null"
_REFERENCES = "select youth, case_reference from youth_state where municipality = $1 and youth = any($2::text[])"
_FACTS = "select facts from youth_state where municipality = $1 and youth = $2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What somebody may see: the teams (None: all), the youths (None: all) and the rules that are left out."""

    teams: Sequence[str] | None = None
    youths: Sequence[str] | None = None
    without_rules: Sequence[str] = ()


ALL = Sight()


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which alerts are asked for; None lets all pass.

    `on`: the condition holds on that day. `opened_until`: opened on that day or earlier, which is how old it is.
    `before` is the number after which a page goes on; `order` is by number, the newest first, or by rank.
    """

    sight: Sight = ALL
    rule: str | None = None
    state: str | None = None
    youth: str | None = None
    on: date | None = None
    opened_until: date | None = None
    before: int | None = None
    limit: int = 50
    order: Literal["newest", "rank"] = "newest"


async def list_alerts(connection: Connection, municipality: str, question: Question) -> list[Row]:
    """One page of alerts in the order asked, and one more when there is a next page."""
    where, given = _conditions(municipality, question)
    if question.before is not None and question.order == "newest":
        where.append(f"a.number < ${len(given) + 1}")
        given.append(question.before)
    elif question.before is not None:
        key = await _key(connection, municipality, question.before)
        if key is None:
            return []
        first = len(given) + 1
        where.append(f"({RANK}, a.opens_on, a.number) > (${first}::integer, ${first + 1}::date, ${first + 2}::bigint)")
        given += key
    query = f"{_SHOWN} where {' and '.join(where)} order by {_ORDERS[question.order]} limit ${len(given) + 1}"
    rows: list[Row] = await connection.fetch(query, *given, question.limit + 1)
    return rows


async def count_alerts(connection: Connection, municipality: str, question: Question, up_to: int | None = None) -> int:
    """How many alerts a question has, whatever its page; counting stops at `up_to`, so that it costs no more."""
    where, given = _conditions(municipality, question)
    query = f"select count(*) from (select from alert a where {' and '.join(where)} limit ${len(given) + 1}) as capped"  # noqa: S608
    count: int = await connection.fetchval(query, *given, up_to)
    return count


def _conditions(municipality: str, question: Question) -> tuple[list[str], list[Any]]:
    # Only what is asked stands in the query, so that the server picks the index for it.
    asked: list[tuple[str, Any]] = [
        ("a.rule = ${}", question.rule),
        ("a.state = ${}", question.state),
        ("a.youth = ${}", question.youth),
        ("a.opens_on <= ${}", question.opened_until),
        ("a.opens_on <= ${0} and (a.closes_on is null or a.closes_on >= ${0})", question.on),
        *_seen(question.sight),
    ]
    where, given = ["a.municipality = $1"], [municipality]
    for condition, value in asked:
        if value is not None:
            given.append(value)
            where.append(condition.format(len(given)))
    return where, given


def _seen(sight: Sight) -> list[tuple[str, Any]]:
    teams = None if sight.teams is None else list(sight.teams)
    of_team = ("a.holder = ${}", teams[0]) if teams and len(teams) == 1 else ("a.holder = any(${}::text[])", teams)
    of_youths = ("a.youth = any(${}::text[])", None if sight.youths is None else list(sight.youths))
    return [of_team, of_youths, ("a.rule <> all(${}::text[])", list(sight.without_rules) or None)]


async def _key(connection: Connection, municipality: str, number: int) -> Key | None:
    query = f"select {RANK} as rank, opens_on, number from alert where municipality = $1 and number = $2"  # noqa: S608
    row = await connection.fetchrow(query, municipality, number)
    return None if row is None else (row["rank"], row["opens_on"], row["number"])


async def find_alert(connection: Connection, municipality: str, number: int, sight: Sight = ALL) -> Row | None:
    """One alert, when it may be seen."""
    where, given = _conditions(municipality, Question(sight=sight))
    query = f"{_SHOWN} where {' and '.join(where)} and a.number = ${len(given) + 1}"
    row: Row | None = await connection.fetchrow(query, *given, number)
    return row


async def find_facts(connection: Connection, municipality: str, youth: str | None) -> YouthFacts | None:
    """The facts of a youth as they are kept; None when none are."""
    kept: bytes | None = await connection.fetchval(_FACTS, municipality, youth)
    return None if kept is None else facts_from(kept)


async def youths_referred(connection: Connection, municipality: str, case_reference: str) -> list[str]:
    """The youths that a team's own system knows by a reference; of two teams it can be two."""
    return [row["youth"] for row in await connection.fetch(_REFERRED, municipality, case_reference)]


async def references_of(connection: Connection, municipality: str, youths: Sequence[str]) -> dict[str, str | None]:
    """The case reference of each youth; those that are not known any more are left out."""
    rows = await connection.fetch(_REFERENCES, municipality, list(youths))
    return {row["youth"]: row["case_reference"] for row in rows}
