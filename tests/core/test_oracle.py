"""The oracle against hand-computed cases: the ten worked examples of domain.md §10, then a handful of others.

Every expected value here was worked out on paper from the text, so that the oracle may judge the product.
"""

from datetime import date
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests import oracle
from tests.builders import (
    CARE_FORMS,
    IJW,
    OTHER_PROVIDER,
    OTHER_YOUTH,
    PROVIDER,
    TEAM_NORTH,
    TEAM_SOUTH,
    YOUTH,
    Statement,
    ended,
    ended_retracted,
    forgotten,
    granted,
    merged,
    message_carried,
    message_rejected,
    registered,
    started,
    started_retracted,
)
from tests.strategies import ledgers, questions, shuffled


def lines(*statements: Statement, on: str, coverage: str | None = None, known: str | None = None) -> list[Any]:
    """The oracle's lines, dates as text."""
    return oracle.facts(
        list(statements),
        date.fromisoformat(on),
        coverage_start=date.fromisoformat(coverage) if coverage else None,
        known_on=date.fromisoformat(known) if known else None,
        care_forms=CARE_FORMS,
    )


def line(*statements: Statement, on: str, coverage: str | None = None, known: str | None = None) -> dict[str, Any]:
    """The single line of a ledger about one youth."""
    (only,) = lines(*statements, on=on, coverage=coverage, known=known)
    assert isinstance(only, dict)
    return only


def care(first: str, last: str, reason: str = "31", **what: Any) -> list[Statement]:
    """A delivery with a start and a final end."""
    name = what.pop("indication", "0153-1")
    return [
        started(indication=name, first_day=first, **what),
        ended(indication=name, first_day=first, last_day=last, reason=reason),
    ]


def exits(facts: dict[str, Any]) -> list[Any]:
    return [period["exit"] and period["exit"]["status"] for period in facts["care_periods"]]


def openings(facts: dict[str, Any]) -> list[str]:
    return [period["opening"] for period in facts["care_periods"]]


def test_example_1_an_exit_is_pending_through_its_last_day_and_sustainable_the_day_after() -> None:
    """§10.1: 30 June and six months is 30 December."""
    ledger = care("2024-01-08", "2024-06-30")

    pending, sustainable = line(*ledger, on="2024-12-30"), line(*ledger, on="2024-12-31")

    assert pending["care_periods"] == [
        {
            "first_day": "2024-01-08",
            "last_day": "2024-06-30",
            "assumed_end": False,
            "opening": "inflow",
            "exit": {"kind": "ended", "until": "2024-12-30", "status": "pending"},
        }
    ]
    assert exits(sustainable) == ["sustainable"]


def test_example_2_six_months_after_the_end_of_august_is_the_end_of_february() -> None:
    """§10.2: a start on 28 February is a return, on 1 March an inflow."""
    first = care("2024-03-01", "2024-08-31")

    back = line(*first, started(indication="0153-2", first_day="2025-02-28"), on="2025-03-05")
    fresh = line(*first, started(indication="0153-2", first_day="2025-03-01"), on="2025-03-05")

    assert (exits(back), openings(back)) == (["returned", None], ["inflow", "return"])
    assert (exits(fresh), openings(fresh)) == (["sustainable", None], ["inflow", "inflow"])
    assert (len(back["trajectories"]), len(fresh["trajectories"])) == (1, 2)
    assert back["care_periods"][0]["exit"]["until"] == "2025-02-28"


def test_example_3_adjacent_days_join_and_a_paper_end_bridges_a_gap() -> None:
    """§10.3: from 1 January one period; from 2 January with reason 31 two; the same gap with reason 37 one."""

    def periods(reason: str, following: str) -> list[Any]:
        renewal = started(indication="0153-2", first_day=following)
        facts = line(*care("2024-05-01", "2024-12-31", reason), renewal, on="2025-02-01")
        return [(period["first_day"], period["last_day"], period["opening"]) for period in facts["care_periods"]]

    assert periods("31", "2025-01-01") == [("2024-05-01", None, "inflow")]
    assert periods("31", "2025-01-02") == [
        ("2024-05-01", "2024-12-31", "inflow"),
        ("2025-01-02", None, "return"),
    ]
    assert periods("37", "2025-01-02") == [("2024-05-01", None, "inflow")]


