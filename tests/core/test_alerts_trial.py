"""Would have fired: a norm is tried on the past year before anybody saves it; and which rules are worth having."""

from collections.abc import Sequence
from datetime import date

import pytest
import yaml

from services.alerts.finding import Identity, Level, Rule
from services.alerts.norms import Norm, Norms
from services.alerts.trial import TrialRow, changed_rules, joined_rows, table_lines, trial, with_norm
from services.alerts.usefulness import Life, usefulness
from services.trajectory.facts import Rules
from services.trajectory.processor import layers
from tests import builders
from youthcare.codes import care_forms_from
from youthcare.runtime.settings import shipped
from youthcare.wire import statement_from_wire
from youthcare.youthfacts import YouthFacts

RULES = Rules(care_forms=care_forms_from(yaml.safe_load(shipped("care-forms.yml").read_text())))
PRESENT = Norms(
    rows=(
        Norm(rule="trajectory-overlong", threshold=300, valid_from=date(2015, 1, 1)),
        Norm(rule="returned", valid_from=date(2015, 1, 1)),
    )
)
PROPOSED = Norm(rule="trajectory-overlong", threshold=100, valid_from=date(2025, 1, 1), own=True)
OVERLONG = frozenset({Rule.TRAJECTORY_OVERLONG})
UNTIL = date(2024, 12, 31)


def youth(name: str, team: str, first_day: str, last_day: str | None = None) -> YouthFacts:
    """The facts of a youth with one stretch of care."""
    envelope: builders.Envelope = {"youth": name}
    told: list[builders.Statement] = [
        builders.registered(valid_from="2020-01-01", team=team, **envelope),
        builders.started(indication=f"0153-{name}", first_day=first_day, **envelope),
    ]
    if last_day is not None:
        told.append(builders.ended(indication=f"0153-{name}", first_day=first_day, last_day=last_day, **envelope))
    return list(layers([statement_from_wire(event) for event in told], RULES))[-1]


TOWN = (
    youth("short", "noord", "2024-03-01", "2024-08-31"),  # reaches 100 days and no 240
    youth("long", "noord", "2024-01-01"),  # reaches all
    youth("old", "zuid", "2020-01-01"),  # reached all long before
)


def tried(town: Sequence[YouthFacts] = TOWN, **known: frozenset[tuple[str, Identity]]) -> dict[str, TrialRow]:
    """The rows of the trial, by team."""
    rows = trial(town, PRESENT, with_norm(PRESENT, PROPOSED), OVERLONG, UNTIL, **known)
    return {row.team: row for row in rows}


def test_a_norm_is_tried_as_if_it_had_been_in_force_all_along() -> None:
    """Though it is valid from next year only; what it found before the past year is no part of it."""
    assert tried() == {
        "": TrialRow(team="", fires_now=2, would_fire=4, youths_new=1),
        "noord": TrialRow(team="noord", fires_now=2, would_fire=4, youths_new=1),
    }


def test_what_fires_and_was_closed_as_already_known_is_told() -> None:
    """By youth and identity of the finding."""
    identity = Identity(rule=Rule.TRAJECTORY_OVERLONG, level=Level.NORM, anchor="0153-long")

    found = tried(known=frozenset({("long", identity), ("short", identity)}))

    assert found["noord"].already_known == 1


def test_parts_of_a_town_add_up() -> None:
    """A town is too large to hold at once."""
    whole = trial(TOWN, PRESENT, with_norm(PRESENT, PROPOSED), OVERLONG, UNTIL)
    parts = [trial([each], PRESENT, with_norm(PRESENT, PROPOSED), OVERLONG, UNTIL) for each in TOWN]

    assert joined_rows(parts) == whole


def test_only_rules_that_differ_are_compared() -> None:
    """Whatever the days that norms are valid from."""
    later = Norms(rows=(*PRESENT.rows[1:], Norm(rule="trajectory-overlong", threshold=301, valid_from=UNTIL)))

    assert changed_rules(PRESENT, later) == OVERLONG
    assert changed_rules(PRESENT, PRESENT) == frozenset()


def test_the_table_stands_in_columns() -> None:
    """In Dutch, the whole municipality first."""
    lines = list(table_lines(tried().values()))

    assert lines == [
        "team           signalen nu  signalen dan  nieuwe jeugdigen  al bekend",
        "hele gemeente            2             4                 1          0",
        "noord                    2             4                 1          0",
    ]


def lives(known: int, other: int, team: str = "noord") -> list[Life]:
    """So many alerts closed as already known and as acted on."""
    outcomes = ["already-known"] * known + ["acted"] * other
    return [Life(rule="returned", team=team, seconds_to_acknowledge=60, outcome=each) for each in outcomes]


@pytest.mark.parametrize(
    ("known", "other", "marked"), [(9, 1, True), (10, 0, True), (9, 0, False), (8, 2, False), (18, 2, True)]
)
def test_a_rule_that_is_known_nine_times_in_ten_is_marked(known: int, other: int, marked: bool) -> None:
    """Of at least ten that were closed."""
    whole, team = usefulness(lives(known, other))

    assert (whole.team, team.team) == ("", "noord")
    assert whole.mostly_known is team.mostly_known is marked


def test_what_became_of_alerts_is_counted_by_rule_and_team() -> None:
    """Opened, taken up, the lower median of how long that took, outcomes and withdrawals."""
    told = [
        Life(rule="returned", team="noord", seconds_to_acknowledge=10, outcome="acted"),
        Life(rule="returned", team="noord", seconds_to_acknowledge=30),
        Life(rule="returned", team="zuid", withdrawn=True),
    ]

    whole, north, south = usefulness(told)

    assert (whole.opened, whole.acknowledged, whole.seconds_to_acknowledge, whole.withdrawn) == (3, 2, 10, 1)
    assert (dict(north.outcomes), north.closed) == ({"acted": 1}, 1)
    assert (south.opened, south.seconds_to_acknowledge, dict(south.outcomes)) == (1, None, {})
