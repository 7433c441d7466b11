"""The rules about single indications: near their end, waiting, asleep, or granted after a refusal."""

from datetime import date

import pytest

from tests.builders import (
    OTHER_PROVIDER,
    Statement,
    answered,
    ended,
    granted,
    requested,
    started,
    started_retracted,
)
from tests.rule_findings import LATER, dates, found, lines, norm, numbered

NEAR = norm("end-near", 42)
WAITING = norm("waiting-long", 60)
PAUSED = norm("sleeper", 60, level="paused")
NO_END = norm("sleeper", 1, level="no-end")
SHOPPING = norm("shopping", 3)

UNTIL_JUNE = [started(first_day="2024-01-08"), granted(first_day="2024-01-08", last_day="2024-06-30")]


def follow_up(first_day: str, last_day: str | None, granted_at: str = "2024-06-01", **more: str) -> Statement:
    """A grant of another indication of the same care form, at another provider."""
    return granted(
        indication=more.get("indication", "0153-2"),
        provider=OTHER_PROVIDER,
        product=more.get("product", "45A04"),
        first_day=first_day,
        last_day=last_day,
        granted_at=f"{granted_at}T10:00:00",
    )


def test_an_end_is_near_six_weeks_before_the_granted_last_day() -> None:
    """Forty-two days before 30 June is 19 May."""
    assert lines(UNTIL_JUNE, "2024-05-18", NEAR) == [("signal", "0153-1", "2024-05-19", "2024-06-30", "scheduled")]
    assert lines(UNTIL_JUNE, "2024-05-19", NEAR)[0][-1] == "open"


def test_care_that_begins_within_the_six_weeks_is_near_its_end_from_its_first_day() -> None:
    """An indication that never ran has no finding."""
    grant = granted(first_day="2024-06-03", last_day="2024-06-30")

    assert dates([started(first_day="2024-06-03"), grant], NEAR) == [("2024-06-03", "2024-06-30")]
    assert dates([grant], NEAR) == []


def test_an_end_is_gone_by_a_late_end_a_retracted_start_and_a_longer_grant() -> None:
    """The longer grant moves the day."""
    longer = granted(first_day="2024-01-08", last_day="2024-12-31", granted_at="2024-06-01T09:00:00")

    assert dates([*UNTIL_JUNE, ended(last_day="2024-05-18")], NEAR) == []
    assert dates([*UNTIL_JUNE, ended(last_day="2024-05-25")], NEAR) == [("2024-05-19", "2024-05-25")]
    assert dates([*UNTIL_JUNE, started_retracted()], NEAR) == []
    assert dates([*UNTIL_JUNE, longer], NEAR) == [("2024-11-19", "2024-12-31")]


@pytest.mark.parametrize(
    ("first_day", "last_day", "follows"),
    [
        ("2024-07-31", "2024-12-31", True),
        ("2024-08-01", "2024-12-31", False),
        ("2024-07-01", None, True),
        ("2024-05-01", "2024-07-01", True),
        ("2024-05-01", "2024-06-30", False),
    ],
)
def test_a_follow_up_lasts_past_the_end_and_begins_within_31_days_of_it(
    first_day: str, last_day: str | None, follows: bool
) -> None:
    """It is known on 1 June, which is the last day of the finding; without one it holds to the end."""
    told = [*UNTIL_JUNE, follow_up(first_day, last_day)]

    assert ("2024-05-19", "2024-06-01" if follows else "2024-06-30") in dates(told, NEAR)


def test_a_follow_up_known_in_time_leaves_nothing_to_tell() -> None:
    """Granted on the day itself is in time; the first grant says when it was known, or the first day of care."""
    on_the_day = follow_up("2024-07-01", None, "2024-05-19")
    again = follow_up("2024-07-01", None, "2024-06-20")
    begun = started(indication="0153-2", first_day="2024-06-10")

    assert dates([*UNTIL_JUNE, on_the_day, again], NEAR) == []
    assert dates([*UNTIL_JUNE, again], NEAR) == [("2024-05-19", "2024-06-20")]
    assert dates([*UNTIL_JUNE, begun], NEAR) == [("2024-05-19", "2024-06-10")]


def test_another_care_form_is_no_follow_up() -> None:
    """Whoever provides it, the form is the same."""
    assert dates([*UNTIL_JUNE, follow_up("2024-07-01", None, product="50A00")], NEAR) == [("2024-05-19", "2024-06-30")]


