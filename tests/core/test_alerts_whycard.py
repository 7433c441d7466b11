"""The words of the inbox: lines, the why-card, the list in two parts, and the dossier of a request."""

from datetime import UTC, date, datetime, timedelta

import pytest

from services.alerts.acts import Outcome
from services.alerts.card import CAUSE_NL, Known, card_of, offered, past_of, told_nl
from services.alerts.dossier import dossier
from services.alerts.dossier_words import words_of
from services.alerts.inbox import STATE_NL, Shown, age_nl, line_of, state_words
from services.alerts.listing import Week, choice_of, filters_of, sections_of
from services.alerts.ranking import Cut, key_of
from services.alerts.states import ASKING, Cause, State
from services.alerts.whycard import Count, count_line, count_of, percentile_nl, statements
from services.trajectory.facts import Rules
from services.trajectory.processor import layers
from tests import builders
from youthcare.codes import care_forms_from
from youthcare.wire import statement_from_wire
from youthcare.youthfacts import YouthFacts

RULES = Rules(care_forms=care_forms_from(builders.CARE_FORMS))
TODAY = date(2024, 10, 15)
READER = "anna"


def facts_of(*told: builders.Statement) -> YouthFacts:
    """The facts of these statements."""
    return list(layers([statement_from_wire(each) for each in told], RULES))[-1]


def alert(**changed: object) -> Shown:
    """An open alert about a long trajectory, changed."""
    fields: dict[str, object] = {
        "number": 12,
        "youth": builders.YOUTH,
        "rule": "trajectory-overlong",
        "label_nl": "Lang zorgtraject",
        "level": "norm",
        "state": "open",
        "team": "noord",
        "case_reference": "2021-0153",
        "opens_on": date(2024, 10, 1),
        "sentence": "Het zorgtraject duurt lang.",
        "threshold": 730,
        "valid_from": date(2015, 1, 1),
        "terms": {"first_day": "2022-10-02", "norm_days": 730},
    }
    return Shown(**(fields | changed))  # type: ignore[arg-type]


def step(cause: Cause, **changed: object) -> dict[str, object]:
    """A step of the history, changed."""
    fields: dict[str, object] = {
        "at": datetime(2024, 10, 2, 22, 30, tzinfo=UTC),
        "actor": READER,
        "cause": cause.value,
        "before": "open",
        "after": "acknowledged",
        "team": "noord",
        "until": None,
        "assignee": None,
        "outcome": None,
        "note": None,
    }
    return fields | changed


def test_a_line_names_the_child_by_the_reference_of_the_team_and_by_nothing_else() -> None:
    """No identifier of a youth on the page, also when there is no reference (domain.md §8)."""
    known, unknown = line_of(alert(), TODAY, READER), line_of(alert(case_reference=None), TODAY, READER)

    assert known.reference == "Dossier 2021-0153"
    assert unknown.reference == "Jeugdige, geen dossiernummer bekend"
    assert builders.YOUTH not in str(known) + str(unknown)


def test_an_alert_about_a_sender_has_no_child() -> None:
    """The silence of a sender is about nobody."""
    assert line_of(alert(youth=None, case_reference=None), TODAY, READER).reference == "Aanlevering"


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (-3, "vandaag"),
        (0, "vandaag"),
        (1, "1 dag"),
        (13, "13 dagen"),
        (14, "2 weken"),
        (89, "12 weken"),
        (90, "3 maanden"),
    ],
)
def test_an_age_is_said_in_days_then_weeks_then_months(days: int, words: str) -> None:
    """Rounded down, so that nothing sounds older than it is."""
    assert age_nl(TODAY - timedelta(days=days), TODAY) == words


def test_every_state_has_a_dutch_name_and_what_belongs_to_it() -> None:
    """Until when it is put off, with which outcome it closed, what it was before a sender fell silent."""
    until = date(2024, 11, 1)

    assert set(STATE_NL) == set(State)
    assert state_words(alert(state="snoozed", until=until)) == "uitgesteld tot 1 november 2024"
    assert "volgend bericht" in state_words(alert(state="snoozed", until=until, on_message=True))
    assert state_words(alert(state="closed", outcome="already-known")) == "afgesloten: al bekend"
    assert state_words(alert(state="stale", former="acknowledged")).endswith("was in behandeling")


