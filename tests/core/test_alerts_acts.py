"""What people do with an alert, and what days, messages, corrections and silent senders make of that."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from services.alerts.acts import (
    MESSAGE_DAYS_MAX,
    REFUSAL_NL,
    SNOOZE_DAYS_MAX,
    Acknowledge,
    Act,
    ActRefusal,
    Assign,
    Circumstances,
    Close,
    Note,
    Outcome,
    Snooze,
    acted,
    allowed,
)
from services.alerts.finding import Finding
from services.alerts.lifecycle import ASKING, SUPERVISOR, Alert, Cause, Change, Latest, State, applied, due
from tests.alert_builders import FINDING, SomeTerms, on_senders, stored
from youthcare.runtime import metrics

TODAY = date(2024, 5, 1)
NOW = Circumstances(today=TODAY, acknowledgement_days=14, count=3)
ACTS: tuple[Act, ...] = (
    Acknowledge(), Snooze(until=date(2024, 5, 20)), Snooze(), Assign(to="Anna"), Close(outcome=Outcome.ACTED),
    Note(text="gebeld"),
)  # fmt: skip


def done(alert: Alert, act: Act) -> Change:
    """The change of an act that is possible."""
    change = acted(alert, act, NOW)
    assert isinstance(change, Change), change
    return change


def after(alert: Alert, change: Change | None) -> Alert:
    """The alert as it is after a change of it."""
    assert change is not None
    assert change.state is not None
    told = change.tell[-1] if change.tell else alert.told
    moved = replace(
        alert,
        state=change.state,
        hands=change.hands,
        told=told,
        receivers=change.receivers,
        holder=alert.holder if change.holder is None else change.holder,
    )
    finding = change.finding
    return moved if finding is None else replace(moved, opens_on=finding.opens_on, closes_on=finding.closes_on)


def news(alert: Alert, *found: Finding, count: int = 4, team: str | None = None, today: date = TODAY) -> Change | None:
    """The one change that facts bring, or none."""
    changes = applied([alert], found, today, None, Latest(count=count, team=team))
    assert len(changes) <= 1
    return changes[0] if changes else None


def test_an_acknowledgement_lapses_after_its_term_and_the_supervisor_hears_of_it() -> None:
    """Not the day before; then open again, told as such to all who were told and from then on to the supervisor."""
    finding = replace(FINDING, closes_on=None)
    taken = replace(after(stored(State.OPEN, finding), done(stored(State.OPEN, finding), Acknowledge())))
    told_to_team = replace(taken, receivers=frozenset({"team:noord"}))

    lapsed = due(told_to_team, TODAY + timedelta(days=14))

    assert taken.hands.until == date(2024, 5, 15)
    assert due(told_to_team, TODAY + timedelta(days=13)) is None
    assert lapsed is not None
    assert (lapsed.state, lapsed.cause, lapsed.tell) == (State.OPEN, Cause.LAPSED, (State.OPEN,))
    assert {"team:noord", SUPERVISOR} <= lapsed.receivers
    assert due(after(told_to_team, lapsed), TODAY + timedelta(days=15)) is None


def test_taking_up_again_begins_the_term_anew_and_tells_nobody() -> None:
    """The same state, a later day."""
    taken = after(stored(State.OPEN), done(stored(State.OPEN), Acknowledge()))

    again = acted(taken, Acknowledge(), replace(NOW, today=date(2024, 5, 10)))

    assert isinstance(again, Change)
    assert (again.state, again.tell, again.hands.until) == (State.ACKNOWLEDGED, (), date(2024, 5, 24))


def test_a_snooze_until_a_day_ends_on_that_day_and_not_by_a_message() -> None:
    """Whoever named a day gets that day."""
    snoozed = after(stored(State.OPEN), done(stored(State.OPEN), Snooze(until=date(2024, 5, 20))))

    ended = due(snoozed, date(2024, 5, 20))

    assert due(snoozed, date(2024, 5, 19)) is None
    assert news(snoozed, FINDING, count=99) is None
    assert ended is not None
    assert (ended.state, ended.cause, ended.tell) == (State.OPEN, Cause.SNOOZE_ENDED, (State.OPEN,))


def test_a_snooze_until_the_next_message_ends_with_it_and_never_lasts_for_ever() -> None:
    """A repetition of what was known is no message; without any message it comes back after its longest term."""
    finding = replace(FINDING, closes_on=None)
    snoozed = after(stored(State.OPEN, finding), done(stored(State.OPEN, finding), Snooze()))

    repeated, message = news(snoozed, finding, count=3), news(snoozed, finding, count=4)

    assert repeated is None
    assert message is not None
    assert (message.state, message.cause, message.tell) == (State.OPEN, Cause.SNOOZE_ENDED, (State.OPEN,))
    assert due(snoozed, TODAY + timedelta(days=MESSAGE_DAYS_MAX - 1)) is None
    assert due(snoozed, TODAY + timedelta(days=MESSAGE_DAYS_MAX)) is not None


def test_a_closed_alert_reopens_only_on_a_statement_received_after_closing_that_says_something_else() -> None:
    """Neither a repetition, nor another norm, nor a statement that leaves the finding as it was."""
    closed = after(stored(State.OPEN), done(stored(State.OPEN), Close(outcome=Outcome.ALREADY_KNOWN)))
    moved, other = replace(FINDING, opens_on=date(2024, 4, 20)), replace(FINDING, terms=SomeTerms(days=120))

    assert news(closed, FINDING, count=3) is None
    assert news(closed, FINDING, count=9) is None
    for changed in (moved, other):
        by_norm, by_statement = news(closed, changed, count=3), news(closed, changed, count=4)
        assert by_norm is None or by_norm.state is State.CLOSED
        assert by_statement is not None
        assert (by_statement.state, by_statement.cause) == (State.OPEN, Cause.REOPENED)
        assert by_statement.tell == (State.OPEN,)
        assert by_statement.hands.outcome is None


def test_a_closed_alert_whose_ground_goes_and_comes_back_reopens() -> None:
    """It stays closed while it has no ground; what moves into the future waits for its day."""
    closed = after(stored(State.OPEN), done(stored(State.OPEN), Close(outcome=Outcome.DATA_ERROR)))

    gone = after(closed, news(closed, count=4))
    back = news(gone, FINDING, count=5)
    later = news(closed, replace(FINDING, opens_on=date(2024, 6, 1)), count=4)

    assert (gone.state, gone.hands.outcome, gone.hands.grounded) == (State.CLOSED, "data-error", False)
    assert news(gone, count=6) is None
    assert back is not None
    assert (back.state, back.tell) == (State.OPEN, (State.OPEN,))
    assert later is not None
    assert (later.state, later.tell) == (State.SCHEDULED, (State.SCHEDULED,))


def test_a_team_change_hands_the_alert_over_and_drops_the_assignment() -> None:
    """The new team learns of it as it stands, the former one of the move; snooze and state stay."""
    snoozed = stored(State.SNOOZED, assignee="Anna", until=date(2024, 5, 20))

    change = news(snoozed, FINDING, team="centrum")

    assert change is not None
    assert (change.state, change.cause, change.holder) == (State.SNOOZED, Cause.HANDED_OVER, "centrum")
    assert (change.hands.assignee, change.hands.until) == (None, date(2024, 5, 20))
    assert change.tell == (State.SNOOZED,)
    assert {"team:noord", "team:centrum"} <= change.receivers
    assert news(after(snoozed, change), FINDING, team="centrum") is None


def test_what_is_settled_stays_with_the_team_that_settled_it() -> None:
    """An expired or closed alert does not move with the youth."""
    for state in (State.EXPIRED, State.CLOSED):
        today = date(2024, 7, 1) if state is State.EXPIRED else TODAY
        assert news(stored(state), FINDING, team="centrum", today=today) is None


def test_an_alert_is_uncertain_while_a_sender_is_silent_and_then_what_it_was() -> None:
    """Told both times; what people did before and meanwhile counts."""
    alert = on_senders(stored(State.ACKNOWLEDGED, until=date(2024, 6, 1)), "/0153/wijkteam-noord")
    silent = frozenset({"/0153/wijkteam-noord"})

    stale = due(alert, TODAY, silent)
    uncertain = after(alert, stale)
    back = due(uncertain, TODAY, frozenset())
    snoozed = after(uncertain, done(uncertain, Snooze(until=date(2024, 6, 2))))
    woken = due(snoozed, TODAY, frozenset())

    assert stale is not None
    assert (stale.state, stale.tell) == (State.STALE, (State.STALE,))
    assert due(uncertain, TODAY, silent) is None
    assert due(alert, TODAY, frozenset({"another"})) is None
    assert back is not None
    assert (back.state, back.hands.until) == (State.ACKNOWLEDGED, date(2024, 6, 1))
    assert snoozed.state is State.STALE
    assert woken is not None
    assert (woken.state, woken.hands.until) == (State.SNOOZED, date(2024, 6, 2))


def test_notes_and_assignments_change_no_state_and_tell_nobody() -> None:
    """Not even where nothing else can be done any more."""
    note = done(stored(State.CLOSED), Note(text=" gebeld met school "))
    given = done(stored(State.OPEN), Assign(to=" Anna "))

    assert (note.state, note.tell, note.note, note.cause) == (State.CLOSED, (), "gebeld met school", Cause.NOTED)
    assert (given.state, given.tell, given.hands.assignee) == (State.OPEN, (), "Anna")


@pytest.mark.parametrize("state", list(State))
def test_what_is_offered_is_what_is_possible(state: State) -> None:
    """The acts that a page offers are those that the table allows."""
    for act in ACTS:
        answer = acted(stored(state), act, NOW)

        assert (answer is ActRefusal.NOT_FROM_HERE) == (type(act) not in allowed(state))
        assert isinstance(answer, Change) == (type(act) in allowed(state))


@pytest.mark.parametrize(
    ("act", "refusal"),
    [
        (Snooze(until=TODAY), ActRefusal.UNTIL_INVALID),
        (Snooze(until=TODAY + timedelta(days=SNOOZE_DAYS_MAX + 1)), ActRefusal.UNTIL_INVALID),
        (Assign(to=" "), ActRefusal.ASSIGNEE_INVALID),
        (Assign(to="a" * 101), ActRefusal.ASSIGNEE_INVALID),
        (Assign(to="123456782"), ActRefusal.PERSONAL_NUMBER),
        (Note(text="  "), ActRefusal.NOTE_INVALID),
        (Note(text="a" * 2001), ActRefusal.NOTE_INVALID),
        (Note(text="bsn 123456782"), ActRefusal.PERSONAL_NUMBER),
        (Note(text="bsn 1234.56.782"), ActRefusal.PERSONAL_NUMBER),
    ],
)
def test_an_act_that_is_not_right_is_refused_with_what_to_mend(act: Act, refusal: ActRefusal) -> None:
    """Each in Dutch."""
    assert acted(stored(State.OPEN), act, NOW) is refusal
    assert set(REFUSAL_NL) == set(ActRefusal)


def test_every_state_that_asks_comes_back_by_itself() -> None:
    """Neither taking up nor putting off lasts without an end."""
    for act in (Acknowledge(), Snooze(), Snooze(until=date(2024, 5, 2))):
        change = done(stored(State.OPEN), act)

        assert change.state in ASKING
        assert change.hands.until is not None


def test_outcomes_are_counted_under_the_same_words() -> None:
    """Metrics and acts."""
    assert {outcome.value for outcome in Outcome} == set(metrics.OUTCOMES)
