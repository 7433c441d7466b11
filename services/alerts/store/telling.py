"""What is told of alerts: one row of the outbox per receiver and state, numbered per receiver without gaps."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from services.alerts.lifecycle import Change, State
from services.alerts.processor import Told, event
from services.alerts.store.numbering import take_numbers
from youthcare.runtime.postgres import Connection

_EVENTS = """
insert into alert_event
    (municipality, receiver, number, alert, youth, rule, state, body, opens, received_at, recorded)
select * from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[],
    $8::bytea[], $9::boolean[], $10::timestamptz[], $11::timestamptz[])
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling(Told):
    """A change that is to be told; `is_first`: nobody was told of the alert before."""

    change: Change
    is_first: bool
    received_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    telling: Telling
    state: State
    receiver: str
    opens: bool


async def write_events(connection: Connection, told: Sequence[Telling], now: datetime) -> None:
    """Put what is told into the outbox; the very first row of an alert is marked, for the metrics."""
    lines = [line for telling in told for line in _lines(telling)]
    if not lines:
        return
    numbers = await take_numbers(connection, Counter((each.telling.municipality, each.receiver) for each in lines))
    rows = [_row(each, next(numbers[each.telling.municipality, each.receiver]), now) for each in lines]
    await connection.execute(_EVENTS, *map(list, zip(*rows, strict=True)))


def _lines(telling: Telling) -> Iterator[_Line]:
    for state_index, state in enumerate(telling.change.tell):
        for receiver_index, receiver in enumerate(sorted(telling.change.receivers)):
            opens = telling.is_first and state_index == receiver_index == 0
            yield _Line(telling=telling, state=state, receiver=receiver, opens=opens)


def _row(line: _Line, number: int, now: datetime) -> tuple[Any, ...]:
    telling = line.telling
    content = event(telling, line.state, line.receiver, number, now, telling.change.cause)
    return (
        telling.municipality,
        line.receiver,
        number,
        telling.alert,
        telling.youth,
        telling.identity.rule.value,
        line.state.value,
        orjson.dumps(content, option=orjson.OPT_SORT_KEYS),
        line.opens,
        telling.received_at,
        now,
    )