def test_statements_are_told_with_their_day_and_the_day_they_were_reported() -> None:
    """As civil days of the reader: what was received at half past eleven at night counts as the next day in UTC+1."""
    facts = facts_of(
        builders.started(first_day="2024-03-04", received="2024-03-05T23:30:00Z", id="s1"),
        builders.started(indication="0153-2", first_day="2024-05-01", id="s2"),
    )

    found = statements(facts, ["s1"])

    assert [(each.what, each.days, each.reported) for each in found] == [("begin zorg", "4 maart 2024", "6 maart 2024")]
    assert "42420001" in found[0].about


def test_a_pause_is_not_called_an_end() -> None:
    """The facts hold no reason of an end; days that run on tell the two apart."""
    facts = facts_of(
        builders.started(first_day="2024-03-01", id="s1"),
        builders.ended(first_day="2024-03-01", last_day="2024-03-20", reason="20"),
        builders.started(first_day="2024-04-15"),
        builders.ended(first_day="2024-04-15", last_day="2024-05-31"),
    )

    assert [each.what for each in statements(facts, ["s1"])] == ["begin zorg", "pauze", "begin zorg", "einde zorg"]


def test_a_refused_request_is_told_with_its_reason() -> None:
    """And only when the alert rests on it."""
    facts = facts_of(builders.requested(id="r1"), builders.answered(time="2024-01-05T10:00:00Z"))

    assert [each.what for each in statements(facts, ["r1"])] == ["verzoek om zorg", "verzoek afgewezen: stapeling"]
    assert statements(facts, ["other"]) == ()


def test_the_days_are_counted_as_the_rule_counts_them() -> None:
    """The first day is day 1; the norm is reached on the day that is counted as the norm's."""
    count = count_of(alert(), TODAY)

    assert count is not None
    assert count.days == (TODAY - date(2022, 10, 2)).days + 1
    assert count.norm_on == date(2024, 9, 30)
    assert "werd bereikt op 30 september 2024" in count.words


def test_the_count_stops_where_the_condition_stopped() -> None:
    """A finding that closed is not counted on."""
    assert count_of(alert(closes_on=date(2024, 10, 5)), TODAY).last_day == date(2024, 10, 5)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("rule", "level", "terms", "day_one"),
    [
        ("waiting-long", "signal", {"granted_from": "2024-08-01", "norm_days": 60}, date(2024, 8, 2)),
        ("sleeper", "paused", {"day": "2024-08-01", "norm_days": 60}, date(2024, 8, 1)),
        ("sleeper", "no-end", {"day": "2024-08-01", "norm_days": 1}, date(2024, 8, 2)),
        ("duplicate-provision", "signal", {"shared_since": "2024-08-01", "norm_days": 14}, date(2024, 8, 1)),
    ],
)
def test_day_one_is_where_each_rule_begins_to_count(
    rule: str, level: str, terms: dict[str, object], day_one: date
) -> None:
    """Waiting and a missing end count the days after, all others the day itself (decision 0017)."""
    count = count_of(alert(rule=rule, level=level, terms=terms), TODAY)

    assert count is not None
    assert count.first_day == day_one


def test_a_rule_that_counts_no_days_has_no_line() -> None:
    """Nothing is guessed."""
    card = card_of(alert(terms={}), Known(facts=None, steps=()), "Vervalt.", TODAY, READER)

    assert count_of(alert(terms={}), TODAY) is None
    assert (card.count_words, card.count_narrow, card.count_wide) == ("", None, None)


