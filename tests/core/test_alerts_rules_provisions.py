"""The rules about provisions as they run: how long, beside what, how often extended, and evaluated or not."""

from datetime import date

from tests.builders import (
    OTHER_PROVIDER,
    Statement,
    ended,
    evaluated,
    granted,
    requested,
    started,
    started_retracted,
)
from tests.rule_findings import LATER, dates, found, lines, norm, numbered

LONG = norm("indication-overlong", 100)
FIRST = norm("evaluation-due", 3, level="first")
YEARLY = norm("evaluation-due", 12, level="yearly")
UNREQUESTED = norm("stacking-unrequested", level="signal")
WITHOUT_REQUEST = norm("stacking-unrequested", level="without-request")
TWICE = norm("serial-renewal", 2)
HAND_OVER = norm("duplicate-provision", 14)


def care(indication: str, first_day: str, last_day: str | None = None, **more: str | None) -> list[Statement]:
    """Care of an indication from a day on, until a day."""
    start = started(indication=indication, first_day=first_day, **more)  # type: ignore[arg-type]
    return [start] + ([ended(indication=indication, first_day=first_day, last_day=last_day)] if last_day else [])


def test_a_renewed_provision_reaches_its_norm_on_its_hundredth_day() -> None:
    """1 January 2024 is day 1, so 9 April is day 100, whichever number then runs."""
    told = [*care("0153-1", "2024-01-01", "2024-03-31"), *care("0153-2", "2024-04-01")]

    assert lines(told, "2024-04-08", LONG) == [("norm", "0153-1", "2024-04-09", None, "scheduled")]
    assert lines(told, "2024-04-09", LONG) == [("norm", "0153-1", "2024-04-09", None, "open")]


def test_one_day_between_two_numbers_counts_anew() -> None:
    """Without running days in between, two runs are two; 99 days are none."""
    told = [*care("0153-1", "2024-01-01", "2024-04-08"), *care("0153-2", "2024-04-10", "2024-12-31")]

    assert dates(told, LONG) == [("2024-07-18", "2024-12-31")]


def test_a_long_provision_is_gone_by_a_late_end_and_by_a_retracted_start() -> None:
    """Either takes its ground away."""
    told = care("0153-1", "2024-01-01")

    assert len(dates(told, LONG)) == 1
    assert dates([*told, ended(first_day="2024-01-01", last_day="2024-04-08")], LONG) == []
    assert dates([*told, started_retracted(first_day="2024-01-01")], LONG) == []


def test_a_norm_for_another_care_form_does_not_apply_to_a_provision() -> None:
    """Of a youth with two forms each provision has its own norm, though both forms run."""
    told = [*care("0153-1", "2024-01-01"), *care("0153-2", "2024-01-01", product="43A03")]
    for_foster_care = norm("indication-overlong", 200, care_form="foster-care")

    assert [line[1:3] for line in lines(told, LATER, LONG, for_foster_care)] == [
        ("0153-1", "2024-04-09"),
        ("0153-2", "2024-07-18"),
    ]
    assert [line[1] for line in lines(told, LATER, for_foster_care)] == ["0153-2"]


def test_a_stricter_norm_on_a_provision_takes_effect_from_its_day() -> None:
    """What it would have found before is historical; what comes after opens on its own day."""
    stricter = norm("indication-overlong", 50, date(2024, 3, 1))

    old = lines(care("0153-1", "2024-01-01"), "2024-03-20", LONG, stricter)
    new = lines(care("0153-1", "2024-02-01"), "2024-03-21", LONG, stricter)

    assert old == [("norm", "0153-1", "2024-02-19", None, "historical")]
    assert new == [("norm", "0153-1", "2024-03-21", None, "open")]


def test_a_provision_rests_on_what_ran_until_it_was_long() -> None:
    """A later number of the same provision is not its evidence."""
    told = [
        started(first_day="2024-01-01", id="one"),
        ended(first_day="2024-01-01", last_day="2024-04-30", id="two"),
        started(indication="0153-2", first_day="2024-05-01", id="three"),
    ]

    assert found(told, LATER, LONG)[0]["evidence"] == ["one", "two"]


