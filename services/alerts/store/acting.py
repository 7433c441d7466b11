"""An act of a person on an alert: state, history and what is told of it, in one transaction under the lock."""

from collections.abc import Callable
from datetime import datetime

from services.alerts.acts import Act, ActRefusal, Circumstances, acted
from services.alerts.lifecycle import Alert
from services.alerts.store.reading import lock_municipalities, read_one
from services.alerts.store.rules import read_rules
from services.alerts.store.sweep_days import trusted_days
from services.alerts.store.writing import Written, write_changes
from youthcare.period import civil_day
from youthcare.runtime.postgres import Connection


class NoSuchAlert(Exception):
    """There is no such alert, or not for this person."""


class ActRefused(Exception):
    """The act is not possible; `refusal` says why."""

    def __init__(self, refusal: ActRefusal) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal


def anybody(_alert: Alert) -> bool:
    """Whoever asks has been let in already."""
    return True


async def act(
    connection: Connection,
    municipality: str,
    number: int,
    act: Act,
    actor: str,
    now: datetime,
    *,
    may: Callable[[Alert], bool] = anybody,
) -> Alert:
    """Do an act and answer the alert as it is then; runs inside the caller's transaction.

    `actor` is who does it, as the history says it; `may` is asked of the alert under the lock, as it may just have
    gone to another team. Raises `NoSuchAlert`, and `ActRefused` for what the table of steps does not hold.
    """
    await lock_municipalities(connection, [municipality])
    found = await read_one(connection, municipality, number)
    if found is None or not may(found[1]):
        raise NoSuchAlert
    youth, alert = found
    rules = await read_rules(connection, [municipality])
    day = (await trusted_days(connection, rules, civil_day(now)))[municipality].day
    change = acted(
        alert,
        act,
        Circumstances(
            today=day,
            acknowledgement_days=rules[municipality].practice.acknowledgement_days,
            count=await _count(connection, municipality, youth),
        ),
    )
    if isinstance(change, ActRefusal):
        raise ActRefused(change)
    await write_changes(connection, [Written(youth=(municipality, youth), change=change, alert=alert)], now, actor)
    after = await read_one(connection, municipality, number)
    assert after is not None, "no act removes an alert"
    return after[1]


async def _count(connection: Connection, municipality: str, youth: str | None) -> int | None:
    """How many statements are known of a youth."""
    query = "select version_count from youth_state where municipality = $1 and youth = $2"
    count: int | None = await connection.fetchval(query, municipality, youth)
    return count
