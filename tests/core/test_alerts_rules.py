"""The alert rules as stories: each with the day before, the day itself and the day after."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest
import yaml

from services.alerts.finding import Level, Rule
from services.alerts.norms import Norm, Norms, norms_from, norms_of, setting_of
from services.alerts.processor import replayed
from services.alerts.rules import SPECS
from services.trajectory.facts import Rules, derive
from tests import builders
from tests.builders import Statement, ended, granted, registered, requested, started
from youthcare.codes import care_forms_from
from youthcare.runtime.settings import shipped
from youthcare.wire import statement_from_wire
from youthcare.youthfacts import YouthFacts

RULES = Rules(care_forms=care_forms_from(yaml.safe_load(shipped("care-forms.yml").read_text())))
CONTENT: dict[str, Any] = yaml.safe_load(shipped("rules.yml").read_text())
SHIPPED = norms_of(CONTENT, "0153")
LONG_AGO = date(2015, 1, 1)


def facts_of(*told: Statement) -> YouthFacts:
    """The facts of the youth."""
    rows = [statement_from_wire(event) for event in told]
    return derive(
        rows, municipality=builders.MUNICIPALITY, youth=builders.YOUTH, rules=RULES, known_day=date(2026, 1, 1)
    )


def alerts(
    told: Sequence[Statement], rule: str, on: str, norms: Norms = SHIPPED, start_day: str | None = None
) -> list[tuple[str, str, str, str | None, str]]:
    """Of the findings of a rule: level, anchor, first day, last day and state on a day."""
    lines = replayed(
        [facts_of(*told)], norms, date.fromisoformat(start_day) if start_day else None, date.fromisoformat(on)
    )
    names = ("level", "anchor", "opens_on", "closes_on", "state")
    return [tuple(line[name] for name in names) for line in lines if line["rule"] == rule]


def days(count: int, valid_from: date = LONG_AGO, **more: Any) -> Norm:
    """A norm on the duration of a trajectory."""
    return Norm(rule="trajectory-overlong", threshold=count, valid_from=valid_from, **more)


def overlong(told: Sequence[Statement], on: str, *rows: Norm, start_day: str | None = None) -> Any:
    """The findings on duration under these norms."""
    return alerts(told, "trajectory-overlong", on, Norms(rows=rows), start_day)


RUNNING = [started(first_day="2024-01-01")]


@pytest.mark.parametrize(
    ("on", "warning", "norm"),
    [
        ("2024-03-19", "scheduled", "scheduled"),
        ("2024-03-20", "open", "scheduled"),
        ("2024-04-08", "open", "scheduled"),
        ("2024-04-09", "expired", "open"),
        ("2034-01-01", "expired", "open"),
    ],
)
def test_the_norm_is_reached_on_its_hundredth_day_and_the_warning_on_its_eightieth(
    on: str, warning: str, norm: str
) -> None:
    """1 January is day 1: day 80 is 20 March 2024, day 100 is 9 April; the warning holds until the day before."""
    assert overlong(RUNNING, on, days(100)) == [
        ("norm", "0153-1", "2024-04-09", None, norm),
        ("warning", "0153-1", "2024-03-20", "2024-04-08", warning),
    ]


def test_eighty_percent_of_a_norm_is_rounded_up() -> None:
    """80 % of 101 days is 80.8 days: reached on day 81, never early."""
    assert overlong(RUNNING, "2024-03-21", days(101))[1][2:] == ("2024-03-21", "2024-04-09", "open")


def test_a_trajectory_that_ends_the_day_before_its_norm_never_reaches_it() -> None:
    """99 days of 100: only the warning, until the trajectory ends."""
    told = [*RUNNING, ended(first_day="2024-01-01", last_day="2024-04-08")]

    assert overlong(told, "2024-04-08", days(100)) == [
        ("warning", "0153-1", "2024-03-20", "2024-04-08", "open"),
    ]


def test_a_trajectory_that_ends_on_its_norm_day_reaches_it_for_that_day() -> None:
    """The last day counts; the day after, the condition has ended by itself."""
    told = [*RUNNING, ended(first_day="2024-01-01", last_day="2024-04-09")]

    assert overlong(told, "2024-04-09", days(100))[0] == ("norm", "0153-1", "2024-04-09", "2024-04-09", "open")
    assert overlong(told, "2024-04-10", days(100))[0][-1] == "expired"


def test_a_gap_on_the_norm_day_puts_it_off_to_the_return() -> None:
    """Gaps count for the duration, but it is told on a day on which care runs."""
    told = [
        *RUNNING,
        ended(first_day="2024-01-01", last_day="2024-04-08"),
        started(indication="0153-2", first_day="2024-06-01"),
    ]

    assert overlong(told, "2024-06-01", days(100)) == [
        ("norm", "0153-1", "2024-06-01", None, "open"),
        ("warning", "0153-1", "2024-03-20", "2024-05-31", "expired"),
    ]


def test_a_warning_that_would_open_with_the_norm_does_not_open_at_all() -> None:
    """Day 80 and day 100 lie in one gap: the return reaches the norm, and no warning comes with it."""
    told = [
        *RUNNING,
        ended(first_day="2024-01-01", last_day="2024-02-01"),
        started(indication="0153-2", first_day="2024-06-01"),
    ]

    assert overlong(told, "2024-06-01", days(100)) == [("norm", "0153-1", "2024-06-01", None, "open")]


def test_a_return_after_the_norm_keeps_the_finding_of_the_trajectory() -> None:
    """The trajectory goes on, so the finding does; it opened when the norm was reached."""
    told = [
        *RUNNING,
        ended(first_day="2024-01-01", last_day="2024-04-30"),
        started(indication="0153-2", first_day="2024-06-01"),
    ]

    assert overlong(told, "2024-07-01", days(100))[0] == ("norm", "0153-1", "2024-04-09", None, "open")


def test_two_trajectories_of_one_indication_are_two_findings() -> None:
    """More than six months apart: the same anchor twice, each with its own days."""
    told = [
        *RUNNING,
        ended(first_day="2024-01-01", last_day="2024-04-30"),
        started(first_day="2025-01-01"),
    ]

    assert [row for row in overlong(told, "2025-04-10", days(100)) if row[0] == "norm"] == [
        ("norm", "0153-1", "2024-04-09", "2024-04-30", "expired"),
        ("norm", "0153-1", "2025-04-10", None, "open"),
    ]


def test_a_norm_that_is_lowered_opens_no_flood() -> None:
    """What a lower norm would have found before it came is historical; what reaches it later opens."""
    lowered = [days(200), days(100, date(2024, 5, 1))]
    later = [started(first_day="2024-03-01")]

    assert overlong(RUNNING, "2024-07-18", *lowered)[0] == ("norm", "0153-1", "2024-04-09", None, "historical")
    assert overlong(later, "2024-06-08", *lowered)[0] == ("norm", "0153-1", "2024-06-08", None, "open")


def test_a_norm_that_is_raised_leaves_open_what_the_former_opened() -> None:
    """A finding opens under the norm then in force, and stays."""
    raised = [days(100), days(200, date(2024, 5, 1))]
    later = [started(first_day="2024-03-01")]

    assert overlong(RUNNING, "2024-06-01", *raised)[0] == ("norm", "0153-1", "2024-04-09", None, "open")
    assert overlong(later, "2024-09-16", *raised)[0] == ("norm", "0153-1", "2024-09-16", None, "open")


def test_the_first_norm_finds_what_was_before_it_as_historical() -> None:
    """Over or due before the norm's first day: visible, never opened."""
    assert overlong(RUNNING, "2024-05-01", days(100, date(2024, 4, 10)))[0][-1] == "historical"
    assert overlong(RUNNING, "2024-05-01", days(100, date(2024, 4, 9)))[0][-1] == "open"