def test_example_4_a_pause_is_running_but_not_care() -> None:
    """§10.4: 20 care days before the pause, 47 after the new start, 92 days of duration."""
    ledger = [
        started(first_day="2024-03-01"),
        ended(first_day="2024-03-01", last_day="2024-03-20", reason="20"),
        started(first_day="2024-04-15"),
        ended(first_day="2024-04-15", last_day="2024-05-31"),
    ]

    facts = line(*ledger, on="2024-07-01")

    assert [(p["first_day"], p["last_day"]) for p in facts["care_periods"]] == [("2024-03-01", "2024-05-31")]
    assert facts["trajectories"] == [
        {
            "first_day": "2024-03-01",
            "last_day": "2024-05-31",
            "care_duration_days": 92,
            "care_days": 67,
            "provider_switches": 0,
            "care_form_switches": 0,
        }
    ]


def test_example_5_a_pause_and_a_final_end_of_one_start_both_count() -> None:
    """§10.5: care days to 7 June, the care period to 27 June."""
    ledger = [
        started(first_day="2025-05-01"),
        ended(first_day="2025-05-01", last_day="2025-06-07", reason="20"),
        ended(first_day="2025-05-01", last_day="2025-06-27", reason="35"),
    ]

    facts = line(*ledger, on="2025-07-01")

    assert facts["care_periods"][0]["last_day"] == "2025-06-27"
    assert facts["trajectories"][0]["care_days"] == 38
    assert [line(*ledger, on=f"2025-06-{day:02}")["in_care"] for day in (7, 8)] == [True, False]


def test_example_6_a_renewal_is_no_stacking_and_another_provider_is() -> None:
    """§10.6: at P twice in March is one provision; at P and then Q is two."""
    first = care("2024-03-01", "2024-03-14")

    renewed = line(*first, started(indication="0153-2", first_day="2024-03-15"), on="2024-03-31")
    moved = line(
        *first,
        started(indication="0153-2", first_day="2024-03-15", provider=OTHER_PROVIDER),
        on="2024-03-31",
    )

    assert renewed["provisions_by_month"] == {}
    assert moved["provisions_by_month"] == {"2024-03": 2}


def test_example_7_care_at_the_residence_itself_does_not_stack() -> None:
    """§10.7: residence and ambulatory at R is one provision; ambulatory at P instead makes two."""
    residence = care("2024-05-01", "2024-05-31", product="43A02")

    def with_ambulatory_at(provider: str) -> dict[str, Any]:
        other = care("2024-05-01", "2024-05-31", indication="0153-2", provider=provider)
        return line(*residence, *other, on="2024-05-31")

    assert with_ambulatory_at(PROVIDER)["provisions_by_month"] == {}
    assert with_ambulatory_at(OTHER_PROVIDER)["provisions_by_month"] == {"2024-05": 2}
    assert with_ambulatory_at(PROVIDER)["provisions_today"] == [["ambulatory", PROVIDER], ["residence", PROVIDER]]


def test_example_8_a_key_holds_when_stated_more_often_than_retracted() -> None:
    """§10.8: stated, retracted, stated again holds; stated once and retracted twice does not."""
    holds = line(started(), started_retracted(), started(), on="2024-02-01")
    falls = line(started(), started_retracted(), started_retracted(), on="2024-02-01")

    assert (holds["in_care"], falls["in_care"]) == (True, False)
    assert (holds["version"], falls["version"]) == ([1, 3], [1, 3])
    assert falls["care_periods"] == []


