"""What becomes of an alert, step by step, and to whom it is told."""

from dataclasses import replace
from datetime import date

from schemas.alerts import AlertState
from services.alerts.finding import Finding, Rule
from services.alerts.lifecycle import TRANSITIONS, Alert, Change, State, applied, due, receivers_of, state_on
from tests.alert_builders import FINDING, stored
from youthcare.runtime import metrics

BOTH = frozenset({"team:noord", "supervisor"})
MAY = date(2024, 5, 1)


def alert(state: State, told: State | None = None) -> Alert:
    """The stored alert of the finding, in a state."""
    return replace(stored(state), told=told, receivers=BOTH if told else frozenset())


def change(held: Alert | None, *found: Finding, today: date = MAY, start_day: date | None = None) -> Change | None:
    """The one change, or none."""
    changes = applied([held] if held else [], found, today, start_day)
    assert len(changes) <= 1
    return changes[0] if changes else None


def test_a_new_finding_is_scheduled_open_expired_or_historical_by_its_days() -> None:
    """The due state on the day before, the first, the last and the day after, and before the start day."""

    def told(today: date, start_day: date | None = None) -> tuple[State | None, tuple[State, ...]]:
        made = change(None, FINDING, today=today, start_day=start_day)
        assert made is not None
        return made.state, made.tell

    assert told(date(2024, 4, 8)) == (State.SCHEDULED, ())
    assert told(date(2024, 4, 9)) == (State.OPEN, (State.OPEN,))
    assert told(date(2024, 6, 30)) == (State.OPEN, (State.OPEN,))
    assert told(date(2024, 7, 1)) == (State.EXPIRED, (State.OPEN, State.EXPIRED))
    assert told(MAY, date(2024, 4, 10)) == (State.HISTORICAL, ())


def test_the_same_finding_again_changes_nothing() -> None:
    """Repeats never duplicate an alert and never wipe what people did."""
    for state in (State.OPEN, State.ACKNOWLEDGED, State.SNOOZED, State.STALE, State.CLOSED):
        assert change(alert(state, state), FINDING) is None
        assert change(alert(state, State.OPEN), FINDING) is None


def test_a_correction_that_moves_the_day_keeps_the_alert() -> None:
    """The number stays; an alert that is no longer due goes back to waiting, and who was told is told."""
    moved = replace(FINDING, opens_on=date(2024, 6, 1))

    kept = change(alert(State.OPEN, State.OPEN), replace(FINDING, opens_on=date(2024, 4, 20)))
    waiting = change(alert(State.ACKNOWLEDGED, State.OPEN), moved)

    assert kept is not None
    assert (kept.number, kept.state, kept.tell) == (7, State.OPEN, ())
    assert waiting is not None
    assert (waiting.number, waiting.state, waiting.tell) == (7, State.SCHEDULED, (State.SCHEDULED,))


def test_a_finding_that_vanishes_withdraws_what_was_told_and_drops_the_rest() -> None:
    """Everyone who was told is told so, once; of what nobody knew nothing is left; what is closed stays closed."""
    withdrawn = change(alert(State.EXPIRED, State.EXPIRED))
    dropped = change(alert(State.SCHEDULED))

    assert withdrawn is not None
    assert (withdrawn.state, withdrawn.tell, withdrawn.receivers) == (State.WITHDRAWN, (State.WITHDRAWN,), BOTH)
    assert dropped is not None
    assert dropped.state is None
    assert change(alert(State.WITHDRAWN, State.WITHDRAWN)) is None
    closed = change(alert(State.CLOSED, State.CLOSED))
    assert closed is not None
    assert (closed.state, closed.tell) == (State.CLOSED, ())


def test_a_finding_that_comes_back_returns_to_its_due_state() -> None:
    """The same identity, the same alert."""
    back = change(alert(State.WITHDRAWN, State.WITHDRAWN), FINDING)

    assert back is not None
    assert (back.number, back.state, back.tell) == (7, State.OPEN, (State.OPEN,))


def test_days_that_pass_open_and_expire() -> None:
    """By the sweep: what is due opens, what is over expires, also under people's hands; the rest stays."""
    opened = due(alert(State.SCHEDULED), date(2024, 4, 9))
    both = due(alert(State.SCHEDULED), date(2024, 7, 1))
    ended = due(alert(State.ACKNOWLEDGED, State.OPEN), date(2024, 7, 1))

    assert opened is not None
    assert (opened.state, opened.tell, opened.receivers) == (State.OPEN, (State.OPEN,), BOTH)
    assert both is not None
    assert both.tell == (State.OPEN, State.EXPIRED)
    assert ended is not None
    assert ended.tell == (State.EXPIRED,)
    assert due(alert(State.SCHEDULED), date(2024, 4, 8)) is None
    for state in (State.OPEN, State.ACKNOWLEDGED, State.CLOSED, State.WITHDRAWN, State.HISTORICAL):
        assert due(alert(state, State.OPEN), MAY) is None


def test_an_open_alert_that_moves_to_another_team_is_told_to_both() -> None:
    """The new team learns of the alert as it stands, the former one of the move; an expired one moves in silence."""
    elsewhere = replace(FINDING, team="centrum")

    moved = change(alert(State.OPEN, State.OPEN), elsewhere)
    silent = change(alert(State.EXPIRED, State.EXPIRED), elsewhere, today=date(2024, 7, 1))

    assert moved is not None
    assert (moved.tell, moved.receivers) == ((State.OPEN,), BOTH | {"team:centrum"})
    assert silent is not None
    assert silent.tell == ()


def test_receivers_follow_the_table_and_nobody_is_not_an_answer() -> None:
    """Duration goes to team and supervisor, the rest to the team; without a known team to the supervisor."""
    assert receivers_of(Rule.TRAJECTORY_OVERLONG, "noord") == BOTH
    assert receivers_of(Rule.RETURNED, "noord") == {"team:noord"}
    assert receivers_of(Rule.RETURNED, "unknown") == {"supervisor"}


def test_no_road_leads_back_to_waiting_for_people_or_out_of_closed() -> None:
    """The table knows every state, and a closed alert only reopens."""
    assert set(TRANSITIONS) == set(State)
    assert set(TRANSITIONS[State.CLOSED]) == {State.OPEN, State.SCHEDULED}
    assert all(State.ACKNOWLEDGED not in TRANSITIONS[state] for state in (State.SCHEDULED, State.WITHDRAWN))


def test_the_states_and_rules_are_those_that_stand_outside() -> None:
    """Topic and metrics use the same words."""
    assert {state.value for state in State} == {state.value for state in AlertState}
    assert {rule.value for rule in Rule} <= set(metrics.RULES)


def test_a_stored_alert_and_its_finding_have_the_same_due_state() -> None:
    """The sweep and the fold cannot disagree."""
    for today in (date(2024, 4, 8), date(2024, 4, 9), date(2024, 6, 30), date(2024, 7, 1)):
        assert state_on(alert(State.OPEN), today, None) is state_on(FINDING, today, None)
