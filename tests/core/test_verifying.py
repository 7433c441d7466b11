"""What `verify` decides: fingerprints that add up, nights that come once, differences, and what is told of them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.alerts.finding import Identity, Level, Rule
from services.alerts.lifecycle import Alert, State
from services.alerts.norms import Norms, SignalSetting
from services.alerts.store.rules import MunicipalityRules
from services.indicators.processor import YouthLayers, apply_facts
from services.trajectory.app import shipped_rules
from services.trajectory.facts import Rules
from services.trajectory.processor import layers
from tests import builders
from tests.builders import OTHER_YOUTH, YOUTH
from youthcare.cli_verify.comparing import (
    alerts_differing,
    differing,
    differing_when_wiped,
    is_erased,
    is_wiped,
    unsaid,
)
from youthcare.cli_verify.course import Suspicion
from youthcare.cli_verify.expecting import Expected, ExpectedAlert, Ground, expected_group, read_group
from youthcare.cli_verify.looking import Suspect
from youthcare.cli_verify.running import tell
from youthcare.cli_verify.tables import Live
from youthcare.runtime import metrics
from youthcare.verifying.fingerprint import Cell, Fingerprinter, plus
from youthcare.verifying.report import (
    Difference,
    ExitCode,
    Kind,
    Report,
    Verdict,
    What,
    as_json,
    counts,
    joined,
    lines,
    told_with,
    unknown,
)
from youthcare.verifying.schedule import next_run, time_of_day

DAY = date(2024, 3, 5)
TODAY = date(2024, 12, 31)
Row = tuple[Cell, tuple[int, int, int]]

amounts = st.tuples(*[st.integers(-3, 3)] * 3)
cells: st.SearchStrategy[Cell] = st.tuples(
    st.just("0153"), st.sampled_from("ab"), st.sampled_from("cd"), st.dates(DAY, date(2024, 3, 7)), st.just(DAY)
)
rows = st.lists(st.tuples(cells, amounts), max_size=12)


def sums(told: Sequence[Row]) -> Mapping[Cell, tuple[int, ...]]:
    """The amounts by cell, without those that are nothing."""
    totals: dict[Cell, tuple[int, ...]] = {}
    for cell, amount in told:
        totals[cell] = tuple(map(int.__add__, totals.get(cell, (0, 0, 0)), amount))
    return {cell: total for cell, total in totals.items() if any(total)}


@given(one=rows, other=rows)
def test_fingerprints_are_equal_exactly_when_every_cell_is(one: list[Row], other: list[Row]) -> None:
    """Whatever the order and the split of the amounts."""
    prints = Fingerprinter(b"salt")

    assert (prints.of(one) == prints.of(other)) == (sums(one) == sums(other))


@given(one=rows, other=rows)
def test_the_fingerprint_of_a_sum_is_the_sum_of_fingerprints(one: list[Row], other: list[Row]) -> None:
    """Each youth is taken by itself, and another process gives the same number."""
    assert plus(Fingerprinter(b"salt").of(one), Fingerprinter(b"salt").of(other)) == Fingerprinter(b"salt").of(
        [*one, *other]
    )


def test_another_salt_gives_another_number() -> None:
    """Nobody can prepare two tables that look alike."""
    row: Row = (("0153", "a", "c", DAY, DAY), (1, 0, 0))

    assert Fingerprinter(b"one").of([row]) != Fingerprinter(b"two").of([row])


@pytest.mark.parametrize(
    ("now", "then"),
    [
        ("2024-01-10T01:00:00Z", "2024-01-10T02:30:00Z"),
        ("2024-01-10T02:30:00Z", "2024-01-11T02:30:00Z"),
        ("2024-07-10T01:00:00Z", "2024-07-10T01:30:00Z"),
        ("2024-03-30T12:00:00Z", "2024-03-31T01:30:00Z"),
    ],
)
def test_the_night_comes_at_dutch_time(now: str, then: str) -> None:
    """Half past three, winter and summer; what began at that moment does not begin again."""
    assert next_run(datetime.fromisoformat(now), time_of_day("03:30")) == datetime.fromisoformat(then)


def test_a_time_that_is_none_is_refused() -> None:
    """`HH:MM` and nothing else."""
    assert time_of_day("23:59") == time(23, 59)
    with pytest.raises(ValueError, match="24:00"):
        time_of_day("24:00")


def report(*differences: Difference, **more: int) -> Report:
    """A report with differences."""
    return Report(differences=differences, **more)  # type: ignore[arg-type]


ONE = Difference(municipality="0153", what=What.KEPT, count=1, youths=(YOUTH,))


def test_a_report_is_equal_only_when_all_was_compared() -> None:
    """Different goes before unknown, and unknown before equal."""
    assert report().verdict is Verdict.EQUAL
    assert report(unjudged=1).verdict is Verdict.UNKNOWN
    assert report(ONE, unjudged=1).verdict is Verdict.DIFFERENT
    assert [each.exit_code for each in (report(), report(ONE), unknown("away"))] == [
        ExitCode.EQUAL,
        ExitCode.DIFFERENT,
        ExitCode.UNKNOWN,
    ]


def test_a_report_names_no_youth() -> None:
    """But by a digest that needs the salt; the counts stay."""
    told = told_with(report(ONE), b"salt")
    text = "\n".join(lines(told)) + orjson.dumps(as_json(told)).decode()

    assert YOUTH not in text
    assert "0153 facts: 1 youths whose kept facts are not those of the log" in text
    assert told_with(report(ONE), b"other").differences != told.differences


def test_differences_of_one_kind_are_added_up() -> None:
    """One line per municipality and what."""
    other = replace(ONE, youths=(OTHER_YOUTH,), count=2)

    assert joined([ONE, replace(ONE, municipality="0164"), other]) == (
        replace(ONE, youths=(YOUTH, OTHER_YOUTH), count=3),
        replace(ONE, municipality="0164"),
    )
    assert counts(report(ONE, other)) == {Kind.FACTS: 3, Kind.STEPS: 0, Kind.ALERTS: 0}


def test_a_night_on_which_nothing_could_be_said_leaves_the_gauges() -> None:
    """They keep what the last night said, so that silence shows as an old date."""
    told = tell(report(ONE))
    unsaid_night = tell(unknown("trajectory is 7 records behind"))

    assert (told, unsaid_night) == (True, False)
    assert metrics.VERIFY_DIFFERENCES.labels("facts")._value.get() == 1
    assert metrics.VERIFY_LAST_RUN._value.get() > 0


def ground(rules: Rules) -> Ground:
    """Shipped rules, no norms, no coverage."""
    nothing = MunicipalityRules(norms=Norms(), setting=SignalSetting())
    return Ground(rules=rules, coverage={}, decreed={}, alert_rules={"0153": nothing}, salt=b"salt", today=TODAY)


HISTORY = [
    builders.registered(team="noord", received="2024-01-02T10:00:00Z"),
    builders.started(received="2024-01-09T10:00:00Z"),
    builders.started(indication="0153-2", first_day="2024-02-01", received="2024-02-05T10:00:00Z"),
    builders.ended(received="2024-07-05T10:00:00Z"),
]


def expected(*told: builders.Statement) -> dict[str, Expected]:
    """What must be held of each youth that these tell of, its steps included."""
    group = expected_group(
        [orjson.dumps(row) for row in told], ground(shipped_rules()), Fingerprinter(b"salt"), with_steps=True
    )
    assert group is not None
    return {each.youth[1]: each for each in group.youths}


def test_layers_are_those_that_the_indicators_keep() -> None:
    """Layer by layer what `apply_facts` leaves when it is told all facts in order."""
    held = YouthLayers()
    for facts in layers(read_group([orjson.dumps(row) for row in HISTORY]), shipped_rules()):
        held = apply_facts(held, facts)

    must = expected(*HISTORY)[YOUTH]

    assert must.mark == held.applied
    assert must.steps == held.layers
    assert len(must.layers) == 4 - 1, "a registration alone changes no figure"


def test_of_a_statement_that_stands_twice_the_earliest_reception_counts() -> None:
    """In any order, and a record that is no statement is left out."""
    once = builders.started(id="same", received="2024-01-09T10:00:00Z")
    later = {**once, "received": "2024-03-01T10:00:00Z"}

    found = read_group([orjson.dumps(later), orjson.dumps(once), b"{}", b"no json"])

    assert [row.received.isoformat() for row in found] == ["2024-01-09T10:00:00+00:00"]


def test_those_who_were_merged_are_worked_out_together() -> None:
    """The head has the other's care, and the one merged away is gone: also to the tables."""
    must = expected(*HISTORY, builders.merged(received="2024-08-01T10:00:00Z"))

    assert set(must) == {YOUTH, OTHER_YOUTH}
    assert must[YOUTH].head == must[OTHER_YOUTH].head == OTHER_YOUTH
    assert must[OTHER_YOUTH].layers