def test_example_9_an_opening_is_unknown_until_six_months_are_covered() -> None:
    """§10.9: feed complete from 1 January 2023, first care 10 March unknown, first care 1 July inflow."""

    def first_opening(first_day: str) -> list[str]:
        return openings(line(started(first_day=first_day), on="2023-08-01", coverage="2023-01-01"))

    assert first_opening("2023-03-10") == ["unknown"]
    assert first_opening("2023-06-30") == ["unknown"]
    assert first_opening("2023-07-01") == ["inflow"]


def test_example_10_a_grant_without_a_start_is_waiting_and_not_care() -> None:
    """§10.10: granted 1 February, no start by 1 May."""
    facts = line(granted(first_day="2024-02-01"), on="2024-05-01")

    assert facts["waiting"] == [{"indication": "0153-1", "since": "2024-02-01"}]
    assert (facts["in_care"], facts["care_periods"]) == (False, [])


def test_the_newest_grant_that_deletes_takes_the_indication_away_with_its_care() -> None:
    """§2: change reason 13, the indication never existed; an older grant cannot bring it back."""
    older = granted(granted_at="2024-01-02T09:00:00")
    deletion = granted(granted_at="2024-01-02T09:00:01", change_reason="13")

    facts = line(deletion, older, started(), on="2024-02-01")

    assert (facts["in_care"], facts["waiting"], facts["care_periods"]) == (False, [], [])


def test_an_end_before_its_start_leaves_no_days_and_no_waiting() -> None:
    """§3.2: a delivery whose final end lies before its first day has no days; its start still ends waiting."""
    ledger = [granted(first_day="2024-01-08"), *care("2024-02-01", "2024-01-31")]

    facts = line(*ledger, on="2024-03-01")

    assert (facts["care_periods"], facts["waiting"]) == ([], [])
    assert line(*ledger, on="2024-01-31")["waiting"] == [{"indication": "0153-1", "since": "2024-01-08"}]


def test_a_delivery_without_an_end_stops_assumed_on_the_granted_last_day() -> None:
    """§3.2: to the granted last day, assumed; a grant without a last day beats a planned one."""
    start = started(planned_last_day="2024-02-10")

    planned = line(start, on="2024-04-01")["care_periods"][0]
    limited = line(start, granted(last_day="2024-03-10"), on="2024-04-01")["care_periods"][0]
    unlimited = line(start, granted(), on="2024-04-01")["care_periods"][0]

    assert (planned["last_day"], planned["assumed_end"]) == ("2024-02-10", True)
    assert (limited["last_day"], limited["assumed_end"]) == ("2024-03-10", True)
    assert (unlimited["last_day"], unlimited["assumed_end"]) == (None, False)


def test_a_start_after_the_granted_last_day_gives_one_day() -> None:
    """§3.2: at least its first day."""
    facts = line(granted(last_day="2024-01-31"), started(first_day="2024-02-15"), on="2024-03-01")

    assert [(p["first_day"], p["last_day"]) for p in facts["care_periods"]] == [("2024-02-15", "2024-02-15")]


def test_a_rejected_retraction_retracts_nothing() -> None:
    """§2: the statements a rejected message carried, retractions included, do not count."""
    retraction = started_retracted(source=IJW, id="JW305-18-2024-01-10-1")
    start = started(source=IJW, id="JW305-17-2024-01-09-1")

    assert not line(start, retraction, on="2024-02-01")["in_care"]
    assert line(start, retraction, message_rejected(message="JW305-18-2024-01-10"), on="2024-02-01")["in_care"]
    assert not line(start, message_rejected(message="JW305-17-2024-01-09"), on="2024-02-01")["in_care"]


def test_a_grant_stands_while_one_of_its_messages_stands() -> None:
    """§2: a JW301 product only falls when no other standing message carries it."""
    grant = granted(source=IJW, id="JW301-1-2024-01-02T09:00:00-0a1b2c3d")
    ledger = [
        grant,
        message_carried(source=IJW, message="JW301-5-2024-01-02", statements=[grant["id"]]),
        message_carried(source=IJW, message="JW301-6-2024-02-02", statements=[grant["id"]]),
        message_rejected(message="JW301-5-2024-01-02"),
    ]

    assert line(*ledger, on="2024-03-01")["waiting"] != []
    assert line(*ledger, message_rejected(message="JW301-6-2024-02-02"), on="2024-03-01")["waiting"] == []


