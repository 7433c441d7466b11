"""Which starts and ends were reported in time, and how long after the event we were told."""

from datetime import UTC, date, datetime

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from services.indicators.delays import (
    DELAY_DAYS_MAX,
    delay_text,
    last_day_in_time,
    recorded_events,
)
from services.indicators.steps import Amount, StepKey
from tests import builders, naive_indicators
from tests.builders import Statement
from tests.figure_stories import counted_delays
from youthcare.codes import care_forms_from
from youthcare.runtime.settings import shipped
from youthcare.youthfacts import Grant, IndicationFacts, Recorded, YouthFacts

TABLE = care_forms_from(yaml.safe_load(shipped("care-forms.yml").read_text()))
HERE = ("municipality", builders.MUNICIPALITY)
MONDAY = date(2024, 6, 3)
DAYS = st.dates(date(2015, 1, 1), date(2030, 12, 31))


def facts_of(*told: Statement) -> YouthFacts:
    """The newest facts of what was told of one youth."""
    (facts,) = naive_indicators.newest(naive_indicators.told_layers(list(told), TABLE, date(2020, 1, 1)))
    return facts


def recorded(day: date, time: str, received: str | None = None) -> Recorded:
    """A day with the instants of its recording and receipt."""
    told = datetime.fromisoformat(received or time)
    return Recorded(day=day, time=datetime.fromisoformat(time), received=told, source=builders.TEAM_NORTH)


def delivery(*starts: Recorded, granted_on: str | None = None, counts: bool = True) -> IndicationFacts:
    """An indication with starts, and perhaps a grant received on a day."""
    grants: tuple[Grant, ...] = ()
    if granted_on is not None:
        received = datetime.fromisoformat(f"{granted_on}T10:00:00Z")
        grants = (Grant(granted_at=received, first_day=MONDAY, received=received),)
    return IndicationFacts(
        indication="0153-1", care_form="ambulatory", counts_as_care=counts, stackable=True, grants=grants, starts=starts
    )


def youth(*rows: IndicationFacts) -> YouthFacts:
    """A youth with these indications."""
    return YouthFacts(
        municipality=builders.MUNICIPALITY,
        youth=builders.YOUTH,
        version=(2, 1),
        known_day=date(2024, 12, 31),
        indications=rows,
    )


@pytest.mark.parametrize(
    ("time", "in_time"),
    [
        ("2024-06-03T10:00:00Z", True),
        ("2024-06-10T21:59:59Z", True),  # the last second of the fifth working day, in Amsterdam
        ("2024-06-10T22:00:00Z", False),
        ("2024-05-28T10:00:00Z", True),  # announced
    ],
)
def test_in_time_is_up_to_the_end_of_the_fifth_working_day(time: str, in_time: bool) -> None:
    """From Monday 3 June 2024 that is Monday 10 June, as days in Amsterdam go."""
    (event,) = recorded_events(youth(delivery(recorded(MONDAY, time))))

    assert event.is_in_time is in_time


def test_the_term_begins_at_the_first_grant_when_that_came_later() -> None:
    """Nobody can report on an indication before it is granted (domain.md §6)."""
    assert last_day_in_time(MONDAY, delivery(granted_on="2024-05-01")) == date(2024, 6, 10)
    assert last_day_in_time(MONDAY, delivery(granted_on="2024-06-14")) == date(2024, 6, 21)


def test_decreed_days_lengthen_the_term() -> None:
    """A day put on a level with a holiday is no working day."""
    assert last_day_in_time(MONDAY, delivery(), frozenset({date(2024, 6, 7)})) == date(2024, 6, 11)


def test_in_time_looks_at_the_recording_and_the_delay_at_the_receipt() -> None:
    """What the sender recorded at once and sent after a month is in time, and late with us."""
    row = delivery(recorded(MONDAY, "2024-06-03T10:00:00Z", "2024-07-03T22:30:00Z"))

    (event,) = recorded_events(youth(row))

    assert (event.is_in_time, event.delay_days) == (True, 31)


@pytest.mark.parametrize(
    ("received", "days"),
    [
        ("2024-05-01T10:00:00Z", 0),
        ("2024-06-03T10:00:00Z", 0),
        ("2025-07-08T10:00:00Z", 400),
        ("2027-01-01T10:00Z", 400),
    ],
)
def test_a_delay_is_never_below_nought_nor_above_the_longest(received: str, days: int) -> None:
    """Announced is no delay; longer than 400 days is counted with 400."""
    (event,) = recorded_events(youth(delivery(recorded(MONDAY, "2024-06-03T10:00:00Z", received))))

    assert event.delay_days == days


def test_without_a_receipt_there_is_no_delay() -> None:
    """It still counts for timeliness."""
    row = delivery(Recorded(day=MONDAY, time=datetime(2024, 6, 3, tzinfo=UTC), source=builders.TEAM_NORTH))

    steps = counted_delays(youth(row))

    assert {key.indicator for key in steps} == {"timeliness"}


def test_what_does_not_count_as_care_is_not_looked_at() -> None:
    """Diagnosis, transport and the like are in no figure (domain.md §9)."""
    assert recorded_events(youth(delivery(recorded(MONDAY, "2024-06-03T10:00:00Z"), counts=False))) == ()


def test_a_start_and_an_end_are_counted_by_municipality_and_sender() -> None:
    """Both stand on the day of the event under the delay; timeliness under the month of the day."""
    facts = facts_of(
        builders.started(first_day="2024-06-03", time="2024-06-05T10:00:00Z"),
        builders.ended(first_day="2024-06-03", last_day="2024-07-31", time="2024-09-02T10:00:00Z"),
    )

    steps = counted_delays(facts)

    sender = ("sender", builders.TEAM_NORTH)
    assert steps == {
        step("reporting_delay.start", "002", HERE, "2024-06-03"): (1, 0, 0),
        step("reporting_delay.start", "002", sender, "2024-06-03"): (1, 0, 0),
        step("reporting_delay.end", "033", HERE, "2024-07-31"): (1, 0, 0),
        step("reporting_delay.end", "033", sender, "2024-07-31"): (1, 0, 0),
        step("timeliness", "2024-06", sender, "2024-06-03"): (1, 1, 0),
        step("timeliness", "2024-07", sender, "2024-07-31"): (0, 1, 0),
    }


def step(series: str, period: str, group: tuple[str, str], day: str) -> StepKey:
    """A key as it stands in the log, under no definition set."""
    return StepKey(series, "", period, *group, date.fromisoformat(day))


@given(day=DAYS, after=st.integers(-30, 500))
def test_every_event_is_counted_once_in_each_group(day: date, after: int) -> None:
    """Law: the counted delays of a group add up to its events, whatever the delay."""
    instant = datetime.combine(day, datetime.min.time(), UTC).timestamp() + after * 86400
    told = recorded(day, datetime.fromtimestamp(instant, UTC).isoformat())

    steps = counted_delays(youth(delivery(told, granted_on="2024-06-14")))

    counted: list[Amount] = [amount for key, amount in steps.items() if key.indicator.startswith("reporting_delay")]
    assert counted == [(1, 0, 0), (1, 0, 0)]
    assert all(
        delay_text(0) <= key.period <= delay_text(DELAY_DAYS_MAX) for key in steps if key.indicator != "timeliness"
    )
