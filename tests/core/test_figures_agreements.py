"""Stories of indications as agreements, and of how soon they are told: renewals, endings, timeliness.

The expected numbers are worked out by hand from domain.md §6, decision 0015 and the calendars of 2023, 2024 and 2025.
"""

import pytest

from tests import builders
from tests.builders import Statement
from tests.figure_stories import TRANSPORT, P, Q, Told, care, figures_on, lives_in, told_of


def agreed(granted_at: str, last_day: str | None, reason: str | None = None, **more: str) -> Statement:
    """A version of an indication from 1 July 2023."""
    return builders.granted(
        granted_at=granted_at,
        first_day="2023-07-01",
        last_day=last_day,
        change_reason=reason,
        indication=more.get("indication", "0153-1"),
        provider=more.get("provider", P),
    )


FIRST = agreed("2023-06-20T09:00:00", "2024-02-29")


@pytest.mark.parametrize(
    ("second", "extensions"),
    [
        (agreed("2024-02-15T09:00:00", "2024-08-31", "04"), 1),  # says so, and lasts longer: one extension
        (agreed("2024-02-15T09:00:00", "2024-08-31"), 1),  # lasts longer
        (agreed("2024-02-15T09:00:00", None), 1),  # open lasts longer
        (agreed("2024-02-15T09:00:00", "2024-02-29", "04"), 1),  # only says so
        (agreed("2024-02-15T09:00:00", "2024-02-29"), 0),  # the same again
        (agreed("2024-02-15T09:00:00", "2024-02-20", "09"), 0),  # cut short
    ],
)
def test_an_extension_says_so_or_lasts_longer(second: Statement, extensions: int) -> None:
    """A later grant with reason 04, or with a later last day than the grant before it, per running indication."""
    told = [*care("2023-07-01", product=None, provider=None), FIRST, second]

    rows = figures_on("2024-04-01", *told)

    assert told_of(rows, "renewal_rate", "2024Q1", P) == (extensions, 1, "final", 0)
    assert told_of(rows, "renewal_rate", "2023Q4", P) == (0, 1, "final", 0)


def test_the_first_grant_is_no_extension_whatever_it_says() -> None:
    """Reason 04 on the first grant that we ever saw extends nothing that we know of."""
    told = [*care("2023-07-01"), agreed("2024-02-15T09:00:00", "2024-08-31", "04")]

    assert told_of(figures_on("2024-04-01", *told), "renewal_rate", "2024Q1") == (0, 1, "final", 0)


@pytest.mark.parametrize(
    ("granted_at", "first_quarter", "second_quarter"),
    [("2024-03-31T23:59:59", 1, 0), ("2024-04-01T00:00:00", 0, 1)],
)
def test_an_extension_is_on_the_day_it_was_granted(granted_at: str, first_quarter: int, second_quarter: int) -> None:
    """A moment of the municipality's own clock, as it is written."""
    told = [*care("2023-07-01"), agreed("2023-06-20T09:00:00", "2024-04-30"), agreed(granted_at, "2024-12-31")]

    rows = figures_on("2024-07-01", *told)

    assert told_of(rows, "renewal_rate", "2024Q1") == (first_quarter, 1, "final", 0)
    assert told_of(rows, "renewal_rate", "2024Q2") == (second_quarter, 1, "final", 0)


def test_an_extension_that_lies_ahead_is_not_counted_yet() -> None:
    """Granted on 15 February: nought on the 14th, one on the 15th."""
    told = [*care("2023-07-01"), FIRST, agreed("2024-02-15T09:00:00", "2024-08-31", "04")]

    assert told_of(figures_on("2024-02-14", *told), "renewal_rate", "2024Q1") == (0, 1, "provisional", 0)
    assert told_of(figures_on("2024-02-15", *told), "renewal_rate", "2024Q1") == (1, 1, "provisional", 0)


def test_renewals_and_endings_are_per_provider() -> None:
    """P runs two indications and extends one; Q runs one, which ends on 15 March: 1/2 and 0/2, 0/1 and 1/1."""
    told = [
        *care("2023-07-01"),
        FIRST,
        agreed("2024-02-15T09:00:00", "2024-08-31", "04"),
        *care("2023-07-01", indication="0153-2"),
        *care("2023-07-01", "2024-03-15", indication="0153-3", provider=Q),
    ]

    rows = figures_on("2024-04-01", *told)

    assert told_of(rows, "renewal_rate", "2024Q1", P) == (1, 2, "final", 0)
    assert told_of(rows, "exit_rate", "2024Q1", P) == (0, 2, "final", 0)
    assert told_of(rows, "renewal_rate", "2024Q1", Q) == (0, 1, "final", 0)
    assert told_of(rows, "exit_rate", "2024Q1", Q) == (1, 1, "final", 0)
    assert told_of(rows, "exit_rate", "2024Q1") == (1, 3, "final", 0)