def test_the_alert_start_day_makes_what_was_due_before_it_historical() -> None:
    """Due on the start day itself opens; due the day before does not."""
    assert overlong(RUNNING, "2024-05-01", days(100), start_day="2024-04-09")[0][-1] == "open"
    assert overlong(RUNNING, "2024-05-01", days(100), start_day="2024-04-10")[0][-1] == "historical"


def test_a_team_with_a_norm_of_its_own_has_it_from_the_day_the_youth_comes() -> None:
    """A youth that moves to a stricter team opens there on the day it moves."""
    told = [registered(valid_from="2024-01-01", team="noord"), *RUNNING]
    moved = [*told, registered(valid_from="2024-05-01", team="centrum")]
    rows = [days(400), days(100, team="centrum")]

    assert overlong(told, "2024-06-01", *rows)[0][2] == "2025-02-03"
    assert overlong(moved, "2024-06-01", *rows)[0] == ("norm", "0153-1", "2024-05-01", None, "open")


def test_a_care_form_with_a_norm_of_its_own_has_it_while_it_runs() -> None:
    """Foster care may last longer; of several forms that run, the mildest norm counts."""
    told = [*RUNNING, started(indication="0153-2", product="43A03", first_day="2024-01-01")]
    rows = [days(100), days(200, care_form="foster-care"), days(150, care_form="ambulatory")]

    assert overlong(told, "2024-06-01", *rows)[0][2] == "2024-07-18"
    assert overlong(RUNNING, "2024-06-01", *rows)[0][2] == "2024-05-29"