def test_more_weeks_before_an_end_count_from_the_day_they_are_the_norm() -> None:
    """Sixty days from 1 May: 1 May itself is the sixtieth day before; the day before it would be historical."""
    longer = norm("end-near", 60, date(2024, 5, 1))
    earlier = norm("end-near", 61, date(2024, 5, 1))

    assert lines(UNTIL_JUNE, "2024-05-01", NEAR, longer)[0][2:] == ("2024-05-01", "2024-06-30", "open")
    assert lines(UNTIL_JUNE, "2024-05-01", NEAR, earlier)[0][2:] == ("2024-04-30", "2024-06-30", "historical")


GRANTED = granted(first_day="2024-01-08", last_day="2024-06-30")


def test_an_indication_waits_long_sixty_days_after_its_granted_first_day() -> None:
    """8 January and sixty days is 8 March; until the granted last day."""
    assert lines([GRANTED], "2024-03-07", WAITING) == [("signal", "0153-1", "2024-03-08", "2024-06-30", "scheduled")]
    assert lines([GRANTED], "2024-03-08", WAITING)[0][-1] == "open"


def test_a_start_ends_waiting_and_one_in_time_prevents_it() -> None:
    """A start on the day itself leaves nothing; retracted, it waits on."""
    late, in_time = started(first_day="2024-04-02"), started(first_day="2024-03-08")

    assert dates([GRANTED, late], WAITING) == [("2024-03-08", "2024-04-01")]
    assert dates([GRANTED, in_time], WAITING) == []
    assert dates([GRANTED, in_time, started_retracted(first_day="2024-03-08")], WAITING) == [
        ("2024-03-08", "2024-06-30")
    ]


def test_the_newest_grant_decides_how_long_it_may_wait() -> None:
    """Until the granted last day included; a deleted one never was, and what does not count is not waited for."""
    shorter = granted(first_day="2024-01-08", last_day="2024-03-07", granted_at="2024-02-01T09:00:00")
    deleted = granted(first_day="2024-01-08", change_reason="13", granted_at="2024-02-01T09:00:00")

    assert dates([GRANTED, shorter], WAITING) == []
    assert dates([GRANTED, deleted], WAITING) == []
    assert dates([granted(product="42A03")], WAITING) == []


def test_waiting_has_a_norm_for_each_care_form() -> None:
    """A row for another form does not apply; the most specific that does wins."""
    crisis = norm("waiting-long", 7, care_form="crisis")

    assert dates([GRANTED], WAITING, crisis) == [("2024-03-08", "2024-06-30")]
    assert dates([granted(product="46A01", last_day="2024-06-30")], WAITING, crisis) == [("2024-01-15", "2024-06-30")]
    assert dates([GRANTED], crisis) == []


def test_a_stricter_norm_on_waiting_takes_effect_from_its_day() -> None:
    """Thirty days from 15 February: the thirtieth was 7 February, and is historical."""
    stricter = norm("waiting-long", 30, date(2024, 2, 15))
    later = granted(indication="0153-2", first_day="2024-01-20")

    assert [line[1:3] + line[4:] for line in lines([GRANTED, later], "2024-02-19", WAITING, stricter)] == [
        ("0153-1", "2024-02-07", "historical"),
        ("0153-2", "2024-02-19", "open"),
    ]


PAUSE = [started(first_day="2024-01-08"), ended(last_day="2024-03-01", reason="20")]


def test_a_pause_of_sixty_days_is_told_on_its_sixtieth() -> None:
    """Paused from 2 March: 30 April is day 60."""
    assert lines(PAUSE, "2024-04-29", PAUSED) == [("paused", "0153-1", "2024-04-30", None, "scheduled")]
    assert lines(PAUSE, "2024-04-30", PAUSED)[0][-1] == "open"


def test_resumption_or_an_end_ends_a_pause() -> None:
    """On day 60 it was still paused; a resumption or late end on it takes the ground away, as a retraction does."""
    resumed = started(first_day="2024-05-15")

    assert dates([*PAUSE, resumed], PAUSED) == [("2024-04-30", "2024-05-14")]
    assert dates([*PAUSE, started(first_day="2024-04-30")], PAUSED) == []
    assert dates([*PAUSE, ended(last_day="2024-04-29")], PAUSED) == []
    assert dates([*PAUSE, ended(last_day="2024-04-30")], PAUSED) == [("2024-04-30", "2024-04-30")]
    assert dates([*PAUSE, started_retracted()], PAUSED) == []


