"""The life of alerts under anything that can happen: news, corrections, repeats, crashes, wrong clocks and people.

The machine drives the pure lifecycle over real ledgers; `Book` writes what the store writes, so that a crash is a
copy that is thrown away. The same on Postgres stands in `tests/shell/test_alerts_life.py`.
"""

from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import pairwise

import yaml
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.alerts.acts import Acknowledge, Act, Assign, Circumstances, Close, Note, Outcome, Snooze, acted
from services.alerts.lifecycle import ASKING, TRANSITIONS, Alert, Change, Hands, State, due, state_on
from services.alerts.norms import Norm, Norms, SignalSetting
from services.alerts.processor import youth_changes
from services.alerts.rules import findings
from services.alerts.store.steps import Stepped, steps_of
from services.alerts.sweeping import trusted_day
from services.trajectory.facts import Rules
from services.trajectory.processor import layers
from tests import builders
from tests.builders import Statement
from youthcare.codes import care_forms_from
from youthcare.runtime.settings import shipped
from youthcare.wire import statement_from_wire, to_wire
from youthcare.youthfacts import YouthFacts

RULES = Rules(care_forms=care_forms_from(yaml.safe_load(shipped("care-forms.yml").read_text())))
NORMS = Norms(
    rows=(
        Norm(rule="trajectory-overlong", threshold=60, valid_from=date(2015, 1, 1)),
        Norm(rule="stacking-level", threshold=2, valid_from=date(2015, 1, 1)),
        Norm(rule="returned", valid_from=date(2015, 1, 1)),
    )
)
BEGIN = date(2024, 3, 1)
DAYS = [date(2024, 1, 1) + timedelta(days=10 * number) for number in range(20)]
YOUTHS = ("anna", "bram")
FOR_SOME_DAYS = Snooze(until=BEGIN)
SNOOZES = (FOR_SOME_DAYS, FOR_SOME_DAYS, Snooze())
SENDER = builders.TEAM_NORTH


@dataclass(slots=True)
class Book:
    """Alerts in memory, written as the store writes them."""

    setting: SignalSetting
    facts: dict[str, YouthFacts] = field(default_factory=dict)
    alerts: dict[tuple[str, int], Alert] = field(default_factory=dict)
    steps: dict[tuple[str, int], list[tuple[object, ...]]] = field(default_factory=dict)
    told: dict[tuple[str, int], dict[str, State]] = field(default_factory=dict)
    last_swept: date | None = None
    silent: frozenset[str] = frozenset()
    numbers: int = 0

    def of(self, youth: str) -> list[Alert]:
        """The alerts of a youth."""
        return [alert for (whose, _), alert in self.alerts.items() if whose == youth]

    def day(self, today: date) -> date:
        """The day to go by."""
        return trusted_day(today, self.last_swept, None, 8).day

    def fold(self, facts: YouthFacts, today: date) -> None:
        """Apply facts when they are newer."""
        known = self.facts.get(facts.youth)
        if known is not None and (facts.version, facts.known_day) <= (known.version, known.known_day):
            return
        stored = {alert.number: alert for alert in self.of(facts.youth)}
        for change in youth_changes(facts, list(stored.values()), NORMS, self.setting, self.day(today)):
            self.write(facts.youth, change, None if change.number is None else stored[change.number])
        self.facts[facts.youth] = facts

    def sweep(self, today: date) -> bool:
        """Everything that is due on a day that is believed; whether it was."""
        trusted = trusted_day(today, self.last_swept, None, 8)
        if trusted.refused is not None:
            return False
        while steps := [
            (youth, change, alert)
            for (youth, _), alert in self.alerts.items()
            if (change := due(alert, trusted.day, self.silent)) is not None
        ]:
            for each in steps:
                self.write(*each)
        self.last_swept = trusted.day
        return True

    def write(self, youth: str, change: Change, before: Alert | None) -> None:
        """One change, its steps and what is told."""
        if change.state is None:
            assert before is not None
            assert before.told is None
            for kept in (self.alerts, self.steps, self.told):
                kept.pop((youth, before.number), None)
            return
        self.numbers += before is None
        number = self.numbers if before is None else before.number
        stepped = Stepped(municipality="0153", number=number, change=change, before=before)
        self.steps.setdefault((youth, number), []).extend(steps_of(stepped))
        for state in change.tell:
            self.told.setdefault((youth, number), {}).update(dict.fromkeys(change.receivers, state))
        self.alerts[youth, number] = self.written(number, change, before)

    def written(self, number: int, change: Change, before: Alert | None) -> Alert:
        """The alert after a change."""
        finding = change.finding
        if finding is not None:
            said = Alert(
                number=number,
                identity=finding.identity,
                team=finding.team,
                opens_on=finding.opens_on,
                closes_on=finding.closes_on,
                valid_from=finding.norm.valid_from,
                evidence=finding.evidence,
                terms=to_wire(finding.terms),
                state=State.SCHEDULED,
                told=before.told if before else None,
                receivers=before.receivers if before else frozenset(),
                senders=change.senders,
                holder=before.holder if before else "",
            )
        else:
            assert before is not None
            said = before
        assert change.state is not None
        return replace(
            said,
            state=change.state,
            told=change.tell[-1] if change.tell else said.told,
            receivers=change.receivers if change.tell else said.receivers,
            holder=said.holder if change.holder is None else change.holder,
            hands=change.hands,
        )