@pytest.mark.parametrize("order", [1, -1])
def test_before_any_norm_is_valid_the_mildest_of_the_first_ones_counts(order: int) -> None:
    """In whatever order the rows come; what the first norm finds before its day is historical."""
    told = [*RUNNING, started(indication="0153-2", product="43A03", first_day="2024-01-01")]
    since = date(2025, 1, 1)
    rows = [days(150, since, care_form="ambulatory"), days(200, since, care_form="foster-care")][::order]

    assert overlong(told, "2024-06-01", *rows)[0] == ("norm", "0153-1", "2024-07-18", None, "historical")


def test_a_municipality_s_own_norm_wins_over_the_shipped_one_from_its_first_day() -> None:
    """Rows are read per municipality; the newest known row of the same day counts."""
    row = {"rule": "trajectory-overlong", "valid_from": LONG_AGO, "known_day": LONG_AGO}
    rows = [
        {**row, "municipality": "default", "days": 730},
        {**row, "municipality": "0153", "days": 100},
        {**row, "municipality": "0153", "days": 50, "known_day": date(2024, 1, 1)},
        {**row, "municipality": "0153", "days": 40, "known_day": date(2025, 1, 1)},
        {**row, "municipality": "1740", "days": 10},
    ]

    def first_day(municipality: str, known_on: date | None = None) -> str:
        return str(alerts(RUNNING, "trajectory-overlong", "2024-06-01", norms_from(rows, municipality, known_on))[0][2])

    assert first_day("0153") == "2024-02-09"
    assert first_day("0153", date(2024, 6, 1)) == "2024-02-19"
    assert first_day("0153", date(2023, 6, 1)) == "2024-04-09"
    assert first_day("1700") == "2025-12-30"


def test_a_warning_may_have_a_norm_of_its_own() -> None:
    """A row with level `warning` replaces the 80 %."""
    rows = [days(100), days(31, level="warning")]

    assert overlong(RUNNING, "2024-02-01", *rows)[1][2] == "2024-01-31"


def test_a_municipality_decides_about_signals_and_their_start_day() -> None:
    """What it does not say stays as shipped."""
    content = {"municipalities": {"default": {"signals": True}, "0153": {"alert_start_day": date(2025, 1, 1)}}}

    assert setting_of(content, "0153").alert_start_day == date(2025, 1, 1)
    assert setting_of(content, "0153").signals
    assert setting_of(CONTENT, "0153").alert_start_day is None


STACKED = [
    started(indication="0153-1", first_day="2024-01-01", product="45A04"),
    started(indication="0153-2", first_day="2024-02-01", product="51A04"),
]


def test_three_provisions_on_one_day_reach_the_threshold() -> None:
    """Opens on the day the third begins, anchored at it, and closes on the last day of three."""
    third = [
        started(indication="0153-3", first_day="2024-03-01", product="50A00"),
        ended(indication="0153-3", first_day="2024-03-01", last_day="2024-03-31"),
    ]

    assert alerts(STACKED, "stacking-level", "2024-03-31") == []
    assert alerts([*STACKED, *third], "stacking-level", "2024-03-31") == [
        ("signal", "0153-3", "2024-03-01", "2024-03-31", "open")
    ]


def test_a_renewal_does_not_stack_and_does_not_interrupt() -> None:
    """The same provision under a new number from the next day: one run of days, one finding."""
    told = [
        *STACKED,
        started(indication="0153-3", first_day="2024-03-01", product="50A00"),
        ended(indication="0153-3", first_day="2024-03-01", last_day="2024-03-31"),
        started(indication="0153-4", first_day="2024-04-01", product="50A00"),
    ]

    assert alerts(told, "stacking-level", "2024-05-01") == [("signal", "0153-3", "2024-03-01", None, "open")]


def test_a_day_without_the_third_makes_two_findings() -> None:
    """A run is maximal: one day of two provisions between ends the first and begins the second."""
    told = [
        *STACKED,
        started(indication="0153-3", first_day="2024-03-01", product="50A00"),
        ended(indication="0153-3", first_day="2024-03-01", last_day="2024-03-31"),
        started(indication="0153-3", first_day="2024-04-02", product="50A00"),
    ]

    assert alerts(told, "stacking-level", "2024-05-01") == [
        ("signal", "0153-3", "2024-03-01", "2024-03-31", "expired"),
        ("signal", "0153-3", "2024-04-02", None, "open"),
    ]