def test_once_the_chain_states_a_start_a_team_cannot_end_it() -> None:
    """§2: counts are per source; other sources are evidence, even when the chain's start is retracted later."""
    team = [started(source=TEAM_NORTH), ended(source=TEAM_NORTH, last_day="2024-01-31")]
    chain = started(source=IJW)

    assert line(*team, on="2024-02-15")["in_care"] is False
    assert line(*team, chain, on="2024-02-15")["in_care"] is True
    assert line(*team, chain, started_retracted(source=IJW), on="2024-01-15")["in_care"] is False


def test_a_retraction_by_another_source_retracts_nothing() -> None:
    """§2: counts are per source."""
    assert line(started(source=TEAM_NORTH), started_retracted(source=TEAM_SOUTH), on="2024-02-01")["in_care"]


def test_a_retracted_end_leaves_the_other_end() -> None:
    """§2: an end is keyed by last day and reason too; §3.2: the earliest final end counts."""
    ends = [ended(last_day="2024-03-31"), ended(last_day="2024-04-30")]
    retraction = ended_retracted(last_day="2024-03-31")

    early = line(started(), *ends, on="2024-06-01")
    late = line(started(), *ends, retraction, on="2024-06-01")

    assert early["care_periods"][0]["last_day"] == "2024-03-31"
    assert late["care_periods"][0]["last_day"] == "2024-04-30"


def test_a_hand_over_is_a_switch_from_the_day_after_the_old_run_ended() -> None:
    """§4: an overlap of at most 14 days is a switch of provider, counted once the old run is over."""
    old = care("2024-01-08", "2024-03-14")

    def switches(first_day: str, on: str, product: str = "45A04") -> tuple[int, int]:
        new = started(indication="0153-2", first_day=first_day, provider=OTHER_PROVIDER, product=product)
        (trajectory,) = line(*old, new, on=on)["trajectories"]
        return trajectory["provider_switches"], trajectory["care_form_switches"]

    assert switches("2024-03-01", on="2024-03-14") == (0, 0)
    assert switches("2024-03-01", on="2024-03-15") == (1, 0)
    assert switches("2024-02-29", on="2024-03-15") == (0, 0)
    assert switches("2024-04-15", on="2024-04-15", product="43A03") == (1, 1)
    assert switches("2024-04-16", on="2024-04-16") == (0, 0)


def test_a_run_is_replaced_once() -> None:
    """§4: two new provisions after one old make one switch; the tie goes by first day, form and provider."""
    ledger = [
        *care("2024-01-08", "2024-03-31"),
        started(indication="0153-2", first_day="2024-04-01", provider=OTHER_PROVIDER),
        started(indication="0153-3", first_day="2024-04-01", product="43A03"),
    ]

    (trajectory,) = line(*ledger, on="2024-05-01")["trajectories"]

    assert (trajectory["provider_switches"], trajectory["care_form_switches"]) == (1, 0)


def test_residential_days_are_counted_by_quarter_up_to_the_day_asked() -> None:
    """§4 and design.md §5: crisis residence counts, quarters without a day are left out."""
    facts = line(*care("2024-03-22", "2024-04-30", product="46A02"), on="2024-04-05")

    assert facts["residential_days"] == {"2024Q1": 10, "2024Q2": 5}
    assert facts["residential_periods"] == facts["care_periods"]


def test_transport_is_not_care() -> None:
    """§3.4: not counted as youth help, nor as waiting; design §5 lists "every provision with care"."""
    ledger = [started(product="42A03"), granted(indication="0153-2", product={"category": "42"})]

    facts = line(*ledger, on="2024-02-01")

    assert facts["provisions_today"] == []
    assert (facts["in_care"], facts["care_periods"], facts["waiting"]) == (False, [], [])