def test_two_long_pauses_of_one_indication_are_two_findings() -> None:
    """Told apart in order."""
    again = [started(first_day="2024-06-01"), ended(first_day="2024-06-01", last_day="2024-06-30", reason="20")]

    assert numbered([*PAUSE, *again], PAUSED) == [
        ("paused", 1, "2024-04-30", "2024-05-31"),
        ("paused", 2, "2024-08-29", None),
    ]


def test_a_shorter_pause_counts_from_the_day_it_is_the_norm() -> None:
    """Thirty days from April: 31 March was the thirtieth."""
    shorter = norm("sleeper", 30, date(2024, 4, 1), level="paused")

    assert lines(PAUSE, "2024-04-01", PAUSED, shorter)[0][2:] == ("2024-03-31", None, "historical")


def test_the_day_after_the_granted_last_day_an_end_is_missing() -> None:
    """Nobody said that care stopped; it is not known that it did."""
    assert lines(UNTIL_JUNE, "2024-06-30", NO_END) == [("no-end", "0153-1", "2024-07-01", None, "scheduled")]
    assert lines(UNTIL_JUNE, "2024-07-01", NO_END)[0][-1] == "open"


def test_an_end_is_missing_until_the_civil_day_on_which_it_was_recorded() -> None:
    """Recorded on 5 July after midnight in Amsterdam; on 1 July it was in time; another last day takes the ground."""

    def end(time: str, last_day: str = "2024-06-30", reason: str = "31") -> Statement:
        return ended(last_day=last_day, time=time, reason=reason)

    assert dates([*UNTIL_JUNE, end("2024-07-04T22:30:00Z")], NO_END) == [("2024-07-01", "2024-07-04")]
    assert dates([*UNTIL_JUNE, end("2024-07-01T10:00:00Z")], NO_END) == []
    assert dates([*UNTIL_JUNE, end("2024-07-02T10:00:00Z")], NO_END) == [("2024-07-01", "2024-07-01")]
    assert dates([*UNTIL_JUNE, end("2024-09-01T10:00:00Z", "2024-06-15")], NO_END) == []
    assert dates([*UNTIL_JUNE, started_retracted()], NO_END) == []
    # A pause on the last day is no end, whenever it was recorded.
    paused = end("2024-07-01T10:00:00Z", reason="20")
    assert dates([*UNTIL_JUNE, paused], NO_END) == [("2024-07-01", None)]
    assert dates([*UNTIL_JUNE, paused, end("2024-07-09T10:00:00Z")], NO_END) == [("2024-07-01", "2024-07-08")]


def test_what_is_delivered_after_a_gap_makes_no_end_and_hides_none() -> None:
    """Care again in September, past the grant: the end of June is still missing, or was recorded late."""
    again = started(first_day="2024-09-01")
    end = ended(last_day="2024-06-30", time="2024-07-09T10:00:00Z")

    assert dates([*UNTIL_JUNE, again, end], NO_END) == [("2024-07-01", "2024-07-08")]
    # An end of an earlier delivery is not the one that is missing.
    anew = [ended(last_day="2024-03-01"), started(first_day="2024-05-01")]
    assert dates([*UNTIL_JUNE, *anew], NO_END) == [("2024-07-01", None)]
    # Of two deliveries that reach the day, the one that began last was not ended.
    assert dates([*UNTIL_JUNE, started(first_day="2024-03-01"), end], NO_END) == [("2024-07-01", None)]


def test_care_that_goes_on_under_another_number_misses_no_end() -> None:
    """The same provision runs the next day; another provider's care does not make up for it."""
    renewed = started(indication="0153-2", first_day="2024-07-01")
    elsewhere = started(indication="0153-2", first_day="2024-07-01", provider=OTHER_PROVIDER)

    assert dates([*UNTIL_JUNE, renewed], NO_END) == []
    assert dates([*UNTIL_JUNE, elsewhere], NO_END) == [("2024-07-01", None)]


def test_a_later_day_on_which_an_end_is_missing_counts_from_the_day_it_is_the_norm() -> None:
    """Fourteen days from 1 July on: the first of them is still judged by the norm of that day."""
    milder = norm("sleeper", 14, date(2024, 7, 1), level="no-end")

    assert dates(UNTIL_JUNE, NO_END, milder) == [("2024-07-14", None)]


def refused(referrer: str | None = "02", answer: str = "rejected", **more: str) -> list[Statement]:
    """A request for ambulatory care, answered on 5 February."""
    return [
        requested(time="2024-02-01T10:00:00Z", referrer=referrer, id=more.get("id", "request")),
        answered(answer=answer, time="2024-02-05T10:00:00Z", id="answer"),
    ]