def test_an_indication_has_ended_on_the_day_after_its_last_running_day() -> None:
    """To 31 March: running in the first quarter, ended on 1 April, when it runs no more: 0/1 and then 1/0."""
    rows = figures_on("2024-07-01", *care("2024-01-01", "2024-03-31"))

    assert told_of(rows, "exit_rate", "2024Q1") == (0, 1, "final", 0)
    assert told_of(rows, "exit_rate", "2024Q2") == (1, 0, "final", 0)


def test_a_pause_does_not_end_an_indication() -> None:
    """Paused from 21 March to 14 April and ended on 31 May: running all along, one end in the second quarter."""
    told = [*care("2024-03-01", "2024-03-20", "20"), *care("2024-04-15", "2024-05-31")]

    rows = figures_on("2024-07-01", *told)

    assert told_of(rows, "exit_rate", "2024Q1") == (0, 1, "final", 0)
    assert told_of(rows, "exit_rate", "2024Q2") == (1, 1, "final", 0)


def test_an_indication_is_counted_in_the_team_of_the_last_care_day_of_the_quarter() -> None:
    """Moved on 1 March with care after it: the running indication and its extension of February are zuid's."""
    told = [
        lives_in("noord"),
        lives_in("zuid", "2024-03-01"),
        *care("2023-07-01"),
        FIRST,
        agreed("2024-02-15T09:00:00", "2024-08-31", "04"),
    ]

    rows = figures_on("2024-04-01", *told)

    assert told_of(rows, "renewal_rate", "2024Q1", "zuid") == (1, 1, "final", 0)
    assert told_of(rows, "renewal_rate", "2024Q1", "noord") is None


def test_without_a_care_day_in_the_quarter_a_running_indication_is_in_the_team_of_its_last_running_day() -> None:
    """Paused from 21 December to 31 May: in the first quarter there is no care day; on 31 March it is in zuid."""
    told = [
        lives_in("noord"),
        lives_in("zuid", "2024-03-01"),
        *care("2023-10-01", "2023-12-20", "20"),
        *care("2024-06-01"),
    ]

    rows = figures_on("2024-04-01", *told)

    assert told_of(rows, "exit_rate", "2024Q1", "zuid") == (0, 1, "final", 0)
    assert told_of(rows, "exit_rate", "2024Q1", "noord") is None
    assert told_of(rows, "exit_rate", "2023Q4", "noord") == (0, 1, "final", 0)


def test_what_is_no_care_is_no_agreement_of_care() -> None:
    """Transport runs and ends in no figure."""
    rows = figures_on("2024-04-01", *care("2024-01-01", "2024-02-29", product=TRANSPORT))

    assert told_of(rows, "exit_rate", "2024Q1") is None


def recorded(first_day: str, time: str) -> Statement:
    """A start, and when its sender wrote it down."""
    return builders.started(first_day=first_day, time=time)


@pytest.mark.parametrize(
    ("first_day", "time", "is_in_time"),
    [
        # Wednesday 27 March 2024: 28 March; Good Friday and Easter Monday are none; 2, 3, 4 and 5 April.
        ("2024-03-27", "2024-04-05T10:00:00Z", 1),
        ("2024-03-27", "2024-04-08T10:00:00Z", 0),
        # The fifth working day ends at midnight in Amsterdam, which in summer is 22:00 UTC.
        ("2024-03-27", "2024-04-05T21:59:59Z", 1),
        ("2024-03-27", "2024-04-05T22:00:00Z", 0),
        # Monday 24 April 2023: 25 and 26 April; King's Day is none; 28 April, 1 and 2 May.
        ("2023-04-24", "2023-05-02T10:00:00Z", 1),
        ("2023-04-24", "2023-05-03T10:00:00Z", 0),
        # Tuesday 29 April 2025: 30 April, 1 and 2 May; Monday 5 May is none; 6 and 7 May.
        ("2025-04-29", "2025-05-07T10:00:00Z", 1),
        ("2025-04-29", "2025-05-08T10:00:00Z", 0),
        # Friday 20 December 2024: 23 and 24; both Christmas days are none; 27, 30 and 31 December.
        ("2024-12-20", "2024-12-31T10:00:00Z", 1),
        ("2024-12-20", "2025-01-01T10:00:00Z", 0),
        # Saturday 6 January 2024: Monday 8 to Friday 12 January.
        ("2024-01-06", "2024-01-12T10:00:00Z", 1),
        ("2024-01-06", "2024-01-15T10:00:00Z", 0),
        # Recorded before it happened.
        ("2024-03-27", "2024-03-01T10:00:00Z", 1),
    ],
)
def test_in_time_is_within_five_working_days(first_day: str, time: str, is_in_time: int) -> None:
    """On or before the fifth working day after the event, by the days of the Algemene termijnenwet."""
    rows = figures_on("2025-12-31", recorded(first_day, time))

    assert told_of(rows, "timeliness", first_day[:7]) == (is_in_time, 1, "final", 0)


