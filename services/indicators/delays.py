"""Reporting delay: how long after a start or end we were told of it (domain.md §6, `timeliness`; decision 0015).

Three rules. In time is what the sender recorded on or before the fifth working day after the event, or after the
receipt of the first grant when that is later. The delay is counted to the day we received it, as that is when our
figures gained it. A distribution is kept as counts: the steps name the delay as their period and lie on the event's
day, so that what is known of an event never moves.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from services.indicators.definitions import UNDER_ANY
from services.indicators.steps import Amount, Groups, SharedKey, summed
from youthcare.period import civil_day, month_of
from youthcare.workingdays import NONE_DECREED, add_working_days
from youthcare.youthfacts import IndicationFacts, Recorded, YouthFacts

TIMELINESS = "timeliness"
SENDER = "sender"
"""The kind of group that a source is; shown to supervisors alone."""

TERM_WORKING_DAYS = 5
DELAY_DAYS_MAX = 400
"""The longest delay that is told apart; longer ones are counted with it."""


Decreed = Mapping[str, Sequence[tuple[date, Set[date]]]]
"""Of a municipality the days that are no working days by decree, each set with the day from which it was known."""

NOTHING_DECREED: Decreed = {}


def decreed_on(decreed: Decreed, municipality: str, known_day: date) -> Set[date]:
    """The decreed days of a municipality as known on a day.

    What became known earlier was judged without the days that were entered later, and stays so.
    """
    return next((days for known, days in reversed(decreed.get(municipality, ())) if known <= known_day), NONE_DECREED)


class Event(StrEnum):
    """What was reported."""

    START = "start"
    END = "end"


class RecordedEvent(NamedTuple):
    """A start or end as it was reported; `delay_days` is None when its receipt is not known."""

    event: Event
    day: date
    is_in_time: bool
    delay_days: int | None
    source: str
    indication: IndicationFacts


def series_of(event: Event) -> str:
    """The series of the counted delays of starts or of ends."""
    return f"reporting_delay.{event.value}"


def recorded_events(facts: YouthFacts, decreed: Set[date] = NONE_DECREED) -> tuple[RecordedEvent, ...]:
    """Every start and end of a youth's indications that count as care; `decreed` as in `youthcare/workingdays.py`."""
    return tuple(
        _event(event, recorded, row, decreed)
        for row in facts.indications
        if row.counts_as_care
        for event, many in ((Event.START, row.starts), (Event.END, row.ends))
        for recorded in many
    )


def _event(event: Event, recorded: Recorded, row: IndicationFacts, decreed: Set[date]) -> RecordedEvent:
    return RecordedEvent(
        event=event,
        day=recorded.day,
        is_in_time=civil_day(recorded.time) <= last_day_in_time(recorded.day, row, decreed),
        delay_days=_delay_days(recorded),
        source=recorded.source,
        indication=row,
    )


def last_day_in_time(day: date, row: IndicationFacts, decreed: Set[date] = NONE_DECREED) -> date:
    """The last day on which a start or end of an indication is recorded in time."""
    first_receipt = min((civil_day(grant.received) for grant in row.grants), default=day)
    return add_working_days(max(day, first_receipt), TERM_WORKING_DAYS, decreed)


def _delay_days(recorded: Recorded) -> int | None:
    if recorded.received is None:
        return None
    return min(max((civil_day(recorded.received) - recorded.day).days, 0), DELAY_DAYS_MAX)


def timeliness_step(event: RecordedEvent, groups: Groups) -> dict[SharedKey, Amount]:
    """What an event adds to the timeliness of groups in the month of its day."""
    key = SharedKey(TIMELINESS, UNDER_ANY, month_of(event.day), groups, event.day)
    return {key: (int(event.is_in_time), 1, 0)}


def delay_steps(events: Iterable[RecordedEvent], municipality: str) -> dict[SharedKey, Amount]:
    """The counted delays of a youth by municipality and sender, and the timeliness by sender."""
    return summed(step for event in events for step in _steps_of(event, municipality))


def _steps_of(event: RecordedEvent, municipality: str) -> Iterator[dict[SharedKey, Amount]]:
    whole = ("municipality", municipality)
    if event.source:
        yield timeliness_step(event, ((SENDER, event.source),))
    if event.delay_days is not None:
        groups = (whole, (SENDER, event.source)) if event.source else (whole,)
        key = SharedKey(series_of(event.event), UNDER_ANY, delay_text(event.delay_days), groups, event.day)
        yield {key: (1, 0, 0)}


def delay_text(days: int) -> str:
    """A delay as the period of a step, so that delays sort: `007`."""
    return f"{days:03d}"