SECOND = care("0153-2", "2024-03-01", "2024-05-31", provider=OTHER_PROVIDER, referrer="02")


def test_a_second_provision_through_another_referrer_is_told_on_its_first_day() -> None:
    """It holds until the first of both ends."""
    told = [*care("0153-1", "2024-01-01", "2024-04-30", referrer="01"), *SECOND]

    assert lines(told, "2024-02-29", UNREQUESTED)[0][-1] == "scheduled"
    assert lines(told, "2024-03-01", UNREQUESTED) == [("signal", "0153-2", "2024-03-01", "2024-04-30", "open")]


def test_the_same_or_an_unknown_referrer_is_not_another() -> None:
    """Both must be known, and differ; the first indication of a provision says who referred."""
    same = care("0153-1", "2024-01-01", referrer="02")
    unknown = care("0153-1", "2024-01-01", "2024-01-31", referrer=None)
    renewed = care("0153-3", "2024-02-01", referrer="01")

    assert dates([*same, *SECOND], UNREQUESTED) == []
    assert dates([*unknown, *SECOND], UNREQUESTED) == []
    assert dates([*unknown, *renewed, *SECOND], UNREQUESTED) == []


def test_a_second_provision_is_gone_when_the_first_ended_before_or_never_began() -> None:
    """A late end on the day before, or a retracted start, takes its ground away."""
    told = [*care("0153-1", "2024-01-01", referrer="01"), *SECOND]

    assert len(dates(told, UNREQUESTED)) == 1
    assert dates([*told, ended(first_day="2024-01-01", last_day="2024-02-29")], UNREQUESTED) == []
    assert dates([*told, started_retracted(first_day="2024-01-01")], UNREQUESTED) == []


def test_of_several_that_run_the_first_is_the_earliest() -> None:
    """The later of two others has the second's referrer; the earlier has not."""
    told = [*care("0153-1", "2024-01-01", referrer="01"), *care("0153-3", "2024-02-01", product="50A00", referrer="02")]
    reversed_ = [
        *care("0153-1", "2024-02-01", referrer="01"),
        *care("0153-3", "2024-01-01", product="50A00", referrer="02"),
    ]

    assert [line[1] for line in lines([*told, *SECOND], LATER, UNREQUESTED)] == ["0153-2", "0153-3"]
    assert [line[1] for line in lines([*reversed_, *SECOND], LATER, UNREQUESTED)] == ["0153-1"]


def test_of_two_that_begin_on_one_day_the_greater_number_is_the_second() -> None:
    """Nothing else tells them apart."""
    told = [*care("0153-3", "2024-03-01", referrer="01"), *SECOND]

    assert [line[1] for line in lines(told, LATER, UNREQUESTED)] == ["0153-3"]


def test_without_a_request_is_off_until_a_row_of_that_level_turns_it_on() -> None:
    """It asks no referrer; a grant that carries a request ends it."""
    told = [*care("0153-1", "2024-01-01"), *SECOND]
    asked = granted(indication="0153-2", provider=OTHER_PROVIDER, request="65656055-R1", first_day="2024-03-01")

    assert dates(told, norm("stacking-unrequested")) == []
    assert lines(told, "2024-03-01", WITHOUT_REQUEST) == [
        ("without-request", "0153-2", "2024-03-01", "2024-05-31", "open")
    ]
    assert dates([*told, asked], WITHOUT_REQUEST) == []


ELSEWHERE = care("0153-2", "2024-03-01", "2024-05-31", provider=OTHER_PROVIDER)