def live_as(must: Expected) -> Live:
    """Tables that hold what they must."""
    return Live(
        head=must.head,
        facts=must.facts,
        statements=set(must.statements),
        mark=must.mark,
        layers=dict(must.layers),
    )


def test_tables_as_they_must_be_do_not_differ() -> None:
    """And each part that is otherwise is told by what it is."""
    must = expected(*HISTORY)[YOUTH]

    assert not differing(must, live_as(must), must.facts)
    assert differing(must, Live(), None) == {What.LEDGER: 1, What.KEPT: 1, What.LAYERS: 1}
    assert differing(must, live_as(must), b"stale") == {What.TOPIC: 1}
    assert unsaid(live_as(must), gone=False) == {What.UNSAID: 1, What.UNSAID_STEPS: 1}
    assert not unsaid(live_as(must), gone=True)


def test_after_an_erasure_the_log_may_hold_less() -> None:
    """Only when someone was forgotten, and only less."""
    left = expected(builders.forgotten(received="2024-09-01T10:00:00Z"))[YOUTH]
    more = live_as(left)
    more.statements.add(b"a statement that was wiped")

    assert is_erased(left, more)
    assert not is_erased(left, live_as(left))
    assert not is_erased(expected(*HISTORY)[YOUTH], more)


def test_who_is_forgotten_may_be_gone_from_the_tables_before_the_wish_is_from_the_log() -> None:
    """Only who was asked for, only when nothing is left of it, and not one fact, step or alert more."""
    wish = builders.forgotten(received="2024-09-01T10:00:00Z")
    gone = expected(wish)[YOUTH]
    merged = expected(builders.merged(into=OTHER_YOUTH), wish)
    steps_left = Live(layers={DAY: b"steps"})

    assert is_wiped(gone, Live())
    assert not is_wiped(expected(*HISTORY)[YOUTH], Live())
    assert not is_wiped(merged[OTHER_YOUTH], Live())
    assert not is_wiped(gone, live_as(gone))
    assert not differing_when_wiped(Live(), None)
    assert differing_when_wiped(steps_left, b"facts") == {What.UNSAID_STEPS: 1, What.TOPIC: 1}
    assert differing_when_wiped(Live(alerts=[held_alert()]), None)[What.GROUNDLESS] == 1