def test_exit_kinds_are_tried_in_order() -> None:
    """§4: died before moved before other domain before ended."""

    def kind(reason: str, change_reason: str | None = None) -> str:
        grant = granted(change_reason=change_reason)
        facts = line(grant, *care("2024-01-08", "2024-03-31", reason), on="2024-04-30")
        return str(facts["care_periods"][0]["exit"]["kind"])

    assert [kind("02", "07"), kind("39", "07"), kind("39"), kind("37")] == [
        "died",
        "moved",
        "other-domain",
        "ended",
    ]


def test_a_later_start_bridges_a_paper_gap_but_is_no_return_before_its_day() -> None:
    """§4: on day D only periods that began exist; a later start does bridge. 31 days may lie between."""
    late = started(indication="0153-2", first_day="2024-05-02")
    paper, real = care("2024-01-08", "2024-03-31", "36"), care("2024-01-08", "2024-03-31")

    assert line(*paper, late, on="2024-04-15")["care_periods"] == [
        {"first_day": "2024-01-08", "last_day": None, "assumed_end": False, "opening": "inflow", "exit": None}
    ]
    assert exits(line(*paper, started(indication="0153-2", first_day="2024-05-03"), on="2024-05-03")) == [
        "returned",
        None,
    ]
    assert exits(line(*real, late, on="2024-05-01")) == ["pending"]
    assert exits(line(*real, late, on="2024-05-02")) == ["returned", None]


def test_what_is_known_goes_by_the_civil_day_in_amsterdam() -> None:
    """§3: 22:30 UTC on 31 July is 1 August in Amsterdam."""
    start = started(received="2024-07-31T22:30:00Z")
    early = registered(received="2024-01-01T10:00:00Z")

    assert line(early, start, on="2024-08-01", known="2024-07-31")["version"] == [1, 1]
    assert line(early, start, on="2024-08-01", known="2024-08-01")["version"] == [1, 2]


def test_merged_youths_share_one_ledger_and_a_circle_ends_at_the_smallest() -> None:
    """§2: two youths are one; the merged-away youth has no line."""
    smallest = min(YOUTH, OTHER_YOUTH)
    ledger = [started(youth=YOUTH), ended(youth=OTHER_YOUTH), merged(youth=YOUTH, into=OTHER_YOUTH)]

    joined = line(*ledger, on="2024-09-01")
    circle = line(*ledger, merged(youth=OTHER_YOUTH, into=YOUTH), on="2024-09-01")

    assert (joined["youth"], joined["version"]) == (OTHER_YOUTH, [1, 3])
    assert joined["care_periods"][0]["last_day"] == "2024-06-30"
    assert (circle["youth"], circle["version"]) == (smallest, [1, 4])


def test_forgetting_the_survivor_forgets_the_whole_person() -> None:
    """§8: a forgotten merged-away youth drops only its own statements; a forgotten survivor drops all."""
    ledger = [started(youth=YOUTH), registered(youth=OTHER_YOUTH), merged(youth=YOUTH, into=OTHER_YOUTH)]

    assert lines(*ledger, forgotten(youth=OTHER_YOUTH), on="2024-02-01") == []
    assert line(*ledger, forgotten(youth=YOUTH), on="2024-02-01")["version"] == [1, 4]


@settings(deadline=None)
@given(data=st.data(), told=ledgers())
def test_order_and_repetition_do_not_matter(data: st.DataObject, told: list[Statement]) -> None:
    """§2: a ledger is a set; order of arrival and repetition cannot matter."""
    asked = data.draw(questions(told))

    def answer(statements: list[Statement]) -> list[dict[str, Any]]:
        what = {"coverage_start": asked.coverage_start, "known_on": asked.known_on}
        return oracle.facts(statements, asked.on, **what, care_forms=CARE_FORMS)

    assert answer(data.draw(shuffled(told))) == answer(told)