def test_a_hand_over_of_fourteen_days_is_none_too_many() -> None:
    """Both run from 1 March: the fifteenth shared day is 15 March."""
    told = [*care("0153-1", "2024-01-01"), *ELSEWHERE]

    assert lines(told, "2024-03-14", HAND_OVER)[0][-1] == "scheduled"
    assert lines(told, "2024-03-15", HAND_OVER) == [("signal", "0153-2", "2024-03-15", "2024-05-31", "open")]
    assert dates([*told, ended(first_day="2024-01-01", last_day="2024-03-14")], HAND_OVER) == []
    assert dates([*told, ended(first_day="2024-01-01", last_day="2024-03-15")], HAND_OVER) == [
        ("2024-03-15", "2024-03-15")
    ]
    assert dates([*told, started_retracted(first_day="2024-01-01")], HAND_OVER) == []


def test_another_form_the_same_or_an_unknown_provider_is_no_duplicate() -> None:
    """Two known providers, one form."""
    assert dates([*care("0153-1", "2024-01-01", product="50A00"), *ELSEWHERE], HAND_OVER) == []
    assert dates([*care("0153-1", "2024-01-01", provider=None), *ELSEWHERE], HAND_OVER) == []
    assert dates([*care("0153-1", "2024-01-01"), *care("0153-2", "2024-02-01")], HAND_OVER) == []


def test_a_shorter_hand_over_counts_from_the_day_it_is_the_norm() -> None:
    """Seven days from 12 March: what was at its ninth day by then is historical, what comes later is not."""
    shorter = norm("duplicate-provision", 7, date(2024, 3, 12))
    later = care("0153-2", "2024-03-10", "2024-05-31", provider=OTHER_PROVIDER)
    told = care("0153-1", "2024-01-01")

    assert lines([*told, *ELSEWHERE], "2024-03-12", HAND_OVER, shorter)[0][2:] == (
        "2024-03-08",
        "2024-05-31",
        "historical",
    )
    assert lines([*told, *later], "2024-03-17", HAND_OVER, shorter)[0][2:] == ("2024-03-17", "2024-05-31", "open")


def test_three_providers_of_one_form_make_three_pairs() -> None:
    """Each pair is found by itself; two with one anchor are told apart in order."""
    told = [*care("0153-1", "2024-01-01"), *ELSEWHERE, *care("0153-3", "2024-04-01", provider="11111111")]

    rows = [(row["anchor"], row["opens_on"], row["closes_on"]) for row in found(told, LATER, HAND_OVER)]

    assert rows == [
        ("0153-2", "2024-03-15", "2024-05-31"),
        ("0153-3", "2024-04-15", None),
        ("0153-3", "2024-04-15", "2024-05-31"),
    ]


def grant(last_day: str, granted_at: str, change_reason: str | None = None, indication: str = "0153-1") -> Statement:
    """A version of a grant."""
    return granted(
        indication=indication,
        first_day="2024-01-01",
        last_day=last_day,
        granted_at=f"{granted_at}T09:00:00",
        change_reason=change_reason,
    )


EXTENDED = [
    *care("0153-1", "2024-01-01"),
    grant("2024-06-30", "2023-12-15"),
    grant("2024-12-31", "2024-06-10"),
    grant("2025-06-30", "2024-12-10"),
]


def test_the_second_extension_is_told_on_the_day_it_is_granted() -> None:
    """The first is none yet; a shortening is none at all."""
    shortened = [*EXTENDED[:3], grant("2024-11-30", "2024-09-01")]

    assert lines(EXTENDED, "2024-12-09", TWICE)[0][-1] == "scheduled"
    assert lines(EXTENDED, "2024-12-10", TWICE) == [("signal", "0153-1", "2024-12-10", "2025-06-30", "open")]
    assert dates(EXTENDED[:3], TWICE) == []
    assert dates(shortened, TWICE) == []


def test_a_new_number_for_running_care_is_an_extension_and_a_change_that_says_so_too() -> None:
    """A renewal on 1 July and reason 04 on 1 September; a number after a gap is none."""
    first = care("0153-1", "2024-01-01", "2024-06-30")
    grants = [
        granted(indication="0153-2", first_day="2024-07-01", granted_at="2024-06-01T09:00:00"),
        granted(indication="0153-2", first_day="2024-07-01", granted_at="2024-09-01T09:00:00", change_reason="04"),
    ]

    assert dates([*first, *care("0153-2", "2024-07-01"), *grants], TWICE) == [("2024-09-01", None)]
    assert dates([*first, *care("0153-2", "2024-07-02"), *grants], TWICE) == []