@pytest.mark.parametrize(("days", "norm"), [(1, 730), (729, 730), (730, 730), (4000, 730), (100_000, 1)])
def test_count_and_norm_keep_their_order_on_the_line(days: int, norm: int) -> None:
    """Whatever the proportion, both stand on the line, the smaller first."""
    first = date(1800, 1, 1)
    count = Count(
        first_day=first, last_day=first + timedelta(days=days - 1), norm_days=norm, norm_valid_from=date(2015, 1, 1)
    )

    line = count_line(count, 340)

    assert line.start <= min(line.now, line.norm) <= max(line.now, line.norm) <= 330
    assert (line.now >= line.norm) == (days >= norm) or line.now == line.norm
    assert line.is_reached == (days >= norm)


def test_a_percentile_that_is_not_known_is_left_out() -> None:
    """None is nothing, and nought is a percentile."""
    assert percentile_nl(None) == ""
    assert percentile_nl(0).startswith("Langer dan 0 %")


def test_what_is_offered_is_what_the_state_allows() -> None:
    """Nobody is offered what is then refused; the forms are named by what they offer."""
    assert {state for state in State if offered(1, state, TODAY).may_take} == ASKING
    assert offered(1, State.WITHDRAWN, TODAY).may_note
    assert not offered(1, State.SCHEDULED, TODAY).may_anything
    assert offered(1, State.OPEN, TODAY).signature == offered(2, State.STALE, TODAY).signature
    assert offered(1, State.OPEN, TODAY).signature != offered(1, State.CLOSED, TODAY).signature
    assert offered(1, State.CLOSED, TODAY).signature == offered(1, State.WITHDRAWN, TODAY).signature
    assert [value for value, _words in offered(1, State.OPEN, TODAY).outcomes] == list(Outcome)


def test_the_history_says_who_when_what_and_why() -> None:
    """The newest first, days as the reader's clock has them; what the system did is called automatic."""
    steps = [
        step(Cause.FOUND, actor="system", before=None, after="open"),
        step(Cause.NOTED, note="Besproken."),
        step(Cause.CLOSED, after="closed", outcome="acted"),
    ]

    history = card_of(alert(), Known(facts=None, steps=steps), "", TODAY, READER).history

    assert [(each.who, each.what, each.why, each.when) for each in history][1:] == [
        ("u", "Notitie", "Besproken.", "3 oktober 2024"),
        ("automatisch", "Geopend", "", "3 oktober 2024"),
    ]
    assert history[0].what.startswith("Afgesloten: ")
    assert set(CAUSE_NL) == set(Cause)


def test_a_step_says_until_when_and_to_whom() -> None:
    """What belongs to a step stands on its line."""
    until = date(2024, 11, 1)

    assert past_of(step(Cause.SNOOZED, until=until), "piet").what == "Uitgesteld tot 1 november 2024"
    assert past_of(step(Cause.ACKNOWLEDGED, until=until), "piet").what.endswith("verloopt op 1 november 2024")
    assert past_of(step(Cause.ASSIGNED, assignee="piet"), "piet").what == "Toegewezen aan piet"
    assert past_of(step(Cause.HANDED_OVER, team="zuid"), "piet").what.endswith(": zuid")
    assert past_of(step(Cause.NOTED), "piet").who == READER


def test_who_was_told_is_said_of_a_withdrawn_alert_alone() -> None:
    """They may have acted on it (domain.md §7)."""
    known = Known(facts=None, steps=(), receivers=["team:noord", "supervisor"])

    assert card_of(alert(state="withdrawn"), known, "", TODAY, READER).told == "toezichthouder, team noord"
    assert card_of(alert(), known, "", TODAY, READER).told == ""
    assert told_nl([]) == ""


def test_a_choice_that_is_none_of_ours_is_no_choice() -> None:
    """Whatever stands in the address; the team must be one that may be chosen."""
    odd = {"team": "zuid", "regel": "x", "stand": "'; --", "ouder": "8", "na": "٣"}

    assert choice_of(odd, ["noord"]) == choice_of({}, ["noord"])
    assert choice_of({"team": "noord", "na": "12"}, ["noord"]).team == "noord"


def test_a_change_of_choice_begins_at_the_first_page_and_keeps_the_rest() -> None:
    """The address holds only what differs from what one sees at once."""
    choice = choice_of({"team": "noord", "stand": "snoozed", "na": "12"}, ["noord"])

    assert choice.address() == "/?team=noord&stand=snoozed"
    assert choice.address(stand="open") == "/?team=noord"
    assert choice_of({}, []).address() == "/"