def test_stacking_that_a_lower_threshold_finds_halfway_is_historical() -> None:
    """Two provisions since February; the threshold becomes two in March: due before the norm."""
    rows = Norms(
        rows=(
            Norm(rule="stacking-level", threshold=3, valid_from=LONG_AGO),
            Norm(rule="stacking-level", threshold=2, valid_from=date(2024, 3, 1)),
        )
    )
    third = started(indication="0153-3", first_day="2024-02-15", product="50A00")

    assert alerts(STACKED, "stacking-level", "2024-04-01", rows) == [
        ("signal", "0153-2", "2024-02-01", None, "historical")
    ]
    assert alerts([*STACKED, third], "stacking-level", "2024-04-01", rows) == [
        ("signal", "0153-3", "2024-02-15", None, "open")
    ]


def test_care_that_stops_hiding_others_is_anchored_at_what_runs() -> None:
    """Residence hides two other forms at its provider; when it ends nothing begins: the smallest id that day."""
    told = [
        started(indication="0153-4", first_day="2024-01-01", product="51A04"),
        started(indication="0153-5", first_day="2024-01-01", product="45A04"),
        started(indication="0153-3", first_day="2024-01-01", product="43A02"),
        ended(indication="0153-3", first_day="2024-01-01", last_day="2024-02-29"),
    ]
    two = Norms(rows=(Norm(rule="stacking-level", threshold=2, valid_from=LONG_AGO),))

    assert alerts(told, "stacking-level", "2024-04-01", two) == [("signal", "0153-4", "2024-03-01", None, "open")]


def test_a_return_opens_on_its_first_day_and_closes_with_its_care_period() -> None:
    """Ended on 30 June, until 30 December: a start on that day returns, a day later it is an inflow."""
    before = [started(), ended(last_day="2024-06-30")]
    inside = [
        started(indication="0153-2", first_day="2024-12-30"),
        ended(indication="0153-2", first_day="2024-12-30", last_day="2025-01-31"),
    ]
    outside = [started(indication="0153-2", first_day="2024-12-31")]

    assert alerts([*before, *inside], "returned", "2025-01-31") == [
        ("signal", "0153-2", "2024-12-30", "2025-01-31", "open")
    ]
    assert alerts([*before, *inside], "returned", "2025-02-01")[0][-1] == "expired"
    assert alerts([*before, *outside], "returned", "2025-02-01") == []


def asked(time: str, *kinds: str) -> Statement:
    """A request for these kinds of product, dated so; it reached us long after."""
    products = [{"kind": kind, "product": {"category": "45"}} for kind in kinds or ("new",)]
    return requested(time=time, received="2024-12-20T10:00:00Z", products=products)


def test_a_request_counts_when_care_runs_on_the_civil_day_it_was_dated() -> None:
    """Care ends on 30 June; a request of 30 June 23:59 in Amsterdam counts, one of 1 July 00:01 does not."""
    care = [started(), ended(last_day="2024-06-30")]

    assert alerts([*care, asked("2024-06-30T21:59:00Z")], "stacking-request", "2024-07-01") == [
        ("signal", "42420001-R1", "2024-06-30", None, "open")
    ]
    assert alerts([*care, asked("2024-06-30T22:01:00Z")], "stacking-request", "2024-07-01") == []


def test_care_that_does_not_count_is_not_stacked_upon() -> None:
    """Transport alone is no youth help."""
    told = [started(product="42A03"), asked("2024-03-01T10:00:00Z")]

    assert alerts(told, "stacking-request", "2024-03-01") == []


def test_a_change_request_counts_only_when_it_adds_a_product() -> None:
    """Keeping and changing what runs is no stacking; adding is, also when nothing has started yet."""
    at = "2024-03-01T10:00:00Z"

    assert alerts([started(), asked(at, "keep", "change")], "stacking-request", "2024-03-01") == []
    assert len(alerts([started(), asked(at, "change", "new")], "stacking-request", "2024-03-01")) == 1
    assert len(alerts([asked(at, "keep", "new")], "stacking-request", "2024-03-01")) == 1