def test_an_extension_outside_the_run_does_not_count_in_it() -> None:
    """Care ended before the second was granted, or began after it: either takes its ground away."""
    assert dates([*EXTENDED, ended(first_day="2024-01-01", last_day="2024-12-09")], TWICE) == []
    assert dates([*EXTENDED, started_retracted(first_day="2024-01-01")], TWICE) == []


def test_extensions_of_an_earlier_run_do_not_count_in_a_later_one() -> None:
    """Extended twice, ended, and begun again after a gap: only the first run was extended."""
    again = [ended(first_day="2024-01-01", last_day="2024-12-15"), started(first_day="2025-03-01")]

    assert dates([*EXTENDED, *again], TWICE) == [("2024-12-10", "2024-12-15")]


def test_a_lower_number_of_extensions_counts_from_its_day() -> None:
    """One extension is enough from July: that of June is historical."""
    once = norm("serial-renewal", 1, date(2024, 7, 1))

    assert lines(EXTENDED, "2024-07-01", TWICE, once) == [
        ("signal", "0153-1", "2024-06-10", "2025-06-30", "historical")
    ]


def test_two_extensions_on_one_day_are_two() -> None:
    """A new number that is extended on its first day; the evidence is what was extended, and the first."""
    told = [
        started(first_day="2024-01-01", id="a"),
        ended(first_day="2024-01-01", last_day="2024-06-30", id="b"),
        started(indication="0153-2", first_day="2024-07-01", id="c"),
        granted(indication="0153-2", first_day="2024-07-01", last_day="2024-08-31", id="d"),
        granted(indication="0153-2", first_day="2024-07-01", granted_at="2024-07-01T09:00:00", id="e"),
        started(indication="0153-3", first_day="2024-09-01", id="f"),
    ]

    row = found(told, LATER, TWICE)[0]

    assert (row["opens_on"], row["evidence"]) == ("2024-07-01", ["a", "b", "c", "d", "e"])


RUNNING = care("0153-1", "2024-01-31")


def test_an_evaluation_is_due_three_months_after_the_first_day() -> None:
    """31 January and three months is 30 April; it holds until the next moment, a year later."""
    assert lines(RUNNING, "2024-04-29", FIRST, YEARLY)[0][-1] == "scheduled"
    assert lines(RUNNING, "2024-04-30", FIRST, YEARLY)[:2] == [
        ("first", "0153-1", "2024-04-30", "2025-04-29", "open"),
        ("yearly", "0153-1", "2025-04-30", "2026-04-29", "scheduled"),
    ]
    assert dates(RUNNING, FIRST) == [("2024-04-30", None)]


def test_an_evaluation_up_to_and_including_the_day_is_in_time_and_a_later_one_ends_it() -> None:
    """On the day itself nothing was missed; a day later it was missed for a day."""
    assert dates([*RUNNING, evaluated(day="2024-04-30")], FIRST) == []
    assert dates([*RUNNING, evaluated(day="2024-01-31")], FIRST) == []
    assert dates([*RUNNING, evaluated(day="2024-01-30")], FIRST) == [("2024-04-30", None)]
    assert dates([*RUNNING, evaluated(day="2024-05-01")], FIRST) == [("2024-04-30", "2024-04-30")]


def test_an_evaluation_of_any_number_of_the_run_counts_and_of_another_provision_does_not() -> None:
    """Renewals are one run."""
    told = [*care("0153-1", "2024-01-31", "2024-02-29"), *care("0153-2", "2024-03-01")]
    other = care("0153-3", "2024-01-31", "2024-02-29", product="50A00")

    assert dates([*told, evaluated(indication="0153-2", day="2024-03-10")], FIRST) == []
    assert dates([*told, *other, evaluated(indication="0153-3", day="2024-02-10")], FIRST) == [("2024-04-30", None)]