def test_an_age_is_chosen_as_older_than() -> None:
    """Older than a week is opened eight days ago or earlier."""
    assert choice_of({"ouder": "7"}, []).opened_until(TODAY) == TODAY - timedelta(days=8)
    assert choice_of({}, []).opened_until(TODAY) is None


def test_a_team_is_offered_where_there_is_more_than_one() -> None:
    """A member of one team has nothing to choose."""
    choice = choice_of({}, ["noord"])

    assert [each.name for each in filters_of(choice, ["noord"], {})] == ["regel", "stand", "ouder"]
    assert filters_of(choice, ["noord", "zuid"], {})[0].name == "team"


def test_what_has_room_this_week_is_new_and_the_rest_comes_later() -> None:
    """By the cut of its own team; nothing is hidden."""
    rows = [alert(number=1), alert(number=2), alert(number=3, team="zuid")]
    cuts = {
        "noord": Cut(room=1, last=key_of("norm", date(2024, 10, 1), 1)),
        "zuid": Cut(room=0),
    }

    new, later = sections_of(rows, choice_of({}, []), Week(cuts=cuts, new_per_week=15), TODAY, READER)

    assert [line.number for line in new.lines] == [1]
    assert [line.number for line in later.lines] == [2, 3]
    assert "15 per team en week" in new.explained


def test_another_state_is_listed_as_one_part() -> None:
    """The workload guard is about what nobody took up."""
    rows = [alert(state="snoozed", until=date(2024, 11, 1))]

    [section] = sections_of(rows, choice_of({"stand": "snoozed"}, []), Week(cuts={}, new_per_week=15), TODAY, READER)

    assert section.title == "Uitgesteld"
    assert not section.lines[0].can_be_taken


def request_words(*told: builders.Statement, on: date) -> str:
    """The deadline of a request's dossier on a day, then its outcome."""
    found = dossier(facts_of(*told), "42420001-R1", on)
    assert found is not None
    words = words_of(found, on)
    return f"{words.deadline} {words.outcome}".strip()


def test_a_dossier_counts_the_working_days_that_are_left() -> None:
    """Five working days after the day of the request; a Tuesday's is due on Tuesday."""
    asked = builders.requested(time="2024-10-08T10:00:00Z")

    assert request_words(asked, on=date(2024, 10, 10)).endswith("nog 3 werkdagen.")
    assert "uiterlijk vandaag" in request_words(asked, on=date(2024, 10, 15))
    assert "1 werkdag te laat" in request_words(asked, on=date(2024, 10, 16))


def test_a_dossier_under_investigation_has_eight_weeks() -> None:
    """And says so."""
    told = (
        builders.requested(time="2024-10-08T10:00:00Z"),
        builders.answered(answer="under-investigation", reason=None, time="2024-10-09T10:00:00Z"),
    )

    assert "acht weken): nog 49 dagen. Sinds 9 oktober 2024 in onderzoek." in request_words(*told, on=TODAY)


def test_a_dossier_names_what_runs_and_what_was_refused_before() -> None:
    """Since when, from whom, referred by whom; and why the earlier request was rejected."""
    facts = facts_of(
        builders.started(first_day="2024-01-08", referrer="02"),
        builders.requested(request="R0", time="2024-02-01T10:00:00Z"),
        builders.answered(request="R0", time="2024-02-05T10:00:00Z"),
        builders.requested(time="2024-10-08T10:00:00Z"),
    )
    found = dossier(facts, "42420001-R1", TODAY)
    assert found is not None

    words = words_of(found, TODAY)

    [(care, since, until, referrer)] = words.running
    assert care == "ambulante jeugdhulp bij aanbieder 42420001"
    assert (since, until, referrer) == ("8 januari 2024 (282 dagen)", "geen einde bekend", "de huisarts")
    assert words.refused == (
        "Verzoek van aanbieder 42420001 van 1 februari 2024, afgewezen op 5 februari 2024: stapeling.",
    )