def wanted_alert(*states: State) -> ExpectedAlert:
    """An alert that the log gives."""
    return ExpectedAlert(
        identity=Identity(rule=Rule.RETURNED, level=Level.SIGNAL, anchor="0153-1"),
        team="noord",
        opens_on=DAY,
        closes_on=None,
        evidence=("a",),
        states=frozenset(states or {State.OPEN}),
    )


def held_alert(state: State = State.OPEN, opens_on: date = DAY) -> Alert:
    """The same as the tables hold it."""
    alert = wanted_alert()
    return Alert(
        number=1,
        identity=alert.identity,
        team=alert.team,
        opens_on=opens_on,
        closes_on=None,
        valid_from=DAY,
        evidence=alert.evidence,
        terms={},
        state=state,
    )


@pytest.mark.parametrize(
    ("live", "found"),
    [
        ([held_alert()], {}),
        ([], {What.MISSING: 1}),
        ([held_alert(State.WITHDRAWN)], {What.MISSING: 1}),
        ([held_alert(opens_on=TODAY)], {What.MOVED: 1}),
        ([held_alert(State.SCHEDULED)], {What.STATE: 1}),
        ([held_alert(State.ACKNOWLEDGED)], {}),
        ([held_alert(State.CLOSED)], {}),
    ],
)
def test_an_alert_differs_by_dates_or_by_a_state_that_is_not_due(live: list[Alert], found: dict[What, int]) -> None:
    """What people did to it is no difference."""
    assert alerts_differing([wanted_alert()], live) == found


def test_an_alert_without_ground_differs_unless_it_was_put_away() -> None:
    """Withdrawn and closed alerts stay in the tables."""
    put_away = [held_alert(State.WITHDRAWN), held_alert(State.CLOSED)]

    assert alerts_differing([], [held_alert()]) == {What.GROUNDLESS: 1}
    assert [alerts_differing([], [alert]) for alert in put_away] == [Counter(), Counter()]


def suspect(signature: bytes, *found: What) -> Suspect:
    """A youth that differs."""
    return Suspect(signature=signature, found=Counter(found))


def test_a_difference_counts_when_it_is_seen_twice_of_the_same_statements() -> None:
    """What moved in between is looked at again, and what differs no more is forgotten."""
    steady, moving, past = ("0153", "steady"), ("0153", "moving"), ("0153", "past")
    doubt = Suspicion(
        {
            steady: suspect(b"1", What.KEPT, What.TOPIC),
            moving: suspect(b"1", What.KEPT),
            past: suspect(b"1", What.KEPT),
        }
    )

    doubt.weigh({steady: suspect(b"1", What.KEPT), moving: suspect(b"2", What.KEPT)})

    assert {key: each.found for key, each in doubt.confirmed.items()} == {steady: Counter([What.KEPT])}
    assert set(doubt.open) == {moving}