def test_care_that_ended_the_day_before_needed_no_evaluation() -> None:
    """A late end, or a start that never was, takes the ground away; on the day itself it was due."""
    assert dates([*RUNNING, ended(first_day="2024-01-31", last_day="2024-04-29")], FIRST) == []
    assert dates([*RUNNING, ended(first_day="2024-01-31", last_day="2024-04-30")], FIRST) == [
        ("2024-04-30", "2024-04-30")
    ]
    assert dates([*RUNNING, started_retracted(first_day="2024-01-31")], FIRST) == []


def yearly(*told: Statement) -> list[tuple[int, str, str | None]]:
    """Occurrence, first and last day of the yearly findings."""
    return [row[1:] for row in numbered([*RUNNING, *told], FIRST, YEARLY) if row[0] == "yearly"]


def test_which_year_it_is_does_not_depend_on_the_years_before() -> None:
    """An evaluation in the second year takes that year away and renumbers nothing."""
    end = ended(first_day="2024-01-31", last_day="2027-06-30")

    assert yearly(end) == [
        (1, "2025-04-30", "2026-04-29"),
        (2, "2026-04-30", "2027-04-29"),
        (3, "2027-04-30", "2027-06-30"),
    ]
    assert yearly(end, evaluated(day="2026-04-30")) == [
        (1, "2025-04-30", "2026-04-29"),
        (3, "2027-04-30", "2027-06-30"),
    ]
    assert yearly(end, evaluated(day="2025-06-01"))[:2] == [
        (1, "2025-04-30", "2025-05-31"),
        (3, "2027-04-30", "2027-06-30"),
    ]


def test_an_evaluation_counts_for_the_year_after_the_moment_before() -> None:
    """On the first moment it is still of the first, a day later of the year that follows."""
    end = ended(first_day="2024-01-31", last_day="2025-12-31")

    assert yearly(end, evaluated(day="2024-04-30")) == [(1, "2025-04-30", "2025-12-31")]
    assert yearly(end, evaluated(day="2024-05-01")) == []


def test_a_second_run_of_one_number_counts_its_years_on() -> None:
    """The same indication begins two runs: the occurrences of the later follow on the moments of the earlier."""
    told = [
        ended(first_day="2024-01-31", last_day="2025-06-30"),
        started(first_day="2025-09-01"),
        ended(first_day="2025-09-01", last_day="2027-01-31"),
    ]

    assert yearly(*told) == [(1, "2025-04-30", "2025-06-30"), (2, "2026-12-01", "2027-01-31")]
    assert yearly(*told, evaluated(day="2025-02-01")) == [(2, "2026-12-01", "2027-01-31")]


def test_another_yearly_norm_gives_no_occurrence_twice() -> None:
    """A year until 2026, half a year from then: nothing is found again, and the numbers go on."""
    told = [*RUNNING, ended(first_day="2024-01-31", last_day="2027-06-30")]
    halved = norm("evaluation-due", 6, date(2026, 1, 1), level="yearly")

    assert numbered(told, FIRST, YEARLY, halved)[1:] == [
        ("yearly", 1, "2025-04-30", "2026-04-29"),
        ("yearly", 4, "2026-04-30", "2026-10-29"),
        ("yearly", 5, "2026-10-30", "2027-04-29"),
        ("yearly", 6, "2027-04-30", "2027-06-30"),
    ]


def test_open_care_is_looked_at_for_no_longer_than_a_youth_lives_as_one() -> None:
    """The last moment lies within 23 years after the first day."""
    assert yearly()[-1] == (22, "2046-04-30", "2047-04-29")


def test_care_that_does_not_count_is_no_provision() -> None:
    """Transport is no youth help, for any of these rules."""
    told = [*care("0153-1", "2020-01-01", product="42A03"), *care("0153-2", "2020-01-01", product="42A03"), requested()]

    assert found(told, LATER, LONG, FIRST, UNREQUESTED, WITHOUT_REQUEST, TWICE, HAND_OVER) == []