def statements() -> st.SearchStrategy[dict[str, object]]:
    """What is said of a delivery, a registration or a correction; few days and indications, so that they meet."""
    return st.fixed_dictionaries(
        {
            "kind": st.sampled_from(
                ("started", "started", "ended", "started_retracted", "ended_retracted", "registered")
            ),
            "indication": st.sampled_from(("0153-1", "0153-2")),
            "first_day": st.sampled_from(DAYS[:8]).map(date.isoformat),
            "last_day": st.sampled_from(DAYS[8:]).map(date.isoformat),
            "team": st.sampled_from(("noord", "zuid")),
            "valid_from": st.sampled_from(DAYS).map(date.isoformat),
        }
    )


def statement_of(said: dict[str, object], youth: str, day: date) -> Statement:
    """The statement, received on a day."""
    envelope: builders.Envelope = {"youth": youth, "time": f"{day}T10:00:00Z"}
    indication, first_day = str(said["indication"]), str(said["first_day"])
    product = "45A04" if indication == "0153-1" else "51A04"
    if said["kind"] == "registered":
        return builders.registered(valid_from=str(said["valid_from"]), team=str(said["team"]), **envelope)
    if said["kind"] == "started":
        return builders.started(indication=indication, first_day=first_day, product=product, **envelope)
    if said["kind"] == "started_retracted":
        return builders.started_retracted(indication=indication, first_day=first_day, **envelope)
    build = builders.ended if said["kind"] == "ended" else builders.ended_retracted
    return build(indication=indication, first_day=first_day, last_day=str(said["last_day"]), **envelope)


def acts() -> st.SearchStrategy[Act]:
    """Anything that people do."""
    return st.one_of(
        st.just(Acknowledge()),
        st.sampled_from(SNOOZES),
        st.sampled_from((None, "Anna", "Bram")).map(lambda name: Assign(to=name)),
        st.sampled_from(Outcome).map(lambda outcome: Close(outcome=outcome)),
        st.sampled_from(("gebeld", "besproken met school")).map(lambda text: Note(text=text)),
    )