def then_granted(granted_at: str = "2024-03-01", **more: str | None) -> Statement:
    """A grant of the same form through the municipality."""
    fields = {"referrer": "01", "first_day": "2024-03-10", "last_day": "2024-08-31", "id": "grant"} | more
    return granted(indication="0153-2", granted_at=f"{granted_at}T09:00:00", **fields)  # type: ignore[arg-type]


def test_a_grant_through_another_referrer_within_three_months_of_a_refusal_is_told() -> None:
    """Refused on 5 February: up to 5 May, on the day it is granted, until the granted last day."""
    assert lines([*refused(), then_granted()], "2024-02-29", SHOPPING) == [
        ("signal", "0153-2", "2024-03-01", "2024-08-31", "scheduled")
    ]
    assert lines([*refused(), then_granted()], "2024-03-01", SHOPPING)[0][-1] == "open"
    assert len(dates([*refused(), then_granted("2024-05-05")], SHOPPING)) == 1
    assert dates([*refused(), then_granted("2024-05-06")], SHOPPING) == []
    assert dates([*refused(), then_granted("2024-02-05")], SHOPPING) == []
    assert len(dates([*refused(), then_granted("2024-02-06")], SHOPPING)) == 1


def test_shopping_ends_with_the_care_that_was_granted() -> None:
    """The last running day; care that ended before its grant was never to be told, nor a grant that is deleted."""
    care = started(indication="0153-2", first_day="2024-02-10")

    def end(last_day: str) -> Statement:
        return ended(indication="0153-2", first_day="2024-02-10", last_day=last_day)

    assert dates([*refused(), then_granted(), care, end("2024-04-30")], SHOPPING) == [("2024-03-01", "2024-04-30")]
    assert dates([*refused(), then_granted(), care, end("2024-02-29")], SHOPPING) == []
    assert dates([*refused(), then_granted(change_reason="13")], SHOPPING) == []
    assert dates([*refused(), then_granted(last_day=None)], SHOPPING) == [("2024-03-01", None)]


def test_the_same_or_an_unknown_referrer_an_answer_or_another_form_is_no_shopping() -> None:
    """Nor a grant on that very request, nor a request that is only looked into."""
    assert dates([*refused("01"), then_granted()], SHOPPING) == []
    assert dates([*refused(None), then_granted()], SHOPPING) == []
    assert dates([*refused(), then_granted(referrer=None)], SHOPPING) == []
    assert dates([*refused(), then_granted(request="42420001-R1")], SHOPPING) == []
    assert dates([*refused(), then_granted(product="50A00")], SHOPPING) == []
    assert dates([*refused(answer="under-investigation"), then_granted()], SHOPPING) == []


def test_what_a_request_keeps_was_not_refused() -> None:
    """A change request that keeps ambulatory care and adds another form asked for the other form."""
    kept = {"kind": "keep", "product": {"category": "45", "code": "45A04"}}
    added = {"kind": "new", "product": {"category": "50", "code": "50A00"}}
    told = [
        requested(time="2024-02-01T10:00:00Z", referrer="02", products=[kept, added]),
        answered(time="2024-02-05T10:00:00Z"),
    ]

    assert dates([*told, then_granted()], SHOPPING) == []
    assert len(dates([*told, then_granted(product="50A00")], SHOPPING)) == 1


def test_every_refused_request_is_looked_at_by_itself() -> None:
    """Two refusals, one grant: two findings, in the order of the refusals; each rests on its own request."""
    other = [
        requested(request="65656055-R2", provider=OTHER_PROVIDER, referrer="02", time="2024-01-10T10:00:00Z", id="a"),
        answered(request="65656055-R2", time="2024-01-12T10:00:00Z", id="b"),
    ]

    rows = found([*refused(), *other, then_granted()], LATER, SHOPPING)

    assert [row["evidence"] for row in rows] == [["a", "b", "grant"], ["answer", "grant", "request"]]


def test_more_months_after_a_refusal_count_from_the_day_they_are_the_norm() -> None:
    """Four months after the refusal: too late under three; under six from July on it is historical, from May on not."""
    told = [*refused(), then_granted("2024-06-03")]

    assert dates(told, SHOPPING) == []
    assert lines(told, LATER, SHOPPING, norm("shopping", 6, date(2024, 7, 1)))[0][-1] == "historical"
    assert lines(told, "2024-06-03", SHOPPING, norm("shopping", 6, date(2024, 5, 1)))[0][-1] == "open"
