"""What may be entered as a norm, and in which order a team is asked."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
import yaml

from services.alerts.diary import COUNTED, IN_DAYS, REFUSAL_NL, NormRefusal, Proposal, norm_of, refusal_of
from services.alerts.finding import Level, Rule
from services.alerts.ranking import Cut, Place, key_of, place_of, rooms, week_of
from services.alerts.states import State
from youthcare.runtime.settings import shipped

PROPOSAL = Proposal(rule=Rule.TRAJECTORY_OVERLONG, days=365, valid_from=date(2025, 1, 1), reason="raadsbesluit")


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({}, None),
        ({"level": Level.WARNING, "team": "noord", "care_form": "ambulatory"}, None),
        ({"level": Level.SIGNAL}, NormRefusal.LEVEL_UNKNOWN),
        ({"team": " noord"}, NormRefusal.TEAM_INVALID),
        ({"care_form": ""}, NormRefusal.CARE_FORM_INVALID),
        ({"days": None}, NormRefusal.DAYS_NEEDED),
        ({"days": None, "threshold": 3}, NormRefusal.DAYS_NEEDED),
        ({"threshold": 3}, NormRefusal.DAYS_NEEDED),
        ({"days": 0}, NormRefusal.NUMBER_INVALID),
        ({"days": -3}, NormRefusal.NUMBER_INVALID),
        ({"days": 36501}, NormRefusal.NUMBER_INVALID),
        ({"valid_from": date(2014, 12, 31)}, NormRefusal.VALID_FROM_INVALID),
        ({"reason": " "}, NormRefusal.REASON_INVALID),
        ({"reason": "vanwege 123456782"}, NormRefusal.REASON_INVALID),
        ({"rule": Rule.STACKING_LEVEL}, NormRefusal.THRESHOLD_NEEDED),
        ({"rule": Rule.STACKING_LEVEL, "days": None, "threshold": 3}, None),
        ({"rule": Rule.RETURNED}, NormRefusal.NUMBER_UNWANTED),
        ({"rule": Rule.RETURNED, "days": None}, None),
    ],
)
def test_a_norm_is_for_a_rule_and_level_with_a_number_where_the_rule_has_one(
    changed: dict[str, Any], refusal: NormRefusal | None
) -> None:
    """And it says why; whatever is wrong has a text in Dutch."""
    assert refusal_of(replace(PROPOSAL, **changed), with_reason=True) is refusal
    assert set(REFUSAL_NL) == set(NormRefusal)


def test_trying_needs_no_reason_and_a_norm_is_the_municipalitys_own() -> None:
    """It stands before what is shipped."""
    assert refusal_of(replace(PROPOSAL, reason=""), with_reason=False) is None
    assert (norm_of(PROPOSAL).threshold, norm_of(PROPOSAL).own) == (365, True)


def test_the_shipped_norms_would_be_let_in() -> None:
    """The diary and `rules.yml` have the same idea of which rule has which number."""
    for row in yaml.safe_load(shipped("rules.yml").read_text())["norms"]:
        rule = Rule(row["rule"])

        assert (row.get("days") is not None) == (rule in IN_DAYS), rule
        assert (row.get("threshold") is not None) == (rule in COUNTED), rule


def test_a_reached_norm_comes_first_then_what_is_open_longest_then_the_number() -> None:
    """No score on a child: level, day and number."""
    day, later = date(2024, 5, 1), date(2024, 5, 2)
    keys = [
        key_of("norm", day, 9), key_of("norm", later, 1), key_of("signal", day, 2), key_of("yearly", day, 3),
        key_of("warning", date(2020, 1, 1), 1),
    ]  # fmt: skip

    assert keys == sorted(keys)


def test_so_many_are_new_in_a_week_and_the_rest_is_later() -> None:
    """What was taken up since Monday used its place; what does not stand open has none."""
    last, after = key_of("norm", date(2024, 5, 1), 3), key_of("norm", date(2024, 5, 1), 4)

    assert rooms({"noord": 0, "zuid": 12, "west": 20}, 15) == {"noord": 15, "zuid": 3, "west": 0}
    assert place_of(State.OPEN, last, Cut(room=3, last=last)) is Place.NEW
    assert place_of(State.OPEN, after, Cut(room=3, last=last)) is Place.LATER
    assert place_of(State.OPEN, after, Cut(room=3)) is Place.NEW
    assert place_of(State.OPEN, last, Cut(room=0)) is Place.LATER
    assert place_of(State.ACKNOWLEDGED, last, Cut(room=3)) is None
    assert week_of(date(2024, 5, 5)) == week_of(date(2024, 4, 29)) == date(2024, 4, 29)