class Life(RuleBasedStateMachine):
    """A municipality of two youths, its clock, and what everybody does."""

    def __init__(self) -> None:
        super().__init__()
        self.book = Book(SignalSetting())
        self.ledgers: dict[str, list[Statement]] = {youth: [] for youth in YOUTHS}
        self.layers: list[YouthFacts] = []
        self.clock = BEGIN
        self.notes: dict[tuple[str, int], int] = {}

    @initialize(start_day=st.sampled_from((None, date(2024, 2, 15))))
    def begin(self, start_day: date | None) -> None:
        """With or without a day before which all is historical; care runs, so that there is something to do."""
        self.book.setting = SignalSetting(alert_start_day=start_day)
        for youth in YOUTHS:
            for indication, first_day in (("0153-1", "2023-12-20"), ("0153-2", "2024-02-20")):
                said = {"kind": "started", "indication": indication, "first_day": first_day}
                self.news(said=said, youth=youth, crashes=False)

    @rule(said=statements(), youth=st.sampled_from(YOUTHS), crashes=st.booleans())
    def news(self, said: dict[str, object], youth: str, crashes: bool) -> None:
        """A statement comes; the first time the transaction may be lost with the process."""
        told = self.ledgers[youth]
        told.append(statement_of(said, youth, self.clock))
        derived = list(layers([statement_from_wire(event) for event in told], RULES))
        self.layers += derived
        if crashes:
            deepcopy(self.book).fold(derived[-1], self.clock)
        self.book.fold(derived[-1], self.clock)

    @precondition(lambda self: self.layers)
    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        """Facts come again, old or new: nothing changes."""
        before = deepcopy(self.book)

        self.book.fold(data.draw(st.sampled_from(self.layers)), self.clock)

        assert self.book == before

    @rule(days=st.integers(0, 8), silent=st.sampled_from((frozenset(), frozenset(), frozenset({SENDER}))))
    def night(self, days: int, silent: frozenset[str]) -> None:
        """Days pass and the sweep runs; a second sweeper finds nothing to do."""
        self.clock += timedelta(days=days)
        self.book.silent = silent

        assert self.book.sweep(self.clock)

        swept = deepcopy(self.book)
        self.book.sweep(self.clock)
        assert self.book == swept

    @precondition(lambda self: self.book.last_swept is not None)
    @rule(days=st.sampled_from((-400, -30, -1, 30, 400, 4000)))
    def wrong_clock(self, days: int) -> None:
        """A clock that jumps back, or further ahead than the limit, changes nothing."""
        before = deepcopy(self.book)
        assert before.last_swept is not None

        done = self.book.sweep(before.last_swept + timedelta(days=days))

        assert not done
        assert self.book == before

    @precondition(lambda self: self.book.alerts)
    @rule(data=st.data(), act=acts(), days=st.integers(1, 9), crashes=st.booleans())
    def people(self, data: st.DataObject, act: Act, days: int, crashes: bool) -> None:
        """Somebody does something, mostly on what asks for it; when the process dies first, it was not done."""
        asking = sorted(key for key, alert in self.book.alerts.items() if alert.state in ASKING)
        youth, number = data.draw(st.sampled_from([*asking, *asking, *sorted(self.book.alerts)]))
        alert = self.book.alerts[youth, number]
        if act is FOR_SOME_DAYS:
            act = Snooze(until=self.book.day(self.clock) + timedelta(days=days))
        count = self.book.facts[youth].version[1]
        now = Circumstances(today=self.book.day(self.clock), acknowledgement_days=14, count=count)
        change = acted(alert, act, now)
        if not isinstance(change, Change):
            return
        book = deepcopy(self.book) if crashes else self.book
        book.write(youth, change, alert)
        if isinstance(act, Note) and not crashes:
            self.notes[youth, number] = self.notes.get((youth, number), 0) + 1

    @invariant()
    def one_alert_per_finding(self) -> None:
        """No identity stands twice."""
        for youth in YOUTHS:
            identities = [alert.identity for alert in self.book.of(youth)]
            assert len(set(identities)) == len(identities)

    @invariant()
    def every_finding_has_its_alert(self) -> None:
        """And what has no finding was withdrawn, or closed by people; a state that is due is due."""
        for youth, facts in self.book.facts.items():
            found = {finding.identity: finding for finding in findings(facts, NORMS)}
            held = {alert.identity: alert for alert in self.book.of(youth)}
            assert {each for each in found if held[each].state is State.WITHDRAWN} == set()
            for identity, alert in held.items():
                if identity not in found:
                    assert alert.state in (State.WITHDRAWN, State.CLOSED)
                elif self.book.last_swept == self.clock and alert.state is not State.CLOSED:
                    expected = state_on(found[identity], self.clock, self.book.setting.alert_start_day)
                    assert (State.OPEN if alert.state in ASKING else alert.state) is expected

    @invariant()
    def nothing_is_silently_gone(self) -> None:
        """Whoever was told of an alert was told of the state it is in; what nobody heard of asks nothing."""
        for key, alert in self.book.alerts.items():
            told = self.book.told.get(key, {})
            assert alert.told in (None, alert.state)
            assert all(state is alert.state for state in told.values())
            assert alert.receivers == frozenset(told)
            assert told or alert.state in (State.SCHEDULED, State.HISTORICAL)

    @invariant()
    def what_is_put_off_comes_back(self) -> None:
        """A day is set, and it is yet to come."""
        for alert in self.book.alerts.values():
            if alert.state in (State.ACKNOWLEDGED, State.SNOOZED):
                assert alert.hands.until is not None
                assert self.book.last_swept is None or alert.hands.until > self.book.last_swept

    @invariant()
    def history_is_complete_and_tells_the_present(self) -> None:
        """Each step begins where the one before ended and stands in the table; the last one says what is now."""
        for key, alert in self.book.alerts.items():
            steps = self.book.steps[key]
            assert steps[0][4] is None
            for one, other in pairwise(steps):
                assert other[4] == one[5]
                assert other[4] == other[5] or State(str(other[5])) in TRANSITIONS[State(str(other[4]))]
            said = (alert.state.value, alert.team_now, alert.hands.until, alert.hands.assignee, alert.hands.outcome)
            assert steps[-1][5:10] == said

    @invariant()
    def no_note_is_lost(self) -> None:
        """As many as were written."""
        kept = {key: sum(step[10] is not None for step in steps) for key, steps in self.book.steps.items()}
        assert {key: count for key, count in kept.items() if count} == self.notes

    @invariant()
    def what_is_settled_ties_nobody(self) -> None:
        """No day, no former state and no outcome are left where they mean nothing."""
        for alert in self.book.alerts.values():
            if alert.state not in ASKING and alert.state is not State.CLOSED:
                assert replace(alert.hands, assignee=None) == Hands()


Life.TestCase.settings = settings(max_examples=max(20, settings().max_examples // 5), stateful_step_count=40)
TestLife = Life.TestCase