@pytest.mark.parametrize(
    ("time", "is_in_time"),
    [("2024-02-12T10:00:00Z", 1), ("2024-02-13T10:00:00Z", 0)],
)
def test_nobody_can_report_before_the_grant_is_there(time: str, is_in_time: int) -> None:
    """Begun on 8 January under a grant first received on Monday 5 February: 6, 7, 8, 9 and 12 February are in time.

    A newer version of the grant, received in March, gives no new term.
    """
    told = [
        builders.granted(first_day="2024-01-08", received="2024-02-05T10:00:00Z"),
        builders.granted(
            first_day="2024-01-08", granted_at="2024-03-01T09:00:00", received="2024-03-04T10:00:00Z", volume=None
        ),
        recorded("2024-01-08", time),
    ]

    assert told_of(figures_on("2024-12-31", *told), "timeliness", "2024-01") == (is_in_time, 1, "final", 0)


def test_starts_and_ends_are_each_in_the_month_of_their_day() -> None:
    """Begun on 29 February and told on 7 March (in time: 1, 4, 5, 6, 7); ended on 8 March and told on the 18th (late).

    Five working days after Friday 8 March: 11, 12, 13, 14 and 15 March.
    """
    told = [
        recorded("2024-02-29", "2024-03-07T10:00:00Z"),
        builders.ended(first_day="2024-02-29", last_day="2024-03-08", time="2024-03-18T10:00:00Z"),
    ]

    rows = figures_on("2024-12-31", *told)

    assert told_of(rows, "timeliness", "2024-02") == (1, 1, "final", 0)
    assert told_of(rows, "timeliness", "2024-03") == (0, 1, "final", 0)


@pytest.mark.parametrize(
    ("on", "status"),
    [("2024-04-01", "provisional"), ("2024-04-08", "provisional"), ("2024-04-09", "final")],
)
def test_timeliness_of_a_month_is_final_after_the_fifth_working_day(on: str, status: str) -> None:
    """March 2024 ends on Easter Sunday: 2, 3, 4, 5 and 8 April are its five working days."""
    rows = figures_on(on, recorded("2024-03-04", "2024-03-05T10:00:00Z"))

    assert told_of(rows, "timeliness", "2024-03") == (1, 1, status, 0)


def test_timeliness_is_in_the_groups_of_the_day() -> None:
    """Begun in noord at P, ended in zuid: each in the team of its own day, both at the provider."""
    told: list[Statement] = [
        lives_in("noord"),
        lives_in("zuid", "2024-03-05"),
        recorded("2024-03-04", "2024-03-05T10:00:00Z"),
        builders.ended(first_day="2024-03-04", last_day="2024-03-08", time="2024-03-18T10:00:00Z"),
    ]

    rows = figures_on("2024-12-31", *told)

    expected: dict[str, Told] = {"noord": (1, 1, "final", 0), "zuid": (0, 1, "final", 0), P: (1, 2, "final", 0)}
    assert {group: told_of(rows, "timeliness", "2024-03", group) for group in expected} == expected


def test_an_event_that_lies_ahead_is_not_counted_yet() -> None:
    """An end on 29 March that was told on 1 March: counted from its day on."""
    told = [
        recorded("2024-03-01", "2024-03-01T10:00:00Z"),
        builders.ended(first_day="2024-03-01", last_day="2024-03-29", time="2024-03-01T10:00:00Z"),
    ]

    assert told_of(figures_on("2024-03-28", *told), "timeliness", "2024-03") == (1, 1, "provisional", 0)
    assert told_of(figures_on("2024-03-29", *told), "timeliness", "2024-03") == (2, 2, "provisional", 0)