def test_a_request_is_over_when_it_is_rejected_or_first_granted() -> None:
    """Under investigation decides nothing; a rejection or the first grant with the reference does."""
    told = [started(), asked("2024-03-01T10:00:00Z")]
    looked_at = builders.answered(answer="under-investigation", reason=None, time="2024-03-05T10:00:00Z")
    rejected = builders.answered(time="2024-03-08T10:00:00Z")
    grants = [
        granted(indication="0153-2", request="42420001-R1", granted_at=f"2024-03-{day}T10:00:00")
        for day in ("12", "07")
    ]

    def closes(*more: Statement) -> str | None:
        return alerts([*told, *more], "stacking-request", "2024-03-20")[0][3]

    assert closes(looked_at) is None
    assert closes(looked_at, rejected) == "2024-03-08"
    assert closes(*grants) == "2024-03-07"
    assert closes(rejected, *grants) == "2024-03-07"


def test_a_request_that_was_decided_before_it_was_dated_signals_nothing() -> None:
    """Dates that contradict each other leave nothing to act on."""
    told = [started(), builders.answered(time="2024-03-08T10:00:00Z")]

    assert alerts([*told, asked("2024-03-09T10:00:00Z")], "stacking-request", "2024-03-20") == []
    assert alerts([*told, asked("2024-03-08T10:00:00Z")], "stacking-request", "2024-03-08") == [
        ("signal", "42420001-R1", "2024-03-08", "2024-03-08", "open")
    ]


def test_every_rule_is_shipped_with_placeholders_but_for_what_a_municipality_must_turn_on() -> None:
    """A percentile is made and never assumed; care granted by a team has no request. Each row says who and why."""
    rows = [line for line in shipped("rules.yml").read_text().splitlines() if "known_day: " in line]

    assert {row.rule for row in SHIPPED.rows} == set(Rule) - {Rule.OUTLIER}
    assert Level.WITHOUT_REQUEST not in {row.level for row in SHIPPED.rows}
    assert all(row["author"] and row["reason"] for row in CONTENT["norms"])
    assert len(rows) == len(CONTENT["norms"])
    assert all(line.endswith("# placeholder") for line in rows)


def test_every_rule_has_one_finder_and_somebody_to_tell() -> None:
    """Team, supervisor or both, as domain.md §7 says; and where its question comes from."""
    to_both = {"trajectory-overlong", "indication-overlong", "duplicate-provision", "residential-moves"}
    to_supervisor = {"serial-renewal", "outlier", "feed-silent"}

    assert set(SPECS) == set(Rule)
    assert {rule.value for rule, spec in SPECS.items() if spec.to_supervisor} == to_both | to_supervisor
    assert {rule.value for rule, spec in SPECS.items() if not spec.to_team} == to_supervisor
    assert all(spec.source for spec in SPECS.values())


def test_a_rule_without_a_norm_is_off() -> None:
    """A municipality that has no row for a rule gets no finding of it."""
    told = [*STACKED, started(indication="0153-3", product="50A00"), asked("2024-03-01T10:00:00Z")]

    assert replayed([facts_of(*told)], Norms(), None, date(2024, 3, 1)) == []


def test_a_youth_that_is_gone_has_no_findings() -> None:
    """Merged away or forgotten: nothing is told of the identifier any more."""
    told = [started(first_day="2020-01-01"), builders.forgotten()]

    assert replayed([facts_of(*told)], SHIPPED, None, date(2024, 3, 1)) == []


def test_the_team_is_that_of_the_day_it_opens_else_unknown() -> None:
    """The team on the opening day, as registered."""
    told = [*RUNNING, registered(valid_from="2024-04-01", team="noord")]
    lines = replayed([facts_of(*told)], Norms(rows=(days(100),)), None, date(2024, 6, 1))

    assert [(line["level"], line["team"]) for line in lines] == [("norm", "noord"), ("warning", "unknown")]


def test_a_finding_rests_on_the_statements_of_what_it_is_about() -> None:
    """Later statements about other care are not its evidence."""
    told = [
        started(first_day="2024-01-01", id="one"),
        started(indication="0153-2", first_day="2024-02-01", id="two"),
        started(indication="0153-3", first_day="2024-09-01", id="three"),
        requested(time="2024-02-15T10:00:00Z", id="request"),
    ]

    lines = replayed(
        [facts_of(*told)],
        Norms(rows=(days(100), Norm(rule="stacking-request", valid_from=LONG_AGO))),
        None,
        date(2024, 6, 1),
    )

    assert {line["rule"]: line["evidence"] for line in lines} == {
        "trajectory-overlong": ["one", "two"],
        "stacking-request": ["one", "request", "two"],
    }
